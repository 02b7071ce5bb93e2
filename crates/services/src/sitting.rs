//! What drawings are made after: a copy of the photo of bounded size, its subject and its faces.

use image::{GrayImage, RgbImage};
use safelight_effects::Kit;
use safelight_effects::drawn::Sitter;
use safelight_imaging::map::thumbnail;
use safelight_imaging::{Cutout, Photo};
use safelight_operation::{Result, Work};
use safelight_vision::face::Detection;
use safelight_vision::saliency::Saliency;

/// Long side of the picture that is drawn, in pixels; larger drawings are enlarged.
pub(crate) const SIDE: u32 = 1600;
/// Peak bytes of a drawing whatever the photo, and of all that is found in it.
pub(crate) const BYTES: u64 = 100 * SIDE as u64 * SIDE as u64 + (64 << 20);
/// Faces that are looked at.
const MOST_FACES: usize = 8;
/// Smaller faces, in pixels of the copy, have no features drawn.
const LEAST_FACE: f32 = 24.0;
/// A subject of a smaller share of the picture is none, and neither is one of a larger.
const SUBJECT: std::ops::Range<f64> = 0.01..0.97;

/// A copy of a photo with what was found in it.
pub(crate) struct Sitting {
    /// The copy.
    pub photo: RgbImage,
    /// How much of each pixel belongs to the subject.
    pub matte: Option<GrayImage>,
    /// Where the faces are, the largest first.
    pub faces: Vec<Detection>,
    /// The faces with a wide square around them, in the same order.
    pub kits: Vec<Kit>,
}

impl Sitting {
    /// Looks at a photo, as the stages `faces` and `subject`. `side` is the most that the copy's long
    /// side has.
    pub fn of(work: &Work, photo: &RgbImage, side: u32) -> Result<Self> {
        let photo = thumbnail(photo, side);
        let (found, kits) = work.stage("faces", || {
            let found = work.vision.detect_faces(&photo)?;
            let kits = kits(work, &photo, &found)?;
            Ok((found, kits))
        })?;
        let (faces, kits): (Vec<_>, Vec<_>) = kits.into_iter().unzip();
        let matte = work.stage("subject", || {
            let people = match kits.is_empty() {
                true => None,
                false => work.vision.people_among(&photo, Some(found))?,
            };
            let found = match people {
                Some(people) => people.subject,
                None => work.vision.salient(&photo)?,
            };
            Ok(matte(&photo, &found))
        })?;
        Ok(Self { photo, matte, faces, kits })
    }

    /// As the drawing functions take it.
    pub fn sitter(&self) -> Sitter<'_> {
        Sitter { photo: &self.photo, matte: self.matte.as_ref(), kits: &self.kits }
    }
}

/// The faces that are surely those of people and whose points are found.
fn kits(work: &Work, photo: &RgbImage, found: &[Detection]) -> Result<Vec<(Detection, Kit)>> {
    let mut kits = Vec::new();
    for &found in found.iter().take(MOST_FACES) {
        work.check()?;
        let large = found.rect.shorter_side() >= LEAST_FACE;
        if !large || !work.vision.is_sure_face(photo, &found)? {
            continue;
        }
        let vision = &work.vision;
        let (mesh, parsing) =
            rayon::join(|| vision.mesh(photo, &found), || vision.parse_head(photo, &found));
        let parsing = parsing?;
        if let Ok(kit) = mesh.and_then(|mesh| Kit::from_parts(photo, &mesh, parsing)) {
            kits.push((found, kit));
        }
    }
    Ok(kits)
}

fn matte(photo: &RgbImage, found: &Saliency) -> Option<GrayImage> {
    let own = Photo { rgb: photo.clone(), alpha: None };
    let matte = Cutout::refine(own, &found.mask, found.region).alpha;
    let share = matte.iter().map(|&value| f64::from(value)).sum::<f64>() / 255.0;
    SUBJECT.contains(&(share / matte.len().max(1) as f64)).then_some(matte)
}
