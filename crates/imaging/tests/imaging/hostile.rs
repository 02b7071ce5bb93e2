//! Files that are something else, break off or are damaged: refused with a code, never with a panic.

use std::path::Path;
use std::time::Duration;

use safelight_contract::Code;
use safelight_imaging::probe;

use crate::common::{be32, crc, fixture, jpeg_of, processor_time, whole};

#[test]
fn formats_that_are_not_read_are_named() {
    for (file, name) in [
        (&b"GIF89a\x01\0\x01\0"[..], "GIF"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"%PDF-1.7", "PDF"),
        (b"<?xml version='1.0'?><svg xmlns=''/>", "SVG"),
        (b"<!DOCTYPE html><p>no", "HTML"),
        (b"8BPS\0\x01", "Photoshop"),
        (b"\0\0\x01\0\x01\0", "icon"),
        (b"P6 3 3 255 ", "PNM"),
        (b"RIFF\0\0\0\0WAVEfmt ", "RIFF"),
        (b"", "empty"),
        (b"BM is how this text starts, and no picture", "no known"),
        (b"words, nothing else", "no known"),
    ] {
        let fault = probe(file).expect_err(name);
        assert_eq!(fault.code(), Code::UnsupportedFileTypes, "{name}");
        assert!(fault.message().contains(name), "{name}: {fault}");
        assert!(fault.message().contains("JPEG, PNG, BMP and WebP"), "{fault}");
    }
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_named() {
    let at = jpeg_of(37, 26).windows(4).position(|w| w == [0xff, 0xc0, 0, 17]).unwrap();
    for (marker, precision, name) in
        [(0xc9, 8, "arithmetic"), (0xc3, 8, "lossless"), (0xc1, 12, "12 bits")]
    {
        let mut file = jpeg_of(37, 26);
        (file[at + 1], file[at + 4]) = (marker, precision);
        let fault = probe(&file).expect_err(name);
        assert_eq!(fault.code(), Code::UnsupportedFileTypes, "{name}");
        assert!(fault.message().contains(name), "{fault}");
    }
}

#[test]
fn headers_damaged_in_one_place_are_refused() {
    let mut sum = fixture("rgb8.png");
    sum[29] ^= 1;
    let mut depth = fixture("rgb8.png");
    depth[24] = 3;
    let sum_of_depth = crc(&depth[12..29]);
    be32(&mut depth, 29, sum_of_depth);
    let newlines = [b"\x89PNG\n\x1a\n".as_slice(), &fixture("rgb8.png")[8..]].concat();
    let no_palette = {
        let file = fixture("palette8.png");
        [&file[..33], &file[33 + 12 + 36..]].concat()
    };
    for file in [&sum, &depth, &newlines, &no_palette, &b"\xff\xd8\xff".to_vec()] {
        assert_eq!(probe(file).unwrap_err().code(), Code::FileDecodingFailure);
    }
}

/// Small files of every container and coding.
const KINDS: &[&str] = &[
    "rgb444.jpg",
    "rgb420.jpg",
    "progressive.jpg",
    "restart.jpg",
    "gray.jpg",
    "cmyk-icc.jpg",
    "ycck.jpg",
    "exif6.jpg",
    "rgb8.png",
    "rgba16-i.png",
    "palette4-alpha-i.png",
    "gray1.png",
    "rgb-icc.png",
    "animated.png",
    "bits8.bmp",
    "alpha.bmp",
    "rle8.bmp",
    "rle4.bmp",
    "icc.bmp",
    "lossy.webp",
    "lossy-alpha.webp",
    "lossless-alpha.webp",
    "animated.webp",
    "icc.webp",
];

/// More than a hundred times what any of these small files takes on a slow machine.
const ENDLESS: Duration = Duration::from_secs(10);

fn fails_well(name: &str, what: &str, file: &[u8]) -> bool {
    let (result, took) = processor_time(|| whole(file));
    assert!(took < ENDLESS, "{name}, {what}: took {took:?}");
    match result {
        Ok(_) => false,
        Err(fault) => {
            let code = fault.code();
            assert!(
                matches!(code, Code::FileDecodingFailure | Code::UnsupportedFileTypes),
                "{name}, {what}: {fault}"
            );
            true
        }
    }
}

#[test]
fn files_cut_off_anywhere_are_refused() {
    quiet();
    for name in KINDS {
        let file = fixture(name);
        // What may be missing without a pixel missing: end chunks, other frames, a profile.
        let spare = match *name {
            "animated.png" | "animated.webp" => file.len() / 2,
            "icc.bmp" => 800,
            "icc.webp" => 16,
            _ if name.ends_with(".png") => 12,
            _ if name.ends_with(".bmp") => 3,
            _ if name.ends_with(".webp") => 8,
            _ if name.ends_with(".jpg") => 2,
            _ => 0,
        };
        for length in 0..file.len() {
            let refused = fails_well(name, &format!("{length} bytes"), &file[..length]);
            assert!(refused || length + spare >= file.len(), "{name} of {length} bytes was read");
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    quiet();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    for name in KINDS {
        let file = fixture(name);
        for round in 0..200 {
            let mut file = file.clone();
            for _ in 0..1 + random() % 4 {
                let at = random() % file.len();
                file[at] = random() as u8;
            }
            fails_well(name, &format!("round {round}"), &file);
        }
    }
}

/// Panics of decoders are caught and turned into codes; their reports would drown the test's. What is
/// of this workspace has a relative path.
fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        let ours = info.location().is_some_and(|l| Path::new(l.file()).is_relative());
        if ours {
            eprintln!("{info}");
        }
    }));
}
