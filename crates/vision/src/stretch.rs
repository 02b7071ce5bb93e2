//! Whether a photo was stretched, by the proportions of its faces, letters, discs and QR codes.
//!
//! Each sign tells a stretch and how far it may be wrong; signs that agree are taken together, and a
//! photo whose signs do not is left alone, as one without any is. The traces that resampling leaves in
//! second differences are no sign: of 1,275 stretched versions of some thirty photos they gave the right
//! factor for an eighth and a wrong one for a twentieth, as other scalings and the grids of JPEG files look
//! alike.

mod codes;
mod discs;
mod faces;

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::letters;

use crate::Vision;

/// Models.
pub const MODELS: &[&str] = &["yunet", "face_mesh"];
/// Peak bytes whatever the photo: smaller versions of it, and the models' numbers.
pub const BASE_BYTES: u64 = 48 << 20;
/// The least stretch that faces tell, as a factor.
pub const LEAST: f32 = 1.18;
/// The greatest: beyond it faces are hardly seen.
pub const MOST: f32 = 2.5;

/// How many deviations a stretch must be away from none, and signs at most from each other: [`LEAST`] is
/// that far for faces.
const SURE: f32 = 2.37;
/// How far letters may be wrong, as a logarithm. Typefaces differ by 0.11, but a few by more than a normal
/// distribution has them: with this, a stretch of 1.42 and more counts. Of 913 unstretched pages in some
/// ninety families of typefaces 7 seem to be that much stretched, in three narrow or pixelated faces; of 75
/// pages and screens among 2,467 other pictures none.
const LETTERS_DEVIATION: f32 = 0.148;

/// What one sign tells.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Evidence {
    /// Natural logarithm of how much wider than natural everything is.
    ln_stretch: f32,
    /// Standard deviation of its error.
    deviation: f32,
}

/// How much wider than natural everything in the photo is: 1.5 for a photo stretched to one and a half
/// of its width (or squeezed to two thirds of its height). `None` where that cannot be told.
pub(crate) fn find(vision: &Vision, photo: &RgbImage) -> Result<Option<f32>> {
    let letters = letters::widening(photo)
        .map(|ln_stretch| Evidence { ln_stretch, deviation: LETTERS_DEVIATION });
    let faces = faces::evidence(vision, photo)?;
    let discs = discs::Shared::of(photo);
    let round = discs.as_ref().and_then(discs::Shared::evidence);
    let signs = [letters, faces, round, codes::evidence(photo)];
    let all = agreed(signs.into_iter().flatten());
    Ok(all.map(|all| discs.map_or(all, |discs| discs.narrowed(all)).ln_stretch.exp()))
}

/// What all signs agree on, each weighed by the inverse of its variance; `None` where there is none, or
/// where it may be no stretch at all.
fn agreed(signs: impl Iterator<Item = Evidence>) -> Option<Evidence> {
    let all = signs.map(Some).reduce(|one, other| joined(one?, other?))??;
    let size = all.ln_stretch.abs();
    (size >= SURE * all.deviation && size <= MOST.ln()).then_some(all)
}

/// Two signs taken together; `None` where they contradict each other.
fn joined(one: Evidence, other: Evidence) -> Option<Evidence> {
    let apart = (one.ln_stretch - other.ln_stretch).abs();
    let weights = [one, other].map(|sign| sign.deviation.powi(-2));
    let total = weights[0] + weights[1];
    let ln_stretch = (one.ln_stretch * weights[0] + other.ln_stretch * weights[1]) / total;
    let agree = apart <= SURE * one.deviation.hypot(other.deviation);
    agree.then(|| Evidence { ln_stretch, deviation: total.sqrt().recip() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<const N: usize>(signs: [(f32, f32); N]) -> Option<f32> {
        let evidence =
            |(stretch, deviation): (f32, f32)| Evidence { ln_stretch: stretch.ln(), deviation };
        agreed(signs.into_iter().map(evidence)).map(|all| all.ln_stretch.exp())
    }

    #[test]
    fn one_sign_counts_from_some_deviations_on() {
        assert_eq!(found([]), None);
        for turn in [1.0f32, -1.0] {
            let face = |stretch: f32| found([(stretch.powf(turn), 0.07)]);
            assert_eq!(face(LEAST - 0.01), None);
            assert!(face(LEAST + 0.01).is_some_and(|f| (f.powf(turn) - LEAST - 0.01).abs() < 1e-4));
            assert!(face(MOST - 0.01).is_some());
            assert_eq!(face(MOST + 0.01), None);
            assert_eq!(found([(1.4f32.powf(turn), LETTERS_DEVIATION)]), None);
            assert!(found([(1.44f32.powf(turn), LETTERS_DEVIATION)]).is_some());
        }
    }

    #[test]
    fn signs_that_agree_are_surer_and_those_that_do_not_tell_nothing() {
        let both = found([(1.5, LETTERS_DEVIATION), (1.6, 0.07)]).expect("a stretch");
        assert!((1.57..1.6).contains(&both), "the surer sign counts more: {both}");
        assert!(found([(1.3, LETTERS_DEVIATION), (1.17, 0.07)]).is_some(), "none alone");
        assert_eq!(found([(1.5, LETTERS_DEVIATION), (0.95, 0.07)]), None);
        assert_eq!(found([(1.44, LETTERS_DEVIATION), (1.0, 0.05)]), None, "discs face the camera");
    }
}
