//! Round things that are all as wide against their height.
//!
//! One ellipse tells nothing: a disc seen at a slant looks just so. Nor do some of one size, as ovals in
//! drawings come in rows. But discs that lie in one plane at a slant differ from one side of a photo to
//! the other, by the tangent of the slant times how far they are apart over the length of the lens (in long
//! sides of the photo): by 8 % for a slant that narrows by 15 %, discs that are 0.4 apart, and a
//! lens of 3, a long one.

use image::RgbImage;
use safelight_imaging::discs::{Disc, discs};

use super::Evidence;

/// How far this sign may be wrong, as a logarithm: more than it mostly is, so that what is drawn or seen
/// a little out of round does not count. Of 528 stretched versions of 66 drawings and photos with two discs
/// and more it answers ten, to 2 %; of 2,467 pictures that nobody stretched none.
const DEVIATION: f32 = 0.05;
/// How much discs that agree may differ, as a logarithm.
const SLACK: f32 = 0.015;
/// The share of all round things that agree.
const LEAST_SHARE: f32 = 0.75;
/// The greatest widening of discs that face the camera.
const FRONTAL: f32 = 0.02;
/// How many discs must agree that nothing was stretched, that something was, and that it was by about what
/// another sign tells.
const LEAST_FRONTAL: usize = 3;
const LEAST_STRETCHED: usize = 4;
const LEAST_NARROWING: usize = 2;
/// How far those that tell a stretch are apart at least, over the long side, across and down.
const LEAST_SPAN: f32 = 0.3;
/// How much larger the greatest of them is than the least.
const LEAST_GROWTH: f32 = 1.25;

/// What most round things of a photo have in common.
pub(super) struct Shared {
    widening: f32,
    count: usize,
    /// How far they are apart over the long side: the lesser of across and down.
    span: f32,
    /// Height of the greatest over that of the least.
    growth: f32,
}

impl Shared {
    pub fn of(photo: &RgbImage) -> Option<Self> {
        let long = photo.width().max(photo.height()) as f32;
        let sides = [photo.width() as f32 / long, photo.height() as f32 / long];
        Self::among(&discs(photo), sides)
    }

    fn among(all: &[Disc], sides: [f32; 2]) -> Option<Self> {
        let like = |one: &Disc| {
            let near = |other: &&Disc| (one.widening - other.widening).abs() <= SLACK;
            all.iter().filter(near).collect::<Vec<_>>()
        };
        let most = all.iter().map(like).max_by_key(Vec::len)?;
        let ends = |of: &dyn Fn(&Disc) -> f32| {
            let values = || most.iter().map(|disc| of(disc));
            [values().fold(f32::MAX, f32::min), values().fold(f32::MIN, f32::max)]
        };
        let span = |i: usize| {
            let [from, to] = ends(&|disc| disc.middle[i]);
            (to - from) * sides[i]
        };
        let [least, greatest] = ends(&|disc| disc.reach[1]);
        (most.len() as f32 >= LEAST_SHARE * all.len() as f32).then(|| Self {
            widening: most.iter().map(|disc| disc.widening).sum::<f32>() / most.len() as f32,
            count: most.len(),
            span: span(0).min(span(1)),
            growth: greatest / least,
        })
    }

    /// What they tell without another sign.
    pub fn evidence(&self) -> Option<Evidence> {
        let counts = if self.widening.abs() <= FRONTAL {
            self.count >= LEAST_FRONTAL
        } else {
            self.count >= LEAST_STRETCHED && self.span >= LEAST_SPAN && self.growth >= LEAST_GROWTH
        };
        counts.then_some(Evidence { ln_stretch: self.widening, deviation: DEVIATION })
    }

    /// A stretch that another sign tells for sure, told more closely where this is about the same.
    pub fn narrowed(&self, sure: Evidence) -> Evidence {
        let same = (self.widening - sure.ln_stretch).abs() <= sure.deviation;
        if self.count >= LEAST_NARROWING && same && DEVIATION < sure.deviation {
            Evidence { ln_stretch: self.widening, deviation: DEVIATION }
        } else {
            sure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Discs at these places, of these heights and widenings, in a square photo.
    fn shared(discs: &[([f32; 2], f32, f32)]) -> Option<Shared> {
        let disc = |&(middle, high, widening): &([f32; 2], f32, f32)| Disc {
            middle,
            reach: [high * widening.exp(), high],
            widening,
        };
        Shared::among(&discs.iter().map(disc).collect::<Vec<_>>(), [1.0, 1.0])
    }

    #[test]
    fn discs_tell_a_stretch_where_they_are_several_apart_and_of_several_sizes() {
        let corners = [[0.2, 0.2], [0.8, 0.3], [0.3, 0.8], [0.7, 0.7]];
        let told = |count: usize, sizes: [f32; 2], shrink: f32, ln: f32| {
            let at =
                |i: usize| (corners[i].map(|part| 0.5 + (part - 0.5) * shrink), sizes[i % 2], ln);
            shared(&(0..count).map(at).collect::<Vec<_>>()).and_then(|shared| shared.evidence())
        };
        let found = told(4, [0.1, 0.05], 1.0, 0.3).expect("a stretch");
        assert!((found.ln_stretch - 0.3).abs() < 1e-3);
        assert_eq!(told(3, [0.1, 0.05], 1.0, 0.3), None);
        assert_eq!(told(4, [0.1, 0.1], 1.0, 0.3), None, "a row of ovals");
        assert_eq!(told(4, [0.1, 0.05], 0.4, 0.3), None, "side by side");
        assert!(told(3, [0.1, 0.1], 0.4, 0.01).is_some(), "they face the camera");
        assert_eq!(told(2, [0.1, 0.1], 1.0, 0.01), None);
        assert!(shared(&[]).is_none());
    }

    #[test]
    fn discs_that_differ_tell_nothing() {
        let places = [[0.2, 0.2], [0.8, 0.3], [0.3, 0.8], [0.7, 0.7]];
        let all: Vec<_> = (0..4).map(|i| (places[i], 0.1, 0.1 * i as f32)).collect();
        assert!(shared(&all).is_none());
    }

    #[test]
    fn a_sure_stretch_is_told_more_closely_by_discs_near_it() {
        let two = shared(&[([0.2, 0.2], 0.1, 0.4), ([0.5, 0.5], 0.1, 0.4)]).expect("two");
        assert_eq!(two.evidence(), None);
        let letters = Evidence { ln_stretch: 0.5, deviation: 0.148 };
        assert!((two.narrowed(letters).ln_stretch - 0.4).abs() < 1e-3);
        let other = Evidence { ln_stretch: 0.8, deviation: 0.148 };
        assert_eq!(two.narrowed(other), other);
    }
}
