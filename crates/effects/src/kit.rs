//! The face kit: what every effect on a face starts from.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::lab_of;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::{Face, Mesh, Parsing, Part, Point, Pose, Rect};

use crate::window::Window;
use crate::{atlas, region};

/// A mesh that is less sure than this is of no face.
pub const LEAST_PRESENCE: f32 = 0.5;
/// Beyond this turn to a side, in degrees, the far half of the mesh is a guess.
pub const MOST_YAW: f32 = 45.0;
/// A window has so many cells for the width of a face at most.
const MOST_CELLS: f32 = 512.0;
/// Share of the glasses in the square around the head from which a face wears some.
const GLASSES: f32 = 0.004;
/// Radius of the discs on the cheeks in which skin is measured.
const DISC: f32 = 0.05;
/// What a face is lit by is seen on these: what is behind it may be brighter.
const OF_FACE: [Part; 9] = [
    Part::Skin,
    Part::Nose,
    Part::LeftEye,
    Part::RightEye,
    Part::LeftBrow,
    Part::RightBrow,
    Part::UpperLip,
    Part::LowerLip,
    Part::Mouth,
];
/// The share of a face that its lightest parts are above.
const LIGHTEST: f32 = 0.98;
/// L* of the lightest parts of a face in plain light, and the least share of that light which counts.
const WHITE: f32 = 70.0;
const LEAST_EXPOSURE: f32 = 0.3;
/// How far eyes, brows, lips and nostrils are kept away from.
const GUARD: f32 = 0.012;
/// Skin further than this from the face's own in a* and b* is something else, and what is darker than
/// this share of its lightness too.
const MOST_CHROMA: f32 = 16.0;
const LEAST_LIGHT: f32 = 0.45;

/// A face prepared for effects. Lengths are in `fw`, angles in degrees.
#[derive(Clone, Debug)]
pub struct Kit {
    /// Its 478 points, in pixels of the photo.
    pub mesh: Mesh,
    /// Its parts.
    pub parsing: Parsing,
    /// Which way it looks.
    pub pose: Pose,
    /// The width of the face in space, in pixels of the photo.
    pub fw: f32,
    /// The colour of its own skin.
    pub skin: Skin,
    /// L* of its lightest parts: the whites of eyes, teeth, what shines.
    pub lightest: f32,
    /// Whether it wears glasses.
    pub glasses: bool,
    /// Width and height of the photo.
    pub photo_size: (u32, u32),
}

/// The colour of a face's own skin, as it is in the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skin {
    /// Median L*, a*, b* of the cheeks.
    pub lab: [f32; 3],
    /// How widely each of them spreads: half the distance of the quantiles 0.16 and 0.84.
    pub spread: [f32; 3],
}

impl Skin {
    /// Individual typology angle in degrees, -90 to 90 (Chardon, Cretois and Hourseau 1991).
    pub fn ita(&self) -> f32 {
        let [l, _, b] = self.lab;
        (l - 50.0).atan2(b.max(1e-3)).to_degrees()
    }

    /// How likely a colour is skin of this face, 0 to 1: by its hue, which gloss makes paler, and by not
    /// being much darker.
    pub fn likeness(&self, [l, a, b]: [f32; 3]) -> f32 {
        let [own_l, own_a, own_b] = self.lab;
        let gloss = ((l - own_l) / 25.0).clamp(0.0, 0.8);
        let along = (a * own_a + b * own_b) / (own_a * own_a + own_b * own_b).max(1.0);
        let paler = along.clamp(1.0 - gloss, 1.0);
        let far = (a - own_a * paler).hypot(b - own_b * paler) / MOST_CHROMA;
        let dark = l / own_l.max(1.0);
        let hue = ((1.3 - far) / 0.6).clamp(0.0, 1.0);
        hue * ((dark - LEAST_LIGHT + 0.1) / 0.2).clamp(0.0, 1.0)
    }
}

impl Kit {
    /// Of a face: `ERROR_FACE_UNRECOGNIZABLE` where the mesh is not sure of one.
    pub fn of(face: &Face) -> Result<Self> {
        face.prepare()?;
        Self::from_parts(face.photo(), face.mesh()?, face.parsing()?.clone())
    }

    /// Of the points of a face and its parts, or those of a wider square around it. Errors as [`of`](Self::of).
    pub fn from_parts(photo: &RgbImage, mesh: &Mesh, parsing: Parsing) -> Result<Self> {
        let [left, right] = atlas::EARS.map(|index| mesh.points[index]);
        let fw = left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
        if mesh.presence < LEAST_PRESENCE || !fw.is_finite() || fw < 2.0 {
            let message = format!(
                "the points of a face are found with a certainty of {:.2}, at least \
                 {LEAST_PRESENCE} is needed",
                mesh.presence
            );
            return Err(Fault::new(Code::FaceUnrecognizable, message));
        }
        Ok(Self {
            skin: own_skin(photo, mesh, &parsing, fw),
            lightest: lightest(photo, mesh, &parsing, fw),
            glasses: parsing.share(Part::Glasses) > GLASSES,
            pose: Pose::of(mesh),
            mesh: mesh.clone(),
            parsing,
            photo_size: photo.dimensions(),
            fw,
        })
    }

    /// A colour of plain light in the light of the photo: darker where not even the face's lightest parts
    /// are light.
    pub fn lit(&self, colour: [f32; 3]) -> [f32; 3] {
        let exposure = (self.lightest / WHITE).clamp(LEAST_EXPOSURE, 1.0);
        colour.map(|value| value * exposure)
    }

    /// The points of these indices.
    pub fn polygon(&self, indices: &[usize]) -> Vec<Point> {
        indices.iter().map(|&index| self.mesh.point(index)).collect()
    }

    /// The mean of the points of these indices.
    pub fn middle(&self, indices: &[usize]) -> Point {
        let sum = self
            .polygon(indices)
            .iter()
            .fold(Point::default(), |sum, point| Point { x: sum.x + point.x, y: sum.y + point.y });
        let count = indices.len().max(1) as f32;
        Point { x: sum.x / count, y: sum.y / count }
    }

    /// The unit vectors to the picture's right and down, in the face's own upright frame.
    pub fn axes(&self) -> [Point; 2] {
        let [left, right] = [33, 263].map(|index| self.mesh.point(index));
        let angle = (right.y - left.y).atan2(right.x - left.x);
        let (sin, cos) = angle.sin_cos();
        [Point { x: cos, y: sin }, Point { x: -sin, y: cos }]
    }

    /// How much of an effect on the shape is left where the head is turned: 1 up to 30 degrees of yaw, 0
    /// from [`MOST_YAW`] on.
    pub fn frontal(&self) -> f32 {
        ((MOST_YAW - self.pose.yaw.abs()) / (MOST_YAW - 30.0)).clamp(0.0, 1.0)
    }

    /// Points of the mesh on the face that lie in the photo, as a share, 0 to 1.
    pub fn completeness(&self) -> f32 {
        let (width, height) = (self.photo_size.0 as f32, self.photo_size.1 as f32);
        let outline = self.mesh.outline();
        let inside = outline
            .iter()
            .filter(|point| (0.0..width).contains(&point.x) && (0.0..height).contains(&point.y));
        inside.count() as f32 / outline.len().max(1) as f32
    }

    /// The window over the face and `margin` more on each side; the forehead reaches above the mesh.
    /// None where that lies outside the photo.
    pub fn window(&self, margin: f32) -> Option<Window> {
        self.window_around(self.mesh.rect(), margin)
    }

    /// The window over a box of the photo and `margin` more on each side.
    pub fn window_around(&self, rect: Rect, margin: f32) -> Option<Window> {
        let reach = margin * self.fw;
        let around = Rect {
            x: rect.x - reach,
            y: rect.y - reach,
            width: rect.width + 2.0 * reach,
            height: rect.height + 2.0 * reach,
        };
        Window::of(around, self.fw / MOST_CELLS, self.photo_size)
    }

    /// A length in `fw` as cells of a window.
    pub fn cells(&self, window: &Window, length: f32) -> f32 {
        length * self.fw / window.per_cell()
    }

    /// The region of a polygon of the mesh, feathered by `feather`.
    pub fn region(&self, window: &Window, indices: &[usize], feather: f32) -> Map {
        let filled = region::fill(window, &self.polygon(indices));
        region::feathered(&filled, self.cells(window, feather))
    }

    /// The lips without what is between them.
    pub fn lips(&self, window: &Window) -> Map {
        let [outer, inner] = [&atlas::LIPS, &atlas::MOUTH]
            .map(|indices| region::fill(window, &self.polygon(indices)));
        region::without(&outer, &inner)
    }

    /// The iris on a side (0 left, 1 right of the picture) as far as the lids leave it free.
    pub fn iris(&self, window: &Window, side: usize) -> Map {
        let (centre, radius) = self.iris_disc(side);
        let opening = region::fill(window, &self.polygon(&atlas::EYES[side]));
        region::common(&region::disc(window, centre, radius), &opening)
    }

    /// The middle and the radius of an iris in pixels. Irises are of one size: radii far from the usual
    /// are taken for errors of the mesh.
    pub fn iris_disc(&self, side: usize) -> (Point, f32) {
        const USUAL: f32 = 0.045;
        let [centre, edge @ ..] = atlas::IRISES[side].map(|index| self.mesh.point(index));
        let found = edge.iter().map(|point| point.distance(centre)).sum::<f32>() / 4.0;
        (centre, found.clamp(0.8 * USUAL * self.fw, 1.25 * USUAL * self.fw))
    }

    /// Eyes with their lids, brows, lips and nostrils, with a guard around them.
    pub fn features(&self, window: &Window) -> Map {
        let outlines: [&[usize]; 9] = [
            &atlas::LIDS[0],
            &atlas::LIDS[1],
            &atlas::EYES[0],
            &atlas::EYES[1],
            &atlas::BROWS[0],
            &atlas::BROWS[1],
            &atlas::LIPS,
            &atlas::NOSTRILS[0],
            &atlas::NOSTRILS[1],
        ];
        let polygons = outlines.map(|indices| self.polygon(indices));
        let all = region::fill_all(window, polygons.iter().map(Vec::as_slice));
        region::grown(&all, self.cells(window, GUARD))
    }

    /// What lies over the face: hair, hat, glasses and what the parser takes for cloth or background,
    /// within the outline of the face.
    pub fn occluders(&self, window: &Window) -> Map {
        const OVER: [Part; 6] =
            [Part::Hair, Part::Hat, Part::Glasses, Part::Cloth, Part::Background, Part::Earring];
        let over = region::parts(window, &self.parsing, &OVER);
        region::common(&over, &self.region(window, &atlas::OVAL, 0.0))
    }

    /// The skin of the face up to the hairline, without features, what lies over it, and what has not
    /// its colour: hands in gloves, beards, strands of hair. `cut` is the photo under the window.
    pub fn face_skin(&self, window: &Window, cut: &RgbImage) -> Map {
        let skin = [Part::Skin, Part::Nose, Part::LeftEar, Part::RightEar];
        self.skin_of(window, cut, &skin)
    }

    /// The skin of these parts, as [`face_skin`](Self::face_skin).
    pub fn skin_of(&self, window: &Window, cut: &RgbImage, parts: &[Part]) -> Map {
        let labs: Vec<[f32; 3]> = cut.as_chunks::<3>().0.iter().map(|&p| lab_of(p)).collect();
        let at = |x: usize, y: usize| labs[y * window.width + x];
        let guide = window.filled(0.0).each(|x, y| at(x, y)[0] / 100.0);
        let parsed = region::parts(window, &self.parsing, parts);
        let radius = self.cells(window, 0.03).round() as usize;
        let skin = region::refined(&parsed, &guide, radius);
        // A place counts by its surroundings, so that pores and grain leave no holes.
        let alike = guide.each(|x, y| self.skin.likeness(at(x, y)));
        let alike = region::feathered(&alike, self.cells(window, 0.012));
        let free = region::without(&region::common(&skin, &alike), &self.features(window));
        let soft = region::feathered(&free, self.cells(window, 0.008));
        // What is no skin stays as it is, however soft the edge.
        soft.join(&parsed, |soft, parsed| if parsed == 0.0 { 0.0 } else { soft })
    }
}

/// Median colour of the cheeks, else of all that is parsed as skin, else of ordinary skin.
fn own_skin(photo: &RgbImage, mesh: &Mesh, parsing: &Parsing, fw: f32) -> Skin {
    let near = |place: Point| {
        atlas::CHEEK_DISCS.iter().any(|&i| mesh.point(i).distance(place) < DISC * fw)
    };
    let cheeks = labs(photo, mesh, fw, |place| near(place) && parsing.part(place) == Part::Skin);
    let all = match cheeks[0].len() {
        0..50 => labs(photo, mesh, fw, |place| parsing.part(place) == Part::Skin),
        _ => cheeks,
    };
    if all[0].is_empty() {
        return Skin { lab: [60.0, 12.0, 16.0], spread: [8.0, 3.0, 3.0] };
    }
    let at = |rank: f32| all.clone().map(|mut values| percentile(&mut values, rank));
    let (lab, low, high) = (at(0.5), at(0.16), at(0.84));
    Skin { lab, spread: [0, 1, 2].map(|i| ((high[i] - low[i]) / 2.0).max(0.5)) }
}

/// L* that [`LIGHTEST`] of the face lies below.
fn lightest(photo: &RgbImage, mesh: &Mesh, parsing: &Parsing, fw: f32) -> f32 {
    let [mut light, ..] = labs(photo, mesh, fw, |place| OF_FACE.contains(&parsing.part(place)));
    if light.is_empty() { WHITE } else { percentile(&mut light, LIGHTEST) }
}

/// The colours of places of the face, about 300 across, for which `wanted` says so.
fn labs(photo: &RgbImage, mesh: &Mesh, fw: f32, wanted: impl Fn(Point) -> bool) -> [Vec<f32>; 3] {
    let (rect, step) = (mesh.rect(), (fw / 300.0).max(1.0));
    let mut channels: [Vec<f32>; 3] = Default::default();
    let steps = |length: f32| (length / step) as usize;
    let places = (0..steps(rect.height)).flat_map(|row| {
        (0..steps(rect.width)).map(move |column| Point {
            x: rect.x + column as f32 * step,
            y: rect.y + row as f32 * step,
        })
    });
    for place in places.filter(|&place| wanted(place)) {
        let [x, y] = [place.x, place.y].map(f32::round);
        if x < 0.0 || y < 0.0 || x >= photo.width() as f32 || y >= photo.height() as f32 {
            continue;
        }
        let lab = lab_of(photo.get_pixel(x as u32, y as u32).0);
        channels.iter_mut().zip(lab).for_each(|(all, value)| all.push(value));
    }
    channels
}
