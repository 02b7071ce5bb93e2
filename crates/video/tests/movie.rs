//! Videos as somebody may send them, read within limits.

use std::sync::LazyLock;
use std::time::Duration;

use image::{Rgb, RgbImage};
use proptest::prelude::*;
use safelight_contract::{Code, Fault, Result};
use safelight_video::{Clip, Limits, Movie};

const SIZE: (u32, u32) = (96, 64);
const LIMITS: Limits = Limits { seconds: (1.0, 10.0), rate: 5.0, side: 1920 };

/// A bright disc that wanders to the right.
fn clip(frames: u32, rate: u32) -> Vec<u8> {
    let mut clip = Clip::new(SIZE, rate).expect("starts");
    for number in 0..frames {
        let middle = (16.0 + 2.0 * number as f32, 32.0_f32);
        let frame = RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            let far = (x as f32 - middle.0).hypot(y as f32 - middle.1);
            if far < 12.0 { Rgb([220, 90, 60]) } else { Rgb([40, 90, 2 * x as u8]) }
        });
        clip.push(&frame).expect("encodes");
    }
    clip.finish().expect("a file")
}

/// Nothing keeps a video from playing on.
fn on() -> Result<()> {
    Ok(())
}

fn code(outcome: Result<impl Sized>) -> Code {
    outcome.err().expect("refused").code()
}

/// Where what is in the first box of a kind begins.
fn inside(file: &[u8], kind: &[u8; 4]) -> usize {
    file.windows(4).position(|part| part == kind).expect("a box") + 4
}

/// The file with the bytes behind the first `kind` changed.
fn changed(mut file: Vec<u8>, kind: &[u8; 4], at: usize, bytes: &[u8]) -> Vec<u8> {
    let start = inside(&file, kind) + at;
    file[start..start + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn the_index_says_what_another_parser_says() {
    let file = clip(30, 24);
    let movie = Movie::read(&file).expect("an MP4");
    let other = re_mp4::Mp4::read_bytes(&file).expect("an MP4");
    let track = other.tracks().values().next().expect("a track");
    assert_eq!(movie.frames(), track.samples.len());
    assert_eq!(movie.size(), SIZE);
    assert!((movie.seconds() - track.duration as f64 / track.timescale as f64).abs() < 1e-9);
    assert_eq!(movie.check("video", &LIMITS), Ok(()));
}

#[test]
fn frames_come_apart_and_in_order() {
    let file = clip(30, 24);
    let mut found = vec![];
    let movie = Movie::read(&file).expect("an MP4");
    let play = movie.play(Duration::from_millis(100), on, |at, frame| {
        let red = |x: u32| frame.get_pixel(x, 32)[0] > 150;
        found.push((at, (0..SIZE.0).filter(|x| red(*x)).max().unwrap_or_default()));
        Ok(())
    });
    assert_eq!(play, Ok(()));
    // Every third frame: 125 ms.
    assert_eq!(found.len(), 10, "{found:?}");
    for pair in found.windows(2) {
        assert!((pair[1].0 - pair[0].0 - 0.125).abs() < 1e-6 && pair[1].1 > pair[0].1, "{found:?}");
    }
}

#[test]
fn turned_videos_are_shown_upright() {
    let one = 0x1_0000_u32;
    let matrix: Vec<u8> =
        [0, one, 0, one.wrapping_neg(), 0].iter().flat_map(|n| n.to_be_bytes()).collect();
    let file = changed(clip(30, 24), b"tkhd", 40, &matrix);
    let movie = Movie::read(&file).expect("an MP4");
    assert_eq!(movie.size(), (SIZE.1, SIZE.0));
    let play = movie.play(Duration::from_secs(10), on, |_, frame| {
        assert_eq!(frame.dimensions(), (SIZE.1, SIZE.0));
        // What lay on the left stands at the top.
        assert!(frame.get_pixel(32, 16)[0] > 150 && frame.get_pixel(32, 80)[0] < 100);
        Ok(())
    });
    assert_eq!(play, Ok(()));
}

#[test]
fn what_is_no_such_video_is_refused_by_its_index() {
    let file = clip(30, 24);
    assert_eq!(code(Movie::read(b"RIFF....AVI LIST")), Code::UnsupportedFileTypes);
    assert_eq!(code(Movie::read(&[])), Code::UnsupportedFileTypes);
    assert_eq!(code(Movie::read(&file[..40])), Code::FileDecodingFailure);
    let sound = changed(file.clone(), b"hdlr", 8, b"soun");
    assert_eq!(code(Movie::read(&sound)), Code::InvalidFile);
    let other = changed(file.clone(), b"stsd", 12, b"hvc1");
    assert_eq!(code(Movie::read(&other)), Code::UnsupportedFileTypes);
    // Four thousand million frames of one length, in a table of no bytes.
    let many = changed(file.clone(), b"stsz", 4, &[0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(code(Movie::read(&many)), Code::VideoDurationExceeded);
    let outside = changed(file.clone(), b"stco", 8, &[0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(code(Movie::read(&outside)), Code::FileDecodingFailure);
    // Parameters that speak of a larger picture: the last byte of the profile's level stays.
    let limits =
        |file: &[u8], limits| Movie::read(file).and_then(|movie| movie.check("video", &limits));
    let short = Limits { seconds: (2.0, 10.0), ..LIMITS };
    assert_eq!(code(limits(&file, short)), Code::InvalidFile);
    let long = Limits { seconds: (0.5, 1.0), ..LIMITS };
    assert_eq!(code(limits(&file, long)), Code::VideoDurationExceeded);
    assert_eq!(code(limits(&clip(4, 2), LIMITS)), Code::FileContentNonCompliance);
    assert_eq!(code(limits(&file, Limits { side: 90, ..LIMITS })), Code::HighResolution);
    let cut = Movie::read(&file[..file.len() - 1]);
    assert_eq!(code(cut), Code::FileDecodingFailure);
}

#[test]
fn noise_in_place_of_frames_is_damage() {
    let file = clip(30, 24);
    let data = file.windows(4).position(|part| part == b"mdat").expect("a box") + 4;
    let mut broken = file.clone();
    broken[data..].iter_mut().for_each(|byte| *byte = 0x5a);
    let movie = Movie::read(&broken).expect("the index is whole");
    assert_eq!(code(movie.play(Duration::ZERO, on, |_, _| Ok(()))), Code::FileDecodingFailure);
}

/// The file with the first two frames as one.
fn two_in_one(file: Vec<u8>) -> Vec<u8> {
    let lengths = inside(&file, b"stsz");
    let length = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    let both = length(lengths + 12) + length(lengths + 16);
    let file = changed(file, b"stsz", 12, &both.to_be_bytes());
    changed(file, b"stsz", 16, &[0; 4])
}

#[test]
fn a_frame_is_one_frame() {
    let file = two_in_one(clip(30, 24));
    let movie = Movie::read(&file).expect("an MP4");
    let play = movie.play(Duration::ZERO, on, |_, _| Ok(()));
    let fault = play.expect_err("refused");
    assert!(fault.message().contains("a frame is several"), "{fault}");
}

#[test]
fn a_video_takes_no_longer_than_its_file_is_large() {
    let file = clip(30, 24);
    // Every frame is the first one, which is the largest.
    let lengths = inside(&file, b"stsz");
    let first = file[lengths + 12..lengths + 16].to_vec();
    let again = changed(file.clone(), b"stsz", 12, &first.repeat(30));
    assert_eq!(code(Movie::read(&again)), Code::FileDecodingFailure);
    // All frames at one moment, whatever the header says of the duration.
    let still = changed(file.clone(), b"stts", 12, &[0; 4]);
    let still = Movie::read(&still).expect("an MP4");
    assert_eq!(code(still.check("video", &LIMITS)), Code::InvalidFile);
    // It stops when it is told to, before any frame is shown.
    let stop = || Err(Fault::new(Code::TaskStoppedProcessing, "stopped"));
    let play = Movie::read(&file).expect("an MP4").play(Duration::ZERO, stop, |_, _| {
        panic!("nothing may be shown");
    });
    assert_eq!(code(play), Code::TaskStoppedProcessing);
}

#[test]
fn a_unit_that_is_two_is_refused() {
    let file = clip(30, 24);
    let frames = inside(&file, b"mdat");
    // Within the first unit, behind its length and its head.
    let mut parted = file.clone();
    parted[frames + 12..frames + 16].copy_from_slice(&[0, 0, 1, 0x67]);
    let movie = Movie::read(&parted).expect("the index is whole");
    assert_eq!(code(movie.play(Duration::ZERO, on, |_, _| Ok(()))), Code::FileDecodingFailure);
    let message = movie.play(Duration::ZERO, on, |_, _| Ok(())).expect_err("refused");
    assert!(message.message().contains("start code"), "{message}");
}

/// Encoded once, damaged often.
static SHORT: LazyLock<Vec<u8>> = LazyLock::new(|| clip(6, 5));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Nothing panics, and nothing takes memory for what is not there.
    #[test]
    fn damaged_files_are_read_or_refused(
        changes in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..12),
        cut in 0.3_f64..=1.0,
    ) {
        let mut file = SHORT.clone();
        let index = file.windows(4).position(|part| part == b"mdat").expect("a box");
        for (place, byte) in changes {
            file[(place * index as f64) as usize] = byte;
        }
        file.truncate((cut * file.len() as f64) as usize);
        if let Ok(movie) = Movie::read(&file) {
            prop_assert!(movie.frames() <= 2000);
            let _ = movie.check("video", &LIMITS);
            if movie.size().0.max(movie.size().1) <= 256 {
                let _ = movie.play(Duration::from_millis(100), on, |_, _| Ok(()));
            }
        }
    }
}
