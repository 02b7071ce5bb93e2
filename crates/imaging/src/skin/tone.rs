//! Skin tone: individual typology angle and hue angle.

use image::RgbImage;

use super::chip::{Skin, skin_mask, zone_mask};
use super::light::Light;
use super::mask::Mask;
use super::score::chance;
use super::upright::Upright;
use super::zone::Zone;
use crate::color::{LINEAR, lab, lightness, luma};
use crate::map::percentile;

/// Share of the darkest and of the brightest pixels that do not count: shadow and gloss.
const SHADOW: f32 = 0.25;
const GLOSS: f32 = 0.90;
/// Degrees by which the typology angle of one face varies between photos in ordinary light.
const SPREAD: f32 = 5.0;
/// Lightness outside of which a photo is too dark or too bright to tell a tone.
const USABLE: std::ops::RangeInclusive<f32> = 18.0..=93.0;

/// Pixels of the frame, in each direction, for one that a glance sees.
const GLANCE: usize = 4;

/// Tone of the skin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// CIE L*, a*, b* (D65) with the light's cast taken away.
    pub lab: [f32; 3],
    /// Whether light and exposure let one tell.
    pub reliable: bool,
}

/// Classes of the typology angle as the API draws them: above 56°, 43°, 36°, 20°, 10°, and below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// Above 56°.
    VeryLight,
    /// 43° to 56°.
    Light,
    /// 36° to 43°.
    Intermediate,
    /// 20° to 36°.
    Tan,
    /// 10° to 20°.
    Brown,
    /// Below 10°.
    Dark,
}

/// Classes of the hue angle: above 49°, 46° to 49°, and below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// Above 49°.
    Yellowish,
    /// 46° to 49°.
    Neutral,
    /// Below 46°.
    Reddish,
}

/// The limits between the classes of [`Tint`], falling.
const TINTS: [f32; 5] = [56.0, 43.0, 36.0, 20.0, 10.0];

impl Tone {
    /// Measures forehead, nose, cheeks and chin without their shadows and gloss. None where no
    /// skin is seen.
    pub fn of(skin: &Skin) -> Option<Self> {
        Self::within(&skin.chip.image, &skin.zones(&Zone::FACE), skin.light)
    }

    /// The same at a glance, for a face of which nothing else is measured: on a sixteenth of the
    /// pixels, cut out of the photo for it. `is_skin` says of a place of the photo whether it shows
    /// skin. The typology angle comes out within half a degree of that of [`Tone::of`].
    pub fn at_a_glance(
        photo: &RgbImage,
        face: &Upright,
        light: Light,
        is_skin: impl Fn([f32; 2]) -> bool,
    ) -> Option<Self> {
        let zones = Zone::FACE.map(|zone| zone_mask(face, GLANCE, zone));
        let zones = zones.into_iter().reduce(|all, zone| all.or(&zone))?;
        let mask = zones.and(&skin_mask(face, GLANCE, is_skin));
        Self::within(&face.cut(photo, GLANCE), &mask, light)
    }

    fn within(picture: &RgbImage, mask: &Mask, light: Light) -> Option<Self> {
        let pixels = picture.as_chunks::<3>().0;
        let colors = mask.indices().map(|i| pixels[i].map(|value| LINEAR[usize::from(value)]));
        let colors: Vec<([f32; 3], f32)> =
            colors.map(|color| (color, lightness(luma(color)))).collect();
        let mut lights: Vec<f32> = colors.iter().map(|&(_, light)| light).collect();
        let [low, high] = [SHADOW, GLOSS].map(|rank| percentile(&mut lights, rank));
        let mut sum = [0.0_f64; 3];
        let mut count = 0_u32;
        for &(color, _) in colors.iter().filter(|(_, light)| (low..=high).contains(light)) {
            sum.iter_mut().zip(color).for_each(|(sum, value)| *sum += f64::from(value));
            count += 1;
        }
        if count == 0 {
            return None;
        }
        let mean = std::array::from_fn(|c| (sum[c] / f64::from(count)) as f32 * light.gains[c]);
        let lab = lab(mean);
        Some(Self { lab, reliable: light.reliable && USABLE.contains(&lab[0]) })
    }

    /// Individual typology angle in degrees, -90 to 90 (Chardon, Cretois and Hourseau 1991).
    pub fn ita(&self) -> f32 {
        let [l, _, b] = self.lab;
        (l - 50.0).atan2(b.max(1e-3)).to_degrees()
    }

    /// Hue angle in degrees, 0 to 90: red to yellow.
    pub fn hue_angle(&self) -> f32 {
        let [_, a, b] = self.lab;
        b.max(0.0).atan2(a.max(1e-3)).to_degrees()
    }

    /// The class of the typology angle.
    pub fn tint(&self) -> Tint {
        use Tint::{Brown, Dark, Intermediate, Light, Tan, VeryLight};
        let ita = self.ita();
        let place = TINTS.iter().position(|&limit| ita > limit);
        place.map_or(Dark, |i| [VeryLight, Light, Intermediate, Tan, Brown][i])
    }

    /// The class of the hue angle.
    pub fn hue(&self) -> Hue {
        match self.hue_angle() {
            angle if angle > 49.0 => Hue::Yellowish,
            angle if angle >= 46.0 => Hue::Neutral,
            _ => Hue::Reddish,
        }
    }

    /// Which of the classes between falling `limits` of the typology angle it belongs to, counted
    /// from 0, and how sure that is: the chance that the angle lies in that class if photos of one
    /// face vary by some degrees.
    pub fn class(&self, limits: &[f32]) -> (usize, f32) {
        let ita = self.ita();
        let class = limits.iter().position(|&limit| ita > limit).unwrap_or(limits.len());
        let spread = if self.reliable { SPREAD } else { 2.0 * SPREAD };
        let above = |limit: Option<&f32>| limit.map_or(1.0, |l| chance(ita, *l, spread * 0.55));
        let below_upper = class.checked_sub(1).map_or(1.0, |i| 1.0 - above(limits.get(i)));
        (class, (above(limits.get(class)) + below_upper - 1.0).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::{HAEMOGLOBIN, MELANIN};
    use super::super::phantom::Phantom;
    use super::*;
    use crate::color::to_linear;

    fn toned(pigment: [f32; 3], amount: f32) -> Tone {
        let mut phantom = Phantom::clean();
        phantom.spot([500.0, 576.0], 2000.0, 1.0, pigment.map(|value| value * amount));
        Tone::of(&phantom.skin()).expect("skin")
    }

    #[test]
    fn the_drawn_tone_is_found() {
        let drawn = lab([214.0, 168.0, 143.0].map(|value| to_linear(value / 255.0)));
        let found = toned([0.0; 3], 0.0);
        assert!(found.lab.iter().zip(drawn).all(|(f, d)| (f - d).abs() < 4.0), "{found:?}");
        assert!(found.reliable);
    }

    #[test]
    fn a_glance_sees_the_same_tone() {
        for amount in [0.0, 0.6, 1.6] {
            let mut phantom = Phantom::clean();
            phantom.spot([300.0, 700.0], 200.0, 90.0, MELANIN.map(|value| value * amount));
            let skin = phantom.skin();
            let chip = &skin.chip;
            let measured = Tone::of(&skin).expect("skin").ita();
            let glance = Tone::at_a_glance(&chip.image, &chip.upright, skin.light, |_| true);
            let glance = glance.expect("skin").ita();
            assert!((measured - glance).abs() < 0.5, "{measured} {glance}");
        }
    }

    #[test]
    fn melanin_darkens_and_blood_reddens() {
        let angles = [0.0, 0.3, 0.6, 1.0, 1.6].map(|amount| toned(MELANIN, amount).ita());
        assert!(angles.windows(2).all(|pair| pair[0] > pair[1] + 4.0), "{angles:?}");
        let hues = [0.0, 0.2, 0.4].map(|amount| toned(HAEMOGLOBIN, amount).hue_angle());
        assert!(hues.windows(2).all(|pair| pair[0] > pair[1] + 2.0), "{hues:?}");
        assert!(!toned([1.0; 3], 4.0).reliable);
    }

    #[test]
    fn classes_are_sure_in_their_middle() {
        let tone = |ita: f32| Tone {
            lab: [50.0 + 20.0 * ita.to_radians().tan(), 12.0, 20.0],
            reliable: true,
        };
        let tints = [60.0, 50.0, 40.0, 28.0, 15.0, 0.0].map(|ita| tone(ita).tint() as usize);
        assert_eq!(tints, [0, 1, 2, 3, 4, 5]);
        let limits = [55.0, 41.0, 28.0, 10.0];
        let sure = |ita: f32| tone(ita).class(&limits);
        assert_eq!([70.0, 48.0, 34.0, 19.0, -20.0].map(|ita| sure(ita).0), [0, 1, 2, 3, 4]);
        assert!(sure(48.0).1 > sure(42.0).1 && sure(-20.0).1 > 0.99 && sure(70.0).1 > 0.9);
        assert!((0.4..0.6).contains(&sure(41.1).1));
    }
}
