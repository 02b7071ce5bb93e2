//! How good a photo of a face is, by named causes: what hides which part of it, blur, light, how much
//! of it is in the photo, its pose and its size.

mod compression;
mod control;
mod occlusion;

pub use control::{Limits, QualityControl};
pub use occlusion::{Occlusion, Region};

use image::{Rgb, RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::warp::Border;
use safelight_imaging::{blur_effect, noise_level};

use super::hull::Hull;
use super::parsing::SIDE;
use super::{Face, Mesh, Part, Point, Pose};
use occlusion::Clarity;

/// How good a photo of a face is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Probability that there is a face, 0..1, as the mesh sees it.
    pub presence: f32,
    /// The shorter side of the face's box in pixels.
    pub size: f32,
    /// Share of the face's outline that lies in the photo, 0..1.
    pub completeness: f32,
    /// Which way it looks.
    pub pose: Pose,
    /// How much of each region is hidden.
    pub occlusion: Occlusion,
    /// The same without the mask model, which tells that there is a mask but not where.
    pub seen: Occlusion,
    /// 0 for sharp to 1 for blurred beyond recognition, at the size that recognition needs.
    pub blur: f32,
    /// Mean luma of the skin, 0..255.
    pub illumination: f32,
    /// How differently both halves of the face are lit, 0 for even to 1 for one half black.
    pub unevenness: f32,
    /// How heavily the photo was compressed there, 0 for not at all to 1 for a face of blocks.
    pub compression: f32,
    /// The standard deviation of the noise in the face, 0..1 of the range of luma.
    pub noise: f32,
    /// How fit for recognition it is, 0..1, as a model sees it.
    pub fitness: f32,
}

/// From this blur on a face cannot be told from one that stands another way up.
const MOST_SMEARED: f32 = 0.8;
/// How far colours are smoothed before they are compared with the skin's, in cells of the parsing.
const CALM: f32 = 2.0;

impl Quality {
    /// Of a face.
    pub(super) fn of(face: &Face) -> Result<Self> {
        let (mesh, parsing) = (face.mesh()?, face.parsing()?);
        let pixels = parsing.pixels();
        let light = Light::of(face, pixels)?;
        // Noise must not pass for the colour of something else.
        let calm = imageops::blur(pixels, CALM);
        let fitness = face.fitness()?;
        let blur = blur(face.photo(), mesh, fitness);
        let compression = compression::compression(face.photo(), &face.detection.rect);
        let clarity = Clarity::of(blur, compression);
        let seen = Occlusion::of(face, &calm, clarity)?;
        // The detector takes an upside-down face for an upright one, and the mesh a smear for any.
        let turned = if blur < MOST_SMEARED { face.mesh_another_way_up()? } else { None };
        let true_mesh = turned.as_ref().unwrap_or(mesh);
        Ok(Self {
            presence: true_mesh.presence,
            size: face.detection.rect.shorter_side(),
            completeness: completeness(face.photo(), mesh),
            pose: Pose::of(true_mesh),
            occlusion: seen.masked(face.mask()?),
            seen,
            blur,
            compression,
            illumination: light.mean,
            unevenness: light.unevenness,
            noise: noise(face.photo(), mesh),
            fitness,
        })
    }
}

/// Share of the face's outline, by its content, that lies in the photo.
fn completeness(photo: &RgbImage, mesh: &Mesh) -> f32 {
    const STEPS: u32 = 200;
    let rect = mesh.rect();
    let step = Point { x: rect.width / STEPS as f32, y: rect.height / STEPS as f32 };
    let to_grid =
        |p: Point| Point { x: (p.x - rect.x) / step.x - 0.5, y: (p.y - rect.y) / step.y - 0.5 };
    let outline = Hull::of(OUTLINE.iter().map(|&index| to_grid(mesh.point(index))));
    let (width, height) = (photo.width() as f32 - 0.5, photo.height() as f32 - 0.5);
    let (mut all, mut inside) = (0_u32, 0_u32);
    for (column, row) in outline.cells(STEPS) {
        let x = rect.x + step.x * (column as f32 + 0.5);
        let y = rect.y + step.y * (row as f32 + 0.5);
        all += 1;
        inside += u32::from((-0.5..width).contains(&x) && (-0.5..height).contains(&y));
    }
    inside as f32 / all.max(1) as f32
}

/// The outline of the face in the mesh, from the forehead clockwise as seen.
const OUTLINE: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];

/// Larger faces are made this many pixels wide before their blur is measured: finer detail does not
/// help to recognise anybody.
const BLUR_SIDE: f32 = 112.0;
/// The blur effect of sharp faces at that size, and of faces blurred beyond recognition.
const BLUR_EFFECTS: [f32; 2] = [0.46, 0.74];

/// The fitness of sharp faces, and of faces blurred beyond recognition.
const FITNESSES: [f32; 2] = [0.9, 0.2];

/// Mostly by the blur effect; the model goes on where that saturates, and never makes blurred what is
/// sharp: other faults have a check of their own.
fn blur(photo: &RgbImage, mesh: &Mesh, fitness: f32) -> f32 {
    let frame = mesh.frame(1.0);
    // Never enlarged: that would look like blur.
    let cells = frame.side.clamp(16.0, BLUR_SIDE) as u32;
    let (pixels, _) = frame.cut(photo, cells, Border::Replicate);
    let between =
        |[sharp, lost]: [f32; 2], found: f32| ((found - sharp) / (lost - sharp)).clamp(0.0, 1.0);
    let margin = cells / 8;
    let inner = imageops::crop_imm(&pixels, margin, margin, cells - 2 * margin, cells - 2 * margin);
    let effect = between(BLUR_EFFECTS, blur_effect(&inner.to_image()));
    0.6 * effect + 0.4 * between(FITNESSES, fitness) * (effect * 2.0).min(1.0)
}

/// In the inner face, at the size that the photo has it.
fn noise(photo: &RgbImage, mesh: &Mesh) -> f32 {
    let rect = mesh.rect().grown(0.6);
    let within = |from: f32, length: f32, most: u32| {
        let first = from.clamp(0.0, most as f32) as u32;
        (first, ((from + length).clamp(0.0, most as f32) as u32).saturating_sub(first))
    };
    let (x, width) = within(rect.x, rect.width, photo.width());
    let (y, height) = within(rect.y, rect.height, photo.height());
    noise_level(&imageops::crop_imm(photo, x, y, width, height).to_image())
}

/// How the skin of a face is lit.
struct Light {
    mean: f32,
    unevenness: f32,
}

impl Light {
    /// Over the skin and the nose of the parsing, or the whole outline where it has none of them.
    fn of(face: &Face, pixels: &RgbImage) -> Result<Self> {
        let (mesh, parsing) = (face.mesh()?, face.parsing()?);
        let cell = |index: usize| -> Point { parsing.cell(mesh.point(index)) };
        let outline = Hull::of(OUTLINE.iter().map(|&index| cell(index)));
        let (top, bottom) = (cell(10), cell(152));
        let mut sums = [[0.0_f64; 2]; 2];
        let mut everything = [0.0_f64; 2];
        for (x, y) in outline.cells(SIDE) {
            let (point, Rgb(pixel)) = (Point { x: x as f32, y: y as f32 }, pixels.get_pixel(x, y));
            let [r, g, b] = pixel.map(f64::from);
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            everything = [everything[0] + luma, everything[1] + 1.0];
            if matches!(parsing.label(x, y), Part::Skin | Part::Nose) {
                let across =
                    (bottom.x - top.x) * (point.y - top.y) - (bottom.y - top.y) * (point.x - top.x);
                let half = &mut sums[usize::from(across > 0.0)];
                *half = [half[0] + luma, half[1] + 1.0];
            }
        }
        let mean = |[sum, count]: [f64; 2]| if count > 0.0 { sum / count } else { 0.0 };
        let skin = [sums[0][0] + sums[1][0], sums[0][1] + sums[1][1]];
        let (one, two) = (mean(sums[0]), mean(sums[1]));
        let uneven = (one - two).abs() / one.max(two).max(1.0);
        let seen = sums.iter().all(|half| half[1] > 0.0);
        Ok(Self {
            mean: if skin[1] > 0.0 { mean(skin) } else { mean(everything) } as f32,
            unevenness: if seen { uneven as f32 } else { 0.0 },
        })
    }
}
