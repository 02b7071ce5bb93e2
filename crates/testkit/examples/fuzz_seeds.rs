//! Writes what the targets of `fuzz/` start from: small files and requests that are hostile or odd.
//!
//! `cargo run -p safelight-testkit --example fuzz_seeds` writes `fuzz/seeds`; the pictures that are as
//! they should be lie in `crates/imaging/tests/fixtures`.

use std::fs;

use safelight_testkit::jpeg::{Coefficients, Layout, scan_scripts};
use safelight_testkit::webp::many_prefix_codes;
use safelight_testkit::workspace;

fn main() {
    write("pictures", pictures());
    write("multipart", multipart());
    write("json", json());
    write("parameters", parameters());
    write("encoding", encoding());
    write("range", ranges());
    write("accept", texts(&ACCEPT));
    write("manifest", manifests());
}

type Seeds = Vec<Vec<u8>>;

fn write(name: &str, seeds: Seeds) {
    let folder = workspace().join("fuzz/seeds").join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    for (index, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("{index:02}")), seed).expect("the folder can be written");
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let path = workspace().join("crates/imaging/tests/fixtures").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn texts(all: &[&str]) -> Seeds {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// JPEGs of odd structure, a WebP of many codes, and files of each format that break off in the
/// middle or claim another size than they have.
fn pictures() -> Seeds {
    let mut seeds = Vec::new();
    for (index, scans) in scan_scripts().into_iter().enumerate().step_by(3) {
        let sampling = [[(1, 1); 3], [(2, 2), (1, 1), (1, 1)], [(1, 1), (4, 4), (1, 2)]][index % 3];
        for progressive in [false, true] {
            let layout = Layout { scans: scans.clone(), restart: 2, progressive };
            seeds.push(Coefficients::drawn(20, 12, &sampling).write(&layout));
        }
    }
    seeds.push(Coefficients::drawn(9, 9, &[(1, 1); 4]).write(&Layout::interleaved(4)));
    seeds.push(many_prefix_codes(8, 8, 3));
    // (file, where its width stands, the bytes of a larger one)
    let sizes: [(&str, usize, &[u8]); 5] = [
        ("rgb8.png", 16, &[0, 0, 255, 255]),
        ("gray1.png", 20, &[127, 255, 255, 255]),
        ("bits24.bmp", 18, &[255, 255, 0, 0]),
        ("rle8.bmp", 22, &[0, 0, 0, 128]),
        ("lossless.webp", 21, &[255, 255, 255]),
    ];
    for (name, at, size) in sizes {
        let mut file = fixture(name);
        file[at..at + size.len()].copy_from_slice(size);
        seeds.push(file);
    }
    for name in ["progressive.jpg", "restart.jpg", "palette4.png", "rle4.bmp", "lossy.webp"] {
        let file = fixture(name);
        seeds.push(file[..file.len() / 2].to_vec());
    }
    seeds
}

/// The bytes for the endpoint and for the size of the pieces, and a body.
fn body(endpoint: u8, piece: u8, body: &[u8]) -> Vec<u8> {
    [&[endpoint, piece], body].concat()
}

fn part(head: &str, value: &[u8]) -> Vec<u8> {
    let head = format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n");
    [head.as_bytes(), value, b"\r\n"].concat()
}

fn multipart() -> Seeds {
    let picture = fixture("rgb444.jpg");
    let file = part("name=\"image\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg", &picture);
    let bare = part("name=\"image\"", &picture);
    let long = part(&format!("name=\"{}\"; filename*=UTF-8''%e2%82%ac", "n".repeat(900)), b"x");
    let parameter = part("name=\"task_type\"", b"async");
    let address = part("name=image_url", b"http://127.0.0.1:1/a.jpg");
    let end: &[u8] = b"--x--\r\n";
    vec![
        body(4, 255, &[&file[..], end].concat()),
        body(3, 0, &[&bare[..], &parameter, end].concat()),
        body(13, 6, &[&parameter[..], &file, &file, end].concat()),
        body(18, 99, &[&long[..], &address, end].concat()),
        body(60, 30, &[&file[..], &address[..40]].concat()),
        body(26, 12, &[b"preamble\r\n", &parameter[..], b"--x--epilogue"].concat()),
        body(0, 200, b"--x\r\n\r\nno head\r\n--x--"),
        body(0, 3, b"--y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--y--"),
    ]
}

fn json() -> Seeds {
    let texts: [(u8, &str); 9] = [
        (4, r#"{"image_base64":"iVBORw0KGgo=","return_form":"mask"}"#),
        (13, r#"{"image_url":["http://x/a.jpg","http://x/b.jpg"],"width":"10","height":1e2}"#),
        (22, r#"{"task_type":true,"index":null,"image":{"a":[]}}"#),
        (40, r#"{"max_face_num":-0.0,"need_rotate_detection":[1,"2",null]}"#),
        (77, r#"{"a":1,"a":2,"merge_infos":"[{\"x\":1}]"}"#),
        (16, r#"{"text":"\ud800","text":"\u0000\ud83d\ude00"}"#),
        (8, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
        (8, r#"{"index":123456789012345678901234567890.1e400}"#),
        (8, "\u{feff}{}"),
    ];
    texts.iter().map(|(endpoint, text)| body(*endpoint, 20, text.as_bytes())).collect()
}

fn parameters() -> Seeds {
    let texts: [(u8, &str); 8] = [
        (4, "image_url=http%3A%2F%2Fx%2Fa.jpg&return_form=whiteBK"),
        (13, "x=-1&y=99999999999999999999&width=%31%30&height=+5+"),
        (9, "direction=left&scale=0.0000001&scale=1"),
        (55, "fat=nan&fat=inf"),
        (65, "color=%23ff00ff&strength=1e-400"),
        (16, "text=%ff%fe%00&level=%E2%82%AC"),
        (84, "type=&&&=&=x&type"),
        (32, "upscale_factor=4&mode=enhancement&task_type=TRUE"),
    ];
    texts.iter().map(|(endpoint, text)| body(*endpoint, 7, text.as_bytes())).collect()
}

/// Bodies stored in gzip and zlib without compression, one cut off, and bytes that are neither.
fn encoding() -> Seeds {
    let text = b"image_url=http://x/a.jpg&type=1";
    let length = text.len() as u16;
    let stored = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), text].concat();
    let gzip = [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &stored, &[0; 8]].concat();
    let adler = text.iter().fold((1u32, 0u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    let zlib = [b"\x78\x01", &stored[..], &(adler.1 << 16 | adler.0).to_be_bytes()].concat();
    vec![
        body(4, 0, &gzip),
        body(4, 255, &zlib),
        body(13, 2, &gzip[..20]),
        body(13, 3, &stored),
        body(13, 4, b"\x1f\x8b no gzip"),
        body(13, 5, &zlib[..zlib.len() - 2]),
    ]
}

fn ranges() -> Seeds {
    let cases: [(u64, &str); 10] = [
        (5000, "bytes=100-199"),
        (5000, "bytes=-1"),
        (5000, "bytes=5000-"),
        (0, "bytes=-0"),
        (0, "bytes=0-0"),
        (u64::MAX, "bytes=18446744073709551615-18446744073709551615"),
        (1, "bytes=0-18446744073709551615"),
        (9, "bytes=1-2,4-5"),
        (9, "bytes = 5-1"),
        (9, "lines=+1--2"),
    ];
    cases.iter().map(|(size, text)| [&size.to_le_bytes(), text.as_bytes()].concat()).collect()
}

const ACCEPT: [&str; 7] = [
    "*/*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "application/json;q=0",
    "application/*; q=0.000, text/html;level=1;q=1",
    ",,;;q=,;q=nan",
    "\"text/html;q=0\", a/b",
    "",
];

/// The first model that ships, and what is wrong with others.
fn manifests() -> Seeds {
    let path = workspace().join("models/manifest.toml");
    let text = fs::read_to_string(path).expect("the manifest");
    let starts: Vec<_> = text.match_indices("[[model]]").map(|(at, _)| at).take(2).collect();
    let first = &text[starts[0]..starts[1]];
    let mut seeds = texts(&["", "[[model]]\nname = \"x\"\n", "model = [[]]\n"]);
    seeds.push(first.into());
    seeds.push([first, first].concat().into());
    seeds.push(first.replace(".onnx", "/../x.onnx").into());
    seeds.push(first.replace("NCHW", "NCH€").into());
    seeds.push(first.replace("bytes = ", "bytes = -").into());
    seeds
}
