//! Orientation out of EXIF (CIPA DC-008, tag 0x0112 of IFD 0).

use super::Orientation;

const ORIENTATION: u16 = 0x0112;

/// Orientation that a TIFF structure names; upright where it is absent or broken. The specification
/// has it as one SHORT; some writers take another integer type or more than one value, whose first
/// one counts.
pub(super) fn orientation(tiff: &[u8]) -> Orientation {
    // Some writers keep the prefix of JPEG's APP1 in other containers, too.
    let tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
    match value(tiff) {
        Some(2) => Orientation::MirrorHorizontal,
        Some(3) => Orientation::Rotate180,
        Some(4) => Orientation::MirrorVertical,
        Some(5) => Orientation::Transpose,
        Some(6) => Orientation::Rotate90,
        Some(7) => Orientation::Transverse,
        Some(8) => Orientation::Rotate270,
        _ => Orientation::Upright,
    }
}

fn value(tiff: &[u8]) -> Option<u32> {
    let little = match tiff.first_chunk()? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at| if little { super::le16(tiff, at) } else { super::be16(tiff, at) };
    let long = |at| if little { super::le32(tiff, at) } else { super::be32(tiff, at) };
    let entries = long(4)? as usize;
    for entry in 0..usize::from(short(entries)?) {
        let at = entries.checked_add(2 + 12 * entry)?;
        if short(at)? != ORIENTATION {
            continue;
        }
        // BYTE, SHORT, LONG and their signed forms.
        let size = match short(at + 2)? {
            1 | 6 => 1,
            3 | 8 => 2,
            4 | 9 => 4,
            _ => return None,
        };
        // What does not fit into four bytes lies elsewhere.
        let fits = u64::from(long(at + 4)?) * size <= 4;
        let at = if fits { at + 8 } else { long(at + 8)? as usize };
        return match size {
            1 => tiff.get(at).map(|&byte| byte.into()),
            2 => short(at).map(Into::into),
            _ => long(at),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TIFF structure with one entry before the orientation, and `rest` behind the directory.
    fn tiff(little: bool, kind: u16, count: u32, field: [u8; 4], rest: &[u8]) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut file = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        file.extend(long(8));
        file.extend(short(2));
        file.extend([short(0x0100), short(3)].concat());
        file.extend([long(1), long(0)].concat());
        file.extend([short(ORIENTATION), short(kind)].concat());
        file.extend(long(count));
        file.extend(field);
        file.extend(long(0));
        file.extend(rest);
        file
    }

    #[test]
    fn every_integer_type_and_count_is_read() {
        let turned = Orientation::Rotate90;
        for (little, kind, count, field) in [
            (true, 3, 1, [6, 0, 0, 0]),
            (false, 3, 1, [0, 6, 0, 0]),
            (true, 4, 1, [6, 0, 0, 0]),
            (false, 4, 1, [0, 0, 0, 6]),
            (true, 1, 1, [6, 0, 0, 0]),
            (true, 3, 0, [6, 0, 0, 0]),
            (true, 3, 2, [6, 0, 1, 0]),
            (false, 3, 2, [0, 6, 0, 1]),
        ] {
            let file = tiff(little, kind, count, field, &[]);
            assert_eq!(orientation(&file), turned, "{little} {kind} {count}");
        }
        // Three SHORTs lie behind the directory, at 38.
        let file = tiff(true, 3, 3, [38, 0, 0, 0], &[6, 0, 1, 0, 1, 0]);
        assert_eq!(orientation(&file), turned);
    }

    #[test]
    fn what_is_broken_is_upright() {
        let whole = tiff(false, 3, 1, [0, 6, 0, 0], &[]);
        // From the value's last byte on, nothing is missing.
        for length in 0..32 {
            assert_eq!(orientation(&whole[..length]), Orientation::Upright, "{length} bytes");
        }
        for (kind, count, field) in [
            (2, 1, [6, 0, 0, 0]),
            (3, 1, [9, 0, 0, 0]),
            (3, 3, [255; 4]),
            (4, u32::MAX, [255; 4]),
            (3, 1, [0, 6, 0, 0]),
        ] {
            let file = tiff(true, kind, count, field, &[]);
            assert_eq!(orientation(&file), Orientation::Upright, "{kind} {count}");
        }
    }
}
