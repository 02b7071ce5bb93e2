//! Live photo: a short clip in which a portrait moves.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::Kit;
use safelight_effects::alive::{self, Alive};
use safelight_imaging::Rules;
use safelight_imaging::resize::{self, Filter};
use safelight_operation::{
    Artifact, Base64, CpuOperation, FileFormat, Input, Memory, Needs, Output, Picture, Result,
    Spec, Work,
};
use safelight_video::Clip;

use super::super::expressions;
use super::super::faces::KIT_MODELS;
use super::super::painted;
use crate::image::on_white;

/// The service.
pub struct LivePhoto;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its largest face moves.
    #[picture(Rules { max_bytes: 5 * Rules::MB, min: (1, 1), max: (4096, 4096), ..Rules::ORDINARY })]
    image_target: Picture,
    /// What moves.
    #[choice(TYPES)]
    #[field(name = "type", default = false)]
    breathes: bool,
}

const TYPES: &[(&str, bool, &str)] =
    &[("0", false, "the head"), ("1", true, "the head, and the chest, which breathes")];

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The clip, an MP4 of three seconds that can be looped: H.264 in its baseline profile, 24 frames a
    /// second, without sound.
    #[output(path = "data.video", format = FileFormat::Mp4)]
    video: Base64,
}

/// The longest side of a clip.
const LONGEST_SIDE: u32 = 720;
/// A head that is turned further has nothing to show on its far side.
const MOST_YAW: f32 = 30.0;

impl CpuOperation for LivePhoto {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/live-photo",
        name: "Live Photos",
        sign: "portrait_live_photo",
        pool: "portrait_live_photos",
        price: 22,
        summary: "Makes a clip of three seconds of a portrait: the head turns a little, the eyes blink, a \
                  smile begins. The clip can be looped.",
        limitations: "The head turns by five degrees; no words are spoken. The longest side of the clip is \
                      720 px. What is close behind the head moves with it. Behind glasses the eyes do not \
                      blink. A head that is turned by more than 30 degrees is refused. The vendor has \
                      retired this service.",
        // The photo, the face, and frames of the clip.
        memory: Memory { base: alive::BASE_BYTES + (160 << 20), per_pixel: 6 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(KIT_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image_target.decode(work)?).rgb;
        let whole = photo.dimensions();
        let photo = small(photo);
        let kit = {
            let face = expressions::largest(work, &photo)?;
            let kit = work.stage("prepare", || forward(painted::prepared(&face)?));
            painted::in_copy(kit, whole, LONGEST_SIDE, painted::CLOSER)?
        };
        let video = work.stage("move", || clip(work, &photo, &kit, input.breathes))?;
        Ok(Answer { video: Base64(Artifact { bytes: video, format: FileFormat::Mp4 }) })
    }
}

/// `ERROR_FACE_NOT_FACING_FORWARD` for a head that is turned too far.
fn forward(kit: Kit) -> Result<Kit> {
    let yaw = kit.pose.yaw.abs();
    if yaw <= MOST_YAW {
        return Ok(kit);
    }
    let message =
        format!("the face is turned to the side by {yaw:.0} degrees, {MOST_YAW:.0} are the most");
    Err(Fault::new(Code::FaceNotFacingForward, message))
}

/// The photo in the size of the clip: sides are even.
fn small(photo: RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let scale = (f64::from(LONGEST_SIDE) / f64::from(width.max(height).max(1))).min(1.0);
    let side = |side: u32| (((f64::from(side) * scale / 2.0).round() as u32) * 2).max(16);
    let (wide, high) = (side(width), side(height));
    if (wide, high) == (width, height) {
        photo
    } else {
        resize::rgb(&photo, wide, high, Filter::Area)
    }
}

fn clip(work: &Work, photo: &RgbImage, kit: &Kit, breathes: bool) -> Result<Vec<u8>> {
    let alive = Alive::of(kit, breathes)
        .ok_or_else(|| Fault::new(Code::IncompleteFace, "the face lies outside the photo"))?;
    let mut clip = Clip::new(photo.dimensions(), alive::RATE)?;
    alive.play(photo, |frame| {
        work.check()?;
        clip.push(frame)
    })?;
    clip.finish()
}
