//! How strongly a JPEG was compressed, by its quantisation table.

use super::{be16, jpeg};

/// Marker of a segment with quantisation tables.
const DQT: u8 = 0xdb;

/// The luminance table of ITU-T T.81, annex K.1, in zigzag order: what most encoders scale.
const STANDARD: [u8; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
    87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

/// The quality, 1 to 100, at which the Independent JPEG Group's library would have quantised the
/// luminance about as coarsely as this JPEG is; `None` for what is no JPEG or has no such table.
/// Encoders with tables of their own land on the quality of the same mean coarseness.
pub fn jpeg_quality(bytes: &[u8]) -> Option<u8> {
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let tables = jpeg::segments(bytes).map_while(Result::ok).filter(|s| s.marker == DQT);
    let scale = tables.filter_map(|segment| scale(&bytes[segment.payload])).next()?;
    let quality = if scale <= 100.0 { (200.0 - scale) / 2.0 } else { 5000.0 / scale };
    Some(quality.round().clamp(1.0, 100.0) as u8)
}

/// How much coarser than the standard the table number 0 is on the mean, in percent, if it is here.
fn scale(mut tables: &[u8]) -> Option<f32> {
    loop {
        let (&head, rest) = tables.split_first()?;
        let size = if head >> 4 == 0 { 1 } else { 2 };
        let table = rest.get(..64 * size)?;
        if head & 15 == 0 {
            let value = |i: usize| match size {
                1 => f32::from(table[i]),
                _ => f32::from(be16(table, 2 * i).unwrap_or(u16::MAX)),
            };
            let shares = STANDARD.iter().enumerate().map(|(i, &s)| value(i) / f32::from(s));
            return Some(shares.sum::<f32>() / 64.0 * 100.0);
        }
        tables = &rest[64 * size..];
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::encode;

    #[test]
    fn the_quality_that_a_file_was_written_with_is_found() {
        let picture = RgbImage::new(16, 16);
        for quality in [10, 30, 50, 70, 75, 85, 90, 95, 100] {
            let file = encode::jpeg(&picture, quality).expect("a file");
            let found = jpeg_quality(&file).expect("a table");
            assert!(found.abs_diff(quality) <= 2, "{found} for {quality}");
        }
    }

    #[test]
    fn what_has_no_table_has_no_quality() {
        let png = encode::png_rgb(&RgbImage::new(4, 4)).expect("a file");
        assert_eq!(jpeg_quality(&png), None);
        assert_eq!(jpeg_quality(b"\xff\xd8\xff\xdb\x00\x05\x00\x10\x10\xff\xd9"), None);
        assert_eq!(jpeg_quality(b"\xff\xd8"), None);
    }
}
