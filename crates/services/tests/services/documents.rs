//! Drawn documents: pages, cards and passports.

use image::{Rgb, RgbImage, imageops};
use safelight_imaging::lettering::{fill, write};
use safelight_testkit as testkit;

pub const INK: [u8; 3] = [30, 30, 36];

pub fn paper(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb([249, 248, 244]))
}

/// The specimen passport of ICAO 9303, part 4.
pub const TD3: [&str; 2] = [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
];
/// The specimen card of part 5.
pub const TD1: [&str; 3] = [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
];
/// The specimen card of part 6.
pub const TD2: [&str; 2] =
    ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];

/// The back of a card: its zone alone.
pub fn back(zone: &[&str]) -> RgbImage {
    let mut card = paper(1000, 600);
    write(&mut card, "Utopia", [60.0, 90.0], 40.0, INK);
    write_zone(&mut card, zone, 600.0);
    card
}

/// A passport's page of data: a portrait, a headline, a small table and the zone.
pub fn passport(zone: &[&str]) -> RgbImage {
    let mut page = paper(1400, 1000);
    let photo =
        image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo").to_rgb8();
    let head = imageops::crop_imm(&photo, 110, 0, 230, 260).to_image();
    let head = imageops::resize(&head, 345, 390, imageops::CatmullRom);
    imageops::replace(&mut page, &head, 60, 240);
    write(&mut page, "UTOPIA", [60.0, 170.0], 150.0, INK);
    let rows = [["Surname", "ERIKSSON"], ["Given names", "ANNA MARIA"], ["Born", "12 AUG 1974"]];
    for (row, texts) in (0..).zip(rows) {
        for (column, text) in (0..).zip(texts) {
            let (left, top) = (460 + 420 * column, 260 + 90 * row);
            fill(&mut page, [left, top, 420, 3], INK);
            fill(&mut page, [left, top, 3, 90], INK);
            write(&mut page, text, [left as f32 + 24.0, top as f32 + 58.0], 40.0, INK);
        }
    }
    fill(&mut page, [460, 530, 843, 3], INK);
    fill(&mut page, [1300, 260, 3, 273], INK);
    write_zone(&mut page, zone, 1000.0);
    page
}

/// Writes a zone at the foot of a page of this height.
fn write_zone(page: &mut RgbImage, zone: &[&str], height: f32) {
    let wide = (page.width() - 120) as f32;
    // The font is 0.517 times as wide as it is high from foot to head.
    let size = wide / zone[0].len() as f32 / 0.517;
    for (index, row) in zone.iter().rev().enumerate() {
        let foot = height - 60.0 - 1.5 * size * index as f32;
        write(page, row, [60.0, foot], size, INK);
    }
}
