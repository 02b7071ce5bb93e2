//! The endpoints of recognition, and those of the library that look at pictures: operations with
//! rows.

mod action;
mod add;
pub(super) mod adding;
mod compare;
mod detect;
mod export;
mod search;
mod verify;

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Context, Endpoint, Memory, Needs, Output, Picture, Spec};
use safelight_services::liveness::Control;
use safelight_services::recognition::{Checks, FURTHER_MODELS, MODELS, Order, Seen, look};
use safelight_vision::face::QualityControl;

use crate::library::{Known, Port};

/// Every one of them, in the order of its path.
pub static RECOGNITION: &[Endpoint] = &[
    Endpoint::of::<add::FaceAdd>(),
    Endpoint::of::<add::FaceUpdate>(),
    Endpoint::of::<export::LibraryExport>(),
    Endpoint::of::<action::ActionVerify>(),
    Endpoint::of::<compare::FaceCompare>(),
    Endpoint::of::<detect::FaceDetect>(),
    Endpoint::of::<search::FaceMultiSearch>(),
    Endpoint::of::<search::FaceSearch>(),
    Endpoint::of::<verify::FaceVerify>(),
];

/// What holds for all that look at pictures; the rest remains to be said.
const SPEC: Spec = Spec {
    price: 1,
    memory: Memory { base: 128 << 20, per_pixel: 4 },
    limitations: LIMITATIONS,
    ..Spec::DEFAULT
};

const NEEDS: Needs = Needs::models(MODELS).on_request(FURTHER_MODELS).with_rows();

const LIMITATIONS: &str = "A score is no proof of identity. Scores are fitted to adults: of children \
    under twelve years, pairs of different persons pass a cosine of 0.5 in 17 of 100 cases, and an \
    answer says `minor_caution` where the age model sees somebody under fifteen. Twins and other \
    relatives score alike. Whether a face is live is a hint, and \
    asked for alone; see docs/liveness.md. Error rates differ between \
    groups of people; see docs/faces-library.md.";

/// Where a face lies in a picture.
#[derive(Clone, Output)]
struct Location {
    /// Left edge in pixels.
    left: i64,
    /// Upper edge in pixels.
    top: i64,
    /// Width in pixels.
    width: i64,
    /// Height in pixels.
    height: i64,
    /// Clockwise turn in degrees, -180 to 180.
    rotation: i64,
}

/// A face that a request shows or names.
pub(super) struct Face {
    pub token: String,
    pub known: Known,
    /// Where it lies and how it looks, where it was shown.
    pub seen: Option<Seen>,
}

impl Face {
    fn location(&self) -> Option<Location> {
        let Seen { location: [left, top, width, height], rotation, .. } = *self.seen.as_ref()?;
        Some(Location { left, top, width, height, rotation })
    }
}

/// One picture or one token, and not both.
fn check_source(image: Option<&Picture>, token: Option<&String>) -> Result<()> {
    match (image, token) {
        (Some(_), Some(_)) => {
            let message = "image and image_token are both sent, one is needed";
            Err(Fault::new(Code::InvalidParameter, message))
        }
        (None, None) => Err(Fault::new(Code::MissingParameters, "image is missing")),
        _ => Ok(()),
    }
}

/// The faces of a picture, or that of a token, which pass the checks.
async fn faces(
    context: &Context,
    port: &Port,
    (image, token): (Option<Picture>, Option<String>),
    checks: Checks,
    most: usize,
) -> Result<Vec<Face>> {
    match (image, token) {
        (Some(image), _) => shown(context, port, image, checks, Order::Size, most).await,
        (None, Some(token)) => {
            let known = port.known(&token).await?;
            check_known(&known, checks)?;
            Ok(vec![Face { token, known, seen: None }])
        }
        (None, None) => Err(Fault::new(Code::MissingParameters, "image is missing")),
    }
}

/// The faces of a picture.
pub(super) async fn shown(
    context: &Context,
    port: &Port,
    image: Picture,
    checks: Checks,
    order: Order,
    most: usize,
) -> Result<Vec<Face>> {
    let (master, application) = (port.library.master.clone(), port.application);
    context
        .cpu(move |work| {
            let seen = look(work, &image, checks, order, most)?;
            let face = |seen: Seen| Face {
                token: master.token(application, image.bytes(), seen.location),
                known: Known {
                    embedding: seen.embedding,
                    quality: seen.quality,
                    size: Some(seen.size),
                    minor: seen.is_likely_minor(),
                },
                seen: Some(seen),
            };
            Ok(seen.into_iter().map(face).collect())
        })
        .await
}

/// Checks a face whose picture is gone as far as it is known.
fn check_known(known: &Known, checks: Checks) -> Result<()> {
    if checks.quality_control != QualityControl::None {
        let message =
            "quality_control needs the picture of the face, image_token names one without";
        return Err(Fault::new(Code::UnsupportedParameterValues, message));
    }
    if checks.liveness != Control::None || checks.refuses_synthesis {
        let message = "liveness_control and spoofing_control need the picture of the face, \
                       image_token names one without";
        return Err(Fault::new(Code::UnsupportedParameterValues, message));
    }
    if let Some(size) = known.size {
        let scene = checks.scene.map_or(0.0, |scene| scene.least_face());
        if size < scene {
            let message = format!("the face has {size:.0} pixels, {scene} are the least");
            return Err(Fault::new(Code::SmallFaceSize, message));
        }
        if let Some(least) = checks.min_face_size.filter(|least| size < *least as f32) {
            let message = format!("the face has {size:.0} pixels, min_face_size is {least}");
            return Err(Fault::new(Code::FaceSizeNotMeetRequirements, message));
        }
    }
    if known.quality < checks.quality_score_threshold {
        let (found, least) = (known.quality, checks.quality_score_threshold);
        let message =
            format!("the quality of the face is {found}, quality_score_threshold is {least}");
        return Err(Fault::new(Code::QualityScoreNotMeetRequirements, message));
    }
    Ok(())
}

/// The port of a request, while the libraries are not paused.
pub(super) async fn port(context: &Context) -> Result<std::sync::Arc<Port>> {
    let port = context.rows::<Port>()?;
    port.library.check_open().await?;
    Ok(port)
}
