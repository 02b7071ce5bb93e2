//! Pieces of the heads in a photo: for each face, the parts around it that a service asks for.

use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Region};
use safelight_vision::face::{Detection, Part};

use crate::cutout::{ReturnForm, no_target, picture};
use crate::{Answer, Artifact, Node, Work};

/// Faces beyond the largest of these are left out.
pub(super) const MOST: usize = 20;
/// Faces smaller than this, in pixels, are left out: nothing can be told apart in them.
const SMALLEST: f32 = 24.0;
/// One cut-out with its place in the photo.
pub struct Piece {
    artifact: Artifact,
    place: Region,
}

/// The cut-outs, that of the largest face first.
pub struct Pieces(Vec<Piece>);

impl Answer for Pieces {
    fn into_node(self) -> Node {
        let piece = |Piece { artifact, place }: Piece| {
            let number = |value: u32| Node::Json(value.into());
            Node::Object(vec![
                ("image_url", Node::Url(artifact)),
                ("width", number(place.width)),
                ("height", number(place.height)),
                ("x", number(place.x)),
                ("y", number(place.y)),
            ])
        };
        let elements = Node::List(self.0.into_iter().map(piece).collect());
        Node::Object(vec![("data", Node::Object(vec![("elements", elements)]))])
    }
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
    if pieces.is_empty() { Err(no_target(nothing)) } else { Ok(Pieces(pieces)) }
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
    let place = Region { x: region.x + bounds.x, y: region.y + bounds.y, ..bounds };
    let artifact = picture(cutout.trim(), form)?;
    Ok(Some(Piece { artifact, place }))
}
