//! Flowers in watercolour around a name, drawn from words.
//!
//! Words choose kinds of flowers, colours, the paper and how full it is; what is unknown is passed over.
//! The same words give the same picture.

mod canvas;
mod plants;
mod random;

use image::RgbImage;
use safelight_imaging::lettering;

use canvas::{Canvas, Point};
use plants::{SPECIES, Species, Stand, twig};
use random::Random;

/// Peak bytes of [`draw`] for each pixel of the picture.
pub const BYTES_PER_PIXEL: u64 = 36;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The name in the middle; empty for none.
    pub name: &'a str,
    /// Words for flowers and their colours.
    pub flowers: &'a str,
    /// Words for the manner: how full the picture is.
    pub style: &'a str,
    /// Words for the paper's colours.
    pub background: &'a str,
    /// Width and height in pixels.
    pub size: [u32; 2],
}

type Color = [f32; 3];

/// Colours by their English names.
const COLORS: &[(&str, Color)] = &[
    ("red", [0.78, 0.16, 0.2]),
    ("burgundy", [0.5, 0.12, 0.22]),
    ("pink", [0.93, 0.55, 0.66]),
    ("blush", [0.95, 0.76, 0.74]),
    ("peach", [0.97, 0.73, 0.58]),
    ("coral", [0.95, 0.5, 0.42]),
    ("orange", [0.94, 0.55, 0.2]),
    ("yellow", [0.96, 0.82, 0.34]),
    ("gold", [0.85, 0.68, 0.32]),
    ("golden", [0.85, 0.68, 0.32]),
    ("cream", [0.97, 0.92, 0.8]),
    ("ivory", [0.97, 0.94, 0.87]),
    ("white", [0.95, 0.94, 0.94]),
    ("beige", [0.9, 0.83, 0.72]),
    ("lavender", [0.7, 0.62, 0.86]),
    ("lilac", [0.78, 0.65, 0.85]),
    ("purple", [0.52, 0.3, 0.64]),
    ("blue", [0.36, 0.52, 0.82]),
    ("sky", [0.66, 0.82, 0.95]),
    ("turquoise", [0.36, 0.74, 0.74]),
    ("teal", [0.22, 0.52, 0.54]),
    ("mint", [0.72, 0.9, 0.8]),
    ("green", [0.5, 0.68, 0.45]),
    ("sage", [0.7, 0.77, 0.66]),
    ("gray", [0.75, 0.76, 0.78]),
    ("grey", [0.75, 0.76, 0.78]),
    ("brown", [0.55, 0.4, 0.3]),
    ("navy", [0.1, 0.14, 0.3]),
    ("black", [0.08, 0.08, 0.1]),
    ("dark", [0.12, 0.12, 0.17]),
    ("night", [0.1, 0.12, 0.24]),
];

/// Pairs of paper colours where no words name any.
const PAPERS: [[Color; 2]; 5] = [
    [[0.99, 0.93, 0.92], [0.94, 0.95, 0.99]],
    [[0.99, 0.96, 0.89], [0.98, 0.91, 0.92]],
    [[0.94, 0.97, 0.95], [0.99, 0.95, 0.91]],
    [[0.95, 0.94, 0.99], [0.99, 0.95, 0.96]],
    [[0.93, 0.96, 0.99], [0.98, 0.97, 0.92]],
];

/// Draws the flowers.
pub fn draw(order: &Order) -> RgbImage {
    let Order { name, flowers, style, background, size } = *order;
    let mut random = Random::of(&[name, flowers, style, background].join("\n").to_lowercase());
    let [width, height] = size.map(|side| side.max(64) as usize);
    let papers = colors(background);
    let dark = papers.first().is_some_and(|&color| luma(color) < 0.4);
    let lighter = |share: f32| move |value: f32| value + (1.0 - value) * share;
    let paper = match papers[..] {
        [] => *random.one(&PAPERS),
        [one] => [one, one.map(lighter(if dark { 0.1 } else { 0.45 }))],
        [one, two, ..] => [one, two],
    };
    // Light papers only take a breath of a named colour.
    let pale = |color: Color| if dark { color } else { color.map(lighter(0.5)) };
    let paper = if papers.is_empty() { paper } else { paper.map(pale) };
    let mut canvas = Canvas::new(width, height, dark, |x, y| {
        let way = (0.3 * x + 0.7 * y).clamp(0.0, 1.0);
        std::array::from_fn(|c| paper[0][c] + (paper[1][c] - paper[0][c]) * way)
    });
    let kinds = kinds(flowers, &mut random);
    let tints = colors(flowers);
    let fullness = fullness(style);
    let plan = plan([width as f32, height as f32], fullness, !name.is_empty(), &mut random);
    for &(root, direction, length) in &plan.twigs {
        twig(&mut canvas, root, direction, length, &mut random);
    }
    for &(centre, radius) in &plan.flowers {
        let species = *random.one(&kinds);
        let tint = (!tints.is_empty()).then(|| *random.one(&tints));
        let variety = species.variety(tint, &mut random);
        let stand = Stand {
            centre,
            radius: radius * species.size,
            tilt: random.within(0.0, std::f32::consts::TAU),
            squash: random.within(0.72, 1.0),
        };
        species.paint(&mut canvas, &stand, variety, &mut random);
    }
    let mut picture = canvas.finish(&mut random);
    letter(&mut picture, name, dark);
    picture
}

fn luma([r, g, b]: Color) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|letter: char| !letter.is_alphabetic() && letter != '-');
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The colours that a text names, in its order.
fn colors(text: &str) -> Vec<Color> {
    let named =
        |word: String| COLORS.iter().find(|(name, _)| *name == word).map(|(_, color)| *color);
    words(text).filter_map(named).collect()
}

/// The kinds of flowers that a text names; without any, three of them.
fn kinds(text: &str, random: &mut Random) -> Vec<&'static Species> {
    let named = |word: String| SPECIES.iter().find(|species| species.names.contains(&&*word));
    let found: Vec<_> = words(text).filter_map(named).collect();
    if !found.is_empty() {
        return found;
    }
    let first = random.within(0.0, SPECIES.len() as f32) as usize % SPECIES.len();
    [0, 2, 5].map(|step| &SPECIES[(first + step) % SPECIES.len()]).into()
}

/// How many flowers there are, against the usual number.
fn fullness(style: &str) -> f32 {
    words(style)
        .find_map(|word| match &*word {
            "minimal" | "minimalist" | "simple" | "sparse" | "delicate" => Some(0.6),
            "lush" | "dense" | "full" | "rich" | "abundant" | "maximalist" => Some(1.6),
            _ => None,
        })
        .unwrap_or(1.0)
}

/// Where everything stands.
struct Plan {
    /// Root, direction and length of each twig.
    twigs: Vec<(Point, f32, f32)>,
    /// Centre and radius of each flower, in the order of painting.
    flowers: Vec<(Point, f32)>,
}

/// A wreath around the middle, or two bouquets in opposite corners.
fn plan([width, height]: Point, fullness: f32, wreath: bool, random: &mut Random) -> Plan {
    let short = width.min(height);
    let centre = [width / 2.0, height / 2.0];
    // How far the wreath is from the middle, across and down.
    let reach = [width * 0.33, height * 0.33].map(|side| side.max(short * 0.33));
    let place = |random: &mut Random, spread: f32| -> Point {
        if wreath {
            let angle = random.within(0.0, std::f32::consts::TAU);
            let out = 1.0 + random.within(-spread, spread);
            return [
                centre[0] + reach[0] * out * angle.cos(),
                centre[1] + reach[1] * out * angle.sin(),
            ];
        }
        // Two quarter circles; the farther out, the fewer.
        let (out, angle) = (random.within(0.0, 1.0).powf(0.8), random.within(0.0, 1.571));
        let [x, y] = [out * short * 0.62 * angle.cos(), out * short * 0.62 * angle.sin()];
        match random.within(0.0, 1.0) < 0.5 {
            true => [width - x, y],
            false => [x, height - y],
        }
    };
    let mut flowers: Vec<(Point, f32)> = Vec::new();
    for (share, count) in [(0.125, 5.0), (0.085, 8.0), (0.05, 14.0)] {
        let wanted =
            flowers.len() + (count * fullness * (width.max(height) / short).sqrt()) as usize;
        for _ in 0..600 {
            if flowers.len() >= wanted {
                break;
            }
            let radius = short * share * random.within(0.85, 1.15);
            let spot = place(random, 0.17);
            let free = |(other, size): &(Point, f32)| {
                (other[0] - spot[0]).hypot(other[1] - spot[1]) > 0.8 * (size + radius)
            };
            if flowers.iter().all(free) {
                flowers.push((spot, radius));
            }
        }
    }
    let mut twigs = Vec::new();
    for &(spot, radius) in &flowers {
        for _ in 0..2 {
            // Along the wreath, a little outwards or inwards.
            let (dx, dy) = (spot[0] - centre[0], spot[1] - centre[1]);
            let along = dy.atan2(dx) + std::f32::consts::FRAC_PI_2;
            let direction =
                along + *random.one(&[0.0, std::f32::consts::PI]) + random.within(-0.9, 0.9);
            let length = (radius * 1.6 + short * 0.09) * random.within(0.8, 1.2);
            // The middle is the name's.
            let end = [dx + length * direction.cos(), dy + length * direction.sin()];
            let inwards = (end[0] / reach[0]).hypot(end[1] / reach[1]) < 0.62;
            if !(wreath && inwards) {
                twigs.push((spot, direction, length));
            }
        }
    }
    // Large flowers lie on small ones.
    flowers.reverse();
    Plan { twigs, flowers }
}

/// Letters the name in the middle, its letters apart, between two lines.
fn letter(picture: &mut RgbImage, name: &str, dark: bool) {
    let name: String = name.chars().take(40).collect();
    if name.is_empty() {
        return;
    }
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let spaced: String = name.chars().flat_map(|letter| [letter, ' ']).collect();
    let spaced = spaced.trim_end();
    let unit = lettering::width(spaced, 100.0).max(1.0);
    let size = (100.0 * width * 0.4 / unit).min(width.min(height) * 0.075);
    let color = if dark { [236, 226, 208] } else { [92, 76, 82] };
    let left = (width - lettering::width(spaced, size)) / 2.0;
    lettering::write(picture, spaced, [left, height / 2.0 + size * 0.28], size, color);
    let half = (lettering::width(spaced, size) * 0.42).max(width * 0.05);
    let thick = (width * 0.0012).ceil() as u32;
    for side in [-1.0, 1.0] {
        let y = height / 2.0 + side * size * 0.85;
        lettering::fill(
            picture,
            [(width / 2.0 - half) as u32, y as u32, (half * 2.0) as u32, thick],
            color,
        );
    }
}
