//! The container (ISO/IEC 14496-12 and -15): one track of video, its index before its data.

use crate::{Clip, Sample};

/// A box of a kind.
fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut all = (length as u32).to_be_bytes().to_vec();
    all.extend(kind);
    parts.iter().for_each(|part| all.extend(*part));
    all
}

/// A box that begins with its version, 0, and flags.
fn full(kind: &[u8; 4], flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let flags = flags.to_be_bytes();
    let all: Vec<&[u8]> = std::iter::once(&flags[..]).chain(parts.iter().copied()).collect();
    boxed(kind, &all)
}

/// Numbers of 32 bits.
fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// 1 as a number with 16 binary places, and with 30.
const ONE: u32 = 0x1_0000;
const MATRIX: [u32; 9] = [ONE, 0, 0, 0, ONE, 0, 0, 0, 0x4000_0000];
/// Ticks of a frame.
const TICKS: u32 = 1000;

/// The file of a clip.
pub(crate) fn file(clip: &Clip) -> Vec<u8> {
    let kinds = boxed(b"ftyp", &[b"isom", &words(&[0x200]), b"isomiso2avc1mp41"]);
    // The index has one length, whatever the place that it names.
    let length = index(clip, 0).len();
    let start = kinds.len() + length + 8;
    let mut file = kinds;
    file.extend(index(clip, start as u32));
    let samples: Vec<&[u8]> = clip.samples.iter().map(|sample| &sample.bytes[..]).collect();
    file.extend(boxed(b"mdat", &samples));
    file
}

/// What is in the file; the first frame begins at `start`.
fn index(clip: &Clip, start: u32) -> Vec<u8> {
    let scale = clip.rate * TICKS;
    let duration = clip.samples.len() as u32 * TICKS;
    let (width, height) = clip.size;
    let movie = words(&[0, 0, scale, duration, ONE, 0x100_0000, 0, 0]);
    let movie = full(b"mvhd", 0, &[&movie, &words(&MATRIX), &words(&[0, 0, 0, 0, 0, 0, 2])]);
    // Enabled, in the movie and in its preview.
    let track = words(&[0, 0, 1, 0, duration, 0, 0, 0, 0]);
    let sides = words(&[width << 16, height << 16]);
    let track = full(b"tkhd", 7, &[&track, &words(&MATRIX), &sides]);
    // No language.
    let media = full(b"mdhd", 0, &[&words(&[0, 0, scale, duration, 0x55c4_0000])]);
    let handler = full(b"hdlr", 0, &[&words(&[0]), b"vide", &words(&[0, 0, 0]), b"video\0"]);
    let here = full(b"url ", 1, &[]);
    let data = boxed(b"dinf", &[&full(b"dref", 0, &[&words(&[1]), &here])]);
    let header = full(b"vmhd", 1, &[&[0; 8]]);
    let information = boxed(b"minf", &[&header, &data, &table(clip, start)]);
    let media = boxed(b"mdia", &[&media, &handler, &information]);
    boxed(b"moov", &[&movie, &boxed(b"trak", &[&track, &media])])
}

/// Where each frame lies, when it is shown, and how it is coded.
fn table(clip: &Clip, start: u32) -> Vec<u8> {
    let count = clip.samples.len() as u32;
    let keys = clip.samples.iter().zip(1..).filter(|(sample, _)| sample.key);
    let keys: Vec<u32> = keys.map(|(_, number)| number).collect();
    let length = |sample: &Sample| sample.bytes.len() as u32;
    let lengths: Vec<u32> = clip.samples.iter().map(length).collect();
    boxed(
        b"stbl",
        &[
            &full(b"stsd", 0, &[&words(&[1]), &entry(clip)]),
            &full(b"stts", 0, &[&words(&[1, count, TICKS])]),
            &full(b"stss", 0, &[&words(&[keys.len() as u32]), &words(&keys)]),
            // All in one chunk.
            &full(b"stsc", 0, &[&words(&[1, 1, count, 1])]),
            &full(b"stsz", 0, &[&words(&[0, count]), &words(&lengths)]),
            &full(b"stco", 0, &[&words(&[1, start])]),
        ],
    )
}

/// How frames are coded.
fn entry(clip: &Clip) -> Vec<u8> {
    let (width, height) = clip.size;
    let [sequence, picture] = &clip.parameters;
    let profile = sequence.get(1..4).unwrap_or(&[66, 0, 30]);
    let size = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
    // Lengths of four bytes; one set of each parameters.
    let coding = boxed(
        b"avcC",
        &[&[1], profile, &[0xff, 0xe1], &size(sequence), sequence, &[1], &size(picture), picture],
    );
    let mut fixed = vec![0; 6];
    fixed.extend([0, 1]);
    fixed.extend([0; 16]);
    fixed.extend((width as u16).to_be_bytes());
    fixed.extend((height as u16).to_be_bytes());
    // 72 dots an inch, one frame a sample, no name, 24 bits.
    fixed.extend(words(&[72 << 16, 72 << 16, 0]));
    fixed.extend([0, 1]);
    fixed.extend([0; 32]);
    fixed.extend([0, 24, 0xff, 0xff]);
    boxed(b"avc1", &[&fixed, &coding])
}
