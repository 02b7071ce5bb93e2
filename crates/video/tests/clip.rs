//! Clips, read by another parser and shown by the decoder.

use image::{Rgb, RgbImage};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use safelight_video::Clip;

const SIZE: (u32, u32) = (96, 64);

/// A disc that wanders.
fn frame(number: u32) -> RgbImage {
    let middle = (20.0 + 3.0 * number as f32, 32.0_f32);
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let far = (x as f32 - middle.0).hypot(y as f32 - middle.1);
        if far < 12.0 { Rgb([220, 90, 60]) } else { Rgb([40, 90, 2 * x as u8]) }
    })
}

fn clip() -> Vec<u8> {
    let mut clip = Clip::new(SIZE, 24).expect("starts");
    (0..18).for_each(|number| clip.push(&frame(number)).expect("encodes"));
    clip.finish().expect("a file")
}

/// The frames of a file as another crate finds and decodes them.
fn decoded(file: &[u8]) -> Vec<RgbImage> {
    let movie = re_mp4::Mp4::read_bytes(file).expect("an MP4");
    let track = movie.tracks().values().next().expect("a track");
    let entry = &track.trak(&movie).mdia.minf.stbl.stsd.contents;
    let re_mp4::StsdBoxContent::Avc1(entry) = entry else { panic!("no H.264: {entry:?}") };
    let mut decoder = Decoder::new().expect("starts");
    let mut stream: Vec<u8> = vec![];
    for unit in entry.avcc.sequence_parameter_sets.iter().chain(&entry.avcc.picture_parameter_sets)
    {
        stream.extend([0, 0, 0, 1]);
        stream.extend(&unit.bytes);
    }
    let mut frames = vec![];
    for sample in &track.samples {
        let mut bytes = &file[sample.offset as usize..][..sample.size as usize];
        while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
            let (unit, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
            stream.extend([0, 0, 0, 1]);
            stream.extend(unit);
            bytes = rest;
        }
        let found = decoder.decode(&std::mem::take(&mut stream)).expect("decodes");
        let yuv = found.expect("a frame");
        let (width, height) = yuv.dimensions();
        let mut pixels = vec![0; width * height * 3];
        yuv.write_rgb8(&mut pixels);
        frames.push(RgbImage::from_raw(width as u32, height as u32, pixels).expect("a frame"));
    }
    frames
}

fn difference(one: &RgbImage, two: &RgbImage) -> f64 {
    let sum: f64 = one.iter().zip(two.iter()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / one.len() as f64
}

#[test]
fn clips_show_their_frames_again() {
    let file = clip();
    let frames = decoded(&file);
    assert_eq!(frames.len(), 18);
    for (shown, number) in frames.iter().zip(0..) {
        assert_eq!(shown.dimensions(), SIZE);
        let own = difference(shown, &frame(number));
        assert!(own < 8.0, "frame {number} differs by {own}");
        // Another frame is further away.
        assert!(difference(shown, &frame(number + 9)) > 1.5 * own, "frame {number}");
    }
    assert_eq!(file, clip(), "the same frames give the same file");
    // The index comes first.
    let at = |kind: &[u8]| file.windows(4).position(|part| part == kind).expect("a box");
    assert!(at(b"moov") < at(b"mdat"));
}

#[test]
fn frames_of_another_size_are_refused() {
    let mut clip = Clip::new(SIZE, 24).expect("starts");
    assert!(clip.push(&RgbImage::new(96, 66)).is_err());
}
