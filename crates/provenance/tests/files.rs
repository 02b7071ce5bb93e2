//! Files that declare something, files that do not, and files that are damaged.

use proptest::prelude::*;
use safelight_provenance::{Kind, MOST_EVIDENCE, MOST_VALUE, read};

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut all = (body.len() as u32).to_be_bytes().to_vec();
    all.extend(kind);
    all.extend(body);
    let sum = crc32fast::hash(&all[4..]);
    all.extend(sum.to_be_bytes());
    all
}

/// A PNG with these chunks before its end; nothing here looks at pixels.
fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]));
    chunks.iter().for_each(|chunk| file.extend(chunk));
    file.extend(chunk(b"IEND", &[]));
    file
}

fn text(name: &str, value: &str) -> Vec<u8> {
    chunk(b"tEXt", &[name.as_bytes(), b"\0", value.as_bytes()].concat())
}

fn segment(marker: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut all = vec![0xff, marker];
    all.extend((body.len() as u16 + 2).to_be_bytes());
    all.extend(body);
    all
}

fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    segments.iter().for_each(|segment| file.extend(segment));
    file.extend([0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]);
    file
}

fn webp(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    file.extend(kind);
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file.extend(vec![0; body.len() % 2]);
    file
}

fn xmp(inside: &str) -> String {
    format!("<x:xmpmeta><rdf:RDF><rdf:Description {inside}/></rdf:RDF></x:xmpmeta>")
}

const SOURCE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Exif with texts of these tags, little-endian.
fn exif(entries: &[(u16, &[u8])]) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    block.extend((entries.len() as u16).to_le_bytes());
    let mut place = 8 + 2 + 12 * entries.len() + 4;
    for (tag, value) in entries {
        block.extend(tag.to_le_bytes());
        block.extend(7_u16.to_le_bytes());
        block.extend((value.len() as u32).to_le_bytes());
        block.extend((place as u32).to_le_bytes());
        place += value.len();
    }
    block.extend([0; 4]);
    entries.iter().for_each(|(_, value)| block.extend(*value));
    block
}

/// Files and what they declare.
fn declaring() -> Vec<(Vec<u8>, Kind, &'static str)> {
    let trained =
        xmp(&format!("Iptc4xmpExt:DigitalSourceType=\"{SOURCE}trainedAlgorithmicMedia\""));
    let element = format!(
        "<Iptc4xmpExt:DigitalSourceType>{SOURCE}compositeWithTrainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>"
    );
    let label = r#"{"Label":"1","ContentProducer":"x","ProduceID":"y"}"#;
    let escaped = xmp(&format!("TC260:AIGC=\"{}\"", label.replace('"', "&quot;")));
    let manifest =
        format!("jumbc2pa.actions\u{0}digitalSourceType{SOURCE}trainedAlgorithmicMedia\u{1}");
    let graph = r#"{"3":{"class_type":"KSampler","inputs":{}}}"#;
    let parameters = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7";
    let wide: Vec<u8> = parameters.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let comment = exif(&[(0x9286, &[b"UNICODE\0", &wide[..]].concat())]);
    let mut packed = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::default());
    std::io::Write::write_all(&mut packed, parameters.as_bytes()).expect("packs");
    let packed = [b"parameters\0\0", &packed.finish().expect("packs")[..]].concat();
    let itxt = [b"XML:com.adobe.xmp\0\0\0\0\0", trained.as_bytes()].concat();
    let source = (Kind::DigitalSourceType, "trainedAlgorithmicMedia");
    let composite = (Kind::DigitalSourceType, "compositeWithTrainedAlgorithmicMedia");
    let files = [
        (jpeg(&[segment(0xe1, &[XMP, trained.as_bytes()])]), source),
        (jpeg(&[segment(0xe1, &[XMP, element.as_bytes()])]), composite),
        (png(&[chunk(b"iTXt", &itxt)]), source),
        (webp(b"XMP ", trained.as_bytes()), source),
        (jpeg(&[segment(0xe1, &[XMP, escaped.as_bytes()])]), (Kind::AigcLabel, "generated")),
        (png(&[text("AIGC", label)]), (Kind::AigcLabel, "generated")),
        (png(&[text("prompt", graph)]), (Kind::Generator, "ComfyUI workflow")),
        (png(&[text("Software", "NovelAI")]), (Kind::Generator, "NovelAI")),
        (png(&[text("invokeai_metadata", "{}")]), (Kind::Generator, "InvokeAI metadata")),
        (
            jpeg(&[segment(0xe1, &[b"Exif\0\0", &exif(&[(0x0131, b"Midjourney v7\0")])])]),
            (Kind::Generator, "Midjourney"),
        ),
        (webp(b"EXIF", &comment), (Kind::Generator, "parameters: a cat")),
        (png(&[chunk(b"zTXt", &packed)]), (Kind::Generator, "parameters: a cat")),
        (
            jpeg(&[segment(0xeb, &[b"JP\0\x01\0\0\0\x01", manifest.as_bytes()])]),
            (Kind::C2pa, "trainedAlgorithmicMedia"),
        ),
        (png(&[chunk(b"caBX", manifest.as_bytes())]), (Kind::C2pa, "trainedAlgorithmicMedia")),
    ];
    files.into_iter().map(|(file, (kind, value))| (file, kind, value)).collect()
}

#[test]
fn declarations_are_found_wherever_they_stand() {
    for (number, (file, kind, value)) in declaring().into_iter().enumerate() {
        let declared = read(&file);
        let found: Vec<_> = declared.evidence.iter().map(|e| (e.kind, &e.value[..])).collect();
        assert!(declared.is_synthetic(), "file {number} declares nothing");
        assert_eq!(found.len(), 1, "file {number}: {found:?}");
        assert!(found[0].0 == kind && found[0].1.starts_with(value), "file {number}: {found:?}");
        assert_eq!(declared.has_c2pa_manifest, kind == Kind::C2pa, "file {number}");
    }
}

#[test]
fn photos_and_other_tools_declare_nothing() {
    let camera = xmp(&format!("Iptc4xmpExt:DigitalSourceType=\"{SOURCE}digitalCapture\""));
    let manifest = format!("jumbc2pa.actions\u{0}digitalSourceType{SOURCE}digitalCapture\u{1}");
    for file in [
        vec![],
        b"BM".to_vec(),
        png(&[]),
        png(&[text("Software", "GIMP 3.0"), text("Description", "the village of Dallefeld")]),
        png(&[text("prompt", "what shall I draw?"), text("Comment", "Steps: two")]),
        png(&[text("AIGC", r#"{"Label":"0"}"#)]),
        jpeg(&[segment(0xe1, &[XMP, camera.as_bytes()])]),
        jpeg(&[segment(0xe1, &[b"Exif\0\0", &exif(&[(0x0131, b"Adobe Photoshop 27.0\0")])])]),
    ] {
        assert_eq!(read(&file), Default::default());
    }
    let signed = read(&png(&[chunk(b"caBX", manifest.as_bytes())]));
    assert!(signed.has_c2pa_manifest && !signed.is_synthetic());
}

#[test]
fn what_is_answered_is_bounded() {
    let chunks: Vec<_> = (0..400)
        .map(|number| {
            text("parameters", &format!("{number} {}\nSteps: 1, Sampler: x", "a\u{7}".repeat(500)))
        })
        .collect();
    let declared = read(&png(&chunks));
    assert_eq!(declared.evidence.len(), MOST_EVIDENCE);
    for evidence in &declared.evidence {
        assert!(evidence.value.chars().count() <= MOST_VALUE);
        assert!(!evidence.value.contains('\u{7}'));
    }
    // A megabyte of zeros from a kilobyte.
    let mut packed = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![b'x'; 1 << 24]).expect("packs");
    let bomb = [b"parameters\0\0", &packed.finish().expect("packs")[..]].concat();
    assert!(!read(&png(&vec![chunk(b"zTXt", &bomb); 30])).is_synthetic());
}

proptest! {
    /// Nothing panics, and what is found stays bounded, whatever is cut off, overwritten or put in.
    #[test]
    fn damaged_files_end_the_walk(
        number in 0_usize..14,
        cut in 0.0_f64..=1.0,
        changes in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 0..20),
        more in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (mut file, ..) = declaring().swap_remove(number);
        for (place, byte) in changes {
            let at = (place * file.len() as f64) as usize;
            file[at] = byte;
        }
        let at = (cut * file.len() as f64) as usize;
        file.truncate(at);
        file.extend(more);
        let declared = read(&file);
        prop_assert!(declared.evidence.len() <= MOST_EVIDENCE);
        for evidence in declared.evidence {
            prop_assert!(evidence.value.chars().count() <= MOST_VALUE);
        }
    }

    #[test]
    fn noise_is_read_as_nothing(head in 0_usize..3, noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let heads: [&[u8]; 3] = [b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"];
        prop_assert!(!read(&[heads[head], &noise].concat()).is_synthetic());
    }
}

/// A directory may name one long text as often as it likes: it is read once, and not to its end.
#[test]
fn long_texts_are_read_in_part() {
    let far = [vec![b' '; 64 << 10], b"Midjourney".to_vec()].concat();
    let file = |text: &[u8]| jpeg(&[segment(0xe1, &[b"Exif\0\0", &exif(&[(0x0131, text)])])]);
    assert!(read(&file(&far[1 << 10..])).is_synthetic(), "within what is read");
    let block = exif(&[(0x0131, &far)]);
    assert!(!read(&webp(b"EXIF", &block)).is_synthetic(), "behind it");
    let twice = exif(&[(0x0131, b"Photoshop"), (0x0131, b"Midjourney")]);
    assert!(!read(&webp(b"EXIF", &twice)).is_synthetic(), "the first counts");
}
