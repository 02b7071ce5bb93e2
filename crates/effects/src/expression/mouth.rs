//! The inside of a mouth that opens: the photo's own where it shows one, else a cavity with drawn teeth.

use image::RgbImage;
use safelight_imaging::color::smoothstep;
use safelight_vision::face::{Point, Rect};

use super::Motion;
use crate::atlas::MOUTH;
use crate::change::pixel_of;
use crate::field::bicubic;
use crate::kit::Kit;
use crate::path::{Path, lerp};
use crate::region;
use crate::window::Window;

/// Inner edges of both lips, from the picture's left to its right.
const UPPER: [usize; 11] = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308];
const LOWER: [usize; 11] = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308];
/// Places along an edge.
const STEPS: usize = 64;
/// A mouth that is open this far shows what is inside; one that opens further than this is filled.
const SHOWS: f32 = 0.025;
const OPENS: f32 = 0.012;
/// By how much it must open for what it shows not just to be stretched.
const GROWS: f32 = 0.004;
/// How softly the photo's own mouth ends, and the fill at the lips.
const SOFT: f32 = 0.008;
const EDGE: f32 = 0.004;
/// The photo's own mouth is drawn out downwards so many times at most; below it lies the cavity.
const STRETCH: f32 = 1.6;
/// The light that the colours of the cavity were chosen in, as a mean of sRGB.
const LIGHT: f32 = 165.0;
const CAVITY: [f32; 3] = [48.0, 18.0, 22.0];
const TONGUE: [f32; 3] = [60.0, 26.0, 30.0];
/// Teeth: their length, how far from the middle they reach, and how many are seen.
const TOOTH: f32 = 0.058;
const ROW: f32 = 0.93;
const TEETH: f32 = 8.0;

/// The opening between the lips in the face's own frame.
struct Opening {
    middle: f32,
    half: f32,
    across: Vec<f32>,
    upper: Vec<f32>,
    lower: Vec<f32>,
}

impl Opening {
    fn of(kit: &Kit, place: impl Fn(usize) -> Point) -> Self {
        let [right, down] = kit.axes();
        let turned = |index: &usize| {
            let Point { x, y } = place(*index);
            [x * right.x + y * right.y, x * down.x + y * down.y]
        };
        let [first, last] = [turned(&UPPER[0])[0], turned(&UPPER[10])[0]];
        let (middle, half) = ((first + last) / 2.0, ((last - first) / 2.0).max(1e-3));
        let across: Vec<f32> = (0..=STEPS).map(|i| i as f32 / STEPS as f32 * 2.0 - 1.0).collect();
        let edge = |indices: [usize; 11]| {
            let path = Path::through(&indices.iter().map(turned).collect::<Vec<_>>());
            let places: Vec<_> = (0..=STEPS).map(|i| path.at(i as f32 / STEPS as f32)).collect();
            let xs: Vec<f32> = places.iter().map(|place| (place[0] - middle) / half).collect();
            let ys: Vec<f32> = places.iter().map(|place| place[1]).collect();
            across.iter().map(|&u| lerp(u, &xs, &ys)).collect::<Vec<f32>>()
        };
        let (upper, lower) = (edge(UPPER), edge(LOWER));
        Self { middle, half, upper, lower, across }
    }

    fn top(&self, u: f32) -> f32 {
        lerp(u, &self.across, &self.upper)
    }

    fn gap(&self, u: f32) -> f32 {
        (lerp(u, &self.across, &self.lower) - self.top(u)).max(0.0)
    }

    /// The largest distance between the lips.
    fn height(&self) -> f32 {
        let gaps = self.upper.iter().zip(&self.lower).map(|(upper, lower)| lower - upper);
        gaps.fold(0.0, f32::max)
    }
}

/// Fills the mouth of a photo that was bent; `before` is the photo as it was.
pub(super) fn fill(motion: &Motion, before: &RgbImage, photo: &mut RgbImage, teeth: bool) {
    let kit = motion.kit;
    let was = Opening::of(kit, |index| kit.mesh.point(index));
    let is = Opening::of(kit, |index| motion.after(index));
    let [closed, open] = [was.height(), is.height()].map(|height| height / kit.fw);
    let changes = open - closed > GROWS || (closed >= SHOWS && (open - closed).abs() > 1e-3);
    let outline = motion.all_after(&MOUTH);
    let around = Rect::around(outline.iter().copied());
    let Some(window) = Window::of(around.grown(1.3), 1.0, kit.photo_size) else { return };
    if open < OPENS || !changes {
        return;
    }
    let [right, down] = kit.axes();
    let inside = region::feathered(&region::fill(&window, &outline), kit.cells(&window, EDGE));
    let own = closed >= SHOWS;
    window.rows(photo, |row, pixels| {
        for (column, pixel) in pixels.iter_mut().enumerate() {
            let mask = inside.values[row as usize * window.width + column];
            if mask < 1.0 / 255.0 {
                continue;
            }
            let x = (window.region.x as usize + column) as f32;
            let y = (window.region.y + row) as f32;
            let (along, below) = (x * right.x + y * right.y, x * down.x + y * down.y);
            let u = (along - is.middle) / is.half;
            let deep = below - is.top(u);
            let mut colour = cavity(kit, u, deep / is.height().max(1.0));
            if own {
                let stretch = (is.gap(u) / was.gap(u).max(1e-3)).clamp(1.0, STRETCH);
                let from = [was.middle + u * was.half, was.top(u) + deep / stretch];
                let (x, y) =
                    (from[0] * right.x + from[1] * down.x, from[0] * right.y + from[1] * down.y);
                let soft = SOFT * kit.fw;
                let share = smoothstep(-soft, soft, was.gap(u) * stretch - deep - soft);
                colour = mixed(colour, bicubic(before, x, y).map(f32::from), share);
            } else if teeth {
                let (tooth, share) = tooth(kit, u, deep / kit.fw);
                colour = mixed(colour, tooth, share);
            }
            let whole = mixed(pixel.map(f32::from), colour, mask);
            *pixel = whole.map(|value| (value + 0.5).clamp(0.0, 255.0) as u8);
        }
    });
}

fn mixed(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)
}

/// The dark of a mouth, at a distance from its middle by half its width and at a depth by its height.
fn cavity(kit: &Kit, u: f32, depth: f32) -> [f32; 3] {
    let cheek = pixel_of(kit.skin.lab).map(f32::from).iter().sum::<f32>() / 3.0;
    let light = (cheek / LIGHT).clamp(0.35, 1.1);
    let (dark, tongue) = (light * (1.0 - 0.25 * u.abs()), light * (depth - 0.55).clamp(0.0, 1.0));
    std::array::from_fn(|i| CAVITY[i] * dark + TONGUE[i] * tongue)
}

/// The colour of the upper teeth there, and how much of them is there; `deep` in `fw` below the lip.
fn tooth(kit: &Kit, u: f32, deep: f32) -> ([f32; 3], f32) {
    let length = TOOTH * (1.0 - 0.28 * u * u);
    // Each tooth is rounded at its edge.
    let turn = u.clamp(-1.0, 1.0).asin() / std::f32::consts::FRAC_PI_2;
    let place = (turn + 1.0) / 2.0 * TEETH;
    let within = (place - place.floor() - 0.5).abs() * 2.0;
    let end = length * (1.0 - 0.10 * within.powi(4));
    let share = smoothstep(end + 0.004, end - 0.004, deep) * smoothstep(ROW, ROW - 0.05, u.abs());
    let gap = 1.0 - 0.10 * smoothstep(0.82, 1.0, within);
    let side = 1.0 - 0.20 * u * u;
    let shadow = 1.0 - 0.25 * (1.0 - deep / 0.02).clamp(0.0, 1.0);
    // As warm as the light on the face.
    let [cheek, red, yellow] = kit.skin.lab;
    // No whiter than the lightest that the photo shows there.
    let light = (1.02 * cheek + 14.0).clamp(64.0, 90.0).min(kit.lightest) * gap * side * shadow;
    (pixel_of([light, 1.0 + 0.15 * red, 5.0 + 0.4 * yellow]).map(f32::from), share)
}
