//! The points of a face: MediaPipe's face landmarks with irises (Kartynnik et al. 2019, Grishchenko
//! et al. 2020), looked at twice: in a square around the detector's box, then in one around what was
//! found.

use std::f32::consts::FRAC_PI_2;

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::warp::Border;
use safelight_inference::{Model, Models};

use super::frame::{Frame, angle_of, back};
use super::{Detection, Point, Rect};
use crate::model::{Normalisation, check_photo, interleaved, output};

pub(super) const MODEL: &str = "face_mesh";
/// How many points a mesh has: 468 on the face, and 5 on each iris.
pub const POINTS: usize = 478;
/// How many of them lie on the face; the irises follow.
pub const FACE_POINTS: usize = 468;
/// The outer corner of the eye that is on the left of an upright picture (the person's right).
pub const EYE_CORNER_LEFT: usize = 33;
/// The outer corner of the eye on the right of an upright picture (the person's left).
pub const EYE_CORNER_RIGHT: usize = 263;
/// Side of the square that the model sees.
const SIDE: u32 = 256;
/// What the model is sure of is a face.
const LEAST_PRESENCE: f32 = 0.9;
/// From here on what it sees is no animal either: a logit of 3.
const SURE_PRESENCE: f32 = 0.953;
/// Upright faces have at least this logit of presence, unless they are damaged; faces looked at the wrong
/// way up less.
const SURE_LOGIT: f32 = 13.0;
/// A face stands another way up where the model sees one there with this logit, and so much more of it.
const LIKELY_LOGIT: f32 = 8.0;
const LEAD: f32 = 3.0;
/// How much larger than the face that square is.
const MARGIN: f32 = 1.5;

/// The points of a face.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// x and y in pixels of the photo, z on the same scale: smaller is closer to the camera. The
    /// order is that of MediaPipe's canonical face, irises last.
    pub points: [[f32; 3]; POINTS],
    /// How sure the model is that there is a face, 0..1.
    pub presence: f32,
}

impl Mesh {
    /// A point without its depth.
    pub fn point(&self, index: usize) -> Point {
        let [x, y, _] = self.points[index];
        Point { x, y }
    }

    /// The points on the face, without depth.
    pub fn outline(&self) -> Vec<Point> {
        (0..FACE_POINTS).map(|index| self.point(index)).collect()
    }

    /// The upright box of the points on the face.
    pub fn rect(&self) -> Rect {
        Rect::around(self.outline())
    }

    /// How far the line through the eyes is turned clockwise from level, in radians.
    pub(crate) fn angle(&self) -> f32 {
        angle_of(self.point(EYE_CORNER_LEFT), self.point(EYE_CORNER_RIGHT))
    }

    /// The square around the face, upright in the face's own frame, grown by `margin`.
    pub(crate) fn frame(&self, margin: f32) -> Frame {
        Frame::around(&self.outline(), self.angle(), margin)
    }
}

/// The points of a face.
pub(crate) fn mesh(models: &Models, photo: &RgbImage, face: &Detection) -> Result<Mesh> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let rough = look(&model, photo, Frame::of(face, MARGIN))?;
    look(&model, photo, rough.frame(MARGIN))
}

/// The points of a face that stands another way up than the detector's points say, found in its square
/// turned by a quarter, a half and three quarters. None where the points that were found are the
/// likeliest: no other way is tried where the model is sure of them.
pub(super) fn another_way_up(
    models: &Models,
    photo: &RgbImage,
    face: &Detection,
    found: &Mesh,
) -> Result<Option<Mesh>> {
    let own = logit(found.presence);
    if own > SURE_LOGIT {
        return Ok(None);
    }
    let model = models.get(MODEL)?;
    let frame = Frame::of(face, MARGIN);
    let mut best = None;
    let mut least = LIKELY_LOGIT.max(own + LEAD);
    for quarters in 1..4 {
        let angle = frame.angle + quarters as f32 * FRAC_PI_2;
        let rough = look(&model, photo, Frame { angle, ..frame })?;
        let mesh = look(&model, photo, rough.frame(MARGIN))?;
        if logit(mesh.presence) > least {
            least = logit(mesh.presence);
            best = Some(mesh);
        }
    }
    Ok(best)
}

fn logit(presence: f32) -> f32 {
    (presence / (1.0 - presence).max(f32::EPSILON)).ln()
}

/// Whether the model sees a face where the detector did.
pub(super) fn is_face(models: &Models, photo: &RgbImage, face: &Detection) -> Result<bool> {
    Ok(presence(models, photo, face)? > LEAST_PRESENCE)
}

/// Whether the model is sure of a person's face where the detector saw one.
pub(super) fn is_surely_face(models: &Models, photo: &RgbImage, face: &Detection) -> Result<bool> {
    Ok(presence(models, photo, face)? > SURE_PRESENCE)
}

fn presence(models: &Models, photo: &RgbImage, face: &Detection) -> Result<f32> {
    let model = models.get(MODEL)?;
    Ok(look(&model, photo, Frame::of(face, MARGIN))?.presence)
}

fn look(model: &Model, photo: &RgbImage, frame: Frame) -> Result<Mesh> {
    let (pixels, to_cells) = frame.cut(photo, SIDE, Border::Replicate);
    let outputs = model.run(&[("input", &interleaved(&pixels, Normalisation::UNIT)?)])?;
    let numbers = output(&outputs, MODEL, "landmarks", POINTS * 3)?.as_chunks::<3>().0;
    let presence = output(&outputs, MODEL, "presence_logit", 1)?[0];
    let to_photo = back(&to_cells)?;
    let depth = frame.side / SIDE as f32;
    let points = std::array::from_fn(|i| {
        let [x, y, z] = numbers[i];
        let Point { x, y } = to_photo.apply([f64::from(x), f64::from(y)]).into();
        [x, y, z * depth]
    });
    Ok(Mesh { points, presence: 1.0 / (1.0 + (-presence).exp()) })
}
