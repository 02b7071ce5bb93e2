//! Errors of a matte against the true one, as the alpha matting benchmark measures them.

use image::{GrayImage, Rgb, RgbImage};

/// Differences of two mattes; alpha from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct Errors {
    /// Mean absolute error.
    pub mae: f64,
    /// Sum of absolute errors where the truth or the mask is mixed, over the count of such pixels.
    pub band: f64,
    /// Mean squared difference of the gradients there.
    pub gradient: f64,
}

pub fn errors(matte: &GrayImage, truth: &GrayImage, mask: &GrayImage) -> Errors {
    let (width, height) = truth.dimensions();
    let at = |picture: &GrayImage, x, y| f64::from(picture.get_pixel(x, y)[0]) / 255.0;
    let (mut sum, mut band, mut gradient, mut mixed) = (0.0, 0.0, 0.0, 0.0);
    for y in 0..height - 1 {
        for x in 0..width - 1 {
            let error = (at(matte, x, y) - at(truth, x, y)).abs();
            sum += error;
            let unsure = |v: u8| (6..250).contains(&v);
            if unsure(truth.get_pixel(x, y)[0]) || unsure(mask.get_pixel(x, y)[0]) {
                let slope = |p, dx, dy| at(p, x + dx, y + dy) - at(p, x, y);
                let dx = slope(matte, 1, 0) - slope(truth, 1, 0);
                let dy = slope(matte, 0, 1) - slope(truth, 0, 1);
                band += error;
                gradient += dx * dx + dy * dy;
                mixed += 1.0;
            }
        }
    }
    let mixed = f64::max(mixed, 1.0);
    Errors { mae: sum / f64::from(width * height), band: band / mixed, gradient: gradient / mixed }
}

/// Mean absolute difference of a cut-out over `ground` and the true one, 0 to 255, where either is
/// mixed: what a viewer sees of a halo.
pub fn halo(
    seen: &RgbImage,
    subject: &RgbImage,
    truth: &GrayImage,
    mask: &GrayImage,
    ground: [u8; 3],
) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (((seen, subject), truth), mask) in
        seen.pixels().zip(subject.pixels()).zip(truth.iter()).zip(mask.iter())
    {
        if (6..250).contains(truth) || (6..250).contains(mask) {
            let share = f64::from(*truth) / 255.0;
            let Rgb(subject) = subject;
            for c in 0..3 {
                let wanted = share * f64::from(subject[c]) + (1.0 - share) * f64::from(ground[c]);
                sum += (f64::from(seen[c]) - wanted).abs() / 3.0;
            }
            count += 1.0;
        }
    }
    sum / f64::max(count, 1.0)
}
