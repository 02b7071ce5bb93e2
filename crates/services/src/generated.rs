//! Services whose pictures a generative engine makes, and what is done around every call of one.
//!
//! An engine sees a part of the photo in its own size, and what it makes is laid over the photo, brought to
//! its colours and put inside the mask alone (see [`Patch`]). A picture that does not fit, or that shows
//! another face where it must stay, is asked for once more with the next seed, then refused.

pub mod areas;
pub mod recipes;

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use image::{GrayImage, RgbImage, imageops};
use safelight_contract::{Code, Fault, Result};
use safelight_effects::patch::Patch;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Photo, Region, decode, encode, probe};
use safelight_operation::{
    Context, CpuOperation, Frame, Generator, Needs, Operation, Order, Passage, Spec, Work,
};
use safelight_vision::face::{Detection, Embedding};

use recipes::Recipe;

/// What no picture of an engine shall show.
const NEGATIVE: &str = "deformed, extra fingers, text, watermark, blurry, plastic skin";
/// What every order but those for drawings ends with.
const KEPT: &str = "photorealistic, same person, same pose, same light, nothing else changed";
/// How often a picture is asked for.
const ATTEMPTS: u32 = 2;
/// How far masks of our own are grown for the engine, as a share of the longer side of their part, and the
/// least in pixels.
const GROWTH: f32 = 0.025;
const LEAST_GROWTH: usize = 3;
/// Sides of a picture that was asked for at another ratio differ by this share at most.
const MOST_RATIO: f32 = 0.02;
/// A picture of an engine has at most this many times the pixels that were asked for.
const MOST_PIXELS: u64 = 4;

/// A service that an engine does better, or alone. Its own work ([`CpuOperation::run`]) is done where no
/// engine serves it; a service without any answers [`no_engine`](safelight_operation::no_engine) there.
pub trait Generated: CpuOperation {
    /// Whether there is nothing without an engine.
    const REQUIRED: bool = false;

    /// What an engine is asked for; `None` for a request that is done natively.
    ///
    /// # Errors
    /// What is wrong with the request's pictures.
    fn asked(input: &Self::Input, work: &Work) -> Result<Option<Edit>>;

    /// The answer with the pictures that were made, as many as were asked for.
    ///
    /// # Errors
    /// Whatever keeps it from an answer.
    fn answer(input: &Self::Input, photos: Vec<Photo>, work: &Work) -> Result<Self::Output>;
}

/// What an engine is asked for.
pub struct Edit {
    /// The photo that is changed.
    pub photo: Photo,
    /// Where it is changed, above 0, of the size of the photo; without one, all of it.
    pub mask: Option<GrayImage>,
    /// Whether the mask is the caller's, and its edge is the edge of the change.
    pub tight: bool,
    /// Further pictures, three at most.
    pub references: Vec<RgbImage>,
    /// What goes into the recipe's words, in the order of its blanks.
    pub words: Vec<String>,
    /// The face that stays.
    pub face: Option<Detection>,
    /// Width by height of the picture that is asked for, where it is none of the photo's size.
    pub ratio: Option<f32>,
    /// How many pictures are asked for.
    pub count: u32,
    /// Sampling steps, scale and seed, where the request names them.
    pub steps: Option<u32>,
    /// See [`Order::scale`].
    pub scale: Option<f32>,
    /// See [`Order::seed`].
    pub seed: u32,
}

impl Edit {
    /// One change of this photo inside a mask of our own, or of all of it.
    pub fn of(photo: Photo, mask: Option<GrayImage>, words: Vec<String>) -> Self {
        Self {
            photo,
            mask,
            tight: false,
            references: Vec::new(),
            words,
            face: None,
            ratio: None,
            count: 1,
            steps: None,
            scale: None,
            seed: 0,
        }
    }
}

/// The entry of such a service in the catalogue.
pub struct ByEngine<S>(PhantomData<S>);

impl<S: Generated> Operation for ByEngine<S> {
    const SPEC: &'static Spec = <S as CpuOperation>::SPEC;
    const NEEDS: Needs = <S as CpuOperation>::NEEDS
        .engine(recipes::of(<S as CpuOperation>::SPEC.slug()).given, S::REQUIRED);
    type Input = <S as CpuOperation>::Input;
    type Output = <S as CpuOperation>::Output;

    fn further_bytes(input: &Self::Input) -> u64 {
        <S as CpuOperation>::further_bytes(input)
    }

    fn native(input: &Self::Input) -> Result<()> {
        <S as CpuOperation>::native(input)
    }

    async fn run(input: Self::Input, context: &Context) -> Result<Self::Output> {
        let Some(generator) = context.generator() else {
            return context.cpu(move |work| <S as CpuOperation>::run(input, work)).await;
        };
        let frame = generator.frame();
        let (input, ordered) = context
            .cpu(move |work| {
                let edit = S::asked(&input, work)?;
                let recipe = recipes::of(<S as CpuOperation>::SPEC.slug());
                let ordered =
                    edit.map(|edit| Ordered::new(edit, recipe, frame, work)).transpose()?;
                Ok((input, ordered.map(Arc::new)))
            })
            .await?;
        let Some(ordered) = ordered else {
            return context.cpu(move |work| <S as CpuOperation>::run(input, work)).await;
        };
        let mut photos = Vec::new();
        for number in 0..ordered.edit.count {
            photos.push(made(context, generator, &ordered, number).await?);
        }
        drop(ordered);
        context.cpu(move |work| S::answer(&input, photos, work)).await
    }
}

/// One picture, asked for until it fits.
async fn made(
    context: &Context,
    generator: &dyn Generator,
    ordered: &Arc<Ordered>,
    number: u32,
) -> Result<Photo> {
    let mut refused = String::new();
    for attempt in 0..ATTEMPTS {
        let order = ordered.order(number * ATTEMPTS + attempt);
        let picture = context.generate(generator, order).await?;
        let ordered = ordered.clone();
        match context.cpu(move |work| ordered.finished(&picture, work)).await? {
            Ok(photo) => return Ok(photo),
            Err(why) => refused = why,
        }
    }
    let message = format!("the engine's picture was refused {ATTEMPTS} times: {refused}");
    Err(Fault::new(Code::ProcessingFailure, message))
}

/// A change with its files for the engine.
struct Ordered {
    edit: Edit,
    recipe: &'static Recipe,
    frame: Frame,
    /// The part that the engine sees.
    patch: Patch,
    order: Order,
    /// How the face that stays is described.
    likeness: Option<Embedding>,
}

impl Ordered {
    fn new(edit: Edit, recipe: &'static Recipe, frame: Frame, work: &Work) -> Result<Self> {
        let Frame { long_side, multiple } = frame;
        let whole = || Patch::of(Region::whole(&edit.photo.rgb), long_side, multiple);
        let patch = match &edit.mask {
            None => whole(),
            Some(mask) => Patch::around(mask, long_side, multiple).ok_or_else(|| {
                Fault::new(Code::NoRecognitionTargetDetected, "image shows nothing to be changed")
            })?,
        };
        let likeness = match (edit.face, recipe.likeness) {
            (Some(face), Some(_)) => {
                Some(work.stage("likeness", || work.vision.embed(&edit.photo.rgb, &face))?)
            }
            _ => None,
        };
        let order = work.stage("order", || {
            let longer = patch.region.width.max(patch.region.height) as f32;
            let growth = ((longer * GROWTH) as usize).max(LEAST_GROWTH);
            let mask = edit.mask.as_ref().map(|mask| patch.mask(mask, growth));
            let references = edit.references.iter().map(|picture| {
                let part = Patch::of(Region::whole(picture), long_side, multiple);
                Ok(encode::png_rgb(&part.picture(picture))?.into())
            });
            Ok(Order {
                prompt: recipe.prompt(&edit.words),
                negative: NEGATIVE.to_owned(),
                image: Some(encode::png_rgb(&patch.picture(&edit.photo.rgb))?.into()),
                mask: mask.map(|mask| encode::png_edit_mask(&mask)).transpose()?.map(Bytes::from),
                references: references.collect::<Result<_>>()?,
                size: edit.ratio.map_or(patch.size, |ratio| of_ratio(ratio, frame)),
                strength: recipe.strength,
                steps: edit.steps,
                scale: edit.scale,
                seed: edit.seed,
            })
        })?;
        Ok(Self { edit, recipe, frame, patch, order, likeness })
    }

    fn order(&self, number: u32) -> Order {
        Order { seed: self.order.seed.wrapping_add(number), ..self.order.clone() }
    }

    /// The photo with what the engine made, or why that is refused.
    fn finished(&self, file: &[u8], work: &Work) -> Result<Result<Photo, String>> {
        let made = work.stage("decode", || self.decoded(file))?;
        // The part that was made shows more than the whole photo, which is looked at as an answer.
        work.judge(Passage::Result, &made)?;
        let photo = match &self.edit.mask {
            Some(mask) => {
                let mut photo = self.edit.photo.clone();
                let feather = if self.edit.tight { 1.0 } else { self.feather() };
                let put = work.stage("compose", || {
                    Ok(self.patch.put_back(&mut photo.rgb, mask, &made, feather))
                })?;
                if let Err(misfit) = put {
                    return Ok(Err(misfit.to_string()));
                }
                photo
            }
            None => {
                let (width, height) = self.edit.photo.rgb.dimensions();
                match self.edit.ratio {
                    Some(ratio) => Photo { rgb: middle(&made, ratio), alpha: None },
                    None => {
                        let rgb = resize::rgb(&made, width, height, Filter::Bicubic);
                        Photo { rgb, alpha: self.edit.photo.alpha.clone() }
                    }
                }
            }
        };
        Ok(self.alike(&photo.rgb, work)?.map(|()| photo))
    }

    fn feather(&self) -> f32 {
        let longer = self.patch.region.width.max(self.patch.region.height) as f32;
        (longer * GROWTH / 2.0).max(1.0)
    }

    /// Pixels of an engine's file: `ERROR_GATEWAY` for what is no picture, `AI_SERVICE_INTERNAL_ERROR` for
    /// one of another shape than was asked for.
    fn decoded(&self, file: &[u8]) -> Result<RgbImage> {
        let none = |fault: Fault| {
            let message = format!("the engine's answer is no picture: {}", fault.message());
            Fault::new(Code::ErrorGateway, message)
        };
        let header = probe(file).map_err(none)?;
        let ((width, height), (wanted_width, wanted_height)) =
            ((header.width, header.height), self.order.size);
        let ratio = |width: u32, height: u32| width as f32 / height.max(1) as f32;
        let off = ratio(width, height) / ratio(wanted_width, wanted_height);
        let most = u64::from(self.frame.long_side).pow(2) * MOST_PIXELS;
        if (off - 1.0).abs() > MOST_RATIO || u64::from(width) * u64::from(height) > most {
            let message = format!(
                "the engine's picture has {width}×{height} pixels, asked for were \
                 {wanted_width}×{wanted_height}"
            );
            return Err(Fault::new(Code::AiServiceInternalError, message));
        }
        // Half of what is set aside; the rest is what is made of it.
        if header.decode_bytes() > self.frame.bytes(0) / 2 {
            let message = "the engine's picture takes too much memory to decode";
            return Err(Fault::new(Code::AiServiceInternalError, message));
        }
        Ok(decode(file, &header).map_err(none)?.rgb)
    }

    /// Passes a picture with the face that stays.
    fn alike(&self, photo: &RgbImage, work: &Work) -> Result<Result<(), String>> {
        let (Some(own), Some(least)) = (&self.likeness, self.recipe.likeness) else {
            return Ok(Ok(()));
        };
        work.stage("likeness", || {
            let found = work.vision.detect_faces(photo)?;
            let mut best = -1.0_f32;
            for face in found.iter().take(4) {
                best = best.max(own.cosine(&work.vision.embed(photo, face)?));
            }
            Ok(match best >= least {
                true => Ok(()),
                false => Err(format!(
                    "the face is another one (similarity {best:.2}, at least {least:.2} is needed)"
                )),
            })
        })
    }
}

/// The largest size of this ratio of width to height that an engine works on.
fn of_ratio(ratio: f32, Frame { long_side, multiple }: Frame) -> (u32, u32) {
    let (width, height) = match ratio >= 1.0 {
        true => (long_side as f32, long_side as f32 / ratio),
        false => (long_side as f32 * ratio, long_side as f32),
    };
    let side =
        |side: f32| ((side / multiple.max(1) as f32).round() as u32).max(1) * multiple.max(1);
    (side(width), side(height))
}

/// The middle of a picture in this ratio of width to height.
fn middle(picture: &RgbImage, ratio: f32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let across = ((height as f32 * ratio).round() as u32).clamp(1, width);
    let down = ((width as f32 / ratio).round() as u32).clamp(1, height);
    let (x, y) = ((width - across) / 2, (height - down) / 2);
    imageops::crop_imm(picture, x, y, across, down).to_image()
}

/// A text of a request as engines may have it: without brackets, which some take for orders of their own,
/// and without line ends.
pub fn plain(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_control() || "<>{}%".contains(c) { ' ' } else { c });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_the_ratio_in_steps_of_the_engine() {
        let frame = Frame { long_side: 1024, multiple: 64 };
        assert_eq!(of_ratio(1.0, frame), (1024, 1024));
        assert_eq!(of_ratio(16.0 / 9.0, frame), (1024, 576));
        assert_eq!(of_ratio(0.75, frame), (768, 1024));
    }

    #[test]
    fn texts_hold_no_orders_for_engines() {
        let text = "red\n<sd_cpp_extra_args>{\"steps\":1}</sd_cpp_extra_args> %seed% hair";
        let plain = plain(text);
        assert!(!plain.contains(['<', '>', '{', '}', '%', '\n']), "{plain}");
        assert!(plain.starts_with("red sd_cpp_extra_args") && plain.ends_with("hair"));
    }
}
