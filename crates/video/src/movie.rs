//! The track of video of an MP4 that somebody sent. Nothing in the file is trusted: every length and count
//! is checked against what is there before memory is taken for it. Fragmented files are not read.

use std::time::Duration;

use image::RgbImage;
use memchr::memmem;
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use safelight_contract::{Code, Fault, Result};

use crate::boxes::{Fields, boxes, find, find_path};
use crate::parameters::Parameters;

/// Most frames of a file.
const MOST_FRAMES: usize = 2_000;
/// Most tracks and other boxes side by side.
pub(crate) const MOST_BOXES: usize = 200;

/// Most slices of a frame: one for each row of macroblocks of the largest.
const MOST_SLICES: usize = 256;

/// A frame in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    start: usize,
    length: usize,
    /// When it is shown, in ticks.
    at: i64,
}

/// The track of video of a file, its index read, no frame decoded.
pub struct Movie<'a> {
    file: &'a [u8],
    /// How often the picture must be turned by 90 degrees clockwise to stand upright.
    turns: u8,
    scale: u32,
    duration: u64,
    places: Vec<Place>,
    /// Bytes of the length before each unit.
    length_bytes: usize,
    /// Units of parameters, each behind a start code.
    head: Vec<u8>,
    parameters: Parameters,
}

/// What a video may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Least and longest time.
    pub seconds: (f64, f64),
    /// Least frames of a second, in the mean.
    pub rate: f64,
    /// Most pixels of the longer side.
    pub side: u32,
}

fn damaged(what: &str) -> Fault {
    Fault::new(Code::FileDecodingFailure, format!("the video is damaged: {what}"))
}

fn unsupported(what: &str) -> Fault {
    Fault::new(Code::UnsupportedFileTypes, format!("{what}; an MP4 with H.264 is needed"))
}

impl<'a> Movie<'a> {
    /// Reads the index of a file.
    ///
    /// # Errors
    /// `UNSUPPORTED_FILE_TYPES` for another container, a fragmented file and another codec,
    /// `ERROR_INVALID_FILE` without a track of video, `FILE_DECODING_FAILURE` for a damaged index.
    pub fn read(file: &'a [u8]) -> Result<Self> {
        if file.get(4..8) != Some(b"ftyp") {
            return Err(unsupported("the file is no MP4"));
        }
        let movie = find(file, b"moov").ok_or_else(|| damaged("it has no index"))?;
        if find(movie, b"mvex").is_some() {
            return Err(unsupported("the MP4 is fragmented"));
        }
        let tracks = boxes(movie).filter(|(kind, _)| kind == b"trak").map(|(_, track)| track);
        let is_video = |track: &&[u8]| {
            let handler = find_path(track, &[b"mdia", b"hdlr"]);
            handler.and_then(|handler| handler.get(8..12)) == Some(b"vide")
        };
        let track = tracks.take(MOST_BOXES).find(is_video);
        let no_video = || Fault::new(Code::InvalidFile, "the MP4 has no track of video");
        Self::of_track(file, track.ok_or_else(no_video)?)
    }

    fn of_track(file: &'a [u8], track: &[u8]) -> Result<Self> {
        let missing = |what: &str| damaged(&format!("it has no {what}"));
        let media = find(track, b"mdia").ok_or_else(|| missing("media"))?;
        let header = find(media, b"mdhd").ok_or_else(|| missing("clock"))?;
        let scale = scale(header).ok_or_else(|| damaged("its clock"))?;
        let table = find_path(media, &[b"minf", b"stbl"]).ok_or_else(|| missing("table"))?;
        let description = find(table, b"stsd").ok_or_else(|| missing("description"))?;
        let coding = coding(description)?;
        let parameters = Parameters::read(coding.units.iter().copied())?;
        let (places, duration) = places(table, file.len())?;
        if places.is_empty() {
            return Err(Fault::new(Code::InvalidFile, "the MP4 has no frames"));
        }
        let mut head = Vec::new();
        for unit in &coding.units {
            if is_slice(unit) {
                return Err(damaged("a frame among its parameters"));
            }
            append_unit(unit, &mut head)?;
        }
        let turns = find(track, b"tkhd").and_then(turns).unwrap_or(0);
        let length_bytes = coding.length_bytes;
        Ok(Self { file, turns, scale, duration, places, length_bytes, head, parameters })
    }

    /// How long it lasts.
    pub fn seconds(&self) -> f64 {
        self.duration as f64 / f64::from(self.scale)
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.places.len()
    }

    /// Width and height in pixels, as it is shown.
    pub fn size(&self) -> (u32, u32) {
        let (width, height) = self.parameters.size;
        if self.turns % 2 == 1 { (height, width) } else { (width, height) }
    }

    /// Checks what its index says; `name` is the field's.
    ///
    /// # Errors
    /// `ERROR_INVALID_FILE` for too short a video, `ERROR_VIDEO_DURATION_EXCEEDED` for too long a one,
    /// `FILE_CONTENT_NON_COMPLIANCE` for too few frames, `ERROR_HIGH_RESOLUTION` for too large ones.
    pub fn check(&self, name: &str, limits: &Limits) -> Result<()> {
        let (seconds, (least, most)) = (self.seconds(), limits.seconds);
        if seconds < least {
            let message = format!("{name} lasts {seconds:.1} s, the least is {least} s");
            return Err(Fault::new(Code::InvalidFile, message));
        }
        if seconds > most {
            let message = format!("{name} lasts {seconds:.1} s, the limit is {most} s");
            return Err(Fault::new(Code::VideoDurationExceeded, message));
        }
        let rate = self.frames() as f64 / seconds;
        if rate < limits.rate {
            let least = limits.rate;
            let message = format!("{name} has {rate:.1} frames a second, the least is {least}");
            return Err(Fault::new(Code::FileContentNonCompliance, message));
        }
        let (width, height) = self.size();
        if width.max(height) > limits.side {
            let side = limits.side;
            let message =
                format!("{name} has {width}×{height} px, the longer side may have {side}");
            return Err(Fault::new(Code::HighResolution, message));
        }
        // Memory is taken for what is decoded, however little of it is shown.
        let (width, height) = self.parameters.coded;
        if width.max(height) > limits.side.next_multiple_of(16) {
            let message = format!("{name} is coded as {width}×{height} px, more than it shows");
            return Err(Fault::new(Code::HighResolution, message));
        }
        Ok(())
    }

    /// Decodes the video and calls `show` with the time in seconds and the picture of frames at least
    /// `apart` from each other, in the order of time. Before each frame of the file it asks `proceed`.
    ///
    /// # Errors
    /// `FILE_DECODING_FAILURE` for damaged frames; those of `proceed` and `show`.
    pub fn play(
        &self,
        apart: Duration,
        proceed: impl Fn() -> Result<()>,
        mut show: impl FnMut(f64, RgbImage) -> Result<()>,
    ) -> Result<()> {
        let failed = |error: openh264::Error| damaged(&error.to_string());
        let mut decoder = Decoder::new().map_err(failed)?;
        // Frames come out in the order of time, whatever order they lie in.
        let mut times: Vec<i64> = self.places.iter().map(|place| place.at).collect();
        times.sort_unstable();
        let first = times.first().copied().unwrap_or_default();
        let seconds = |at: i64| (at - first) as f64 / f64::from(self.scale);
        let mut times = times.into_iter().map(seconds);
        let mut next = 0.0;
        let mut shown = 0;
        let mut one = |picture: &dyn YUVSource, rgb: &dyn Fn(&mut [u8])| -> Result<()> {
            let (width, height) = picture.dimensions();
            let size = self.parameters.size;
            if (width as u64, height as u64) != (u64::from(size.0), u64::from(size.1)) {
                return Err(damaged("a frame has another size than its parameters say"));
            }
            let at = times.next().unwrap_or_default();
            shown += 1;
            // A little early is in time: ticks are rounded.
            if at + 1e-3 < next {
                return Ok(());
            }
            next = at + apart.as_secs_f64();
            let mut pixels = vec![0; width * height * 3];
            rgb(&mut pixels);
            let picture = RgbImage::from_raw(width as u32, height as u32, pixels);
            show(at, self.upright(picture.ok_or_else(|| damaged("a frame"))?))
        };
        let mut stream = self.head.clone();
        for place in &self.places {
            proceed()?;
            self.append(place, &mut stream)?;
            if let Some(yuv) = decoder.decode(&stream).map_err(failed)? {
                one(&yuv, &|pixels| yuv.write_rgb8(pixels))?;
            }
            stream.clear();
        }
        for yuv in decoder.flush_remaining().map_err(failed)? {
            one(&yuv, &|pixels| yuv.write_rgb8(pixels))?;
        }
        if shown == 0 {
            return Err(damaged("no frame can be decoded"));
        }
        Ok(())
    }

    /// Appends the units of a frame, each behind a start code. Parameters of another size are refused, and
    /// so is what holds several frames: the decoder would decode them all before it is asked to stop.
    fn append(&self, place: &Place, stream: &mut Vec<u8>) -> Result<()> {
        let (mut slices, mut firsts) = (0, 0);
        let mut rest = &self.file[place.start..place.start + place.length];
        while !rest.is_empty() {
            let length = rest.get(..self.length_bytes).ok_or_else(|| damaged("a unit's length"))?;
            let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            rest = &rest[self.length_bytes..];
            let (unit, after) =
                rest.split_at_checked(length).ok_or_else(|| damaged("a unit is cut off"))?;
            rest = after;
            if Parameters::is_sequence(unit) && Parameters::of(unit)? != self.parameters {
                return Err(damaged("its size changes"));
            }
            if is_slice(unit) {
                slices += 1;
                firsts += usize::from(is_first(unit));
            }
            if slices > MOST_SLICES || firsts > 1 {
                return Err(damaged("a frame is several"));
            }
            append_unit(unit, stream)?;
        }
        Ok(())
    }

    fn upright(&self, picture: RgbImage) -> RgbImage {
        use image::imageops::{rotate90, rotate180, rotate270};
        match self.turns {
            1 => rotate90(&picture),
            2 => rotate180(&picture),
            3 => rotate270(&picture),
            _ => picture,
        }
    }
}

/// Whether a unit is a slice of a frame (ISO/IEC 14496-10, table 7-1).
fn is_slice(unit: &[u8]) -> bool {
    unit.first().is_some_and(|head| matches!(head & 0x1f, 1..=5 | 19 | 20))
}

/// Whether a slice begins with the first macroblock of a frame: its first number is 0, which is written as a
/// bit that is set.
fn is_first(slice: &[u8]) -> bool {
    slice.get(1).is_some_and(|byte| byte & 0x80 != 0)
}

/// Appends a unit behind a start code. One that holds such a code would be several to the decoder, and
/// only the first of them would have been looked at.
fn append_unit(unit: &[u8], stream: &mut Vec<u8>) -> Result<()> {
    let parted = [[0, 0, 0], [0, 0, 1]].iter().any(|code| memmem::find(unit, code).is_some());
    if parted {
        return Err(damaged("a unit holds a start code"));
    }
    stream.extend([0, 0, 0, 1]);
    stream.extend(unit);
    Ok(())
}

/// Ticks of a second.
fn scale(header: &[u8]) -> Option<u32> {
    let mut fields = Fields(header);
    let version = fields.u32()? >> 24;
    fields.skip(if version == 1 { 16 } else { 8 })?;
    fields.u32().filter(|scale| *scale > 0)
}

/// The quarter turns of a track's matrix.
fn turns(header: &[u8]) -> Option<u8> {
    let version = header.first()?;
    // Flags, times, number, reserved, duration, reserved, layer, group, volume, reserved.
    let mut fields = Fields(header);
    fields.skip(if *version == 1 { 52 } else { 40 })?;
    let mut matrix = [0; 5];
    for number in &mut matrix {
        *number = fields.u32()?.cast_signed() >> 16;
    }
    let [a, b, _, c, d] = matrix;
    Some(match (a, b, c, d) {
        (0, 1, -1, 0) => 1,
        (-1, 0, 0, -1) => 2,
        (0, -1, 1, 0) => 3,
        _ => 0,
    })
}

/// How frames are coded.
struct Coding<'a> {
    length_bytes: usize,
    units: Vec<&'a [u8]>,
}

fn coding(description: &[u8]) -> Result<Coding<'_>> {
    let entries = description.get(8..).ok_or_else(|| damaged("its description"))?;
    let (kind, entry) = boxes(entries).next().ok_or_else(|| damaged("its description"))?;
    if kind != *b"avc1" && kind != *b"avc3" {
        let kind = String::from_utf8_lossy(&kind).into_owned();
        return Err(unsupported(&format!("the video is coded as {}", kind.escape_debug())));
    }
    let inside = entry.get(78..).ok_or_else(|| damaged("its description"))?;
    let set = find(inside, b"avcC").ok_or_else(|| damaged("it has no parameters"))?;
    read_set(set).ok_or_else(|| damaged("its parameters"))
}

/// The parameters of ISO/IEC 14496-15.
fn read_set(set: &[u8]) -> Option<Coding<'_>> {
    let mut fields = Fields(set);
    fields.skip(4)?;
    let length_bytes = usize::from(fields.u8()? & 3) + 1;
    let mut units = Vec::new();
    let sequences = fields.u8()? & 0x1f;
    for _ in 0..sequences {
        let length = fields.u16()?;
        units.push(fields.take(usize::from(length))?);
    }
    let pictures = fields.u8()?;
    for _ in 0..pictures {
        let length = fields.u16()?;
        units.push(fields.take(usize::from(length))?);
    }
    (length_bytes != 3).then_some(Coding { length_bytes, units })
}

/// Where the frames lie in a file of so many bytes, in the order that they lie in, and how many ticks they
/// last. No byte may belong to two frames: a file has no more of them than bytes.
fn places(table: &[u8], end: usize) -> Result<(Vec<Place>, u64)> {
    let wrong = || damaged("its table of frames");
    let lengths = lengths(find(table, b"stsz").ok_or_else(wrong)?)?;
    if lengths.iter().fold(0_usize, |sum, length| sum.saturating_add(*length)) > end {
        return Err(damaged("its frames are larger than the file"));
    }
    let (times, duration) = sample_times(table, lengths.len()).ok_or_else(wrong)?;
    let chunks = chunks(table).ok_or_else(wrong)?;
    let runs = runs(find(table, b"stsc").ok_or_else(wrong)?).ok_or_else(wrong)?;
    let mut places = Vec::with_capacity(lengths.len());
    let mut frames = lengths.into_iter().zip(times);
    let mut left = frames.len();
    for (number, chunk) in (1_u64..).zip(chunks) {
        let run = runs.iter().rev().find(|(first, _)| *first <= number).ok_or_else(wrong)?;
        let mut start = chunk;
        for _ in 0..run.1.min(left as u64) {
            let Some((length, at)) = frames.next() else { break };
            left -= 1;
            let stop = start.checked_add(length as u64).filter(|stop| *stop <= end as u64);
            let stop = stop.ok_or_else(|| damaged("a frame lies outside of the file"))?;
            places.push(Place { start: start as usize, length, at });
            start = stop;
        }
        if left == 0 {
            return Ok((places, duration));
        }
    }
    Err(wrong())
}

/// The length of each frame.
fn lengths(sizes: &[u8]) -> Result<Vec<usize>> {
    let wrong = || damaged("its table of lengths");
    let mut fields = Fields(sizes);
    fields.skip(4).ok_or_else(wrong)?;
    let all = fields.u32().ok_or_else(wrong)?;
    let count = fields.u32().ok_or_else(wrong)? as usize;
    if count > MOST_FRAMES {
        let message = format!("the video has {count} frames, the limit is {MOST_FRAMES}");
        return Err(Fault::new(Code::VideoDurationExceeded, message));
    }
    if all > 0 {
        return Ok(vec![all as usize; count]);
    }
    let lengths = (0..count).map(|_| fields.u32().map(|length| length as usize));
    lengths.collect::<Option<_>>().ok_or_else(wrong)
}

/// When each frame is shown, and how long all last, in ticks.
fn sample_times(table: &[u8], count: usize) -> Option<(Vec<i64>, u64)> {
    let mut steps = runs_of_two(find(table, b"stts")?)?.into_iter();
    let mut times = Vec::with_capacity(count);
    let (mut at, mut left, mut step) = (0_i64, 0, 0);
    while times.len() < count {
        if left == 0 {
            (left, step) = steps.next()?;
            continue;
        }
        times.push(at);
        at = at.checked_add(i64::from(step))?;
        left -= 1;
    }
    let duration = at.unsigned_abs();
    let Some(shifts) = find(table, b"ctts") else { return Some((times, duration)) };
    let shifts = runs_of_two(shifts)?;
    let mut all = shifts.into_iter().flat_map(|(count, shift)| {
        std::iter::repeat_n(shift.cast_signed(), (count as usize).min(MOST_FRAMES))
    });
    for time in &mut times {
        *time = time.checked_add(i64::from(all.next()?))?;
    }
    Some((times, duration))
}

/// Entries of two numbers.
fn runs_of_two(table: &[u8]) -> Option<Vec<(u32, u32)>> {
    let mut fields = Fields(table);
    fields.skip(4)?;
    let count = fields.u32()?;
    // There is no use in more entries than frames.
    (0..count.min(MOST_FRAMES as u32)).map(|_| Some((fields.u32()?, fields.u32()?))).collect()
}

/// Where each chunk begins.
fn chunks(table: &[u8]) -> Option<Vec<u64>> {
    let (mut fields, is_long) = match find(table, b"stco") {
        Some(chunks) => (Fields(chunks), false),
        None => (Fields(find(table, b"co64")?), true),
    };
    fields.skip(4)?;
    let count = fields.u32()?.min(MOST_FRAMES as u32);
    let place = |_| if is_long { fields.u64() } else { fields.u32().map(u64::from) };
    (0..count).map(place).collect()
}

/// First chunk of each run, and the frames of each of its chunks.
fn runs(table: &[u8]) -> Option<Vec<(u64, u64)>> {
    let mut fields = Fields(table);
    fields.skip(4)?;
    let count = fields.u32()?.min(MOST_FRAMES as u32);
    let run = |_| {
        let (first, frames) = (fields.u32()?, fields.u32()?);
        fields.skip(4)?;
        Some((u64::from(first), u64::from(frames)))
    };
    (0..count).map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clip;

    #[test]
    fn what_is_decoded_counts_not_what_is_shown() {
        let mut clip = Clip::new((96, 64), 10).expect("starts");
        for _ in 0..20 {
            clip.push(&RgbImage::new(96, 64)).expect("encodes");
        }
        let file = clip.finish().expect("a file");
        let mut movie = Movie::read(&file).expect("an MP4");
        let limits = Limits { seconds: (1.0, 10.0), rate: 5.0, side: 96 };
        assert_eq!(movie.check("video", &limits), Ok(()));
        movie.parameters.coded.0 += 16;
        let fault = movie.check("video", &limits).expect_err("refused");
        assert_eq!(fault.code(), Code::HighResolution);
    }
}
