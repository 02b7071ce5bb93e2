//! The declared memory figures hold: peak allocations of the work on a large photo that compresses
//! badly, measured by counting.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use image::{GrayImage, Luma, Rgb, RgbImage};
use safelight_imaging::grading::{self, Look};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{
    Cutout, Photo, Region, contrast, dehaze, encode, exposure, lettering, sharpen, skin,
};
use safelight_operation::{Cancel, Context, Form, Inline};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::cutout::{BASE_BYTES, BYTES_PER_PIXEL};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only sizes are counted beside.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SIDE: u32 = 4000;

/// Peak bytes that `work` takes beyond what is there when it begins.
fn peak<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let outcome = work();
    (outcome, (PEAK.load(Relaxed) - before) as u64)
}

/// Noise.
fn photo() -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(SIDE, SIDE, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgb([state >> 24, state >> 16, state >> 8].map(|value| value as u8))
    })
}

/// Everything that is measured of skin, on noise: it is full of marks, pores and lines.
fn skin_stays_within(photo: &RgbImage) {
    let numbers = include_str!("../../imaging/src/skin/phantom/astronaut_mesh.txt");
    let scale = SIDE as f32 / 512.0;
    let numbers = numbers.split_whitespace().map(|text| text.parse::<f32>().expect("a number"));
    let points: Vec<f32> = numbers.map(|number| number * scale).collect();
    let mesh: &[[f32; 3]; skin::MESH_POINTS] =
        points.as_chunks::<3>().0.try_into().expect("all points");
    let (face, taken) = peak(|| {
        let chip = skin::Chip::cut(photo, mesh).expect("a face");
        let light = skin::Light::estimate(photo, &chip.upright);
        let face = chip.skin(light, |_| true);
        let oil = skin::oil(&face);
        let kind = skin::kind(&face, &oil, &skin::dryness(&face));
        let lined: usize = skin::Side::BOTH
            .map(|s| skin::lines(&face, skin::Zone::OuterCheek(s)).area)
            .iter()
            .sum();
        let bags = skin::Side::BOTH.map(|side| skin::eye_bag(&face, side).is_some());
        let lids =
            skin::Side::BOTH.map(|side| skin::eyelid(photo, &face.chip.upright, side).confidence);
        let pores: usize = skin::Zone::FACE.map(|zone| skin::pores(&face, zone).len()).iter().sum();
        let marks = skin::spots(&face).len() + skin::blackheads(&face).len();
        println!("{kind:?} {lined} {bags:?} {lids:?} {pores} {marks}");
        let red = skin::redness(&face).share(&face.mask);
        println!("{red} {}", skin::roughness(&face).share(&face.mask));
        face
    });
    println!("skin {} MB", taken >> 20);
    assert!(taken <= skin::BASE_BYTES, "skin: {taken} of {}", skin::BASE_BYTES);
    let (bytes, taken) = peak(|| {
        let map = skin::roughness(&face).on_white(&face.chip, [20, 60, 200]);
        encode::jpeg(&map, encode::JPEG_QUALITY).expect("a file").len()
    });
    println!("map {} MB, file {} MB", taken >> 20, bytes >> 20);
    let allowed = skin::BASE_BYTES + photo.len() as u64 / 3 * skin::MAP_BYTES_PER_PIXEL;
    assert!(taken <= allowed, "map: {taken} of {allowed}");
}

/// One test, as counting is for the whole process.
#[test]
fn work_stays_within_what_is_declared() {
    let pixels = u64::from(SIDE) * u64::from(SIDE);
    let allowed = BASE_BYTES + pixels * BYTES_PER_PIXEL;
    // Ragged all over: half of the photo lies in the band, and hardly a pixel is transparent.
    let mask = GrayImage::from_fn(320, 320, |x, y| {
        let inside = (4..316).contains(&x) && (4..316).contains(&y);
        Luma([if !inside {
            0
        } else if (x / 40 + y / 40) % 2 == 0 {
            255
        } else {
            150
        }])
    });
    type Form = fn(Cutout) -> Vec<u8>;
    let forms: [(&str, Form); 4] = [
        ("cut-out", |cutout| encode::png_cutout(&cutout).expect("a file")),
        ("mask", |cutout| encode::png_gray(&cutout.alpha).expect("a file")),
        ("white", |cutout| encode::png_rgb(&cutout.over([255; 3])).expect("a file")),
        ("crop", |cutout| encode::png_cutout(&cutout.trim()).expect("a file")),
    ];
    let photo = photo();
    let region = Region::whole(&photo);
    let whole = Photo { rgb: photo.clone(), alpha: None };
    let (cutout, matting) = peak(|| Cutout::refine(whole, &mask, region));
    for (name, form) in forms {
        let copy = cutout.clone();
        let (bytes, encoding) = peak(|| form(copy));
        // What encoding begins with is the alpha that matting left.
        let taken = matting.max(pixels + encoding);
        println!(
            "{name}: matting {} MB, encoding {} MB, file {} MB",
            matting >> 20,
            encoding >> 20,
            bytes.len() >> 20
        );
        assert!(taken <= allowed, "{name}: {taken} of {allowed}");
    }
    drop(cutout);

    let mut flat = photo.clone();
    flat.iter_mut().for_each(|value| *value = 100 + *value / 2);
    let ((), taken) = peak(|| contrast::enhance(&mut flat));
    let (bytes, encoding) = peak(|| encode::photo(&Photo { rgb: flat, alpha: None }));
    println!("contrast {} kB, encoding {} MB", taken >> 10, encoding >> 20);
    assert!(bytes.is_ok());
    assert!(taken.max(encoding) <= (1 << 20) + pixels * contrast::BYTES_PER_PIXEL);

    skin_stays_within(&photo);

    type Kernel = fn(&mut RgbImage);
    let kernels: [(&str, u64, Kernel); 4] = [
        ("dehaze", dehaze::BASE_BYTES, dehaze::remove),
        ("grading", grading::BASE_BYTES, |photo| grading::enhance(photo, None, Look::LogC, &[])),
        ("sharpen", sharpen::BASE_BYTES + pixels * sharpen::BYTES_PER_PIXEL, sharpen::sharpen),
        ("exposure", 1 << 20, |photo| assert!(exposure::score(photo, None) > 0.0)),
    ];
    for (name, allowed, kernel) in kernels {
        let mut copy = photo.clone();
        let ((), taken) = peak(|| kernel(&mut copy));
        println!("{name} {} kB", taken >> 10);
        assert!(taken <= allowed, "{name}: {taken} of {allowed}");
    }

    jobs_stay_within_their_cost(&photo);
}

/// Everything that can be asked of a face.
const ATTRIBUTES: &str = "Age,Beauty,Emotion,Eye,Eyebrow,Gender,Hair,Hat,Headpose,Mask,Mouth,Moustache,\
                          Nose,Shape,Skin,Smile";

/// All that can be asked of key points.
const LANDMARKS: &str = "age,gender,landmark4,landmark72,landmark150,landmark201";

/// Every map of the analysis of skin.
const MAPS: &str = "red_area,brown_area,texture_enhanced_pores,texture_enhanced_blackheads,\
                    texture_enhanced_oily_area,texture_enhanced_lines,water_area,rough_area,\
                    roi_outline_map,texture_enhanced_bw,left_roi_outline_map,right_roi_outline_map";

/// A page of 2600 x 1700 px with a table of 12 rows, lying on its side.
fn page() -> Vec<u8> {
    let mut page = RgbImage::from_pixel(2600, 1700, Rgb([250; 3]));
    for (row, column) in (0..12).flat_map(|row| (0..4).map(move |column| (row, column))) {
        let (left, top) = (100 + 600 * column, 100 + 120 * row);
        lettering::fill(&mut page, [left, top, 600, 3], [0; 3]);
        lettering::fill(&mut page, [left, top, 3, 120], [0; 3]);
        let text = format!("Row {row}, column {column}");
        lettering::write(&mut page, &text, [left as f32 + 30.0, top as f32 + 75.0], 44.0, [0; 3]);
    }
    lettering::fill(&mut page, [100, 1540, 2403, 3], [0; 3]);
    lettering::fill(&mut page, [2500, 100, 3, 1443], [0; 3]);
    encode::jpeg(&image::imageops::rotate90(&page), 60).expect("a file")
}

/// Whole jobs, decoding included, within what they announce; the engine's own memory is its own.
fn jobs_stay_within_their_cost(photo: &RgbImage) {
    let noise = |width, height| {
        let part = image::imageops::crop_imm(photo, 0, 0, width, height).to_image();
        encode::jpeg(&part, 60).expect("a file")
    };
    let (large, small) = (noise(2600, 1700), noise(1100, 1000));
    let portrait = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a picture");
    let portrait_pixels = portrait.to_rgb8();
    let light = portrait.to_luma8();
    let portrait = |side| {
        let larger = resize::rgb(&portrait_pixels, side, side, Filter::Bilinear);
        encode::jpeg(&larger, 60).expect("a file")
    };
    let (face, large_face, small_face) = (portrait(2000), portrait(2400), portrait(1080));
    let head = image::imageops::crop_imm(&portrait_pixels, 110, 0, 230, 240).to_image();
    let head = resize::rgb(&head, 3900, 4070, Filter::Bilinear);
    let head = encode::jpeg(&head, 60).expect("a file");
    let one = image::imageops::crop_imm(&portrait_pixels, 110, 0, 230, 240).to_image();
    let one = resize::rgb(&one, 153, 160, Filter::Area);
    let mut crowd = RgbImage::new(6 * 160, 6 * 160);
    for (column, row) in (0..36).map(|number| (number % 6, number / 6)) {
        image::imageops::replace(&mut crowd, &one, 160 * column, 160 * row);
    }
    let crowd = encode::jpeg(&crowd, 90).expect("a file");
    type Fields<'a, T> = &'a [(&'a str, &'a T)];
    type Case<'a> = (&'a str, Fields<'a, str>, Fields<'a, [u8]>);
    let enlarged = |name: &str, side: u32| {
        let drawn = image::load_from_memory(&testkit::photo(name)).expect("a picture").to_rgb8();
        let (width, height) = drawn.dimensions();
        let larger = resize::rgb(&drawn, side * width / height, side, Filter::Bilinear);
        encode::jpeg(&larger, 60).expect("a file")
    };
    let (standing, short_hair, hand) = (
        enlarged("standing.png", 2400),
        enlarged("short_hair.png", 2400),
        enlarged("hand.png", 2400),
    );
    let page = page();
    let gray = resize::gray(&light, 2000, 2000, Filter::Bilinear);
    let gray = image::DynamicImage::ImageLuma8(gray).to_rgb8();
    let gray = encode::jpeg(&gray, 60).expect("a file");
    let cases: &[Case] = &[
        ("image-style-conversion", &[("option", "cartoon")], &[("image", &large)]),
        ("image-style-conversion", &[("option", "color_pencil")], &[("image", &large)]),
        ("image-style-conversion", &[("option", "wave")], &[("image", &large)]),
        ("image-style-migration", &[], &[("major", &small), ("style", &small)]),
        ("photo-to-line-art", &[("image_size", "1:1")], &[("image", &large)]),
        ("photo-retouching", &[], &[("image", &small), ("style", &small)]),
        ("image-cropping", &[("width", "1900"), ("height", "1800")], &[("image", &small)]),
        ("intelligent-composition", &[], &[("image", &small)]),
        (
            "image-lossless-enlargement",
            &[("upscale_factor", "3"), ("mode", "enhancement"), ("output_quality", "100")],
            &[("image", &small)],
        ),
        (
            "apparel-background-removal",
            &[("cloth_class", "tops,coat,skirt,pants,bag,shoes,hat")],
            &[("image", &large_face)],
        ),
        ("blurred-faces", &[("quality_control", "LOW")], &[("image", &large_face)]),
        (
            "face-analyzer",
            &[
                ("face_attributes_type", ATTRIBUTES),
                ("max_face_num", "36"),
                ("quality_control", "LOW"),
            ],
            &[("image", &crowd)],
        ),
        (
            "face-analyzer",
            &[("face_attributes_type", ATTRIBUTES), ("need_rotate_detection", "1")],
            &[("image", &face)],
        ),
        ("face-analyzer-advanced", &[("quality_control", "LOW")], &[("image", &large_face)]),
        (
            "face-key-points",
            &[("face_field", LANDMARKS), ("max_face_num", "10"), ("quality_control", "LOW")],
            &[("image", &small_face)],
        ),
        ("ai-face-rating", &[("quality_control", "LOW")], &[("image", &face)]),
        (
            "face-beauty-pro",
            &[("filter_type", "21"), ("remove_eyebrow", "100")],
            &[("image", &head)],
        ),
        ("emotion-editor", &[("service_choice", "12")], &[("image_target", &head)]),
        ("face-fusion", &[], &[("image_target", &head), ("image_template", &head)]),
        ("ai-bald", &[], &[("image", &short_hair)]),
        ("ai-big-head-effect", &[], &[("image", &standing)]),
        ("ai-fat-filter", &[], &[("image", &standing)]),
        ("ai-hair-loss-simulation", &[("level", "man_5")], &[("image", &short_hair)]),
        ("ai-nail-art-pro", &[], &[("image", &hand), ("reference_image", &hand)]),
        ("image-colorization", &[], &[("image", &gray)]),
        ("general-text-recognition", &[("min_height", "9")], &[("image", &page)]),
        (
            "table-recognition",
            &[("assure_direction", "false"), ("output_format", "xlsx")],
            &[("image", &page)],
        ),
        ("smart-skin", &[], &[("image", &head)]),
        ("smart-skin-advanced", &[], &[("image", &head)]),
        (
            "skin-analysis-advanced",
            &[("return_maps", "red_area"), ("quality_control", "LOW")],
            &[("image", &head)],
        ),
        (
            "skin-analysis-pro",
            &[("return_maps", MAPS), ("return_marks", "melanin_mark"), ("quality_control", "LOW")],
            &[("image", &head), ("left_side_image", &head), ("right_side_image", &head)],
        ),
    ];
    let vision = Vision::new(testkit::registry());
    for &(name, fields, files) in cases {
        // Models are loaded at their first use and stay.
        testkit::registry().warm(find(name).expect("a service").needs().all_models());
        let mut form = Form::new();
        fields.iter().for_each(|(name, value)| form.add_text(*name, *value));
        files.iter().for_each(|(name, file)| form.add_file(*name, file.to_vec().into()));
        let run = || {
            let job = find(name).expect("a service").prepare(&form).expect("a job");
            let cost = job.cost().bytes;
            let cancel = Cancel::after(Duration::from_secs(3600));
            let context = Context::new(vision.clone(), cancel, Arc::new(Inline));
            (job.run_here(context).map(drop), cost)
        };
        let ((outcome, cost), taken) = peak(run);
        println!("{name} {fields:?}: {} of {} MB", taken >> 20, cost >> 20);
        assert_eq!(outcome, Ok(()), "{name}");
        assert!(taken <= cost, "{name}: {taken} of {cost}");
    }
}
