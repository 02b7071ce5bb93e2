//! What is measured, and how it is written.

use safelight_imaging::skin::{
    Extent, Kind, Mark, Side, Skin, Spot, Tone, Zone, band, browning, chance, dryness, kind, oil,
    redness, roughness, spots,
};
use safelight_operation::rounded;

use super::MarkName;
use super::answer::{
    CheekboneOutlines, DarkCircleOutlines, EyeAnswers, ImageQuality, LineAnswers, MarkAnswers,
    Measured, Melanin, Oil, Orientation, Outlines, PoreAnswers, PoreCounts, Roughness, Sensitivity,
    Shine, Water,
};
use super::lines::{LineCounts, LineInfos, LineOutlines};
use super::places::{Marks, Place, Polygons, outlines, places};
use super::score::Scores;
use crate::portrait::analysis::skin::AREA_LIMITS;
use crate::portrait::analysis::skin::answer::{WholeRectangle, bounds, share, tone};
use crate::portrait::analysis::skin::signs::{self, Circles, Pores, Sign};
use crate::portrait::analysis::skin::subject::{Looks, Subject};
use crate::portrait::analysis::skin::wrinkles::Wrinkles;
use crate::portrait::classes::Class;

/// Shares of the face from which roughness is mild, moderate and severe.
const ROUGH_LIMITS: [f32; 3] = [0.07, 0.21, 0.51];
/// Typology angles between the classes of tone.
const TONES: [f32; 4] = [56.0, 43.0, 36.0, 20.0];
/// Share of brown on the cheek that has less of it from which there is melasma, and its uncertainty.
const MELASMA: (f32, f32) = (0.18, 0.04);
/// Small brown spots on cheeks and nose from which there are freckles, and their uncertainty.
const FRECKLES: (f32, f32) = (11.5, 2.0);
/// Diameter in chip pixels up to which a brown spot can be a freckle (3 mm).
const FRECKLE: f32 = 17.0;
/// Shares of a zone that shine, and strengths, from which shine is medium and strong.
const SHINE: [(f32, f32); 2] = [(0.1, 0.0), (0.3, 0.35)];
/// Areas of fewer chip pixels than this have no outline.
const LEAST_AREA: usize = 60;

/// Everything that is measured of a face.
pub(super) struct Findings {
    pub age: u8,
    pub tone: Tone,
    pub kind: Kind,
    pub wrinkles: Wrinkles,
    pub pores: Pores,
    pub spots: Vec<Spot>,
    pub circles: Circles,
    pub red: Extent,
    pub brown: Extent,
    pub oil: Extent,
    pub dry: Extent,
    pub rough: Extent,
}

impl Findings {
    pub fn of(skin: &Skin, looks: Looks) -> Self {
        let (oil, dry) = (oil(skin), dryness(skin));
        Self {
            age: looks.age,
            tone: tone(skin),
            kind: kind(skin, &oil, &dry),
            wrinkles: Wrinkles::of(skin, looks),
            pores: Pores::of(skin),
            spots: spots(skin),
            circles: Circles::of(skin),
            red: redness(skin),
            brown: browning(skin),
            rough: roughness(skin),
            oil,
            dry,
        }
    }

    /// Severity of an extent over the face, 0 to 100.
    pub fn severity(&self, skin: &Skin, extent: &Extent) -> f32 {
        let rough = std::ptr::eq(extent, &self.rough);
        let limits = if rough { ROUGH_LIMITS } else { AREA_LIMITS };
        let face = skin.zones(&Zone::FACE);
        band(extent.share(&face), limits, extent.strength(&face))
    }

    /// All of the result but maps and redness; of the coordinates those of `asked`.
    pub fn result(&self, subject: &Subject, asked: &[MarkName]) -> Measured {
        let skin = &subject.skin;
        let (class, confidence) = self.tone.class(&TONES);
        Measured {
            face_maps: None,
            enhanced_bw_info: None,
            image_quality: image_quality(subject),
            skin_type: (&self.kind).into(),
            oily_intensity: self.oily(skin),
            water: self.water(skin),
            rough: self.roughness(skin),
            melanin: self.melanin(skin),
            skintone: Sign { value: class as u8, confidence }.into(),
            skin_tone: Sign { value: class as u8, confidence }.into(),
            skintone_ita: (&self.tone).into(),
            skin_hue_ha: (&self.tone).into(),
            skin_age: self.age,
            pores: self.pores(skin),
            marks: self.marks(skin),
            sensitivity_type_v1: self.sensitivity_class(skin),
            sensitivity: None,
            eyes: self.eyes(skin),
            lines: self.lines(skin, asked),
            score_info: Scores::of(self, skin).into(),
            outlines: self.outlines(skin, asked),
        }
    }

    fn oily(&self, skin: &Skin) -> Oil {
        let zone = |zones: &[Zone]| {
            let mask = skin.zones(zones);
            let (area, strength) = (self.oil.share(&mask), self.oil.strength(&mask));
            let reached = |(a, s): &&(f32, f32)| area >= *a && strength >= *s;
            let intensity = SHINE.iter().take_while(reached).count();
            Shine { area: share(area), intensity }
        };
        Oil {
            t_zone: zone(&Zone::T_ZONE),
            left_cheek: zone(&[Zone::Cheek(Side::Left)]),
            right_cheek: zone(&[Zone::Cheek(Side::Right)]),
            chin_area: zone(&[Zone::Chin]),
            full_face: zone(&Zone::FACE),
        }
    }

    fn water(&self, skin: &Skin) -> Water {
        let area = |zones: &[Zone]| share(self.dry.share(&skin.zones(zones)));
        Water {
            water_severity: rounded(self.severity(skin, &self.dry), 2),
            water_area: area(&Zone::FACE),
            water_forehead: area(&[Zone::Forehead]),
            water_leftcheek: area(&[Zone::Cheek(Side::Left)]),
            water_rightcheek: area(&[Zone::Cheek(Side::Right)]),
        }
    }

    fn roughness(&self, skin: &Skin) -> Roughness {
        let area = |zones: &[Zone]| share(self.rough.share(&skin.zones(zones)));
        Roughness {
            rough_severity: self.severity(skin, &self.rough).round() as u8,
            rough_area: area(&Zone::FACE),
            rough_forehead: area(&[Zone::Forehead]),
            rough_leftcheek: area(&[Zone::Cheek(Side::Left)]),
            rough_rightcheek: area(&[Zone::Cheek(Side::Right)]),
            rough_jaw: area(&[Zone::Chin]),
        }
    }

    fn melanin(&self, skin: &Skin) -> Melanin {
        let area = |zones: &[Zone]| share(self.brown.share(&skin.zones(zones)));
        Melanin {
            brown_area: area(&Zone::FACE),
            melanin_concentration: self.severity(skin, &self.brown).round() as u8,
            brown_forehead: area(&[Zone::Forehead]),
            brown_leftcheek: area(&[Zone::Cheek(Side::Left)]),
            brown_rightcheek: area(&[Zone::Cheek(Side::Right)]),
        }
    }

    /// Redness over the face: for who asked for its map.
    pub fn sensitivity(&self, skin: &Skin) -> Sensitivity {
        Sensitivity {
            sensitivity_area: share(self.red.share(&skin.zones(&Zone::FACE))),
            sensitivity_intensity: self.severity(skin, &self.red).round() as u8,
        }
    }

    /// How much of the face is red: 0 none, 1 mild, 2 moderate, 3 severe.
    fn sensitivity_class(&self, skin: &Skin) -> Class<4> {
        let area = self.red.share(&skin.zones(&Zone::FACE));
        Class(AREA_LIMITS.iter().take_while(|&&limit| area >= limit).count() as u8)
    }

    fn pores(&self, skin: &Skin) -> PoreAnswers {
        let [forehead_count, left_cheek_count, right_cheek_count, chin_count] = self.pores.counts;
        let grades = self.pores.grades().map(|sign| signs::of_dots(skin, sign));
        let [forehead, left_cheek, right_cheek, jaw] = grades;
        PoreAnswers {
            blackhead: signs::of_dots(skin, self.pores.blackhead_grade()).into(),
            blackhead_count: self.pores.blackheads,
            enlarged_pore_count: PoreCounts {
                forehead_count,
                left_cheek_count,
                right_cheek_count,
                chin_count,
            },
            pores_forehead: forehead.into(),
            pores_left_cheek: left_cheek.into(),
            pores_right_cheek: right_cheek.into(),
            pores_leftcheek: left_cheek.into(),
            pores_rightcheek: right_cheek.into(),
            pores_jaw: jaw.into(),
        }
    }

    fn marks(&self, skin: &Skin) -> MarkAnswers {
        let marks = |mark| Marks::of(&skin.chip, &self.spots, mark);
        let cheeks = Side::BOTH.map(|side| self.brown.share(&skin.zone(Zone::Cheek(side))));
        let melasma = chance(cheeks[0].min(cheeks[1]), MELASMA.0, MELASMA.1);
        let middle = skin.zones(&[Zone::Cheek(Side::Left), Zone::Cheek(Side::Right), Zone::Nose]);
        let freckles = self.spots.iter().filter(|spot| {
            let [x, y] = spot.blob.centre.map(|value| value as isize);
            let small = spot.mark == Mark::BrownSpot && spot.blob.diameter() < FRECKLE;
            small && middle.has(x, y)
        });
        let freckles = chance(freckles.count() as f32, FRECKLES.0, FRECKLES.1);
        MarkAnswers {
            mole: marks(Mark::Mole),
            brown_spot: marks(Mark::BrownSpot),
            acne: marks(Mark::Papule),
            acne_pustule: marks(Mark::Pustule),
            acne_nodule: marks(Mark::Nodule),
            acne_mark: marks(Mark::RedMark),
            closed_comedones: marks(Mark::ClosedComedone),
            melasma: Sign::present(melasma).into(),
            freckle: Sign::present(freckles).into(),
        }
    }

    fn eyes(&self, skin: &Skin) -> EyeAnswers {
        let (pouch, pouch_severity) = signs::eye_pouch(skin);
        let [left, right] = Side::BOTH.map(|side| self.circles.severities(side).map(Into::into));
        let ([left_pigment, left_rete, left_structural], [pigment, rete, structural]) =
            (left, right);
        let [left_rect, right_rect]: [WholeRectangle; 2] = Side::BOTH.map(|side| {
            let outline = skin.outline(Zone::UnderEye(side));
            let places: Vec<_> = outline.iter().map(|&p| skin.chip.upright.from_photo(p)).collect();
            bounds(&skin.chip, &places).into()
        });
        EyeAnswers {
            eye_pouch: pouch.into(),
            eye_pouch_severity: pouch_severity.map(Into::into),
            dark_circle: self.circles.kind().into(),
            dark_circle_severity: self.circles.severity().map(Into::into),
            left_dark_circle_pigment: left_pigment,
            left_dark_circle_rete: left_rete,
            left_dark_circle_structural: left_structural,
            right_dark_circle_pigment: pigment,
            right_dark_circle_rete: rete,
            right_dark_circle_structural: structural,
            left_eye_rect: left_rect,
            right_eye_rect: right_rect,
            left_eye_pouch_rect: left_rect,
            right_eye_pouch_rect: right_rect,
        }
    }

    fn lines(&self, skin: &Skin, asked: &[MarkName]) -> LineAnswers {
        let wrinkles = &self.wrinkles;
        let severity = |zone: fn(Side) -> Zone| wrinkles.severity(zone).map(Into::into);
        let listed = |zone| asked.contains(&MarkName::Lines(zone));
        LineAnswers {
            signs: wrinkles.into(),
            eye_finelines_severity: severity(Zone::UnderEye),
            nasolabial_fold_severity: severity(Zone::Nasolabial),
            severities: wrinkles.into(),
            fine_line: LineCounts::of_fine_lines(wrinkles),
            wrinkle_count: wrinkles.into(),
            infos: LineInfos::of(&skin.chip, wrinkles, listed),
        }
    }

    /// The outlines that were asked for.
    fn outlines(&self, skin: &Skin, asked: &[MarkName]) -> Outlines {
        let both = |zone: fn(Side) -> Zone| -> [Vec<Place>; 2] {
            Side::BOTH.map(|side| places(&skin.outline(zone(side))))
        };
        let polygons = |extent: &Extent| Polygons {
            polygon: outlines(&skin.chip, &extent.outlines(LEAST_AREA)),
        };
        let is_asked = |mark| asked.contains(&mark);
        Outlines {
            wrinkle_mark: is_asked(MarkName::Wrinkles).then(|| LineOutlines::of(skin)),
            dark_circle_outline: is_asked(MarkName::DarkCircles).then(|| {
                let [left, right] = both(Zone::TearTrough);
                DarkCircleOutlines {
                    left_dark_circle_outline: left,
                    right_dark_circle_outline: right,
                }
            }),
            cheekbone_mark: is_asked(MarkName::Cheekbones).then(|| {
                let [left, right] = both(Zone::Apple);
                CheekboneOutlines { left_cheekbone_mark: left, right_cheekbone_mark: right }
            }),
            sensitivity_mark: is_asked(MarkName::Sensitivity).then(|| polygons(&self.red)),
            melanin_mark: is_asked(MarkName::Melanin).then(|| polygons(&self.brown)),
        }
    }
}

/// 100 less what each kind of acne takes, never below 30.
pub(super) fn acne_score(spots: &[Spot]) -> u8 {
    let cost = |spot: &Spot| match spot.mark {
        Mark::ClosedComedone => 1.7,
        Mark::Papule => 2.4,
        Mark::Pustule => 4.8,
        Mark::Nodule => 9.8,
        Mark::Mole | Mark::BrownSpot | Mark::RedMark => 0.0,
    };
    super::score::whole(100.0 - spots.iter().map(cost).sum::<f32>())
}

fn image_quality(subject: &Subject) -> ImageQuality {
    let chip = &subject.skin.chip;
    let rect = chip.upright.bounds();
    let [_, _, width, height] = rect;
    let (columns, rows) = chip.upright.photo_size();
    let ratio = width as f32 * height as f32 / (columns as f32 * rows as f32);
    let pose = &subject.pose;
    ImageQuality {
        face_ratio: share(ratio),
        face_orientation: Orientation {
            yaw: rounded(pose.yaw, 3),
            pitch: rounded(pose.pitch, 3),
            roll: rounded(pose.roll, 3),
        },
        face_rect: rect.into(),
        hair_occlusion: share(subject.hair_occlusion),
        glasses: u8::from(subject.glasses),
    }
}
