//! Where the parts of a head are, from its hair to its neck.

mod owner;

use image::{GrayImage, RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::components::{components, count_from, grown};
use safelight_imaging::map::{Map, percentile};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Region, lab_of};

use crate::Vision;
use crate::face::{Detection, Parsing, Part, Point, Rect};
use crate::saliency::Saliency;

use owner::{Place, only_own, shrunk};

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

/// Bare skin that is taken for hair: how far beyond the face's colours in a* and b*, and above in L*, it
/// may lie, how far it lies beyond those of the hair, how much rougher than the face it may be, and the
/// least that is looked for, in cells of the parsing.
const SKIN_TONE: f32 = 10.0;
const SKIN_LIGHT: f32 = 15.0;
const NO_HAIR: f32 = 4.0;
const ROUGH: f32 = 1.5;
const LEAST_BARE: usize = 1200;
const BARE_REACH: usize = 7;

/// The head of another face reaches into a square where its box does, so many times as large.
const NEAR: f32 = 2.0;

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
        let (mut mask, mut head) =
            (soft(&parsing, parts, photo, region), soft(&parsing, HEAD, photo, region));
        if count_from(&mask, 128) < LEAST_PART * count_from(&head, 128) {
            return Ok(None);
        }
        within_outline([&mut mask, &mut head], &self.salient_in(photo, region)?.mask);
        let around = imageops::crop_imm(photo, region.x, region.y, region.width, region.height);
        let around = around.to_image();
        let own = Place::of(face.rect, region, head.dimensions());
        without_bare(&mut mask, &parsing, region, &own.with_forehead());
        let whole = Region { x: 0, y: 0, ..region };
        let found = self.detect_faces(&around)?;
        let all = found.iter().map(|other| Place::of(other.rect, whole, head.dimensions()));
        let others: Vec<Place> = all.filter(|other| other.is_beside(&own)).collect();
        only_own(&mut mask, &head, &around, &own, &others);
        if parts.contains(&Part::Skin) {
            own.with_forehead().close(&mut mask);
        }
        Ok(Some(Saliency { mask, region }))
    }

    /// Like [`parse_head`](Self::parse_head), with the heads of the other faces close by as background.
    pub fn parse_own_head(
        &self,
        photo: &RgbImage,
        face: &Detection,
        others: &[Detection],
    ) -> Result<Parsing> {
        let parsing = self.parse_head(photo, face)?;
        let bounds = parsing.bounds();
        let Some(region) = within(bounds, photo.dimensions()) else { return Ok(parsing) };
        let head = soft(&parsing, HEAD, photo, region);
        let place = |face: &Detection| Place::of(face.rect, region, head.dimensions());
        let own = place(face);
        let is_near = |other: &&Detection| other.rect.grown(NEAR).common(&bounds).area() > 0.0;
        let others = others.iter().filter(is_near).map(place);
        let others: Vec<Place> = others.filter(|other| other.is_beside(&own)).collect();
        if others.is_empty() {
            return Ok(parsing);
        }
        let Region { x, y, width, height } = region;
        let around = imageops::crop_imm(photo, x, y, width, height).to_image();
        let mut mask = head.clone();
        only_own(&mut mask, &head, &around, &own, &others);
        let (columns, rows) = head.dimensions();
        Ok(parsing.without(|place| {
            let across = (place.x - x as f32 + 0.5) / width as f32;
            let down = (place.y - y as f32 + 0.5) / height as f32;
            if !(0.0..1.0).contains(&across) || !(0.0..1.0).contains(&down) {
                return false;
            }
            let (column, row) = ((across * columns as f32) as u32, (down * rows as f32) as u32);
            let at =
                |mask: &GrayImage| mask.get_pixel(column.min(columns - 1), row.min(rows - 1)).0[0];
            at(&head) > 0 && at(&mask) == 0
        }))
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

/// Erases what is taken for hair and is bare skin, but for that of the face.
fn without_bare(mask: &mut GrayImage, parsing: &Parsing, region: Region, face: &Place) {
    let Some(bare) = bare_in_hair(parsing.labels(), parsing.pixels()) else { return };
    let (across, down) =
        (region.width as f32 / mask.width() as f32, region.height as f32 / mask.height() as f32);
    for (x, y, value) in mask.enumerate_pixels_mut().filter(|(_, _, value)| value.0[0] > 0) {
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        let place = Point { x: region.x as f32 + x * across, y: region.y as f32 + y * down };
        let cell = parsing.cell(place);
        let inside = cell.x >= 0.0 && cell.y >= 0.0;
        let found = inside.then(|| bare.get_pixel_checked(cell.x as u32, cell.y as u32)).flatten();
        if found.is_some_and(|bare| bare.0[0] > 0) && face.reach(x, y) > 1.1 {
            value.0[0] = 0;
        }
    }
}

/// The cells that are taken for hair and are a bare arm or shoulder: they have the colours of the face's
/// skin and not those of the hair above the eyes, and are as smooth as the face over a large patch. None
/// where there are none. A heuristic.
fn bare_in_hair(labels: &GrayImage, pixels: &RgbImage) -> Option<GrayImage> {
    let (width, height) = labels.dimensions();
    let is =
        |at: usize, parts: &[Part]| parts.iter().any(|&part| labels.as_raw()[at] == part as u8);
    let all = 0..labels.len();
    let eyes = [Part::LeftEye, Part::RightEye, Part::Glasses];
    let eyes = all.clone().find(|&at| is(at, &eyes))? / width as usize;
    let colours: Vec<[f32; 3]> = pixels.pixels().map(|pixel| lab_of(pixel.0)).collect();
    let light = Map {
        width: width as usize,
        height: height as usize,
        values: colours.iter().map(|colour| colour[0]).collect(),
    };
    let rough = light.join(&light.mean(3), |light, mean| (light - mean).abs()).mean(6);
    let skin: Vec<usize> = all.clone().filter(|&at| is(at, &[Part::Skin, Part::Nose])).collect();
    let hair: Vec<usize> =
        all.clone().filter(|&at| is(at, &[Part::Hair]) && at / width as usize <= eyes).collect();
    if skin.is_empty() || hair.is_empty() {
        return None;
    }
    let rank = |cells: &[usize], value: &dyn Fn(usize) -> f32, rank: f32| {
        percentile(&mut cells.iter().map(|&at| value(at)).collect::<Vec<_>>(), rank)
    };
    let range = |cells: &[usize]| {
        [0, 1, 2].map(|i| [0.05, 0.95].map(|r| rank(cells, &|at| colours[at][i], r)))
    };
    let (of_skin, of_hair) = (range(&skin), range(&hair));
    let smooth = ROUGH * rank(&skin, &|at| rough.values[at], 0.5) + 0.5;
    let within = |value: f32, [least, most]: [f32; 2], below: f32, above: f32| {
        (least - below..=most + above).contains(&value)
    };
    let mut found = GrayImage::new(width, height);
    for at in all.filter(|&at| is(at, &[Part::Hair]) && rough.values[at] < smooth) {
        let [l, a, b] = colours[at];
        let is_skin = within(l, of_skin[0], NO_HAIR, SKIN_LIGHT)
            && within(a, of_skin[1], SKIN_TONE, SKIN_TONE)
            && within(b, of_skin[2], SKIN_TONE, SKIN_TONE);
        let is_hair = (0..3).all(|i| within(colours[at][i], of_hair[i], NO_HAIR, NO_HAIR));
        found.as_mut()[at] = if is_skin && !is_hair { 255 } else { 0 };
    }
    let opened = shrunk(&found, BARE_REACH);
    let mut large = GrayImage::new(width, height);
    for piece in components(&opened, |value| value > 0) {
        if piece.cells.len() >= LEAST_BARE {
            piece.paint(&mut large);
        }
    }
    (count_from(&large, 255) > 0.0).then(|| grown(&large, BARE_REACH + 4))
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

/// Takes the outline of parts and head from what is salient around the face, which sees edges finer than
/// the parsing does; not where it does not see the head.
fn within_outline([mask, head]: [&mut GrayImage; 2], salient: &GrayImage) {
    let (width, height) = mask.dimensions();
    let outline = resize::gray(salient, width, height, Filter::Bilinear);
    let on_head = head.iter().zip(outline.iter()).filter(|(head, _)| **head >= 128);
    let (count, seen) =
        on_head.fold((0.0, 0.0), |(n, sum), (_, &v)| (n + 1.0, sum + f64::from(v) / 255.0));
    if seen >= LEAST_SEEN * f64::max(count, 1.0) {
        for mask in [mask, head] {
            mask.iter_mut()
                .zip(outline.iter())
                .for_each(|(value, &edge)| *value = edge.min(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A parsing of dark hair around a face, with a disc of another colour in the hair beside the chin.
    fn with_shoulder(colour: [u8; 3], grain: u8) -> Option<GrayImage> {
        let disc = |x: u32, y: u32| (x as f32 - 110.0).hypot(y as f32 - 400.0) < 60.0;
        let face =
            |x: u32, y: u32| ((x as f32 - 256.0) / 90.0).hypot((y as f32 - 280.0) / 120.0) < 1.0;
        let labels = GrayImage::from_fn(512, 512, |x, y| {
            let eye = y == 250 && (210..230).contains(&x);
            let inside = if eye { Part::LeftEye } else { Part::Skin };
            Luma([if face(x, y) { inside } else { Part::Hair } as u8])
        });
        let pixels = RgbImage::from_fn(512, 512, |x, y| {
            let own = if face(x, y) { [190, 140, 110] } else { [40, 30, 25] };
            let streak = if x / 2 % 2 == 0 { grain } else { 0 };
            image::Rgb(if disc(x, y) { colour.map(|value| value - streak) } else { own })
        });
        bare_in_hair(&labels, &pixels)
    }

    #[test]
    fn a_bare_shoulder_is_no_hair() {
        let found = with_shoulder([205, 150, 115], 0).expect("a shoulder");
        assert_eq!([(110, 400), (420, 400)].map(|(x, y)| found.get_pixel(x, y).0[0]), [255, 0]);
        assert!(with_shoulder([205, 150, 115], 90).is_none(), "light strands stay hair");
        assert!(with_shoulder([70, 90, 160], 0).is_none(), "what is no skin stays");
    }
}
