//! How much of each region of a face is hidden: by what the parser calls hair, hat, cloth or background; by
//! what has not the colour of the face; by what is as plain as no face is; where the parser does not find
//! the part that belongs there; and by a mask. How sharp the face is comes first: the parser fails on
//! blurred and heavily compressed faces, whose fault is not a cover.

use image::{GrayImage, Rgb, RgbImage};
use safelight_contract::Result;
use safelight_imaging::lab_of;
use safelight_imaging::map::percentile;

use super::super::hull::Hull;
use super::super::parsing::SIDE;
use super::super::{Face, Mesh, Parsing, Part, Point, Rect};

/// A region of the face; left and right as seen in an upright picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// The eye on the left, with its lids.
    LeftEye,
    /// The eye on the right, with its lids.
    RightEye,
    /// The nose.
    Nose,
    /// The lips and what is between them.
    Mouth,
    /// The cheek on the left.
    LeftCheek,
    /// The cheek on the right.
    RightCheek,
    /// The chin.
    Chin,
}

impl Region {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Region; 7] = [
        Region::LeftEye,
        Region::RightEye,
        Region::Nose,
        Region::Mouth,
        Region::LeftCheek,
        Region::RightCheek,
        Region::Chin,
    ];

    /// The name in messages and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Region::LeftEye => "left_eye",
            Region::RightEye => "right_eye",
            Region::Nose => "nose",
            Region::Mouth => "mouth",
            Region::LeftCheek => "left_cheek",
            Region::RightCheek => "right_cheek",
            Region::Chin => "chin",
        }
    }

    /// Points of the mesh whose convex hull is the region.
    pub const fn points(self) -> &'static [usize] {
        match self {
            Region::LeftEye => &[33, 160, 159, 158, 133, 153, 145, 144],
            Region::RightEye => &[362, 385, 386, 387, 263, 373, 374, 380],
            Region::Nose => &[
                168, 122, 196, 174, 198, 49, 48, 115, 220, 45, 4, 275, 440, 344, 278, 279, 420,
                399, 419, 351,
            ],
            Region::Mouth => &[
                61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181,
                91, 146,
            ],
            Region::LeftCheek => &[116, 117, 118, 101, 36, 205, 187, 123],
            Region::RightCheek => &[345, 346, 347, 330, 266, 425, 411, 352],
            Region::Chin => &[
                43, 106, 182, 83, 18, 313, 406, 335, 273, 422, 430, 394, 379, 378, 400, 377, 152,
                148, 176, 149, 150, 169, 210, 202,
            ],
        }
    }

    /// Whether a part is the one that belongs in the region; None where that is skin like the rest.
    fn own_part(self) -> Option<fn(Part) -> bool> {
        match self {
            Region::LeftEye | Region::RightEye => {
                Some(|part| matches!(part, Part::LeftEye | Part::RightEye | Part::Glasses))
            }
            Region::Nose => Some(|part| matches!(part, Part::Nose)),
            Region::Mouth => {
                Some(|part| matches!(part, Part::Mouth | Part::UpperLip | Part::LowerLip))
            }
            _ => None,
        }
    }

    /// How much larger than those points the region is: lids belong to an eye, and the edges of the
    /// parser's parts, half a place of its grid wide, must not hide a narrow mouth.
    const fn margin(self) -> f32 {
        match self {
            Region::LeftEye | Region::RightEye => 1.5,
            Region::Mouth => 0.85,
            _ => 1.0,
        }
    }
}

/// How much of each region is hidden, 0..1, in the order of [`Region::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Occlusion(pub [f32; 7]);

/// What tells from skin: a distance from the face's own colour in a* and b*, as a share of how far that is
/// from gray, within these bounds, the upper of which grows with vivid skin.
const CHROMA: f32 = 0.8;
const CHROMAS: [f32; 2] = [9.0, 16.0];
const VIVID: f32 = 0.45;
/// So many times as much where blur and compression mix the colours.
const MIXED: f32 = 1.3;
/// What is darker than this share of the skin's lightness is neither skin nor lip; of glasses, rims are
/// dark, and darker lenses hide the eyes.
const LEAST_LIGHT: f32 = 0.33;
const LEAST_GLASS_LIGHT: f32 = 0.2;
/// From this blur and compression on the parser loses parts of the face, and colours alone count.
const MOST_UNCLEAR: f32 = 0.25;
/// From this compression on the colours are those of blocks.
const MOST_COMPRESSED: f32 = 0.6;
/// A mask is taken for one above this probability, and a region for covered.
const MASKED: f32 = 0.5;
/// Places this many cells apart that differ by no more than this are plain.
const PLAIN_DISTANCE: u32 = 8;
const PLAIN_STEP: u8 = 1;
/// From this value on it is the light that makes a place plain.
const OVEREXPOSED: u8 = 250;
/// A region is covered where this much of it is plain, and so much more than of the others.
const LEAST_PLAIN: f32 = 0.6;
const PLAINER: f32 = 0.4;
/// A region without its own part has less than this share of it, and counts as hidden by this much.
const LEAST_OWN: f32 = 0.15;
const WITHOUT_OWN: f32 = 0.7;

/// What a face is clear enough for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clarity {
    /// Parts and colours tell what hides it.
    Clear,
    /// Colours alone do.
    Unclear,
    /// Nothing does.
    Lost,
}

impl Clarity {
    /// Of a face of this blur and compression, as in [`super::Quality`].
    pub fn of(blur: f32, compression: f32) -> Self {
        if compression > MOST_COMPRESSED {
            Self::Lost
        } else if blur.max(compression) > MOST_UNCLEAR {
            Self::Unclear
        } else {
            Self::Clear
        }
    }
}

impl Occlusion {
    /// Of one region, 0..1.
    pub fn of_region(&self, region: Region) -> f32 {
        self.0[region as usize]
    }

    /// The region that is hidden most, and how much.
    pub fn most(&self) -> (Region, f32) {
        let pairs = Region::ALL.into_iter().zip(self.0);
        pairs.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((Region::Nose, 0.0))
    }

    /// Of a face whose square of the parsing shows `calm` when noise is smoothed away.
    pub(super) fn of(face: &Face, calm: &RgbImage, clarity: Clarity) -> Result<Self> {
        if clarity == Clarity::Lost {
            return Ok(Self::default());
        }
        let (mesh, parsing) = (face.mesh()?, face.parsing()?);
        let skin = own_skin(calm, mesh, parsing);
        let (clear, chroma) = (clarity == Clarity::Clear, skin[1].hypot(skin[2]));
        let highest = CHROMAS[1].max(VIVID * chroma);
        let most_chroma = match clear {
            true => (CHROMA * chroma).clamp(CHROMAS[0], highest),
            false => highest * MIXED,
        };
        let plain = plain(parsing.pixels());
        let look = Look { calm, parsing, photo: face.photo(), plain, clear, skin, most_chroma };
        let seen = Region::ALL.map(|region| look.region(region, mesh));
        let usual = percentile(&mut seen.map(|seen| seen.plain), 0.5);
        Ok(Self(seen.map(|seen| match seen.plain {
            plain if clear && plain > LEAST_PLAIN.max(usual + PLAINER) => seen.hidden.max(plain),
            _ => seen.hidden,
        })))
    }

    /// With what a mask of this probability hides, 0..1: nose, mouth and chin, where none of them is hidden
    /// to the eye, since the parser guesses under masks.
    pub(super) fn masked(mut self, mask: f32) -> Self {
        const UNDER: [Region; 3] = [Region::Nose, Region::Mouth, Region::Chin];
        let seen = UNDER.iter().any(|&region| self.of_region(region) > MASKED);
        if mask > MASKED && !seen {
            for region in UNDER {
                self.0[region as usize] = self.0[region as usize].max(mask);
            }
        }
        self
    }
}

/// Places all over the face as points of the mesh: most of them show skin, whatever hides the others.
const PLACES: [&[usize]; 12] = [
    &[10, 338, 297, 299, 337, 151, 108, 69, 67, 109],
    &[54, 103, 67, 69, 104, 68],
    &[284, 332, 297, 299, 333, 298],
    &[168, 122, 196, 197, 419, 351],
    &[31, 228, 229, 230, 120, 119, 118, 117],
    &[261, 448, 449, 450, 349, 348, 347, 346],
    &[116, 117, 118, 101, 36, 205, 187, 123],
    &[345, 346, 347, 330, 266, 425, 411, 352],
    &[49, 198, 4, 420, 279],
    &[201, 200, 421, 428, 199, 208, 396, 171],
    &[147, 187, 207, 214, 192, 213],
    &[376, 411, 427, 434, 416, 433],
];
/// Of a place this many cells must lie in the square.
const LEAST_CELLS: usize = 30;

/// The colour of the face's own skin, L*a*b*: the median of the medians of its places, so that no cover
/// passes for skin by its size.
fn own_skin(calm: &RgbImage, mesh: &Mesh, parsing: &Parsing) -> [f32; 3] {
    let median = |points: &&[usize]| {
        let hull = Hull::of(points.iter().map(|&i| parsing.cell(mesh.point(i))));
        let mut channels: [Vec<f32>; 3] = Default::default();
        for (x, y) in hull.cells(SIDE) {
            let Rgb(pixel) = *calm.get_pixel(x, y);
            channels.iter_mut().zip(lab_of(pixel)).for_each(|(all, value)| all.push(value));
        }
        let seen = channels[0].len() >= LEAST_CELLS;
        seen.then(|| channels.map(|mut all| percentile(&mut all, 0.5)))
    };
    let medians: Vec<[f32; 3]> = PLACES.iter().filter_map(median).collect();
    std::array::from_fn(|channel| {
        percentile(&mut medians.iter().map(|lab| lab[channel]).collect::<Vec<_>>(), 0.5)
    })
}

/// 255 where a picture is the same across and down.
fn plain(pixels: &RgbImage) -> GrayImage {
    let light = image::imageops::grayscale(pixels);
    let (width, height) = light.dimensions();
    GrayImage::from_fn(width, height, |x, y| {
        let here = light.get_pixel(x, y).0[0];
        let same = |x: Option<u32>, y: Option<u32>| {
            let other = x.zip(y).and_then(|(x, y)| light.get_pixel_checked(x, y));
            other.is_some_and(|pixel| pixel.0[0].abs_diff(here) <= PLAIN_STEP)
        };
        let around = |at: u32| [at.checked_sub(PLAIN_DISTANCE), Some(at + PLAIN_DISTANCE)];
        let across = around(x).into_iter().any(|x| same(x, Some(y)));
        let down = around(y).into_iter().any(|y| same(Some(x), y));
        image::Luma([if across && down && here < OVEREXPOSED { 255 } else { 0 }])
    })
}

/// What hides a place is judged by.
struct Look<'a> {
    calm: &'a RgbImage,
    parsing: &'a Parsing,
    photo: &'a RgbImage,
    plain: GrayImage,
    clear: bool,
    skin: [f32; 3],
    most_chroma: f32,
}

/// What is seen of a region, as shares of it.
#[derive(Clone, Copy, Default)]
struct Seen {
    hidden: f32,
    plain: f32,
}

/// Cells counted.
#[derive(Default)]
struct Count {
    all: u32,
    hidden: u32,
    own: u32,
    plain: u32,
}

impl Count {
    fn share(&self, part: u32) -> f32 {
        part as f32 / self.all.max(1) as f32
    }
}

impl Look<'_> {
    /// What lies outside the photo does not count.
    fn region(&self, region: Region, mesh: &Mesh) -> Seen {
        let cells: Vec<Point> =
            region.points().iter().map(|&i| self.parsing.cell(mesh.point(i))).collect();
        if !cells.iter().any(|&cell| self.in_photo(cell)) {
            return Seen::default();
        }
        let opening = Hull::of(cells.iter().copied());
        let middle = Rect::around(cells.iter().copied()).centre();
        let grow = |point: Point| Point {
            x: middle.x + (point.x - middle.x) * region.margin(),
            y: middle.y + (point.y - middle.y) * region.margin() * region.margin(),
        };
        let around = Hull::of(cells.into_iter().map(grow));
        let eye = matches!(region, Region::LeftEye | Region::RightEye);
        let (mut skin, mut inside) = (Count::default(), Count::default());
        for (x, y) in around.cells(SIDE) {
            let point = Point { x: x as f32, y: y as f32 };
            if !self.in_photo(point) {
                continue;
            }
            // An eye has any colour; its lids have that of skin.
            let within = eye && opening.holds(point);
            let count = if within { &mut inside } else { &mut skin };
            let part = self.parsing.label(x, y);
            let visible =
                if within { self.is_of_face(part, region) } else { self.is_visible(x, y, region) };
            count.all += 1;
            count.hidden += u32::from(!visible);
            count.plain += u32::from(self.plain.get_pixel(x, y).0[0] > 0);
            count.own += u32::from(region.own_part().is_some_and(|own| own(part)));
        }
        let all = Count {
            all: skin.all + inside.all,
            plain: skin.plain + inside.plain,
            ..Count::default()
        };
        let mut hidden = skin.share(skin.hidden);
        if eye {
            let covered = if hidden > 0.5 { hidden } else { 0.0 };
            let opening = inside.share(inside.hidden).max(covered);
            let sum = hidden * skin.all as f32 + opening * inside.all as f32;
            hidden = sum / all.all.max(1) as f32;
        }
        let own = if eye { &inside } else { &skin };
        if self.clear
            && region.own_part().is_some()
            && own.all > 0
            && own.share(own.own) < LEAST_OWN
        {
            hidden = hidden.max(WITHOUT_OWN);
        }
        Seen { hidden, plain: all.share(all.plain) }
    }

    fn in_photo(&self, cell: Point) -> bool {
        let place = self.parsing.place(cell);
        (-0.5..self.photo.width() as f32).contains(&place.x)
            && (-0.5..self.photo.height() as f32).contains(&place.y)
    }

    fn is_of_face(&self, part: Part, region: Region) -> bool {
        use Part::*;
        match part {
            _ if !self.clear => true,
            Skin | LeftBrow | RightBrow | LeftEye | RightEye | Nose | UpperLip | LowerLip => true,
            Mouth => region == Region::Mouth,
            Glasses => !matches!(region, Region::Mouth | Region::Chin),
            _ => false,
        }
    }

    /// Whether a place shows the face: the parser says so, and its colour does not contradict.
    fn is_visible(&self, x: u32, y: u32, region: Region) -> bool {
        let part = self.parsing.label(x, y);
        if !self.is_of_face(part, region) {
            return false;
        }
        let ([light, a, b], Rgb(pixel)) = (self.skin, *self.calm.get_pixel(x, y));
        let [l, own_a, own_b] = lab_of(pixel);
        let glass = self.clear && part == Part::Glasses;
        let dark = l < light * if glass { LEAST_GLASS_LIGHT } else { LEAST_LIGHT };
        let coloured = (own_a - a).hypot(own_b - b) > self.most_chroma;
        match part {
            _ if !self.clear => !dark && !coloured,
            // The mouth is dark inside, teeth are white.
            Part::Mouth => true,
            Part::UpperLip | Part::LowerLip => !dark,
            Part::LeftBrow | Part::RightBrow | Part::LeftEye | Part::RightEye => true,
            _ => !dark && !coloured,
        }
    }
}
