//! Whose face it is: SFace (Zhong et al. 2021), a vector that lies close to those of other photos of
//! one person.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_inference::Models;

use super::{Detection, Point};
use crate::model::{Normalisation, check_photo, output, planes};

pub(super) const MODEL: &str = "sface";
/// How many numbers a face is described by.
pub const LENGTH: usize = 128;
/// Side of the picture that the model sees.
const SIDE: u32 = 112;
/// Where the detector's five points lie in that picture.
const PLACES: [[f64; 2]; 5] = [
    [38.2946, 51.6963],
    [73.5318, 51.5014],
    [56.0252, 71.7366],
    [41.5493, 92.3655],
    [70.7299, 92.2041],
];

/// A face as a vector of length one.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding([f32; LENGTH]);

impl Embedding {
    /// From numbers of any length but zero.
    pub fn new(numbers: [f32; LENGTH]) -> Option<Self> {
        let length = numbers.iter().map(|v| v * v).sum::<f32>().sqrt();
        (length.is_normal()).then(|| Self(numbers.map(|value| value / length)))
    }

    /// The numbers; the sum of their squares is one.
    pub fn numbers(&self) -> &[f32; LENGTH] {
        &self.0
    }

    /// Cosine of the angle to another face, -1..1: two photos of one person are mostly above 0.45,
    /// of two persons mostly below 0.3.
    pub fn cosine(&self, other: &Embedding) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0)
    }
}

/// The vector of a face.
pub(crate) fn embed(models: &Models, photo: &RgbImage, face: &Detection) -> Result<Embedding> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let unusable = || Fault::new(Code::FaceUnrecognizable, "the points of the face coincide");
    let into = Affine::similarity(&face.points.map(Point::pair), &PLACES).ok_or_else(unusable)?;
    let pixels = warp(photo, &into, SIDE, SIDE, Border::Black);
    let outputs = model.run(&[("data", &planes(&pixels, Normalisation::BYTES)?)])?;
    let numbers = output(&outputs, MODEL, "embedding", LENGTH)?;
    let numbers = std::array::from_fn(|i| numbers[i]);
    Embedding::new(numbers)
        .ok_or_else(|| Fault::new(Code::AiServiceError, "the model `sface` gave no usable numbers"))
}
