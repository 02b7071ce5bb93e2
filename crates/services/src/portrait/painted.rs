//! What the services that paint a face share: which photos they take, the face, and the answers.

use std::time::Duration;

use image::{GrayImage, RgbImage, imageops};
use safelight_contract::{Code, Fault, Result};
use safelight_effects::Kit;
use safelight_effects::makeup::eye::Unseen;
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{Delivery, Memory, Output, Picture, Spec, Url, Work};
use safelight_vision::face::Face;

use super::faces;
pub(super) use super::faces::KIT_MODELS as MODELS;
use crate::generated::Edit;
use crate::image::encoded;

/// The photos that editing takes.
pub(crate) const PORTRAIT: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::WebP],
    max_bytes: 10 * Rules::MB,
    min: (1, 1),
    max: (4096, 4096),
    ..Rules::ORDINARY
};
/// The photos that the effects on lips take.
pub(super) const LIPS: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png],
    max_bytes: 5 * Rules::MB,
    min: (1, 1),
    max: (4096, 4096),
    ..Rules::ORDINARY
};

/// The planes of one face, the models' own, and the encoded result.
pub(crate) const MEMORY: Memory = Memory { base: 256 << 20, per_pixel: 8 };

/// An asynchronous service that paints a face; path, name, sign, pool, price and summary remain to be
/// said.
pub(crate) const LATER: Spec = Spec {
    delivery: Delivery::Async,
    deadline: Duration::from_secs(60),
    memory: MEMORY,
    ..Spec::DEFAULT
};

/// Faces that are turned further, in degrees, have a far half that is not seen.
const MOST_YAW: f32 = 45.0;

/// The largest face of a photo, as the stages `detect` and `prepare`: `ERROR_NO_FACE_IN_FILE`, and the
/// faults of [`prepared`].
pub(super) fn largest(work: &Work, photo: &RgbImage) -> Result<Kit> {
    let found = faces::find(work, photo, false, 1)?;
    work.stage("prepare", || prepared(&found[0]))
}

/// A face prepared for painting: the faults of [`faces::kit`], and `ERROR_FACE_NOT_FACING_FORWARD`.
pub(super) fn prepared(face: &Face) -> Result<Kit> {
    let kit = faces::kit(face, faces::LEAST_FACE)?;
    let yaw = kit.pose.yaw.abs();
    if yaw > MOST_YAW {
        let message = format!(
            "the face is turned to the side by {yaw:.0} degrees, {MOST_YAW:.0} are the most"
        );
        return Err(Fault::new(Code::FaceNotFacingForward, message));
    }
    Ok(kit)
}

/// What was found in a copy of the photo that is brought to `most` pixels on its longer side, where the photo
/// has more: `ERROR_SMALL_FACE_SIZE` says that it counts those of the copy, and what helps.
pub(super) fn in_copy<T>(
    found: Result<T>,
    (width, height): (u32, u32),
    most: u32,
    remedy: &str,
) -> Result<T> {
    found.map_err(|fault| match fault.code() {
        Code::SmallFaceSize if width.max(height) > most => {
            let message = format!(
                "{} in the photo brought to {most} px on its longer side; {remedy}",
                fault.message()
            );
            Fault::new(Code::SmallFaceSize, message)
        }
        _ => fault,
    })
}

/// What helps where a face is too small in a copy.
pub(super) const CLOSER: &str = "cut the photo closer to the face";

/// The face of a template picture; whatever is wrong with it is
/// `ERROR_TEMPLATE_IMAGE_QUALITY_TOO_LOW`.
pub(super) fn of_template(work: &Work, photo: &RgbImage, name: &str) -> Result<Kit> {
    let as_template = |fault: Fault| match fault.code().status(Default::default()) {
        422 => template_fault(name, fault.message()),
        _ => fault,
    };
    largest(work, photo).map_err(as_template)
}

/// What an engine is asked for that changes an area of the largest face.
pub(super) fn by_engine(
    image: &Picture,
    area: fn(&Kit) -> Result<GrayImage>,
    words: &[String],
    work: &Work,
) -> Result<Option<Edit>> {
    let photo = image.decode(work)?;
    in_area(photo, area, words, Vec::new(), work).map(Some)
}

/// The same of a decoded photo, after further pictures.
pub(super) fn in_area(
    photo: Photo,
    area: fn(&Kit) -> Result<GrayImage>,
    words: &[String],
    references: Vec<RgbImage>,
    work: &Work,
) -> Result<Edit> {
    let kit = largest(work, &photo.rgb)?;
    let mask = work.stage("mask", || area(&kit))?;
    Ok(Edit { references, ..Edit::of(photo, Some(mask), words.to_vec()) })
}

/// A template that cannot be used.
pub(super) fn template_fault(name: &str, why: &str) -> Fault {
    Fault::new(Code::TemplateImageQualityTooLow, format!("{name}: {why}"))
}

/// Passes where at least one eye was painted; else says why not.
pub(super) fn any_eye(done: [std::result::Result<(), Unseen>; 2]) -> Result<()> {
    let [Err(left), Err(right)] = done else { return Ok(()) };
    let (code, message) = match (left, right) {
        (Unseen::Hidden, _) => (Code::LeftEyeOcclusionTooHigh, "the eyes are closed or hidden"),
        (_, Unseen::Hidden) => (Code::RightEyeOcclusionTooHigh, "the eyes are closed or hidden"),
        (Unseen::Small, _) | (_, Unseen::Small) => {
            (Code::SmallFaceSize, "the eyes have less than 10 px in width")
        }
        _ => (Code::FaceNotFacingForward, "both eyes are turned away"),
    };
    Err(Fault::new(code, message))
}

/// The words of two texts together, whichever of them were sent.
pub(super) fn words(name: &Option<String>, desc: &Option<String>) -> String {
    [name, desc].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Width to height; the photo's own without.
pub(super) type Shape = Option<(u32, u32)>;

/// The words of `aspect_ratio`.
pub(super) const SHAPES: &[(&str, Shape, &str)] = &[
    ("auto", None, "the whole photo"),
    ("1:1", Some((1, 1)), "square"),
    ("3:4", Some((3, 4)), "upright"),
    ("4:3", Some((4, 3)), "lying"),
    ("9:16", Some((9, 16)), "upright"),
    ("16:9", Some((16, 9)), "lying"),
];

/// The largest part of the photo of a shape that has the face in its middle, as far as the photo reaches.
pub(super) fn cut(photo: &Photo, kit: &Kit, (across, down): (u32, u32)) -> Photo {
    let (width, height) = photo.rgb.dimensions();
    let scale = (f64::from(width) / f64::from(across)).min(f64::from(height) / f64::from(down));
    let side = |part: u32, most: u32| ((f64::from(part) * scale).round() as u32).clamp(1, most);
    let (cut_width, cut_height) = (side(across, width), side(down, height));
    let middle = kit.mesh.rect().centre();
    let start = |middle: f32, length: u32, all: u32| {
        (middle - length as f32 / 2.0).round().clamp(0.0, (all - length) as f32) as u32
    };
    let (x, y) = (start(middle.x, cut_width, width), start(middle.y, cut_height, height));
    Photo {
        rgb: imageops::crop_imm(&photo.rgb, x, y, cut_width, cut_height).to_image(),
        alpha: photo
            .alpha
            .as_ref()
            .map(|alpha| imageops::crop_imm(alpha, x, y, cut_width, cut_height).to_image()),
    }
}

/// The changed photo in a list, as the newer services answer it.
#[derive(Output)]
pub struct ResultUrls {
    /// The changed photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.result_urls")]
    result_urls: Vec<Url>,
}

/// The changed photo.
#[derive(Output)]
pub struct ImageUrl {
    /// The changed photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.image")]
    pub(super) image: Url,
}

impl ResultUrls {
    /// Of a photo; its encoding is the stage `encode`.
    pub(crate) fn of(work: &Work, photo: &Photo) -> Result<Self> {
        Ok(Self { result_urls: vec![Url(encoded(photo, work)?)] })
    }

    /// Of what an engine made.
    pub(super) fn made(photos: &[Photo], work: &Work) -> Result<Self> {
        let urls = photos.iter().map(|photo| encoded(photo, work).map(Url));
        Ok(Self { result_urls: urls.collect::<Result<_>>()? })
    }
}

impl ImageUrl {
    /// Of a photo; its encoding is the stage `encode`.
    pub(super) fn of(work: &Work, photo: &Photo) -> Result<Self> {
        Ok(Self { image: Url(encoded(photo, work)?) })
    }
}
