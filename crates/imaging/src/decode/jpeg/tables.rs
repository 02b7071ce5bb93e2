//! What the segments before a scan define: tables and restart intervals (T.81, annex B.2.4).

use super::bits::Huffman;
use super::{Damage, ZIGZAG};

/// The tables in force.
pub(super) struct Tables {
    /// Quantisation steps, column by column.
    pub(super) steps: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Box<Huffman>>; 4],
    pub(super) ac: [Option<Box<Huffman>>; 4],
    /// MCUs between restart markers, zero for none.
    pub(super) restart: u16,
}

impl Tables {
    /// Huffman tables as annex K.3.3 has them, for files that take them for granted (Motion JPEG).
    pub(super) fn standard() -> Self {
        let table = |&(counts, symbols): &([u8; 16], &[u8])| {
            Huffman::new(&counts, symbols).ok().map(Box::new)
        };
        Self {
            steps: [None; 4],
            dc: [table(&DC_LUMA), table(&DC_CHROMA), None, None],
            ac: [table(&AC_LUMA), table(&AC_CHROMA), None, None],
            restart: 0,
        }
    }

    /// Takes in a segment; others than those that define something are passed over.
    pub(super) fn define(&mut self, marker: u8, payload: &[u8]) -> Result<(), Damage> {
        match marker {
            0xdb => self.define_steps(payload),
            0xc4 => self.define_codes(payload),
            0xdd => {
                let [high, low, ..] = payload else {
                    return Err("its restart interval is cut off");
                };
                self.restart = u16::from_be_bytes([*high, *low]);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn define_steps(&mut self, mut payload: &[u8]) -> Result<(), Damage> {
        while let Some((&head, rest)) = payload.split_first() {
            let size = if head >> 4 == 0 { 1 } else { 2 };
            let values = rest.get(..64 * size).ok_or("a quantisation table is cut off")?;
            let table = self.steps.get_mut(usize::from(head & 15));
            let table = table.ok_or("it numbers a quantisation table beyond 3")?.insert([0; 64]);
            for (&place, value) in ZIGZAG.iter().zip(values.chunks_exact(size)) {
                table[place] = value.iter().fold(0, |high, &low| high << 8 | u16::from(low));
            }
            payload = &rest[64 * size..];
        }
        Ok(())
    }

    fn define_codes(&mut self, mut payload: &[u8]) -> Result<(), Damage> {
        const CUT: Damage = "a Huffman table is cut off";
        while let Some((&head, rest)) = payload.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(CUT)?;
            let count = counts.iter().map(|&c| usize::from(c)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or(CUT)?;
            let class = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let table = class.get_mut(usize::from(head & 15));
            *table.ok_or("it numbers a Huffman table beyond 3")? =
                Some(Box::new(Huffman::new(counts, symbols)?));
            payload = rest;
        }
        Ok(())
    }
}

/// How many codes there are of each length, and their symbols.
type Spec = ([u8; 16], &'static [u8]);

const DC_LUMA: Spec =
    ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
const DC_CHROMA: Spec =
    ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
const AC_LUMA: Spec = (
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
    b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\
      \x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\
      \x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\
      \x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\
      \x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\
      \xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\
      \xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\
      \xfa",
);
const AC_CHROMA: Spec = (
    [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
    b"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\
      \x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\
      \x1a\x26\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\
      \x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\
      \x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\
      \xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\
      \xd5\xd6\xd7\xd8\xd9\xda\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\
      \xfa",
);
