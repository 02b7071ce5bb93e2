//! A larger head on the same body.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::Cutout;
use safelight_imaging::color::smoothstep;
use safelight_vision::face::{Part, Point};

use crate::extend::{Sides, extend};
use crate::kit::Kit;
use crate::layers;

/// How much larger the head becomes where there is room for it.
pub const SCALE: f32 = 1.6;
/// It grows from this far above the chin, in `fw`.
const ABOVE_CHIN: f32 = 0.08;
/// Hair fades between these depths below the chin, all else between those.
const HAIR: [f32; 2] = [0.65, 0.35];
const NECK: [f32; 2] = [0.18, 0.02];
/// What lies deeper below the chin than this is not taken for the old head's.
const FREED: f32 = 0.05;
/// Room above and beside the larger head, by its height.
const ROOM: f32 = 0.04;
/// Shares of a side that may be added.
const MOST_GROWTH: f32 = 0.4;
/// Where so many pixels of a side of the frame show the head, by the width of the face, the frame cuts it.
const CUT: f32 = 0.2;

/// A head that is to be enlarged: its matte at the photo's size, and the face in it.
#[derive(Clone, Debug)]
pub struct Head {
    cutout: Cutout,
    pivot: Point,
    down: Point,
    fw: f32,
}

/// What a canvas needs beyond the photo for a head of some scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// What is added.
    pub sides: Sides,
    /// How much larger the head becomes.
    pub scale: f32,
}

impl Head {
    /// Of a face: `cutout` is the whole head with its neck and hair, at the photo's size.
    pub fn of(kit: &Kit, mut cutout: Cutout) -> Self {
        let [_, down] = kit.axes();
        let chin = kit.mesh.point(152);
        let pivot = Point {
            x: chin.x - down.x * ABOVE_CHIN * kit.fw,
            y: chin.y - down.y * ABOVE_CHIN * kit.fw,
        };
        let hair = kit.parsing.likely(&[Part::Hair]);
        for (x, y, alpha) in cutout.alpha.enumerate_pixels_mut().filter(|(.., a)| a.0[0] > 0) {
            let place = Point { x: x as f32, y: y as f32 };
            let below = depth(place, chin, down) / kit.fw;
            if below < 0.0 {
                continue;
            }
            let of_hair = ((hair(place) - 0.5) * 4.0).clamp(0.0, 1.0);
            let kept = smoothstep(NECK[0], NECK[1], below)
                .max(of_hair * smoothstep(HAIR[0], HAIR[1], below));
            alpha.0[0] = (f32::from(alpha.0[0]) * kept + 0.5) as u8;
        }
        Self { cutout, pivot, down, fw: kit.fw }
    }

    /// The room that the head needs at [`SCALE`]; where more than 40 % of a side would have to be added,
    /// the head becomes less large. A side of the frame that cuts the head does not grow, and cuts the
    /// larger head, too.
    pub fn room(&self) -> Room {
        let (width, height) = self.cutout.alpha.dimensions();
        let Some(bounds) = self.cutout.bounds() else {
            return Room { sides: Sides::default(), scale: 1.0 };
        };
        let is_cut = |count: usize| count as f32 > CUT * self.fw;
        let solid = |x: u32, y: u32| self.cutout.alpha.get_pixel(x, y).0[0] >= 128;
        let column = |x: u32| is_cut((0..height).filter(|&y| solid(x, y)).count());
        let top_cut = is_cut((0..width).filter(|&x| solid(x, 0)).count());
        let needs = |scale: f32| {
            let air = ROOM * scale * bounds.height as f32;
            let to = |at: f32, pivot: f32| pivot + (at - pivot) * scale;
            let right = (bounds.x + bounds.width) as f32;
            [
                if column(0) { 0.0 } else { air - to(bounds.x as f32, self.pivot.x) },
                if column(width - 1) { 0.0 } else { to(right, self.pivot.x) + air - width as f32 },
                if top_cut { 0.0 } else { air - to(bounds.y as f32, self.pivot.y) },
            ]
        };
        let fits = |[left, right, top]: [f32; 3]| {
            left.max(right) <= MOST_GROWTH * width as f32 && top <= MOST_GROWTH * height as f32
        };
        let scales = (0..=6).map(|step| SCALE - 0.1 * step as f32);
        let scale = scales.into_iter().find(|&scale| fits(needs(scale))).unwrap_or(1.0);
        let [left, right, top] = needs(scale).map(|length| length.max(0.0).ceil() as u32);
        Room { sides: Sides { left, right, top, bottom: 0 }, scale }
    }

    /// The photo with the larger head, on a canvas that has room for it.
    ///
    /// # Errors
    /// Those of [`extend`].
    pub fn enlarge(
        &self,
        photo: &RgbImage,
        room: Room,
        check: &dyn Fn() -> Result<()>,
    ) -> Result<RgbImage> {
        let Sides { left, right, top, .. } = room.sides;
        let mut canvas = if room.sides == Sides::default() {
            photo.clone()
        } else {
            let barred = safelight_imaging::components::grown(&self.cutout.alpha, 4);
            extend(photo, room.sides, &barred, 0, check)?
        };
        debug_assert_eq!(canvas.width(), photo.width() + left + right);
        let head = layers::placed(&self.cutout, &canvas, (left, top));
        let pivot = Point { x: self.pivot.x + left as f32, y: self.pivot.y + top as f32 };
        let shrink = 1.0 / room.scale - 1.0;
        let chin = ABOVE_CHIN * self.fw;
        let displacement = |place: Point| Point {
            x: (place.x - pivot.x) * shrink,
            y: (place.y - pivot.y) * shrink,
        };
        let freed = |place: Point| depth(place, pivot, self.down) < chin + FREED * self.fw;
        layers::shift(&mut canvas, &head, displacement, freed, check)?;
        Ok(canvas)
    }
}

/// How far a place lies below another, along a direction.
fn depth(place: Point, from: Point, down: Point) -> f32 {
    (place.x - from.x) * down.x + (place.y - from.y) * down.y
}
