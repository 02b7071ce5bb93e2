//! How heavily a photo was compressed: the steps that JPEG leaves at the edges of its blocks.

use image::RgbImage;
use safelight_imaging::color::{luma, unit};

use super::super::Rect;

/// The side of JPEG's blocks, in pixels.
const BLOCK: usize = 8;
/// Below this mean step between pixels, as a share of the range of luma, a face is flat.
const LEAST_STEP: f32 = 0.1 / 255.0;
/// Steps at the edges by those within the blocks, times what they are larger by in 1/255 of the range:
/// some 17 at JPEG's quality 10, 8 at 20, 3 at 50, below 2 without compression. Half way to full.
const HALF: f32 = 12.0;

/// 0 for none to 1 for a face of blocks, in the part of the photo inside a box. JPEG's quality 50 is about
/// 0.1, 10 about 0.7, 5 about 0.95.
pub(super) fn compression(photo: &RgbImage, rect: &Rect) -> f32 {
    let within = |from: f32, to: f32, most: u32| {
        let [from, to] = [from, to].map(|at| at.clamp(0.0, most as f32) as u32);
        from..to
    };
    let columns = within(rect.x, rect.right(), photo.width());
    let rows = within(rect.y, rect.bottom(), photo.height());
    // A block and a half at least, so that both edges and insides are seen.
    if columns.len().min(rows.len()) < BLOCK * 3 / 2 {
        return 0.0;
    }
    let light = |x: u32, y: u32| luma(unit(photo.get_pixel(x, y).0));
    let (mut across, mut down) = (Steps::default(), Steps::default());
    for y in rows.clone().skip(1) {
        for x in columns.clone().skip(1) {
            let here = light(x, y);
            across.add(x, (here - light(x - 1, y)).abs());
            down.add(y, (here - light(x, y - 1)).abs());
        }
    }
    // Both ways, since a pattern of the subject seldom runs both ways.
    let measure = across.blockiness().min(down.blockiness());
    measure.powi(2) / (measure.powi(2) + HALF.powi(2))
}

/// Sums and counts of the steps between neighbours, by their place in a grid of blocks that may begin
/// anywhere: photos are cropped and turned.
#[derive(Default)]
struct Steps([(f32, u32); BLOCK]);

impl Steps {
    fn add(&mut self, place: u32, step: f32) {
        let (sum, count) = &mut self.0[place as usize % BLOCK];
        *sum += step;
        *count += 1;
    }

    fn blockiness(&self) -> f32 {
        let means = self.0.map(|(sum, count)| sum / count.max(1) as f32);
        let edge = means.into_iter().fold(0.0, f32::max);
        let inside = (means.iter().sum::<f32>() - edge) / (BLOCK - 1) as f32;
        edge / inside.max(LEAST_STEP) * (edge - inside) * 255.0
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use safelight_imaging::{decode, encode, probe};

    use super::*;

    /// Waves, as in a face, in a JPEG of a quality.
    fn measured(quality: Option<u8>) -> f32 {
        let wave = |x: u32, y: u32| {
            let [x, y] = [x, y].map(|at| at as f32);
            let value =
                128.0 + 50.0 * (x / 9.0).sin() * (y / 11.0).cos() + 12.0 * (x * 1.3 + y).sin();
            Rgb([value as u8; 3])
        };
        let photo = RgbImage::from_fn(120, 120, wave);
        let photo = quality.map_or_else(
            || photo.clone(),
            |quality| {
                let file = encode::jpeg(&photo, quality).expect("a file");
                decode(&file, &probe(&file).expect("a header")).expect("a photo").rgb
            },
        );
        compression(&photo, &Rect { x: 5.0, y: 7.0, width: 110.0, height: 100.0 })
    }

    #[test]
    fn blocks_are_told_from_the_photo() {
        let [none, good, poor, worst] = [None, Some(80), Some(10), Some(3)].map(measured);
        assert!(none < 0.2 && good < 0.2, "{none} {good}");
        assert!(poor > 0.5 && worst > poor, "{poor} {worst}");
    }

    #[test]
    fn a_flat_or_tiny_box_has_none() {
        let photo = RgbImage::from_pixel(40, 40, Rgb([90; 3]));
        let within =
            |side| compression(&photo, &Rect { x: 3.0, y: 3.0, width: side, height: side });
        assert_eq!([within(30.0), within(4.0)], [0.0; 2]);
    }
}
