//! Lines and wrinkles: where they run, and whether they are a sign of the face.

use std::collections::BTreeMap;

use safelight_imaging::skin::{
    Depths, Lines, Severity, Side, Skin, Wrinkle, Zone, chance, lines, resolution,
};

use super::signs::Sign;
use super::subject::Looks;

/// Scores from which lines are mild, moderate and severe.
const LINE_LIMITS: [f32; 3] = [9.0, 32.0, 55.0];
/// How uncertain a score of lines is.
const LINE_SOFTNESS: f32 = 3.0;
/// How uncertain a depth is, as a share of the limit of its kind.
const SOFTNESS: f32 = 0.25;
/// Years below which a face has no wrinkles: what is found are shadows and expressions.
const YOUNG: u8 = 15;
/// How much a full smile deepens the fold from nose to mouth, and the smile from which it is unsure.
const SMILE: f32 = 1.5;
const SMILING: f32 = 0.4;
/// Pixels between the pupils below which a sign is no surer than this.
const COARSE: [(f32, f32); 2] = [(45.0, 0.5), (75.0, 0.6)];

/// The zones that lines are looked for in.
pub(in super::super) const LINED_ZONES: [Zone; 12] = [
    Zone::Forehead,
    Zone::UnderEye(Side::Left),
    Zone::UnderEye(Side::Right),
    Zone::CrowsFeet(Side::Left),
    Zone::CrowsFeet(Side::Right),
    Zone::Glabella,
    Zone::MouthCorner(Side::Left),
    Zone::MouthCorner(Side::Right),
    Zone::Nasolabial(Side::Left),
    Zone::Nasolabial(Side::Right),
    Zone::OuterCheek(Side::Left),
    Zone::OuterCheek(Side::Right),
];

/// The lines of every zone, and which wrinkles the face has.
pub(in super::super) struct Wrinkles {
    /// The lines; of a child none.
    pub lines: BTreeMap<Zone, Lines>,
    /// Lines across the forehead.
    pub forehead: Sign,
    /// Rays beside the eyes.
    pub crows_feet: Sign,
    /// Fine lines under the eyes.
    pub under_eyes: Sign,
    /// Upright lines between the brows.
    pub glabella: Sign,
    /// Folds from nose to mouth.
    pub nasolabial: Sign,
}

impl Wrinkles {
    /// Of the skin of a face that looks so.
    pub fn of(skin: &Skin, looks: Looks) -> Self {
        let lines = LINED_ZONES.map(|zone| (zone, lines(skin, zone)));
        if looks.age < YOUNG {
            let none = |(zone, found): (Zone, Lines)| {
                (zone, Lines { lines: Vec::new(), covered: 0, ..found })
            };
            return Self {
                lines: lines.into_iter().map(none).collect(),
                forehead: Sign::UNSEEN,
                crows_feet: Sign::UNSEEN,
                under_eyes: Sign::UNSEEN,
                glabella: Sign::UNSEEN,
                nasolabial: Sign::UNSEEN,
            };
        }
        let (pixels, depths) = (resolution(skin), Depths::of(skin));
        let coarse = COARSE.iter().find(|(below, _)| pixels < *below).map_or(1.0, |limit| limit.1);
        let both = |wrinkle: fn(Side) -> Wrinkle| -> Vec<f32> {
            Side::BOTH.iter().filter_map(|&side| depths.depth(wrinkle(side))).collect()
        };
        let sign = |depth: Option<f32>, limit: f32| {
            let likely = |depth| Sign::present(chance(depth, limit, SOFTNESS * limit));
            depth.map_or(Sign::UNSEEN, likely).at_most(coarse)
        };
        let smiling = if looks.smile > SMILING { 0.6 } else { 1.0 };
        let fold = mean(&both(Wrinkle::Nasolabial)).map(|depth| depth - SMILE * looks.smile);
        // Of the crow's feet the fainter side: hair and shade beside one eye look like them.
        let beside = both(Wrinkle::CrowsFeet).into_iter().min_by(f32::total_cmp);
        Self {
            lines: lines.into_iter().collect(),
            forehead: sign(depths.depth(Wrinkle::Forehead), 1.4),
            crows_feet: sign(beside, 1.75),
            under_eyes: sign(mean(&both(Wrinkle::UnderEye)), 1.8),
            glabella: sign(depths.depth(Wrinkle::Glabella), 1.4),
            nasolabial: sign(fold, 0.55).at_most(smiling),
        }
    }

    /// Whether the face has the wrinkles of a zone; none of a zone of which no sign is told.
    fn sign(&self, zone: Zone) -> Option<Sign> {
        Some(match zone {
            Zone::Forehead => self.forehead,
            Zone::CrowsFeet(_) => self.crows_feet,
            Zone::UnderEye(_) => self.under_eyes,
            Zone::Glabella => self.glabella,
            Zone::Nasolabial(_) => self.nasolabial,
            _ => return None,
        })
    }

    /// How severe the lines of both sides are, 0 mild to 2 severe, where they are a sign.
    pub fn severity(&self, zone: fn(Side) -> Zone) -> Option<Sign> {
        let sign = self.sign(zone(Side::Left)).filter(|sign| sign.value == 1)?;
        let scores = Side::BOTH.map(|side| self.lines[&zone(side)].score());
        let graded = Sign::graded(scores[0].max(scores[1]), &LINE_LIMITS[1..], LINE_SOFTNESS);
        Some(graded.at_most(sign.confidence.max(0.5)))
    }

    /// How severe the lines of one zone are: none where they are no sign.
    pub fn level(&self, zone: Zone) -> Severity {
        match self.sign(zone) {
            Some(Sign { value: 0, .. }) => Severity::None,
            Some(_) => Severity::of(self.lines[&zone].score(), LINE_LIMITS).max(Severity::Mild),
            None => Severity::of(self.lines[&zone].score(), LINE_LIMITS),
        }
    }
}

fn mean(values: &[f32]) -> Option<f32> {
    (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
}

#[cfg(test)]
mod tests {
    use image::imageops::{self, FilterType};
    use safelight_imaging::skin::{Chip, Light};
    use safelight_testkit as testkit;
    use safelight_vision::Vision;

    use super::*;

    /// The skin of a portrait, its photo made so many times as large.
    fn skin(photo: &str, scale: f32) -> Skin {
        let photo = image::load_from_memory(&testkit::photo(photo)).unwrap().to_rgb8();
        let size = |side: u32| (side as f32 * scale) as u32;
        let (width, height) = (size(photo.width()), size(photo.height()));
        let photo = imageops::resize(&photo, width, height, FilterType::CatmullRom);
        let vision = Vision::new(testkit::registry());
        let face = vision.detect_faces(&photo).unwrap().remove(0);
        let mesh = vision.mesh(&photo, &face).unwrap();
        Chip::cut(&photo, &mesh.points).unwrap().skin(Light::white(), |_| true)
    }

    fn signs(skin: &Skin, age: u8, smile: f32) -> [Sign; 5] {
        let wrinkles = Wrinkles::of(skin, Looks { age, smile });
        let Wrinkles { forehead, crows_feet, under_eyes, glabella, nasolabial, .. } = wrinkles;
        println!("{forehead:?} {crows_feet:?} {under_eyes:?} {glabella:?} {nasolabial:?}");
        [forehead, crows_feet, under_eyes, glabella, nasolabial]
    }

    fn count(signs: &[Sign]) -> usize {
        signs.iter().filter(|sign| sign.value == 1).count()
    }

    #[test]
    fn an_old_face_has_more_wrinkles_than_a_young_one_and_a_child_none() {
        let (old, young) = (skin("grace_hopper.jpg", 1.0), skin("astronaut.png", 1.0));
        let [of_old, of_young] = [&old, &young].map(|skin| count(&signs(skin, 40, 0.0)));
        assert!(of_old >= 3 && of_young < of_old, "{of_old} {of_young}");
        let child = Wrinkles::of(&old, Looks { age: 14, smile: 0.0 });
        assert!(child.lines.values().all(|lines| lines.lines.is_empty() && lines.score() == 0.0));
        assert_eq!(signs(&old, 14, 0.0), [Sign::UNSEEN; 5]);
    }

    #[test]
    fn a_small_face_is_unsure_and_so_is_the_fold_of_a_smile() {
        let sure = signs(&skin("grace_hopper.jpg", 1.0), 60, 0.0);
        let small = signs(&skin("grace_hopper.jpg", 0.3), 60, 0.0);
        assert!(sure.iter().any(|sign| sign.confidence > 0.6), "{sure:?}");
        assert!(small.iter().all(|sign| sign.confidence <= 0.6), "{small:?}");
        let smiling = signs(&skin("grace_hopper.jpg", 1.0), 60, 0.9)[4];
        assert!(smiling.confidence <= 0.6 && smiling.value <= sure[4].value, "{smiling:?}");
    }
}
