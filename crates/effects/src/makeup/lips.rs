//! Lipstick and gloss.

use image::RgbImage;
use safelight_imaging::map::Map;
use safelight_vision::face::Part;

use super::Canvas;
use crate::atlas::{LIPS, MOUTH};
use crate::kit::Kit;
use crate::lab::Lab;
use crate::path::{Path, along, between};
use crate::region;
use crate::strokes::Place;

/// A lipstick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lipstick {
    /// Its colour.
    pub colour: Lab,
    /// How much it covers, 0 to 1.
    pub opacity: f32,
    /// How wet it looks, 0 to 1.
    pub gloss: f32,
}

/// The red gloss.
pub const RED_GLOSS: Lipstick = Lipstick { colour: [40.0, 58.0, 34.0], opacity: 0.78, gloss: 1.0 };

/// Lips of which less than this share is seen are hidden.
const LEAST_SEEN: f32 = 0.35;
/// The lines of the lips from the picture's left to its right: outer and inner edge of the upper lip,
/// inner and outer edge of the lower lip.
const UPPER_OUTER: [usize; 11] = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291];
const UPPER_INNER: [usize; 11] = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308];
const LOWER_INNER: [usize; 11] = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308];
const LOWER_OUTER: [usize; 11] = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291];

/// How much of the lips is seen, 0 to 1: the parser finds them where the mesh does.
pub fn seen(kit: &Kit) -> f32 {
    let Some(window) =
        kit.window_around(safelight_vision::face::Rect::around(kit.polygon(&LIPS)), 0.02)
    else {
        return 0.0;
    };
    let ring = kit.lips(&window);
    let likely = kit.parsing.likely(&[Part::UpperLip, Part::LowerLip, Part::Mouth]);
    let found = window.map(|place| f32::from(likely(place) > 0.3));
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    sum(&region::common(&ring, &found)) / sum(&ring).max(1e-3)
}

/// Whether the lips can be painted: enough of them is seen.
pub fn are_seen(kit: &Kit) -> bool {
    seen(kit) >= LEAST_SEEN
}

/// Paints the lips.
pub fn paint(kit: &Kit, photo: &mut RgbImage, lipstick: &Lipstick) {
    if lipstick.opacity <= 0.0 {
        return;
    }
    let Some(mut canvas) = Canvas::around(kit, photo, &LIPS, 0.08) else { return };
    let lips = Lips::of(&canvas);
    lips.colour(&mut canvas, lipstick);
    if lipstick.gloss > 0.0 {
        lips.shine(&mut canvas, lipstick.gloss * lipstick.opacity.min(1.0));
    }
    canvas.paint(photo);
}

/// The lips of a canvas.
struct Lips {
    /// How much of each cell is lip.
    mask: Map,
    median: Lab,
    /// L* without detail, found within the lips, so that skin leaves no light rim.
    coarse: Map,
    /// What L* has beyond that.
    detail: Map,
}

impl Lips {
    fn of(canvas: &Canvas) -> Self {
        let (kit, window) = (canvas.kit, &canvas.window);
        let ring = kit.lips(window);
        let mask = canvas.blurred(&lip_mask(canvas, &ring), 0.004);
        let median = canvas.before.median(&ring, 0.8).unwrap_or(kit.skin.lab);
        let light = canvas.before.plane(0);
        let within = region::common(&light, &ring);
        let [sum, weight] = [&within, &ring].map(|map| canvas.blurred(map, 0.02));
        let coarse =
            sum.join(&weight, |sum, weight| if weight > 0.02 { sum / weight } else { median[0] });
        let detail = light.join(&coarse, |light, coarse| light - coarse);
        Self { mask, median, coarse, detail }
    }

    fn colour(&self, canvas: &mut Canvas, lipstick: &Lipstick) {
        let [wanted, red, yellow] = canvas.kit.lit(lipstick.colour);
        let median = self.median[0];
        // Dark lipsticks have less contrast, since most of the contrast is light that lips send back.
        let contrast = (wanted / median.max(1.0)).clamp(0.55, 1.1);
        for (index, &mask) in self.mask.values.iter().enumerate() {
            let share = mask * lipstick.opacity;
            if share <= 0.0 {
                continue;
            }
            let (coarse, detail) = (self.coarse.values[index], self.detail.values[index]);
            let base = median + MOVED * (wanted - median);
            let light = base + contrast * (0.85 * (coarse - median) + 0.9 * detail);
            let chroma = (light / base.max(1.0)).clamp(0.6, 1.15);
            let own = canvas.before.colours[index];
            // Where the lips shine they show the light's colour.
            let shine = ((detail - 8.0) / 12.0).clamp(0.0, 0.7);
            let tone = |pigment: f32, own: f32| pigment * chroma * (1.0 - shine) + own * shine;
            let colour = [light.clamp(2.0, 97.0), tone(red, own[1]), tone(yellow, own[2])];
            canvas.now.mix(index, colour, share.min(1.0));
        }
    }

    /// Streaks of light on both lips, and a stronger shine of their own.
    fn shine(&self, canvas: &mut Canvas, gloss: f32) {
        let streaks = streaks(canvas);
        let radius = (0.007 * canvas.fw).round() as usize;
        let inner = canvas.blurred(&self.mask.erode(radius), 0.003);
        let median = self.median[0].max(1.0);
        for (index, &inside) in inner.values.iter().enumerate() {
            let (coarse, detail) = (self.coarse.values[index], self.detail.values[index]);
            let streak = 24.0
                * streaks.values[index]
                * (0.85 + detail / 14.0).clamp(0.45, 1.2)
                * (coarse / median).clamp(0.7, 1.25).powi(2);
            let own = 0.5 * detail.max(0.0) + 8.0 * ((detail - 4.0) / 8.0).clamp(0.0, 1.0);
            let add = (streak + own) * inside * gloss;
            if add > 0.0 {
                let [l, a, b] = canvas.now.colours[index];
                let paler = 1.0 - (add / 45.0).min(0.75);
                let light = (l + add).min(97.0_f32.max(l));
                canvas.now.colours[index] = [light, a * paler, b * paler];
            }
        }
    }
}

/// Share of the way that the median L* goes to the lipstick's.
const MOVED: f32 = 0.85;

/// The lips without teeth, hair and what covers the mouth: the mesh's ring, and what the parser sees
/// close around it.
fn lip_mask(canvas: &Canvas, ring: &Map) -> Map {
    let (kit, window) = (canvas.kit, &canvas.window);
    let inner = region::fill(window, &kit.polygon(&MOUTH));
    let parsed = canvas.likely(&[Part::UpperLip, Part::LowerLip]);
    let near = canvas.grown(ring, 0.008);
    let beside = region::common(&region::without(&parsed, &inner), &near);
    let mut all = region::union(ring, &beside);
    if !is_open(canvas, &inner) {
        let between = region::common(&parsed, &inner);
        all = region::union(&all, &region::common(&alike(canvas, ring), &between));
    }
    let free = region::without(&all, &canvas.likely(&[Part::Hair, Part::Cloth, Part::Hat]));
    region::without(&free, &teeth(canvas, ring, &inner))
}

/// A mouth of which the parser sees more than this between the lips is open.
const OPEN: f32 = 0.15;

/// Whether the mouth is open, not in the mesh alone.
fn is_open(canvas: &Canvas, inner: &Map) -> bool {
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    sum(&region::common(inner, &canvas.likely(&[Part::Mouth]))) > OPEN * sum(inner)
}

/// Cells of the colour of the lips. Where the mesh opens lips that are closed, they lie between its lines.
fn alike(canvas: &Canvas, ring: &Map) -> Map {
    let [light, red, yellow] = canvas.before.median(ring, 0.8).unwrap_or(canvas.kit.skin.lab);
    ring.each(|x, y| {
        let [l, a, b] = canvas.before.colours[y * ring.width + x];
        let hue = ((9.0 - (a - red).hypot(b - yellow)) / 3.0).clamp(0.0, 1.0);
        hue * ((16.0 - (l - light).abs()) / 4.0).clamp(0.0, 1.0)
    })
}

/// Bright cells without the red of lips close to the opening of the mouth.
fn teeth(canvas: &Canvas, ring: &Map, inner: &Map) -> Map {
    let [light, red, _] = canvas.before.median(ring, 0.8).unwrap_or(canvas.kit.skin.lab);
    let near = canvas.grown(inner, 0.014);
    let found = near.each(|x, y| {
        let index = y * near.width + x;
        let [l, a, _] = canvas.before.colours[index];
        let pale = ((red - 5.0 - a) / 3.0).clamp(0.0, 1.0);
        let bright = ((l - light - 7.0) / 3.0).clamp(0.0, 1.0);
        near.values[index] * pale * bright
    });
    canvas.blurred(&found, 0.003)
}

/// Where a lip shines: which part of its length, how brightly, and half its width by the lip's height.
struct Streak {
    upper: bool,
    part: [f32; 2],
    light: f32,
    half: f32,
}

const STREAKS: [Streak; 4] = [
    Streak { upper: false, part: [0.28, 0.50], light: 1.0, half: 0.13 },
    Streak { upper: false, part: [0.57, 0.72], light: 0.65, half: 0.13 },
    Streak { upper: true, part: [0.33, 0.45], light: 0.5, half: 0.07 },
    Streak { upper: true, part: [0.55, 0.67], light: 0.5, half: 0.07 },
];

fn streaks(canvas: &Canvas) -> Map {
    const POINTS: usize = 16;
    let lines: [[Path; 2]; 2] = [
        [canvas.path(&LOWER_INNER), canvas.path(&LOWER_OUTER)],
        [canvas.path(&UPPER_INNER), canvas.path(&UPPER_OUTER)],
    ];
    let height = crate::path::distance(canvas.point(14), canvas.point(17));
    let mut all = canvas.window.filled(0.0);
    for Streak { upper, part: [from, to], light, half } in STREAKS {
        let [inner, outer] = &lines[usize::from(upper)];
        let edge = |side: f32, i: usize| -> Place {
            let share = i as f32 / POINTS as f32;
            let t = from + (to - from) * share;
            let middle = between(inner.at(t), outer.at(t), 0.48);
            let across = crate::path::unit([
                outer.at(t)[0] - inner.at(t)[0],
                outer.at(t)[1] - inner.at(t)[1],
            ]);
            along(middle, across, side * half * height * (std::f32::consts::PI * share).sin())
        };
        let there = (0..=POINTS).map(|i| edge(1.0, i));
        let back = (0..=POINTS).rev().map(|i| edge(-1.0, i));
        let filled = canvas.filled(&there.chain(back).collect::<Vec<_>>());
        all = all.join(&filled, |all, one| all.max(one * light));
    }
    region::feathered(&all, (0.05 * height).max(0.3))
}
