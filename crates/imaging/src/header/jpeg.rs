//! JPEG (ITU-T T.81, JFIF, Adobe's APP14; ICC.1 annex B.4 for profiles).

use std::ops::Range;

use safelight_contract::Result;

use super::{ColorModel, Orientation, Stored, be16, broken, exif, unsupported};
use crate::Format;

/// A marker segment: its code and where its payload lies (without marker and length).
pub(crate) struct Segment {
    pub(crate) marker: u8,
    /// Where the marker's 0xFF lies.
    pub(crate) start: usize,
    pub(crate) payload: Range<usize>,
}

/// Walks the segments between SOI and the first scan's data; the last one is SOS.
pub(crate) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

pub(crate) const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;

/// The segments of a file that starts with SOI.
pub(crate) fn segments(bytes: &[u8]) -> Segments<'_> {
    Segments { bytes, at: 2, done: false }
}

impl Segments<'_> {
    fn step(&mut self) -> Result<Segment> {
        loop {
            // Fill bytes and stray bytes between segments are passed over, as all decoders do.
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(skip) =
                rest.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff))
            else {
                return Err(broken("the JPEG ends before its pixels"));
            };
            let start = self.at + skip;
            let marker = self.bytes[start + 1];
            match marker {
                // Markers without a payload.
                0x01 | 0xd0..=0xd8 => self.at = start + 2,
                EOI => return Err(broken("the JPEG ends before its pixels")),
                _ => {
                    let end = be16(self.bytes, start + 2)
                        .map(|length| start + 2 + usize::from(length))
                        .filter(|&end| end >= start + 4 && end <= self.bytes.len())
                        .ok_or_else(|| {
                            broken(format!("the JPEG is cut off in its segment 0xFF{marker:02X}"))
                        })?;
                    self.at = end;
                    self.done = marker == SOS;
                    return Ok(Segment { marker, start, payload: start + 4..end });
                }
            }
        }
    }
}

impl Iterator for Segments<'_> {
    type Item = Result<Segment>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step();
        self.done |= step.is_err();
        Some(step)
    }
}

/// Prefix of the APP2 segments that hold a piece of an ICC profile.
pub(crate) const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";

/// Start of frame.
struct Frame {
    progressive: bool,
    width: u16,
    height: u16,
    /// Sampling factors (horizontal, vertical).
    sampling: [(u8, u8); 4],
    components: usize,
}

impl Frame {
    fn read(marker: u8, payload: &[u8]) -> Result<Self> {
        let cut = || broken("the JPEG's frame header is cut off");
        let precision = *payload.first().ok_or_else(cut)?;
        let height = be16(payload, 1).ok_or_else(cut)?;
        let width = be16(payload, 3).ok_or_else(cut)?;
        let components = usize::from(*payload.get(5).ok_or_else(cut)?);
        if precision != 8 {
            return Err(unsupported(format!(
                "the JPEG has {precision} bits per channel; only those with 8 are read"
            )));
        }
        if width == 0 || height == 0 {
            return Err(broken(format!("the JPEG claims {width}×{height} pixels")));
        }
        if !matches!(components, 1 | 3 | 4) {
            return Err(unsupported(format!(
                "the JPEG has {components} channels; only those with 1, 3 or 4 are read"
            )));
        }
        if payload.len() != 6 + 3 * components {
            return Err(broken("the JPEG's frame header has a wrong length"));
        }
        let mut sampling = [(1, 1); 4];
        for (factor, component) in sampling.iter_mut().zip(payload[6..].chunks_exact(3)) {
            *factor = (component[1] >> 4, component[1] & 15);
            if !(1..=4).contains(&factor.0) || !(1..=4).contains(&factor.1) {
                return Err(broken(format!(
                    "the JPEG has a sampling factor of {}×{}, allowed are 1 to 4",
                    factor.0, factor.1
                )));
            }
        }
        Ok(Self { progressive: marker == 0xc2, width, height, sampling, components })
    }

    fn factors(&self) -> &[(u8, u8)] {
        &self.sampling[..self.components]
    }

    fn max_sampling(&self) -> (u64, u64) {
        self.factors()
            .iter()
            .fold((1, 1), |max, f| (max.0.max(u64::from(f.0)), max.1.max(u64::from(f.1))))
    }

    /// 8×8 blocks that the scans hold, padding to whole MCUs included or not.
    fn blocks(&self, padded: bool) -> u64 {
        let (h, v) = self.max_sampling();
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let mcus = (width.div_ceil(8 * h), height.div_ceil(8 * v));
        self.factors()
            .iter()
            .map(|f| {
                let f = (u64::from(f.0), u64::from(f.1));
                if padded {
                    mcus.0 * f.0 * mcus.1 * f.1
                } else {
                    (width * f.0).div_ceil(8 * h) * (height * f.1).div_ceil(8 * v)
                }
            })
            .sum()
    }

    /// Peak bytes of decoding into 8-bit channels, as measured for `zune-jpeg`: the result, a few
    /// rows of MCUs as 16-bit samples, and all coefficients where the scans come apart.
    fn peak(&self, whole: bool) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let (h, v) = self.max_sampling();
        let row = u64::from(self.width).next_multiple_of(8 * h) * 8 * v * self.components as u64;
        let coefficients = if whole { self.blocks(true) * 64 * 2 } else { 0 };
        pixels * if self.components == 3 { 3 } else { 4 } + row * 12 + coefficients
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Stored> {
    let mut frame: Option<Frame> = None;
    let mut orientation = None;
    let (mut metadata, mut profile) = (0u64, 0u64);
    for segment in segments(bytes) {
        let Segment { marker, payload, .. } = segment?;
        let payload = &bytes[payload];
        match marker {
            0xc0..=0xc2 if frame.is_some() => {
                return Err(broken("the JPEG has more than one frame header"));
            }
            0xc0..=0xc2 => frame = Some(Frame::read(marker, payload)?),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let kind = match marker {
                    0xc3 | 0xc7 | 0xcb | 0xcf => "lossless",
                    0xc5 | 0xc6 => "hierarchical",
                    _ => "arithmetic",
                };
                return Err(unsupported(format!(
                    "the JPEG uses {kind} coding; only baseline and progressive ones are read"
                )));
            }
            0xe1 if orientation.is_none() && payload.starts_with(b"Exif\0\0") => {
                orientation = Some(exif::orientation(payload));
                metadata += payload.len() as u64;
            }
            0xe2 if payload.starts_with(ICC_PREFIX) => {
                profile += payload.len() as u64;
                metadata += payload.len() as u64;
            }
            0xe1 | 0xe2 | 0xed => metadata += payload.len() as u64,
            SOS => {
                let frame = frame.ok_or_else(|| broken("the JPEG has no frame header"))?;
                return stored(bytes, &frame, payload, orientation, metadata, profile);
            }
            _ => {}
        }
    }
    Err(broken("the JPEG ends before its pixels"))
}

fn stored(
    bytes: &[u8],
    frame: &Frame,
    scan: &[u8],
    orientation: Option<Orientation>,
    metadata: u64,
    profile: u64,
) -> Result<Stored> {
    // Each block takes at least a bit for its DC and, where scans are sequential, one for its AC.
    let least = frame.blocks(false) * if frame.progressive { 1 } else { 2 } / 8;
    if least > bytes.len() as u64 {
        return Err(broken(format!(
            "the JPEG claims {}×{} pixels, which its {} bytes cannot hold",
            frame.width,
            frame.height,
            bytes.len()
        )));
    }
    let in_scan = usize::from(*scan.first().unwrap_or(&0));
    let whole = frame.progressive || in_scan < frame.components;
    let color = match frame.components {
        1 => ColorModel::Gray,
        3 => ColorModel::Rgb,
        _ => ColorModel::Cmyk,
    };
    // The decoder copies EXIF, XMP, IPTC and ICC; pieces of extended XMP twice.
    let extra = metadata * 2 + super::profile_bytes(profile, color);
    Ok(Stored {
        format: Format::Jpeg,
        width: frame.width.into(),
        height: frame.height.into(),
        orientation: orientation.unwrap_or_default(),
        color,
        bits: 8,
        alpha: false,
        progressive: whole,
        peak: frame.peak(whole) + extra,
    })
}

/// Checks that the scans which start at `at` are ended by EOI, and that it ends them indeed. The
/// decoder fills up what is missing with gray, so this is where a file that was cut off, or whose
/// damage happens to read as EOI, is found out.
pub(crate) fn check_end(bytes: &[u8], at: usize) -> Result<()> {
    let mut rest = bytes.get(at..).unwrap_or_default();
    while let Some(next) = memchr::memchr(0xff, rest) {
        rest = &rest[next + 1..];
        match rest.first() {
            Some(&EOI) if is_scan(&rest[1..]) => {
                return Err(broken("the JPEG is corrupt: an end marker lies within its pixels"));
            }
            Some(&EOI) => return Ok(()),
            // A stuffed zero, a restart, a fill byte: still the same scan.
            None | Some(0 | 0x01 | 0xd0..=0xd8 | 0xff) => {}
            Some(_) => {
                let length = be16(rest, 1).map_or(rest.len(), |length| 1 + usize::from(length));
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }
    Err(broken("the JPEG is truncated: its end marker is missing"))
}

/// Whether bytes look like the rest of a scan: in one, nothing but a zero or a restart follows
/// 0xFF until EOI. What others append to a JPEG (previews, videos) does not keep to that for long.
fn is_scan(mut rest: &[u8]) -> bool {
    const ENOUGH: usize = 6;
    for seen in 0..ENOUGH {
        let Some(next) = memchr::memchr(0xff, rest) else { return false };
        rest = &rest[next + 1..];
        match rest.first() {
            Some(0 | 0xd0..=0xd7) => {}
            Some(&EOI) => return seen > 1,
            _ => return false,
        }
    }
    true
}
