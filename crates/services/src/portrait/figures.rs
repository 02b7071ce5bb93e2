//! What the services that change a body share: finding the person, the joints, and moving the layer.

use image::{GrayImage, RgbImage};
use safelight_contract::{Code, Fault, Result};
use safelight_effects::figure::{Change, Figure};
use safelight_effects::{complete, layers};
use safelight_imaging::components::{Component, components, grown};
use safelight_imaging::{Cutout, Photo, Region};
use safelight_operation::{Memory, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::face::{Detection, Point, Rect};
use safelight_vision::saliency::Saliency;

use super::painted::{LATER, MEMORY};

/// The models that a person is found with.
pub(super) const MODELS: &[&str] = cutout::PEOPLE_MODELS;
/// The models that a person and the parts of the face are found with.
pub(super) const MODELS_AND_PARTS: &[&str] =
    &["u2net", "person_mask", "body_keypoints", "yunet", "centerface", "face_mesh", "face_parsing"];

/// What both services say of themselves.
pub(super) const SPEC: Spec = Spec {
    // The cut-out, its alpha, the background, masks, and the encoded result.
    memory: Memory { base: MEMORY.base + complete::BASE_BYTES, per_pixel: 20 },
    ..LATER
};

/// From this value on, a cell of a mask of people shows one.
const PERSON: u8 = 128;
/// The joints are looked for in the box of the person, this much larger, and in a second, wider one.
const AROUND: f32 = 1.2;
const WIDER: f32 = 1.45;
/// Where the hips that both find lie farther apart than this share of the trunk, neither is believed.
const APART: f32 = 0.15;
/// Faces that are at least this large, by the largest of the same piece, are further people.
const ANOTHER: f32 = 0.4;

/// A person whose trunk is known, apart from the background.
pub(super) struct Person {
    pub figure: Figure,
    pub cutout: Cutout,
}

/// The largest person of a photo, as the stages `people`, `pose` and `matte`.
///
/// # Errors
/// `ERROR_NO_RECOGNITION_TARGET_DETECTED` where there is nobody; `ERROR_POSE_NOT_ENOUGH_KEYPOINTS` where
/// shoulders and hips are not seen, the person sits or turns away, or several people hang together.
pub(super) fn largest(work: &Work, photo: &RgbImage) -> Result<Person> {
    let nobody = || Fault::new(Code::NoRecognitionTargetDetected, "image shows no person");
    let found = work.stage("people", || work.vision.people(photo))?.ok_or_else(nobody)?;
    let mut people = found.subject;
    let pieces = components(&people.mask, |value| value >= PERSON);
    let piece = pieces.iter().max_by_key(|piece| piece.cells.len()).ok_or_else(nobody)?;
    let figure = work.stage("pose", || {
        alone(&found.faces, &people, piece)?;
        posed(work, photo, bounds(&people, piece))
    })?;
    work.stage("matte", || {
        let own = grown(&piece.alone(people.mask.dimensions()), 4);
        for (value, &own) in people.mask.iter_mut().zip(own.iter()) {
            *value = if own > 0 { *value } else { 0 };
        }
        let photo = Photo { rgb: photo.clone(), alpha: None };
        let cutout = Cutout::refine(photo, &people.mask, people.region);
        Ok(Person { figure, cutout })
    })
}

/// Changes the figure of a person, as the stage `shape`.
pub(super) fn change(
    work: &Work,
    photo: &mut RgbImage,
    person: &Person,
    change: Change,
) -> Result<()> {
    work.stage("shape", || {
        let figure = &person.figure;
        let change = figure.unfolded(change);
        let displacement = |place| figure.displacement(change, place);
        layers::shift(photo, &person.cutout, displacement, |_| true, &|| work.check())
    })
}

/// The figure by the joints in a box, where a second look agrees.
fn posed(work: &Work, photo: &RgbImage, bounds: Rect) -> Result<Figure> {
    let size = photo.dimensions();
    let look = |factor: f32| {
        let body = work.vision.body(photo, within(bounds.grown(factor), size))?;
        Figure::of(&body, size)
    };
    let (figure, again) = (look(AROUND)?, look(WIDER)?);
    let apart = figure.hip_centre().distance(again.hip_centre()) / figure.length();
    if apart > APART {
        let message = format!(
            "two looks at the joints put the hips {apart:.2} lengths of the trunk apart, {APART} are the \
             most"
        );
        return Err(Fault::new(Code::PoseNotEnoughKeypoints, message));
    }
    Ok(figure)
}

/// Passes a piece of the mask that shows one face at most.
fn alone(faces: &[Detection], people: &Saliency, piece: &Component) -> Result<()> {
    let mask = piece.alone(people.mask.dimensions());
    let on_piece = faces.iter().filter(|face| shows(&mask, people.region, face.rect.centre()));
    let sides: Vec<f32> = on_piece.map(|face| face.rect.shorter_side()).collect();
    let largest = sides.iter().copied().fold(0.0, f32::max);
    let people = sides.iter().filter(|&&side| side >= ANOTHER * largest).count();
    if people > 1 {
        let message =
            format!("{people} people touch each other, so that one cannot be changed alone");
        return Err(Fault::new(Code::PoseNotEnoughKeypoints, message));
    }
    Ok(())
}

/// Whether a mask over a region shows something at a place of the photo.
fn shows(mask: &GrayImage, region: Region, place: Point) -> bool {
    let cell = |at: f32, start: u32, length: u32, cells: u32| {
        let cell = (at - start as f32) / length as f32 * cells as f32;
        (0.0..cells as f32).contains(&cell).then_some(cell as u32)
    };
    let column = cell(place.x, region.x, region.width, mask.width());
    let row = cell(place.y, region.y, region.height, mask.height());
    column.zip(row).is_some_and(|(x, y)| mask.get_pixel(x, y).0[0] > 0)
}

/// The box of a piece of a mask, in pixels of the photo.
fn bounds(people: &Saliency, piece: &Component) -> Rect {
    let (width, height) = people.mask.dimensions();
    let Region { x, y, width: columns, height: rows } = people.region;
    let scale = [columns as f32 / width as f32, rows as f32 / height as f32];
    Rect::around(piece.cells.iter().map(|&cell| Point {
        x: x as f32 + (cell % width) as f32 * scale[0],
        y: y as f32 + (cell / width) as f32 * scale[1],
    }))
}

/// The pixels of the photo inside a box.
fn within(rect: Rect, (width, height): (u32, u32)) -> Region {
    let photo = Rect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    let common = rect.common(&photo);
    let (x, y) = (common.x as u32, common.y as u32);
    let length = |length: f32, start: u32, most: u32| {
        (length.ceil() as u32).clamp(1, most.saturating_sub(start).max(1))
    };
    Region { x, y, width: length(common.width, x, width), height: length(common.height, y, height) }
}
