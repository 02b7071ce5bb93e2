//! A bald head: short hair gives way to skin on the skull, and what stood off it to the background.

use image::{GrayImage, RgbImage};
use safelight_contract::Result as Outcome;
use safelight_imaging::color::smoothstep;
use safelight_imaging::components::grown;
use safelight_imaging::map::Map;
use safelight_vision::face::{Parsing, Part, Point};

use crate::complete::{Options, complete};
use crate::kit::Kit;
use crate::scalp::{LEAST_EAR, MOST_VOLUME, Refusal, Scalp};
use crate::strokes::Place;

/// The skull from the front: half width, half height, how high its middle lies, and how square it is.
const SKULL: [f32; 4] = [0.535, 0.62, 0.08, 2.3];
/// The skull lies this far below the hair.
const HAIR: f32 = 0.030;
/// Lower than this there is no skull.
const LOWEST: f32 = -0.55;
/// How much the skull darkens towards its outline, and over which distance.
const ROUND: f32 = 0.42;
const RIM: f32 = 0.30;

/// A head that can be shown bald.
pub struct Bald<'a> {
    scalp: Scalp<'a>,
    /// What is skull, 0 to 1.
    skull: Map,
}

impl<'a> Bald<'a> {
    /// Of a face: `head` is the parsing of a square that is wide enough for its hair.
    pub fn of(kit: &'a Kit, photo: &RgbImage, head: &Parsing) -> Result<Self, Refusal> {
        let scalp = Scalp::of(kit, photo, head)?;
        scalp.check_forehead()?;
        if scalp.is_cut() {
            return Err(Refusal::Cut);
        }
        let area = (scalp.canvas.fw * scalp.canvas.fw).max(1.0);
        let ears = [Part::LeftEar, Part::RightEar, Part::Earring];
        let (near, wide) = (kit.parsing.likely(&ears), head.likely(&ears));
        let ears = scalp.canvas.window.map(|place| near(place).max(wide(place)));
        for side in [-1.0, 1.0] {
            let own =
                scalp.map(|[x, _], index| f32::from(side * x > 0.3 && ears.values[index] > 0.4));
            let own = own.values.iter().sum::<f32>() / area;
            if own < LEAST_EAR {
                return Err(Refusal::Ears(own));
            }
        }
        let sums = sums(&scalp);
        if sums.below > 0.02 * area {
            return Err(Refusal::Long);
        }
        let share = sums.off / sums.above.max(1.0);
        if share > MOST_VOLUME {
            return Err(Refusal::Voluminous(share));
        }
        let skull = skull(&scalp, head);
        Ok(Self { scalp, skull })
    }

    /// The head without hair; asks `check` whether to go on.
    pub fn paint(mut self, photo: &mut RgbImage, check: &dyn Fn() -> Outcome<()>) -> Outcome<()> {
        let around = self.scalp.around_hair(0.035);
        self.clear(photo, &around, check)?;
        let skin = self.scalp.skin();
        let depth = self.depth();
        let likely = self.scalp.canvas.likely(&[Part::LeftEar, Part::RightEar]);
        let scalp = &mut self.scalp;
        for (index, &share) in self.skull.values.iter().enumerate() {
            let hair = around.values[index] * (1.0 - likely.values[index]);
            if share * hair <= 0.0 {
                continue;
            }
            let away = 1.0 - (depth.values[index] / RIM).clamp(0.0, 1.0);
            let round = 1.0 - ROUND * (1.0 - (1.0 - away * away).max(0.0).sqrt());
            let [l, a, b] = skin[index];
            scalp.canvas.replace(index, [l * round, a, b], share * hair);
        }
        let highlight = scalp.map(|[x, y], _| {
            6.0 * (-((x + 0.08) / 0.10).powi(2) - ((y - 0.46) / 0.08).powi(2)).exp()
        });
        for (index, light) in highlight.values.iter().enumerate() {
            let share = self.skull.values[index] * around.values[index];
            scalp.canvas.now.colours[index][0] += light * share;
        }
        self.scalp.canvas.paint(photo);
        Ok(())
    }

    /// Completes the background where hair stood off the skull.
    fn clear(
        &mut self,
        photo: &mut RgbImage,
        around: &Map,
        check: &dyn Fn() -> Outcome<()>,
    ) -> Outcome<()> {
        let window = self.scalp.canvas.window;
        let (width, height) = photo.dimensions();
        let mut hole = GrayImage::new(width, height);
        let mut person = GrayImage::new(width, height);
        let parsed = self.scalp.canvas.likely(&Part::ALL[1..]);
        let above = self.scalp.map(|[_, y], _| f32::from(y > -0.1));
        let region = window.region;
        for y in region.y..region.y + region.height {
            for x in region.x..region.x + region.width {
                let cell = window.cell(Point { x: x as f32, y: y as f32 });
                let at = |map: &Map| map.between(cell.x, cell.y);
                let hair = at(around);
                let off = hair > 0.04 && at(&self.skull) < 0.99 && at(&above) > 0.5;
                if off && at(&parsed) < 0.98 + hair {
                    hole.put_pixel(x, y, image::Luma([255]));
                }
                if at(&parsed) > 0.3 || hair > 0.04 {
                    person.put_pixel(x, y, image::Luma([255]));
                }
            }
        }
        check()?;
        let barred = grown(&person, 2);
        let mut ground = photo.clone();
        if hole.iter().any(|&value| value > 0) {
            complete(&mut ground, &hole, Some(&barred), &Options::default(), check)?;
        }
        // Ears, skin and clothes that lie in the strip stay.
        let kept = self.scalp.canvas.likely(&[
            Part::LeftEar,
            Part::RightEar,
            Part::Skin,
            Part::Neck,
            Part::Cloth,
        ]);
        let background = crate::lab::LabMap::of(&window.cut(&ground));
        for (index, &hair) in around.values.iter().enumerate() {
            let share = hair * (1.0 - self.skull.values[index]) * above.values[index];
            let share = share * (1.0 - kept.values[index]);
            self.scalp.canvas.replace(index, background.colours[index], share);
        }
        Ok(())
    }

    /// How deep each cell lies inside the skull, in `fw`, up to [`RIM`].
    fn depth(&self) -> Map {
        let solid =
            self.skull.each(|x, y| f32::from(self.skull.values[y * self.skull.width + x] > 0.5));
        let steps = 10;
        let radius = ((RIM / steps as f32) * self.scalp.canvas.fw).round().max(1.0) as usize;
        let (mut inner, mut depth) = (solid.clone(), self.scalp.canvas.window.filled(0.0));
        for _ in 0..steps {
            inner = inner.erode(radius);
            let by = RIM / steps as f32;
            depth = depth.join(&inner, |depth, inside| depth + by * inside);
        }
        self.scalp.canvas.blurred(&depth, 0.02)
    }
}

/// Cells of hair: all above the brows, those of them off the skull, and those below the jaw.
struct Sums {
    above: f32,
    off: f32,
    below: f32,
}

fn sums(scalp: &Scalp) -> Sums {
    let jaw = scalp.spot(scalp.canvas.point(152))[1];
    let hair = |index: usize| f32::from(scalp.hair.values[index] > 0.5);
    let sum = |wanted: &(dyn Fn(Place) -> bool + Sync)| {
        let cells = scalp.map(|place, index| if wanted(place) { hair(index) } else { 0.0 });
        cells.values.iter().sum::<f32>()
    };
    Sums {
        above: sum(&|[_, y]| y > -0.1),
        off: sum(&|[x, y]| y > -0.1 && radius([x, y]) > 1.0),
        below: sum(&|[_, y]| y < jaw),
    }
}

/// How far out of the skull a place lies: 1 on its outline.
fn radius([x, y]: Place) -> f32 {
    let [wide, high, middle, square] = SKULL;
    ((x / wide).abs().powf(square) + ((y - middle) / high).abs().powf(square)).powf(1.0 / square)
}

/// The skull: what lies inside the head's outline, below the thickness of the hair, and inside the shape of
/// skulls.
fn skull(scalp: &Scalp, head: &Parsing) -> Map {
    let likely = head.likely(safelight_vision::heads::HEAD);
    let silhouette = scalp.canvas.window.map(|place| ((likely(place) - 0.3) * 2.5).clamp(0.0, 1.0));
    let radius_of_hair = (HAIR * scalp.canvas.fw).round() as usize;
    let inner = silhouette.erode(radius_of_hair);
    let shape = scalp.map(|place, index| {
        let inside = f32::from(radius(place) < 1.0 && place[1] > LOWEST);
        inside * f32::from(inner.values[index] > 0.5)
    });
    let soft = scalp.canvas.blurred(&shape, 0.05);
    soft.each(|x, y| smoothstep(0.46, 0.54, soft.values[y * soft.width + x]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skulls_are_as_wide_and_high_as_they_are_said_to_be() {
        let [wide, high, middle, _] = SKULL;
        for place in [[wide, middle], [-wide, middle], [0.0, middle + high], [0.0, middle - high]] {
            assert!((radius(place) - 1.0).abs() < 1e-5, "{place:?}");
        }
        assert!(radius([0.3, 0.3]) < 1.0 && radius([0.5, 0.6]) > 1.0);
    }
}
