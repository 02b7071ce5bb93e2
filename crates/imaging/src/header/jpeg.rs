//! JPEG (ITU-T T.81, JFIF, Adobe's APP14; ICC.1 annex B.4 for profiles).

use std::ops::Range;

use safelight_contract::{Fault, Result};

use super::{ColorModel, Orientation, Stored, be16, broken, exif, unsupported};
use crate::Format;

/// A marker segment: its code and where its payload lies (without marker and length).
pub(crate) struct Segment {
    pub(crate) marker: u8,
    pub(crate) payload: Range<usize>,
}

/// The next segment at or behind `at`, or `None` at the end marker. Stray bytes, the data of a scan
/// and restart markers are passed over.
///
/// # Errors
/// Fails where the file ends first.
pub(crate) fn next_segment(bytes: &[u8], mut at: usize) -> Result<Option<Segment>> {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let next = memchr::memchr_iter(0xff, rest)
            .find(|&i| rest.get(i + 1).is_some_and(|code| !matches!(code, 0 | 0xff)))
            .ok_or_else(ends_early)?;
        let start = at + next;
        match bytes[start + 1] {
            // Markers without a payload.
            0x01 | 0xd0..=0xd8 => at = start + 2,
            EOI => return Ok(None),
            marker => {
                let end = be16(bytes, start + 2)
                    .map(|length| start + 2 + usize::from(length))
                    .filter(|&end| end >= start + 4 && end <= bytes.len());
                let end = end.ok_or_else(|| {
                    broken(format!("the JPEG is cut off in its segment 0xFF{marker:02X}"))
                })?;
                return Ok(Some(Segment { marker, payload: start + 4..end }));
            }
        }
    }
}

fn ends_early() -> Fault {
    broken("the JPEG ends before its pixels")
}

/// The segments of a file that starts with SOI, up to the first scan.
pub(crate) fn segments(bytes: &[u8]) -> impl Iterator<Item = Result<Segment>> + '_ {
    let mut at = Some(2);
    std::iter::from_fn(move || {
        let segment = next_segment(bytes, at?).and_then(|found| found.ok_or_else(ends_early));
        at = match &segment {
            Ok(segment) if segment.marker != SOS => Some(segment.payload.end),
            _ => None,
        };
        Some(segment)
    })
}

pub(crate) const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;

/// Prefix of the APP2 segments that hold a piece of an ICC profile.
pub(crate) const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";

/// A component of a frame.
#[derive(Clone, Copy, Default)]
pub(crate) struct Component {
    pub(crate) id: u8,
    /// Sampling factors, 1 to 4.
    h: u8,
    v: u8,
    /// Which quantisation table it uses.
    pub(crate) table: u8,
}

impl Component {
    /// Sampling factors, horizontal and vertical.
    pub(crate) fn sampling(&self) -> (usize, usize) {
        (self.h.into(), self.v.into())
    }
}

/// Start of frame.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) progressive: bool,
    pub(crate) width: u16,
    pub(crate) height: u16,
    components: [Component; 4],
    count: usize,
}

impl Frame {
    pub(crate) fn read(marker: u8, payload: &[u8]) -> Result<Self> {
        let cut = || broken("the JPEG's frame header is cut off");
        let precision = *payload.first().ok_or_else(cut)?;
        let height = be16(payload, 1).ok_or_else(cut)?;
        let width = be16(payload, 3).ok_or_else(cut)?;
        let count = usize::from(*payload.get(5).ok_or_else(cut)?);
        if precision != 8 {
            return Err(unsupported(format!(
                "the JPEG has {precision} bits per channel; only those with 8 are read"
            )));
        }
        if width == 0 || height == 0 {
            return Err(broken(format!("the JPEG claims {width}×{height} pixels")));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported(format!(
                "the JPEG has {count} channels; only those with 1, 3 or 4 are read"
            )));
        }
        if payload.len() != 6 + 3 * count {
            return Err(broken("the JPEG's frame header has a wrong length"));
        }
        let mut components = [Component::default(); 4];
        for (component, field) in components.iter_mut().zip(payload[6..].chunks_exact(3)) {
            let (h, v) = (field[1] >> 4, field[1] & 15);
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err(broken(format!(
                    "the JPEG has a sampling factor of {h}×{v}, allowed are 1 to 4"
                )));
            }
            // Of a single component the factors say nothing (T.81, A.2.2).
            let (h, v) = if count == 1 { (1, 1) } else { (h, v) };
            *component = Component { id: field[0], h, v, table: field[2] };
        }
        Ok(Self { progressive: marker == 0xc2, width, height, components, count })
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.components[..self.count]
    }

    /// The largest sampling factors, horizontal and vertical.
    pub(crate) fn max_sampling(&self) -> (usize, usize) {
        let factors = self.components().iter().map(Component::sampling);
        factors.fold((1, 1), |max, f| (max.0.max(f.0), max.1.max(f.1)))
    }

    /// MCUs of a scan of all components: in a row, and rows.
    pub(crate) fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.max_sampling();
        (usize::from(self.width).div_ceil(8 * h), usize::from(self.height).div_ceil(8 * v))
    }

    /// 8×8 blocks of a component, padded to whole MCUs: in a row, and rows.
    pub(crate) fn padded_blocks(&self, component: usize) -> (usize, usize) {
        let (mcus, (h, v)) = (self.mcus(), self.components[component].sampling());
        (mcus.0 * h, mcus.1 * v)
    }

    /// 8×8 blocks of a component in a scan of its own: in a row, and rows.
    pub(crate) fn blocks(&self, component: usize) -> (usize, usize) {
        let (most, (h, v)) = (self.max_sampling(), self.components[component].sampling());
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        ((width * h).div_ceil(8 * most.0), (height * v).div_ceil(8 * most.1))
    }

    /// Blocks of all components.
    fn all_blocks(&self, of: impl Fn(&Self, usize) -> (usize, usize)) -> u64 {
        (0..self.count).map(|c| of(self, c)).map(|(columns, rows)| (columns * rows) as u64).sum()
    }

    /// Peak bytes of decoding into 8-bit channels. What is allocated by something else than pixels is
    /// bounded or counted: Huffman and quantisation tables have a fixed number, other segments are
    /// not copied but for a profile, which is counted apart, and the coefficients of all blocks are
    /// kept only where scans come apart.
    fn peak(&self, whole: bool) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let (h, _) = self.max_sampling();
        // Samples of a row of MCUs and one row more, a row of pixels, sums of half a row.
        let row = |c: usize| {
            let v = self.components[c].sampling().1;
            self.padded_blocks(c).0 * 8 * (8 * v + 1) + self.mcus().0 * 8 * h * 2 + 16
        };
        let rows: usize = (0..self.count).map(row).sum();
        let coefficients = if whole { self.all_blocks(Self::padded_blocks) * 64 * 2 } else { 0 };
        pixels * if self.count == 4 { 4 } else { 3 } + rows as u64 + coefficients
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Stored> {
    let mut frame: Option<Frame> = None;
    let mut orientation = None;
    let mut profile = 0;
    for segment in segments(bytes) {
        let Segment { marker, payload } = segment?;
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
            0xf7 => {
                return Err(unsupported(
                    "the file is a JPEG-LS; of JPEG only baseline and progressive ones are read",
                ));
            }
            0xe1 if orientation.is_none() && payload.starts_with(b"Exif\0\0") => {
                orientation = Some(exif::orientation(payload));
            }
            0xe2 if payload.starts_with(ICC_PREFIX) => profile += payload.len() as u64,
            SOS => {
                let frame = frame.ok_or_else(|| broken("the JPEG has no frame header"))?;
                return stored(bytes, &frame, payload, orientation, profile);
            }
            _ => {}
        }
    }
    Err(ends_early())
}

fn stored(
    bytes: &[u8],
    frame: &Frame,
    scan: &[u8],
    orientation: Option<Orientation>,
    profile: u64,
) -> Result<Stored> {
    // Each block takes at least a bit for its DC and, where scans are sequential, one for its AC.
    let least = frame.all_blocks(Frame::blocks) * if frame.progressive { 1 } else { 2 } / 8;
    if least > bytes.len() as u64 {
        return Err(broken(format!(
            "the JPEG claims {}×{} pixels, which its {} bytes cannot hold",
            frame.width,
            frame.height,
            bytes.len()
        )));
    }
    let in_scan = usize::from(*scan.first().unwrap_or(&0));
    let whole = frame.progressive || in_scan < frame.count;
    let color = match frame.count {
        1 => ColorModel::Gray,
        3 => ColorModel::Rgb,
        _ => ColorModel::Cmyk,
    };
    // The profile's pieces are put together once more.
    let extra = profile + super::profile_bytes(profile, color);
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
