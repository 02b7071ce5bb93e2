//! Makeup, brows and beards under hands and in light that is dim or of two colours. Each measure also judges
//! what the rule is against.

use std::sync::OnceLock;

use image::{Rgb, RgbImage, imageops};
use safelight_effects::lab::{LabMap, difference};
use safelight_effects::makeup::beard::{self, STYLES};
use safelight_effects::makeup::brows::{self, BrowShape};
use safelight_effects::makeup::lips;
use safelight_effects::makeup::shadow::{self, DESIGNS};
use safelight_effects::{Kit, face_paint};
use safelight_effects::{atlas, region};
use safelight_imaging::lab_of;
use safelight_vision::face::{Point, Rect};

use crate::makeup::{Subject, changed, lipstick, old, young};

/// The young woman, three times as large; places for which `hidden` says so have the colour of her skin, as
/// the parser sees a hand.
fn behind(hidden: impl Fn(&Kit, Point) -> bool) -> Subject {
    let part = imageops::crop_imm(&young().photo, 110, 0, 230, 240).to_image();
    let large = imageops::resize(&part, 690, 720, imageops::CatmullRom);
    let open = Subject::of(large);
    let cheek = open.kit.mesh.point(atlas::CHEEK_DISCS[0]);
    let skin = *open.photo.get_pixel(cheek.x as u32, cheek.y as u32);
    let mut photo = open.photo;
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        if hidden(&open.kit, Point { x: x as f32, y: y as f32 }) {
            *pixel = skin;
        }
    }
    Subject::of(photo)
}

#[test]
fn an_eye_behind_a_hand_is_left_alone_with_its_brow() {
    let open = behind(|_, _| false);
    let covered = behind(|kit, place| {
        let middle = kit.middle(&atlas::LIDS[0]);
        let (across, up) = (place.x - middle.x, middle.y - place.y);
        across.abs() < 0.25 * kit.fw && (-0.14..0.26).contains(&(up / kit.fw))
    });
    let painted = |subject: &Subject| {
        shadow::paint(&subject.kit, &mut subject.photo.clone(), &DESIGNS[4], 1.0)
            .map(|done| done.is_ok())
    };
    assert_eq!((painted(&open), brows::seen(&open.kit, &open.photo)), ([true; 2], [true; 2]));
    assert_eq!(painted(&covered), [false, true]);
    assert_eq!(brows::seen(&covered.kit, &covered.photo), [false, true]);
}

/// Someone in little light before something bright.
fn dimmed(Subject { photo, kit }: &Subject) -> Subject {
    let window = kit.window(0.3).expect("in the photo");
    let face = region::fill(&window, &kit.polygon(&atlas::OVAL));
    Subject::of(RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
        let cell = window.cell(Point { x: x as f32, y: y as f32 });
        let dark = photo.get_pixel(x, y).0.map(|value| (f32::from(value) * 0.45) as u8);
        let behind = face.between(cell.x, cell.y) < 0.02 && y as f32 > kit.mesh.point(168).y;
        Rgb(if behind { [250; 3] } else { dark })
    }))
}

/// The old woman, so.
fn dim() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| dimmed(old()))
}

#[test]
fn what_is_bright_behind_a_face_does_not_light_it() {
    let [lit, dim] = [old(), dim()].map(|subject| subject.kit.lit([100.0, 0.0, 0.0])[0]);
    assert!(lit > 95.0 && dim < 75.0, "{lit} {dim}");
}

#[test]
fn face_paint_is_as_dark_as_the_photo() {
    let white = |subject: &Subject| {
        let after =
            subject.after(|kit, photo| face_paint::paint(kit, photo, &face_paint::DESIGNS[0]));
        let forehead = subject.kit.mesh.point(9);
        lab_of(after.get_pixel(forehead.x as u32, forehead.y as u32).0)[0]
    };
    let (lit, dim) = (white(old()), white(dim()));
    assert!(lit > 60.0 && dim < 0.8 * lit, "{lit} in the light, {dim} where there is little");
}

#[test]
fn eyeshadow_is_as_dark_as_the_photo() {
    let light = |subject: &Subject| {
        let after = subject.after(|kit, photo| {
            let _ = shadow::paint(kit, photo, &DESIGNS[4], 1.0);
        });
        let strong = changed(&subject.photo, &after).into_iter().filter(|(.., far)| *far > 5.0);
        let mut found: Vec<[f32; 3]> =
            strong.map(|(x, y, _)| lab_of(after.get_pixel(x, y).0)).collect();
        assert!(found.len() > 40, "{}", found.len());
        found.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let [_, a, b] = found[found.len() / 2];
        a.hypot(b)
    };
    // Behind glasses in little light no eye is seen.
    let (lit, dim) = (light(young()), light(&dimmed(young())));
    assert!(dim < 0.8 * lit, "chroma {lit} in the light, {dim} where there is little");
}

#[test]
fn closed_lips_are_painted_where_the_mesh_opens_them() {
    let stained = |subject: &Subject, kit: &Kit| {
        let mut after = subject.photo.clone();
        lips::paint(kit, &mut after, &lipstick(1.0, 0.0));
        let window = kit.window_around(Rect::around(kit.polygon(&atlas::LIPS)), 0.02);
        let window = window.expect("in the photo");
        let inner = region::fill(&window, &kit.polygon(&atlas::MOUTH));
        let [old, new] = [&subject.photo, &after].map(|photo| LabMap::of(&window.cut(photo)));
        let inside: Vec<usize> =
            (0..inner.values.len()).filter(|&i| inner.values[i] > 0.9).collect();
        let far = inside.iter().filter(|&&i| difference(old.colours[i], new.colours[i]) > 10.0);
        far.count() as f32 / inside.len().max(1) as f32
    };
    // The lower edge of the upper lip too high, the upper edge of the lower lip too low.
    let mut kit = old().kit.clone();
    let open = 0.025 * kit.fw;
    for (indices, by) in [([81, 82, 13, 312, 311], -open), ([178, 87, 14, 317, 402], open)] {
        indices.iter().for_each(|&index: &usize| kit.mesh.points[index][1] += by);
    }
    let (closed, teeth) = (stained(old(), &kit), stained(young(), &young().kit));
    assert!(closed > 0.25 && teeth < 0.1, "{closed} between closed lips, {teeth} of teeth");
}

/// The young woman, red light from the left and blue light from the right.
fn coloured() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        let Subject { photo, kit } = young();
        let nose = kit.mesh.point(1).x;
        Subject::of(RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
            let blue = ((x as f32 - nose) / (0.2 * kit.fw) + 0.5).clamp(0.0, 1.0);
            let light = [1.0 - 0.45 * blue, 0.8 - 0.05 * blue, 0.5 + 0.7 * blue];
            let lit = photo.get_pixel(x, y).0;
            Rgb(std::array::from_fn(|i| (f32::from(lit[i]) * light[i]).min(255.0) as u8))
        }))
    })
}

#[test]
fn a_brow_gives_way_to_skin_in_its_own_light() {
    let subject = coloured();
    let bare = subject.after(|kit, photo| assert_eq!(brows::erase(kit, photo), [true; 2]));
    let median = |points: &[usize]| {
        let window = subject.window(points, 0.02);
        let inside = region::fill(&window, &subject.kit.polygon(points));
        LabMap::of(&window.cut(&bare)).median(&inside, 0.9).expect("a region")
    };
    // The skin between brow and lid beside it.
    let beside = [[225, 224, 223, 52, 53], [445, 444, 443, 282, 283]];
    let [red, blue] = beside.map(|points| median(&points));
    assert!(red[2] - blue[2] > 25.0, "the two halves differ: {red:?} {blue:?}");
    for (brow, skin) in atlas::BROWS.iter().zip([red, blue]) {
        let found = median(brow);
        let far = (found[1] - skin[1]).hypot(found[2] - skin[2]);
        assert!(far < 8.0, "{found:?} beside {skin:?}");
    }
}

#[test]
fn a_beard_is_lit_as_the_face_below_it() {
    let subject = coloured();
    let after = subject.after(|kit, photo| {
        let style = STYLES.iter().find(|style| style.name == "FullBeardClassic");
        beard::paint(kit, photo, style.expect("a style"));
    });
    let nose = subject.kit.mesh.point(1).x;
    let yellow = |right: bool| {
        let strong = changed(&subject.photo, &after).into_iter();
        let mut found: Vec<f32> = strong
            .filter(|&(x, _, far)| far > 15.0 && (x as f32 > nose) == right)
            .map(|(x, y, _)| lab_of(after.get_pixel(x, y).0)[2])
            .collect();
        found.sort_by(f32::total_cmp);
        found[found.len() / 2]
    };
    // In one light the halves differ by less than 3.
    assert!(yellow(false) - yellow(true) > 10.0, "{} {}", yellow(false), yellow(true));
}

#[test]
fn a_brow_that_is_read_goes_on_at_its_height() {
    let high = BrowShape::new(0.016, [0.014; 6], 420.0);
    let drawn = Subject::of(old().after(|kit, photo| {
        brows::paint(kit, photo, &high);
    }));
    let read = brows::read(&drawn.kit, &drawn.photo).expect("brows");
    let (middle, tail) = (read.lift[brows::PLACES / 2], read.lift[brows::PLACES - 1]);
    assert!(middle > 0.005, "{:?}", read.lift);
    assert!(tail > 0.6 * middle, "{:?}", read.lift);
}
