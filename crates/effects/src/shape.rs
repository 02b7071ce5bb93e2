//! The shape of a face: slimmer, smaller, larger eyes, a square jaw. Lengths are in `fw`.

use safelight_imaging::color::smoothstep;
use safelight_vision::face::{Part, Point, Rect};

use crate::atlas;
use crate::field::{Bump, Ellipse, Field};
use crate::kit::Kit;

/// How far a jaw may move to each side: further, it is another person's.
pub const MOST_SLIMMING: f32 = 0.09;
/// How much larger eyes may get, and with glasses on.
pub const MOST_EYES: f32 = 0.25;
const MOST_EYES_BEHIND_GLASSES: f32 = 0.1;
/// Radius of what grows with an eye, by the width of the eye; behind glasses it stays inside the rim.
const EYE_REACH: f32 = 1.1;
const EYE_REACH_BEHIND_GLASSES: f32 = 0.6;
/// How far around the mesh a field reaches.
const AROUND: f32 = 0.35;
/// Width of the bumps that push a jaw.
const JAW_SIGMA: f32 = 0.085;
const SQUARE_SIGMA: f32 = 0.09;
/// How far from the middle of the eyes glasses reach across, and up and down.
const GLASSES: [f32; 2] = [0.72, 0.25];

/// How much of the slimming each point of the jaw takes: nothing at cheekbone and chin, all at the angle.
const SLIMMING: [([usize; 2], f32); 10] = [
    ([234, 454], 0.0),
    ([93, 323], 0.1),
    ([132, 361], 0.45),
    ([58, 288], 0.8),
    ([172, 397], 1.0),
    ([136, 365], 1.0),
    ([150, 379], 0.8),
    ([149, 378], 0.55),
    ([176, 400], 0.3),
    ([148, 377], 0.1),
];
/// How far outwards and down each point goes for a square jaw.
const SQUARE: [([usize; 2], [f32; 2]); 7] = [
    ([127, 356], [0.0, 0.0]),
    ([234, 454], [0.0, 0.0]),
    ([58, 288], [0.05, 0.02]),
    ([172, 397], [0.05, 0.02]),
    ([136, 365], [0.05, 0.02]),
    ([176, 400], [0.01, 0.01]),
    ([152, 152], [0.0, -0.02]),
];

/// What is asked of a shape; all zero is as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// How far the angle of the jaw moves inwards on each side, to [`MOST_SLIMMING`].
    pub slim: f32,
    /// How far the chin moves up.
    pub chin_up: f32,
    /// How much smaller the face is made below the eyes, 0 to 0.04.
    pub shrink: f32,
    /// How much larger the eyes are made, to [`MOST_EYES`].
    pub eyes: f32,
    /// How square the jaw is made, 0 to 1.
    pub square: f32,
}

impl Shape {
    /// The field that gives a face this shape; None where there is nothing to do. Less where the head is
    /// turned, nothing from 45 degrees on; a side that a hand or cloth covers stays as it is, and so do
    /// glasses.
    pub fn field(&self, kit: &Kit) -> Option<Field> {
        let frontal = kit.frontal();
        if *self == Self::default() || frontal == 0.0 {
            return None;
        }
        let fw = kit.fw;
        let rect = kit.mesh.rect();
        let reach = AROUND * fw;
        let around = Rect {
            x: rect.x - reach,
            y: rect.y - reach,
            width: rect.width + 2.0 * reach,
            height: rect.height + 2.0 * reach,
        };
        let mut field = Field::still(around, fw, kit.photo_size)?;
        let free = [0, 1].map(|side| frontal * uncovered(kit, side));
        field.push(&self.slimming(kit, free));
        field.push(&self.squaring(kit, free));
        if self.shrink > 0.0 {
            let ellipse = Ellipse {
                centre: kit.mesh.point(2),
                axes: kit.axes(),
                radii: [0.66 * fw, 0.70 * fw],
            };
            let both = free[0].min(free[1]);
            field.scale(&ellipse, kit.mesh.point(168), -self.shrink * both);
        }
        if kit.glasses {
            let frame = glasses(kit);
            field.pin(|place| held(&frame, place));
        }
        self.enlarge_eyes(kit, &mut field, frontal);
        (field.largest() > 0.0).then_some(field)
    }

    fn slimming(&self, kit: &Kit, free: [f32; 2]) -> Vec<Bump> {
        let slim = self.slim.min(MOST_SLIMMING) * kit.fw;
        let [right, down] = kit.axes();
        let mut bumps = vec![];
        for (points, share) in SLIMMING {
            for (side, inwards) in [(0, 1.0), (1, -1.0)] {
                let by = slim * share * inwards * free[side];
                let shift = Point { x: right.x * by, y: right.y * by };
                bumps.push(Bump {
                    at: kit.mesh.point(points[side]),
                    shift,
                    sigma: JAW_SIGMA * kit.fw,
                });
            }
        }
        let by = -self.chin_up * kit.fw * free[0].min(free[1]);
        let shift = Point { x: down.x * by, y: down.y * by };
        bumps.push(Bump { at: kit.mesh.point(atlas::CHIN), shift, sigma: JAW_SIGMA * kit.fw });
        bumps
    }

    fn squaring(&self, kit: &Kit, free: [f32; 2]) -> Vec<Bump> {
        if self.square == 0.0 {
            return vec![];
        }
        let [right, down] = kit.axes();
        let sides = SQUARE.into_iter().flat_map(|(points, by)| {
            [(points[0], by, -1.0, free[0]), (points[1], by, 1.0, free[1])]
        });
        let bump = |(point, [out, lower], outwards, free): (usize, [f32; 2], f32, f32)| {
            let (x, y) = (out * outwards, lower);
            let by = self.square * kit.fw * free;
            let shift =
                Point { x: (right.x * x + down.x * y) * by, y: (right.y * x + down.y * y) * by };
            Bump { at: kit.mesh.point(point), shift, sigma: SQUARE_SIGMA * kit.fw }
        };
        sides.map(bump).collect()
    }

    fn enlarge_eyes(&self, kit: &Kit, field: &mut Field, frontal: f32) {
        let (most, reach) = match kit.glasses {
            true => (MOST_EYES_BEHIND_GLASSES, EYE_REACH_BEHIND_GLASSES),
            false => (MOST_EYES, EYE_REACH),
        };
        let scale = self.eyes.min(most) * frontal;
        for corners in atlas::EYE_CORNERS.iter().filter(|_| scale > 0.0) {
            let [outer, inner] = corners.map(|index| kit.mesh.point(index));
            field.zoom(outer.middle(inner), outer.distance(inner) * reach, scale);
        }
    }
}

/// How firmly glasses hold a place: 1 inside their ellipse, 0 well outside.
pub(crate) fn held(glasses: &Ellipse, place: Point) -> f32 {
    smoothstep(1.25, 1.0, glasses.radius(place))
}

/// The ellipse that glasses lie in.
pub(crate) fn glasses(kit: &Kit) -> Ellipse {
    let [left, right] = [33, 263].map(|index| kit.mesh.point(index));
    Ellipse {
        centre: left.middle(right),
        axes: kit.axes(),
        radii: GLASSES.map(|length| length * kit.fw),
    }
}

/// How free of hands and cloth a side of the lower face is, 0 to 1.
fn uncovered(kit: &Kit, side: usize) -> f32 {
    const OVER: [Part; 2] = [Part::Background, Part::Cloth];
    let likely = kit.parsing.likely(&OVER);
    let inner = [[192, 213, 214, 210, 202], [416, 433, 434, 430, 422]][side];
    let covered = inner.iter().map(|&index| likely(kit.mesh.point(index))).sum::<f32>();
    smoothstep(0.5, 0.15, covered / inner.len() as f32)
}
