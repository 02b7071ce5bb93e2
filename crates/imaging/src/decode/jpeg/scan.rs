//! The scans of a frame: the order of blocks, and what each holds in the sequential and progressive
//! modes (T.81, annexes A.2, F.2 and G.2).

use super::bits::{Bits, Huffman};
use super::{Damage, ZIGZAG};
use crate::header::jpeg::Frame;

/// A component of a scan, with its tables, where they are defined.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// The component's place in the frame.
    pub(super) component: usize,
    pub(super) dc: Option<&'a Huffman>,
    pub(super) ac: Option<&'a Huffman>,
}

/// Which coefficients a scan holds, in zigzag order, and which of their bits.
#[derive(Clone, Copy)]
pub(super) struct Pass {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The lowest bit that was sent before; zero for the first pass.
    pub(super) high: u8,
    /// The lowest bit that this scan holds.
    pub(super) low: u8,
}

/// What is done with the blocks of a scan.
pub(super) trait Blocks {
    /// Reads the next block, which belongs to the `part` of the scan with this number and stands in
    /// this column and row of its component.
    fn block(&mut self, bits: &mut Bits, part: usize, at: (usize, usize)) -> Result<(), Damage>;

    /// A row of MCUs has been read.
    fn row_of_mcus(&mut self, number: usize);

    /// Predictions start anew.
    fn restart(&mut self);
}

/// Visits the blocks of a scan in their order, and checks that it has them all.
pub(super) fn visit(
    frame: &Frame,
    parts: &[Part],
    restart: u16,
    bits: &mut Bits,
    blocks: &mut impl Blocks,
) -> Result<(), Damage> {
    let alone = parts.len() == 1;
    let (columns, rows) = if alone { frame.blocks(parts[0].component) } else { frame.mcus() };
    let restart = usize::from(restart);
    let mut mcus = 0;
    for row in 0..rows {
        for column in 0..columns {
            if restart > 0 && mcus > 0 && mcus % restart == 0 {
                bits.restart((mcus / restart - 1) % 8)?;
                blocks.restart();
            }
            mcus += 1;
            for (index, part) in parts.iter().enumerate() {
                let factors = frame.components()[part.component].sampling();
                let (h, v) = if alone { (1, 1) } else { factors };
                for y in row * v..(row + 1) * v {
                    for x in column * h..(column + 1) * h {
                        blocks.block(bits, index, (x, y))?;
                    }
                }
            }
        }
        bits.check()?;
        blocks.row_of_mcus(row);
    }
    Ok(())
}

/// Reads a block of a sequential scan into `block`, which is zero; `dc` is the value before it.
#[inline]
pub(super) fn sequential(
    bits: &mut Bits,
    (dc_table, ac_table): (&Huffman, &Huffman),
    dc: &mut i32,
    block: &mut [i16; 64],
) -> Result<(), Damage> {
    block[0] = next_dc(bits, dc_table, dc)? as i16;
    let mut k = 1;
    while k < 64 {
        let (value, run) = match ac_table.number(bits) {
            Some(short) => short,
            None => match ac_table.symbol(bits)? {
                0xf0 => {
                    k += 16;
                    continue;
                }
                symbol if symbol & 15 == 0 => break,
                symbol => (bits.number(u32::from(symbol & 15)) as i16, symbol >> 4),
            },
        };
        k += usize::from(run);
        *block.get_mut(ZIGZAG[k & 63]).filter(|_| k < 64).ok_or(TOO_MANY)? = value;
        k += 1;
    }
    Ok(())
}

fn next_dc(bits: &mut Bits, table: &Huffman, dc: &mut i32) -> Result<i32, Damage> {
    let size = u32::from(table.symbol(bits)?);
    if size > 15 {
        return Err("a DC coefficient is too large");
    }
    *dc = dc.wrapping_add(bits.number(size));
    Ok(*dc)
}

const TOO_MANY: Damage = "a block has more than 64 coefficients";
pub(super) const NO_TABLE: Damage = "a Huffman table is missing";

/// Blocks of all components, in rows, padded to whole MCUs.
pub(super) struct Coefficients {
    planes: Vec<Plane>,
}

struct Plane {
    /// Blocks in a row.
    columns: usize,
    blocks: Vec<[i16; 64]>,
    /// The lowest bit that was sent of each coefficient.
    sent: [u8; 64],
}

const NOTHING: u8 = u8::MAX;

impl Coefficients {
    pub(super) fn new(frame: &Frame) -> Self {
        let plane = |component| {
            let (columns, rows) = frame.padded_blocks(component);
            Plane { columns, blocks: vec![[0; 64]; columns * rows], sent: [NOTHING; 64] }
        };
        Self { planes: (0..frame.components().len()).map(plane).collect() }
    }

    /// Whether every bit of every coefficient was sent.
    pub(super) fn complete(&self) -> bool {
        self.planes.iter().all(|plane| plane.sent == [0; 64])
    }

    /// Whether there is something of every component.
    pub(super) fn started(&self) -> bool {
        self.planes.iter().all(|plane| plane.sent[0] != NOTHING)
    }

    /// A block of a component by its column and row.
    pub(super) fn block(&self, component: usize, (column, row): (usize, usize)) -> &[i16; 64] {
        let plane = &self.planes[component];
        &plane.blocks[row * plane.columns + column]
    }

    /// Reads a scan into the blocks.
    pub(super) fn read(
        &mut self,
        frame: &Frame,
        parts: &[Part],
        pass: Pass,
        restart: u16,
        bits: &mut Bits,
    ) -> Result<(), Damage> {
        for part in parts {
            self.planes[part.component].sent[pass.from..=pass.to].fill(pass.low);
        }
        let planes = &mut self.planes;
        if frame.progressive {
            let mut scan = Progressive { planes, parts, pass, dc: [0; 4], ended: 0 };
            visit(frame, parts, restart, bits, &mut scan)
        } else {
            visit(frame, parts, restart, bits, &mut Sequential { planes, parts, dc: [0; 4] })
        }
    }
}

impl Plane {
    fn block(&mut self, (column, row): (usize, usize)) -> &mut [i16; 64] {
        &mut self.blocks[row * self.columns + column]
    }
}

struct Sequential<'a> {
    planes: &'a mut [Plane],
    parts: &'a [Part<'a>],
    /// The DC before, of each part.
    dc: [i32; 4],
}

impl Blocks for Sequential<'_> {
    fn block(&mut self, bits: &mut Bits, part: usize, at: (usize, usize)) -> Result<(), Damage> {
        let Part { component, dc, ac } = self.parts[part];
        let tables = dc.zip(ac).ok_or(NO_TABLE)?;
        let block = self.planes[component].block(at);
        *block = [0; 64];
        sequential(bits, tables, &mut self.dc[part], block)
    }

    fn row_of_mcus(&mut self, _: usize) {}

    fn restart(&mut self) {
        self.dc = [0; 4];
    }
}

struct Progressive<'a> {
    planes: &'a mut [Plane],
    parts: &'a [Part<'a>],
    pass: Pass,
    /// The DC before, of each part.
    dc: [i32; 4],
    /// How many more blocks hold nothing new.
    ended: u32,
}

impl Blocks for Progressive<'_> {
    fn block(&mut self, bits: &mut Bits, part: usize, at: (usize, usize)) -> Result<(), Damage> {
        let Part { component, dc, ac } = self.parts[part];
        let Pass { from, high, low, .. } = self.pass;
        let block = self.planes[component].block(at);
        match (from, high) {
            (0, 0) => {
                let value = next_dc(bits, dc.ok_or(NO_TABLE)?, &mut self.dc[part])?;
                block[0] = (value << low) as i16;
            }
            (0, _) => block[0] |= (bits.take(1) << low) as i16,
            (_, 0) => first(bits, ac.ok_or(NO_TABLE)?, self.pass, &mut self.ended, block)?,
            _ => refine(bits, ac.ok_or(NO_TABLE)?, self.pass, &mut self.ended, block)?,
        }
        Ok(())
    }

    fn row_of_mcus(&mut self, _: usize) {}

    fn restart(&mut self) {
        (self.dc, self.ended) = ([0; 4], 0);
    }
}

/// The first bits of a band of AC (T.81, G.1.2.2).
fn first(
    bits: &mut Bits,
    table: &Huffman,
    pass: Pass,
    ended: &mut u32,
    block: &mut [i16; 64],
) -> Result<(), Damage> {
    if *ended > 0 {
        *ended -= 1;
        return Ok(());
    }
    let mut k = pass.from;
    while k <= pass.to {
        let symbol = table.symbol(bits)?;
        let (run, size) = (symbol >> 4, u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => k += 16,
            (_, 0) => {
                *ended = (1 << run) - 1 + bits.take(run.into());
                break;
            }
            _ => {
                k += usize::from(run);
                let place = block.get_mut(ZIGZAG[k & 63]).filter(|_| k <= pass.to);
                *place.ok_or(TOO_MANY)? = (bits.number(size) << pass.low) as i16;
                k += 1;
            }
        }
    }
    Ok(())
}

/// One more bit of a band of AC (T.81, G.1.2.3).
fn refine(
    bits: &mut Bits,
    table: &Huffman,
    pass: Pass,
    ended: &mut u32,
    block: &mut [i16; 64],
) -> Result<(), Damage> {
    let bit = 1i16 << pass.low;
    let mut k = pass.from;
    while *ended == 0 && k <= pass.to {
        let symbol = table.symbol(bits)?;
        let (mut run, size) = (symbol >> 4, symbol & 15);
        if size == 0 && run < 15 {
            *ended = (1 << run) + bits.take(run.into());
            break;
        }
        let new = match (size, size > 0 && bits.take(1) > 0) {
            (0, _) => 0,
            (_, true) => bit,
            (_, false) => -bit,
        };
        // Passes over `run` zeros; what is known already gets its bit.
        loop {
            let value = block.get_mut(ZIGZAG[k & 63]).filter(|_| k <= pass.to);
            match value {
                None if new == 0 => break,
                None => return Err(TOO_MANY),
                Some(value) if *value != 0 => correct(value, bit, bits),
                Some(value) if run == 0 => {
                    *value = new;
                    k += 1;
                    break;
                }
                Some(_) => run -= 1,
            }
            k += 1;
        }
    }
    if *ended > 0 {
        for &place in ZIGZAG.get(k..=pass.to).unwrap_or_default() {
            if block[place] != 0 {
                correct(&mut block[place], bit, bits);
            }
        }
        *ended -= 1;
    }
    Ok(())
}

fn correct(value: &mut i16, bit: i16, bits: &mut Bits) {
    if bits.take(1) > 0 && *value & bit == 0 {
        *value = value.wrapping_add(if *value > 0 { bit } else { -bit });
    }
}
