//! Orientation out of EXIF (CIPA DC-008, tag 0x0112 of IFD 0).

use super::Orientation;

/// Orientation that a TIFF structure names; upright where it is absent or broken.
pub(super) fn orientation(tiff: &[u8]) -> Orientation {
    // Some writers keep the prefix of JPEG's APP1 in other containers, too.
    let tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
    match image::metadata::Orientation::from_exif_chunk(tiff).map(|o| o.to_exif()) {
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
