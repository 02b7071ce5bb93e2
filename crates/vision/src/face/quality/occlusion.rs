//! How much of each region of a face is hidden: by what the parser calls hair, hat,
//! cloth or background; by what has not the colour of the face; and by a mask.

use image::{Rgb, RgbImage};
use safelight_contract::Result;
use safelight_imaging::lab_of;

use super::super::hull::Hull;
use super::super::parsing::SIDE;
use super::super::{Face, Mesh, Part, Point};
use super::OUTLINE;

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

/// Skin further than this from the face's own in a* and b* is something else.
const MOST_CHROMA: f32 = 16.0;
/// What is darker than this share of the skin's lightness is neither skin nor lip.
const LEAST_LIGHT: f32 = 0.33;
/// From this blur on the parser loses the face, and colours alone count.
const MOST_BLUR: f32 = 0.6;
/// A mask is taken for one above this probability.
const MASKED: f32 = 0.5;

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

    /// Of a face whose square of the parsing shows `pixels`, `blur` as in [`super::Quality`].
    pub(super) fn of(face: &Face, pixels: &RgbImage, blur: f32) -> Result<Self> {
        let (mesh, parsing) = (face.mesh()?, face.parsing()?);
        let trusted = blur < MOST_BLUR;
        let look = Look { pixels, parsing, trusted, skin: own_skin(pixels, face, trusted)? };
        let mut hidden = [0.0; 7];
        for region in Region::ALL {
            hidden[region as usize] = look.hidden(region, mesh, face.photo());
        }
        Ok(Self(hidden))
    }

    /// With what a mask of this probability hides, 0..1: the parser guesses under masks.
    pub(super) fn masked(mut self, mask: f32) -> Self {
        if mask > MASKED {
            for region in [Region::Nose, Region::Mouth, Region::Chin] {
                self.0[region as usize] = self.0[region as usize].max(mask);
            }
        }
        self
    }
}

/// The median colour of the face's own skin, L*a*b*, of its whole outline where the parser is not
/// trusted; None where no skin is seen.
fn own_skin(pixels: &RgbImage, face: &Face, trusted: bool) -> Result<Option<[f32; 3]>> {
    let (mesh, parsing) = (face.mesh()?, face.parsing()?);
    let outline = Hull::of(OUTLINE.iter().map(|&i| parsing.cell(mesh.point(i))));
    let mut channels: [Vec<f32>; 3] = Default::default();
    let skin = |x: u32, y: u32| !trusted || parsing.label(x, y) == Part::Skin;
    for (x, y) in outline.cells(SIDE).filter(|&(x, y)| (x % 2, y % 2) == (0, 0) && skin(x, y)) {
        let Rgb(pixel) = *pixels.get_pixel(x, y);
        channels.iter_mut().zip(lab_of(pixel)).for_each(|(all, value)| all.push(value));
    }
    if channels[0].len() < 50 {
        return Ok(None);
    }
    Ok(Some(channels.map(|mut all| {
        let middle = all.len() / 2;
        *all.select_nth_unstable_by(middle, f32::total_cmp).1
    })))
}

/// What hides a place is judged by.
struct Look<'a> {
    pixels: &'a RgbImage,
    parsing: &'a super::super::Parsing,
    trusted: bool,
    skin: Option<[f32; 3]>,
}

impl Look<'_> {
    /// Share of a region that is hidden. What lies outside the photo does not count.
    fn hidden(&self, region: Region, mesh: &Mesh, photo: &RgbImage) -> f32 {
        let in_photo = |point: Point| {
            (-0.5..photo.width() as f32).contains(&point.x)
                && (-0.5..photo.height() as f32).contains(&point.y)
        };
        let points: Vec<Point> = region.points().iter().map(|&i| mesh.point(i)).collect();
        if !points.iter().any(|&point| in_photo(point)) {
            return 0.0;
        }
        let cells: Vec<Point> = points.iter().map(|&point| self.parsing.cell(point)).collect();
        let opening = Hull::of(cells.iter().copied());
        let middle = super::super::Rect::around(cells.iter().copied()).centre();
        let grow = |point: Point| Point {
            x: middle.x + (point.x - middle.x) * region.margin(),
            y: middle.y + (point.y - middle.y) * region.margin() * region.margin(),
        };
        let around = Hull::of(cells.into_iter().map(grow));
        let eye = matches!(region, Region::LeftEye | Region::RightEye);
        let ([mut all, mut hidden], [mut within, mut strange]) = ([0_u32; 2], [0_u32; 2]);
        for (x, y) in around.cells(SIDE) {
            let point = Point { x: x as f32, y: y as f32 };
            if !in_photo(self.parsing.place(point)) {
                continue;
            }
            if eye && opening.holds(point) {
                within += 1;
                strange += u32::from(!self.is_of_face(x, y, region));
            } else {
                all += 1;
                hidden += u32::from(!self.is_visible(x, y, region));
            }
        }
        let share = |part: u32, all: u32| part as f32 / all.max(1) as f32;
        if !eye {
            return share(hidden, all);
        }
        // An eye has any colour; it is hidden where the parser sees none, or what is around it is.
        let lids = share(hidden, all);
        let eye = share(strange, within).max(if lids > 0.5 { lids } else { 0.0 });
        (lids * all as f32 + eye * within as f32) / (all + within).max(1) as f32
    }

    fn is_of_face(&self, x: u32, y: u32, region: Region) -> bool {
        use Part::*;
        if !self.trusted {
            return true;
        }
        let glasses = matches!(region, Region::LeftEye | Region::RightEye | Region::Nose);
        match self.parsing.label(x, y) {
            Skin | LeftBrow | RightBrow | LeftEye | RightEye | Nose | UpperLip | LowerLip => true,
            Mouth => region == Region::Mouth,
            Glasses => glasses,
            _ => false,
        }
    }

    /// Whether a place shows the face: the parser says so, and its colour does not contradict.
    fn is_visible(&self, x: u32, y: u32, region: Region) -> bool {
        if !self.is_of_face(x, y, region) {
            return false;
        }
        let (Some([light, a, b]), Rgb(pixel)) = (self.skin, *self.pixels.get_pixel(x, y)) else {
            return true;
        };
        let [l, own_a, own_b] = lab_of(pixel);
        let label = self.parsing.label(x, y);
        let dark = l < light * LEAST_LIGHT;
        let coloured = (own_a - a).hypot(own_b - b) > MOST_CHROMA;
        match label {
            // The mouth is dark inside, teeth are white.
            Part::Mouth => true,
            Part::UpperLip | Part::LowerLip => !dark,
            Part::LeftBrow | Part::RightBrow | Part::LeftEye | Part::RightEye => true,
            _ => !dark && !coloured,
        }
    }
}
