//! One face of a photo with all that the models see in it, each looked at when first asked for.

use std::sync::OnceLock;

use image::RgbImage;
use safelight_contract::Result;

use super::expression::{Blendshapes, Openness};
use super::mesh;
use super::{AgeAndGender, Detection, Embedding, Emotions, Mesh, Parsing, Pose, Quality, SideView};
use crate::Vision;

/// A face of a photo. Everything but where it is, is found when first asked for, and kept; several
/// faces can be asked from several threads.
pub struct Face<'a> {
    vision: &'a Vision,
    photo: &'a RgbImage,
    /// Where it is.
    pub detection: Detection,
    mesh: OnceLock<Result<Mesh>>,
    parsing: OnceLock<Result<Parsing>>,
    embedding: OnceLock<Result<Embedding>>,
    age_and_gender: OnceLock<Result<AgeAndGender>>,
    emotions: OnceLock<Result<Emotions>>,
    blendshapes: OnceLock<Result<Blendshapes>>,
    mask: OnceLock<Result<f32>>,
    fitness: OnceLock<Result<f32>>,
    liveness: OnceLock<Result<f32>>,
    quality: OnceLock<Result<Quality>>,
}

/// What a cell holds, found first where it is empty.
fn kept<T>(cell: &OnceLock<Result<T>>, find: impl FnOnce() -> Result<T>) -> Result<&T> {
    cell.get_or_init(find).as_ref().map_err(Clone::clone)
}

impl<'a> Face<'a> {
    /// The face that a detector found in `photo`.
    pub fn new(vision: &'a Vision, photo: &'a RgbImage, detection: Detection) -> Self {
        Self {
            vision,
            photo,
            detection,
            mesh: OnceLock::new(),
            parsing: OnceLock::new(),
            embedding: OnceLock::new(),
            age_and_gender: OnceLock::new(),
            emotions: OnceLock::new(),
            blendshapes: OnceLock::new(),
            mask: OnceLock::new(),
            fitness: OnceLock::new(),
            liveness: OnceLock::new(),
            quality: OnceLock::new(),
        }
    }

    /// The photo that it is in.
    pub fn photo(&self) -> &'a RgbImage {
        self.photo
    }

    /// Its 478 points.
    pub fn mesh(&self) -> Result<&Mesh> {
        kept(&self.mesh, || self.vision.mesh(self.photo, &self.detection))
    }

    /// Its points if it stands another way up than the detector says; None if it does not.
    pub(super) fn mesh_another_way_up(&self) -> Result<Option<Mesh>> {
        mesh::another_way_up(&self.vision.models, self.photo, &self.detection, self.mesh()?)
    }

    /// Its parts.
    pub fn parsing(&self) -> Result<&Parsing> {
        kept(&self.parsing, || self.vision.parse_face(self.photo, &self.detection))
    }

    /// What it shows if it is turned so far to the side that the mesh loses it.
    pub fn side_view(&self) -> Result<SideView> {
        self.vision.side_view(self.photo, &self.detection)
    }

    /// Finds points and parts where they are not found yet, one being prepared while the model of the
    /// other runs.
    pub fn prepare(&self) -> Result<()> {
        let (mesh, parsing) = rayon::join(|| self.mesh().map(drop), || self.parsing().map(drop));
        mesh.and(parsing)
    }

    /// Whose it is.
    pub fn embedding(&self) -> Result<&Embedding> {
        kept(&self.embedding, || self.vision.embed(self.photo, &self.detection))
    }

    /// How old it looks, and as which gender.
    pub fn age_and_gender(&self) -> Result<AgeAndGender> {
        let find = || self.vision.age_and_gender(self.photo, self.mesh()?);
        kept(&self.age_and_gender, find).copied()
    }

    /// Its mood.
    pub fn emotions(&self) -> Result<Emotions> {
        kept(&self.emotions, || self.vision.emotions(self.photo, &self.detection)).copied()
    }

    /// Its movements.
    pub fn blendshapes(&self) -> Result<Blendshapes> {
        kept(&self.blendshapes, || self.vision.blendshapes(self.mesh()?)).copied()
    }

    /// Probability that it wears a mask, 0..1.
    pub fn mask(&self) -> Result<f32> {
        kept(&self.mask, || self.vision.face_mask(self.photo, &self.detection)).copied()
    }

    /// How fit it is for recognition, 0..1, as a model sees it.
    pub fn fitness(&self) -> Result<f32> {
        kept(&self.fitness, || self.vision.face_fitness(self.photo, &self.detection)).copied()
    }

    /// Probability that it is live and no print or screen, 0..1, as a model sees it.
    pub fn liveness(&self) -> Result<f32> {
        kept(&self.liveness, || self.vision.face_liveness(self.photo, &self.detection)).copied()
    }

    /// How good the photo of it is, by named causes.
    pub fn quality(&self) -> Result<&Quality> {
        kept(&self.quality, || Quality::of(self))
    }

    /// Which way it looks.
    pub fn pose(&self) -> Result<Pose> {
        self.mesh().map(Pose::of)
    }

    /// How far eyes and mouth are open.
    pub fn openness(&self) -> Result<Openness> {
        self.mesh().map(Openness::of)
    }
}
