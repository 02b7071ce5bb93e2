//! The trunk and the limbs of a person, by the joints that are to be seen, and how they are made slimmer
//! or fuller.

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::color::smoothstep;
use safelight_vision::body::{Body, Joint};
use safelight_vision::face::Point;

/// A joint this sure is taken for seen.
const SEEN: f32 = 0.4;
/// As deep as this the person must be in the photo: just below the hips.
const LOWEST: f32 = 1.1;
/// How wide shoulders are by the length of the trunk where a person stands and looks at the camera; seated
/// or from a side they are not.
const SHOULDERS: [f32; 2] = [0.42, 0.95];
/// By the same length, hips are at least this wide.
const LEAST_HIPS: f32 = 0.12;
/// How much of what is done to limbs adds to what is done to the trunk.
const LIMBS: f32 = 0.7;
/// A limb ends at this many of its radii.
const LIMB_REACH: f32 = 1.84;
/// The least determinant of the map's derivative.
pub const LEAST_JACOBIAN: f32 = 0.35;
/// The most that a waist may be narrowed.
pub const MOST_SLIMMING: f32 = 0.2;
/// The most that a figure may be made fuller.
pub const MOST_FULLNESS: f32 = 0.3;

/// A stretch of the body between two joints.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limb {
    /// Its upper end, in pixels of the photo.
    from: Point,
    /// Its lower end.
    to: Point,
    /// Its radius, by its length.
    radius: f32,
    /// How much fuller it gets, by how much the trunk does.
    share: f32,
}

/// What the joints say of a person, in pixels of the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    top: Point,
    /// The directions along the spine and to the right of it, unit vectors.
    along: Point,
    across: Point,
    /// Length of the trunk, and the distances of shoulders and hips across it.
    length: f32,
    shoulders: f32,
    hips: f32,
    limbs: Vec<Limb>,
}

/// What is done to a figure; 0 leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The waist is narrowed by this share, to [`MOST_SLIMMING`].
    Waist(f32),
    /// Trunk, arms and legs are made fuller by this share, to [`MOST_FULLNESS`].
    Fuller(f32),
}

impl Change {
    fn times(self, factor: f32) -> Self {
        match self {
            Self::Waist(share) => Self::Waist(share * factor),
            Self::Fuller(share) => Self::Fuller(share * factor),
        }
    }
}

impl Figure {
    /// Of the joints of a person in a photo of `size`.
    ///
    /// # Errors
    /// `ERROR_POSE_NOT_ENOUGH_KEYPOINTS` where shoulders or hips are not seen or lie outside the photo, and
    /// where their distances are not those of a person who stands and faces the camera.
    pub fn of(body: &Body, size: (u32, u32)) -> Result<Self> {
        let needed = [
            (Joint::LeftShoulder, "left shoulder"),
            (Joint::RightShoulder, "right shoulder"),
            (Joint::LeftHip, "left hip"),
            (Joint::RightHip, "right hip"),
        ];
        for (joint, name) in needed {
            let found = body.joint(joint);
            let inside = |at: f32, length: u32| (0.0..length as f32).contains(&at);
            if found.score < SEEN
                || !inside(found.place.x, size.0)
                || !inside(found.place.y, size.1)
            {
                let message = format!(
                    "the {name} is not to be seen (certainty {:.2}, {SEEN} is needed); shoulders and \
                     hips must be in the photo",
                    found.score
                );
                return Err(unposed(message));
            }
        }
        let at = |joint| body.joint(joint).place;
        let mut figure = Self::between(
            [at(Joint::LeftShoulder), at(Joint::RightShoulder)],
            [at(Joint::LeftHip), at(Joint::RightHip)],
        )?;
        let lowest = figure.place(LOWEST, 0.0);
        if lowest.y >= size.1 as f32 || lowest.x < 0.0 || lowest.x >= size.0 as f32 {
            let message = "the frame cuts the person above or at the hips";
            return Err(unposed(message.to_owned()));
        }
        for (bone, radius, share) in BONES {
            let [from, to] = bone.map(|joint| body.joint(joint));
            if from.score >= SEEN && to.score >= SEEN {
                figure.limbs.push(Limb { from: from.place, to: to.place, radius, share });
            }
        }
        Ok(figure)
    }

    /// Between shoulders and hips, without limbs.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn between(shoulders: [Point; 2], hips: [Point; 2]) -> Result<Self> {
        let (top, bottom) = (shoulders[0].middle(shoulders[1]), hips[0].middle(hips[1]));
        let length = top.distance(bottom);
        if length < 8.0 {
            return Err(unposed(format!("the trunk is {length:.0} px long, 8 are needed")));
        }
        let along = Point { x: (bottom.x - top.x) / length, y: (bottom.y - top.y) / length };
        let across = Point { x: along.y, y: -along.x };
        let width =
            |[a, b]: [Point; 2]| ((a.x - b.x) * across.x + (a.y - b.y) * across.y).abs() / length;
        let (wide, narrow) = (width(shoulders), width(hips));
        let [least, most] = SHOULDERS;
        if !(least..=most).contains(&wide) || narrow < LEAST_HIPS {
            return Err(unposed(format!(
                "the shoulders are {wide:.2} times as wide as the trunk is long and the hips \
                 {narrow:.2} times; {least} to {most} and at least {LEAST_HIPS} are needed: the person \
                 must stand and face the camera"
            )));
        }
        let (shoulders, hips) = (wide * length, narrow * length);
        Ok(Self { top, along, across, length, shoulders, hips, limbs: vec![] })
    }

    /// The middle between the hips.
    pub fn hip_centre(&self) -> Point {
        self.place(1.0, 0.0)
    }

    /// Length of the trunk in pixels.
    pub fn length(&self) -> f32 {
        self.length
    }

    /// The place at this depth (0 at the shoulders, 1 at the hips), so many pixels to the right.
    pub fn place(&self, t: f32, d: f32) -> Point {
        let along = t * self.length;
        Point {
            x: self.top.x + self.along.x * along + self.across.x * d,
            y: self.top.y + self.along.y * along + self.across.y * d,
        }
    }

    /// How deep a place lies, and how many pixels to the right.
    fn spot(&self, place: Point) -> (f32, f32) {
        let (x, y) = (place.x - self.top.x, place.y - self.top.y);
        let along = (x * self.along.x + y * self.along.y) / self.length;
        (along, x * self.across.x + y * self.across.y)
    }

    /// Half the width of the trunk at a depth: what is farther out moves as one piece.
    fn half_width(&self, t: f32) -> f32 {
        let t = t.clamp(0.0, 1.0);
        let own = 0.525 * self.shoulders * (1.0 - t) + 0.85 * self.hips * t;
        own.max(0.5 * self.shoulders.min(1.7 * self.hips))
    }

    /// Where each place of the changed figure is taken from, as a displacement in pixels.
    pub fn displacement(&self, change: Change, place: Point) -> Point {
        let (t, d) = self.spot(place);
        let scale = match change {
            Change::Waist(share) => {
                let depth = (t - 0.2) / 0.9;
                let inside = (0.0..1.0).contains(&depth);
                let profile = (std::f32::consts::PI * depth).sin().powi(2);
                -share.min(MOST_SLIMMING) * if inside { profile } else { 0.0 }
            }
            Change::Fuller(share) => {
                let bell = (-((t - 0.75) / 0.25).powi(2)).exp();
                let profile = smoothstep(-0.05, 0.35, t) * smoothstep(1.5, 1.05, t);
                share.min(MOST_FULLNESS) * profile * (0.8 + 0.4 * bell)
            }
        };
        let half = self.half_width(t);
        let by = (1.0 / (1.0 + scale) - 1.0) * d.clamp(-half, half);
        let trunk = Point { x: self.across.x * by, y: self.across.y * by };
        let Change::Fuller(share) = change else { return trunk };
        let moved = Point { x: place.x + trunk.x, y: place.y + trunk.y };
        self.limbs.iter().fold(trunk, |sum, limb| {
            let own = limb.displacement(share.min(MOST_FULLNESS), moved);
            Point { x: sum.x + own.x, y: sum.y + own.y }
        })
    }

    /// The least determinant of the derivative of a change around the trunk and the limbs.
    pub fn least_jacobian(&self, change: Change) -> f32 {
        let step = (self.length / 30.0).max(0.5);
        let there = |x: f32, y: f32| {
            let moved = self.displacement(change, Point { x, y });
            Point { x: x + moved.x, y: y + moved.y }
        };
        let reach = 2.6 * self.length;
        let steps = (2.0 * reach / step) as usize;
        let (left, top) = (self.top.x - reach, self.top.y - 0.4 * reach);
        let mut least = f32::INFINITY;
        for j in 0..steps {
            for i in 0..steps {
                let (x, y) = (left + i as f32 * step, top + j as f32 * step);
                let (here, right, below) = (there(x, y), there(x + step, y), there(x, y + step));
                let (u, v) = ((right.x - here.x) / step, (right.y - here.y) / step);
                let (s, t) = ((below.x - here.x) / step, (below.y - here.y) / step);
                least = least.min(u * t - v * s);
            }
        }
        least
    }

    /// The change, as much lowered as it needs for nothing to fold.
    #[must_use]
    pub fn unfolded(&self, change: Change) -> Change {
        let lowered = (0..8).map(|step| change.times(0.8_f32.powi(step)));
        let mut smooth = lowered.filter(|&change| self.least_jacobian(change) >= LEAST_JACOBIAN);
        smooth.next().unwrap_or(change.times(0.0))
    }
}

/// The limbs: their joints, radii by their length, and how much fuller they get.
const BONES: [([Joint; 2], f32, f32); 8] = [
    ([Joint::LeftShoulder, Joint::LeftElbow], 0.24, 0.8),
    ([Joint::RightShoulder, Joint::RightElbow], 0.24, 0.8),
    ([Joint::LeftElbow, Joint::LeftWrist], 0.2, 0.6),
    ([Joint::RightElbow, Joint::RightWrist], 0.2, 0.6),
    ([Joint::LeftHip, Joint::LeftKnee], 0.42, 1.0),
    ([Joint::RightHip, Joint::RightKnee], 0.42, 1.0),
    ([Joint::LeftKnee, Joint::LeftAnkle], 0.3, 0.6),
    ([Joint::RightKnee, Joint::RightAnkle], 0.3, 0.6),
];

impl Limb {
    fn displacement(&self, share: f32, place: Point) -> Point {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let length = dx.hypot(dy).max(1.0);
        let (x, y) = (place.x - self.from.x, place.y - self.from.y);
        let t = (x * dx + y * dy) / (length * length);
        let d = (y * dx - x * dy) / length;
        let radius = self.radius * length;
        let weight = smoothstep(LIMB_REACH * radius, radius, d.abs())
            * smoothstep(0.0, 0.25, t)
            * smoothstep(1.1, 0.85, t);
        let scale = LIMBS * self.share * share * weight;
        let by = (1.0 / (1.0 + scale) - 1.0) * d.clamp(-radius, radius);
        Point { x: -dy / length * by, y: dx / length * by }
    }
}

fn unposed(message: String) -> Fault {
    Fault::new(Code::PoseNotEnoughKeypoints, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    /// A person of 100 px of trunk, who stands.
    fn figure() -> Figure {
        let shoulders = [at(132.0, 100.0), at(68.0, 100.0)];
        Figure::between(shoulders, [at(118.0, 200.0), at(82.0, 200.0)]).expect("a figure")
    }

    fn limbs() -> [Limb; 3] {
        let limb = |from, to, radius, share| Limb { from, to, radius, share };
        [
            limb(at(132.0, 100.0), at(140.0, 150.0), 0.24, 0.8),
            limb(at(118.0, 200.0), at(120.0, 290.0), 0.42, 1.0),
            limb(at(82.0, 200.0), at(80.0, 290.0), 0.42, 1.0),
        ]
    }

    #[test]
    fn nothing_asked_moves_nothing() {
        let figure = Figure { limbs: limbs().to_vec(), ..figure() };
        for change in [Change::Waist(0.0), Change::Fuller(0.0)] {
            for i in 0..400 {
                let place = at((i % 20) as f32 * 10.0, (i / 20) as f32 * 20.0);
                assert_eq!(figure.displacement(change, place), Point::default());
            }
        }
    }

    /// How wide a strip of the body becomes that reaches this far out at a depth.
    fn width(figure: &Figure, change: Change, t: f32, half: f32) -> f32 {
        // The result's edge is where its source lies on the old edge.
        let source = |d: f32| d + figure.displacement(change, figure.place(t, d)).x;
        let (mut low, mut high) = (0.0, 3.0 * half);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            // To the right of a spine that runs down is the picture's right.
            if source(middle) < half { low = middle } else { high = middle }
        }
        low / half
    }

    #[test]
    fn waists_narrow_with_what_is_asked_and_arms_follow_as_they_are() {
        let figure = figure();
        let waist = |k| width(&figure, Change::Waist(k), 0.65, 25.0);
        let widths = [0.0, 0.05, 0.1, 0.15, 0.2].map(waist);
        assert!(widths.windows(2).all(|pair| pair[1] < pair[0]), "{widths:?}");
        assert!((0.90..0.94).contains(&waist(0.09)), "{}", waist(0.09));
        let hips = width(&figure, Change::Waist(0.09), 1.05, 25.0);
        assert!(hips > 0.98, "{hips}");
        let arm = |d: f32| figure.displacement(Change::Waist(0.09), figure.place(0.65, d)).x;
        assert!(arm(60.0) == arm(75.0) && arm(60.0).abs() > 1.0, "one piece");
        assert!(figure.least_jacobian(Change::Waist(MOST_SLIMMING)) > 0.99);
    }

    #[test]
    fn fuller_figures_are_wider_everywhere_and_never_fold() {
        let figure = Figure { limbs: limbs().to_vec(), ..figure() };
        let widths = [0.0, 0.08, 0.15, 0.3].map(|k| width(&figure, Change::Fuller(k), 0.7, 25.0));
        assert!(widths.windows(2).all(|pair| pair[1] > pair[0] + 0.02), "{widths:?}");
        let mut folded = figure;
        let (from, to) = (at(132.0, 100.0), at(100.0, 130.0));
        folded.limbs.push(Limb { from, to, radius: 1.6, share: 9.0 });
        let change = folded.unfolded(Change::Fuller(MOST_FULLNESS));
        assert!(folded.least_jacobian(Change::Fuller(MOST_FULLNESS)) < LEAST_JACOBIAN, "control");
        assert!(folded.least_jacobian(change) >= LEAST_JACOBIAN);
    }

    #[test]
    fn who_sits_or_turns_is_refused() {
        let code = |shoulders, hips| Figure::between(shoulders, hips).expect_err("refused").code();
        let hips = [at(118.0, 200.0), at(82.0, 200.0)];
        assert_eq!(
            code([at(110.0, 100.0), at(90.0, 100.0)], hips),
            Code::PoseNotEnoughKeypoints,
            "from a side"
        );
        let seated = [at(132.0, 150.0), at(68.0, 150.0)];
        assert_eq!(code(seated, hips), Code::PoseNotEnoughKeypoints, "seated");
    }
}
