//! What is seen of a person in a video.

use std::time::Duration;

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::blur_effect;
use safelight_imaging::resize::{self, Filter};
use safelight_operation::Work;
use safelight_video::{Limits, Movie};
use safelight_vision::face::{Detection, Embedding, Face, QualityControl};

use super::actions::Signs;
use crate::portrait::faces::pixels;

/// What a video may be.
pub const LIMITS: Limits = Limits { seconds: (1.0, 10.0), rate: 5.0, side: 1920 };
/// Largest file in bytes.
pub const MOST_BYTES: u64 = 20 << 20;
/// Frames are looked at so far apart.
const APART: Duration = Duration::from_millis(80);
/// Of which parts of a video the sharpest frame is kept.
const PARTS: usize = 3;
/// Faces that the detector is so sure of, and that are half as large as the largest, are further people.
const SURE: f32 = 0.8;
/// Further people may be seen in one of so many moments.
const FLEETING: usize = 10;
/// The least cosine of two frames of one person.
const SAME: f32 = 0.45;

/// A frame that was kept.
pub struct Shot {
    /// The frame.
    pub photo: RgbImage,
    /// The face in it.
    pub detection: Detection,
    /// How blurred the face is, 0..1.
    blur: f32,
}

/// What was seen.
pub struct Watched {
    /// What was seen of the face at each moment that showed it.
    pub signs: Vec<Signs>,
    /// The sharpest frame of each part, in the order of time; none of a part without a face.
    pub shots: Vec<Shot>,
}

/// How a face of the video looks, seen in its sharpest frames.
pub struct Person {
    /// Probability that it is live: the mean.
    pub live: f32,
    /// Whose it is, in the sharpest.
    pub embedding: Embedding,
    /// How fit for recognition it is, 0..1, in the sharpest.
    pub fitness: f32,
    /// How old it looks, in years, in the sharpest.
    pub age: f32,
}

/// Watches a video.
///
/// # Errors
/// `ERROR_NO_FACE_IN_FILE` where half of the frames show nobody, `ERROR_FACE_COUNT_INVALID` where more
/// people are seen, those of the video and of [`Work::check`].
pub fn watch(work: &Work, movie: &Movie<'_>) -> Result<Watched> {
    let (mut moments, mut crowded) = (0_usize, 0_usize);
    let mut signs = Vec::new();
    let mut best: [Option<Shot>; PARTS] = [const { None }; PARTS];
    let length = movie.seconds().max(f64::EPSILON);
    work.stage("watch", || {
        let proceed = || work.check();
        movie.play(APART, proceed, |at, photo| {
            moments += 1;
            let found = work.vision.detect_faces(&photo)?;
            let Some(largest) = found.first() else { return Ok(()) };
            let side = largest.rect.shorter_side();
            let is_person =
                |face: &&Detection| face.score >= SURE && face.rect.shorter_side() >= side / 2.0;
            crowded += usize::from(found.iter().filter(is_person).count() > 1);
            let detection = *largest;
            let Some(seen) = signs_of(work, &photo, detection, at)? else { return Ok(()) };
            signs.push(seen);
            let blur = blur(&photo, &detection);
            let part = ((at / length * PARTS as f64) as usize).min(PARTS - 1);
            if best[part].as_ref().is_none_or(|other| blur < other.blur) {
                best[part] = Some(Shot { photo, detection, blur });
            }
            Ok(())
        })
    })?;
    if signs.len() * 2 < moments || signs.is_empty() {
        let message = format!("a face is seen in {} of {moments} frames of the video", signs.len());
        return Err(Fault::new(Code::NoFaceInFile, message));
    }
    if crowded > moments / FLEETING {
        let message = format!("{crowded} of {moments} frames of the video show several people");
        return Err(Fault::new(Code::FaceCountInvalid, message));
    }
    Ok(Watched { signs, shots: best.into_iter().flatten().collect() })
}

/// What is seen of a face; `None` where the mesh does not see it.
fn signs_of(work: &Work, photo: &RgbImage, face: Detection, at: f64) -> Result<Option<Signs>> {
    let face = Face::new(&work.vision, photo, face);
    match face.mesh() {
        Ok(_) => {}
        Err(fault) if fault.code() == Code::FaceUnrecognizable => return Ok(None),
        Err(fault) => return Err(fault),
    }
    let moves = face.blendshapes()?;
    let closed = moves.strength("eyeBlinkLeft").min(moves.strength("eyeBlinkRight"));
    let open = face.openness()?;
    let height = open.left_eye.max(open.right_eye);
    Ok(Some(Signs { at, pose: face.pose()?, closed, height }))
}

/// How blurred a face is, as a picture of one size.
fn blur(photo: &RgbImage, face: &Detection) -> f32 {
    const SIDE: u32 = 128;
    let rect = face.rect;
    let [left, top, width, height] = [rect.x, rect.y, rect.width, rect.height]
        .map(|edge| u32::try_from(pixels(edge).max(0)).unwrap_or_default());
    if left >= photo.width() || top >= photo.height() || width == 0 || height == 0 {
        return 1.0;
    }
    blur_effect(&resize::rgb_part(photo, [left, top, width, height], SIDE, SIDE, Filter::Area))
}

impl Watched {
    /// The sharpest frame.
    pub fn sharpest(&self) -> Option<&Shot> {
        self.shots.iter().min_by(|a, b| a.blur.total_cmp(&b.blur))
    }

    /// Looks at the kept frames.
    ///
    /// # Errors
    /// `ERROR_LIVENESS_DETECTION_FAILED` where they show different people, those of `quality`.
    pub fn person(&self, work: &Work, quality: QualityControl) -> Result<Person> {
        let none = || Fault::new(Code::NoFaceInFile, "no face was found in the video");
        let faces: Vec<Face> = self
            .shots
            .iter()
            .map(|shot| Face::new(&work.vision, &shot.photo, shot.detection))
            .collect();
        let embeddings = work.stage("recognise", || {
            faces.iter().map(|face| face.embedding().cloned()).collect::<Result<Vec<_>>>()
        })?;
        for (number, one) in embeddings.iter().enumerate() {
            for other in &embeddings[number + 1..] {
                let cosine = one.cosine(other);
                if cosine < SAME {
                    let message = format!(
                        "the person in the video changes: the cosine is {cosine:.2}, the least is {SAME}"
                    );
                    return Err(Fault::new(Code::LivenessDetectionFailed, message));
                }
            }
        }
        let sharpest = (0..faces.len())
            .min_by(|a, b| self.shots[*a].blur.total_cmp(&self.shots[*b].blur))
            .ok_or_else(none)?;
        if quality != QualityControl::None {
            work.stage("quality", || quality.check(faces[sharpest].quality()?))?;
        }
        let scores = work
            .stage("liveness", || faces.iter().map(Face::liveness).collect::<Result<Vec<f32>>>())?;
        Ok(Person {
            live: scores.iter().sum::<f32>() / scores.len() as f32,
            embedding: embeddings[sharpest].clone(),
            fitness: faces[sharpest].fitness()?,
            age: faces[sharpest].age_and_gender()?.age,
        })
    }
}
