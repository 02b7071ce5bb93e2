//! Slices read as if they were one, so that a file can be mended without a copy.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// Three slices, one behind the other.
pub(super) struct Pieces<'a> {
    pieces: [&'a [u8]; 3],
    at: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(pieces: [&'a [u8]; 3]) -> Self {
        Self { pieces, at: 0 }
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let mut at = self.at;
        for piece in self.pieces {
            match at.checked_sub(piece.len()) {
                None => return Ok(&piece[at..]),
                Some(rest) => at = rest,
            }
        }
        Ok(&[])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Pieces<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end: usize = self.pieces.iter().map(|piece| piece.len()).sum();
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
            SeekFrom::End(by) => (end as u64).checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(at)
    }
}
