//! What typefaces are like, and what a stretch does to them.

/// What is known of letters, in heights of the small ones: width, pitch, thickness of upright and of
/// level strokes, height of the tall letters, width and height of the points of i.
pub(super) struct Traits(pub [f32; COUNT]);

const COUNT: usize = 7;

/// Which of them a stretch across makes larger.
const ACROSS: [f64; COUNT] = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0];

/// Means of the natural logarithms of the traits over 1,495 pictures of 85 families of typefaces, each
/// family counting alike: sans, serif, slab, mono, script, condensed and extended ones from hairline to
/// black, letters 9 to 28 pixels high, as they are in photos and files (JPEG, blur, up to a degree of
/// tilt), some stretched by a known factor that was taken off again.
const MEANS: [f64; COUNT] = [-0.23, 0.01, -1.50, -1.81, 0.34, -1.38, -1.41];

/// Inverse of their covariance.
const PRECISION: [[f64; COUNT]; COUNT] = [
    [136.9, -147.5, -16.8, -7.5, 16.5, 10.9, -0.2],
    [-147.5, 195.4, 22.5, 1.1, -11.5, -21.9, 6.4],
    [-16.8, 22.5, 60.4, -13.4, -26.3, -49.9, -6.6],
    [-7.5, 1.1, -13.4, 18.9, 35.2, 1.5, 0.3],
    [16.5, -11.5, -26.3, 35.2, 418.2, 12.1, -22.9],
    [10.9, -21.9, -49.9, 1.5, 12.1, 94.2, -39.9],
    [-0.2, 6.4, -6.6, 0.3, -22.9, -39.9, 63.5],
];

/// Letters that are further than this from any typeface, stretched or not, are none of the Latin script:
/// the mean of the squared deviations of what no stretch explains.
const MOST_STRANGE: f64 = 3.0;

impl Traits {
    /// The likeliest stretch across of a usual typeface that looks like this (generalised least
    /// squares), as a natural logarithm. `None` for what is no typeface.
    pub fn widening(&self) -> Option<f32> {
        let off: [f64; COUNT] = std::array::from_fn(|i| f64::from(self.0[i]).ln() - MEANS[i]);
        let stretch = product(&ACROSS, &off) / product(&ACROSS, &ACROSS);
        let rest: [f64; COUNT] = std::array::from_fn(|i| off[i] - stretch * ACROSS[i]);
        let strange = product(&rest, &rest) / (COUNT - 1) as f64;
        // Not so where a trait was not found, and its logarithm is no number.
        (strange <= MOST_STRANGE).then_some(stretch as f32)
    }
}

fn product(one: &[f64; COUNT], other: &[f64; COUNT]) -> f64 {
    let row = |i: usize| (0..COUNT).map(|j| PRECISION[i][j] * other[j]).sum::<f64>();
    (0..COUNT).map(|i| one[i] * row(i)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> [f32; COUNT] {
        MEANS.map(|mean| mean.exp() as f32)
    }

    #[test]
    fn a_stretch_of_usual_letters_is_found_as_it_is() {
        for stretch in [0.4f32, 0.8, 1.0, 1.3, 2.5] {
            let traits = std::array::from_fn(|i| usual()[i] * stretch.powf(ACROSS[i] as f32));
            let found = Traits(traits).widening().expect("letters");
            assert!((found - stretch.ln()).abs() < 1e-3, "{found} for {stretch}");
        }
    }

    #[test]
    fn a_wide_typeface_with_usual_strokes_and_points_is_not_as_much_stretched() {
        let mut wide = usual();
        (0..2).for_each(|i| wide[i] *= 1.4);
        assert!(Traits(wide).widening().is_some_and(|found| found.abs() < 0.6 * 1.4f32.ln()));
    }

    #[test]
    fn what_is_no_typeface_tells_nothing() {
        let mut strange = usual();
        strange[5] *= 3.0;
        assert_eq!(Traits(strange).widening(), None);
        for index in 0..COUNT {
            let mut lacking = usual();
            lacking[index] = 0.0;
            assert_eq!(Traits(lacking).widening(), None);
        }
    }
}
