//! Where services let engines change a photo: masks of its size, 255 inside.

use image::{GrayImage, RgbImage};
use safelight_contract::{Code, Fault, Result};
use safelight_effects::window::Window;
use safelight_effects::{Kit, atlas, region};
use safelight_imaging::Region;
use safelight_imaging::map::Map;
use safelight_imaging::resize::{self, Filter};
use safelight_operation::Work;
use safelight_vision::body::{Body, Joint, Keypoint};
use safelight_vision::face::{Detection, Part, Point, Rect};
use safelight_vision::garments::Garment;

use crate::portrait::faces::are_several;

/// Longest side of the grid that masks are drawn on.
const GRID: f32 = 1024.0;
/// A joint this sure is seen.
const SEEN: f32 = 0.3;

/// The whole photo as a grid of at most [`GRID`] cells a side.
fn grid(size: (u32, u32)) -> Result<Window> {
    let (width, height) = (size.0 as f32, size.1 as f32);
    let whole = Rect { x: 0.0, y: 0.0, width, height };
    let window = Window::of(whole, width.max(height) / GRID, size);
    window.ok_or_else(|| Fault::new(Code::ProcessingFailure, "the photo has no pixels"))
}

/// A map of the whole photo as a mask of its size.
fn mask(map: &Map, size: (u32, u32)) -> GrayImage {
    let values = map.values.iter().map(|&value| (value.clamp(0.0, 1.0) * 255.0) as u8).collect();
    let small =
        GrayImage::from_raw(map.width as u32, map.height as u32, values).unwrap_or_default();
    let mut full = resize::gray(&small, size.0, size.1, Filter::Bilinear);
    full.iter_mut().for_each(|value| *value = if *value >= 128 { 255 } else { 0 });
    full
}

/// Polygons of the mesh, grown by this share of the width of the face.
fn polygons(kit: &Kit, outlines: &[&[usize]], growth: f32) -> Result<GrayImage> {
    let window = grid(kit.photo_size)?;
    let points: Vec<_> = outlines.iter().map(|indices| kit.polygon(indices)).collect();
    let filled = region::fill_all(&window, points.iter().map(Vec::as_slice));
    let grown = region::grown(&filled, kit.cells(&window, growth));
    Ok(mask(&grown, kit.photo_size))
}

/// The lips.
pub fn lips(kit: &Kit) -> Result<GrayImage> {
    polygons(kit, &[&atlas::LIPS], 0.03)
}

/// The eyes with their lids.
pub fn eyes(kit: &Kit) -> Result<GrayImage> {
    polygons(kit, &[&atlas::LIDS[0], &atlas::LIDS[1]], 0.05)
}

/// The irises, as far as the lids leave them free.
pub fn irises(kit: &Kit) -> Result<GrayImage> {
    let window = grid(kit.photo_size)?;
    let both = region::union(&kit.iris(&window, 0), &kit.iris(&window, 1));
    Ok(mask(&region::grown(&both, kit.cells(&window, 0.006)), kit.photo_size))
}

/// The whole head of a face: its oval, grown by half of its width to take in hair and ears.
pub fn head(kit: &Kit) -> Result<GrayImage> {
    polygons(kit, &[&atlas::OVAL], 0.5)
}

/// The face, with a little around it.
pub fn face(kit: &Kit) -> Result<GrayImage> {
    polygons(kit, &[&atlas::OVAL], 0.05)
}

/// The brows.
pub fn brows(kit: &Kit) -> Result<GrayImage> {
    polygons(kit, &[&atlas::BROWS[0], &atlas::BROWS[1]], 0.05)
}

/// The face below the nose, with the chin.
pub fn lower_face(kit: &Kit) -> Result<GrayImage> {
    below_the_nose(kit, 0.03)
}

/// The same with room for a beard around it.
pub fn beard(kit: &Kit) -> Result<GrayImage> {
    below_the_nose(kit, 0.18)
}

fn below_the_nose(kit: &Kit, growth: f32) -> Result<GrayImage> {
    let window = grid(kit.photo_size)?;
    let (nose, [_, down]) = (kit.mesh.point(2), kit.axes());
    let oval = region::fill(&window, &kit.polygon(&atlas::OVAL));
    let below = oval.each(|x, y| {
        let place = window.place(Point { x: x as f32, y: y as f32 });
        let depth = (place.x - nose.x) * down.x + (place.y - nose.y) * down.y;
        if depth > 0.0 { oval.values[y * oval.width + x] } else { 0.0 }
    });
    Ok(mask(&region::grown(&below, kit.cells(&window, growth)), kit.photo_size))
}

/// The hair of a face and a little around it; none where the head shows none.
pub fn hair(
    work: &Work,
    photo: &RgbImage,
    kit: &Kit,
    face: &Detection,
    growth: f32,
) -> Result<Option<GrayImage>> {
    let Some(map) = hair_map(work, photo, face)? else { return Ok(None) };
    let window = grid(kit.photo_size)?;
    Ok(Some(mask(&region::grown(&map, kit.cells(&window, growth)), kit.photo_size)))
}

fn hair_map(work: &Work, photo: &RgbImage, face: &Detection) -> Result<Option<Map>> {
    let Some(parts) = work.vision.head_parts(photo, face, &[Part::Hair])? else { return Ok(None) };
    let window = grid(photo.dimensions())?;
    let Region { x, y, width, height } = parts.region;
    let (columns, rows) = parts.mask.dimensions();
    let map = window.map(|place| {
        let (across, down) = (place.x - x as f32, place.y - y as f32);
        if across < 0.0 || down < 0.0 || across >= width as f32 || down >= height as f32 {
            return 0.0;
        }
        let cell = |at: f32, length: u32, cells: u32| {
            ((at / length as f32 * cells as f32) as u32).min(cells.saturating_sub(1))
        };
        let value = parts.mask.get_pixel(cell(across, width, columns), cell(down, height, rows));
        f32::from(value.0[0]) / 255.0
    });
    Ok(Some(map))
}

/// Around a head, where hair of every cut lies, and the hair that is there, without the face below the
/// brows.
pub fn around_head(
    work: &Work,
    photo: &RgbImage,
    kit: &Kit,
    face: &Detection,
) -> Result<GrayImage> {
    let window = grid(kit.photo_size)?;
    let [right, down] = kit.axes();
    let at = |point: Point, across: f32, along: f32| Point {
        x: point.x + (right.x * across + down.x * along) * kit.fw,
        y: point.y + (right.y * across + down.y * along) * kit.fw,
    };
    let (top, chin) = (kit.mesh.point(10), kit.mesh.point(atlas::CHIN));
    let outline =
        [at(top, -0.95, -0.75), at(top, 0.95, -0.75), at(chin, 0.95, 0.35), at(chin, -0.95, 0.35)];
    let mut around = region::fill(&window, &outline);
    if let Some(own) = hair_map(work, photo, face)? {
        around = region::union(&around, &region::grown(&own, kit.cells(&window, 0.05)));
    }
    let brows: Vec<usize> = atlas::BROWS.concat();
    let brow = kit.middle(&brows);
    let oval = region::fill(&window, &kit.polygon(&atlas::OVAL));
    let kept = oval.each(|x, y| {
        let place = window.place(Point { x: x as f32, y: y as f32 });
        let depth = (place.x - brow.x) * down.x + (place.y - brow.y) * down.y;
        if depth > -0.06 * kit.fw { oval.values[y * oval.width + x] } else { 0.0 }
    });
    Ok(mask(&region::without(&around, &kept), kit.photo_size))
}

/// A person who can be dressed so: `ERROR_NO_RECOGNITION_TARGET_DETECTED` where there is none, where there are
/// several, or where the shoulders, for what is worn below the waist the hips, are not to be seen.
pub fn person(
    work: &Work,
    photo: &RgbImage,
    name: &str,
    dress: Dress,
) -> Result<(Body, Option<Detection>)> {
    let none = |what: &str| {
        let message = format!("{name} {what}, one person from the front is needed");
        Fault::new(Code::NoRecognitionTargetDetected, message)
    };
    let faces = work.stage("detect", || work.vision.detect_faces(photo))?;
    if are_several(faces.iter().copied()) {
        return Err(none("shows several people"));
    }
    let body = work.stage("body", || work.vision.body(photo, Region::whole(photo)))?;
    let seen = |joints: [Joint; 2]| joints.iter().all(|&joint| body.joint(joint).score >= SEEN);
    if !seen([Joint::LeftShoulder, Joint::RightShoulder]) {
        return Err(none("shows no person with both shoulders"));
    }
    if dress == Dress::Lower && !seen([Joint::LeftHip, Joint::RightHip]) {
        return Err(none("shows no person with both hips"));
    }
    Ok((body, faces.first().copied()))
}

/// What of a person is dressed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dress {
    /// Above the waist.
    Upper,
    /// Below it.
    Lower,
    /// Both.
    Full,
}

impl Dress {
    fn garments(self) -> &'static [Garment] {
        match self {
            Self::Upper => &[Garment::Tops, Garment::Coat],
            Self::Lower => &[Garment::Pants, Garment::Skirt],
            Self::Full => &[Garment::Tops, Garment::Coat, Garment::Pants, Garment::Skirt],
        }
    }
}

/// The garments that a person wears, and the limbs that other sleeves and hems may cover; without the head
/// where that is `kept`. `ERROR_NO_RECOGNITION_TARGET_DETECTED` where no such garment is seen.
pub fn worn(
    work: &Work,
    photo: &RgbImage,
    body: &Body,
    head: Option<&Detection>,
    dress: Dress,
) -> Result<GrayImage> {
    let found = work.stage("garments", || work.vision.garments(photo))?;
    let found = found.ok_or_else(|| no_garment(dress))?;
    let size = photo.dimensions();
    let window = grid(size)?;
    let mut pieces = found.together(dress.garments());
    if dress == Dress::Full && pieces.iter().all(|&value| value < 128) {
        pieces = found.main.clone();
    }
    if pieces.iter().all(|&value| value < 128) {
        return Err(no_garment(dress));
    }
    let Region { x, y, width, height } = found.region;
    let (columns, rows) = pieces.dimensions();
    let worn = window.map(|place| {
        let (across, down) =
            ((place.x - x as f32) / width as f32, (place.y - y as f32) / height as f32);
        if !(0.0..1.0).contains(&across) || !(0.0..1.0).contains(&down) {
            return 0.0;
        }
        let (column, row) = ((across * columns as f32) as u32, (down * rows as f32) as u32);
        f32::from(pieces.get_pixel(column.min(columns - 1), row.min(rows - 1)).0[0]) / 255.0
    });
    let shoulders =
        body.joint(Joint::LeftShoulder).place.distance(body.joint(Joint::RightShoulder).place);
    let cells = |length: f32| length / window.per_cell();
    let mut all = region::grown(&worn, cells(shoulders * 0.06));
    for path in limbs(body, dress) {
        all = region::union(&all, &region::stroke(&window, &path, shoulders * 0.3));
    }
    if let Some(head) = head {
        let rect = head.rect;
        let kept = window.map(|place| {
            let centre = rect.centre();
            let across = (place.x - centre.x) / (0.75 * rect.width);
            let down = (place.y - centre.y) / (0.68 * rect.height);
            if across.hypot(down) < 1.0 { 1.0 } else { 0.0 }
        });
        all = region::without(&all, &kept);
    }
    Ok(mask(&all, size))
}

/// Arms to the wrists, legs to the ankles, as far as they are seen; hands and feet stay.
fn limbs(body: &Body, dress: Dress) -> Vec<Vec<Point>> {
    let arms = [
        [Joint::LeftShoulder, Joint::LeftElbow, Joint::LeftWrist],
        [Joint::RightShoulder, Joint::RightElbow, Joint::RightWrist],
    ];
    let legs = [
        [Joint::LeftHip, Joint::LeftKnee, Joint::LeftAnkle],
        [Joint::RightHip, Joint::RightKnee, Joint::RightAnkle],
    ];
    let wanted: &[[Joint; 3]] = match dress {
        Dress::Upper => &arms,
        Dress::Lower => &legs,
        Dress::Full => &[arms[0], arms[1], legs[0], legs[1]],
    };
    let path = |joints: &[Joint; 3]| {
        let seen: Vec<Keypoint> = joints.iter().map(|&joint| body.joint(joint)).collect();
        let seen: Vec<Point> =
            seen.iter().take_while(|joint| joint.score >= SEEN).map(|joint| joint.place).collect();
        let mut seen = seen;
        if let [.., before, last] = seen[..] {
            // The end is the hand's or the foot's.
            let end = Point {
                x: before.x + (last.x - before.x) * 0.8,
                y: before.y + (last.y - before.y) * 0.8,
            };
            if let Some(last) = seen.last_mut() {
                *last = end;
            }
        }
        seen
    };
    wanted.iter().map(path).filter(|path| path.len() > 1).collect()
}

fn no_garment(dress: Dress) -> Fault {
    let what = match dress {
        Dress::Upper => "no top",
        Dress::Lower => "no trousers or skirt",
        Dress::Full => "no clothes",
    };
    Fault::new(Code::NoRecognitionTargetDetected, format!("the person is seen with {what}"))
}
