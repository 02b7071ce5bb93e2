//! Faces: where they are, their points, whose they are, and their parts.
//!
//! Coordinates are pixels of the photo, x to the right and y down, the centre of the top left pixel
//! at (0, 0); they may lie outside the photo where a face leaves it. "Left" and "right" are those of an upright picture
//! for the detector's points and the mesh, and the person's own for the parts of a [`Parsing`].

pub mod age;
pub mod detection;
mod drawing;
pub mod embedding;
pub mod emotion;
pub mod expression;
pub(crate) mod fitness;
pub(crate) mod frame;
mod hull;
pub mod landmarks;
pub(crate) mod liveness;
pub(crate) mod mask;
pub mod mesh;
pub mod models;
pub mod parsing;
mod portrait;
pub mod pose;
pub mod profile;
pub mod quality;
mod recall;
mod restoration;
mod second;
pub mod traits;

pub use age::AgeAndGender;
pub use detection::Detection;
pub use embedding::Embedding;
pub use emotion::{Emotion, Emotions};
pub use expression::{Blendshapes, Openness};
pub use mesh::Mesh;
pub use parsing::{Parsing, Part};
pub use portrait::Face;
pub use pose::Pose;
pub use profile::{Profile, SideView};
pub use quality::{Quality, QualityControl};
pub use safelight_imaging::geometry::{Point, Rect};
pub use traits::Traits;

use image::RgbImage;
use safelight_contract::Result;

use crate::Vision;

/// Above this score, what the detector finds is a person's face. Between the two, a second detector
/// must agree: profiles and faces in the dark lie there, and so do some animals.
const SURE_SCORE: f32 = 0.85;
const LIKELY_SCORE: f32 = 0.7;
/// From here on the second detector agrees.
const AGREES: f32 = 0.25;

impl Vision {
    /// The faces of the photo, largest first, up to [`detection::MOST_FACES`].
    pub fn detect_faces(&self, photo: &RgbImage) -> Result<Vec<Detection>> {
        detection::detect_largest(&self.models, photo)
    }

    /// The faces of the photo that are larger than about a fortieth of it, largest first: for what is done to
    /// skin, where small faces do not count. A fifth of the work of [`detect_faces`](Self::detect_faces) on a
    /// large photo.
    pub fn detect_large_faces(&self, photo: &RgbImage) -> Result<Vec<Detection>> {
        detection::detect_large(&self.models, photo)
    }

    /// Like [`detect_faces`](Self::detect_faces), for photos that may lie on a side or stand on
    /// their head: looks at all four orientations and answers in the photo's own coordinates.
    pub fn detect_faces_any_way_up(&self, photo: &RgbImage) -> Result<Vec<Detection>> {
        detection::detect_any_way_up(&self.models, photo)
    }

    /// Every place that may be a face, whichever way up the photo is, for services that hide faces: also
    /// profiles, and faces that the frame cuts. A place too many does less harm there than a face too
    /// few. Largest first, up to [`detection::MOST_PLACES`].
    pub fn detect_every_face(&self, photo: &RgbImage) -> Result<Vec<Detection>> {
        recall::detect(&self.models, photo)
    }

    /// Whether a detection is a person's face beyond doubt: the detector is sure of it, or the mesh is,
    /// or two detectors agree. The faces of animals, and things like faces, are detected with less.
    pub fn is_sure_face(&self, photo: &RgbImage, face: &Detection) -> Result<bool> {
        let second = || second::opinion(&self.models, photo, face).map(|heat| heat > AGREES);
        Ok(face.score > SURE_SCORE
            || (face.score > LIKELY_SCORE && second()?)
            || mesh::is_surely_face(&self.models, photo, face)?)
    }

    /// Whether a face is drawn, as far as that can be told: plain cartoons are, shaded drawings are not.
    pub fn is_drawn_face(&self, photo: &RgbImage, face: &Detection) -> bool {
        drawing::is_drawn(photo, face)
    }

    /// The 478 points of a face.
    pub fn mesh(&self, photo: &RgbImage, face: &Detection) -> Result<Mesh> {
        mesh::mesh(&self.models, photo, face)
    }

    /// Whose face it is, as a vector to compare.
    pub fn embed(&self, photo: &RgbImage, face: &Detection) -> Result<Embedding> {
        embedding::embed(&self.models, photo, face)
    }

    /// Which part of a face, of what it wears or of what is around it each place belongs to.
    pub fn parse_face(&self, photo: &RgbImage, face: &Detection) -> Result<Parsing> {
        parsing::parse(&self.models, photo, face)
    }

    /// What a head shows that the mesh does not find, since it is turned to the side.
    pub fn side_view(&self, photo: &RgbImage, face: &Detection) -> Result<SideView> {
        profile::side_view(&self.models, photo, face)
    }

    /// How old a person looks, and as which gender.
    pub fn age_and_gender(&self, photo: &RgbImage, mesh: &Mesh) -> Result<AgeAndGender> {
        age::age_and_gender(&self.models, photo, mesh)
    }

    /// The mood that a face shows.
    pub fn emotions(&self, photo: &RgbImage, face: &Detection) -> Result<Emotions> {
        emotion::emotions(&self.models, photo, face)
    }

    /// How a face moves, from its points.
    pub fn blendshapes(&self, mesh: &Mesh) -> Result<Blendshapes> {
        expression::blendshapes(&self.models, mesh)
    }

    /// Probability that a face wears a mask, 0..1.
    pub fn face_mask(&self, photo: &RgbImage, face: &Detection) -> Result<f32> {
        mask::mask(&self.models, photo, face)
    }

    /// The probability that a face is live and no print or screen, 0..1, as a model sees it: a hint.
    pub fn face_liveness(&self, photo: &RgbImage, face: &Detection) -> Result<f32> {
        liveness::live(&self.models, photo, face)
    }

    /// How fit a photo of a face is for recognition, 0..1, as a model sees it.
    pub fn face_fitness(&self, photo: &RgbImage, face: &Detection) -> Result<f32> {
        fitness::fitness(&self.models, photo, face)
    }
}
