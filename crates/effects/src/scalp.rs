//! The scalp below the hair: where the hairline runs, and how the skin of the forehead goes on above it.
//!
//! Places are in the frame of the brows: its origin lies between them, x runs from one temple to the other
//! and y up, in `fw`.

use image::RgbImage;
use safelight_imaging::color::smoothstep;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::{Parsing, Part, Point};

use crate::atlas::OVAL;
use crate::kit::Kit;
use crate::lab::Lab;
use crate::makeup::Canvas;
use crate::path::{lerp, unit};
use crate::pull;
use crate::strokes::Place;

/// How far around the face the hair is looked at.
const AROUND: f32 = 0.75;
/// The hairline is found from side to side, this finely.
const SIDE: f32 = 0.44;
const STEP: f32 = 0.01;
/// It lies between these heights.
const HEIGHTS: [f32; 2] = [0.04, 1.15];
/// So many of its places must be found.
const LEAST_FOUND: f32 = 0.7;
/// Skin begins this far below it: closer, hairs are mixed in.
const BELOW: f32 = 0.04;
/// Skin's fine detail is taken up to this much of L*.
const DETAIL: f32 = 5.0;

/// What hair loss cannot be shown on, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// No hair is seen above the forehead.
    NoHair,
    /// Hair lies on the forehead: this far above the brows.
    Fringe(f32),
    /// There is no parting in the middle that is this much lighter than the hair beside it.
    NoParting(f32),
    /// The frame cuts the hair.
    Cut,
    /// Hair hides an ear: so much of it is seen, in square `fw`.
    Ears(f32),
    /// This share of the hair stands off the skull.
    Voluminous(f32),
    /// Hair hangs below the jaw.
    Long,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoHair => write!(f, "image shows no hair above the forehead"),
            Self::Fringe(height) => write!(
                f,
                "hair lies on the forehead ({height:.2} widths of the face above the brows, \
                 {LEAST_FOREHEAD} are needed), and the skin below it is not known"
            ),
            Self::NoParting(contrast) => write!(
                f,
                "no parting near the middle is found (contrast {contrast:.0} L*, {LEAST_PARTING} are \
                 needed)"
            ),
            Self::Cut => write!(f, "the frame cuts the hair"),
            Self::Ears(area) => write!(
                f,
                "an ear is hidden or not seen from the front (its area is {area:.3}, {LEAST_EAR} square \
                 widths of the face are needed), and what hair hides of it is not known"
            ),
            Self::Voluminous(share) => write!(
                f,
                "{:.0} % of the hair stands off the head, {:.0} % are the most: what is behind it would \
                 show the old outline",
                share * 100.0,
                MOST_VOLUME * 100.0
            ),
            Self::Long => write!(f, "hair hangs below the jaw"),
        }
    }
}

/// Foreheads are at least this high, in `fw`.
pub const LEAST_FOREHEAD: f32 = 0.30;
/// Partings are lighter than the hair beside them by at least this much, in L*.
pub const LEAST_PARTING: f32 = 10.0;
/// Ears that show less than this, in square `fw`, are hidden.
pub const LEAST_EAR: f32 = 0.015;
/// The share of the hair that may stand off the skull.
pub const MOST_VOLUME: f32 = 0.40;

/// A head whose hairline is known.
pub struct Scalp<'a> {
    /// What is painted on.
    pub canvas: Canvas<'a>,
    /// How likely each cell is hair, 0 to 1.
    pub hair: Map,
    /// The median colour of the hair.
    pub colour: Lab,
    origin: Place,
    right: Place,
    lower: Vec<f32>,
    upper: Vec<f32>,
}

impl<'a> Scalp<'a> {
    /// Of a face: `head` is the parsing of a square that is wide enough for its hair.
    pub fn of(kit: &'a Kit, photo: &RgbImage, head: &Parsing) -> Result<Self, Refusal> {
        let canvas = Canvas::around(kit, photo, &OVAL, AROUND).ok_or(Refusal::NoHair)?;
        let likely = head.likely(&[Part::Hair]);
        let hair = canvas.window.map(likely);
        let [left, right] = [234, 454].map(|index| canvas.point(index));
        let [one, two] = [105, 334].map(|index| canvas.point(index));
        let solid = hair.each(|x, y| f32::from(hair.values[y * hair.width + x] > 0.7));
        let colour = canvas.before.median(&solid, 0.5).ok_or(Refusal::NoHair)?;
        let mut scalp = Self {
            origin: [(one[0] + two[0]) / 2.0, (one[1] + two[1]) / 2.0],
            right: unit([right[0] - left[0], right[1] - left[1]]),
            canvas,
            hair,
            colour,
            lower: vec![],
            upper: vec![],
        };
        scalp.find_line()?;
        Ok(scalp)
    }

    /// Passes a forehead that is free of hair.
    pub fn check_forehead(&self) -> Result<(), Refusal> {
        let height = self.forehead();
        if height < LEAST_FOREHEAD { Err(Refusal::Fringe(height)) } else { Ok(()) }
    }

    /// The height of the hairline in the middle.
    pub fn forehead(&self) -> f32 {
        let middle = |x: &f32| x.abs() < 0.15;
        let mut heights: Vec<f32> = places().filter(middle).map(|x| self.lower(x)).collect();
        percentile(&mut heights, 0.5)
    }

    /// A cell in the frame.
    pub fn spot(&self, cell: Place) -> Place {
        let (x, y) = (cell[0] - self.origin[0], cell[1] - self.origin[1]);
        let (fw, [u, v]) = (self.canvas.fw, self.right);
        [(x * u + y * v) / fw, (x * v - y * u) / fw]
    }

    /// The cell of a place of the frame.
    pub fn cell(&self, [x, y]: Place) -> Place {
        let (fw, [u, v]) = (self.canvas.fw, self.right);
        [self.origin[0] + (x * u + y * v) * fw, self.origin[1] + (x * v - y * u) * fw]
    }

    /// A map of what `value` makes of each cell's place in the frame and its index.
    pub fn map(&self, value: impl Fn(Place, usize) -> f32 + Sync) -> Map {
        let width = self.hair.width;
        self.hair.each(|x, y| value(self.spot([x as f32, y as f32]), y * width + x))
    }

    /// The height at which hair begins.
    pub fn lower(&self, x: f32) -> f32 {
        along(&self.lower, x)
    }

    /// The height at which hair ends.
    pub fn upper(&self, x: f32) -> f32 {
        along(&self.upper, x)
    }

    /// Hair and what is closer to it than `by`, 0 to 1.
    pub fn around_hair(&self, by: f32) -> Map {
        let steep = self
            .hair
            .each(|x, y| ((self.hair.values[y * self.hair.width + x] - 0.3) * 4.0).clamp(0.0, 1.0));
        let wider = self.canvas.grown(&steep, by);
        self.canvas.blurred(&wider, 0.25 * by)
    }

    /// The skin of the forehead, gone on over the whole head: it turns away from the light towards the
    /// crown and the temples.
    pub fn skin(&self) -> Vec<Lab> {
        let canvas = &self.canvas;
        let likely = canvas.likely(&[Part::Skin]);
        let known = self.map(|[x, y], index| {
            let free = y > 0.10 && y < self.lower(x) - BELOW && x.abs() < 0.42;
            f32::from(free && likely.values[index] > 0.8)
        });
        let planes = [0, 1, 2].map(|channel| {
            let plane = canvas.before.plane(channel);
            canvas.blurred(&pull::filled(&plane, &known), 0.03)
        });
        let detail = self.detail();
        let height = self.forehead();
        let shade = self.map(|[x, y], index| {
            let above = (y - self.lower(x) + BELOW).clamp(0.0, 0.45);
            let bell = (-((x + 0.06) / 0.14).powi(2) - ((y - height - 0.05) / 0.10).powi(2)).exp();
            3.5 * bell - 10.0 * (above / 0.3).powi(2) - 9.0 * smoothstep(0.30, 0.52, x.abs())
                + detail.values[index]
        });
        (0..shade.values.len())
            .map(|i| {
                let [l, a, b] = [0, 1, 2].map(|channel| planes[channel].values[i]);
                [(l + shade.values[i]).clamp(2.0, 98.0), a, b]
            })
            .collect()
    }

    /// The fine detail of the forehead's middle, mirrored over the whole head.
    fn detail(&self) -> Map {
        let light = self.canvas.before.plane(0);
        let coarse = self.canvas.blurred(&light, 0.012);
        let fine = light.join(&coarse, |light, coarse| (light - coarse).clamp(-DETAIL, DETAIL));
        let height = self.forehead();
        let middle = self.cell([0.0, (0.12 + height - BELOW) / 2.0]);
        let half = ((height - BELOW - 0.14) / 2.0).clamp(0.02, 0.1) * self.canvas.fw;
        let mirrored = |at: f32, middle: f32| {
            let along = (at - middle + half).rem_euclid(4.0 * half);
            middle - half + if along > 2.0 * half { 4.0 * half - along } else { along }
        };
        fine.each(|x, y| fine.between(mirrored(x as f32, middle[0]), mirrored(y as f32, middle[1])))
    }

    fn find_line(&mut self) -> Result<(), Refusal> {
        let found: Vec<Option<[f32; 2]>> = places().map(|x| self.hair_at(x)).collect();
        let count = found.iter().flatten().count();
        if (count as f32) < LEAST_FOUND * found.len() as f32 {
            return Err(Refusal::NoHair);
        }
        let line = |end: usize| {
            let near = |i: usize| {
                let others = found.iter().enumerate().filter_map(|(j, place)| Some((j, (*place)?)));
                let nearest = others.min_by_key(|(j, _)| i.abs_diff(*j));
                nearest.map_or(0.0, |(_, place)| place[end])
            };
            smoothed(&(0..found.len()).map(near).collect::<Vec<_>>())
        };
        (self.lower, self.upper) = (line(0), line(1));
        Ok(())
    }

    /// Where hair begins and ends above a place of the brows.
    fn hair_at(&self, x: f32) -> Option<[f32; 2]> {
        let [from, to] = HEIGHTS;
        let heights = (0..=((to - from) / 0.005) as usize).map(|i| from + i as f32 * 0.005);
        let is_hair = |y: &f32| {
            let [column, row] = self.cell([x, *y]);
            let inside = column >= 0.0
                && row >= 0.0
                && column < self.hair.width as f32
                && row < self.hair.height as f32;
            inside && self.hair.between(column, row) > 0.5
        };
        let hair: Vec<f32> = heights.filter(is_hair).collect();
        Some([*hair.first()?, *hair.last()?])
    }

    /// Whether the frame of the photo cuts the hair at its top.
    pub fn is_cut(&self) -> bool {
        places().filter(|x| x.abs() < 0.3).any(|x| {
            let [column, row] = self.cell([x, self.upper(x) + 0.01]);
            let place = self.canvas.window.place(Point { x: column, y: row });
            place.y < 1.0
        })
    }
}

fn places() -> impl Iterator<Item = f32> {
    let count = (2.0 * SIDE / STEP).round() as usize;
    (0..=count).map(|i| i as f32 * STEP - SIDE)
}

fn along(heights: &[f32], x: f32) -> f32 {
    let at = (x + SIDE) / STEP;
    let last = heights.len().saturating_sub(1) as f32;
    let (low, high) = (at.floor().clamp(0.0, last), at.ceil().clamp(0.0, last));
    lerp(at, &[low, high.max(low + 1e-3)], &[heights[low as usize], heights[high as usize]])
}

/// Median of five, then a Gaussian of four.
fn smoothed(heights: &[f32]) -> Vec<f32> {
    let around = |values: &[f32], i: usize, reach: usize| {
        let (from, to) = (i.saturating_sub(reach), (i + reach + 1).min(values.len()));
        values[from..to].to_vec()
    };
    let calm: Vec<f32> =
        (0..heights.len()).map(|i| percentile(&mut around(heights, i, 2), 0.5)).collect();
    let map = Map { width: calm.len(), height: 1, values: calm };
    map.gaussian(4.0).values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_smooth_and_go_on_beyond_their_ends() {
        let mut heights: Vec<f32> = places().map(|x| 0.5 - x * x).collect();
        heights[30] = 3.0;
        let line = smoothed(&heights);
        assert!((along(&line, 0.0) - 0.5).abs() < 0.02);
        assert!((along(&line, -0.14) - 0.48).abs() < 0.03, "the outlier is gone");
        assert_eq!(along(&line, 0.9), *line.last().expect("a line"));
        assert!(along(&line, 0.155) <= along(&line, 0.15).max(along(&line, 0.16)));
    }

    #[test]
    fn refusals_say_what_was_found() {
        let said = Refusal::Fringe(0.21).to_string();
        assert!(said.contains("0.21") && said.contains("0.3"));
        assert!(Refusal::Voluminous(0.6).to_string().contains("60 %"));
    }
}
