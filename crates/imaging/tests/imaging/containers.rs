//! PNG, BMP and WebP: checksums, colour spaces, offsets.

use safelight_contract::{Code, Fault};
use safelight_imaging::{Photo, decode, probe};

use crate::common::{chunk, crc, fixture};

fn read(file: &[u8]) -> Result<Photo, Fault> {
    decode(file, &probe(file)?)
}

fn refused(file: &[u8]) -> bool {
    read(file).is_err_and(|fault| fault.code() == Code::FileDecodingFailure)
}

/// Where the chunks of a PNG start.
fn chunks(file: &[u8]) -> Vec<(usize, [u8; 4])> {
    let mut starts = Vec::new();
    let mut at = 8;
    while at < file.len() {
        starts.push((at, file[at + 4..at + 8].try_into().unwrap()));
        at += 12 + u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    }
    starts
}

#[test]
fn a_flipped_bit_in_a_png_is_noticed() {
    for name in ["rgb8.png", "rgb8-i.png", "palette4-alpha-i.png", "rgb-icc.png", "exif6.png"] {
        let file = fixture(name);
        let starts = chunks(&file);
        let used = [b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT"];
        for (index, &(start, kind)) in starts.iter().enumerate() {
            if !used.contains(&&kind) {
                continue;
            }
            let end = starts[index + 1].0;
            for at in start + 8..end {
                let mut file = file.clone();
                file[at] ^= 1 << (at % 8);
                assert!(refused(&file), "{name}: {kind:?} damaged at {at} was read");
            }
        }
    }
}

/// A PNG of RGB with eight bits, without interlacing, and these chunks before its pixels.
fn png(width: u32, pixels: &[u8], before: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let rows = pixels.chunks_exact(width as usize * 3);
    let height = rows.len() as u32;
    let raw: Vec<u8> = rows.flat_map(|row| [&[0], row].concat()).collect();
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = chunk(b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat());
    ([b"\x89PNG\r\n\x1a\n".to_vec(), header, before.concat()].concat(), raw)
}

fn whole_png(width: u32, pixels: &[u8], before: &[Vec<u8>]) -> Vec<u8> {
    let (head, raw) = png(width, pixels, before);
    let stream = fdeflate::compress_to_vec(&raw);
    [head, chunk(b"IDAT", &stream), chunk(b"IEND", b"")].concat()
}

#[test]
fn the_checksum_of_the_inflated_pixels_counts() {
    let pixels: Vec<u8> = (0..300u32).map(|i| (i * 7) as u8).collect();
    let (head, raw) = png(10, &pixels, &[]);
    let stream = fdeflate::compress_to_vec(&raw);
    let file = |stream: &[u8], split: usize| {
        let (one, two) = stream.split_at(split);
        [&head[..], &chunk(b"IDAT", one), &chunk(b"IDAT", two), &chunk(b"IEND", b"")].concat()
    };
    let mut wrong = stream.clone();
    *wrong.last_mut().unwrap() ^= 1;
    // Also where the checksum has chunks of its own.
    for split in [20, stream.len() - 4, stream.len() - 2] {
        assert_eq!(read(&file(&stream, split)).unwrap().rgb.into_raw(), pixels);
        assert!(refused(&file(&wrong, split)), "split at {split}");
    }
}

/// What a pixel in the given primaries shows in sRGB, by the matrices of linear light.
fn converted(pixel: [u8; 3], light: fn(f64) -> f64, matrix: [[f64; 3]; 3]) -> [u8; 3] {
    let linear = pixel.map(|v| light(f64::from(v) / 255.0));
    matrix.map(|row| {
        let light: f64 = row.iter().zip(linear).map(|(m, v)| m * v).sum();
        let signal = match light.clamp(0.0, 1.0) {
            dark if dark <= 0.003_130_8 => dark * 12.92,
            light => 1.055 * light.powf(1.0 / 2.4) - 0.055,
        };
        (signal * 255.0).round() as u8
    })
}

fn srgb_light(v: f64) -> f64 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn video_light(v: f64) -> f64 {
    if v < 0.081 { v / 4.5 } else { ((v + 0.099) / 1.099).powf(1.0 / 0.45) }
}

const SAME: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const P3: [[f64; 3]; 3] =
    [[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]];
const BT2020: [[f64; 3]; 3] =
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]];

const PIXELS: [[u8; 3]; 5] =
    [[200, 100, 50], [90, 160, 120], [60, 70, 180], [128, 128, 128], [255, 255, 255]];

fn shown(cicp: &[u8], before: &[Vec<u8>]) -> Vec<[u8; 3]> {
    let before = [before, &[chunk(b"cICP", cicp)]].concat();
    let file = whole_png(PIXELS.len() as u32, PIXELS.as_flattened(), &before);
    read(&file).unwrap().rgb.as_raw().as_chunks::<3>().0.to_vec()
}

fn close(found: &[[u8; 3]], wanted: &[[u8; 3]], within: u8) -> bool {
    let (found, wanted) = (found.as_flattened(), wanted.as_flattened());
    found.iter().zip(wanted).all(|(a, b)| a.abs_diff(*b) <= within)
}

#[test]
fn coded_colour_spaces_are_converted() {
    for (cicp, light, matrix) in [
        ([1, 13, 0, 1], srgb_light as fn(f64) -> f64, SAME),
        ([12, 13, 0, 1], srgb_light, P3),
        ([1, 1, 0, 1], video_light, SAME),
        ([9, 14, 0, 1], video_light, BT2020),
        ([9, 13, 0, 1], srgb_light, BT2020),
        ([1, 8, 0, 1], |v| v, SAME),
    ] {
        let wanted = PIXELS.map(|pixel| converted(pixel, light, matrix));
        let found = shown(&cicp, &[]);
        assert!(close(&found, &wanted, 2), "{cicp:?}: {found:?}, not {wanted:?}");
    }
    assert!(!close(&shown(&[12, 13, 0, 1], &[]), &PIXELS, 2), "a test that can fail");
}

#[test]
fn a_coded_colour_space_comes_before_a_profile() {
    let file = fixture("rgb-icc.png");
    let (start, _) = *chunks(&file).iter().find(|(_, kind)| kind == b"iCCP").unwrap();
    let length = u32::from_be_bytes(file[start..start + 4].try_into().unwrap()) as usize;
    let profile = [file[start..start + 12 + length].to_vec()];
    assert_eq!(shown(&[1, 13, 0, 1], &profile), PIXELS);
    // What is not specified, reserved or not for RGB leaves the profile in force.
    let by_profile = shown(&[2, 2, 0, 1], &profile);
    assert_ne!(by_profile, PIXELS);
    for cicp in [&[1, 2, 0, 1][..], &[200, 13, 0, 1], &[1, 13, 1, 1], &[1, 13, 0, 7], &[1, 13]] {
        assert_eq!(shown(cicp, &profile), by_profile, "{cicp:?}");
    }
}

#[test]
fn narrow_range_and_high_dynamic_range_keep_their_white() {
    let wanted = PIXELS.map(|p| p.map(|v| ((f64::from(v) - 16.0) / 219.0 * 255.0).round() as u8));
    assert!(close(&shown(&[1, 13, 0, 0], &[]), &wanted, 1));
    // A PQ signal of 0.508 is 100 cd/m², about half of reference white; 0.75 of HLG is white.
    let of = |cicp: [u8; 4], gray: u8| {
        let file = whole_png(1, &[gray; 3], &[chunk(b"cICP", &cicp)]);
        read(&file).unwrap().rgb.get_pixel(0, 0).0
    };
    for (cicp, gray, wanted) in [
        ([9, 16, 0, 1], 130, 185),
        ([9, 16, 0, 1], 148, 254),
        ([9, 16, 0, 1], 255, 255),
        ([9, 18, 0, 1], 191, 255),
        ([9, 18, 0, 1], 255, 255),
        ([9, 18, 0, 1], 0, 0),
    ] {
        let found = of(cicp, gray);
        assert!(close(&[found], &[[wanted; 3]], 4), "{cicp:?} {gray}: {found:?}");
    }
}

#[test]
fn a_bmp_without_offset_or_last_padding_is_read_and_a_false_offset_is_not() {
    // 37 pixels of three bytes leave a byte of padding in each row.
    let file = fixture("bits24.bmp");
    let reference = read(&file).unwrap().rgb;
    let offset = |file: &[u8], value: u32| {
        let mut file = file.to_vec();
        file[10..14].copy_from_slice(&value.to_le_bytes());
        file
    };
    assert!(read(&offset(&file, 0)).unwrap().rgb == reference);
    assert!(read(&file[..file.len() - 1]).unwrap().rgb == reference);
    assert!(refused(&file[..file.len() - 2]));
    for name in ["bits8.bmp", "bits1.bmp", "core.bmp", "bits565.bmp", "rle8.bmp", "alpha.bmp"] {
        let file = fixture(name);
        let reference = read(&file).unwrap().rgb;
        assert!(read(&offset(&file, 0)).unwrap().rgb == reference, "{name}");
        for value in [1, 20, 25] {
            assert!(probe(&offset(&file, value)).is_err(), "{name}: offset {value}");
        }
        for value in [file.len() as u32, u32::MAX] {
            assert!(refused(&offset(&file, value)), "{name}: offset {value}");
        }
    }
}

#[test]
fn checksums_of_the_tests_are_right() {
    assert_eq!(crc(b"IEND"), 0xae42_6082);
}
