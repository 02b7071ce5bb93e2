//! Expressions of drawn faces.

use image::{GrayImage, RgbImage};
use safelight_vision::face::{Point, Rect};

use super::Head;
use super::props::{Brush, heart};
use crate::atlas::{EYE_CORNERS, LIDS, LIPS};
use crate::change::pixel_of;
use crate::field::{Bump, Field, warp};
use crate::kit::Kit;
use crate::path::{Path, along, turned};
use crate::strokes::Place;

/// What a drawn face shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A smile.
    Happy,
    /// An open, laughing mouth, the eyes closed.
    Laugh,
    /// One eye closed.
    Wink,
    /// Hearts for eyes.
    Love,
    /// Sunglasses.
    Cool,
    /// A round mouth, brows up.
    Wow,
    /// Corners down, a tear.
    Sad,
    /// Brows down.
    Angry,
    /// Pursed lips and a heart.
    Kiss,
}

impl Expression {
    /// All of them, in the order of a sheet.
    pub const ALL: [Self; 9] = [
        Self::Happy,
        Self::Laugh,
        Self::Wink,
        Self::Love,
        Self::Cool,
        Self::Wow,
        Self::Sad,
        Self::Angry,
        Self::Kiss,
    ];

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Happy => &["happy", "smile", "smiling", "joy", "joyful", "cheerful", "glad"],
            Self::Laugh => &["laugh", "laughing", "lol", "funny", "grin", "excited", "giggle"],
            Self::Wink => &["wink", "winking", "playful", "naughty", "cheeky", "flirty"],
            Self::Love => &["love", "adore", "romantic", "crush", "lovely"],
            Self::Cool => &["cool", "sunglasses", "confident", "smug", "swag"],
            Self::Wow => &["wow", "surprised", "surprise", "shocked", "amazed", "scared", "shock"],
            Self::Sad => &["sad", "cry", "crying", "tears", "unhappy", "tired", "sleepy"],
            Self::Angry => &["angry", "mad", "furious", "annoyed", "rage", "grumpy"],
            Self::Kiss => &["kiss", "kissing", "pout", "smooch", "cute"],
        }
    }

    /// The head with this expression: its drawing and its matte.
    pub(super) fn put_on(self, head: &Head) -> (RgbImage, GrayImage) {
        let kit = head.kit;
        let rect = kit.mesh.rect();
        let reach = 0.3 * kit.fw;
        let around = Rect {
            x: rect.x - reach,
            y: rect.y - reach,
            width: rect.width + 2.0 * reach,
            height: rect.height + 2.0 * reach,
        };
        let Some(mut field) = Field::still(around, kit.fw, kit.photo_size) else {
            return (head.drawn.clone(), head.matte.clone());
        };
        field.push(&self.bumps(kit));
        for corners in EYE_CORNERS {
            let [outer, inner] = corners.map(|index| kit.mesh.point(index));
            field.zoom(outer.middle(inner), outer.distance(inner) * 1.4, self.eyes());
        }
        let fields = vec![field];
        let moved = moved(kit, &fields[0]);
        let mut drawn = warp(head.drawn, fields);
        self.draw(&moved, &mut drawn);
        (drawn, head.matte.clone())
    }

    /// How much larger the eyes are.
    fn eyes(self) -> f32 {
        match self {
            Self::Wow => 0.42,
            Self::Angry => 0.08,
            _ => 0.2,
        }
    }

    /// Pushes: a point on the left of the picture and its partner, outwards and down in `fw`, and how
    /// wide.
    fn pushes(self) -> &'static [([usize; 2], [f32; 2], f32)] {
        const UP: f32 = -1.0;
        match self {
            Self::Happy | Self::Love => {
                &[([61, 291], [0.02, 0.05 * UP], 0.055), ([50, 280], [0.0, 0.015 * UP], 0.07)]
            }
            Self::Laugh => {
                &[([61, 291], [0.03, 0.045 * UP], 0.06), ([105, 334], [0.0, 0.02 * UP], 0.06)]
            }
            Self::Wink => &[([61, 291], [0.015, 0.04 * UP], 0.055)],
            Self::Cool => &[([61, 291], [0.01, 0.025 * UP], 0.055)],
            Self::Wow => &[
                ([61, 291], [-0.055, 0.0], 0.05),
                ([105, 334], [0.0, 0.06 * UP], 0.07),
                ([107, 336], [0.0, 0.05 * UP], 0.06),
                ([152, 152], [0.0, 0.05], 0.09),
            ],
            Self::Sad => &[
                ([61, 291], [0.0, 0.045], 0.05),
                ([107, 336], [0.0, 0.045 * UP], 0.045),
                ([70, 300], [0.0, 0.03], 0.05),
            ],
            Self::Angry => &[
                ([61, 291], [-0.01, 0.025], 0.05),
                ([107, 336], [-0.02, 0.055], 0.05),
                ([70, 300], [0.0, 0.03 * UP], 0.05),
            ],
            Self::Kiss => &[([61, 291], [-0.06, 0.0], 0.045), ([105, 334], [0.0, 0.02 * UP], 0.06)],
        }
    }

    fn bumps(self, kit: &Kit) -> Vec<Bump> {
        let [right, down] = kit.axes();
        let bump = |index: usize, outwards: f32, [x, y]: [f32; 2], sigma: f32| {
            let (x, y) = (x * outwards * kit.fw, y * kit.fw);
            let shift = Point { x: right.x * x + down.x * y, y: right.y * x + down.y * y };
            Bump { at: kit.mesh.point(index), shift, sigma: sigma * kit.fw }
        };
        let pushes = self.pushes().iter();
        pushes
            .flat_map(|&([left, partner], by, sigma)| {
                [bump(left, -1.0, by, sigma), bump(partner, 1.0, by, sigma)]
            })
            .collect()
    }

    /// What a push cannot make.
    fn draw(self, kit: &Kit, picture: &mut RgbImage) {
        let face = Drawn::of(kit);
        match self {
            Self::Happy => face.blush(picture),
            Self::Laugh => {
                face.close_eye(picture, 0, true);
                face.close_eye(picture, 1, true);
                face.open_mouth(picture, 0.62, 0.20);
                face.blush(picture);
            }
            Self::Wink => {
                face.close_eye(picture, 1, true);
                face.blush(picture);
            }
            Self::Love => {
                for side in 0..2 {
                    face.heart(picture, face.eye(side), 0.15);
                }
                face.blush(picture);
            }
            Self::Cool => face.sunglasses(picture),
            Self::Wow => face.round_mouth(picture),
            Self::Sad => face.tears(picture),
            Self::Angry => face.anger(picture),
            Self::Kiss => {
                face.close_eye(picture, 1, false);
                face.blush(picture);
                let place = face.at(face.mouth(), [0.30, 0.02]);
                face.heart(picture, place, 0.085);
            }
        }
    }
}

/// The expressions that a text names, in their order there.
pub fn named(text: &str) -> Vec<Expression> {
    let mut found = Vec::new();
    for word in text.to_lowercase().split(|letter: char| !letter.is_alphabetic()) {
        let of_word = Expression::ALL.into_iter().find(|one| one.words().contains(&word));
        found.extend(of_word.filter(|one| !found.contains(one)));
    }
    found
}

/// A face whose points have moved with a field.
fn moved(kit: &Kit, field: &Field) -> Kit {
    let mut moved = kit.clone();
    for [x, y, _] in &mut moved.mesh.points {
        // A place of the result comes from the place plus its displacement.
        let by = field.at(Point { x: *x, y: *y });
        (*x, *y) = (*x - by.x, *y - by.y);
    }
    moved
}

const INK: [u8; 3] = [34, 24, 28];

/// A face to draw on.
struct Drawn<'a> {
    kit: &'a Kit,
    fw: f32,
    right: Place,
    down: Place,
    skin: [u8; 3],
}

impl<'a> Drawn<'a> {
    fn of(kit: &'a Kit) -> Self {
        let [right, down] = kit.axes();
        let [l, a, b] = kit.skin.lab;
        Self {
            kit,
            fw: kit.fw,
            right: [right.x, right.y],
            down: [down.x, down.y],
            skin: pixel_of([1.1 * (l - 52.0) + 52.0, 1.35 * a, 1.35 * b]),
        }
    }

    fn point(&self, index: usize) -> Place {
        let point = self.kit.mesh.point(index);
        [point.x, point.y]
    }

    /// A place so far to the right and down in the face's frame, in `fw`.
    fn at(&self, from: Place, [x, y]: [f32; 2]) -> Place {
        along(along(from, self.right, x * self.fw), self.down, y * self.fw)
    }

    fn eye(&self, side: usize) -> Place {
        let [outer, inner] = EYE_CORNERS[side].map(|index| self.point(index));
        [(outer[0] + inner[0]) / 2.0, (outer[1] + inner[1]) / 2.0]
    }

    fn mouth(&self) -> Place {
        let [upper, lower] = [0, 17].map(|index| self.point(index));
        [(upper[0] + lower[0]) / 2.0, (upper[1] + lower[1]) / 2.0]
    }

    /// An ellipse in the face's frame.
    fn ellipse(&self, centre: Place, radii: [f32; 2]) -> Vec<Place> {
        (0..40)
            .map(|i| {
                let [x, y] = turned([1.0, 0.0], i as f32 / 40.0 * std::f32::consts::TAU);
                self.at(centre, [x * radii[0], y * radii[1]])
            })
            .collect()
    }

    fn brush<'b>(&self, picture: &'b mut RgbImage) -> Brush<'b> {
        Brush::new(picture)
    }

    fn blush(&self, picture: &mut RgbImage) {
        for (index, out) in [(205, -0.03), (425, 0.03)] {
            let middle = self.at(self.point(index), [out, -0.02]);
            self.brush(picture).glow(middle, 0.075 * self.fw, [236, 96, 104], 0.42);
        }
    }

    /// Paints over an eye and draws the line of its closed lids.
    fn close_eye(&self, picture: &mut RgbImage, side: usize, upwards: bool) {
        let lids: Vec<Place> = LIDS[side].iter().map(|&index| self.point(index)).collect();
        let middle = self.eye(side);
        let grown: Vec<Place> = lids
            .iter()
            .map(|&[x, y]| [middle[0] + 1.12 * (x - middle[0]), middle[1] + 1.22 * (y - middle[1])])
            .collect();
        let [outer, inner] = EYE_CORNERS[side].map(|index| self.point(index));
        let lift = if upwards { -0.055 } else { 0.035 };
        let crest = self.at(middle, [0.0, lift]);
        let lid = Path::through(&[outer, crest, inner]);
        let mut brush = self.brush(picture);
        brush.soft_fill(&grown, self.skin, 0.012 * self.fw);
        brush.line(&lid, 0.026 * self.fw, INK);
    }

    /// A laughing mouth of this half width and depth.
    fn open_mouth(&self, picture: &mut RgbImage, width: f32, depth: f32) {
        let [left, right] = [61, 291].map(|index| self.point(index));
        let middle = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
        let half = crate::path::distance(left, right) / 2.0 / self.fw * (width + 0.5);
        let arc = |t: f32, down: f32, sag: f32| {
            let x = (2.0 * t - 1.0) * half;
            self.at(middle, [x, -0.02 + sag * (1.0 - (2.0 * t - 1.0).powi(2)) + down])
        };
        let upper = |t: f32| arc(t, 0.0, 0.012);
        let lower = |t: f32| arc(t, 0.0, depth);
        let steps = 24;
        let along_t = |i: usize| i as f32 / steps as f32;
        let cavity: Vec<Place> = (0..=steps)
            .map(|i| upper(along_t(i)))
            .chain((0..=steps).rev().map(|i| lower(along_t(i))))
            .collect();
        let teeth: Vec<Place> = (0..=steps)
            .map(|i| upper(0.08 + 0.84 * along_t(i)))
            .chain((0..=steps).rev().map(|i| arc(0.08 + 0.84 * along_t(i), 0.0, 0.3 * depth)))
            .collect();
        let tongue: Vec<Place> = (0..=steps)
            .map(|i| arc(0.22 + 0.56 * along_t(i), 0.0, 0.72 * depth))
            .chain((0..=steps).rev().map(|i| lower(0.22 + 0.56 * along_t(i))))
            .collect();
        let mut brush = self.brush(picture);
        brush.fill(&cavity, [84, 18, 34]);
        brush.fill(&tongue, [224, 98, 108]);
        brush.fill(&teeth, [252, 250, 246]);
        let mut rim = cavity.clone();
        rim.push(cavity[0]);
        brush.line(&Path::through(&rim), 0.022 * self.fw, INK);
    }

    fn round_mouth(&self, picture: &mut RgbImage) {
        let middle = self.at(self.mouth(), [0.0, 0.02]);
        let outer = self.ellipse(middle, [0.105, 0.135]);
        let tongue = self.ellipse(self.at(middle, [0.0, 0.075]), [0.062, 0.05]);
        let lips: Vec<Place> = LIPS.iter().map(|&index| self.point(index)).collect();
        let own = self.mouth();
        let lips: Vec<Place> = lips
            .iter()
            .map(|&[x, y]| [own[0] + 1.2 * (x - own[0]), own[1] + 1.35 * (y - own[1])])
            .collect();
        let mut brush = self.brush(picture);
        brush.soft_fill(&lips, self.skin, 0.02 * self.fw);
        brush.fill(&outer, [84, 18, 34]);
        brush.fill(&tongue, [224, 98, 108]);
        let mut rim = outer.clone();
        rim.push(outer[0]);
        brush.line(&Path::through(&rim), 0.022 * self.fw, INK);
    }

    fn heart(&self, picture: &mut RgbImage, place: Place, size: f32) {
        let outline = |scale: f32| {
            heart()
                .into_iter()
                .map(move |[x, y]| self.at(place, [x * size * scale, y * size * scale]))
        };
        let mut brush = self.brush(picture);
        brush.fill(&outline(1.14).collect::<Vec<_>>(), INK);
        brush.fill(&outline(1.0).collect::<Vec<_>>(), [232, 38, 72]);
        let shine = self.at(place, [-0.42 * size, -0.36 * size]);
        let spot = self.ellipse(shine, [0.2 * size, 0.15 * size]);
        brush.fill(&spot, [255, 196, 206]);
    }

    fn sunglasses(&self, picture: &mut RgbImage) {
        let half = 0.185;
        let mut brush = self.brush(picture);
        let middles = [0, 1].map(|side| self.at(self.eye(side), [0.0, 0.01]));
        for (side, (ear, outwards)) in [(234, -1.0), (454, 1.0)].into_iter().enumerate() {
            let from = self.at(middles[side], [outwards * half, -0.06]);
            let ear = self.at(self.point(ear), [0.0, -0.04]);
            brush.line(&Path::through(&[from, ear]), 0.03 * self.fw, INK);
        }
        let bridge: Vec<Place> =
            [(middles[0], half), (middles[1], -half)].map(|(m, x)| self.at(m, [x, -0.07])).to_vec();
        brush.line(&Path::through(&bridge), 0.035 * self.fw, INK);
        for middle in middles {
            let lens: Vec<Place> = (0..48)
                .map(|i| {
                    let [x, y] = turned([1.0, 0.0], i as f32 / 48.0 * std::f32::consts::TAU);
                    // A rounded square, flat on top.
                    let round = |v: f32, power: f32| v.abs().powf(power) * v.signum();
                    let y = if y < 0.0 { round(y, 0.45) * 0.095 } else { round(y, 0.8) * 0.15 };
                    self.at(middle, [round(x, 0.6) * half, y])
                })
                .collect();
            brush.fill(&lens, [22, 20, 28]);
            let shine: Vec<Place> = [[-0.10, -0.06], [-0.04, -0.06], [-0.09, 0.07], [-0.12, 0.04]]
                .map(|by| self.at(middle, by))
                .to_vec();
            brush.fill(&shine, [92, 104, 128]);
        }
    }

    fn tears(&self, picture: &mut RgbImage) {
        let drop = |size: f32| {
            (0..40).map(move |i| {
                let t = i as f32 / 40.0 * std::f32::consts::TAU;
                // A circle whose top is drawn to a point.
                let y = -t.cos();
                let narrow = ((1.0 + y) / 2.0).powf(0.9);
                [t.sin() * narrow * size, y * 1.35 * size]
            })
        };
        for (side, down) in [(0, 0.19), (1, 0.15)] {
            let place = self.at(self.eye(side), [if side == 0 { -0.05 } else { 0.05 }, down]);
            let shape = |size: f32| drop(size).map(|by| self.at(place, by)).collect::<Vec<_>>();
            let mut brush = self.brush(picture);
            brush.fill(&shape(0.062), INK);
            brush.fill(&shape(0.05), [110, 190, 244]);
            let shine = self.ellipse(self.at(place, [-0.014, 0.014]), [0.01, 0.018]);
            brush.fill(&shine, [236, 248, 255]);
        }
    }

    /// The mark of anger on the forehead.
    fn anger(&self, picture: &mut RgbImage) {
        let place = self.at(self.point(333), [0.04, -0.10]);
        let mut brush = self.brush(picture);
        for (width, colour) in [(0.044, INK), (0.028, [226, 36, 40])] {
            for turn in 0..4 {
                let arm = |[x, y]: Place| {
                    let [x, y] = turned([x, y], turn as f32 * std::f32::consts::FRAC_PI_2);
                    self.at(place, [x, y])
                };
                let path = Path::through(&[[0.022, 0.085], [0.03, 0.03], [0.085, 0.022]].map(arm));
                brush.line(&path, width * self.fw, colour);
            }
        }
        for (index, out) in [(205, -0.02), (425, 0.02)] {
            let middle = self.at(self.point(index), [out, -0.02]);
            brush.glow(middle, 0.085 * self.fw, [224, 52, 48], 0.4);
        }
    }
}
