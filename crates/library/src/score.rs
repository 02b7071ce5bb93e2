//! The scale that answers show similarity on: 0..100, where 70, 80 and 90 stand for false-accept
//! rates of 1e-3, 1e-4 and 1e-5, as in Tencent's face API 2.0.
//!
//! The scale is fitted to cosines of SFace embeddings of 588 thousand pairs of different adults in
//! UTKFace: a false-accept rate of 1e-3 lies at a cosine of 0.48, 1e-4 at 0.555. What lies at 1e-5
//! (0.63) is extrapolated.

/// Scores and the false-accept rate that each stands for, as answers name it.
pub const THRESHOLDS: [(&str, f64); 3] = [("1e-3", 70.0), ("1e-4", 80.0), ("1e-5", 90.0)];

/// The cosine of a score of 80, and the rise of the score per unit of cosine up to [`KNEE`].
const ANCHOR: (f64, f64) = (0.555, 133.3);
/// From this cosine (a score of about 90) on the score rises more slowly, to reach 100 at 1.
const KNEE: f64 = 0.63;

fn at_knee() -> f64 {
    80.0 + (KNEE - ANCHOR.0) * ANCHOR.1
}

/// The score of a cosine: monotone and continuous, 0..100.
pub fn of_cosine(cosine: f64) -> f64 {
    let cosine = cosine.clamp(-1.0, 1.0);
    if cosine <= KNEE {
        return (80.0 + (cosine - ANCHOR.0) * ANCHOR.1).max(0.0);
    }
    at_knee() + (cosine - KNEE) / (1.0 - KNEE) * (100.0 - at_knee())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_monotone_and_meets_its_anchors() {
        let mut last = -1.0;
        for step in 0..=2000 {
            let cosine = f64::from(step) / 1000.0 - 1.0;
            let score = of_cosine(cosine);
            assert!(score >= last && (0.0..=100.0).contains(&score), "{cosine}: {score}");
            last = score;
        }
        for (cosine, score) in [(0.48, 70.0), (0.555, 80.0), (0.63, 90.0), (0.363, 54.4)] {
            assert!((of_cosine(cosine) - score).abs() < 0.1, "{cosine}: {}", of_cosine(cosine));
        }
        assert!((of_cosine(1.0) - 100.0).abs() < 1e-9);
    }
}
