//! Eyes, brows, lips, hair and teeth: sharper, clearer, whiter. Lengths are in `fw`.

use image::RgbImage;
use safelight_imaging::map::Map;
use safelight_vision::face::Part;

use crate::change::{Change, labs};
use crate::kit::Kit;
use crate::window::Window;
use crate::{atlas, region};

/// Detail up to this standard deviation is sharpened, by this much at full strength, and never by more
/// than this in L*.
const DETAIL: f32 = 0.008;
const GAIN: f32 = 0.8;
const MOST: f32 = 9.0;
/// What has this share of the skin's lightness and a chroma below this is white of an eye or a tooth.
const WHITE: f32 = 0.62;
const WHITE_CHROMA: f32 = 22.0;

/// What is asked of the features; all zero is as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Features {
    /// How much sharper eyes, brows, lips and hair are, 0 to 1.
    pub sharp: f32,
    /// How much lighter teeth are, in L*.
    pub teeth: f32,
    /// How much lighter the whites of the eyes are, in L*.
    pub eye_whites: f32,
}

impl Features {
    /// The change in a window: `cut` is the photo under it.
    pub fn change(&self, kit: &Kit, window: Window, cut: &RgbImage) -> Change {
        let mut change = Change::none(window);
        if *self == Self::default() {
            return change;
        }
        let colours = labs(cut);
        if self.sharp > 0.0 {
            change.lab[0] = self.sharper(kit, &window, &colours[0]);
        }
        let openings = atlas::EYES.map(|indices| kit.polygon(&indices));
        let eyes = region::fill_all(&window, openings.iter().map(Vec::as_slice));
        let irises = region::union(&kit.iris(&window, 0), &kit.iris(&window, 1));
        let irises = region::grown(&irises, kit.cells(&window, 0.004).max(0.5));
        let whites = region::without(&eyes, &irises);
        let mouth = region::fill(&window, &kit.polygon(&atlas::MOUTH));
        for (part, amount) in [(whites, self.eye_whites), (mouth, self.teeth)] {
            let free = region::without(&part, &kit.occluders(&window));
            whiten(&mut change, &colours, &free, kit, amount);
        }
        change
    }

    /// Unsharp masking of what shall be crisp; skin stays as it is.
    fn sharper(&self, kit: &Kit, window: &Window, l: &Map) -> Map {
        const CRISP: [Part; 7] = [
            Part::Hair,
            Part::LeftBrow,
            Part::RightBrow,
            Part::LeftEye,
            Part::RightEye,
            Part::UpperLip,
            Part::LowerLip,
        ];
        let parsed = region::parts(window, &kit.parsing, &CRISP);
        let outlines: [&[usize]; 5] =
            [&atlas::LIDS[0], &atlas::LIDS[1], &atlas::BROWS[0], &atlas::BROWS[1], &atlas::LIPS];
        let polygons = outlines.map(|indices| kit.polygon(indices));
        let drawn = region::fill_all(window, polygons.iter().map(Vec::as_slice));
        let crisp = region::union(&parsed, &drawn);
        let crisp = region::feathered(&crisp, kit.cells(window, 0.006));
        let calm = l.gaussian(kit.cells(window, DETAIL).clamp(0.7, 4.0));
        let detail = l.join(&calm, |value, calm| value - calm);
        let gain = GAIN * self.sharp;
        detail.join(&crisp, |detail, crisp| (detail * gain).clamp(-MOST, MOST) * crisp)
    }
}

/// Lightens what is white in a region, and takes some of its yellow.
fn whiten(change: &mut Change, colours: &[Map; 3], part: &Map, kit: &Kit, amount: f32) {
    if amount == 0.0 {
        return;
    }
    let own = kit.skin.lab[0].max(1.0);
    let white = part.each(|x, y| {
        let i = y * part.width + x;
        let [l, a, b] = colours.each_ref().map(|map| map.values[i]);
        let light = ((l / own - WHITE) / 0.2).clamp(0.0, 1.0);
        let pale = ((WHITE_CHROMA - a.abs().max(0.6 * b.abs())) / 8.0).clamp(0.0, 1.0);
        part.values[i] * light * pale
    });
    let white = region::feathered(&white, kit.cells(&change.window, 0.003));
    let white = region::common(&white, part);
    let room = |l: f32| (amount * ((98.0 - l) / 20.0).clamp(0.0, 1.0)).max(0.0);
    for (i, mask) in white.values.iter().enumerate() {
        change.lab[0].values[i] += mask * room(colours[0].values[i]);
        change.lab[2].values[i] -= mask * 0.04 * amount * colours[2].values[i].max(0.0);
    }
}
