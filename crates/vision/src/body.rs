//! Where the joints of a person are: MoveNet Lightning (Google 2021), which looks for one person.

use image::{RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::Tensor;

use crate::Vision;
use crate::face::Point;
use crate::model::{check_photo, mismatch, output};

const MODEL: &str = "body_keypoints";
const SIDE: u32 = 192;

/// A point of the body; left and right are the person's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Joint {
    Nose,
    LeftEye,
    RightEye,
    LeftEar,
    RightEar,
    LeftShoulder,
    RightShoulder,
    LeftElbow,
    RightElbow,
    LeftWrist,
    RightWrist,
    LeftHip,
    RightHip,
    LeftKnee,
    RightKnee,
    LeftAnkle,
    RightAnkle,
}

/// Where a joint is and how sure the model is of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keypoint {
    /// In pixels of the photo.
    pub place: Point,
    /// 0..1; above about 0.3 the joint is to be seen.
    pub score: f32,
}

/// The joints of one person, whether they are to be seen or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Body([Keypoint; 17]);

impl Body {
    /// One joint.
    pub fn joint(&self, joint: Joint) -> Keypoint {
        self.0[joint as usize]
    }

    /// All of them, in the order of [`Joint`].
    pub fn joints(&self) -> &[Keypoint; 17] {
        &self.0
    }
}

impl Vision {
    /// The joints of the most prominent person in a region of the photo. There is always an answer;
    /// the scores say whether there is a person.
    pub fn body(&self, photo: &RgbImage, region: Region) -> Result<Body> {
        check_photo(photo)?;
        let Region { x, y, width, height } = region;
        let longer = width.max(height).max(1);
        let scaled =
            |side: u32| ((f64::from(side) / f64::from(longer) * 192.0).round() as u32).max(1);
        let (columns, rows) = (scaled(width).min(SIDE), scaled(height).min(SIDE));
        let part = resize::rgb_part(photo, [x, y, width, height], columns, rows, Filter::Bilinear);
        let (left, top) = ((SIDE - columns) / 2, (SIDE - rows) / 2);
        let mut square = RgbImage::new(SIDE, SIDE);
        imageops::replace(&mut square, &part, i64::from(left), i64::from(top));
        let elements: Vec<i32> = square.iter().map(|&value| i32::from(value)).collect();
        let side = SIDE as usize;
        let input = Tensor::new([1, side, side, 3], elements).map_err(mismatch)?;
        let outputs = self.models.get(MODEL)?.run(&[("input:0", &input)])?;
        let found = output(&outputs, MODEL, "Identity:0", 17 * 3)?;
        let (across, down) = (width as f32 / columns as f32, height as f32 / rows as f32);
        Ok(Body(std::array::from_fn(|joint| {
            let [row, column, score] = [0, 1, 2].map(|i| found[3 * joint + i]);
            let place = Point {
                x: x as f32 + (column * SIDE as f32 - left as f32) * across,
                y: y as f32 + (row * SIDE as f32 - top as f32) * down,
            };
            Keypoint { place, score: score.clamp(0.0, 1.0) }
        })))
    }
}
