//! The colour of the light that a face was taken in.

use image::RgbImage;

use super::mask::Mask;
use super::upright::Upright;
use super::zone::{Side, Zone};
use crate::color::{LINEAR, Rgb, luma};
use crate::map::thumbnail;

/// Exponent of the Minkowski mean over the photo: "shades of gray" (Finlayson and Trezzi 2004).
const NORM: i32 = 6;
/// The colour that the white of an eye reflects in white light; it is a little warm.
const SCLERA: Rgb = [1.03, 1.0, 0.96];
/// Fewer pixels of the photo than this of the eyes' whites say nothing.
const FEWEST: f32 = 40.0;
/// The whites are looked for on every so-manieth pixel of the frame each way, and so many pixels off
/// the lids.
const SMALLER: usize = 2;
const RIM: usize = 4;
/// How much the whites count against the whole photo.
const TRUST: f32 = 0.65;
/// How much of the estimated cast is taken away: an estimate that is wrong must not harm more than a
/// cast that stays.
const STRENGTH: f32 = 0.7;
/// Two estimates that are further apart than this angle (degrees) are not to be relied on.
const AGREE: f32 = 11.0;

/// The light's colour, estimated from the whites of the eyes and the photo as a whole. A heuristic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// What brings the linear colours of the photo to those under white light.
    pub gains: [f32; 3],
    /// Whether the estimates agree.
    pub reliable: bool,
}

impl Light {
    /// White light.
    pub fn white() -> Self {
        Self { gains: [1.0; 3], reliable: true }
    }

    /// Estimates the light of a photo by all of it alone, where no whites of eyes are to be seen.
    pub fn of_photo(photo: &RgbImage) -> Self {
        Self { gains: gains(shades_of_gray(photo), STRENGTH / 2.0), reliable: true }
    }

    /// Estimates the light of a photo by all of it and by the whites of a face's eyes.
    pub fn estimate(photo: &RgbImage, face: &Upright) -> Self {
        let Some(eyes) = sclera(photo, face) else { return Self::of_photo(photo) };
        let whole = shades_of_gray(photo);
        let mixed = std::array::from_fn(|c| whole[c].powf(1.0 - TRUST) * eyes[c].powf(TRUST));
        Self { gains: gains(mixed, STRENGTH), reliable: angle(whole, eyes) < AGREE }
    }
}

/// Gains that undo a cast, at unchanged luminance.
fn gains(cast: Rgb, strength: f32) -> Rgb {
    let gains = cast.map(|value| value.max(1e-3).powf(-strength));
    gains.map(|gain| gain / luma(gains))
}

/// Degrees between two colours.
fn angle(one: Rgb, two: Rgb) -> f32 {
    let dot = |a: Rgb, b: Rgb| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    (dot(one, two) / (dot(one, one) * dot(two, two)).sqrt()).clamp(-1.0, 1.0).acos().to_degrees()
}

fn linear(pixel: [u8; 3]) -> Rgb {
    pixel.map(|value| LINEAR[usize::from(value)])
}

fn shades_of_gray(photo: &RgbImage) -> Rgb {
    let small = thumbnail(photo, 128);
    let mut sums = [0.0_f32; 3];
    // What is clipped has lost its colour.
    for pixel in small.pixels().filter(|pixel| pixel.0.iter().all(|&value| value < 250)) {
        let color = linear(pixel.0);
        sums.iter_mut().zip(color).for_each(|(sum, value)| *sum += value.powi(NORM));
    }
    let cast = sums.map(|sum| (sum + 1e-9).powf(1.0 / NORM as f32));
    cast.map(|value| value / luma(cast))
}

/// The colour of the eyes' whites, against that in white light; None where too little is seen.
fn sclera(photo: &RgbImage, face: &Upright) -> Option<Rgb> {
    let mut whites = Vec::new();
    for (side, (eye, iris)) in Side::BOTH.into_iter().zip(Zone::EYES.into_iter().zip(Zone::IRISES))
    {
        let outline = face.polygon(eye);
        let part = face.around(photo, &outline, RIM as f32, side, SMALLER);
        let (width, height) = (part.image.width() as usize, part.image.height() as usize);
        let place = |points: Vec<[f32; 2]>| points.into_iter().map(|point| part.place(point));
        let outline: Vec<_> = place(outline).collect();
        let opening = Mask::polygon(width, height, &outline).eroded(RIM / SMALLER);
        let iris: Vec<_> = place(face.polygon(&iris)).collect();
        let reach = |[x, y]: [f32; 2]| (x - iris[0][0]).hypot(y - iris[0][1]);
        let radius = iris[1..].iter().map(|&point| reach(point)).fold(0.0, f32::max);
        let pixels = part.image.as_chunks::<3>().0;
        whites.extend(opening.indices().filter_map(|i| {
            let outside = reach([(i % width) as f32, (i / width) as f32]) > radius * 1.15;
            let usable = outside && pixels[i].iter().all(|&value| value < 250);
            usable.then(|| linear(pixels[i]))
        }));
    }
    // Lashes and corners are dark or red: of what remains, the brighter half of each channel's
    // minimum is white.
    whites.sort_by(|a, b| lowest(*a).total_cmp(&lowest(*b)));
    let bright = &whites[whites.len() / 2..];
    let pixels = (bright.len() * SMALLER * SMALLER) as f32 / face.magnification().powi(2).max(1.0);
    if pixels < FEWEST || lowest(whites[whites.len() / 2]) < 0.02 {
        return None;
    }
    let mean: Rgb = std::array::from_fn(|c| {
        bright.iter().map(|color| color[c]).sum::<f32>() / bright.len() as f32 / SCLERA[c]
    });
    Some(mean.map(|value| value / luma(mean)))
}

fn lowest(color: Rgb) -> f32 {
    color.into_iter().fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::super::phantom::mesh;
    use super::*;
    use crate::color::to_srgb;
    use crate::resize::{self, Filter};

    fn portrait(cast: Rgb3) -> (RgbImage, Upright) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../photos/astronaut.png");
        let mut photo = image::open(path).expect("the portrait").to_rgb8();
        for pixel in photo.pixels_mut() {
            let color = linear(pixel.0);
            *pixel = Rgb(std::array::from_fn(|c| {
                (to_srgb((color[c] * cast[c]).min(1.0)) * 255.0).round() as u8
            }));
        }
        // As large as the services ask for.
        let photo = resize::rgb(&photo, 2048, 2048, Filter::Lanczos3);
        let mesh = mesh().map(|point| point.map(|value| 4.0 * value));
        let face = Upright::of(photo.dimensions(), &mesh).expect("a face");
        assert!(sclera(&photo, &face).is_some());
        (photo, face)
    }

    type Rgb3 = [f32; 3];

    #[test]
    fn a_cast_is_mostly_taken_away() {
        let estimate = |cast: Rgb3| {
            let (photo, face) = portrait(cast);
            Light::estimate(&photo, &face)
        };
        let neutral = estimate([1.0; 3]);
        assert!(neutral.reliable && neutral.gains.iter().all(|gain| (0.85..1.2).contains(gain)));
        for cast in [[1.0, 0.8, 0.55], [0.7, 0.85, 1.0]] {
            let found = estimate(cast).gains;
            // What is left of the ratio of red to blue, as a share of the cast's.
            let ratio = |color: Rgb3| (color[0] / color[2]).ln();
            let left = (ratio(cast) + ratio(found) - ratio(neutral.gains)) / ratio(cast);
            assert!((0.1..0.45).contains(&left), "{left} of {cast:?} is left: {found:?}");
        }
    }

    #[test]
    fn a_face_without_eyes_goes_by_the_photo() {
        let face = Upright::of((512, 512), &mesh()).expect("a face");
        assert!(sclera(&RgbImage::new(512, 512), &face).is_none());
        let light = Light::estimate(&RgbImage::from_pixel(9, 9, Rgb([150, 120, 90])), &face);
        assert!(light.gains[2] > light.gains[0]);
    }
}
