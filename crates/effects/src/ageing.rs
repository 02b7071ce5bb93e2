//! An older face: lines, folds and a rougher skin, what sags, and gray brows; and a fresher one.
//!
//! The relief of the skin gets stronger, and lines are drawn where faces get them, each with a lighter
//! ridge beside it; the shape follows an expression of the rig. Hair is coloured by whoever has
//! its matte.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::map::Map;

use crate::canonical::Chart;
use crate::change::{Change, labs};
use crate::dice::Dice;
use crate::expression;
use crate::kit::Kit;
use crate::makeup::Canvas;
use crate::path::Path;
use crate::portrait::SKIN;
use crate::region;
use crate::strokes::Place;
use crate::treatment::Treatment;

/// A line that faces get: its points on the left half of the canonical face in centimetres, its depth in
/// L* and its width in `fw`. The right half has its mirror image.
struct Crease {
    points: &'static [Place],
    depth: f32,
    width: f32,
}

const fn crease(points: &'static [Place], depth: f32, width: f32) -> Crease {
    Crease { points, depth, width }
}

#[rustfmt::skip]
const CREASES: [Crease; 17] = [
    // Forehead: from the middle outwards.
    crease(&[[-0.2, 5.85], [1.4, 6.0], [2.7, 5.95], [3.7, 5.6]], 4.5, 0.006),
    crease(&[[-0.2, 6.6], [1.4, 6.75], [2.8, 6.65], [3.9, 6.2]], 4.0, 0.006),
    crease(&[[-0.2, 7.3], [1.3, 7.4], [2.6, 7.25]], 2.5, 0.006),
    // Between the brows.
    crease(&[[0.55, 3.9], [0.6, 4.5], [0.5, 5.1]], 4.0, 0.005),
    // Beside the eye.
    crease(&[[5.45, 2.95], [5.9, 3.25], [6.4, 3.75]], 4.5, 0.004),
    crease(&[[5.55, 2.6], [6.1, 2.6], [6.7, 2.75]], 5.0, 0.004),
    crease(&[[5.45, 2.25], [6.0, 1.95], [6.5, 1.6]], 4.5, 0.004),
    crease(&[[5.2, 1.9], [5.6, 1.45], [6.0, 0.9]], 3.5, 0.004),
    // Below the eye.
    crease(&[[4.9, 1.8], [4.1, 1.42], [3.3, 1.35], [2.5, 1.5], [1.9, 1.85]], 4.0, 0.005),
    crease(&[[4.7, 1.25], [3.9, 0.75], [3.0, 0.55], [2.3, 0.8]], 4.0, 0.007),
    // From the nose to the mouth, from the mouth to the jaw.
    crease(&[[1.9, -1.0], [2.45, -1.6], [3.05, -2.35], [3.45, -3.3], [3.6, -4.2]], 8.0, 0.009),
    crease(&[[2.75, -4.75], [3.05, -5.4], [3.1, -6.3]], 6.0, 0.008),
    // On the upper lip, and on the cheek.
    crease(&[[0.45, -2.85], [0.5, -3.25]], 2.5, 0.004),
    crease(&[[1.0, -2.75], [1.15, -3.2]], 2.5, 0.004),
    crease(&[[1.6, -2.9], [1.8, -3.4]], 2.5, 0.004),
    crease(&[[4.6, -1.2], [4.75, -2.2], [4.5, -3.4]], 3.0, 0.006),
    crease(&[[5.3, -1.6], [5.35, -2.6], [5.0, -3.8]], 2.5, 0.006),
];
/// How far below a line its ridge lies, by its width, and how light it is, by its depth.
const RIDGE: f32 = 1.4;
const LIGHT: f32 = 0.45;
/// How much coarser the relief of the skin becomes, and the band of it, in `fw`.
const ROUGHER: f32 = 0.7;
const RELIEF: [f32; 2] = [0.004, 0.022];
/// The mottling of old skin in L*, a* and b*, and its size in `fw`.
const MOTTLE: [f32; 3] = [-1.6, 1.0, 0.9];
const SPECK: f32 = 0.035;

/// Makes a face older: 1 is about as old as faces get, 0 leaves every pixel as it is.
pub fn older(kit: &Kit, photo: &mut RgbImage, amount: f32) {
    if amount <= 0.0 {
        return;
    }
    if let Some(sagging) = expression::find("aged") {
        sagging.show(kit, photo, amount);
    }
    relief(kit, photo, amount);
    draw(kit, photo, amount);
}

/// Makes a face fresher: lines, spots and shadows below the eyes go as far as `amount` (0 to 1) says. Asks
/// `proceed` before, and ends with its fault.
pub fn fresher(
    kit: &Kit,
    photo: &mut RgbImage,
    amount: f32,
    proceed: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let treatment = Treatment { brighter: 0.2 * amount, ..Treatment::all(amount) };
    treatment.apply(photo, std::slice::from_ref(kit), proceed)
}

/// The middle band of the skin's relief, stronger, and mottled.
fn relief(kit: &Kit, photo: &mut RgbImage, amount: f32) {
    let Some(window) = kit.window(0.3) else { return };
    let cut = window.cut(photo);
    let skin = kit.skin_of(&window, &cut, SKIN);
    let [l, ..] = labs(&cut);
    let [fine, wide] = RELIEF.map(|sigma| region::feathered(&l, kit.cells(&window, sigma)));
    let band = fine.join(&wide, |fine, wide| fine - wide);
    let noise = Dice::new(0x5eed).noise();
    let cells = kit.cells(&window, SPECK).max(1.0);
    let mut change = Change::none(window);
    change.lab[0] =
        band.join(&skin, |band, skin| (band * ROUGHER * amount).clamp(-6.0, 4.0) * skin);
    for (map, by) in change.lab.iter_mut().zip(MOTTLE) {
        *map = map.each(|x, y| {
            let i = y * window.width + x;
            let speck = noise.at(x as f32 / cells, y as f32 / cells)
                + 0.5 * noise.at(x as f32 * 2.3 / cells, y as f32 * 2.3 / cells);
            map.values[i] + (speck - 0.3).max(0.0) * by * amount * skin.values[i]
        });
    }
    change.apply(photo);
}

/// Draws the lines.
fn draw(kit: &Kit, photo: &mut RgbImage, amount: f32) {
    let all: [usize; 4] = [10, 152, 234, 454];
    let Some(canvas) = Canvas::around(kit, photo, &all, 0.05) else { return };
    let (window, chart) = (canvas.window, Chart::of(&canvas.points));
    let skin = kit.face_skin(&window, &window.cut(photo));
    let noise = Dice::new(0x11e5).noise();
    let mut sum = window.filled(0.0);
    for line in &CREASES {
        for side in [1.0, -1.0] {
            let places: Vec<Place> = line
                .points
                .iter()
                .filter_map(|&[x, y]| chart.spot([x * side, y]).map(|spot| spot.place))
                .collect();
            if places.len() == line.points.len() {
                add(&canvas, &mut sum, &Path::through(&places), line);
            }
        }
    }
    let cells = 0.05 * canvas.fw;
    let depth = sum.each(|x, y| {
        let i = y * window.width + x;
        let uneven = 0.8 + 0.35 * noise.at(x as f32 / cells, y as f32 / cells);
        sum.values[i] * uneven * skin.values[i] * amount
    });
    let mut change = Change::none(window);
    // Lines of dark skin are darker by less.
    let own = (kit.skin.lab[0] / 65.0).clamp(0.4, 1.1);
    change.lab[0] = depth.each(|x, y| depth.values[y * window.width + x] * own);
    change.lab[1] = depth.each(|x, y| -0.15 * depth.values[y * window.width + x]);
    change.apply(photo);
}

/// Adds a line, tapered at its ends, and its ridge.
fn add(canvas: &Canvas, sum: &mut Map, path: &Path, line: &Crease) {
    const STEPS: usize = 24;
    let [_, up] = canvas.axes();
    let width = (line.width * canvas.fw).max(0.7);
    let at = |shift: f32| -> Vec<[f32; 3]> {
        let place = |i: usize| {
            let t = i as f32 / STEPS as f32;
            let [x, y] = path.at(t);
            let strength = (std::f32::consts::PI * t).sin().max(0.0).sqrt();
            [x - up[0] * shift, y - up[1] * shift, strength]
        };
        (0..=STEPS).map(place).collect()
    };
    let (groove, ridge) = (at(0.0), at(RIDGE * width));
    let reach = 3.0 * width + RIDGE * width;
    let range = |axis: usize, length: usize| {
        let values = groove.iter().map(|place| place[axis]);
        let low = values.clone().fold(f32::INFINITY, f32::min) - reach;
        let high = values.fold(f32::NEG_INFINITY, f32::max) + reach;
        (low.max(0.0) as usize).min(length)..((high.max(0.0) as usize) + 1).min(length)
    };
    let near = |x: usize, y: usize, places: &[[f32; 3]]| {
        let bell = places.iter().map(|&[px, py, strength]| {
            let squared = (x as f32 - px).powi(2) + (y as f32 - py).powi(2);
            strength * (-squared / (2.0 * width * width)).exp()
        });
        bell.fold(0.0, f32::max)
    };
    for y in range(1, sum.height) {
        for x in range(0, sum.width) {
            let dark = near(x, y, &groove);
            let light = near(x, y, &ridge);
            sum.values[y * sum.width + x] += line.depth * (LIGHT * light - dark);
        }
    }
}
