//! What all services for faces share: finding them, and how good they must be.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread::{self, available_parallelism};

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_effects::Kit;
use safelight_operation::{Choice, Defaulted, Kind, Param, Work};
use safelight_vision::face::detection::MOST_FACES;
use safelight_vision::face::{Detection, Face, Pose, QualityControl, models};
use serde_json::Value;

/// The models that look at a face from every side but mood and recognition.
pub(crate) const PORTRAIT_MODELS: &[&str] = &[
    models::DETECTION,
    models::SECOND_OPINION,
    models::MESH,
    models::PARSING,
    models::AGE,
    models::MASK,
    models::FITNESS,
    models::BLENDSHAPES,
];

/// The models that a [`kit`] is made with.
pub(crate) const KIT_MODELS: &[&str] = &[models::DETECTION, models::MESH, models::PARSING];
/// Faces of fewer pixels show too little to be changed.
pub(crate) const LEAST_FACE: f32 = 40.0;
/// A face of at least this share of the largest one's area is another person's, not one in the crowd or on a
/// poster.
const OTHER_PERSON: f32 = 0.25;
/// Of a face that is changed at least this share must lie in the picture.
const LEAST_INSIDE: f32 = 0.6;

/// How good a face must be; the same parameter for all services for faces.
pub static QUALITY_CONTROL: Param<Level, Defaulted<QualityControl>> = Param {
    name: "quality_control",
    aliases: &[],
    doc: "How good the photo of each face that is looked at must be; an extension. Checked in this \
          order, each with its own error code, the value found and the limit: there is a face, \
          completeness, pose, occlusion of left eye, right eye, nose, mouth, left cheek, right cheek \
          and chin (left and right as seen; the most hidden is named), blur, light, size, compression, \
          fitness for recognition.",
    kind: Level,
    presence: Defaulted(QualityControl::None),
};

/// A level of quality; any other word is `ERROR_QUALITY_CONTROL_ERROR`.
pub struct Level;

const LEVELS: Choice<QualityControl> = Choice(&[
    ("NONE", QualityControl::None, "no check"),
    (
        "LOW",
        QualityControl::Low,
        "angles up to 45 degrees, each occlusion, blur and compression up to 0.8, light from 20, size \
         from 20 px",
    ),
    (
        "NORMAL",
        QualityControl::Normal,
        "angles up to 30 degrees, each occlusion, blur and compression up to 0.6, light from 40, size \
         from 40 px",
    ),
    (
        "HIGH",
        QualityControl::High,
        "the whole face in the photo, angles up to 20 degrees, each occlusion, blur and compression \
         up to 0.2, light from 100, size from 80 px",
    ),
]);

impl Kind for Level {
    type Value = QualityControl;

    fn parse(&self, name: &str, text: &str) -> Result<QualityControl> {
        let read = LEVELS.parse(name, text);
        read.map_err(|fault| Fault::new(Code::QualityControlError, fault.message()))
    }

    fn schema(&self) -> Value {
        LEVELS.schema()
    }

    fn show(&self, value: &QualityControl) -> Value {
        LEVELS.show(value)
    }
}

/// The faces of a photo, largest first and `most` at most, as the stage `detect`; whichever way up
/// it is where `any_way_up` says so. None is `ERROR_NO_FACE_IN_FILE`.
pub(crate) fn find<'a>(
    work: &'a Work,
    photo: &'a RgbImage,
    any_way_up: bool,
    most: usize,
) -> Result<Vec<Face<'a>>> {
    let vision = &work.vision;
    let found: Vec<Detection> = work.stage("detect", || match any_way_up {
        true => vision.detect_faces_any_way_up(photo),
        false => vision.detect_faces(photo),
    })?;
    faces_of(work, photo, found, most)
}

/// Like [`find`], without what may be the face of an animal, no face at all, or drawn, as the further stage
/// `people`: nobody asks how old a dog looks. Where all faces are drawn the fault is
/// `ERROR_CARTOON_FACE_NOT_SUPPORTED`.
pub(crate) fn find_people<'a>(
    work: &'a Work,
    photo: &'a RgbImage,
    any_way_up: bool,
    most: usize,
) -> Result<Vec<Face<'a>>> {
    let vision = &work.vision;
    let found = find(work, photo, any_way_up, MOST_FACES)?;
    let people = work.stage("people", || {
        let sure = each(work, &found, |face| vision.is_sure_face(photo, &face.detection))?;
        let sure = found.iter().zip(sure).filter(|(_, sure)| *sure);
        let (drawn, people): (Vec<_>, Vec<_>) = sure
            .map(|(face, _)| face.detection)
            .partition(|face| vision.is_drawn_face(photo, face));
        if people.is_empty() && !drawn.is_empty() {
            return Err(Fault::new(Code::CartoonFaceNotSupported, "the face in image is drawn"));
        }
        Ok(people)
    })?;
    faces_of(work, photo, people, most)
}

/// Every place that may be a face, largest first, as the stage `detect`. None is `ERROR_NO_FACE_IN_FILE`.
pub(crate) fn find_every(work: &Work, photo: &RgbImage) -> Result<Vec<Detection>> {
    let found = work.stage("detect", || work.vision.detect_every_face(photo))?;
    if found.is_empty() { Err(no_face()) } else { Ok(found) }
}

fn no_face() -> Fault {
    Fault::new(Code::NoFaceInFile, "no face was found in image")
}

fn faces_of<'a>(
    work: &'a Work,
    photo: &'a RgbImage,
    found: Vec<Detection>,
    most: usize,
) -> Result<Vec<Face<'a>>> {
    if found.is_empty() {
        return Err(no_face());
    }
    let face = |detection| Face::new(&work.vision, photo, detection);
    Ok(found.into_iter().take(most).map(face).collect())
}

/// The fault where no face was found, or that of a face that lies on its side or stands on its head, which
/// `control` is to name: it is found in no upright photo.
pub(crate) fn named<T>(
    fault: Fault,
    control: QualityControl,
    work: &Work,
    photo: &RgbImage,
) -> Result<T> {
    if fault.code() == Code::NoFaceInFile && control != QualityControl::None {
        let found = work.stage("detect", || work.vision.detect_faces_any_way_up(photo))?;
        let roll = found.first().map_or(0.0, |face| face.angle().to_degrees());
        control.check_pose(Pose { roll, ..Pose::default() })?;
    }
    Err(fault)
}

/// Whether a photo shows further people beside that of the largest face.
pub(crate) fn are_several(largest_first: impl IntoIterator<Item = Detection>) -> bool {
    let mut areas = largest_first.into_iter().map(|face| face.rect.area());
    let (first, second) = (areas.next(), areas.next());
    first.zip(second).is_some_and(|(first, second)| second > OTHER_PERSON * first)
}

/// Passes faces that are good enough, as the stage `quality`; the largest that is not decides the
/// fault.
pub(crate) fn check(work: &Work, faces: &[Face], control: QualityControl) -> Result<()> {
    if control == QualityControl::None {
        return Ok(());
    }
    work.stage("quality", || {
        each(work, faces, |face| face.quality().and_then(|quality| control.check(quality)))?;
        Ok(())
    })
}

/// With more faces than this, what the models found of each is dropped after it: up to 1.5 MB a face.
const KEPT: usize = 10;

/// What `look` makes of each face, several at a time, in their order; asks before each whether to go on. The
/// first fault ends it.
pub(crate) fn each<T: Send>(
    work: &Work,
    faces: &[Face],
    look: impl Fn(&Face) -> Result<T> + Send + Sync,
) -> Result<Vec<T>> {
    let look = |face: &Face| {
        work.check()?;
        match faces.len() > KEPT {
            true => look(&Face::new(&work.vision, face.photo(), face.detection)),
            false => look(face),
        }
    };
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let some = || {
        let mut looked = vec![];
        while !failed.load(Relaxed) {
            let number = next.fetch_add(1, Relaxed);
            let Some(face) = faces.get(number) else { break };
            let outcome = look(face);
            failed.fetch_or(outcome.is_err(), Relaxed);
            looked.push((number, outcome));
        }
        looked
    };
    // Threads of its own: models are waited for, and the shared pool is every request's.
    let threads = available_parallelism().map_or(1, NonZero::get).min(faces.len());
    let mut looked = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut looked = some();
        for other in others {
            looked.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        looked
    });
    looked.sort_by_key(|(number, _)| *number);
    looked.into_iter().map(|(_, outcome)| outcome).collect()
}

/// A face prepared for what is done to it. `ERROR_SMALL_FACE_SIZE` for a face with a shorter side of less
/// than `least` pixels, `ERROR_FACE_UNRECOGNIZABLE` where its points are not found,
/// `ERROR_INCOMPLETE_FACE` where less than 60 % of it lie in the picture.
pub(crate) fn kit(face: &Face, least: f32) -> Result<Kit> {
    let side = face.detection.rect.shorter_side();
    if side < least {
        let message = format!("the face has {side:.0} px, the smallest is {least:.0} px");
        return Err(Fault::new(Code::SmallFaceSize, message));
    }
    let kit = Kit::of(face)?;
    let inside = kit.completeness();
    if inside < LEAST_INSIDE {
        let (found, least) = (inside * 100.0, LEAST_INSIDE * 100.0);
        let message = format!(
            "{found:.0} % of the face lie in the picture, at least {least:.0} % are needed"
        );
        return Err(Fault::new(Code::IncompleteFace, message));
    }
    Ok(kit)
}

/// The faces of a photo that can be worked on, largest first and `most` at most, as the stages `detect`
/// and `prepare`. Where none can, the largest says why: `ERROR_NO_FACE_IN_FILE`,
/// `ERROR_SMALL_FACE_SIZE` below `least` pixels, `ERROR_FACE_UNRECOGNIZABLE`, `ERROR_INCOMPLETE_FACE`.
pub(crate) fn kits(work: &Work, photo: &RgbImage, most: usize, least: f32) -> Result<Vec<Kit>> {
    let found = find(work, photo, false, most)?;
    work.stage("prepare", || {
        let (mut kits, mut first) = (vec![], None);
        for face in found {
            let found = kit(&face, least);
            work.check()?;
            match found {
                Ok(kit) => kits.push(kit),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        match first {
            Some(fault) if kits.is_empty() => Err(fault),
            _ => Ok(kits),
        }
    })
}

/// Whole pixels, as services answer boxes.
pub(crate) fn pixels(length: f32) -> i64 {
    length.round() as i64
}
