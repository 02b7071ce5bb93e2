//! The three squares in the corners of QR codes, and so how much their picture was stretched.
//!
//! Each is a square of three modules in a frame of seven: whatever the code says, a line through its
//! middle meets dark, light, dark, light and dark in the shares 1:1:3:1:1 (ISO/IEC 18004).

use image::RgbImage;

use crate::glance::Glance;
use crate::letters::luma;
use crate::map::Map;

/// Pixels of what is looked at.
const AREA: f32 = 1e6;
/// Reach of the neighbourhood whose mean parts dark from light, over the long side.
const REACH: f32 = 0.08;
/// The least width of a module in pixels of what is looked at.
const LEAST_MODULE: f32 = 3.0;
/// How far the five parts may be from their shares, in modules.
const SLACK: f32 = 0.5;
/// Corners that are compared with one another, those that most rows meet.
const MOST_CORNERS: usize = 24;
/// How much the three may differ in width and in height, as a logarithm: more when they are small.
const MOST_UNLIKE: f32 = 0.02;
/// How far the sides may be from level and upright: the tangent of two degrees.
const MOST_TILT: f32 = 0.035;
/// The way from corner to corner: as many sevenths of its side as the way across, but for this share.
const MOST_SKEW: f32 = 0.03;
/// That way in sides of a corner: of codes of 21 to 177 modules.
const WAYS: std::ops::RangeInclusive<f32> = 1.9..=24.6;

/// A QR code that lies level or upright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    /// Natural logarithm of how much wider than high its modules are, in pixels.
    pub widening: f32,
    /// How far its corners are apart, over the long side of the picture. The farther they are, the more a code
    /// that is seen at a slant has corners that differ.
    pub span: f32,
}

/// The greatest level QR code in a photo whose corners do not differ.
pub fn code(photo: &RgbImage) -> Option<Code> {
    let Glance { picture, uneven } = Glance::of(photo, AREA, 1.0);
    let corners = Plane::of(&picture).corners();
    let side = picture.width().max(picture.height()) as f32;
    let mut best: Option<Code> = None;
    for first in &corners {
        for across in &corners {
            for down in &corners {
                let found = Code::of([first, across, down], side);
                let more = |code: &Code| best.is_none_or(|best| code.span > best.span);
                if let Some(code) = found.filter(more) {
                    best = Some(Code { widening: code.widening + uneven, ..code });
                }
            }
        }
    }
    best
}

impl Code {
    /// Of the corner between the others, the one beside it, and the one above or below it.
    fn of([first, across, down]: [&Corner; 3], long_side: f32) -> Option<Self> {
        let all = [first, across, down];
        let way = |to: &Corner| [0, 1].map(|i| to.middle[i] - first.middle[i]);
        let ([right, fall], [lean, below]) = (way(across), way(down));
        let [ways_across, ways_down] =
            [right / first.sides[0], below / first.sides[1]].map(f32::abs);
        if !WAYS.contains(&ways_across) || !WAYS.contains(&ways_down) {
            return None;
        }
        let unlike = |i: usize| {
            let sides = all.map(|corner| corner.sides[i]);
            let [least, most] =
                [sides.into_iter().fold(f32::MAX, f32::min), sides.into_iter().fold(0.0, f32::max)];
            (most / least).ln() > MOST_UNLIKE + 0.5 / most
        };
        // In the picture as it was: how far a side falls over the other corner's way.
        let tilted = (fall / below).abs() > MOST_TILT || (lean / right).abs() > MOST_TILT;
        let skewed = (ways_across / ways_down).ln().abs()
            > MOST_SKEW + 0.5 / first.sides[0].min(first.sides[1]);
        if unlike(0) || unlike(1) || tilted || skewed {
            return None;
        }
        // Over the whole code errors of some tenth of a pixel are least, and so are those of how
        // ink spreads, which makes modules wider and higher alike.
        Some(Self {
            widening: (right / below).abs().ln(),
            span: right.abs().max(below.abs()) / long_side,
        })
    }
}

/// A square in its frame.
#[derive(Clone, Copy, Debug)]
struct Corner {
    middle: [f32; 2],
    /// Width and height of the frame.
    sides: [f32; 2],
    /// How many rows met it.
    rows: usize,
}

/// How much lighter each pixel is than the mean of its neighbourhood, which parts dark from light.
struct Plane(Map);

impl Plane {
    fn of(picture: &RgbImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let values = luma(picture).iter().copied().map(f32::from).collect();
        let light = Map { width, height, values };
        let reach = ((REACH * width.max(height) as f32) as usize).max(8);
        Self(light.join(&light.mean(reach), |value, mean| value - mean))
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.0.values[y * self.0.width + x]
    }

    fn corners(&self) -> Vec<Corner> {
        let mut corners: Vec<Corner> = Vec::new();
        let Map { width, height, .. } = self.0;
        let mut row = Vec::new();
        for y in 0..height {
            row.clear();
            crossings((0..width).map(|x| self.at(x, y)), &mut row);
            for ends in row.windows(6).filter_map(pattern) {
                if let Some(corner) = self.corner(ends, y) {
                    meet(&mut corners, corner);
                }
            }
        }
        corners.retain(|corner| corner.rows as f32 >= 0.2 * corner.sides[1]);
        corners.sort_unstable_by_key(|corner| std::cmp::Reverse(corner.rows));
        corners.truncate(MOST_CORNERS);
        corners
    }

    /// The corner that a row meets from the one end to the other, where the column through its
    /// middle meets it too.
    fn corner(&self, [left, right]: [f32; 2], y: usize) -> Option<Corner> {
        let (middle, height) = ((left + right) / 2.0, self.0.height);
        let x = middle.round() as usize;
        // No frame is more than three times as high as wide.
        let far = (1.5 * (right - left)) as usize + 2;
        let (from, to) = (y.saturating_sub(far), (y + far).min(height));
        let mut column = Vec::new();
        crossings((from..to).map(|y| self.at(x, y)), &mut column);
        let inside = |ends: &[f32; 2]| {
            let at = (y - from) as f32;
            let module = (ends[1] - ends[0]) / 7.0;
            (ends[0] + 1.5 * module..=ends[1] - 1.5 * module).contains(&at)
        };
        let [top, bottom] = column.windows(6).filter_map(pattern).find(inside)?;
        let middle = [middle, from as f32 + (top + bottom) / 2.0];
        Some(Corner { middle, sides: [right - left, bottom - top], rows: 1 })
    }
}

/// Takes what another row met to the corner that it belongs to.
fn meet(corners: &mut Vec<Corner>, met: Corner) {
    let same = |corner: &&mut Corner| {
        (0..2).all(|i| (corner.middle[i] - met.middle[i]).abs() < 0.3 * corner.sides[i])
    };
    let Some(corner) = corners.iter_mut().rev().find(same) else { return corners.push(met) };
    corner.rows += 1;
    let part = 1.0 / corner.rows as f32;
    for i in 0..2 {
        corner.middle[i] += part * (met.middle[i] - corner.middle[i]);
        corner.sides[i] += part * (met.sides[i] - corner.sides[i]);
    }
}

/// Both ends of dark, light, dark, light and dark in the shares 1:1:3:1:1, given the six places where one
/// begins and another ends. A negative place is one where light begins.
fn pattern(places: &[f32]) -> Option<[f32; 2]> {
    if places[0].is_sign_negative() {
        return None;
    }
    let place = |i: usize| places[i].abs();
    let module = (place(5) - place(0)) / 7.0;
    let fits = |(i, share): (usize, f32)| {
        ((place(i + 1) - place(i)) / module - share).abs() <= SLACK * share.sqrt()
    };
    let shares = [1.0, 1.0, 3.0, 1.0, 1.0];
    (module >= LEAST_MODULE && shares.into_iter().enumerate().all(fits))
        .then(|| [place(0), place(5)])
}

/// Where dark and light part, to a fraction of a pixel; negative where it gets light.
fn crossings(values: impl Iterator<Item = f32>, out: &mut Vec<f32>) {
    let mut before: Option<f32> = None;
    for (index, value) in values.enumerate() {
        if let Some(last) = before.replace(value)
            && (last < 0.0) != (value < 0.0)
        {
            let place = index as f32 - value / (value - last);
            out.push(if value < 0.0 { place } else { -place });
        }
    }
}

#[cfg(test)]
mod tests;
