//! The scores, by the API's formulas.

use safelight_imaging::skin::{Severity, Side, Skin};
use serde_json::{Value, json};

use super::courses::COURSES;
use super::findings::{Findings, acne_score};

/// No score but that of the skin's type is lower.
const LOWEST: f32 = 30.0;
/// The total is never lower.
const LOWEST_TOTAL: f32 = 70.0;
/// Points that an enlarged pore takes: forehead, cheeks, jaw.
const PORE: [f32; 4] = [0.1, 0.22, 0.22, 0.16];
/// Points that a blackhead takes.
const BLACKHEAD: f32 = 0.3;
/// Points that pigment, vascular and structural dark circles take, by severity.
const CIRCLES: [[f32; 4]; 3] =
    [[0.0, 7.0, 11.0, 16.0], [0.0, 9.0, 15.0, 20.0], [0.0, 11.0, 19.0, 28.0]];

/// A score in its range.
pub(super) fn whole(score: f32) -> u8 {
    score.clamp(LOWEST, 100.0).round() as u8
}

/// All scores, 0 to 100, higher is better but for the type's.
pub(super) struct Scores {
    pores: [u8; 4],
    circles: [u8; 2],
    blackhead: u8,
    acne: u8,
    wrinkle: u8,
    oily: u8,
    water: u8,
    rough: u8,
    sensitivity: u8,
    melanin: u8,
}

impl Scores {
    pub fn of(found: &Findings, skin: &Skin) -> Self {
        let severity = |extent| whole(100.0 - found.severity(skin, extent).round());
        let lined: f32 = COURSES.iter().map(|course| found.wrinkles.0[&course.zone].score()).sum();
        Self {
            pores: pore_scores(found.pores.counts),
            circles: Side::BOTH.map(|side| circle_score(found.circles.severities(side))),
            blackhead: whole(100.0 - BLACKHEAD * found.pores.blackheads as f32),
            acne: acne_score(&found.spots),
            wrinkle: whole(100.0 - lined / COURSES.len() as f32),
            oily: severity(&found.oil),
            water: severity(&found.dry),
            rough: severity(&found.rough),
            sensitivity: severity(&found.red),
            melanin: severity(&found.brown),
        }
    }

    fn pores_score(&self) -> u8 {
        whole(self.pores.iter().map(|&score| f32::from(score)).sum::<f32>() / 4.0)
    }

    fn dark_circle_score(&self) -> u8 {
        let [left, right] = self.circles.map(f32::from);
        whole(left + right - 100.0)
    }

    fn total(&self) -> u8 {
        let sum = |scores: &[u8]| scores.iter().map(|&score| f32::from(score)).sum::<f32>();
        let first = [self.wrinkle, self.pores_score(), self.blackhead, self.acne, self.melanin];
        let second = [self.water, self.oily, self.rough];
        let third = [self.sensitivity, self.dark_circle_score()];
        let total = (sum(&first) * 1.2 + sum(&second) * 0.5 + sum(&third)) / 10.0;
        // The weights sum to 9.5 tenths.
        total.clamp(LOWEST_TOTAL, 100.0).round() as u8
    }

    pub fn json(&self) -> Value {
        let [forehead, left, right, jaw] = self.pores;
        let kind = 100.0 - (f32::from(self.water) + f32::from(self.oily)) / 2.0;
        json!({
            "dark_circle_score": self.dark_circle_score(),
            "skin_type_score": kind.round() as u8,
            "wrinkle_score": self.wrinkle,
            "oily_intensity_score": self.oily,
            "pores_score": self.pores_score(),
            "blackhead_score": self.blackhead,
            "acne_score": self.acne,
            "sensitivity_score": self.sensitivity,
            "melanin_score": self.melanin,
            "water_score": self.water,
            "rough_score": self.rough,
            "total_score": self.total(),
            "pores_type_score": {
                "pores_forehead_score": forehead,
                "pores_leftcheek_score": left,
                "pores_rightcheek_score": right,
                "pores_jaw_score": jaw,
            },
            "dark_circle_type_score": {
                "left_dark_circle_score": self.circles[0],
                "right_dark_circle_score": self.circles[1],
            },
        })
    }
}

fn pore_scores(counts: [usize; 4]) -> [u8; 4] {
    std::array::from_fn(|zone| whole(100.0 - PORE[zone] * counts[zone] as f32))
}

fn circle_score(severities: [Severity; 3]) -> u8 {
    let costs = severities.iter().zip(CIRCLES);
    whole(100.0 - costs.map(|(kind, cost)| cost[usize::from(kind.level())]).sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of a published answer of the API.
    #[test]
    fn a_published_answer_is_scored_as_it_was() {
        let pores = pore_scores([566, 209, 78, 130]);
        assert_eq!(pores, [43, 54, 83, 79]);
        let left = circle_score([Severity::Severe, Severity::None, Severity::Moderate]);
        let right = circle_score([Severity::Severe, Severity::Moderate, Severity::Mild]);
        assert_eq!([left, right], [65, 58]);
        let scores = Scores {
            pores,
            circles: [left, right],
            blackhead: whole(100.0 - BLACKHEAD * 32.0),
            acne: whole(100.0 - 3.0 * 1.7 - 2.4),
            wrinkle: whole(100.0 - (41.0 + 37.0) / 12.0),
            oily: 50,
            water: 63,
            rough: 81,
            sensitivity: 99,
            melanin: 91,
        };
        let answer = scores.json();
        for (name, score) in [
            ("pores_score", 65),
            ("dark_circle_score", 30),
            ("blackhead_score", 90),
            ("acne_score", 93),
            ("wrinkle_score", 94),
            ("skin_type_score", 44),
            ("total_score", 75),
        ] {
            assert_eq!(answer[name], score, "{name}");
        }
    }
}
