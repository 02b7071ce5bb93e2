//! Pictures into the tensors that models take, and numbers out of those that they give.

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_inference::{Outputs, Tensor};

/// How a byte of a channel becomes a number: `(value / divisor - mean) / deviation`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalisation {
    pub divisor: f32,
    pub mean: [f32; 3],
    pub deviation: [f32; 3],
}

impl Normalisation {
    /// 0..255 as they are.
    pub const BYTES: Self = Self { divisor: 1.0, mean: [0.0; 3], deviation: [1.0; 3] };
    /// 0..1.
    pub const UNIT: Self = Self { divisor: 255.0, ..Self::BYTES };
    /// By the statistics of ImageNet.
    pub const IMAGENET: Self =
        Self { divisor: 255.0, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

    fn numbers(&self, channel: usize) -> [f32; 256] {
        std::array::from_fn(|value| {
            (value as f32 / self.divisor - self.mean[channel]) / self.deviation[channel]
        })
    }
}

/// Planes of red, green and blue: `[1, 3, height, width]`.
pub(crate) fn planes(pixels: &RgbImage, how: Normalisation) -> Result<Tensor> {
    batch_of_planes(std::slice::from_ref(pixels), how)
}

/// The planes of pictures of one size, one after the other: `[pictures, 3, height, width]`.
pub(crate) fn batch_of_planes(pictures: &[RgbImage], how: Normalisation) -> Result<Tensor> {
    let (width, height) = pictures.first().map_or((0, 0), RgbImage::dimensions);
    let mut elements = Vec::with_capacity(pictures.iter().map(|pixels| pixels.len()).sum());
    let numbers = [0, 1, 2].map(|channel| how.numbers(channel));
    for pixels in pictures {
        for (channel, number) in numbers.iter().enumerate() {
            let pixels = pixels.as_chunks::<3>().0.iter();
            elements.extend(pixels.map(|pixel| number[usize::from(pixel[channel])]));
        }
    }
    Tensor::new([pictures.len(), 3, height as usize, width as usize], elements).map_err(mismatch)
}

/// Pixel after pixel, red, green and blue: `[1, height, width, 3]`.
pub(crate) fn interleaved(pixels: &RgbImage, how: Normalisation) -> Result<Tensor> {
    let (width, height) = pixels.dimensions();
    let numbers = [0, 1, 2].map(|channel| how.numbers(channel));
    let colours = pixels.as_chunks::<3>().0.iter();
    let elements: Vec<f32> =
        colours.flat_map(|p| [0, 1, 2].map(|c| numbers[c][usize::from(p[c])])).collect();
    Tensor::new([1, height as usize, width as usize, 3], elements).map_err(mismatch)
}

/// The numbers of an output, of which there must be `count`, all finite.
pub(crate) fn output<'a>(
    outputs: &'a Outputs,
    model: &str,
    name: &str,
    count: usize,
) -> Result<&'a [f32]> {
    let numbers = outputs.get(name).and_then(Tensor::as_f32).filter(|n| n.len() == count);
    let numbers = numbers
        .ok_or_else(|| mismatch(format!("`{model}` gave no {count} numbers as `{name}`")))?;
    if numbers.iter().all(|number| number.is_finite()) {
        return Ok(numbers);
    }
    Err(Fault::new(Code::AiServiceError, format!("the model `{model}` gave no usable numbers")))
}

/// A photo without pixels shows nothing.
pub(crate) fn check_photo(photo: &RgbImage) -> Result<()> {
    if photo.width() == 0 || photo.height() == 0 {
        return Err(Fault::new(Code::InvalidFile, "the photo has no pixels"));
    }
    Ok(())
}

/// A mistake in this program or the manifest, not in the photo.
pub(crate) fn mismatch(what: impl std::fmt::Display) -> Fault {
    Fault::new(Code::AiServiceInternalError, format!("a model does not fit: {what}"))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn layouts_and_numbers() {
        let mut pixels = RgbImage::from_pixel(2, 1, Rgb([0, 51, 255]));
        pixels.put_pixel(1, 0, Rgb([255, 102, 0]));
        let split = planes(&pixels, Normalisation::UNIT).expect("it fits");
        assert_eq!(split.shape(), [1, 3, 1, 2]);
        assert_eq!(split.as_f32(), Some(&[0.0, 1.0, 0.2, 0.4, 1.0, 0.0][..]));
        let mixed = interleaved(&pixels, Normalisation::BYTES).expect("it fits");
        assert_eq!(mixed.shape(), [1, 1, 2, 3]);
        assert_eq!(mixed.as_f32(), Some(&[0.0, 51.0, 255.0, 255.0, 102.0, 0.0][..]));
    }

    #[test]
    fn numbers_that_are_none_are_a_failure_of_the_model() {
        let outputs = |value| {
            let tensor = Tensor::new([2], vec![1.0, value]).expect("it fits");
            Outputs::new(vec![("out".into(), tensor)])
        };
        assert_eq!(output(&outputs(2.0), "m", "out", 2), Ok(&[1.0, 2.0][..]));
        let code = |result: Result<&[f32]>| result.expect_err("refused").code();
        assert_eq!(code(output(&outputs(f32::NAN), "m", "out", 2)), Code::AiServiceError);
        assert_eq!(code(output(&outputs(2.0), "m", "out", 3)), Code::AiServiceInternalError);
        assert_eq!(code(output(&outputs(2.0), "m", "in", 2)), Code::AiServiceInternalError);
    }
}
