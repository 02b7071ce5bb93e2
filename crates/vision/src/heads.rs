//! Where the parts of a head are, from its hair to its neck.

use image::{GrayImage, RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::components::{components, count_from, grown};
use safelight_imaging::map::percentile;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Region, lab_of};

use crate::Vision;
use crate::face::{Detection, Parsing, Part, Rect};
use crate::saliency::Saliency;

/// How much larger the square that is looked at is than that for the face's features: long hair and
/// the neck reach beyond.
const WIDER: f32 = 1.25;
/// Longest side of the mask that matting starts from.
const MASK_SIDE: u32 = 512;

/// The parsing's probabilities are steepened by this around one half: its grid is coarse, so that
/// they waver over wider strips than edges are.
const STEEPER: f32 = 4.0;
/// Parts that are less than this share of the head are hardly seen.
const LEAST_PART: f32 = 0.03;
/// The outline is taken from what is salient where that covers this share of the head.
const LEAST_SEEN: f64 = 0.8;

/// What is taken for a hat and covers less than this share of the hair may be hair.
const LITTLE_HAT: usize = 3;
/// Its median may lie so far beyond the middle nine tenths of the hair's colours, in CIE L*a*b*.
const OTHER_COLOUR: f32 = 4.0;

/// All that belongs to a head with its neck.
pub const HEAD: &[Part] = &[
    Part::Skin,
    Part::LeftBrow,
    Part::RightBrow,
    Part::LeftEye,
    Part::RightEye,
    Part::Glasses,
    Part::LeftEar,
    Part::RightEar,
    Part::Earring,
    Part::Nose,
    Part::Mouth,
    Part::UpperLip,
    Part::LowerLip,
    Part::Neck,
    Part::Necklace,
    Part::Hair,
    Part::Hat,
];

impl Vision {
    /// Where these parts of the head with this face are, soft at their edges. Parts of other heads
    /// close by do not count; a little of what is taken for a hat counts as hair where it has the hair's
    /// colours. None where the square around the face lies outside the photo, or the
    /// parts are hardly seen: some strands below a hat.
    pub fn head_parts(
        &self,
        photo: &RgbImage,
        face: &Detection,
        parts: &[Part],
    ) -> Result<Option<Saliency>> {
        let parsing = self.parse_head(photo, face)?;
        let Some(region) = within(parsing.bounds(), photo.dimensions()) else { return Ok(None) };
        let with_hat = [parts, &[Part::Hat]].concat();
        let is_doubtful = parts.contains(&Part::Hair) && !parts.contains(&Part::Hat);
        let parts = if is_doubtful && hat_is_hair(&parsing) { &with_hat } else { parts };
        let (mut mask, head) =
            (soft(&parsing, parts, photo, region), soft(&parsing, HEAD, photo, region));
        if count_from(&mask, 128) < LEAST_PART * count_from(&head, 128) {
            return Ok(None);
        }
        only_own(&mut mask, &head, face, region);
        within_outline(&mut mask, &head, &self.salient_in(photo, region)?.mask);
        Ok(Some(Saliency { mask, region }))
    }

    /// The parts of a face in a square that is wide enough for long hair and hats.
    pub fn parse_head(&self, photo: &RgbImage, face: &Detection) -> Result<Parsing> {
        self.parse_face(photo, &Detection { rect: face.rect.grown(WIDER), ..*face })
    }
}

/// Whether what is taken for a hat is hair: shaded curls are, now and then. A heuristic: there is little of
/// it, and its colours are among the hair's.
fn hat_is_hair(parsing: &Parsing) -> bool {
    let (labels, pixels) = (parsing.labels(), parsing.pixels());
    let is = |label: u8, part: Part| label == part as u8;
    // Below the face lie clothes.
    let lowest = labels
        .rows()
        .enumerate()
        .filter(|(_, row)| row.clone().any(|label| is(label.0[0], Part::Skin)));
    let lowest = lowest.map(|(y, _)| y as u32).max().unwrap_or_default();
    let colours = |part: Part| -> Vec<[f32; 3]> {
        let cells =
            labels.enumerate_pixels().filter(|(_, y, label)| *y < lowest && is(label.0[0], part));
        cells.map(|(x, y, _)| lab_of(pixels.get_pixel(x, y).0)).collect()
    };
    let (hat, hair) = (colours(Part::Hat), colours(Part::Hair));
    let channel = |colours: &[[f32; 3]], channel: usize, rank: f32| {
        percentile(&mut colours.iter().map(|colour| colour[channel]).collect::<Vec<_>>(), rank)
    };
    let is_among = |at: usize| {
        let (least, most) = (channel(&hair, at, 0.05), channel(&hair, at, 0.95));
        (least - OTHER_COLOUR..=most + OTHER_COLOUR).contains(&channel(&hat, at, 0.5))
    };
    !hat.is_empty() && hat.len() * LITTLE_HAT < hair.len() && (0..3).all(is_among)
}

/// The pixels of the photo inside a box.
fn within(bounds: Rect, (width, height): (u32, u32)) -> Option<Region> {
    let all = Rect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    let common = bounds.common(&all);
    let (x, y) = (common.x as u32, common.y as u32);
    let right = (common.right().ceil() as u32).min(width);
    let bottom = (common.bottom().ceil() as u32).min(height);
    let region = Region { x, y, width: right.checked_sub(x)?, height: bottom.checked_sub(y)? };
    (region.width > 0 && region.height > 0).then_some(region)
}

/// How likely each place of a region belongs to these parts, small enough for matting.
fn soft(parsing: &Parsing, parts: &[Part], photo: &RgbImage, region: Region) -> GrayImage {
    let Region { x, y, width, height } = region;
    let all = parsing.soft_mask(parts, photo.width(), photo.height());
    let own = imageops::crop_imm(&all, x, y, width, height).to_image();
    let longer = width.max(height).max(MASK_SIDE);
    let scaled = |side: u32| (side * MASK_SIDE / longer).max(1);
    let mut mask = resize::gray(&own, scaled(width), scaled(height), Filter::Area);
    for value in mask.iter_mut() {
        *value = ((f32::from(*value) - 127.5) * STEEPER + 127.5).clamp(0.0, 255.0) as u8;
    }
    mask
}

/// Takes the outline from what is salient around the face, which sees edges finer than the parsing
/// does; not where it does not see the head.
fn within_outline(mask: &mut GrayImage, head: &GrayImage, salient: &GrayImage) {
    let (width, height) = mask.dimensions();
    let outline = resize::gray(salient, width, height, Filter::Bilinear);
    let on_head = head.iter().zip(outline.iter()).filter(|(head, _)| **head >= 128);
    let (count, seen) =
        on_head.fold((0.0, 0.0), |(n, sum), (_, &v)| (n + 1.0, sum + f64::from(v) / 255.0));
    if seen >= LEAST_SEEN * f64::max(count, 1.0) {
        mask.iter_mut().zip(outline.iter()).for_each(|(value, &edge)| *value = edge.min(*value));
    }
}

/// Erases what belongs to the head of somebody else: all that does not hang together with this face
/// through parts of a head.
fn only_own(mask: &mut GrayImage, head: &GrayImage, face: &Detection, region: Region) {
    let cell = |at: f32, start: u32, length: u32, cells: u32| {
        let share = (at - start as f32) / length as f32;
        ((share * cells as f32) as u32).min(cells - 1)
    };
    let centre = face.rect.centre();
    let (width, height) = head.dimensions();
    let x = cell(centre.x, region.x, region.width, width);
    let y = cell(centre.y, region.y, region.height, height);
    let mut own = GrayImage::new(width, height);
    for piece in components(head, |value| value >= 128) {
        if piece.cells.contains(&(y * width + x)) {
            piece.paint(&mut own);
        }
    }
    // With the soft edge around it.
    let own = grown(&own, (width.max(height) / 24).max(2) as usize);
    for (value, &own) in mask.iter_mut().zip(own.iter()) {
        *value = if own > 0 { *value } else { 0 };
    }
}
