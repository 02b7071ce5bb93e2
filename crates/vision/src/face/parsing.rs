//! The parts of a face: BiSeNet (Yu et al. 2018) trained for 19 classes, on the upright square around
//! a face.

use image::{GrayImage, Luma, RgbImage};
use rayon::prelude::*;
use safelight_contract::Result;
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_inference::Models;

use super::frame::{Frame, back};
use super::{Detection, Point, Rect};
use crate::model::{Normalisation, check_photo, output, planes};

pub(super) const MODEL: &str = "face_parsing";
/// Side of the square of cells that a parsing has.
pub const SIDE: u32 = 512;
/// Side of the grid that the model answers.
const GRID: usize = 64;
/// How much larger than the face's box the square is: hair and neck belong to it.
const MARGIN: f32 = 1.8;
/// How far its middle lies above that of the box, as a share of the box's height.
const RAISED: f32 = 0.05;

/// By how much the logit of the background lies above all others where nothing else is left.
const SURELY: f32 = 8.0;

/// What a place belongs to. Left and right are the person's own sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Part {
    /// Nothing of the person.
    Background,
    /// Skin of the face.
    Skin,
    /// The person's left eyebrow.
    LeftBrow,
    /// The person's right eyebrow.
    RightBrow,
    /// The person's left eye.
    LeftEye,
    /// The person's right eye.
    RightEye,
    /// Glasses.
    Glasses,
    /// The person's left ear.
    LeftEar,
    /// The person's right ear.
    RightEar,
    /// An earring.
    Earring,
    /// The nose.
    Nose,
    /// The inside of the mouth.
    Mouth,
    /// The upper lip.
    UpperLip,
    /// The lower lip.
    LowerLip,
    /// The neck.
    Neck,
    /// A necklace.
    Necklace,
    /// Clothes.
    Cloth,
    /// Hair of the head.
    Hair,
    /// A hat.
    Hat,
}

impl Part {
    /// All of them, in the model's order.
    pub const ALL: [Part; 19] = [
        Part::Background,
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
        Part::Cloth,
        Part::Hair,
        Part::Hat,
    ];
}

/// The parts of a face over a square of the photo, which may be turned and reach outside it.
#[derive(Clone, Debug)]
pub struct Parsing {
    /// The square as the model sees it, a pixel for each cell.
    pixels: RgbImage,
    /// The index of the [`Part`] that each of [`SIDE`] x [`SIDE`] cells belongs to.
    labels: GrayImage,
    /// How many cells belong to each part.
    counts: [u32; Part::ALL.len()],
    /// The model's logits: 19 planes of 64 x 64.
    logits: Vec<f32>,
    /// From the photo to cells.
    to_cells: Affine,
    to_photo: Affine,
}

impl Parsing {
    /// The square as a picture of [`SIDE`] x [`SIDE`] pixels, one for each cell; the photo's edge is
    /// repeated where the square leaves it.
    pub fn pixels(&self) -> &RgbImage {
        &self.pixels
    }

    /// The index of the part of each cell, [`SIDE`] x [`SIDE`], in the face's own upright frame.
    pub fn labels(&self) -> &GrayImage {
        &self.labels
    }

    /// From pixels of the photo to cells.
    pub fn to_cells(&self) -> &Affine {
        &self.to_cells
    }

    /// Pixels of the photo that a cell covers in each direction.
    pub fn pixels_per_cell(&self) -> f32 {
        self.to_photo.scale() as f32
    }

    /// The upright box of the square in the photo; may reach outside it.
    pub fn bounds(&self) -> Rect {
        let far = f64::from(SIDE);
        let corners = [[0.0, 0.0], [far, 0.0], [0.0, far], [far, far]];
        Rect::around(corners.map(|corner| self.to_photo.apply(corner).into()))
    }

    /// Where a place of the photo lies in the square, in cells.
    pub fn cell(&self, place: Point) -> Point {
        self.to_cells.apply(place.pair()).into()
    }

    /// Where a cell lies in the photo.
    pub fn place(&self, cell: Point) -> Point {
        self.to_photo.apply(cell.pair()).into()
    }

    /// What a cell belongs to.
    pub fn label(&self, x: u32, y: u32) -> Part {
        Part::ALL[usize::from(self.labels.get_pixel(x, y).0[0])]
    }

    /// What a place of the photo belongs to; [`Part::Background`] outside the square.
    pub fn part(&self, place: Point) -> Part {
        let [x, y] = self.to_cells.apply(place.pair()).map(|at| at + 0.5);
        let inside = 0.0..f64::from(SIDE);
        if !inside.contains(&x) || !inside.contains(&y) {
            return Part::Background;
        }
        self.label(x as u32, y as u32)
    }

    /// Share of the square's cells that belong to a part, 0..1.
    pub fn share(&self, part: Part) -> f32 {
        self.counts[part as usize] as f32 / (SIDE * SIDE) as f32
    }

    /// 255 where the photo of `width` x `height` pixels shows one of these parts, else 0.
    pub fn mask(&self, parts: &[Part], width: u32, height: u32) -> GrayImage {
        self.paint(width, height, |place| if parts.contains(&self.part(place)) { 255 } else { 0 })
    }

    /// How likely the photo of `width` x `height` pixels shows one of these parts, 0..255: soft at
    /// their edges. Zero outside the square.
    pub fn soft_mask(&self, parts: &[Part], width: u32, height: u32) -> GrayImage {
        let likely = self.likely(parts);
        self.paint(width, height, |place| (likely(place) * 255.0 + 0.5) as u8)
    }

    /// How likely a place of the photo shows one of these parts, 0..1: soft at their edges. Zero
    /// outside the square.
    pub fn likely(&self, parts: &[Part]) -> impl Fn(Point) -> f32 + Sync + use<> {
        let (likely, to_cells) = (self.likelihood(parts), self.to_cells);
        let per_cell = GRID as f64 / f64::from(SIDE);
        move |place: Point| {
            let [x, y] = to_cells.apply(place.pair());
            let inside = -0.5..f64::from(SIDE) - 0.5;
            if !inside.contains(&x) || !inside.contains(&y) {
                return 0.0;
            }
            let grid = |at: f64| ((at + 0.5) * per_cell - 0.5) as f32;
            bilinear(&likely, grid(x), grid(y))
        }
    }

    /// The same with the places as background of which `is_other` says that they are somebody else's.
    pub(crate) fn without(mut self, is_other: impl Fn(Point) -> bool) -> Self {
        let cells = GRID * GRID;
        let along = |at: usize| (at as f32 + 0.5) * (SIDE as f32 / GRID as f32) - 0.5;
        for cell in 0..cells {
            let middle = Point { x: along(cell % GRID), y: along(cell / GRID) };
            if is_other(self.place(middle)) {
                let all = Part::ALL.iter().map(|&part| self.logits[part as usize * cells + cell]);
                let top = all.fold(f32::NEG_INFINITY, f32::max);
                self.logits[Part::Background as usize * cells + cell] = top + SURELY;
            }
        }
        self.labels = most_likely(&self.logits);
        self.counts = counted(&self.labels);
        self
    }

    /// The sum of the probabilities of these parts on the model's own grid.
    fn likelihood(&self, parts: &[Part]) -> Vec<f32> {
        let cells = GRID * GRID;
        let at = |part: Part, cell: usize| self.logits[part as usize * cells + cell];
        let likely = |cell: usize| {
            let top = Part::ALL.iter().map(|&p| at(p, cell)).fold(f32::NEG_INFINITY, f32::max);
            let weight = |part: Part| (at(part, cell) - top).exp();
            let all: f32 = Part::ALL.iter().map(|&part| weight(part)).sum();
            parts.iter().map(|&part| weight(part)).sum::<f32>() / all
        };
        (0..cells).map(likely).collect()
    }

    /// A mask at the photo's size, from what each place inside the square's box has.
    fn paint(&self, width: u32, height: u32, value: impl Fn(Point) -> u8 + Sync) -> GrayImage {
        let mut mask = GrayImage::from_pixel(width, height, Luma([0]));
        let bounds = self.bounds();
        let (left, right) =
            (bounds.x.floor().max(0.0) as usize, bounds.right().ceil().max(0.0) as usize);
        let rows = bounds.y.floor().max(0.0) as usize..bounds.bottom().ceil().max(0.0) as usize;
        let line = (width as usize).max(1);
        mask.par_chunks_exact_mut(line).enumerate().filter(|(y, _)| rows.contains(y)).for_each(
            |(y, row)| {
                let end = right.min(row.len());
                for (x, out) in row.iter_mut().enumerate().take(end).skip(left) {
                    *out = value(Point { x: x as f32, y: y as f32 });
                }
            },
        );
        mask
    }
}

/// The parts of a face.
pub(crate) fn parse(models: &Models, photo: &RgbImage, face: &Detection) -> Result<Parsing> {
    parse_through(models, photo, to_cells(face, Frame::of(face, MARGIN).angle))
}

/// The map from the photo to the square around a face that is turned clockwise by `angle`, in radians.
pub(super) fn to_cells(face: &Detection, angle: f32) -> Affine {
    let frame = Frame { angle, ..Frame::of(face, MARGIN) };
    let (Point { x, y }, raised) = (frame.centre, RAISED * face.rect.height);
    let centre = Point { x: x + angle.sin() * raised, y: y - angle.cos() * raised };
    Frame { centre, ..frame }.to_cells(SIDE)
}

/// The parts of a face in the square that a map from the photo to its cells makes.
pub(super) fn parse_through(
    models: &Models,
    photo: &RgbImage,
    to_cells: Affine,
) -> Result<Parsing> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let pixels = warp(photo, &to_cells, SIDE, SIDE, Border::Replicate);
    let outputs = model.run(&[("input", &planes(&pixels, Normalisation::IMAGENET)?)])?;
    let logits = output(&outputs, MODEL, "logits", Part::ALL.len() * GRID * GRID)?.to_vec();
    let labels = most_likely(&logits);
    let counts = counted(&labels);
    Ok(Parsing { pixels, labels, counts, logits, to_cells, to_photo: back(&to_cells)? })
}

/// How many cells belong to each part.
fn counted(labels: &GrayImage) -> [u32; Part::ALL.len()] {
    let mut counts = [0; Part::ALL.len()];
    labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
    counts
}

/// The part with the largest logit of each cell, the logits bilinear between the places of the grid.
/// Between four places of which one part is the likeliest of each, it is so everywhere.
fn most_likely(logits: &[f32]) -> GrayImage {
    let planes: Vec<&[f32]> = logits.chunks_exact(GRID * GRID).collect();
    let at_places: Vec<u8> =
        (0..GRID * GRID).map(|place| likeliest(planes.iter().map(|plane| plane[place]))).collect();
    let place = |cell: usize| between((cell as f32 + 0.5) * GRID as f32 / SIDE as f32 - 0.5);
    let cells: Vec<_> = (0..SIDE as usize).map(place).collect();
    let mut labels = GrayImage::new(SIDE, SIDE);
    labels.par_chunks_exact_mut(SIDE as usize).enumerate().for_each(|(y, row)| {
        let (upper, lower, down) = cells[y];
        let [above, below] = [upper, lower].map(|y| &at_places[y * GRID..][..GRID]);
        // The logits of each part along this row.
        let mixed = |plane: &&[f32]| -> [f32; GRID] {
            let (above, below) = (&plane[upper * GRID..][..GRID], &plane[lower * GRID..][..GRID]);
            std::array::from_fn(|x| above[x] + (below[x] - above[x]) * down)
        };
        let lines: Vec<_> = planes.iter().map(mixed).collect();
        for (out, &(left, right, across)) in row.iter_mut().zip(&cells) {
            let first = above[left];
            let same = [above[right], below[left], below[right]].iter().all(|&one| one == first);
            *out = if same {
                first
            } else {
                let logits =
                    lines.iter().map(|line| line[left] + (line[right] - line[left]) * across);
                likeliest(logits)
            };
        }
    });
    labels
}

/// Which of the numbers is the largest, counted from 0; the first of equal ones.
fn likeliest(numbers: impl Iterator<Item = f32>) -> u8 {
    let mut best = (0, f32::NEG_INFINITY);
    for (label, number) in (0..).zip(numbers) {
        if number > best.1 {
            best = (label, number);
        }
    }
    best.0
}

fn bilinear(plane: &[f32], x: f32, y: f32) -> f32 {
    let ((left, right, across), (upper, lower, down)) = (between(x), between(y));
    let row = |y: usize| {
        let line = &plane[y * GRID..][..GRID];
        line[left] + (line[right] - line[left]) * across
    };
    row(upper) + (row(lower) - row(upper)) * down
}

/// The two places of the grid around one, and the way between them.
fn between(at: f32) -> (usize, usize, f32) {
    let at = at.clamp(0.0, (GRID - 1) as f32);
    let first = at as usize;
    (first, (first + 1).min(GRID - 1), at - first as f32)
}
