//! Signs of the skin, each with how sure it is: the chance that the class answered is the right one,
//! if the measure behind it is uncertain by some amount. All heuristics.

use safelight_imaging::skin::{
    DarkCircle, Dot, EyeBag, Eyelid, Fold, Mark, Severity, Side, Skin, Spot, Tone, Zone,
    blackheads, chance, dark_circle, eye_bag, eyelid, pores, resolution,
};

use super::subject::Subject;

/// Enlarged pores up to which a zone has none, mild and moderate ones: forehead, cheek, jaw.
const PORE_LIMITS: [[f32; 3]; 3] =
    [[100.0, 300.0, 500.0], [45.0, 136.0, 227.0], [63.0, 188.0, 313.0]];
/// Blackheads up to which a nose has none, mild and moderate ones.
const BLACKHEAD_LIMITS: [f32; 3] = [45.0, 90.0, 150.0];
/// Pixels between the pupils below which pores, blackheads and acne are not told: they take one or two.
const DOTS_FROM: f32 = 150.0;
/// How uncertain a count is, as a share of the highest that is none.
const COUNTED: f32 = 0.12;
/// Typology angles between the classes of colour: translucent white, white, natural, wheat, dark.
const COLORS: [f32; 4] = [55.0, 41.0, 28.0, 10.0];

/// A class and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Sign {
    pub value: u8,
    pub confidence: f32,
}

impl Sign {
    /// 1 where it is more likely there than not.
    pub fn present(likely: f32) -> Self {
        let value = u8::from(likely >= 0.5);
        Self { value, confidence: likely.max(1.0 - likely) }
    }

    /// As it is, but no surer than this.
    pub fn at_most(self, confidence: f32) -> Self {
        Self { confidence: self.confidence.min(confidence), ..self }
    }

    /// Not there, and nothing to be sure by.
    pub const UNSEEN: Self = Self { value: 0, confidence: 0.5 };

    /// The class of a measure between limits, 0 below the first.
    pub fn graded(measure: f32, limits: &[f32], softness: f32) -> Self {
        let class = limits.iter().filter(|&&limit| measure >= limit).count();
        let above = |i: usize| limits.get(i).map_or(0.0, |&limit| chance(measure, limit, softness));
        let below = class.checked_sub(1).map_or(1.0, above);
        Self { value: class as u8, confidence: (below - above(class)).clamp(0.0, 1.0) }
    }
}

/// The kind of an upper lid: 0 single, 1 parallel, 2 fan-shaped. Behind glasses it is less sure.
pub(in super::super) fn lid(subject: &Subject, side: Side) -> Sign {
    let (photo, upright) = (subject.face.photo(), &subject.skin.chip.upright);
    let Eyelid { fold, confidence, .. } = eyelid(photo, upright, side);
    let value = match fold {
        Fold::Single => 0,
        Fold::Parallel => 1,
        Fold::Fan => 2,
    };
    let clear = if subject.glasses { 0.6 } else { 1.0 };
    Sign { value, confidence: confidence * clear }
}

/// Eye bags, and how severe they are (0 mild to 2 severe) where there are any.
pub(in super::super) fn eye_pouch(skin: &Skin) -> (Sign, Option<Sign>) {
    let creases = Side::BOTH.map(|side| eye_bag(skin, side).map(|bag| bag.crease));
    let Some(crease) = creases.into_iter().flatten().max_by(f32::total_cmp) else {
        return (Sign::UNSEEN, None);
    };
    let sign = Sign::present(chance(crease, EyeBag::LIMITS[0], 0.7));
    (sign, (sign.value == 1).then(|| Sign::graded(crease, &EyeBag::LIMITS[1..], 0.7)))
}

/// The dark circles under both eyes.
pub(in super::super) struct Circles([Option<DarkCircle>; 2]);

impl Circles {
    pub fn of(skin: &Skin) -> Self {
        Self(Side::BOTH.map(|side| dark_circle(skin, side)))
    }

    /// Whether there are any.
    pub fn present(&self) -> Sign {
        let ratios = self.0.iter().flatten().flat_map(DarkCircle::ratios);
        let strongest = ratios.max_by(f32::total_cmp);
        strongest.map_or(Sign::UNSEEN, |ratio| Sign::present(chance(ratio, 1.0, 0.2)))
    }

    /// 0 none, 1 pigment, 2 vascular, 3 shade: the kind that stands out most.
    pub fn kind(&self) -> Sign {
        let present = self.present();
        if present.value == 0 {
            return present;
        }
        let all =
            self.0.iter().flatten().flat_map(|circle| circle.ratios().into_iter().enumerate());
        let strongest = |kind: usize| {
            all.clone().filter(|(k, _)| *k == kind).map(|(_, ratio)| ratio).fold(0.0, f32::max)
        };
        let ratios = [0, 1, 2].map(strongest);
        let sum: f32 = ratios.iter().map(|ratio| ratio * ratio).sum();
        let best = (0..3).max_by(|&a, &b| ratios[a].total_cmp(&ratios[b])).unwrap_or(0);
        let of_kind = ratios[best] * ratios[best] / sum.max(1e-6);
        Sign { value: best as u8 + 1, confidence: present.confidence * of_kind }
    }

    /// How severe the stronger one is, 0 mild to 2 severe, where there is one.
    pub fn severity(&self) -> Option<Sign> {
        let present = self.present();
        let all = self.0.iter().flatten().flat_map(|circle| circle.severities());
        let worst = all.max().filter(|_| present.value == 1)?;
        let value = worst.level().saturating_sub(1);
        Some(Sign { value, confidence: present.confidence })
    }

    /// How severe each kind is under one eye: pigment, vascular, structural; none where it is not
    /// seen.
    pub fn severities(&self, side: Side) -> [Severity; 3] {
        let circle = self.0[side as usize];
        circle.map_or([Severity::None; 3], |circle| circle.severities())
    }
}

/// How many enlarged pores each zone has, and blackheads the nose.
#[derive(Default)]
pub(in super::super) struct Pores {
    /// Forehead, left cheek, right cheek, jaw.
    pub counts: [usize; 4],
    /// On the nose.
    pub blackheads: usize,
    /// All of them, and all blackheads.
    pub dots: Vec<Dot>,
    pub blackhead_dots: Vec<Dot>,
}

impl Pores {
    /// The zones of [`Self::counts`].
    pub const ZONES: [Zone; 4] =
        [Zone::Forehead, Zone::Cheek(Side::Left), Zone::Cheek(Side::Right), Zone::Chin];

    pub fn of(skin: &Skin) -> Self {
        let found = Self::ZONES.map(|zone| pores(skin, zone));
        let counts = [0, 1, 2, 3].map(|zone: usize| found[zone].len());
        let blackhead_dots = blackheads(skin);
        let blackheads = blackhead_dots.len();
        Self { counts, blackheads, dots: found.concat(), blackhead_dots }
    }

    /// 0 none to 3 severe for each zone.
    pub fn grades(&self) -> [Sign; 4] {
        let limits = [0, 1, 1, 2].map(|i| PORE_LIMITS[i]);
        std::array::from_fn(|zone| by_count(self.counts[zone], limits[zone]))
    }

    /// Whether each zone has more than it may.
    pub fn enlarged(&self) -> [Sign; 4] {
        let limits = [0, 1, 1, 2].map(|i| PORE_LIMITS[i][0]);
        std::array::from_fn(|zone| over(self.counts[zone], limits[zone]))
    }

    /// 0 none to 3 severe.
    pub fn blackhead_grade(&self) -> Sign {
        by_count(self.blackheads, BLACKHEAD_LIMITS)
    }

    /// Whether the nose has more blackheads than it may.
    pub fn blackheads_present(&self) -> Sign {
        over(self.blackheads, BLACKHEAD_LIMITS[0])
    }
}

/// Whether a count is over a limit.
fn over(count: usize, limit: f32) -> Sign {
    Sign::present(chance(count as f32, limit + 0.5, limit * COUNTED))
}

/// The class of a count: `limits` are the highest counts of none, mild and moderate.
fn by_count(count: usize, limits: [f32; 3]) -> Sign {
    let limits = limits.map(|limit| limit + 0.5);
    Sign::graded(count as f32, &limits, limits[0] * COUNTED)
}

/// What pores and other small dots show, where the photo is fine enough to show them.
pub(in super::super) fn of_dots(skin: &Skin, sign: Sign) -> Sign {
    if resolution(skin) < DOTS_FROM { Sign::UNSEEN } else { sign }
}

/// Whether there are marks of these kinds: as sure as the surest of them. Without any, as sure as
/// much of the face is seen.
pub(in super::super) fn marked(skin: &Skin, spots: &[Spot], marks: &[Mark]) -> Sign {
    let found = spots.iter().filter(|spot| marks.contains(&spot.mark)).map(|spot| spot.confidence);
    match found.max_by(f32::total_cmp) {
        Some(confidence) => Sign { value: 1, confidence },
        None => {
            let seen = Zone::FACE.map(|zone| skin.visible(zone)).iter().sum::<f32>() / 5.0;
            Sign { value: 0, confidence: 0.5 + 0.5 * seen.min(1.0) }
        }
    }
}

/// The class of colour, 0 translucent white to 4 dark.
pub(in super::super) fn color(tone: &Tone) -> Sign {
    let (class, confidence) = tone.class(&COLORS);
    Sign { value: class as u8, confidence }
}

/// The class of the typology angle, 6 where the light does not let one tell.
pub(in super::super) fn tint(tone: &Tone) -> u8 {
    if tone.reliable { tone.tint() as u8 } else { 6 }
}

/// The class of the hue angle, 3 where the light does not let one tell.
pub(in super::super) fn hue(tone: &Tone) -> u8 {
    if tone.reliable { tone.hue() as u8 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_sure_away_from_their_limits() {
        let limits = [10.0, 20.0, 30.0];
        let classes = [0.0, 12.0, 25.0, 90.0].map(|m| Sign::graded(m, &limits, 1.0));
        assert_eq!(classes.map(|sign| sign.value), [0, 1, 2, 3]);
        assert!(classes.iter().all(|sign| sign.confidence > 0.8));
        assert!((Sign::graded(10.0, &limits, 1.0).confidence - 0.5).abs() < 0.01);
        assert_eq!(Sign::present(0.5).value, 1);
        assert_eq!(Sign::present(0.2), Sign { value: 0, confidence: 0.8 });
    }

    #[test]
    fn pores_are_graded_by_the_documented_counts() {
        let grade = |counts| Pores { counts, ..Pores::default() }.grades().map(|sign| sign.value);
        assert_eq!(grade([100, 45, 45, 63]), [0; 4]);
        assert_eq!(grade([101, 46, 46, 64]), [1; 4]);
        assert_eq!(grade([301, 137, 137, 189]), [2; 4]);
        assert_eq!(grade([501, 228, 228, 314]), [3; 4]);
        let blackheads = [45, 46, 91, 151]
            .map(|blackheads| Pores { blackheads, ..Pores::default() }.blackhead_grade().value);
        assert_eq!(blackheads, [0, 1, 2, 3]);
    }
}
