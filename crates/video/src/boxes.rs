//! Boxes of ISO/IEC 14496-12, and numbers in them.

use crate::movie::MOST_BOXES;

/// The boxes that lie side by side, with their kinds; what is cut off or does not fit ends them.
pub(crate) fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut fields = Fields(rest);
        let short = u64::from(fields.u32()?);
        let kind = *fields.take(4)?.first_chunk::<4>()?;
        let (length, head) = match short {
            // To the end.
            0 => (rest.len() as u64, 8),
            1 => (fields.u64()?, 16),
            _ => (short, 8),
        };
        let length = usize::try_from(length).ok().filter(|length| *length >= head)?;
        let (all, after) = rest.split_at_checked(length)?;
        rest = after;
        Some((kind, &all[head..]))
    })
    .take(MOST_BOXES)
}

/// What is in the first box of a kind.
pub(crate) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(found, _)| found == kind).map(|(_, inside)| inside)
}

/// What is in a box in boxes.
pub(crate) fn find_path<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |inside, kind| find(inside, kind))
}

/// Numbers one after the other, the most significant byte first.
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(drop)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(*self.take(4)?.first_chunk()?))
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(*self.take(8)?.first_chunk()?))
    }
}
