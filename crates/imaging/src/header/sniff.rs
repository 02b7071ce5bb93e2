//! What a file is, by its first bytes.

use safelight_contract::Result;

use super::unsupported;
use crate::Format;

/// First bytes of formats that are known but not read, longest prefix first where two overlap.
const KNOWN: &[(&[u8], &str)] = &[
    (b"GIF8", "a GIF"),
    (b"II*\0", "a TIFF or a camera's raw file"),
    (b"MM\0*", "a TIFF or a camera's raw file"),
    (b"II+\0", "a BigTIFF"),
    (b"MM\0+", "a BigTIFF"),
    (b"8BPS", "a Photoshop file"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript file"),
    (b"\0\0\x01\0", "an icon (ICO)"),
    (b"\0\0\x02\0", "a cursor (CUR)"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (b"II\xbc\x01", "a JPEG XR"),
    (b"\x8aMNG", "an MNG"),
    (b"\x8bJNG", "a JNG"),
    (b"qoif", "a QOI"),
    (b"\x76\x2f\x31\x01", "an OpenEXR"),
    (b"#?RADIANCE", "a Radiance HDR"),
    (b"DDS ", "a DDS"),
    (b"farbfeld", "a farbfeld"),
    (b"BPG\xfb", "a BPG"),
    (b"gimp xcf", "a GIMP file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (b"ID3", "an MP3"),
    (b"OggS", "an Ogg stream"),
];

/// The format of a file that Safelight reads.
pub(super) fn format(bytes: &[u8]) -> Result<Format> {
    let riff = |kind: &[u8]| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(kind);
    if bytes.starts_with(b"\xff\xd8") {
        Ok(Format::Jpeg)
    } else if bytes.starts_with(b"\x89PNG") {
        Ok(Format::Png)
    } else if riff(b"WEBP") {
        Ok(Format::WebP)
    } else if bytes.starts_with(b"BM") && bytes.get(14..18).is_none_or(|s| s[1..] == [0, 0, 0]) {
        Ok(Format::Bmp)
    } else {
        let accepted = "accepted are JPEG, PNG, BMP and WebP";
        Err(unsupported(match name(bytes) {
            Some(name) => format!("the file is {name}; {accepted}"),
            None => format!("the file is of no known picture format; {accepted}"),
        }))
    }
}

fn name(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("empty");
    }
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(name);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(media_brand(bytes.get(8..12).unwrap_or_default()));
    }
    if bytes.starts_with(b"RIFF") {
        return Some("a RIFF file other than WebP");
    }
    if let [b'P', b'1'..=b'7', space, ..] = bytes
        && space.is_ascii_whitespace()
    {
        return Some("a PNM");
    }
    text(bytes)
}

/// Brands of the ISO base media file format (ISO/IEC 14496-12).
fn media_brand(brand: &[u8]) -> &'static str {
    match brand {
        b"avif" | b"avis" => "an AVIF",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "a HEIC",
        b"crx " => "a camera's raw file",
        _ => "a video (MP4 or QuickTime)",
    }
}

fn text(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let start = &start[..start.len().min(1024)];
    let has = |tag: &[u8]| start.windows(tag.len()).any(|w| w.eq_ignore_ascii_case(tag));
    if !start.starts_with(b"<") {
        return None;
    }
    if has(b"<svg") {
        Some("an SVG")
    } else if has(b"<html") || has(b"<!doctype html") {
        Some("an HTML page")
    } else {
        Some("an XML file")
    }
}
