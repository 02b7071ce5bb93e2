//! Hair colour: the strands of a matte recoloured, in one colour or several.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::color::smoothstep;
use safelight_imaging::map::{Map, percentile};
use safelight_imaging::{Cutout, Region, lab_of};
use safelight_vision::face::{Part, Point, Rect};

use crate::change::pixel_of;
use crate::describe::{Description, Place, Shift, blended};
use crate::dice::{Dice, Noise};
use crate::kit::Kit;
use crate::lab::{Lab, mixed};
use crate::makeup::Canvas;
use crate::makeup::eye::AROUND;
use crate::recolour::{Curve, Target};
use crate::region;
use crate::window::Window;

/// How hair shall look.
#[derive(Clone, Debug, PartialEq)]
pub struct HairColour {
    /// The colour of all hair that has no other; without, the own colour changed by `shift`.
    pub base: Option<Lab>,
    /// A change of the own colour.
    pub shift: Shift,
    /// The colour of the ends; with it the colour runs from one to the other.
    pub tips: Option<Lab>,
    /// The colour next to the scalp.
    pub roots: Option<Lab>,
    /// The colour of single strands.
    pub strands: Option<Lab>,
    /// Whether many colours lie side by side.
    pub rainbow: bool,
    /// Whether dark hair may become as light as asked.
    pub bleach: bool,
    /// Whether brows are tinted too.
    pub brows: bool,
    /// 0 to 1.
    pub strength: f32,
}

/// What hair gets where nothing is asked for: chestnut brown.
const USUAL: Lab = [30.0, 17.0, 21.0];
/// The colours of rainbow hair, from side to side.
const RAINBOW: [Lab; 6] = [
    [56.0, 62.0, 8.0],
    [64.0, 40.0, 52.0],
    [78.0, 2.0, 62.0],
    [64.0, -38.0, 22.0],
    [54.0, -10.0, -40.0],
    [46.0, 38.0, -46.0],
];
/// Without bleach, hair gets no lighter than this, and a share of what it is.
const UNBLEACHED: [f32; 2] = [25.0, 0.6];
/// Hair whose alpha is less in sum, by the face's size, is none.
pub const LEAST_HAIR: f32 = 0.03;

impl HairColour {
    /// What a text asks for; chestnut brown where it says nothing of colour.
    pub fn described(text: &Description) -> Self {
        let at = |place| text.colour(Some(place));
        let says = |name: &str| text.number(name, 0.0) > 0.0;
        let everywhere: Vec<Lab> =
            text.colours.iter().filter(|c| c.place.is_none()).map(|c| c.colour).collect();
        let gradient = says("gradient");
        let mut own = Self {
            base: blended(&text.colours),
            shift: text.shift,
            tips: at(Place::Tips),
            roots: at(Place::Roots),
            strands: at(Place::Strands),
            rainbow: says("rainbow") && everywhere.is_empty(),
            bleach: text.bleach,
            brows: says("brows"),
            strength: text.strength.unwrap_or(1.0).clamp(0.0, 1.0),
        };
        if gradient {
            // From the first colour to the last; a single one fades in towards the ends.
            own.tips = own.tips.or(everywhere.last().copied()).or(Some([66.0, 8.0, 32.0]));
            own.base = everywhere.first().copied().filter(|_| everywhere.len() > 1);
            own.bleach |= everywhere.is_empty();
        }
        let several = own.tips.or(own.roots).or(own.strands).is_some() || own.rainbow;
        if own.base.is_none() && !several && own.shift == Shift::default() {
            own.base = Some(USUAL);
        }
        if text.bleach && text.colours.is_empty() && !several {
            own.base = Some([70.0, 5.0, 32.0]);
        }
        own
    }
}

/// Colours the hair of a face: `cutout` is the matte over `region` of the photo, with the colours of
/// the hair alone.
pub fn paint(
    photo: &mut RgbImage,
    kit: &Kit,
    cutout: &Cutout,
    region: Region,
    wanted: &HairColour,
) {
    if wanted.strength <= 0.0 {
        return;
    }
    let samples = samples(cutout);
    let Some(plan) = Plan::of(&samples, wanted) else { return };
    let strands = Strands::of(kit, cutout, region, wanted);
    let line = photo.width() as usize * 3;
    let (first, own) = (region.x as usize * 3, region.width as usize * 3);
    let rows = photo.par_chunks_exact_mut(line.max(1)).skip(region.y as usize);
    rows.take(region.height as usize).enumerate().with_min_len(8).for_each(|(y, row)| {
        let pixels = row[first..first + own].as_chunks_mut::<3>().0;
        for (x, pixel) in pixels.iter_mut().enumerate() {
            let alpha = f32::from(cutout.alpha.get_pixel(x as u32, y as u32).0[0]) / 255.0;
            if alpha <= 0.0 {
                continue;
            }
            let own = cutout.rgb.get_pixel(x as u32, y as u32).0;
            let [l, a, b] = plan.colour(lab_of(own), &strands.at(x as f32, y as f32));
            // Thin hair before a light lets the light through.
            let chroma = 0.6 + 0.4 * smoothstep(0.1, 0.6, alpha);
            let new = pixel_of([l, a * chroma, b * chroma]);
            for (channel, value) in pixel.iter_mut().enumerate() {
                let change = f32::from(new[channel]) - f32::from(own[channel]);
                let mixed = f32::from(*value) + alpha * wanted.strength * change;
                *value = mixed.round().clamp(0.0, 255.0) as u8;
            }
        }
    });
    if let (true, Some(colour)) = (wanted.brows, wanted.base) {
        tint_brows(photo, kit, colour);
    }
}

/// Colours of what is surely hair, at most some ten thousand.
fn samples(cutout: &Cutout) -> Vec<Lab> {
    let opaque = |least: u8| cutout.alpha.iter().filter(move |alpha| **alpha >= least).count();
    let least = if opaque(230) > 400 { 230 } else { 128 };
    let step = (opaque(least) / 20_000).max(1);
    let pairs = cutout.rgb.pixels().zip(cutout.alpha.iter());
    let hair = pairs.filter(|(_, alpha)| **alpha >= least).step_by(step);
    hair.map(|(pixel, _)| lab_of(pixel.0)).collect()
}

/// Sum of a matte's alpha by the square of the face's width.
pub fn amount(cutout: &Cutout, kit: &Kit) -> f32 {
    let sum: f64 = cutout.alpha.iter().map(|&alpha| f64::from(alpha) / 255.0).sum();
    sum as f32 / (kit.fw * kit.fw)
}

/// The median colour of a matte's hair.
pub fn median(cutout: &Cutout) -> Option<Lab> {
    let samples = samples(cutout);
    let middle = |i: usize| percentile(&mut samples.iter().map(|c| c[i]).collect::<Vec<_>>(), 0.5);
    (!samples.is_empty()).then(|| [middle(0), middle(1), middle(2)])
}

/// The curves of one head's colours.
struct Plan {
    base: Option<Curve>,
    tips: Option<Curve>,
    roots: Option<Curve>,
    strands: Option<Curve>,
    rainbow: Vec<Curve>,
}

impl Plan {
    fn of(samples: &[Lab], wanted: &HairColour) -> Option<Self> {
        let middle = |channel: usize| {
            percentile(&mut samples.iter().map(|c| c[channel]).collect::<Vec<_>>(), 0.5)
        };
        let own = [middle(0), middle(1), middle(2)];
        let [least, share] = UNBLEACHED;
        let curve = |mut colour: Lab| {
            let most = least + share * own[0];
            if !wanted.bleach && colour[0] > most {
                // Paler dye on dark hair shows as a tint.
                let scale = (most / colour[0]).sqrt();
                colour = [most, colour[1] * scale, colour[2] * scale];
            }
            let spread = (4.0 + 0.2 * colour[0]).min(16.0);
            Curve::fit(samples, Target { colour, spread, own_chroma: 0.15 })
        };
        let shifted = (wanted.shift != Shift::default()).then(|| wanted.shift.of(own));
        let base = wanted.base.or(shifted);
        let rainbow = if wanted.rainbow { &RAINBOW[..] } else { &[] };
        (!samples.is_empty()).then(|| Self {
            base: base.and_then(curve),
            tips: wanted.tips.and_then(curve),
            roots: wanted.roots.and_then(curve),
            strands: wanted.strands.and_then(curve),
            rainbow: rainbow.iter().filter_map(|&colour| curve(colour)).collect(),
        })
    }

    fn colour(&self, own: Lab, at: &Spot) -> Lab {
        let mut colour = self.base.map_or(own, |curve| curve.apply(own));
        if !self.rainbow.is_empty() {
            let place = at.across.clamp(0.0, 0.999) * (self.rainbow.len() - 1) as f32;
            let (first, share) = (place as usize, smoothstep(0.15, 0.85, place.fract()));
            let next = (first + 1).min(self.rainbow.len() - 1);
            let pair = [first, next].map(|i| self.rainbow[i].apply(own));
            colour = mixed(pair[0], pair[1], share);
        }
        let mut lay = |curve: &Option<Curve>, share: f32| {
            if let Some(curve) = curve {
                colour = mixed(colour, curve.apply(own), share);
            }
        };
        lay(&self.strands, at.strand);
        lay(&self.tips, smoothstep(0.30, 0.85, at.down));
        lay(&self.roots, 1.0 - smoothstep(0.05, 0.35, at.down));
        colour
    }
}

/// What the place of a hair decides.
struct Spot {
    /// From the crown 0 to the ends 1.
    down: f32,
    /// From the picture's left 0 to its right 1.
    across: f32,
    /// How much it is one of the strands that are coloured, 0 to 1.
    strand: f32,
}

/// Where hair lies on a head, over the pixels of a region.
struct Strands {
    axes: [Point; 2],
    /// The ranges of hair along the axes.
    ranges: [[f32; 2]; 2],
    /// How much lighter than its surroundings each cell is, by the deviation of that, and the pixels of a
    /// cell.
    lighter: Option<(Map, f32)>,
    noise: Noise,
    clump: f32,
}

impl Strands {
    fn of(kit: &Kit, cutout: &Cutout, region: Region, wanted: &HairColour) -> Self {
        let axes = kit.axes();
        let places = cutout.alpha.enumerate_pixels().filter(|(_, _, alpha)| alpha.0[0] > 127);
        let step = ((cutout.alpha.len() / 40_000).max(1)) | 1;
        let places: Vec<Point> =
            places.step_by(step).map(|(x, y, _)| Point { x: x as f32, y: y as f32 }).collect();
        let ranges = axes.map(|axis| {
            let mut along: Vec<f32> =
                places.iter().map(|place| place.x * axis.x + place.y * axis.y).collect();
            [percentile(&mut along, 0.01), percentile(&mut along, 0.99)]
        });
        let around =
            Rect { x: 0.0, y: 0.0, width: region.width as f32, height: region.height as f32 };
        let lighter = wanted.strands.and_then(|_| {
            let window = Window::of(around, kit.fw / 500.0, cutout.rgb.dimensions())?;
            let cut = window.cut(&cutout.rgb);
            let light = Map::of(&cut, |rgb| lab_of(rgb.map(|v| (v * 255.0) as u8))[0]);
            // Single hairs are not coloured, strands are.
            let [fine, coarse] =
                [0.005, 0.035].map(|sigma| region::feathered(&light, kit.cells(&window, sigma)));
            let detail = fine.join(&coarse, |fine, coarse| fine - coarse);
            let square = detail.values.iter().map(|value| value * value).sum::<f32>();
            let spread = (square / detail.values.len().max(1) as f32).sqrt().max(0.5);
            let width = detail.width;
            let scaled = detail.each(|x, y| detail.values[y * width + x] / spread);
            Some((scaled, window.per_cell()))
        });
        let noise = Dice::of(&cutout.rgb, "strands").noise();
        Self { axes, ranges, lighter, noise, clump: 0.12 * kit.fw }
    }

    fn at(&self, x: f32, y: f32) -> Spot {
        let share = |i: usize| {
            let [from, to] = self.ranges[i];
            let along = x * self.axes[i].x + y * self.axes[i].y;
            ((along - from) / (to - from).max(1.0)).clamp(0.0, 1.0)
        };
        let (across, down) = (share(0), share(1));
        // The strands that catch the light anyway are those that are coloured, here more, there less.
        let strand = self.lighter.as_ref().map_or(0.0, |(lighter, per_cell)| {
            let detail = lighter.between((x + 0.5) / per_cell - 0.5, (y + 0.5) / per_cell - 0.5);
            let noise = self.noise.at(x / self.clump, y / self.clump);
            0.65 * smoothstep(-0.9, 2.0, detail + 0.6 * noise)
        });
        Spot { down, across, strand }
    }
}

/// Tints the brows a third of the way.
fn tint_brows(photo: &mut RgbImage, kit: &Kit, colour: Lab) {
    let Some(mut canvas) = Canvas::around(kit, photo, &AROUND, 0.1) else { return };
    let brows = canvas.likely(&[Part::LeftBrow, Part::RightBrow]);
    for (index, &brow) in brows.values.iter().enumerate() {
        let own = canvas.before.colours[index];
        let light = own[0] + 0.5 * (colour[0] - own[0]).clamp(-20.0, 20.0);
        canvas.now.mix(index, [light, colour[1], colour[2]], 0.3 * brow);
    }
    canvas.paint(photo);
}
