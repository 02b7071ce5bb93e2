//! JPEG: baseline, extended sequential and progressive frames of 8 bits with Huffman coding
//! (ITU-T T.81), decoded here.
//!
//! The decoders of the ecosystem were measured against every order of scans and every sampling, and
//! against files that break off. `zune-jpeg` 0.5.16-rc3 shows a fifth of the first as noise and
//! invents what the second lack; `jpeg-decoder` 0.3.2 invents it, too, and keeps all planes;
//! libjpeg-turbo is right, but is C code in front of bytes from anyone. So this one has no unsafe
//! code, knows its memory from the header, fails where a pixel is missing, and keeps coefficients only
//! for frames whose scans come apart. Where T.81 leaves a choice it does as libjpeg does.

mod bits;
mod idct;
mod render;
mod scan;
mod tables;

use bits::Bits;
use idct::Steps;
use render::{Channels, Renderer};
use safelight_contract::{Fault, Result};
use scan::{Blocks, Coefficients, Part, Pass};
use tables::Tables;

use super::{Planes, buffer, color, corrupt};
use crate::header::jpeg::{Frame, ICC_PREFIX, SOS, Segment, next_segment, segments};
use crate::{Format, Header};

/// More scans than any encoder makes; each costs a pass over the whole picture.
const MAX_SCANS: usize = 64;

/// Zigzag order (T.81, figure 5): places in a block. Blocks and tables are kept column by column, which
/// spares the transform a transposition.
#[rustfmt::skip]
const ZIGZAG: [usize; 64] = [
    0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40, 33, 26, 19, 12,
    5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42, 35, 28, 21, 14, 7, 15, 22, 29, 36,
    43, 50, 57, 58, 51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54,
    61, 62, 55, 63,
];

/// What is wrong with a file.
type Damage = &'static str;

fn fail(why: Damage) -> Fault {
    corrupt(Format::Jpeg, why)
}

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let mut source = Source::new(bytes);
    let scan = source.next_scan()?.ok_or_else(|| fail("it has no pixels"))?;
    let frame = source.frame.clone().ok_or_else(|| fail("it has no frame header"))?;
    if (u32::from(frame.width), u32::from(frame.height)) != header.stored_size() {
        return Err(fail("it has another size than its header says"));
    }
    let (channels, inks) = source.channels(&frame);
    let mut pixels = buffer(header, if channels == Channels::Four { 4 } else { 3 })?;
    let renderer = Renderer::new(&frame, channels, &mut pixels);
    if !frame.progressive && scan.components.len() == frame.components().len() {
        source.read_at_once(&frame, &scan, renderer)?;
    } else {
        source.read_scans(&frame, scan, renderer)?;
    }

    let profile = profile(bytes);
    let profile = profile.as_deref().map(color::Profile::Icc);
    let rgb = match (channels, inks) {
        (Channels::Four, inks) => {
            if inks == Inks::Ycck {
                color::ycck_to_cmyk(&mut pixels);
            }
            color::cmyk_to_srgb(pixels, profile)
        }
        (Channels::Gray, _) => {
            color::neutral_to_srgb(&mut pixels, profile);
            pixels
        }
        _ => {
            color::rgb_to_srgb(&mut pixels, profile);
            pixels
        }
    };
    Ok(Planes { rgb, alpha: None })
}

/// A scan's header.
struct Scan {
    /// Components by their place in the frame, with the numbers of their tables for DC and AC.
    components: Vec<(usize, usize, usize)>,
    pass: Pass,
    /// Where its data start.
    data: usize,
}

/// A file, read from segment to segment.
struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
    tables: Tables,
    frame: Option<Frame>,
    /// Quantisation of each component: the table that is in force at its first scan.
    steps: [Option<Steps>; 4],
    scans: usize,
    jfif: bool,
    /// How Adobe's segment says that colours are transformed.
    adobe: Option<u8>,
}

impl<'a> Source<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 2,
            tables: Tables::standard(),
            frame: None,
            steps: [None; 4],
            scans: 0,
            jfif: false,
            adobe: None,
        }
    }

    /// Takes in all segments up to the next scan; `None` at the end marker.
    fn next_scan(&mut self) -> Result<Option<Scan>> {
        while let Some(Segment { marker, payload }) = next_segment(self.bytes, self.at)? {
            self.at = payload.end;
            let payload = &self.bytes[payload];
            match marker {
                SOS => return self.scan(payload).map(Some),
                0xc0..=0xc2 if self.frame.is_some() => return Err(fail("it has two frames")),
                0xc0..=0xc2 => self.frame = Some(Frame::read(marker, payload)?),
                0xe0 => self.jfif |= payload.starts_with(b"JFIF\0"),
                // Some writers leave out its end; such a segment says nothing.
                0xee if payload.starts_with(b"Adobe") => {
                    self.adobe = payload.get(11).copied().or(self.adobe);
                }
                _ => self.tables.define(marker, payload).map_err(fail)?,
            }
        }
        Ok(None)
    }

    fn scan(&mut self, payload: &[u8]) -> Result<Scan> {
        const CUT: Damage = "a scan header is cut off";
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(fail("it has more than 64 scans"));
        }
        let frame = self.frame.as_ref().ok_or_else(|| fail("it has no frame header"))?;
        let (&count, rest) = payload.split_first().ok_or_else(|| fail(CUT))?;
        let (parts, rest) =
            rest.split_at_checked(2 * usize::from(count)).ok_or_else(|| fail(CUT))?;
        let mut components: Vec<(usize, usize, usize)> = Vec::with_capacity(4);
        for part in parts.as_chunks::<2>().0 {
            let named = |&c: &usize| {
                frame.components()[c].id == part[0] && components.iter().all(|found| found.0 != c)
            };
            let component = (0..frame.components().len()).find(named);
            let component =
                component.ok_or_else(|| fail("a scan names a component that does not exist"))?;
            components.push((component, usize::from(part[1] >> 4), usize::from(part[1] & 15)));
            let table = self.tables.steps.get(usize::from(frame.components()[component].table));
            if self.steps[component].is_none() {
                let table = table.copied().flatten();
                let table = table.ok_or_else(|| fail("a quantisation table is missing"))?;
                self.steps[component] = Some(idct::steps(&table));
            }
        }
        let &[from, to, bits, ..] = rest else { return Err(fail(CUT)) };
        let pass = if frame.progressive {
            Pass { from: from.into(), to: to.into(), high: bits >> 4, low: bits & 15 }
        } else {
            Pass { from: 0, to: 63, high: 0, low: 0 }
        };
        let band = match (pass.from, pass.to) {
            (0, 0) => true,
            (0, to) => to == 63 && !frame.progressive,
            (from, to) => from <= to && to < 64 && components.len() == 1,
        };
        if components.is_empty() || !band || pass.low > 13 {
            return Err(fail("a scan claims coefficients that cannot be in it"));
        }
        Ok(Scan { components, pass, data: self.at })
    }

    /// What the components are, as libjpeg guesses it.
    fn channels(&self, frame: &Frame) -> (Channels, Inks) {
        let ids = frame.components().iter().map(|component| component.id);
        match (frame.components().len(), self.adobe) {
            (1, _) => (Channels::Gray, Inks::None),
            (4, None | Some(0)) => (Channels::Four, Inks::Cmyk),
            (4, _) => (Channels::Four, Inks::Ycck),
            (_, Some(0)) if !self.jfif => (Channels::Rgb, Inks::None),
            (_, None) if !self.jfif && ids.eq(*b"RGB") => (Channels::Rgb, Inks::None),
            _ => (Channels::YCbCr, Inks::None),
        }
    }

    fn parts<'t>(tables: &'t Tables, scan: &Scan) -> Vec<Part<'t>> {
        let part = |&(component, dc, ac): &(usize, usize, usize)| Part {
            component,
            dc: tables.dc.get(dc).and_then(Option::as_deref),
            ac: tables.ac.get(ac).and_then(Option::as_deref),
        };
        scan.components.iter().map(part).collect()
    }

    fn steps(&self, component: usize) -> Result<&Steps> {
        self.steps[component].as_ref().ok_or_else(|| fail("a component is missing"))
    }

    /// Renders a frame of one scan while it is read. What comes behind it does not matter, not even
    /// whether there is an end marker.
    fn read_at_once(&self, frame: &Frame, scan: &Scan, renderer: Renderer) -> Result<()> {
        let parts = Self::parts(&self.tables, scan);
        let mut tables = Vec::with_capacity(4);
        for part in &parts {
            let (dc, ac) = part.dc.zip(part.ac).ok_or_else(|| fail(scan::NO_TABLE))?;
            let rows = frame.components()[part.component].sampling().1;
            tables.push((part.component, dc, ac, self.steps(part.component)?, rows));
        }
        let mut bits = Bits::new(self.bytes, scan.data);
        let mut blocks = Streamed { parts: tables, dc: [0; 4], renderer };
        scan::visit(frame, &parts, self.tables.restart, &mut bits, &mut blocks).map_err(fail)
    }

    /// Collects coefficients out of all scans, then renders them. Where the end marker is missing,
    /// nothing else may be; where it is there, refinements may, as libjpeg takes it.
    fn read_scans(&mut self, frame: &Frame, first: Scan, mut renderer: Renderer) -> Result<()> {
        let mut coefficients = Coefficients::new(frame);
        let mut next = Some(first);
        while let Some(scan) = next {
            let parts = Self::parts(&self.tables, &scan);
            let mut bits = Bits::new(self.bytes, scan.data);
            coefficients
                .read(frame, &parts, scan.pass, self.tables.restart, &mut bits)
                .map_err(fail)?;
            self.at = bits.position();
            next = if coefficients.complete() { None } else { self.next_scan()? };
        }
        if !coefficients.started() {
            return Err(fail("a component is missing"));
        }
        for row in 0..frame.mcus().1 {
            for (component, part) in frame.components().iter().enumerate() {
                let steps = self.steps(component)?;
                let v = part.sampling().1;
                for y in 0..v {
                    for x in 0..frame.padded_blocks(component).0 {
                        let block = coefficients.block(component, (x, row * v + y));
                        renderer.block(component, (x, y), block, steps);
                    }
                }
            }
            renderer.row_of_mcus(row);
        }
        Ok(())
    }
}

/// What the four channels of a picture are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inks {
    None,
    Cmyk,
    Ycck,
}

/// Renders the blocks of a sequential scan of all components as they come.
struct Streamed<'a> {
    parts: Vec<(usize, &'a bits::Huffman, &'a bits::Huffman, &'a Steps, usize)>,
    /// The DC before, of each part.
    dc: [i32; 4],
    renderer: Renderer<'a>,
}

impl Blocks for Streamed<'_> {
    #[inline]
    fn block(
        &mut self,
        bits: &mut Bits,
        part: usize,
        (column, row): (usize, usize),
    ) -> Result<(), Damage> {
        let (component, dc, ac, steps, rows) = self.parts[part];
        let mut block = [0; 64];
        scan::sequential(bits, (dc, ac), &mut self.dc[part], &mut block)?;
        self.renderer.block(component, (column, row % rows), &block, steps);
        Ok(())
    }

    fn row_of_mcus(&mut self, number: usize) {
        self.renderer.row_of_mcus(number);
    }

    fn restart(&mut self) {
        self.dc = [0; 4];
    }
}

/// The ICC profile out of its numbered pieces (ICC.1, annex B.4).
fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut pieces: Vec<(u8, &[u8])> = Vec::new();
    let mut count = 0;
    for segment in segments(bytes).map_while(Result::ok).take_while(|s| s.marker != SOS) {
        let payload = &bytes[segment.payload];
        if segment.marker == 0xe2
            && let Some([number, of, piece @ ..]) = payload.strip_prefix(ICC_PREFIX)
        {
            count = usize::from(*of);
            pieces.push((*number, piece));
        }
        if pieces.len() > 255 {
            return None;
        }
    }
    pieces.sort_by_key(|p| p.0);
    let whole = pieces.len() == count && pieces.iter().zip(1..).all(|(p, n)| p.0 == n);
    (whole && count > 0).then(|| pieces.iter().flat_map(|p| p.1).copied().collect())
}
