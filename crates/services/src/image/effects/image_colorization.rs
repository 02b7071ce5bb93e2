//! Colours for people in pictures without colour.

use safelight_effects::tint;
use safelight_operation::{
    Base64, Code, CpuOperation, Fault, Input, Memory, Needs, Output, Picture, Result, Spec, Work,
};
use safelight_vision::networks;

use crate::image::{PHOTO, encoded, on_white};
use crate::portrait::faces::{self, KIT_MODELS, LEAST_FACE};

/// The service.
pub struct ImageColorization;

/// Faces that are tinted at most, the largest.
const MOST_FACES: usize = 20;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The picture: gray, or toned as old prints are. It shows a face of 40 pixels at least. Transparent
    /// parts count as white.
    #[picture(PHOTO)]
    image: Picture,
}

/// The coloured picture.
#[derive(Output)]
pub struct Answer {
    /// The coloured picture, a JPEG.
    image: Base64,
}

impl CpuOperation for ImageColorization {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/effects/image-colorization",
        name: "AI Photo Colorize",
        sign: "image_image_colorization",
        pool: "image_coloring",
        price: 2,
        summary: "Tints the people of a gray or toned picture as prints are tinted by hand: skin, hair, lips and \
                  eyes by their lightness. What surrounds them stays gray.",
        limitations: "The colours are plausible, not those that were. Clothes, hands, things and places stay \
                      gray: their colours need a network for colourisation, which does not ship: an operator can \
                      add one, then everything is coloured. Without it, \
                      a picture without a face is refused with `ERROR_NO_FACE_IN_FILE` for that reason, and \
                      one that has colours already with `ERROR_NO_RECOGNITION_TARGET_DETECTED`.",
        memory: Memory { base: 256 << 20, per_pixel: 8 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(KIT_MODELS).with_choices(&[networks::COLOUR]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = on_white(input.image.decode(work)?);
        let coloured = work.stage("colours", || Ok(tint::has_colour(&photo.rgb)))?;
        if coloured {
            let message = "image has colours already; gray and toned pictures are coloured";
            return Err(Fault::new(Code::NoRecognitionTargetDetected, message));
        }
        tint::gray(&mut photo.rgb);
        if work.vision.colours_pictures() {
            let colours = work.stage("likely", || work.vision.likely_colours(&photo.rgb))?;
            work.stage("tint", || {
                tint::colour(&mut photo.rgb, &colours);
                Ok(())
            })?;
            return Ok(Answer { image: Base64(encoded(&photo, work)?) });
        }
        let kits = faces::kits(work, &photo.rgb, MOST_FACES, LEAST_FACE).map_err(|fault| {
            let without = fault.code() == Code::NoFaceInFile;
            let why = "no face was found in image; what is no person needs a network for \
                       colourisation, which the operator of this server did not add";
            if without { Fault::new(Code::NoFaceInFile, why) } else { fault }
        })?;
        work.stage("tint", || {
            for kit in &kits {
                work.check()?;
                tint::paint(&mut photo.rgb, kit, 1.0);
            }
            Ok(())
        })?;
        Ok(Answer { image: Base64(encoded(&photo, work)?) })
    }
}
