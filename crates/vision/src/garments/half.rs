//! The clothes of a half-length portrait: what is left of the person without head, hair and bare skin.
//!
//! The parser of faces looks at two squares that reach down to the chest; its labels are weighed against
//! colour models of the person's own hair and skin, and the border is found by a cut through the graph of
//! the cells (GrabCut, Rother, Kolmogorov and Blake 2004).

mod cut;

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::components::{Component, components, grown};
use safelight_imaging::map::{Map, percentile};

use crate::Vision;
use crate::face::{Detection, Parsing, Part, Point, Rect};
use crate::saliency::SIDE;

const CELLS: usize = (SIDE * SIDE) as usize;
const ROW: usize = SIDE as usize;
/// The largest face has this share of the photo's width at least.
const LEAST_WIDTH: f32 = 0.12;
/// Faces that are looked at.
const MOST_FACES: usize = 4;
/// Each square: its side in sides of the face's box, and how far its middle lies below that of the face.
const SQUARES: [(f32, f32); 2] = [(2.25, 0.45), (3.0, 0.4)];
/// The outer band of a square, in which it counts less.
const BAND: f32 = 0.08;

/// A piece that is unsure belongs to the garment that borders on this share of its outline, and that it
/// is no more than this share of.
const ALONG: f32 = 0.4;
const MOST_ADOPTED: f32 = 0.3;
/// Gaps of less than twice this share of the face's width are closed.
const CLOSED: f32 = 0.18;

const FACE: &[Part] = &[
    Part::Skin,
    Part::LeftBrow,
    Part::RightBrow,
    Part::LeftEye,
    Part::RightEye,
    Part::Glasses,
    Part::LeftEar,
    Part::RightEar,
    Part::Nose,
    Part::Mouth,
    Part::UpperLip,
    Part::LowerLip,
];
const GROUPS: [&[Part]; 5] =
    [&[Part::Cloth], &[Part::Hair], &[Part::Neck, Part::Necklace], FACE, &[Part::Hat]];
const CLOTH: usize = 0;
const HAIR: usize = 1;
const NECK: usize = 2;
const HEAD: usize = 3;
const HAT: usize = 4;

/// Whether a photo shows its people to the waist at most.
pub(super) fn is_half_length(photo: &RgbImage, faces: &[&Detection]) -> bool {
    faces.first().is_some_and(|face| face.rect.width >= LEAST_WIDTH * photo.width() as f32)
}

/// The cells of a person's mask with what is known of them.
pub(super) struct Half<'a> {
    pub mask: &'a GrayImage,
    pub colours: &'a [[f32; 3]],
    /// Where the middle of each cell lies in the photo.
    pub places: Vec<Point>,
}

/// What the parser says of each cell: the groups, and what it does not know.
struct Likely {
    groups: [Vec<f32>; GROUPS.len()],
    unknown: Vec<f32>,
}

impl Half<'_> {
    /// Whether each cell shows clothes; `None` where hardly any are seen.
    pub fn clothes(
        &self,
        vision: &Vision,
        photo: &RgbImage,
        faces: &[&Detection],
    ) -> Result<Option<Vec<bool>>> {
        let faces = &faces[..faces.len().min(MOST_FACES)];
        let Some(largest) = faces.first() else { return Ok(None) };
        let mut likely = self.parsed(vision, photo, faces)?;
        let face = Frame::of(largest.rect, &self.places);
        self.cut_hair(&mut likely, &face);
        let skin = self.skin(&likely, &face);
        let cut = self.cut(&likely, &skin, &face);
        Ok(self.pieces(cut, &likely, &skin, &face))
    }

    fn is_person(&self, at: usize) -> bool {
        self.mask.as_raw()[at] > 127
    }

    /// The parser's probabilities over squares around the faces.
    fn parsed(&self, vision: &Vision, photo: &RgbImage, faces: &[&Detection]) -> Result<Likely> {
        let mut sums = [const { Vec::new() }; GROUPS.len()].map(|_: Vec<f32>| vec![0.0_f32; CELLS]);
        let mut weights = vec![1e-6_f32; CELLS];
        for face in faces {
            for (side, down) in SQUARES {
                let parsing = parse(vision, photo, face, side, down)?;
                let bounds = parsing.bounds();
                let groups = GROUPS.map(|parts| parsing.likely(parts));
                for (at, &place) in self.places.iter().enumerate() {
                    if !bounds.contains(place) {
                        continue;
                    }
                    let weight = within(&parsing, place);
                    weights[at] += weight;
                    for (sum, group) in sums.iter_mut().zip(&groups) {
                        sum[at] += weight * group(place);
                    }
                }
            }
        }
        for sum in &mut sums {
            sum.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum /= weight);
        }
        let known = |at: usize| sums.iter().map(|sum| sum[at]).sum::<f32>();
        let unknown = (0..CELLS).map(|at| (1.0 - known(at)).clamp(0.0, 1.0)).collect();
        Ok(Likely { groups: sums, unknown })
    }

    /// Below the chin hair must have the colour of the hair above: arms and shiny cloth are called hair
    /// too.
    fn cut_hair(&self, likely: &mut Likely, face: &Frame) {
        let sure: Vec<_> = (0..CELLS)
            .filter(|&at| {
                self.is_person(at)
                    && likely.groups[HAIR][at] > 0.8
                    && self.places[at].y < face.chin + 0.2 * face.height
            })
            .map(|at| self.colours[at])
            .collect();
        let Some(model) = Spread::of(sure, [80.0, 12.0, 12.0]) else { return };
        for at in 0..CELLS {
            if self.places[at].y > face.chin && likely.groups[HAIR][at] > 0.0 {
                let kept = sigmoid(2.0 * (3.6 - model.distance(self.colours[at])));
                let lost = likely.groups[HAIR][at] * (1.0 - kept);
                likely.groups[HAIR][at] -= lost;
                likely.unknown[at] += lost;
            }
        }
    }

    /// How likely each cell is bare skin of the body, 0 to 1.
    fn skin(&self, likely: &Likely, face: &Frame) -> Vec<f32> {
        let [texture, slope] = self.texture(face);
        let of = |wanted: &dyn Fn(usize) -> bool| {
            let cells = (0..CELLS).filter(|&at| self.is_person(at) && wanted(at));
            Spread::of(cells.map(|at| self.colours[at]).collect(), [60.0, 5.0, 5.0])
        };
        let on_face = |at: usize| likely.groups[HEAD][at] > 0.75;
        let on_neck = |at: usize| {
            likely.groups[NECK][at] > 0.6
                && likely.groups[HAIR][at] < 0.25
                && likely.groups[CLOTH][at] < 0.25
        };
        let mut models: Vec<Spread> = [of(&on_face), of(&on_neck)].into_iter().flatten().collect();
        if models.is_empty() {
            return vec![0.0; CELLS];
        }
        let mut own: Vec<f32> = (0..CELLS)
            .filter(|&at| on_face(at) || on_neck(at))
            .map(|at| texture.values[at])
            .collect();
        let usual = percentile(&mut own, 0.75);
        let nearest = |models: &[Spread], at: usize| {
            models
                .iter()
                .map(|model| model.distance(self.colours[at]))
                .fold(f32::INFINITY, f32::min)
        };
        let may_grow = |at: usize| {
            self.is_person(at)
                && nearest(&models, at) < 4.0
                && slope.values[at] < 9.0
                && likely.groups[HAIR][at] < 0.6
                && likely.groups[CLOTH][at] < 0.4
                && texture.values[at] < 2.2 * usual + 1.5
                && self.places[at].y > face.chin - 0.3 * face.height
        };
        let grown = self.grown_from(&may_grow, &on_neck);
        models.extend(of(&|at| grown[at]));
        (0..CELLS)
            .map(|at| {
                let rough = ((texture.values[at] - 1.8 * usual - 1.0) / (1.5 * usual + 1.0))
                    .clamp(0.0, 2.5);
                let skin = sigmoid(1.8 * (3.0 - nearest(&models, at) - 0.9 * rough));
                if grown[at] { skin.max(0.85) } else { skin }
            })
            .collect()
    }

    /// How rough the lightness is around each cell, and how steep the colours are.
    fn texture(&self, face: &Frame) -> [Map; 2] {
        let plane = |i: usize| Map {
            width: ROW,
            height: ROW,
            values: self.colours.iter().map(|colour| colour[i]).collect(),
        };
        let planes = [0, 1, 2].map(plane);
        let calm = planes[0].gaussian((face.cells / 53.0).max(0.8));
        let rough = planes[0].join(&calm, |own, calm| (own - calm).abs()).gaussian(1.5);
        let slope = planes[0].each(|x, y| {
            let (x, y) = (x as isize, y as isize);
            let squares = planes.iter().map(|map| {
                let across = (map.near(x + 1, y) - map.near(x - 1, y)) / 2.0;
                let down = (map.near(x, y + 1) - map.near(x, y - 1)) / 2.0;
                across * across + down * down
            });
            squares.sum::<f32>().sqrt()
        });
        [rough, slope]
    }

    /// The pieces of cells that may belong which touch a seed.
    fn grown_from(
        &self,
        belongs: &dyn Fn(usize) -> bool,
        seed: &dyn Fn(usize) -> bool,
    ) -> Vec<bool> {
        let mask = mask_of(&|at| belongs(at) || (self.is_person(at) && seed(at)));
        let mut grown = vec![false; CELLS];
        for piece in components(&mask, |value| value > 0) {
            if piece.cells.iter().any(|&at| seed(at as usize)) {
                piece.cells.iter().for_each(|&at| grown[at as usize] = belongs(at as usize));
            }
        }
        grown
    }

    /// Whole garments: thin rings and crumbs go, small holes are filled.
    fn pieces(
        &self,
        mut cloth: Vec<bool>,
        likely: &Likely,
        skin: &[f32],
        face: &Frame,
    ) -> Option<Vec<bool>> {
        let person = (0..CELLS).filter(|&at| self.is_person(at)).count() as f32;
        let all = components(&mask_of(&|at| cloth[at]), |value| value > 0);
        let largest = all.iter().map(|piece| piece.cells.len()).max()? as f32;
        let inner = safelight_imaging::areas::distances(
            &cloth.iter().map(|cloth| !cloth).collect::<Vec<_>>(),
            ROW,
            ROW as f32,
        );
        for piece in &all {
            let size = piece.cells.len() as f32;
            let cells = || piece.cells.iter().map(|&at| at as usize);
            let thick = 2.0 * cells().map(|at| inner.values[at]).fold(0.0, f32::max);
            let low = cells().map(|at| self.places[at].y).sum::<f32>() / size;
            let sure = cells().map(|at| likely.groups[CLOTH][at]).sum::<f32>() / size;
            let far = size < 0.1 * largest && low > face.chin + 0.7 * face.height && sure < 0.3;
            let small = size < (0.006 * person).max(0.03 * largest);
            if small || thick < 0.06 * face.cells || far {
                cells().for_each(|at| cloth[at] = false);
            }
        }
        self.adopt(&mut cloth, likely, skin, face);
        self.fill_holes(&mut cloth, likely, skin, face);
        let left = cloth.iter().filter(|cloth| **cloth).count() as f32;
        (left >= 0.02 * person).then_some(cloth)
    }

    /// What is surely nothing else and lies along the garment becomes part of it: where it is unsure,
    /// whole garments rather than shreds.
    fn adopt(&self, cloth: &mut [bool], likely: &Likely, skin: &[f32], face: &Frame) {
        let is_other = |at: usize| {
            let group = |group: usize| likely.groups[group][at];
            group(HEAD) > 0.4
                || group(HAIR) > 0.4
                || group(HAT) > 0.4
                || skin[at] > 0.6
                || (group(NECK) > 0.5 && skin[at] > 0.3)
        };
        let open = mask_of(&|at| {
            self.is_person(at)
                && !cloth[at]
                && !is_other(at)
                && self.places[at].y > face.chin - 0.15 * face.height
        });
        let near = |at: usize| {
            let (x, y) = (at % ROW, at / ROW);
            [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)]
                .into_iter()
                .filter(|&(x, y)| x < ROW && y < ROW)
                .map(|(x, y)| y * ROW + x)
        };
        let size = cloth.iter().filter(|cloth| **cloth).count() as f32;
        for piece in components(&open, |value| value > 0) {
            let own = |at: usize| open.as_raw()[at] > 0;
            let border = piece.cells.iter().flat_map(|&at| near(at as usize));
            let (mut all, mut along) = (0_u32, 0_u32);
            for at in border.filter(|&at| !own(at) && self.is_person(at)) {
                all += 1;
                along += u32::from(cloth[at]);
            }
            let small = (piece.cells.len() as f32) < MOST_ADOPTED * size;
            if small && along > 0 && along as f32 >= ALONG * all as f32 {
                piece.cells.iter().for_each(|&at| cloth[at as usize] = true);
            }
        }
        // Straps and the like: narrow gaps between parts of the garment.
        let reach = (CLOSED * face.cells).round().max(1.0) as usize;
        let wide = grown(&mask_of(&|at| cloth[at]), reach);
        let outside = grown(&mask_of(&|at| wide.as_raw()[at] == 0), reach);
        for (at, cloth) in cloth.iter_mut().enumerate() {
            *cloth |= open.as_raw()[at] > 0 && outside.as_raw()[at] == 0;
        }
    }

    fn fill_holes(&self, cloth: &mut [bool], likely: &Likely, skin: &[f32], face: &Frame) {
        let holes = components(&mask_of(&|at| !cloth[at]), |value| value > 0);
        let area = face.cells * face.cells;
        let is_own = |piece: &Component| piece.cells.iter().all(|&at| self.is_person(at as usize));
        let is_enclosed = |piece: &Component| {
            piece.cells.iter().all(|&at| {
                let (x, y) = (at as usize % ROW, at as usize / ROW);
                x > 0 && y > 0 && x + 1 < ROW && y + 1 < ROW
            })
        };
        for hole in holes.iter().filter(|hole| is_own(hole)) {
            let size = hole.cells.len() as f32;
            let mean = |of: &dyn Fn(usize) -> f32| {
                hole.cells.iter().map(|&at| of(at as usize)).sum::<f32>() / size
            };
            let head = mean(&|at| likely.groups[HEAD][at] + likely.groups[HAIR][at]);
            // A button that the frame cuts through is one all the same.
            let small = size < 0.03 * area
                || (is_enclosed(hole) && size < 0.5 * area && mean(&|at| skin[at]) < 0.5);
            if small && head < 0.5 {
                hole.cells.iter().for_each(|&at| cloth[at as usize] = true);
            }
        }
    }
}

/// The largest face.
struct Frame {
    /// Its lower edge and its height, in pixels of the photo.
    chin: f32,
    height: f32,
    /// Its width in cells.
    cells: f32,
}

impl Frame {
    fn of(face: Rect, places: &[Point]) -> Self {
        let pitch = (places[1].x - places[0].x).max(1e-3);
        Self { chin: face.bottom(), height: face.height, cells: face.width / pitch }
    }
}

/// The parser on a square of `side` sides of the face's box, its middle `down` of its height lower.
fn parse(
    vision: &Vision,
    photo: &RgbImage,
    face: &Detection,
    side: f32,
    down: f32,
) -> Result<Parsing> {
    // The parser itself takes 1.8 times the box and moves up by a twentieth.
    let larger = face.rect.grown(side / 1.8);
    let lower = (down + 0.05 * side / 1.8) * face.rect.height;
    vision.parse_face(photo, &Detection { rect: Rect { y: larger.y + lower, ..larger }, ..*face })
}

/// 1 within a parsed square, falling to 0 over its outer band.
fn within(parsing: &Parsing, place: Point) -> f32 {
    let side = crate::face::parsing::SIDE as f32;
    let Point { x, y } = parsing.cell(place);
    let edge = x.min(y).min(side - x).min(side - y) / (BAND * side);
    edge.clamp(0.0, 1.0)
}

fn mask_of(belongs: &dyn Fn(usize) -> bool) -> GrayImage {
    GrayImage::from_fn(SIDE, SIDE, |x, y| {
        image::Luma([if belongs((y * SIDE + x) as usize) { 255 } else { 0 }])
    })
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// How colours of one thing spread.
struct Spread {
    centre: [f32; 3],
    variance: [f32; 3],
}

impl Spread {
    /// Of colours, with so much added to the variances; none of too few.
    fn of(colours: Vec<[f32; 3]>, more: [f32; 3]) -> Option<Self> {
        const FEWEST: usize = 30;
        const NEAREST: f32 = 0.85;
        if colours.len() < FEWEST {
            return None;
        }
        let middle =
            |i: usize| percentile(&mut colours.iter().map(|c| c[i]).collect::<Vec<_>>(), 0.5);
        let centre = [0, 1, 2].map(middle);
        let far = |c: &[f32; 3]| (0..3).map(|i| (c[i] - centre[i]).powi(2) / more[i]).sum::<f32>();
        let mut order = colours;
        order.sort_by(|a, b| far(a).total_cmp(&far(b)));
        order.truncate((order.len() as f32 * NEAREST) as usize);
        let count = order.len() as f32;
        let variance = [0, 1, 2].map(|i| {
            order.iter().map(|c| (c[i] - centre[i]).powi(2)).sum::<f32>() / count + more[i]
        });
        Some(Self { centre, variance })
    }

    /// The Mahalanobis distance of a colour.
    fn distance(&self, colour: [f32; 3]) -> f32 {
        let off = |i: usize| (colour[i] - self.centre[i]).powi(2) / self.variance[i];
        (0..3).map(off).sum::<f32>().sqrt()
    }
}
