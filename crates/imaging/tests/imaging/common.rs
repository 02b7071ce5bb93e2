//! Files that the tests read or forge.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use safelight_contract::Fault;
use safelight_imaging::{Header, decode, probe};

pub fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

pub fn be32(file: &mut [u8], at: usize, value: u32) {
    file[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

/// The result, and how long this thread had a processor for it, whatever else the machine did.
pub fn processor_time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).expect("a time since the thread began")
    };
    let start = now();
    (work(), now() - start)
}

/// CRC-32 of PNG chunks.
pub fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc: u32, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

pub fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend(kind);
    chunk.extend(data);
    chunk.extend(crc(&chunk[4..]).to_be_bytes());
    chunk
}

/// A PNG whose header claims a size, with the pixels of a small one.
pub fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut file = fixture("rgb8.png");
    be32(&mut file, 16, width);
    be32(&mut file, 20, height);
    let sum = crc(&file[12..29]);
    be32(&mut file, 29, sum);
    file
}

/// `pieces` put between a PNG's header and the rest.
pub fn png_with(pieces: &[Vec<u8>]) -> Vec<u8> {
    let file = fixture("rgb8.png");
    [&file[..33], &pieces.concat(), &file[33..]].concat()
}

pub fn bmp_of(width: i32, height: i32) -> Vec<u8> {
    let mut file = fixture("bits24.bmp");
    file[18..22].copy_from_slice(&width.to_le_bytes());
    file[22..26].copy_from_slice(&height.to_le_bytes());
    file
}

/// A JPEG whose frame header claims a size.
pub fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
    let mut file = fixture("rgb444.jpg");
    let frame = file.windows(4).position(|w| w == [0xff, 0xc0, 0, 17]).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

pub fn jpeg_with(segments: &[u8]) -> Vec<u8> {
    let file = fixture("rgb444.jpg");
    [&file[..2], segments, &file[2..]].concat()
}

/// Reads a file as a service does; sizes that no service accepts are not decoded.
pub fn whole(file: &[u8]) -> Result<Header, Fault> {
    let header = probe(file)?;
    if header.pixels() <= 1_000_000 {
        decode(file, &header)?;
    }
    Ok(header)
}
