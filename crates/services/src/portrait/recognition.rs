//! What recognition sees of the faces of a photo. Which faces there are to compare with is not known
//! here: this is the part of the endpoints for recognition that looks at pixels.

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Format, Rules};
use safelight_operation::{Picture, ValueEnum, Work};
use safelight_vision::face::detection::MOST_FACES;
use safelight_vision::face::embedding::LENGTH;
use safelight_vision::face::{Detection, Face, Point, Pose, QualityControl, models};

pub use super::faces::{Level, QUALITY_CONTROL};
use super::faces::{each, find_people, named, pixels};
use super::liveness::{Control, check_declared};

/// The models that recognition needs.
pub const MODELS: &[&str] = &[
    models::DETECTION,
    models::SECOND_OPINION,
    models::MESH,
    models::EMBEDDING,
    models::AGE,
    models::FITNESS,
];

/// Those that `quality_control` and `liveness_control` need beside them.
pub const FURTHER_MODELS: &[&str] = &[models::PARSING, models::MASK, models::LIVENESS];

/// The model of the embeddings. Those of another model cannot be compared with them.
pub const EMBEDDINGS: &str = "sface-2021dec";

/// What pictures are accepted.
pub const RULES: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
    max_bytes: 10 * Rules::MB,
    max: (4096, 4096),
    too_large: Code::HighResolution,
    ..Rules::ORDINARY
};

/// Below this age, as the model sees it, a person counts as a likely minor.
const LIKELY_MINOR: f32 = 15.0;

/// The fitness of a sharp portrait, whose quality is 100.
const SHARP: f32 = 0.9;

/// What kind of pictures a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scene {
    /// Taken of a person in front of the camera; faces from 64 pixels.
    #[value("LIVE")]
    Live,
    /// Of identity documents; faces from 34 pixels.
    #[value("IDCARD")]
    IdCard,
    /// Of cameras that watch a place; faces from 34 pixels, and up to NORMAL `quality_control` asks
    /// nothing of the pose.
    #[value("SURVEILLANCE")]
    Surveillance,
}

impl Scene {
    /// Its word.
    pub fn word(self) -> &'static str {
        Self::VALUES.iter().find(|(_, scene, _)| *scene == self).map_or("", |(word, ..)| word)
    }

    /// Least shorter side of a face, in pixels.
    pub fn least_face(self) -> f32 {
        if self == Self::Live { 64.0 } else { 34.0 }
    }
}

/// What is asked of faces.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// How good the photo of each must be.
    pub quality_control: QualityControl,
    /// Least quality, 0..100.
    pub quality_score_threshold: f64,
    /// Least shorter side that the caller asks for, in pixels.
    pub min_face_size: Option<u32>,
    /// Whether a second face in the photo is a fault.
    pub single_face: bool,
    /// Whether faces are checked against the least size of the scene.
    pub scene: Option<Scene>,
    /// Faces that the detector is less sure of are left out, 0..1.
    pub probability: f32,
    /// Whether it is looked for a mask on each.
    pub mask: bool,
    /// How live they must look.
    pub liveness: Control,
    /// Whether pictures are refused that declare that a model made them.
    pub refuses_synthesis: bool,
}

impl Checks {
    /// Nothing is asked.
    pub const NONE: Self = Self {
        quality_control: QualityControl::None,
        quality_score_threshold: 0.0,
        min_face_size: None,
        single_face: false,
        scene: None,
        probability: 0.0,
        mask: false,
        liveness: Control::None,
        refuses_synthesis: false,
    };
}

/// Which faces come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The largest.
    Size,
    /// The nearest to the middle of the photo.
    Middle,
}

impl Seen {
    /// Whether it is likely the face of a minor, for whom recognition errs far more often.
    pub fn is_likely_minor(&self) -> bool {
        is_likely_minor(self.age)
    }
}

/// Whether somebody who looks so old, in years, is likely a minor.
pub fn is_likely_minor(age: f32) -> bool {
    age < LIKELY_MINOR
}

/// The quality of a face, 0..100, from how fit for recognition a model finds it, 0..1.
pub fn quality(fitness: f32) -> f64 {
    let quality = f64::from((fitness / SHARP).clamp(0.0, 1.0)) * 100.0;
    (quality * 10.0).round() / 10.0
}

/// A face as recognition sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Left, top, width and height in pixels.
    pub location: [i64; 4],
    /// How far it is turned clockwise, in whole degrees, -180..180.
    pub rotation: i64,
    /// How sure the detector is, 0..1.
    pub probability: f32,
    /// Its shorter side in pixels.
    pub size: f32,
    /// Which way it looks.
    pub pose: Pose,
    /// How fit for recognition it is, 0..100.
    pub quality: f64,
    /// How old it looks, in years.
    pub age: f32,
    /// Probability of male, 0..1.
    pub male: f32,
    /// Left and right eye, nose, left and right corner of the mouth, as seen.
    pub points: [Point; 5],
    /// Probability that it wears a mask, 0..1, where that was asked for.
    pub mask: Option<f32>,
    /// Whose it is: a vector of length one.
    pub embedding: [f32; LENGTH],
}

/// The faces of a photo, up to `most`, that pass the checks.
///
/// # Errors
/// In this order: `FILE_DECODING_FAILURE`, `ERROR_NO_FACE_IN_FILE`, `ERROR_FACE_COUNT_INVALID`,
/// `ERROR_SMALL_FACE_SIZE`, `ERROR_FACE_SIZE_NOT_MEET_REQUIREMENTS`, those of
/// [`QualityControl::check`], `ERROR_QUALITY_SCORE_NOT_MEET_REQUIREMENTS`,
/// `ERROR_SYNTHESIS_DETECTION_FAILED`, `ERROR_LIVENESS_DETECTION_FAILED`, `ERROR_FACE_UNRECOGNIZABLE`.
pub fn look(
    work: &Work,
    picture: &Picture,
    checks: Checks,
    order: Order,
    most: usize,
) -> Result<Vec<Seen>> {
    let photo = picture.decode(work)?.rgb;
    let mut faces = find_people(work, &photo, false, MOST_FACES)
        .or_else(|fault| named(fault, checks.quality_control, work, &photo))?;
    faces.retain(|face| face.detection.score >= checks.probability);
    if faces.is_empty() {
        let least = checks.probability;
        let message = format!("no face was found in image with a probability of {least} or more");
        return Err(Fault::new(Code::NoFaceInFile, message));
    }
    if checks.single_face && faces.len() > 1 {
        let message = format!("image shows {} faces, single_face allows one", faces.len());
        return Err(Fault::new(Code::FaceCountInvalid, message));
    }
    large_enough(&mut faces, checks)?;
    if order == Order::Middle {
        let middle = (photo.width() as f32 / 2.0, photo.height() as f32 / 2.0);
        let distance = |face: &Face| off(&face.detection, middle);
        faces.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    }
    faces.truncate(most);
    if checks.quality_control != QualityControl::None {
        work.stage("quality", || each(work, &faces, |face| good_enough(face, checks)))?;
    }
    work.stage("fitness", || each(work, &faces, |face| quality_of(face, checks)))?;
    if checks.refuses_synthesis {
        check_declared(picture)?;
    }
    if checks.liveness != Control::None {
        work.stage("liveness", || {
            each(work, &faces, |face| checks.liveness.check(face.liveness()?))
        })?;
    }
    work.stage("recognise", || each(work, &faces, |face| seen(face, checks)))
}

/// Keeps the faces that are large enough; the largest decides the fault where none is.
fn large_enough(faces: &mut Vec<Face>, checks: Checks) -> Result<()> {
    let side = |face: &Face| face.detection.rect.shorter_side();
    let largest = faces.iter().map(side).fold(0.0, f32::max);
    if let Some(scene) = checks.scene {
        let least = scene.least_face();
        faces.retain(|face| side(face) >= least);
        if faces.is_empty() {
            let message = format!(
                "the largest face in image has {largest:.0} pixels on its shorter side, scene_type {} \
                 asks for {least}",
                scene.word()
            );
            return Err(Fault::new(Code::SmallFaceSize, message));
        }
    }
    let Some(least) = checks.min_face_size else { return Ok(()) };
    faces.retain(|face| side(face) >= least as f32);
    if faces.is_empty() {
        let message = format!(
            "the largest face in image has {largest:.0} pixels on its shorter side, min_face_size \
             is {least}"
        );
        return Err(Fault::new(Code::FaceSizeNotMeetRequirements, message));
    }
    Ok(())
}

/// How far the middle of a face is from a point, squared.
fn off(face: &Detection, (x, y): (f32, f32)) -> f32 {
    let rect = face.rect;
    (rect.x + rect.width / 2.0 - x).powi(2) + (rect.y + rect.height / 2.0 - y).powi(2)
}

fn good_enough(face: &Face, checks: Checks) -> Result<()> {
    let mut quality = *face.quality()?;
    let watched = checks.scene == Some(Scene::Surveillance);
    if watched && checks.quality_control < QualityControl::High {
        quality.pose = Pose::default();
    }
    checks.quality_control.check(&quality)
}

/// How fit a face is for recognition, 0..100, where that is enough.
fn quality_of(face: &Face, checks: Checks) -> Result<f64> {
    let quality = quality(face.fitness()?);
    if quality < checks.quality_score_threshold {
        let message = format!(
            "the quality of the face is {quality}, quality_score_threshold is {}",
            checks.quality_score_threshold
        );
        return Err(Fault::new(Code::QualityScoreNotMeetRequirements, message));
    }
    Ok(quality)
}

fn seen(face: &Face, checks: Checks) -> Result<Seen> {
    let quality = quality_of(face, checks)?;
    let Detection { rect, points, score } = face.detection;
    let embedding = *face.embedding()?.numbers();
    let looks = face.age_and_gender()?;
    let mask = if checks.mask { Some(face.mask()?) } else { None };
    Ok(Seen {
        location: [rect.x, rect.y, rect.width, rect.height].map(pixels),
        rotation: pixels(face.detection.angle().to_degrees()),
        probability: score,
        size: rect.shorter_side(),
        pose: face.pose()?,
        quality,
        age: looks.age,
        male: looks.male,
        points,
        mask,
        embedding,
    })
}
