//! A portrait that moves: the head turns a little, the eyes blink, the mouth begins to smile, the chest
//! breathes. The last frame goes on to the first.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::color::smoothstep;
use safelight_imaging::map::Map;
use safelight_vision::face::{Point, Rect};

use crate::atlas::EARS;
use crate::canonical::COUNT;
use crate::expression::{self, HEAD, Motion, Net};
use crate::field::{self, Field};
use crate::kit::Kit;
use crate::strokes::Place;
use crate::window::Window;

/// Length in seconds, frames of a second, and all frames.
pub const SECONDS: f32 = 3.0;
/// Frames of a second.
pub const RATE: u32 = 24;
/// All frames.
pub const FRAMES: u32 = 72;
/// Peak bytes of the work, whatever the picture.
pub const BASE_BYTES: u64 = 96 << 20;

/// How far the head turns, to the sides and up and down, in degrees.
const YAW: f32 = 5.0;
const PITCH: f32 = 2.0;
/// How much of a smile comes.
const SMILE: f32 = 0.3;
/// When the eyes blink, and for how long, in seconds.
const BLINK: f32 = 1.1;
const BLINKING: f32 = 0.08;
/// How far the chest rises, in `fw`, from where below the eyes.
const BREATH: f32 = 0.012;
const CHEST: [f32; 2] = [0.85, 1.6];

/// What moves.
pub struct Alive<'a> {
    kit: &'a Kit,
    net: Net<'a>,
    /// The way of each point for a whole smile.
    smile: Vec<Place>,
    breath: Option<(Window, Map)>,
}

impl<'a> Alive<'a> {
    /// A face that moves in its photo; `breathes` says whether the chest does, too. None where the face
    /// lies outside the photo.
    pub fn of(kit: &'a Kit, breathes: bool) -> Option<Self> {
        let smile = expression::find("smile").map(|smile| smile.shifts(kit, 1.0));
        let smile = smile.unwrap_or_else(|| vec![[0.0; 2]; COUNT]);
        let net = Net::of(kit, HEAD)?;
        Some(Self { kit, net, smile, breath: breathes.then(|| chest(kit)).flatten() })
    }

    /// All frames, one after the other.
    pub fn play(
        &self,
        photo: &RgbImage,
        mut show: impl FnMut(&RgbImage) -> Result<()>,
    ) -> Result<()> {
        (0..FRAMES).try_for_each(|number| show(&self.frame(photo, number)))
    }

    /// The frame of a number.
    pub fn frame(&self, photo: &RgbImage, number: u32) -> RgbImage {
        let seconds = number as f32 / RATE as f32;
        let phase = std::f32::consts::TAU * seconds / SECONDS;
        let turn = [YAW * phase.sin(), PITCH * (2.0 * phase).sin()];
        let smile = SMILE * (1.0 - phase.cos()) / 2.0;
        let shifts: Vec<Place> = self
            .turned(turn)
            .into_iter()
            .zip(&self.smile)
            .map(|(turned, way)| std::array::from_fn(|i| turned[i] + smile * way[i]))
            .collect();
        let mut fields = vec![self.net.field(&shifts)];
        let closed = (-((seconds - BLINK) / BLINKING).powi(2)).exp();
        if closed > 0.02 && !self.kit.glasses {
            let blink = expression::find("blink").map(|blink| blink.shifts(self.kit, closed));
            fields.extend(blink.and_then(|way| Motion::of(self.kit, way).field()));
        }
        if let Some((window, map)) = &self.breath {
            let height = BREATH * self.kit.fw * (1.0 - phase.cos()) / 2.0;
            let rise = map.each(|x, y| height * map.values[y * map.width + x]);
            fields.push(Field::of(*window, window.filled(0.0), rise));
        }
        field::bent(photo, &fields)
    }

    /// The way of each point where the head turns, in degrees to the side and up.
    fn turned(&self, [yaw, pitch]: [f32; 2]) -> Vec<Place> {
        let points = &self.kit.mesh.points;
        let middle: [f32; 3] =
            std::array::from_fn(|i| (points[EARS[0]][i] + points[EARS[1]][i]) / 2.0);
        let ((sy, cy), (sp, cp)) = (yaw.to_radians().sin_cos(), pitch.to_radians().sin_cos());
        let way = |point: &[f32; 3]| {
            let [x, y, z]: [f32; 3] = std::array::from_fn(|i| point[i] - middle[i]);
            let (across, depth) = (x * cy - z * sy, x * sy + z * cy);
            let down = y * cp + depth * sp;
            [across - x, down - y]
        };
        points[..COUNT].iter().map(way).collect()
    }
}

/// How much of its breath the chest takes at each cell: all below the shoulders, nothing at the chin.
fn chest(kit: &Kit) -> Option<(Window, Map)> {
    let (width, height) = kit.photo_size;
    let [_, down] = kit.axes();
    let eyes = kit.mesh.point(168);
    let all = Rect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    let window = Window::of(all, kit.fw / 40.0, kit.photo_size)?;
    let map = window.map(|place: Point| {
        let depth = ((place.x - eyes.x) * down.x + (place.y - eyes.y) * down.y) / kit.fw;
        let away = ((place.x - eyes.x) * down.y - (place.y - eyes.y) * down.x).abs() / kit.fw;
        smoothstep(CHEST[0], CHEST[1], depth) * smoothstep(2.6, 1.4, away)
    });
    map.values.iter().any(|value| *value > 0.1).then_some((window, map))
}
