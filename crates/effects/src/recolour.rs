//! A new colour for a region that keeps its light: hair, lips, irises.
//!
//! The lightness of the region follows a tone curve that takes its median to the target's and its
//! contrast to the target's; chroma follows lightness, so that darker and lighter strands are less
//! saturated; highlights keep the colour of the light (Levinshtein et al. 2018 and Tkachenka et al. 2019
//! do the same in other colour spaces).

use safelight_imaging::color::smoothstep;
use safelight_imaging::map::percentile;

use crate::lab::Lab;

/// What a region is to look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The colour of its median.
    pub colour: Lab,
    /// The deviation of its L*, about 8 to 14 for hair.
    pub spread: f32,
    /// Share of the region's own chroma that stays, 0 to 1.
    pub own_chroma: f32,
}

/// How much the contrast of the region may shrink and grow.
const CONTRAST: [f32; 2] = [0.5, 1.7];
/// Beyond these, lightness is compressed.
const ENDS: [f32; 2] = [3.0, 93.0];
/// How softly.
const SOFT: f32 = 9.0;
/// The share of the region that are its highlights.
const HIGHLIGHTS: f32 = 0.05;
/// How much chroma a highlight loses.
const PALE: f32 = 0.5;
/// Share of chroma that stays in the darkest and that is allowed in the lightest parts.
const CHROMA: [f32; 2] = [0.35, 1.15];

/// The way from the colours of a region to those of a target.
#[derive(Clone, Copy, Debug)]
pub struct Curve {
    target: Target,
    median: f32,
    contrast: f32,
    highlight: f32,
    own: [f32; 2],
}

impl Curve {
    /// Fits the curve to the colours of a region. None where there are none.
    pub fn fit(colours: &[Lab], target: Target) -> Option<Self> {
        let ranked = |channel: usize, rank: f32| {
            percentile(&mut colours.iter().map(|c| c[channel]).collect::<Vec<_>>(), rank)
        };
        if colours.is_empty() {
            return None;
        }
        // Half of the middle two thirds is the deviation of a normal distribution.
        let spread = ((ranked(0, 0.84) - ranked(0, 0.16)) / 2.0).max(0.5);
        let [least, most] = CONTRAST;
        Some(Self {
            target,
            median: ranked(0, 0.5),
            contrast: (target.spread / spread).clamp(least, most),
            highlight: ranked(0, 1.0 - HIGHLIGHTS),
            own: [ranked(1, 0.5), ranked(2, 0.5)],
        })
    }

    /// The region's median L*.
    pub fn median(&self) -> f32 {
        self.median
    }

    /// What becomes of a colour of the region.
    pub fn apply(&self, [l, a, b]: Lab) -> Lab {
        let [wanted, red, yellow] = self.target.colour;
        let light = within_ends(wanted + self.contrast * (l - self.median));
        let [least, most] = CHROMA;
        let chroma = (light / wanted.max(1.0)).clamp(least, most);
        // Above the target's lightness chroma falls again, as hair bleached by the sun does.
        let faded = 1.0 - 0.35 * smoothstep(wanted + 8.0, wanted + 35.0, light);
        let shine = smoothstep(self.highlight, self.highlight + 10.0, l);
        let kept = 1.0 - PALE * shine;
        let own = self.target.own_chroma;
        let channel = |value: f32, median: f32, target: f32| {
            (target * chroma * faded + own * (value - median)) * kept
        };
        [light, channel(a, self.own[0], red), channel(b, self.own[1], yellow)]
    }
}

/// Lightness pressed into the range that surfaces have, softly.
fn within_ends(light: f32) -> f32 {
    let [low, high] = ENDS;
    let soft = |over: f32, room: f32| room * (1.0 - (-over / room).exp());
    if light > high - SOFT {
        high - SOFT + soft(light - high + SOFT, SOFT)
    } else if light < low + SOFT / 2.0 {
        low + SOFT / 2.0 - soft(low + SOFT / 2.0 - light, SOFT / 2.0)
    } else {
        light
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strands(median: f32) -> Vec<Lab> {
        (0..400)
            .map(|i| [median + ((i * 37) % 41) as f32 / 2.0 - 10.0, 6.0, 12.0 + (i % 5) as f32])
            .collect()
    }

    fn median_of(colours: impl Iterator<Item = f32>) -> f32 {
        percentile(&mut colours.collect::<Vec<_>>(), 0.5)
    }

    #[test]
    fn the_median_becomes_the_target_and_order_stays() {
        let target = Target { colour: [68.0, 4.0, 30.0], spread: 11.0, own_chroma: 0.15 };
        let dark = strands(14.0);
        let curve = Curve::fit(&dark, target).expect("colours");
        let after: Vec<Lab> = dark.iter().map(|&c| curve.apply(c)).collect();
        let found: [f32; 3] = std::array::from_fn(|i| median_of(after.iter().map(|c| c[i])));
        assert!(crate::lab::difference(found, target.colour) < 3.0, "{found:?}");
        // The unchanged region is far off.
        let before: [f32; 3] = std::array::from_fn(|i| median_of(dark.iter().map(|c| c[i])));
        assert!(crate::lab::difference(before, target.colour) > 40.0);
        for pair in dark.iter().zip(&after).collect::<Vec<_>>().windows(2) {
            let (before, after) = (pair[1].0[0] - pair[0].0[0], pair[1].1[0] - pair[0].1[0]);
            assert!(before * after >= 0.0);
        }
    }

    #[test]
    fn highlights_are_paler_than_the_rest() {
        let target = Target { colour: [40.0, 50.0, 30.0], spread: 10.0, own_chroma: 0.0 };
        let mut colours = strands(45.0);
        colours.extend([[92.0, 2.0, 6.0]; 6]);
        let curve = Curve::fit(&colours, target).expect("colours");
        let chroma = |[_, a, b]: Lab| a.hypot(b);
        assert!(
            chroma(curve.apply([92.0, 2.0, 6.0])) < 0.6 * chroma(curve.apply([45.0, 6.0, 12.0]))
        );
        assert!(curve.apply([300.0, 0.0, 0.0])[0] <= 93.0);
        assert!(curve.apply([-200.0, 0.0, 0.0])[0] >= 3.0);
        assert!(Curve::fit(&[], target).is_none());
    }
}
