//! Skin: smoother, more even, lighter, with its texture kept.
//!
//! Lightness is parted into three bands: the coarse one is light and form (guided filter, He, Sun and
//! Tang 2010), the fine one pores and grain; what lies between is mottle, and goes. Lengths are in `fw`.

use image::RgbImage;
use safelight_imaging::map::{Map, percentile};

use crate::change::{Change, labs};
use crate::kit::{Kit, Skin};
use crate::region;
use crate::window::Window;

/// Radius of the guided filter that leaves light and form, and the variance (of L* / 100) above which
/// an edge is form.
const COARSE: f32 = 0.06;
const EDGE: f32 = 0.004;
/// The same for a* and b*.
const COLOUR_COARSE: f32 = 0.12;
const COLOUR_EDGE: f32 = 0.001;
/// Detail below this standard deviation is texture.
const FINE: f32 = 0.0067;
/// How much of mottle and of texture goes at full strength.
const MOTTLE: f32 = 0.8;
const TEXTURE: f32 = 0.05;
/// Lightness changes by this times `1 - L*/100` of what is asked, so that light skin and highlights keep
/// their form.
const RAMP: f32 = 1.6;
/// The typology angle rises by no more than this for a lightening of 10, in degrees: a person's tone stays
/// that person's.
const MOST_ITA: f32 = 15.0;
/// Faces of fewer pixels than this have no mottle to take, and of this on all of it is seen.
const RESOLVED: (f32, f32) = (30.0, 120.0);

/// What is asked of the skin; all zero is as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Retouch {
    /// How smooth, 0 to 1.
    pub smooth: f32,
    /// How much lighter in L*, 0 to 10.
    pub lighten: f32,
    /// How even in colour, 0 to 1.
    pub even: f32,
}

impl Retouch {
    /// The change of the skin in a window: `cut` is the photo under it, `skin` where it shows skin.
    pub fn change(&self, kit: &Kit, window: Window, cut: &RgbImage, skin: &Map) -> Change {
        if *self == Self::default() || region::is_empty(skin) {
            return Change::none(window);
        }
        let from = labs(cut);
        let cells = |length: f32| kit.cells(&window, length);
        let resolved = ((kit.fw - RESOLVED.0) / (RESOLVED.1 - RESOLVED.0)).clamp(0.0, 1.0);
        let smooth = self.smooth.clamp(0.0, 1.0) * resolved;
        let even = self.even.clamp(0.0, 1.0) * resolved;
        let lighter = Lighter::of(&kit.skin, self.lighten);
        let after = [0, 1, 2].map(|i| {
            let value = filled(&from[i], skin, kit.skin.lab[i], cells(COARSE));
            let (radius, edge) = if i == 0 { (COARSE, EDGE) } else { (COLOUR_COARSE, COLOUR_EDGE) };
            let bands = Bands::of(&value, cells(radius), edge, cells(FINE));
            match i {
                0 => bands.joined(smooth, |coarse| coarse + lighter.at(coarse)),
                _ => {
                    let own = kit.skin.lab[i];
                    bands.joined(smooth, |coarse| own + (coarse - own) * (1.0 - even))
                }
            }
        });
        Change::between(window, &from, &after, skin)
    }
}

/// A channel in three bands.
struct Bands {
    coarse: Map,
    middle: Map,
    fine: Map,
}

impl Bands {
    fn of(value: &Map, radius: f32, edge: f32, fine: f32) -> Self {
        let calm = region::feathered(value, fine);
        let unit = calm.each(|x, y| calm.values[y * calm.width + x] / 100.0);
        let fitted = region::guided(&unit, &unit, radius, edge);
        let coarse = fitted.each(|x, y| 100.0 * fitted.values[y * fitted.width + x]);
        let middle = calm.join(&coarse, |calm, coarse| calm - coarse);
        Self { coarse, middle, fine: value.join(&calm, |value, calm| value - calm) }
    }

    /// The bands again as one channel, the coarse one as `tone` makes it.
    fn joined(&self, smooth: f32, tone: impl Fn(f32) -> f32 + Sync) -> Map {
        self.coarse.each(|x, y| {
            let i = y * self.coarse.width + x;
            tone(self.coarse.values[i])
                + self.middle.values[i] * (1.0 - MOTTLE * smooth)
                + self.fine.values[i] * (1.0 - TEXTURE * smooth)
        })
    }
}

/// A map whose values outside a mask are those of what lies inside nearby, so that filters see no edge
/// there; `own` where nothing does.
pub(crate) fn filled(map: &Map, mask: &Map, own: f32, reach: f32) -> Map {
    let by = region::coarseness(reach);
    let radius = ((reach / by as f32).round() as usize).max(1);
    let spread = |map: &Map| region::coarser(map, by).mean_twice(radius);
    let weighed = map.join(mask, |value, mask| (value - own) * mask);
    let (sum, weight) = (spread(&weighed), spread(mask));
    let around = sum.join(&weight, |sum, weight| own + sum / weight.max(1e-3));
    let around = region::finer(&around, by, map.width, map.height);
    map.each(|x, y| {
        let i = y * map.width + x;
        around.values[i] + (map.values[i] - around.values[i]) * mask.values[i]
    })
}

/// How lightness rises.
struct Lighter {
    amount: f32,
}

impl Lighter {
    /// By `amount` at most, and by no more than the person's tone allows.
    fn of(skin: &Skin, amount: f32) -> Self {
        let [l, _, b] = skin.lab;
        let ramp = |l: f32| (RAMP * (1.0 - l / 100.0)).clamp(0.0, 1.0);
        let angle = skin.ita() + MOST_ITA * amount / 10.0;
        let most = match angle < 88.0 {
            true => 50.0 + b.max(1e-3) * angle.to_radians().tan() - l,
            false => f32::INFINITY,
        };
        Self { amount: amount.min(most / ramp(l).max(0.05)).max(0.0) }
    }

    fn at(&self, l: f32) -> f32 {
        self.amount * (RAMP * (1.0 - l / 100.0)).clamp(0.0, 1.0)
    }
}

/// The standard deviation of the texture (detail below 0.0067 fw) inside a mask: what smoothing must keep.
pub fn texture(kit: &Kit, window: &Window, cut: &RgbImage, mask: &Map) -> f32 {
    let [l, ..] = labs(cut);
    let calm = region::feathered(&l, kit.cells(window, FINE));
    let detail = l.join(&calm, |value, calm| value - calm);
    let inside = detail.values.iter().zip(&mask.values).filter(|(_, mask)| **mask > 0.9);
    let (count, squares) =
        inside.fold((0.0, 0.0), |(n, sum), (value, _)| (n + 1.0, sum + value * value));
    (squares / f32::max(count, 1.0)).sqrt()
}

/// The median L*, a* and b* inside a mask.
pub fn tone(cut: &RgbImage, mask: &Map) -> [f32; 3] {
    labs(cut).map(|map| {
        let inside = map.values.iter().zip(&mask.values).filter(|(_, mask)| **mask > 0.9);
        percentile(&mut inside.map(|(value, _)| *value).collect::<Vec<_>>(), 0.5)
    })
}
