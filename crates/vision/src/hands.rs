//! The hands of a photo and their 21 points: MediaPipe Hands (Zhang et al. 2020).
//!
//! A detector finds palms, which do not bend, and a second network finds the points in a square around each,
//! turned so that the fingers point up.

use image::{RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::warp::Border;

use crate::Vision;
use crate::face::frame::{Frame, back};
use crate::face::{Point, Rect};
use crate::model::{Normalisation, check_photo, interleaved, output};

const PALMS: &str = "palm_detection";
const POINTS: &str = "hand_landmarks";
/// Sides of the squares that the networks see.
const PALMS_SIDE: u32 = 192;
const POINTS_SIDE: u32 = 224;
/// Grids of anchors: their stride, and the anchors at each place.
const GRIDS: [(u32, usize); 2] = [(8, 2), (16, 6)];
const ANCHORS: usize = 2016;
/// Numbers that the detector gives for each anchor: a box and seven points.
const NUMBERS: usize = 18;
/// A palm and a hand that are less sure are none.
const LEAST_SCORE: f32 = 0.5;
const LEAST_PRESENCE: f32 = 0.5;
/// Boxes that overlap more show one palm.
const MOST_OVERLAP: f32 = 0.3;
/// No more hands than these are looked at, the surest.
const MOST_HANDS: usize = 6;
/// The square around a hand by its palm: how much larger, and how far towards the fingers its middle lies.
const WIDER: f32 = 2.6;
const TOWARDS: f32 = 0.5;
/// From the side, the roots of index and little finger lie in one line with the wrist: the sine of the angle
/// between them is at least this where nails can be seen.
const LEAST_TURN: f32 = 0.3;
/// The square around a hand by its points.
const AROUND: f32 = 1.6;

/// A hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Hand {
    /// In pixels of the photo: the wrist, then four points from the root to the tip of each finger, from
    /// the thumb to the little finger.
    pub points: [Point; 21],
    /// How sure it is that there is a hand, 0 to 1.
    pub presence: f32,
    /// How likely it is the right hand of the person, 0 to 1.
    pub right: f32,
}

/// The fingers, from the thumb on.
pub const FINGERS: usize = 5;

impl Hand {
    /// The points of a finger from its root to its tip; 0 is the thumb.
    pub fn finger(&self, finger: usize) -> [Point; 4] {
        std::array::from_fn(|i| self.points[1 + 4 * finger + i])
    }

    /// Whether its back faces the camera, so that nails are to be seen.
    pub fn shows_back(&self) -> bool {
        let [wrist, index, little] = [0, 5, 17].map(|i| self.points[i]);
        let (ax, ay) = (index.x - wrist.x, index.y - wrist.y);
        let (bx, by) = (little.x - wrist.x, little.y - wrist.y);
        // The back of a right hand that points up has its thumb at the left.
        let turned = (ax * by - ay * bx) / (ax.hypot(ay) * bx.hypot(by)).max(1e-3);
        turned.abs() > LEAST_TURN && (turned > 0.0) == (self.right >= 0.5)
    }

    /// The distance from the wrist to the root of the middle finger, in pixels.
    pub fn palm(&self) -> f32 {
        self.points[0].distance(self.points[9])
    }
}

impl Vision {
    /// The hands of a photo, the surest first.
    pub fn hands(&self, photo: &RgbImage) -> Result<Vec<Hand>> {
        check_photo(photo)?;
        let mut hands: Vec<Hand> = vec![];
        for palm in self.palms(photo)? {
            let rough = self.hand_in(photo, palm.frame())?;
            let hand = self.hand_in(photo, frame_of(&rough))?;
            let hand = if hand.presence >= rough.presence { hand } else { rough };
            let again = |other: &Hand| other.points[9].distance(hand.points[9]) < 0.4 * hand.palm();
            if hand.presence >= LEAST_PRESENCE && !hands.iter().any(again) {
                hands.push(hand);
            }
        }
        Ok(hands)
    }

    fn palms(&self, photo: &RgbImage) -> Result<Vec<Palm>> {
        let (width, height) = photo.dimensions();
        let scale = PALMS_SIDE as f32 / width.max(height) as f32;
        let scaled = |side: u32| ((side as f32 * scale).round() as u32).clamp(1, PALMS_SIDE);
        let (columns, rows) = (scaled(width), scaled(height));
        let small = resize::rgb(photo, columns, rows, Filter::Bilinear);
        let (left, top) = ((PALMS_SIDE - columns) / 2, (PALMS_SIDE - rows) / 2);
        let mut square = RgbImage::new(PALMS_SIDE, PALMS_SIDE);
        imageops::replace(&mut square, &small, i64::from(left), i64::from(top));
        let input = interleaved(&square, Normalisation::UNIT)?;
        let outputs = self.models.get(PALMS)?.run(&[("input_1", &input)])?;
        let boxes =
            output(&outputs, PALMS, "Identity", ANCHORS * NUMBERS)?.as_chunks::<NUMBERS>().0;
        let logits = output(&outputs, PALMS, "Identity_1", ANCHORS)?;
        let to_photo =
            |x: f32, y: f32| Point { x: (x - left as f32) / scale, y: (y - top as f32) / scale };
        let mut found: Vec<Palm> = anchors()
            .zip(boxes.iter().zip(logits))
            .map(|((x, y), (numbers, logit))| {
                let at = |i: usize| to_photo(x + numbers[i], y + numbers[i + 1]);
                let score = 1.0 / (1.0 + (-logit.clamp(-100.0, 100.0)).exp());
                let centre = at(0);
                let (width, height) = (numbers[2] / scale, numbers[3] / scale);
                let rect =
                    Rect { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height };
                // The wrist and the root of the middle finger.
                Palm { rect, wrist: at(4), middle: at(8), score }
            })
            .filter(|palm| palm.score >= LEAST_SCORE && palm.rect.width > 1.0)
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept: Vec<Palm> = vec![];
        for palm in found {
            if kept.iter().all(|other| other.rect.overlap(&palm.rect) <= MOST_OVERLAP) {
                kept.push(palm);
            }
        }
        kept.truncate(MOST_HANDS);
        Ok(kept)
    }

    fn hand_in(&self, photo: &RgbImage, frame: Frame) -> Result<Hand> {
        let (pixels, to_cells) = frame.cut(photo, POINTS_SIDE, Border::Black);
        let input = interleaved(&pixels, Normalisation::UNIT)?;
        let outputs = self.models.get(POINTS)?.run(&[("input_1", &input)])?;
        let numbers = output(&outputs, POINTS, "Identity", 63)?.as_chunks::<3>().0;
        let presence = output(&outputs, POINTS, "Identity_1", 1)?[0];
        let mirrored_right = output(&outputs, POINTS, "Identity_2", 1)?[0];
        let to_photo = back(&to_cells)?;
        let points = std::array::from_fn(|i| {
            let [x, y, _] = numbers[i];
            to_photo.apply([f64::from(x), f64::from(y)]).into()
        });
        Ok(Hand { points, presence, right: 1.0 - mirrored_right })
    }
}

/// A palm that the detector sees.
struct Palm {
    rect: Rect,
    wrist: Point,
    middle: Point,
    score: f32,
}

impl Palm {
    /// The square around the whole hand.
    fn frame(&self) -> Frame {
        let angle = upwards(self.wrist, self.middle);
        let (side, centre) = (self.rect.longer_side(), self.rect.centre());
        let shift = TOWARDS * self.rect.height;
        let centre = Point { x: centre.x + angle.sin() * shift, y: centre.y - angle.cos() * shift };
        Frame { centre, side: side * WIDER, angle }
    }
}

/// The square around the points of a hand.
fn frame_of(hand: &Hand) -> Frame {
    Frame::around(&hand.points, upwards(hand.points[0], hand.points[9]), AROUND)
}

/// How far the way from one place to another is turned clockwise from up, in radians.
fn upwards(from: Point, to: Point) -> f32 {
    (to.x - from.x).atan2(from.y - to.y)
}

/// The middles of the anchors, in pixels of the detector's square.
fn anchors() -> impl Iterator<Item = (f32, f32)> {
    GRIDS.into_iter().flat_map(|(stride, count)| {
        let across = PALMS_SIDE / stride;
        (0..across * across).flat_map(move |cell| {
            let middle = |at: u32| (at as f32 + 0.5) * stride as f32;
            std::iter::repeat_n((middle(cell % across), middle(cell / across)), count)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_anchors_as_the_model_has() {
        let all: Vec<_> = anchors().collect();
        assert_eq!(all.len(), ANCHORS);
        assert_eq!((all[0], all[2], all[ANCHORS - 1]), ((4.0, 4.0), (12.0, 4.0), (184.0, 184.0)));
    }

    #[test]
    fn backs_and_palms_are_told_by_side_and_turn() {
        let mut points = [Point::default(); 21];
        (points[5], points[17]) = (Point { x: -10.0, y: -50.0 }, Point { x: 10.0, y: -45.0 });
        let hand = |right: f32| Hand { points, presence: 1.0, right };
        assert!(hand(0.9).shows_back(), "a right hand with its index at the left");
        assert!(!hand(0.1).shows_back(), "a left hand like that shows its palm");
        points[17].x = -8.0;
        assert!(!Hand { points, presence: 1.0, right: 0.9 }.shows_back(), "from the side");
    }

    #[test]
    fn frames_stand_on_the_wrist() {
        let up = upwards(Point { x: 0.0, y: 10.0 }, Point { x: 0.0, y: 0.0 });
        let right = upwards(Point { x: 0.0, y: 0.0 }, Point { x: 5.0, y: 0.0 });
        assert!(up.abs() < 1e-6 && (right - std::f32::consts::FRAC_PI_2).abs() < 1e-6);
    }
}
