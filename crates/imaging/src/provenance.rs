//! What a file says of its own making: XMP metadata with the digital source type of the IPTC.

use crate::Format;

/// The name that an XMP packet has in a JPEG, and its keyword in a PNG.
const JPEG_NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PNG_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";

/// A composite of which at least one part is synthetic.
const COMPOSITE: &str = concat!(
    r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF "#,
    r#"xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" "#,
    r#"xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" "#,
    r#"Iptc4xmpExt:DigitalSourceType="#,
    r#""http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"/>"#,
    r#"</rdf:RDF></x:xmpmeta>"#,
);

/// The file of a JPEG or PNG, whole and without XMP, with the note that it is a composite with synthetic
/// parts; other files as they are.
pub fn composite(file: Vec<u8>, format: Format) -> Vec<u8> {
    match format {
        Format::Jpeg => inserted(file, jpeg_end, &jpeg_segment()),
        Format::Png => inserted(file, png_end, &png_chunk()),
        Format::Bmp | Format::WebP => file,
    }
}

fn inserted(mut file: Vec<u8>, end: impl Fn(&[u8]) -> Option<usize>, part: &[u8]) -> Vec<u8> {
    if let Some(at) = end(&file) {
        file.splice(at..at, part.iter().copied());
    }
    file
}

/// Behind the start of image, and behind the JFIF segment, which must come first.
fn jpeg_end(file: &[u8]) -> Option<usize> {
    match file.get(..6)? {
        [0xff, 0xd8, 0xff, 0xe0, high, low] => {
            let end = 4 + usize::from(u16::from_be_bytes([*high, *low]));
            (end <= file.len()).then_some(end)
        }
        [0xff, 0xd8, ..] => Some(2),
        _ => None,
    }
}

/// Behind the header: signature, length, type, 13 bytes, checksum.
fn png_end(file: &[u8]) -> Option<usize> {
    (file.starts_with(b"\x89PNG") && file.len() > 33).then_some(33)
}

fn jpeg_segment() -> Vec<u8> {
    let length = (2 + JPEG_NAME.len() + COMPOSITE.len()) as u16;
    let mut segment = vec![0xff, 0xe1];
    segment.extend(length.to_be_bytes());
    segment.extend(JPEG_NAME);
    segment.extend(COMPOSITE.as_bytes());
    segment
}

fn png_chunk() -> Vec<u8> {
    // Not compressed, no language, no translated keyword.
    let mut body = b"iTXt".to_vec();
    body.extend(PNG_KEYWORD);
    body.extend([0; 4]);
    body.extend(COMPOSITE.as_bytes());
    let mut chunk = ((body.len() - 4) as u32).to_be_bytes().to_vec();
    let sum = crc32fast::hash(&body);
    chunk.extend(body);
    chunk.extend(sum.to_be_bytes());
    chunk
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::{decode, encode, probe};

    #[test]
    fn files_say_it_and_show_the_same_picture() {
        let picture = RgbImage::from_fn(20, 10, |x, y| image::Rgb([x as u8 * 9, y as u8 * 9, 70]));
        let files = [
            (Format::Jpeg, encode::jpeg(&picture, 90).expect("encodes")),
            (Format::Png, encode::png_rgb(&picture).expect("encodes")),
        ];
        for (format, file) in files {
            let marked = composite(file.clone(), format);
            let says = |file: &[u8]| file.windows(18).any(|part| part == b"compositeSynthetic");
            assert!(says(&marked) && !says(&file), "{format:?}");
            let pixels =
                |file: &[u8]| decode(file, &probe(file).expect("a header")).expect("decodes").rgb;
            assert_eq!(pixels(&marked), pixels(&file), "{format:?}");
            // Another decoder, which checks the sums of PNG.
            let other = image::load_from_memory(&marked).expect("decodes").to_rgb8();
            assert_eq!(other, image::load_from_memory(&file).expect("decodes").to_rgb8());
        }
        assert_eq!(composite(b"BM".to_vec(), Format::Bmp), b"BM");
        assert_eq!(composite(vec![0xff], Format::Jpeg), [0xff]);
    }
}
