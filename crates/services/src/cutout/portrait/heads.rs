//! Pieces of the heads in a photo: for each face, the parts around it that a service asks for.

use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Region, Rules};
use safelight_operation::{Output, Url, Work};
use safelight_vision::face::{Detection, Part};

use crate::cutout::{ReturnForm, no_target, picture};

/// Faces beyond the largest of these are left out.
pub(super) const MOST: usize = 20;
/// Faces smaller than this, in pixels, are left out: nothing can be told apart in them.
const SMALLEST: f32 = 24.0;

/// What photos of heads are accepted.
pub(super) const RULES: Rules =
    Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (2000, 2000), ..Rules::ORDINARY };

/// One cut-out with its place in the photo.
#[derive(Output)]
pub struct Piece {
    /// The piece on transparent ground, trimmed to its box, a PNG, for 24 hours.
    image_url: Url,
    /// Width of the picture.
    width: u32,
    /// Height of the picture.
    height: u32,
    /// Its left edge in the photo.
    x: u32,
    /// Its top edge in the photo.
    y: u32,
}

/// The cut-outs, that of the largest face first.
#[derive(Output)]
pub struct Pieces {
    #[output(path = "data.elements")]
    elements: Vec<Piece>,
}

/// Cuts these parts out around every face, as the stages `faces` and `pieces`; `nothing` says what is
/// missing where there are none.
pub(super) fn cut_out(
    photo: &Photo,
    parts: &[Part],
    form: Option<ReturnForm>,
    nothing: &str,
    work: &Work,
) -> Result<Pieces> {
    let faces = work.stage("faces", || work.vision.detect_faces(&photo.rgb))?;
    let faces = faces.iter().filter(|face| face.rect.shorter_side() >= SMALLEST).take(MOST);
    let pieces = work.stage("pieces", || {
        let mut pieces = Vec::new();
        for face in faces {
            work.check()?;
            if work.vision.is_sure_face(&photo.rgb, face)? {
                pieces.extend(piece(photo, face, parts, form, work)?);
            }
        }
        Ok(pieces)
    })?;
    if pieces.is_empty() { Err(no_target(nothing)) } else { Ok(Pieces { elements: pieces }) }
}

/// The parts around one face; none where it has none of them.
fn piece(
    photo: &Photo,
    face: &Detection,
    parts: &[Part],
    form: Option<ReturnForm>,
    work: &Work,
) -> Result<Option<Piece>> {
    let Some(found) = work.vision.head_parts(&photo.rgb, face, parts)? else { return Ok(None) };
    let (region, own) = (found.region, photo.part(found.region));
    let whole = Region::whole(&own.rgb);
    let cutout = Cutout::refine(own, &found.mask, whole);
    let Some(bounds) = cutout.bounds().filter(|_| !cutout.is_empty()) else { return Ok(None) };
    Ok(Some(Piece {
        image_url: Url(picture(cutout.trim(), form)?),
        width: bounds.width,
        height: bounds.height,
        x: region.x + bounds.x,
        y: region.y + bounds.y,
    }))
}
