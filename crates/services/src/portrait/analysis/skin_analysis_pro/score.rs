//! The scores, by the API's formulas.

use safelight_imaging::skin::{Mark, Severity, Side, Skin, Spot};
use safelight_operation::Output;

use super::findings::{Findings, acne_score};
use crate::portrait::analysis::skin::wrinkles::LINED_ZONES;

/// No score but that of the skin's type is lower.
const LOWEST: f32 = 30.0;
/// The total is never lower.
const LOWEST_TOTAL: f32 = 70.0;
/// Points that an enlarged pore takes: forehead, cheeks, jaw.
const PORE: [f32; 4] = [0.1, 0.22, 0.22, 0.16];
/// Points that a blackhead takes.
const BLACKHEAD: f32 = 0.3;
/// Points that a red spot takes, of whatever kind: as many as a papule takes of the acne score.
const RED_SPOT: f32 = 2.4;
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
    red_spot: u8,
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
        let lined: f32 = LINED_ZONES.iter().map(|zone| found.wrinkles.lines[zone].score()).sum();
        Self {
            pores: pore_scores(found.pores.counts),
            circles: Side::BOTH.map(|side| circle_score(found.circles.severities(side))),
            blackhead: whole(100.0 - BLACKHEAD * found.pores.blackheads as f32),
            acne: acne_score(&found.spots),
            red_spot: red_spot_score(&found.spots),
            wrinkle: whole(100.0 - lined / LINED_ZONES.len() as f32),
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
}

/// The scores of the answer.
#[derive(Output)]
pub(super) struct ScoreInfo {
    /// 30 to 100: both eyes' scores less 100.
    dark_circle_score: u8,
    /// 100 less the mean of water and oil scores.
    skin_type_score: u8,
    /// 30 to 100: 100 less the mean score of the twelve regions.
    wrinkle_score: u8,
    /// 30 to 100: 100 less the severity of oil.
    oily_intensity_score: u8,
    /// Mean of the four pore scores.
    pores_score: u8,
    /// 30 to 100: 100 less 0.3 a blackhead.
    blackhead_score: u8,
    /// 30 to 100: 100 less 1.7 a closed comedone, 2.4 a papule, 4.8 a pustule, 9.8 a nodule.
    acne_score: u8,
    /// 30 to 100: 100 less 2.4 a red spot: papule, pustule, nodule or flat red mark.
    red_spot_score: u8,
    /// 100 less the intensity of redness.
    sensitivity_score: u8,
    /// 100 less the concentration of melanin.
    melanin_score: u8,
    /// 100 less the severity of dryness.
    water_score: u8,
    /// 100 less the severity of roughness.
    rough_score: u8,
    /// 70 to 100: the weighted mean of the scores.
    total_score: u8,
    pores_type_score: PoreScores,
    dark_circle_type_score: CircleScores,
}

/// The scores of pores by region.
#[derive(Output)]
struct PoreScores {
    /// 30 to 100: 100 less 0.1 an enlarged pore.
    pores_forehead_score: u8,
    /// 30 to 100: 100 less 0.22 an enlarged pore.
    pores_leftcheek_score: u8,
    /// 30 to 100: 100 less 0.22 an enlarged pore.
    pores_rightcheek_score: u8,
    /// 30 to 100: 100 less 0.16 an enlarged pore.
    pores_jaw_score: u8,
}

/// The scores of dark circles by eye.
#[derive(Output)]
struct CircleScores {
    /// 100 less 7, 11, 16 for mild, moderate, severe pigment; 9, 15, 20 for vascular; 11, 19, 28 for
    /// structural.
    left_dark_circle_score: u8,
    /// The same of the right eye.
    right_dark_circle_score: u8,
}

impl From<Scores> for ScoreInfo {
    fn from(scores: Scores) -> Self {
        let kind = 100.0 - (f32::from(scores.water) + f32::from(scores.oily)) / 2.0;
        let [forehead, left_cheek, right_cheek, jaw] = scores.pores;
        let [left_circle, right_circle] = scores.circles;
        Self {
            dark_circle_score: scores.dark_circle_score(),
            skin_type_score: kind.round() as u8,
            wrinkle_score: scores.wrinkle,
            oily_intensity_score: scores.oily,
            pores_score: scores.pores_score(),
            blackhead_score: scores.blackhead,
            acne_score: scores.acne,
            red_spot_score: scores.red_spot,
            sensitivity_score: scores.sensitivity,
            melanin_score: scores.melanin,
            water_score: scores.water,
            rough_score: scores.rough,
            total_score: scores.total(),
            pores_type_score: PoreScores {
                pores_forehead_score: forehead,
                pores_leftcheek_score: left_cheek,
                pores_rightcheek_score: right_cheek,
                pores_jaw_score: jaw,
            },
            dark_circle_type_score: CircleScores {
                left_dark_circle_score: left_circle,
                right_dark_circle_score: right_circle,
            },
        }
    }
}

fn pore_scores(counts: [usize; 4]) -> [u8; 4] {
    std::array::from_fn(|zone| whole(100.0 - PORE[zone] * counts[zone] as f32))
}

fn red_spot_score(spots: &[Spot]) -> u8 {
    const RED: [Mark; 4] = [Mark::Papule, Mark::Pustule, Mark::Nodule, Mark::RedMark];
    let count = spots.iter().filter(|spot| RED.contains(&spot.mark)).count();
    whole(100.0 - RED_SPOT * count as f32)
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
            red_spot: whole(100.0 - RED_SPOT),
            wrinkle: whole(100.0 - (41.0 + 37.0) / 12.0),
            oily: 50,
            water: 63,
            rough: 81,
            sensitivity: 99,
            melanin: 91,
        };
        let answer = ScoreInfo::from(scores);
        for (name, found, score) in [
            ("pores_score", answer.pores_score, 65),
            ("dark_circle_score", answer.dark_circle_score, 30),
            ("blackhead_score", answer.blackhead_score, 90),
            ("acne_score", answer.acne_score, 93),
            ("wrinkle_score", answer.wrinkle_score, 94),
            ("skin_type_score", answer.skin_type_score, 44),
            ("total_score", answer.total_score, 75),
        ] {
            assert_eq!(found, score, "{name}");
        }
    }
}
