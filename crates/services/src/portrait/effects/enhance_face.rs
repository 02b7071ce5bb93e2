//! Faces freed of noise, traces of compression and blur.

use std::time::Duration;

use image::{RgbImage, imageops};
use safelight_effects::deblur;
use safelight_imaging::color::smoothstep;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Rules, sharpen};
use safelight_operation::{
    Code, CpuOperation, Fault, Input, Memory, Needs, Output, Picture, Result, Spec, Url, Work,
};
use safelight_vision::enlarge::Noise;
use safelight_vision::face::{Detection, models};
use safelight_vision::{denoise, enlarge, networks};

use crate::image::encoded;

/// The service.
pub struct EnhanceFace;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (2048, 2048), ..Rules::ORDINARY })]
    image: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The photo with its faces enhanced, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

/// Faces that are treated, the largest first.
const MOST_FACES: usize = 10;
/// Pixels of the shorter side of the smallest face that is treated.
const SMALLEST: f32 = 64.0;
/// What is treated, by the sides of a face's box, and where its treatment begins to fade.
const REACH: f32 = 1.6;
const FADE: [f32; 2] = [0.72, 1.0];
/// Noise of luma that is removed: that of a photo at high sensitivity.
const NOISY: f32 = 3.5 / 255.0;
/// Noise of one channel for that of luma.
const CHANNELS: f32 = 1.3;
/// A JPEG of this quality or less shows its compression.
const COMPRESSED: u8 = 60;
/// Share of the measured blur that is undone, and rounds on clean faces and on those that were noisy.
const UNDONE: f32 = 0.85;
const ROUNDS: usize = 10;
const ROUNDS_AFTER_NOISE: usize = 6;

impl CpuOperation for EnhanceFace {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/enhance-face",
        name: "AI Face Enhancer",
        sign: "portrait_enhance_face",
        pool: "portrait_face_restoration_enhancement",
        price: 15,
        summary: "Frees the ten largest faces of a photo of noise, of traces of compression and of blur, \
                  each as far as it is measured in the face. Sharp faces stay as they are.",
        limitations: "It cleans and sharpens what is there and invents nothing: a face of few pixels stays \
                      one. Scratches, tears and the blur of motion are not repaired. Faces below 64 pixels \
                      are left alone (`ERROR_SMALL_FACE_SIZE` where all are).",
        // Cleaning ten faces takes half a minute of one core.
        deadline: Duration::from_secs(60),
        // A treated part beside its doubled form, and the encoded result.
        memory: Memory {
            base: denoise::BASE_BYTES + enlarge::BASE_BYTES,
            per_pixel: 9 + deblur::BYTES_PER_PIXEL,
        },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION])
        .on_request(&["ffdnet", "waifu2x-photo-noise1"])
        .with_choices(&[networks::FACES]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        let mut faces = work.stage("detect", || work.vision.detect_faces(&photo.rgb))?;
        let largest = faces.first().map(|face| face.rect.width.min(face.rect.height));
        let largest =
            largest.ok_or_else(|| Fault::new(Code::NoFaceInFile, "no face was found in image"))?;
        if largest < SMALLEST {
            let message = format!(
                "the largest face of image has {largest:.0} pixels, {SMALLEST} are the least"
            );
            return Err(Fault::new(Code::SmallFaceSize, message));
        }
        faces.retain(|face| face.rect.width.min(face.rect.height) >= SMALLEST);
        faces.truncate(MOST_FACES);
        let quality = input.image.jpeg_quality();
        // A network of the operator's restores faces whatever ails them.
        let restores = work.vision.restores_faces();
        work.stage("enhance", || {
            faces.iter().try_for_each(|face| match restores {
                true => {
                    work.check()?;
                    work.vision.restore_face(&mut photo.rgb, face)
                }
                false => enhance(&mut photo.rgb, face, quality, work),
            })
        })?;
        Ok(Answer { image_url: Url(encoded(&photo, work)?) })
    }
}

/// Treats one face as far as it needs it.
fn enhance(photo: &mut RgbImage, face: &Detection, quality: Option<u8>, work: &Work) -> Result<()> {
    let centre = face.rect.centre();
    let side = |at: f32, length: f32, limit: u32| {
        let from = (at - length * REACH / 2.0).clamp(0.0, limit as f32) as u32;
        let to = (at + length * REACH / 2.0).clamp(0.0, limit as f32) as u32;
        (from, to - from)
    };
    let (left, width) = side(centre.x, face.rect.width, photo.width());
    let (top, height) = side(centre.y, face.rect.height, photo.height());
    if width < 8 || height < 8 {
        return Ok(());
    }
    let before = imageops::crop_imm(photo, left, top, width, height).to_image();
    let Some(after) = treated(before, quality, work)? else { return Ok(()) };
    for (x, y, pixel) in after.enumerate_pixels() {
        let way = |at: u32, start: u32, middle: f32, length: f32| {
            ((start + at) as f32 + 0.5 - middle) / (length * REACH / 2.0)
        };
        let out =
            way(x, left, centre.x, face.rect.width).hypot(way(y, top, centre.y, face.rect.height));
        let share = 1.0 - smoothstep(FADE[0], FADE[1], out);
        let own = photo.get_pixel_mut(left + x, top + y);
        for (own, new) in own.0.iter_mut().zip(pixel.0) {
            let mixed = f32::from(*own) + (f32::from(new) - f32::from(*own)) * share;
            *own = mixed.round() as u8;
        }
    }
    Ok(())
}

/// The part of the photo around a face without noise, traces of compression and blur; none where it has
/// none of them.
fn treated(mut part: RgbImage, quality: Option<u8>, work: &Work) -> Result<Option<RgbImage>> {
    let (mut changed, mut noisy) = (false, false);
    let noise = sharpen::noise(&part);
    if noise > NOISY {
        part = work.vision.denoise(&part, noise * CHANNELS, &|| work.check())?;
        (changed, noisy) = (true, true);
    }
    if quality.is_some_and(|quality| quality <= COMPRESSED) {
        let (width, height) = part.dimensions();
        let doubled = work.vision.enlarge(part, 2, Noise::Medium, &|| work.check())?;
        part = resize::rgb(&doubled, width, height, Filter::Area);
        changed = true;
    }
    let blur = deblur::blur_of(&part);
    if blur > 0.0 {
        let rounds = if noisy { ROUNDS_AFTER_NOISE } else { ROUNDS };
        deblur::deconvolve(&mut part, blur * UNDONE, rounds);
        changed = true;
    }
    Ok(changed.then_some(part))
}
