//! The report card: the face, a score, and bars.

use image::{RgbImage, imageops};
use safelight_imaging::lettering::{fill, width, write};
use safelight_imaging::resize::{Filter, rgb_part};
use safelight_vision::face::{Point, Rect};

/// One measure of the card.
pub struct Row {
    pub name: &'static str,
    /// 0..1.
    pub share: f32,
}

/// What a card says.
pub struct Card {
    /// Where the face is in the photo.
    pub face: Rect,
    /// 0..100.
    pub score: f32,
    /// In years.
    pub age: f32,
    pub rows: Vec<Row>,
}

const PAPER: [u8; 3] = [250, 248, 245];
const INK: [u8; 3] = [45, 42, 50];
const FAINT: [u8; 3] = [140, 134, 140];
const EMPTY: [u8; 3] = [230, 225, 222];
const BAR: [u8; 3] = [214, 96, 77];
/// The margin by the card's shorter side.
const MARGIN: f32 = 0.06;
/// How much of the photo around the face is shown, by the face's box.
const AROUND: f32 = 2.2;
/// How far the middle of the head lies above that of the face's box, by its height.
const HAIR: f32 = 0.12;

/// The card of a photo's face, `size` pixels wide and high.
pub fn draw(photo: &RgbImage, card: &Card, size: (u32, u32)) -> RgbImage {
    let (wide, high) = size;
    let mut paper = RgbImage::from_pixel(wide, high, image::Rgb(PAPER));
    let margin = (wide.min(high) as f32 * MARGIN) as u32;
    let beside = wide > high;
    // The photo's box and that of the text.
    let (picture, text) = if beside {
        let column = wide * 2 / 5;
        (
            [margin, margin, column - margin, high - 2 * margin],
            [column + margin, margin, wide - column - 2 * margin, high - 2 * margin],
        )
    } else {
        let row = high * 9 / 20;
        (
            [margin, margin, wide - 2 * margin, row - margin],
            [margin, row + margin, wide - 2 * margin, high - row - 2 * margin],
        )
    };
    let [left, top, width, height] = picture;
    let part = shown(photo, &card.face, f64::from(width) / f64::from(height));
    // A photo without room for this shape leaves paper on two sides; the head is shown whole.
    let scale = (width as f32 / part[2] as f32).min(height as f32 / part[3] as f32);
    let scaled = |length: u32, most: u32| ((length as f32 * scale) as u32).clamp(1, most);
    let (across, down) = (scaled(part[2], width), scaled(part[3], height));
    let shown = rgb_part(photo, part, across, down, Filter::Lanczos3);
    let (left, top) = (left + (width - across) / 2, top + (height - down) / 2);
    imageops::replace(&mut paper, &shown, left.into(), top.into());
    write_text(&mut paper, card, text);
    paper
}

/// The part of the photo around the head: left, top, width, height. It has this shape as far as the
/// photo reaches.
fn shown(photo: &RgbImage, face: &Rect, aspect: f64) -> [u32; 4] {
    let (wide, high) = (f64::from(photo.width()), f64::from(photo.height()));
    let side = f64::from(face.longer_side() * AROUND);
    let (width, height) = if aspect > 1.0 { (side * aspect, side) } else { (side, side / aspect) };
    let (width, height) = (width.min(wide), height.min(high));
    let Point { x, y } = face.centre();
    // The detector's box leaves out the top of the head.
    let y = y - HAIR * face.height;
    let start = |middle: f32, length: f64, all: f64| {
        (f64::from(middle) - length / 2.0).clamp(0.0, (all - length).max(0.0))
    };
    let (left, top) = (start(x, width, wide), start(y, height, high));
    [left, top, width.max(1.0), height.max(1.0)].map(|value| value as u32)
}

fn write_text(paper: &mut RgbImage, card: &Card, [left, top, across, down]: [u32; 4]) {
    let (x, y) = (left as f32, top as f32);
    // Title, score and a line for each row and the note.
    let unit = (down as f32 / (card.rows.len() as f32 * 1.6 + 6.0)).min(across as f32 / 14.0);
    write(paper, "Face rating", [x, y + unit], unit, INK);
    let score = format!("{:.0}", card.score);
    write(paper, &score, [x, y + unit * 3.3], unit * 2.4, BAR);
    let after = x + width(&score, unit * 2.4) + unit * 0.4;
    write(paper, "of 100", [after, y + unit * 3.3], unit * 0.8, FAINT);
    let age = format!("about {:.0} years", card.age);
    let right = x + across as f32 - width(&age, unit * 0.7);
    write(paper, &age, [right, y + unit * 3.3], unit * 0.7, FAINT);
    for (index, row) in card.rows.iter().enumerate() {
        let foot = y + unit * (4.9 + index as f32 * 1.6);
        let value = format!("{:.0}", row.share * 100.0);
        write(paper, row.name, [x, foot], unit * 0.7, INK);
        let end = x + across as f32 - width(&value, unit * 0.7);
        write(paper, &value, [end, foot], unit * 0.7, INK);
        let (height, foot) = ((unit * 0.3) as u32, (foot + unit * 0.3) as u32);
        fill(paper, [left, foot, across, height], EMPTY);
        fill(paper, [left, foot, (across as f32 * row.share) as u32, height], BAR);
    }
    let foot = y + unit * (5.4 + card.rows.len() as f32 * 1.6);
    write(paper, "By formula, not a judgement.", [x, foot], unit * 0.55, FAINT);
}
