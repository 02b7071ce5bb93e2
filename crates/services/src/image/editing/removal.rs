//! What the services that remove objects share: the mask's rules, what is never copied, the answer.

use image::GrayImage;
use safelight_effects::complete::{self, Options, complete};
use safelight_effects::patch::Patch;
use safelight_imaging::components::{Component, components, grown};
use safelight_imaging::{ColorModel, Format, Photo};
use safelight_operation::{Code, Fault, Mask, Memory, Picture, Result, Work};
use safelight_vision::{networks, removal as network};

use crate::generated::Edit;

/// What removing takes: the barred parts, the grown mask, the encoded result.
pub const MEMORY: Memory = Memory { base: complete::BASE_BYTES, per_pixel: 11 };
/// The models that tell what is not to be copied.
pub const MODELS: &[&str] = safelight_vision::cutout::PEOPLE_MODELS;

/// What a network of the operator's may do for them.
pub const CHOICES: &[&str] = &[networks::REMOVAL];

/// What these services cannot do.
pub const LIMITATIONS: &str = "The hole is filled from the rest of the photo: surfaces, plants, walls, \
    water and sky go on, but nothing is understood. What must be invented (the rest of a saucer, a hand, \
    a corner where three walls meet) is not. Shadows and reflections stay unless the mask covers them. A mask \
    that covers more than 70 % of the photo is refused (`ERROR_INVALID_FILE`).";

/// Largest share of the photo that a mask may cover.
const LARGEST_MASK: f64 = 0.7;
/// From this value on a cell of a mask of saliency belongs to a subject.
pub const SUBJECT: u8 = 128;
/// Pixels by which subjects are grown before they are barred.
pub const MARGIN: usize = 4;

/// Removes what the mask shows.
///
/// # Errors
/// `ERROR_INVALID_FILE` for a mask that shows nothing or more than 70 % of the photo;
/// `PROCESSING_FAILURE` where too little is left to fill it from.
pub fn remove(
    photo: &mut Photo,
    mask: &GrayImage,
    growth: usize,
    options: &Options,
    work: &Work,
) -> Result<()> {
    check_share(mask)?;
    let hole = grown(mask, growth);
    if work.vision.fills_holes() {
        return work.stage("fill", || fill(photo, &hole, work));
    }
    let barred = work.stage("subjects", || barred(photo, &hole, work))?;
    work.stage("complete", || {
        complete(&mut photo.rgb, &hole, Some(&barred), options, &|| work.check())
    })
}

/// Fills the hole by the network that the operator chose: a part around it in the network's own size, put
/// back inside the hole alone.
fn fill(photo: &mut Photo, hole: &GrayImage, work: &Work) -> Result<()> {
    let Some(patch) = Patch::around(hole, network::SIDE, network::MULTIPLE) else { return Ok(()) };
    let filled = work.vision.fill(&patch.picture(&photo.rgb), &patch.mask(hole, 0))?;
    patch.put_back(&mut photo.rgb, hole, &filled, 1.0).map_err(|misfit| {
        let message = format!("what the network made does not fit the photo: {misfit}");
        Fault::new(Code::ProcessingFailure, message)
    })
}

/// What an engine is asked for that removes what the mask shows; without `growth` it is grown as usual.
pub fn by_engine(
    image: &Picture,
    mask: &Mask,
    growth: Option<usize>,
    work: &Work,
) -> Result<Option<Edit>> {
    let photo = image.decode(work)?;
    let mask = mask.decode(work)?;
    check_share(&mask)?;
    let growth = growth.unwrap_or_else(|| usual_growth(&photo));
    let mask = work.stage("mask", || Ok(grown(&mask, growth)))?;
    Ok(Some(Edit::of(photo, Some(mask), Vec::new())))
}

/// By how many pixels a mask is grown where the request does not say: drawn masks are tight.
pub fn usual_growth(photo: &Photo) -> usize {
    let long = photo.rgb.width().max(photo.rgb.height());
    ((long as f32 * 0.004).round() as usize).max(3)
}

/// `ERROR_INVALID_FILE` for a mask that shows nothing or more than 70 % of the photo.
pub fn check_share(mask: &GrayImage) -> Result<()> {
    let share = mask.iter().filter(|&&value| value > 0).count() as f64 / mask.len().max(1) as f64;
    let message = if share == 0.0 {
        "mask is empty: white shows what is removed"
    } else if share > LARGEST_MASK {
        "mask covers more than 70 % of the photo"
    } else {
        return Ok(());
    };
    Err(Fault::new(Code::InvalidFile, message))
}

/// `ERROR_INVALID_FILE` for a mask that is no opaque 8-bit PNG of gray values without a colour profile,
/// as the vendor asks of some services.
pub fn check_strictly(mask: &Mask, work: &Work) -> Result<()> {
    let (picture, header) = (mask.picture(), mask.picture().header());
    let refuse = |what: &str| Err(Fault::new(Code::InvalidFile, format!("mask {what}")));
    if header.format != Format::Png {
        return refuse(&format!("is a {}, it must be a PNG", header.format.name()));
    }
    if header.bits != 8 || header.color == ColorModel::Palette {
        return refuse("must have 8 bits for each channel and no palette");
    }
    if has_profile(picture) {
        return refuse("has a colour profile, it must have none");
    }
    let Photo { rgb, alpha } = picture.decode(work)?;
    if rgb.pixels().any(|pixel| pixel.0[0] != pixel.0[1] || pixel.0[1] != pixel.0[2]) {
        return refuse("has colours, it must be gray");
    }
    if alpha.is_some_and(|alpha| alpha.iter().any(|&alpha| alpha < 255)) {
        return refuse("has transparent pixels, it must be opaque");
    }
    Ok(())
}

/// Whether a PNG has an ICC profile: a chunk iCCP before its pixels.
fn has_profile(picture: &Picture) -> bool {
    let mut rest = picture.bytes().get(8..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        match after.get(..4) {
            Some(b"iCCP") => return true,
            None | Some(b"IDAT") => return false,
            Some(_) => {}
        }
        rest = after.get(u32::from_be_bytes(*length) as usize + 8..).unwrap_or_default();
    }
    false
}

/// What is never copied: people, the subject that the mask lies on, and what is transparent. A person or a
/// subject that makes up more than half of the mask's rim is its background, and is copied.
fn barred(photo: &Photo, hole: &GrayImage, work: &Work) -> Result<GrayImage> {
    let (width, height) = hole.dimensions();
    let mut barred = GrayImage::new(width, height);
    let wider = grown(hole, MARGIN);
    let is_rim = |at: usize| wider.as_raw()[at] > 0 && hole.as_raw()[at] == 0;
    let rim = (0..hole.len()).filter(|&at| is_rim(at)).count();
    let is_ground =
        |piece: &Component| piece.cells.iter().filter(|&&at| is_rim(at as usize)).count() * 2 > rim;
    let touches = |piece: &Component| piece.cells.iter().any(|&at| hole.as_raw()[at as usize] > 0);
    if let Some(people) = work.vision.people(&photo.rgb)? {
        let people = people.subject.at_size(width, height)?;
        let people = components(&people, |value| value >= SUBJECT);
        people.iter().filter(|person| !is_ground(person)).for_each(|p| p.paint(&mut barred));
    }
    let subjects = work.vision.salient(&photo.rgb)?.at_size(width, height)?;
    for subject in components(&subjects, |value| value >= SUBJECT) {
        if touches(&subject) && !is_ground(&subject) {
            subject.paint(&mut barred);
        }
    }
    let mut barred = grown(&barred, MARGIN);
    if let Some(alpha) = &photo.alpha {
        let transparent = barred.iter_mut().zip(alpha.iter()).filter(|(_, alpha)| **alpha < 128);
        transparent.for_each(|(barred, _)| *barred = 255);
    }
    Ok(barred)
}
