//! What reading costs: lies are refused at once, and decoding takes no more memory than its header
//! announced. A binary of its own, as it counts allocations; its tests exclude each other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use safelight_contract::Code;
use safelight_imaging::{decode, probe};
use safelight_testkit::jpeg::{self, Coefficients};
use safelight_testkit::webp::many_prefix_codes;

#[path = "imaging/common.rs"]
mod common;
use common::{
    be32, bmp_of, chunk, fixture, jpeg_of, jpeg_with, png_of, png_with, processor_time, whole,
};

/// The system's allocator, counting what is held and the most that was.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(by: usize) {
    let held = HELD.fetch_add(by, Relaxed) + by;
    PEAK.fetch_max(held, Relaxed);
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: as promised by our caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() {
            grow(size - layout.size());
        } else {
            HELD.fetch_sub(layout.size() - size, Relaxed);
        }
        // SAFETY: as promised by our caller.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as promised by our caller.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Tests exclude each other from their first line on, as there is one allocator.
static ALONE: Mutex<()> = Mutex::new(());

/// The result, the most bytes held for it, and the shortest processor time of a few tries.
fn measured<T>(work: impl Fn() -> T) -> (T, usize, Duration) {
    let times = (0..4).map(|_| processor_time(|| drop(work())).1);
    let least = times.min().expect("four tries");
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (result, PEAK.load(Relaxed).saturating_sub(before), least)
}

/// Bytes that the test's harness may take while it reports.
const NOISE: usize = 16 << 10;

/// The yardstick for time on this machine: what it takes to inflate 200 MB of nothing.
fn bomb() -> (Vec<u8>, Duration) {
    let zeros = fdeflate::compress_to_vec(&vec![0; 200 << 20]);
    let inflate = || drop(fdeflate::decompress_to_vec(&zeros).expect("zeros"));
    let times = (0..3).map(|_| processor_time(inflate).1);
    let least = times.min().expect("three tries");
    println!("inflating takes {least:?}");
    (zeros, least)
}

#[test]
fn lies_are_refused_in_no_time_and_no_memory() {
    let _alone = ALONE.lock();
    let mut claiming = png_with(&[chunk(b"tEXt", b"a\0b")]);
    be32(&mut claiming, 33, 1 << 30);
    let webp = {
        let mut file = fixture("icc.webp");
        file[24..30].fill(0xff);
        file
    };
    let cases = [
        ("PNG of 65535²", png_of(65_535, 65_535)),
        ("PNG of 2³¹-1 squared", png_of(i32::MAX as u32, i32::MAX as u32)),
        ("PNG without width", png_of(0, 26)),
        ("PNG with a giant chunk", claiming),
        ("BMP of 65535²", bmp_of(65_535, 65_535)),
        ("BMP of no height", bmp_of(37, 0)),
        ("BMP of negative width", bmp_of(-37, 26)),
        ("BMP of the least height", bmp_of(37, i32::MIN)),
        ("BMP of 2³¹-1", bmp_of(i32::MAX, i32::MAX)),
        ("JPEG of 65535²", jpeg_of(65_535, 65_535)),
        ("JPEG without height", jpeg_of(37, 0)),
        ("WebP of another canvas", webp),
    ];
    let (_, inflating) = bomb();
    for (name, file) in cases {
        let (result, held, took) = measured(|| whole(&file));
        println!("{name}: {took:?}");
        let fault = result.expect_err(name);
        assert_eq!(fault.code(), Code::FileDecodingFailure, "{name}: {fault}");
        assert!(held < 2 << 20, "{name} held {held} bytes");
        assert!(took < inflating / 4, "{name} took {took:?}");
    }
}

#[test]
fn bulky_metadata_costs_nothing() {
    let _alone = ALONE.lock();
    let (zeros, inflating) = bomb();
    let text = [b"comment\0\0", &zeros[..]].concat();
    let segments: Vec<u8> = (0..20_000).flat_map(|_| [0xff, 0xe5, 0, 4, 1, 2]).collect();
    let pieces: Vec<u8> =
        (0..5000).flat_map(|_| *b"\xff\xe2\x00\x12ICC_PROFILE\0\x01\x01xx").collect();
    let cases = [
        ("zTXt", png_with(&[chunk(b"zTXt", &text)])),
        ("iTXt", png_with(&[chunk(b"iTXt", &[b"c\0\x01\0\0\0", &zeros[..]].concat())])),
        ("iCCP", png_with(&[chunk(b"iCCP", &text)])),
        ("20,000 chunks", png_with(&vec![chunk(b"tEXt", b"a\0b"); 20_000])),
        ("20,000 segments", jpeg_with(&segments)),
        ("5,000 pieces of a profile", jpeg_with(&pieces)),
    ];
    for (name, file) in cases {
        let (header, held, took) = measured(|| probe(&file));
        println!("{name}: {took:?}");
        let header = header.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(held < NOISE, "probe of {name} held {held}");
        assert!(took < inflating / 4, "probe of {name} took {took:?}");
        let (photo, held, took) = measured(|| decode(&file, &header));
        photo.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(held < 4 * file.len() + (8 << 20), "{name} of {} held {held}", file.len());
        println!("{name}: {took:?}");
        assert!(took < inflating / 2, "{name} took {took:?}");
    }
}

#[test]
fn prefix_codes_of_a_webp_are_bounded() {
    let _alone = ALONE.lock();
    let few = many_prefix_codes(64, 64, 20);
    let header = probe(&few).unwrap();
    let (photo, held, _) = measured(|| decode(&few, &header));
    assert!(photo.is_ok(), "{:?}", photo.err());
    assert!(held > 20 * 20_000, "the codes take memory: {held}");
    assert!(held as u64 <= header.decode_bytes(), "{held} of {}", header.decode_bytes());

    let many = many_prefix_codes(64, 64, 10_000);
    let header = probe(&many).unwrap();
    assert!(header.decode_bytes() < 8 << 20);
    let (result, held, _) = measured(|| decode(&many, &header));
    assert_eq!(result.unwrap_err().code(), Code::FileDecodingFailure);
    assert!(held < 1 << 20, "held {held}");

    // The same as the alpha plane of a lossy picture, behind a byte of flags.
    let alpha = [&[1], &many[25..]].concat();
    let lossy = fixture("lossy-alpha.webp");
    let at = lossy.windows(4).position(|w| w == b"ALPH").unwrap();
    let old = u32::from_le_bytes(lossy[at + 4..at + 8].try_into().unwrap()) as usize;
    let mut file = [&lossy[..at], b"ALPH", &(alpha.len() as u32).to_le_bytes(), &alpha].concat();
    file.resize(file.len().next_multiple_of(2), 0);
    file.extend(&lossy[at + 8 + old.next_multiple_of(2)..]);
    let size = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&size.to_le_bytes());
    let header = probe(&file).unwrap();
    let (result, held, _) = measured(|| decode(&file, &header));
    assert!(result.unwrap_err().message().contains("prefix codes"));
    assert!(held < 1 << 20, "held {held}");
}

/// Every structure that makes the decoder keep something else than pixels.
#[test]
fn structures_of_a_jpeg_stay_within_what_the_header_announced() {
    let _alone = ALONE.lock();
    for sampling in [[(1, 1); 3], [(2, 2), (1, 1), (1, 1)], [(1, 1), (4, 4), (1, 2)]] {
        let coefficients = Coefficients::drawn(700, 500, &sampling);
        for scans in [vec![vec![0, 1, 2]], vec![vec![1], vec![0, 2]]] {
            for progressive in [false, true] {
                let layout = jpeg::Layout { scans: scans.clone(), restart: 0, progressive };
                let file = coefficients.write(&layout);
                let header = probe(&file).unwrap();
                let (photo, held, _) = measured(|| decode(&file, &header));
                photo.unwrap_or_else(|e| panic!("{layout:?}: {e}"));
                let share = held as f64 / header.decode_bytes() as f64;
                println!("{sampling:?} {layout:?}: {share:.2}");
                assert!((0.4..=1.0).contains(&share), "{sampling:?} {layout:?}: {share:.2}");
            }
        }
    }
}

/// Pictures large enough for their pixels to outweigh everything fixed.
#[test]
fn decoding_stays_within_what_the_header_announced() {
    let _alone = ALONE.lock();
    let photo =
        image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos/astronaut.png"))
            .unwrap();
    let rgb = photo.resize_exact(1500, 1100, image::imageops::FilterType::Nearest).to_rgb8();
    let gray = image::DynamicImage::from(rgb.clone()).to_luma8();
    let rgba = image::DynamicImage::from(rgb.clone()).to_rgba8();
    let mut see_through = rgba.clone();
    see_through.pixels_mut().for_each(|p| p.0[3] = p.0[0]);
    let wide = image::DynamicImage::from(see_through.clone()).to_rgba16();
    let to = |image: &image::DynamicImage, format| {
        let mut file = std::io::Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    };
    use image::ImageFormat::{Bmp, Jpeg, Png, WebP};
    let mut files = vec![
        ("JPEG", to(&rgb.clone().into(), Jpeg)),
        ("gray JPEG", to(&gray.clone().into(), Jpeg)),
        ("PNG", to(&rgb.clone().into(), Png)),
        ("gray PNG", to(&gray.clone().into(), Png)),
        ("PNG with alpha", to(&see_through.clone().into(), Png)),
        ("16-bit PNG", to(&wide.clone().into(), Png)),
        ("BMP", to(&rgb.clone().into(), Bmp)),
        ("BMP with alpha", to(&see_through.clone().into(), Bmp)),
        ("lossless WebP", to(&rgb.clone().into(), WebP)),
        ("lossless WebP with alpha", to(&see_through.clone().into(), WebP)),
    ];
    // The fixtures' kinds that no encoder at hand writes; small, so mostly the fixed part.
    let names = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")).unwrap();
    let names: Vec<String> = names.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.extend(
        names
            .iter()
            .filter(|n| n.contains('.') && !n.ends_with(".py"))
            .map(|name| (name.as_str(), fixture(name))),
    );
    let turned = {
        // EXIF orientation 6 in front of a large JPEG.
        let exif = &fixture("exif6.jpg")[..];
        let start = exif.windows(6).position(|w| w == b"Exif\0\0").unwrap() - 4;
        let length = usize::from(u16::from_be_bytes([exif[start + 2], exif[start + 3]])) + 2;
        let jpeg = &files[0].1;
        [&jpeg[..2], &exif[start..start + length], &jpeg[2..]].concat()
    };
    files.push(("turned JPEG", turned));
    rayon::broadcast(|_| ());
    for (name, file) in files {
        let header = probe(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (photo, held, _) = measured(|| decode(&file, &header));
        photo.unwrap_or_else(|e| panic!("{name}: {e}"));
        let announced = header.decode_bytes();
        let share = held as f64 / announced as f64;
        println!("{name}: held {held} of {announced}, {share:.2}");
        assert!(held as u64 <= announced, "{name}: held {held}, announced {announced}");
        // An honest bound is not several times too large either, once pixels dominate.
        assert!(header.pixels() < 1_000_000 || share > 0.4, "{name}: only {share:.2} used");
    }
}
