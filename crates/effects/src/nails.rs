//! Nail polish: where nails lie on fingers, and how they are painted.
//!
//! A nail lies on the last joint of a finger that shows its back; its width follows the finger's own, by where the
//! colour of skin ends. Lengths are by the distance of the last joint to the tip.

use image::RgbImage;
use safelight_imaging::color::smoothstep;
use safelight_imaging::lab_of;
use safelight_imaging::map::percentile;
use safelight_vision::face::{Point, Rect};
use safelight_vision::hands::{FINGERS, Hand};

use crate::describe::Description;
use crate::dice::{Dice, Noise};
use crate::lab::{Lab, LabMap, difference, mixed};
use crate::window::Window;

/// Where the middle of a nail lies before the tip, and half its length and width.
const MIDDLE: f32 = 0.08;
const HALF: [f32; 2] = [0.31, 0.22];
/// Half the width of a nail by the whole width of its finger.
const BY_FINGER: f32 = 0.38;
/// How far widths found in the photo may lie from the usual.
const RANGE: [f32; 2] = [0.75, 1.3];
/// The outline: a superellipse of this exponent.
const SQUARE: f32 = 2.7;
/// Colours farther than this from the finger's are not the finger.
const SKIN: f32 = 20.0;
/// A last joint that is shorter than this, by the palm, points to the camera; and it has this many pixels.
const LEAST_LENGTH: f32 = 0.13;
const LEAST_PIXELS: f32 = 16.0;
/// The usual polish.
const USUAL: Lab = [38.0, 58.0, 32.0];
const WHITE: Lab = [94.0, 1.0, 3.0];
/// The tips of a French manicure begin here.
const FRENCH: f32 = 0.42;

/// A nail on a finger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nail {
    /// Its middle, in pixels of the photo.
    pub centre: Point,
    /// The direction to the finger's tip, a unit vector.
    pub axis: Point,
    /// Half its length and half its width, in pixels.
    pub half: [f32; 2],
}

/// What is painted on nails.
#[derive(Clone, Debug, PartialEq)]
pub struct Polish {
    /// The polish.
    pub colour: Lab,
    /// A second one: tips, the end of a gradient, stripes and dots.
    pub second: Option<Lab>,
    /// 0 matte to 1 glossy, above it like metal.
    pub gloss: f32,
    /// How much of each design there is, 0 to 1.
    pub french: f32,
    /// A gradient from the root to the tip.
    pub ombre: f32,
    /// Glitter.
    pub glitter: f32,
    /// Stripes along the nail.
    pub stripes: f32,
    /// Dots.
    pub dots: f32,
    /// 0 to 1.
    pub strength: f32,
}

impl Polish {
    /// Of one colour, glossy.
    pub fn plain(colour: Lab) -> Self {
        Self {
            colour,
            second: None,
            gloss: 0.7,
            french: 0.0,
            ombre: 0.0,
            glitter: 0.0,
            stripes: 0.0,
            dots: 0.0,
            strength: 1.0,
        }
    }

    /// What a text asks for; red where it names no colour.
    pub fn described(text: &Description) -> Self {
        let mut colours = text.colours.iter().map(|named| named.colour);
        let says = |name: &str| text.number(name, 0.0).clamp(0.0, 1.0);
        let french = says("french");
        let (first, second) = (colours.next(), colours.next());
        let usual = if french > 0.0 { [80.0, 9.0, 10.0] } else { USUAL };
        Self {
            second,
            gloss: text.number("gloss", 0.7).clamp(0.0, 2.0),
            french,
            ombre: says("ombre"),
            glitter: says("glitter"),
            stripes: says("stripes"),
            dots: says("dots"),
            strength: text.strength.unwrap_or(1.0).clamp(0.0, 1.0),
            ..Self::plain(text.shift.of(first.unwrap_or(usual)))
        }
    }
}

/// What nails are painted with.
#[derive(Clone, Debug)]
pub enum Paint {
    /// Polish.
    Polish(Polish),
    /// What a picture shows, stretched over each nail: its top is the tip.
    Pattern(RgbImage),
}

/// The nails that a hand shows: none where its palm faces the camera.
pub fn nails(photo: &RgbImage, hand: &Hand) -> Vec<Nail> {
    if !hand.shows_back() {
        return vec![];
    }
    (0..FINGERS).filter_map(|finger| nail(photo, hand, finger)).collect()
}

fn nail(photo: &RgbImage, hand: &Hand, finger: usize) -> Option<Nail> {
    let [root, _, joint, tip] = hand.finger(finger);
    let length = joint.distance(tip);
    if length < LEAST_LENGTH * hand.palm() || length < LEAST_PIXELS {
        return None;
    }
    let axis = Point { x: (tip.x - joint.x) / length, y: (tip.y - joint.y) / length };
    // A finger that is bent back to the palm hides its nail.
    let straight = axis.x * (root.x - hand.points[0].x) + axis.y * (root.y - hand.points[0].y);
    if finger > 0 && straight < 0.0 {
        return None;
    }
    let at = |from: Point, along: f32, aside: f32| Point {
        x: from.x + axis.x * along - axis.y * aside,
        y: from.y + axis.y * along + axis.x * aside,
    };
    let centre = at(tip, -MIDDLE * length, 0.0);
    let own = colour_around(photo, at(joint, 0.3 * length, 0.0), 0.14 * length)?;
    let to_edge = |from: Point, along: f32, aside: f32| {
        let steps = (0.75 * length) as usize;
        let out = |step: usize| at(from, along * step as f32, aside * step as f32);
        let edge = (1..steps).find(|&step| difference(pixel(photo, out(step)), own) > SKIN);
        edge.map(|step| step as f32)
    };
    // Beside the nail and below it, where its own shine is not taken for the finger's edge.
    let below = at(centre, -0.30 * length, 0.0);
    let usual = HALF[1] * length;
    let bounded = |value: f32, usual: f32| value.clamp(RANGE[0] * usual, RANGE[1] * usual);
    let (mut centre, mut wide) = (centre, usual);
    if let (Some(left), Some(right)) = (to_edge(below, 0.0, -1.0), to_edge(below, 0.0, 1.0)) {
        wide = bounded(BY_FINGER * (left + right), usual);
        let aside = ((right - left) / 2.0).clamp(-0.5 * usual, 0.5 * usual);
        centre = at(centre, 0.0, aside);
    }
    Some(Nail { centre, axis, half: [HALF[0] * length, wide] })
}

/// The median colour of a disc.
fn colour_around(photo: &RgbImage, middle: Point, radius: f32) -> Option<Lab> {
    let reach = radius.ceil() as i32;
    let all: Vec<Lab> = (-reach..=reach)
        .flat_map(|y| (-reach..=reach).map(move |x| (x as f32, y as f32)))
        .filter(|(x, y)| x.hypot(*y) <= radius)
        .map(|(x, y)| pixel(photo, Point { x: middle.x + x, y: middle.y + y }))
        .collect();
    let median = |i: usize| percentile(&mut all.iter().map(|c| c[i]).collect::<Vec<_>>(), 0.5);
    (!all.is_empty()).then(|| [median(0), median(1), median(2)])
}

fn pixel(photo: &RgbImage, place: Point) -> Lab {
    let at = |at: f32, length: u32| (at.round().max(0.0) as u32).min(length - 1);
    lab_of(photo.get_pixel(at(place.x, photo.width()), at(place.y, photo.height())).0)
}

impl Nail {
    /// Where a place lies on it: along it, -1 at the root to 1 at the tip, and across.
    fn spot(&self, place: Point) -> [f32; 2] {
        let (x, y) = (place.x - self.centre.x, place.y - self.centre.y);
        let along = x * self.axis.x + y * self.axis.y;
        let across = y * self.axis.x - x * self.axis.y;
        [along / self.half[0], across / self.half[1]]
    }

    /// The place of a spot.
    fn place(&self, [along, across]: [f32; 2]) -> Point {
        let (along, across) = (along * self.half[0], across * self.half[1]);
        Point {
            x: self.centre.x + self.axis.x * along - self.axis.y * across,
            y: self.centre.y + self.axis.y * along + self.axis.x * across,
        }
    }

    /// How much of a place it covers, 0 to 1.
    fn covers(&self, [along, across]: [f32; 2]) -> f32 {
        let radius = (along.abs().powf(SQUARE) + across.abs().powf(SQUARE)).powf(1.0 / SQUARE);
        let soft = (1.2 / self.half[1]).clamp(0.02, 0.35);
        smoothstep(1.0 + soft, 1.0 - soft, radius)
    }

    /// What a picture shows of it, upright, `side` pixels wide: for patterns from a photo of painted nails.
    pub fn cut(&self, photo: &RgbImage, side: u32) -> RgbImage {
        RgbImage::from_fn(side, side * 3 / 2, |x, y| {
            let share = |at: u32, length: u32| (at as f32 + 0.5) / length as f32 * 2.0 - 1.0;
            // Its edges are mixed with skin.
            let spot = [-0.85 * share(y, side * 3 / 2), 0.8 * share(x, side)];
            let place = self.place(spot);
            let at = |at: f32, length: u32| (at.round().max(0.0) as u32).min(length - 1);
            *photo.get_pixel(at(place.x, photo.width()), at(place.y, photo.height()))
        })
    }

    /// Paints it.
    pub fn paint(&self, photo: &mut RgbImage, paint: &Paint) {
        let reach = 1.5 * self.half[0].max(self.half[1]) + 2.0;
        let around = Rect {
            x: self.centre.x - reach,
            y: self.centre.y - reach,
            width: 2.0 * reach,
            height: 2.0 * reach,
        };
        let Some(window) = Window::of(around, 1.0, photo.dimensions()) else { return };
        let before = LabMap::of(&window.cut(photo));
        let mut now = before.clone();
        let spot = |index: usize| {
            let (x, y) = (index % window.width, index / window.width);
            self.spot(window.place(Point { x: x as f32, y: y as f32 }))
        };
        let cover = window.map(|place| self.covers(self.spot(place)));
        let Some(own) = before.median(&cover, 0.9) else { return };
        let coarse = crate::region::feathered(&before.plane(0), 0.12 * self.half[1]);
        let sparks =
            Dice::new(u64::from(self.centre.x as u32) << 20 | u64::from(self.centre.y as u32))
                .noise();
        for index in 0..cover.values.len() {
            let share = cover.values[index];
            if share <= 0.0 {
                continue;
            }
            let at = spot(index);
            let [colour, opacity, gloss] = paint.at(at, self.half[1], &sparks);
            // The nail's own light, with the fine shine that is there.
            let shade = (coarse.values[index] - own[0]) * 0.55;
            let fine = before.colours[index][0] - coarse.values[index];
            let [l, a, b] = colour;
            let lit = l + shade + 0.5 * fine + highlight(at, gloss[0]);
            let pale = (highlight(at, gloss[0]) / 60.0).clamp(0.0, 0.8);
            let colour = [lit.clamp(1.0, 99.0), a * (1.0 - pale), b * (1.0 - pale)];
            now.mix(index, colour, share * opacity[0]);
        }
        now.paint(&before, &window, photo);
    }
}

/// The streak of light along a glossy nail, in L*, and its darker edges.
fn highlight([along, across]: [f32; 2], gloss: f32) -> f32 {
    let streak = (-((across + 0.34) / 0.16).powi(2)).exp()
        * smoothstep(-0.75, -0.2, along)
        * smoothstep(0.95, 0.55, along);
    let edge = smoothstep(0.55, 1.0, across.abs());
    gloss * (26.0 * streak - 7.0 * edge)
}

impl Paint {
    /// Colour, opacity and gloss at a spot of a nail that is `wide` pixels wide.
    fn at(&self, [along, across]: [f32; 2], wide: f32, noise: &Noise) -> [Lab; 3] {
        let polish = match self {
            Paint::Pattern(picture) => {
                let share = |at: f32, length: u32| {
                    (((at + 1.0) / 2.0 * length as f32).max(0.0) as u32).min(length - 1)
                };
                let (x, y) = (share(across, picture.width()), share(-along, picture.height()));
                return [lab_of(picture.get_pixel(x, y).0), [0.96; 3], [0.35; 3]];
            }
            Paint::Polish(polish) => polish,
        };
        let (mut colour, mut opacity) = (polish.colour, 0.95);
        if polish.french > 0.0 {
            let line = FRENCH - 0.32 * across * across;
            let tip = polish.french * smoothstep(line - 0.05, line + 0.05, along);
            opacity = 0.5 + 0.45 * tip;
            colour = mixed(colour, polish.second.unwrap_or(WHITE), tip);
        }
        let second = polish.second.unwrap_or(WHITE);
        if polish.ombre > 0.0 {
            colour = mixed(colour, second, polish.ombre * smoothstep(-0.6, 0.8, along));
        }
        if polish.stripes > 0.0 {
            let wave = (across * 2.5).rem_euclid(1.0);
            let stripe = smoothstep(0.30, 0.38, wave) * smoothstep(0.70, 0.62, wave);
            colour = mixed(colour, second, polish.stripes * stripe);
        }
        if polish.dots > 0.0 {
            let (u, v) =
                ((across * 2.0).rem_euclid(1.0) - 0.5, (along * 2.5).rem_euclid(1.0) - 0.5);
            colour = mixed(colour, second, polish.dots * smoothstep(0.34, 0.26, u.hypot(v)));
        }
        if polish.glitter > 0.0 {
            let grain = (wide / 7.0).clamp(4.0, 24.0);
            let spark = noise.at(along * 1.3 * grain, across * grain);
            let fine = noise.at(along * 2.9 * grain + 57.0, across * 2.3 * grain);
            let light = smoothstep(0.25, 0.9, spark) + 0.7 * smoothstep(0.35, 0.95, fine);
            colour[0] = (colour[0] + polish.glitter * (34.0 * light - 4.0)).min(97.0);
        }
        [colour, [opacity * polish.strength; 3], [polish.gloss; 3]]
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::describe::NAILS;

    const NAIL: Nail = Nail {
        centre: Point { x: 60.0, y: 50.0 },
        axis: Point { x: 0.0, y: -1.0 },
        half: [24.0, 16.0],
    };

    fn skin() -> RgbImage {
        RgbImage::from_fn(120, 100, |x, y| {
            let shade = ((x * 7 + y * 13) % 5) as u8;
            Rgb([205 - shade, 160 - shade, 140])
        })
    }

    fn painted(text: &str) -> RgbImage {
        let mut photo = skin();
        NAIL.paint(&mut photo, &Paint::Polish(Polish::described(&NAILS.read(text))));
        photo
    }

    #[test]
    fn polish_stays_on_the_nail() {
        let (before, after) = (skin(), painted("cherry red"));
        let inside = lab_of(after.get_pixel(64, 50).0);
        assert!(inside[1] > 35.0, "{inside:?}");
        let far = after.enumerate_pixels().filter(|(x, y, pixel)| {
            let [along, across] = NAIL.spot(Point { x: *x as f32, y: *y as f32 });
            along.abs().max(across.abs()) > 1.2 && *pixel != before.get_pixel(*x, *y)
        });
        assert_eq!(far.count(), 0);
    }

    #[test]
    fn no_strength_paints_nothing() {
        let mut photo = skin();
        let none = Polish { strength: 0.0, ..Polish::plain(USUAL) };
        NAIL.paint(&mut photo, &Paint::Polish(none));
        assert_eq!(photo, skin());
    }

    #[test]
    fn words_choose_colours_and_designs() {
        let french = painted("classic french manicure");
        let [tip, root] = [[60, 30], [60, 62]].map(|[x, y]| lab_of(french.get_pixel(x, y).0));
        assert!(tip[0] > root[0] + 8.0, "{tip:?} {root:?}");
        let spread = |photo: &RgbImage| {
            let values: Vec<f32> = (40..60)
                .flat_map(|y| (62..72).map(move |x| (x, y)))
                .map(|(x, y)| lab_of(photo.get_pixel(x, y).0)[0])
                .collect();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32
        };
        assert!(spread(&painted("navy glitter")) > 2.0 * spread(&painted("navy")));
        let navy = lab_of(painted("matte navy").get_pixel(64, 50).0);
        assert!(navy[2] < -10.0 && navy[0] < 40.0, "{navy:?}");
    }

    #[test]
    fn patterns_come_from_painted_nails_and_go_to_others() {
        let pattern = NAIL.cut(&painted("cherry red"), 24);
        let mut photo = skin();
        NAIL.paint(&mut photo, &Paint::Pattern(pattern));
        assert!(lab_of(photo.get_pixel(64, 50).0)[1] > 30.0);
    }
}
