//! Faces restored by a network that the operator added: GFPGAN (Wang et al. 2021). Tried with a small graph
//! of the same signature alone.

use image::{Rgb, RgbImage};
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::color::smoothstep;
use safelight_imaging::warp::{Affine, Border, warp};

use super::{Detection, Point};
use crate::Vision;
use crate::model::{Normalisation, check_photo, output, planes};
use crate::networks::FACES;

/// Side of the picture that the model sees.
const SIDE: u32 = 512;
/// Where the detector's five points lie in that picture: in photos of FFHQ as facexlib aligns them.
const PLACES: [[f64; 2]; 5] = [
    [192.981_38, 239.947_08],
    [318.902_77, 240.193_6],
    [256.634_16, 314.019_35],
    [201.261_17, 371.410_43],
    [313.089_05, 371.151_18],
];
/// -1 to 1.
const SIGNED: Normalisation = Normalisation { divisor: 255.0, mean: [0.5; 3], deviation: [0.5; 3] };
/// Over so many pixels of that picture what was made fades into the photo at its edge.
const FADE: f32 = 48.0;

impl Vision {
    /// Whether the operator chose a network that restores faces, and whoever asks declares [`FACES`].
    pub fn restores_faces(&self) -> bool {
        self.models.chosen(FACES).is_some()
    }

    /// Restores a face of the photo in its place.
    ///
    /// # Errors
    /// `ERROR_FACE_UNRECOGNIZABLE` where its points coincide; those of the model.
    pub fn restore_face(&self, photo: &mut RgbImage, face: &Detection) -> Result<()> {
        check_photo(photo)?;
        let model = self.models.get(FACES)?;
        let unusable = || Fault::new(Code::FaceUnrecognizable, "the points of the face coincide");
        let into =
            Affine::similarity(&face.points.map(Point::pair), &PLACES).ok_or_else(unusable)?;
        let pixels = warp(photo, &into, SIDE, SIDE, Border::Replicate);
        let (own, side) = (model.spec(), SIDE as usize);
        let outputs = model.run(&[(&*own.inputs[0].name, &planes(&pixels, SIGNED)?)])?;
        let made = output(&outputs, &own.name, &own.outputs[0].name, 3 * side * side)?;
        let byte = |value: f32| ((value * 0.5 + 0.5) * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
        let made = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let at = y as usize * side + x as usize;
            Rgb([0, 1, 2].map(|channel| byte(made[channel * side * side + at])))
        });
        put_back(photo, &made, &into).ok_or_else(unusable)
    }
}

/// Lays what was made of the upright face over the photo; nothing where the map has no way back.
fn put_back(photo: &mut RgbImage, made: &RgbImage, into: &Affine) -> Option<()> {
    let back = into.inverse()?;
    let (width, height) = photo.dimensions();
    let last = f64::from(SIDE - 1);
    let corners = [[0.0, 0.0], [last, 0.0], [0.0, last], [last, last]].map(|at| back.apply(at));
    let span = |axis: usize, limit: u32| {
        let places = corners.map(|corner| corner[axis]);
        let low = places.into_iter().fold(f64::INFINITY, f64::min).floor();
        let high = places.into_iter().fold(f64::NEG_INFINITY, f64::max).ceil() + 1.0;
        let limit = f64::from(limit);
        low.clamp(0.0, limit) as u32..high.clamp(0.0, limit) as u32
    };
    // The part of the photo brought to its own frame, so that what is made smaller does not alias.
    let (columns, rows) = (span(0, width), span(1, height));
    let shift = Affine {
        rows: [[1.0, 0.0, -f64::from(columns.start)], [0.0, 1.0, -f64::from(rows.start)]],
    };
    let size = (columns.len() as u32, rows.len() as u32);
    let part = warp(made, &back.then(&shift), size.0, size.1, Border::Replicate);
    for y in rows.clone() {
        for x in columns.clone() {
            let [across, down] = into.apply([f64::from(x), f64::from(y)]);
            let inside = across.min(down).min(last - across).min(last - down) as f32;
            let share = smoothstep(0.0, FADE, inside);
            let new = part.get_pixel(x - columns.start, y - rows.start).0;
            for (own, new) in photo.get_pixel_mut(x, y).0.iter_mut().zip(new) {
                let mixed = f32::from(*own) + (f32::from(new) - f32::from(*own)) * share;
                *own = mixed.round() as u8;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_lies_where_the_face_was_and_fades_out() {
        let mut photo = RgbImage::from_pixel(400, 300, Rgb([10, 20, 30]));
        let made = RgbImage::from_pixel(SIDE, SIDE, Rgb([250, 240, 230]));
        let into = Affine::turning(0.3, 4.0, [200.0, 150.0], [256.0, 256.0]);
        put_back(&mut photo, &made, &into).expect("a way back");
        assert_eq!(photo.get_pixel(200, 150).0, [250, 240, 230]);
        assert_eq!(photo.get_pixel(20, 20).0, [10, 20, 30], "far from the face");
        let between = photo.pixels().filter(|pixel| (30..230).contains(&pixel.0[0])).count();
        assert!(between > 500, "{between} pixels fade");
    }
}
