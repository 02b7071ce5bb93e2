//! Cut-outs: the subject freed from its background.

pub mod general;
pub mod portrait;

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Cutout, Format, Photo, encode, strands};
use safelight_operation::{Artifact, Output, Picture, Url, Work};
use safelight_vision::enclosed::clear_enclosed_ground;
use safelight_vision::saliency::Saliency;

/// What the result picture shows, where it is not the cut-out on transparent ground at the photo's
/// size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReturnForm {
    Mask,
    White,
    Crop,
}

/// A word of the parameter `return_form`, what it stands for and what it means.
type Word = (&'static str, ReturnForm, &'static str);

const MASK: Word = ("mask", ReturnForm::Mask, "the alpha matte as a picture of one channel");
const WHITE: Word = ("whiteBK", ReturnForm::White, "the subject on white");
const CROP: Word =
    ("crop", ReturnForm::Crop, "the transparent cut-out trimmed to the subject's box");

/// The answer of a service that gives one cut-out.
#[derive(Output)]
pub struct CutoutAnswer {
    /// The result picture, a PNG, for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

/// What `cut_out` frees from the photo, in the form asked for.
fn answer(
    image: &Picture,
    form: Option<ReturnForm>,
    cut_out: impl FnOnce(Photo, &Work) -> Result<Cutout>,
    work: &Work,
) -> Result<CutoutAnswer> {
    let cutout = cut_out(image.decode(work)?, work)?;
    let made = work.stage("encode", || picture(cutout, form))?;
    Ok(CutoutAnswer { image_url: Url(made) })
}

/// A cut-out as a PNG in the form asked for.
fn picture(cutout: Cutout, form: Option<ReturnForm>) -> Result<Artifact> {
    let bytes = match form {
        None => encode::png_cutout(&cutout),
        Some(ReturnForm::Mask) => encode::png_gray(&cutout.alpha),
        Some(ReturnForm::White) => encode::png_rgb(&cutout.over([255; 3])),
        Some(ReturnForm::Crop) => encode::png_cutout(&cutout.trim()),
    }?;
    Ok(Artifact::picture(bytes, Format::Png))
}

/// The subject that a mask shows, without plain ground that it encloses, as the stage `matting`;
/// `nothing` says what is missing where it shows none, since an empty picture would be charged and of no
/// use.
fn matted(photo: Photo, found: &Saliency, nothing: &str, work: &Work) -> Result<Cutout> {
    work.stage("matting", || {
        let mut found = found.clone();
        clear_enclosed_ground(&photo.rgb, &mut found);
        let cutout = Cutout::refine(photo, &found.mask, found.region);
        if cutout.is_empty() { Err(no_target(nothing)) } else { Ok(cutout) }
    })
}

/// What `cut_out` frees from a large photo, with the thin parts that masks and grids miss, as the stage
/// `strands`. Photos that are transparent already are left as `cut_out` has them.
fn fine(
    photo: Photo,
    cut_out: impl FnOnce(Photo, &Work) -> Result<Cutout>,
    work: &Work,
) -> Result<Cutout> {
    let pixels = photo.rgb.width() * photo.rgb.height();
    if photo.alpha.is_some() || pixels < strands::LEAST_PIXELS {
        return cut_out(photo, work);
    }
    let original = photo.rgb.clone();
    let mut cutout = cut_out(photo, work)?;
    work.stage("strands", || {
        strands::restore(&original, &mut cutout);
        Ok(cutout)
    })
}

/// `ERROR_NO_RECOGNITION_TARGET_DETECTED`, with what the photo lacks.
fn no_target(message: &str) -> Fault {
    Fault::new(Code::NoRecognitionTargetDetected, message)
}
