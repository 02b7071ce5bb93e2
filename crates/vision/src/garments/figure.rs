//! The figure of a person by the joints that are to be seen: how far along the body a place lies,
//! and which limb is near.

use crate::body::{Body, Joint};
use crate::face::{Point, Rect};

/// A joint this sure is taken for seen.
const SEEN: f32 = 0.25;
/// The hand beyond the wrist and the foot beyond the ankle, as a share of forearm and shin.
const HAND: f32 = 0.6;
const FOOT: f32 = 0.35;

/// A stretch of the body between two points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub from: Point,
    pub to: Point,
}

impl Stretch {
    /// How far a place lies from it.
    pub fn distance(&self, place: Point) -> f32 {
        place.distance(between(self.from, self.to, self.share(place).clamp(0.0, 1.0)))
    }

    /// How far along it a place lies: 0 at its beginning, 1 at its end.
    pub fn share(&self, place: Point) -> f32 {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        let along = (place.x - self.from.x) * dx + (place.y - self.from.y) * dy;
        along / (dx * dx + dy * dy).max(1e-6)
    }

    pub fn length(&self) -> f32 {
        self.from.distance(self.to)
    }
}

/// The point at this share of the way.
pub(super) fn between(from: Point, to: Point, share: f32) -> Point {
    Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

/// One leg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub hip: Point,
    pub knee: Point,
    pub ankle: Option<Point>,
}

/// What the joints say of a person, in pixels of the photo.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Width of the shoulders, or what stands for it.
    pub unit: f32,
    /// From between the shoulders to between the hips, where both are to be seen.
    pub trunk: Option<Stretch>,
    /// From the elbows to the tips of the hands.
    pub forearms: Vec<Stretch>,
    /// The legs whose knee is to be seen.
    pub legs: Vec<Leg>,
    /// Where skin may be bare: limbs and the neck, each with its reach.
    pub limbs: Vec<(Stretch, f32)>,
}

impl Figure {
    pub fn of(body: &Body, face: Option<Rect>) -> Self {
        let seen = |joint: Joint| {
            let found = body.joint(joint);
            (found.score > SEEN).then_some(found.place)
        };
        let sides = [
            [Joint::LeftShoulder, Joint::LeftElbow, Joint::LeftWrist],
            [Joint::RightShoulder, Joint::RightElbow, Joint::RightWrist],
        ];
        let lower = [
            [Joint::LeftHip, Joint::LeftKnee, Joint::LeftAnkle],
            [Joint::RightHip, Joint::RightKnee, Joint::RightAnkle],
        ];
        let [shoulders, hips] = [&sides, &lower].map(|pair| pair.map(|[first, ..]| seen(first)));
        let width = |pair: [Option<Point>; 2]| Some(pair[0]?.distance(pair[1]?));
        let middle = |pair: [Option<Point>; 2]| match pair {
            [Some(one), Some(two)] => Some(one.middle(two)),
            [one, two] => one.or(two),
        };
        let trunk = middle(shoulders)
            .zip(middle(hips))
            .map(|(from, to)| Stretch { from, to })
            .filter(|trunk| trunk.length() > 1.0);
        let by_trunk = trunk.map_or(0.0, |trunk| 0.45 * trunk.length());
        let by_face = face.map_or(0.0, |face| 1.8 * face.width);
        let unit = width(shoulders).unwrap_or(0.0).max(by_trunk).max(by_face).max(1.0);
        let mut figure = Self {
            unit,
            trunk,
            forearms: vec![],
            legs: vec![],
            limbs: neck(face, middle(shoulders)),
        };
        sides.iter().for_each(|side| figure.add_arm(side.map(seen)));
        lower.iter().for_each(|side| figure.add_leg(side.map(seen)));
        figure
    }

    fn add_arm(&mut self, [shoulder, elbow, wrist]: [Option<Point>; 3]) {
        if let Some((from, to)) = shoulder.zip(elbow) {
            self.limbs.push((Stretch { from, to }, 0.35 * self.unit));
        }
        if let Some((from, wrist)) = elbow.zip(wrist) {
            let forearm = Stretch { from, to: between(from, wrist, 1.0 + HAND) };
            self.forearms.push(forearm);
            self.limbs.push((forearm, 0.45 * self.unit));
        } else if let Some(wrist) = wrist {
            self.limbs.push((Stretch { from: wrist, to: wrist }, 0.6 * self.unit));
        }
    }

    fn add_leg(&mut self, [hip, knee, ankle]: [Option<Point>; 3]) {
        let Some((hip, knee)) = hip.zip(knee) else { return };
        self.legs.push(Leg { hip, knee, ankle });
        self.limbs.push((Stretch { from: hip, to: knee }, 0.4 * self.unit));
        if let Some(ankle) = ankle {
            let shin = Stretch { from: knee, to: between(knee, ankle, 1.0 + FOOT) };
            self.limbs.push((shin, 0.35 * self.unit));
        }
    }

    /// Whether skin may be bare at a place.
    pub fn may_be_bare(&self, place: Point) -> bool {
        self.limbs.iter().any(|(limb, reach)| limb.distance(place) < *reach)
    }

    /// How far down the body a place lies: 0 at the shoulders, 1 at the hips; sleeves and hands lie
    /// where they join the body.
    pub fn depth(&self, place: Point) -> Option<f32> {
        let depth = self.trunk?.share(place);
        let leg = self
            .legs
            .iter()
            .map(|leg| Stretch { from: leg.hip, to: leg.ankle.unwrap_or(leg.knee) });
        let leg = leg.map(|leg| leg.distance(place)).fold(f32::INFINITY, f32::min);
        let arm = self.forearms.iter().map(|arm| arm.distance(place)).fold(f32::INFINITY, f32::min);
        let beside = arm < leg && arm < 0.25 * self.unit;
        Some(if beside { depth.min(0.9) } else { depth })
    }

    /// Whether a place lies in the shoe of a leg: around the ankle and beyond it.
    pub fn in_shoe(&self, place: Point) -> bool {
        self.legs.iter().any(|leg| {
            let Some(ankle) = leg.ankle else { return false };
            let shin = Stretch { from: leg.knee, to: ankle };
            let beyond = shin.share(place) > 0.92;
            beyond && ankle.distance(place) < 0.6 * shin.length()
        })
    }
}

/// The neck and what a wide collar bares.
fn neck(face: Option<Rect>, shoulders: Option<Point>) -> Vec<(Stretch, f32)> {
    let Some(face) = face else { return vec![] };
    let from = face.centre();
    let chin = Point { y: face.bottom(), ..from };
    let below = Point { y: chin.y + 0.8 * face.height, ..from };
    let to = shoulders.map_or(below, |middle| between(from, middle, 1.25));
    vec![(Stretch { from, to }, 0.8 * face.width)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let at = |x: f32, y: f32| Point { x, y };
        let mut figure = Figure {
            unit: 100.0,
            trunk: Some(Stretch { from: at(200.0, 100.0), to: at(200.0, 300.0) }),
            forearms: vec![],
            legs: vec![],
            limbs: vec![],
        };
        figure.add_arm([Some(at(140.0, 100.0)), Some(at(120.0, 200.0)), Some(at(120.0, 290.0))]);
        figure.add_leg([Some(at(180.0, 300.0)), Some(at(180.0, 420.0)), Some(at(180.0, 540.0))]);
        figure
    }

    #[test]
    fn depth_goes_down_the_body_and_hands_stay_with_the_arms() {
        let figure = figure();
        let at = |x, y| figure.depth(Point { x, y }).expect("a trunk");
        assert_eq!([at(200.0, 100.0), at(200.0, 300.0), at(180.0, 400.0)], [0.0, 1.0, 1.5]);
        assert_eq!(at(118.0, 330.0), 0.9, "the hand beside the thigh");
    }

    #[test]
    fn shoes_begin_at_the_ankle() {
        let figure = figure();
        let at = |x, y| figure.in_shoe(Point { x, y });
        assert!(at(180.0, 550.0) && at(220.0, 560.0));
        assert!(!at(180.0, 500.0) && !at(180.0, 700.0));
    }

    #[test]
    fn skin_is_bare_on_limbs_alone() {
        let figure = figure();
        assert!(figure.may_be_bare(Point { x: 120.0, y: 300.0 }));
        assert!(!figure.may_be_bare(Point { x: 230.0, y: 200.0 }));
    }
}
