//! What is measured, and how it is written.

use safelight_imaging::skin::{
    Chip, Extent, Kind, Line, Lines, Mark, Severity, Side, Skin, Spot, Tone, Zone, band, browning,
    chance, dryness, kind, oil, redness, roughness, spots,
};
use serde_json::{Map, Value, json};

use super::courses::COURSES;
use super::score::Scores;
use crate::answer::rounded;
use crate::portrait::analysis::skin::AREA_LIMITS;
use crate::portrait::analysis::skin::answer::{bounds, share};
use crate::portrait::analysis::skin::signs::{self, Circles, Pores, Sign, Wrinkles};
use crate::portrait::analysis::skin::subject::Subject;

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
    pub fn of(skin: &Skin, age: u8) -> Self {
        let (oil, dry) = (oil(skin), dryness(skin));
        let unknown = Tone { lab: [50.0, 0.0, 0.0], reliable: false };
        Self {
            age,
            tone: Tone::of(skin).unwrap_or(unknown),
            kind: kind(skin, &oil, &dry),
            wrinkles: Wrinkles::of(skin),
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

    /// All fields of the result but maps and what must be asked for.
    pub fn result(&self, subject: &Subject) -> Map<String, Value> {
        let skin = &subject.skin;
        let mut result = Map::new();
        let mut put = |name: &str, value: Value| drop(result.insert(name.to_owned(), value));
        put("image_quality", image_quality(subject));
        put("skin_type", signs::skin_type(&self.kind));
        put("oily_intensity", self.oily(skin));
        put("water", self.water(skin));
        put("rough", self.roughness(skin));
        put("melanin", self.melanin(skin));
        let (class, confidence) = self.tone.class(&TONES);
        put("skintone", Sign { value: class as u8, confidence }.json());
        let ita = rounded(self.tone.ita(), 3);
        put("skintone_ita", json!({ "ITA": ita, "skintone": signs::tint(&self.tone) }));
        let hue = rounded(self.tone.hue_angle(), 3);
        put("skin_hue_ha", json!({ "HA": hue, "skin_hue": signs::hue(&self.tone) }));
        put("skin_age", json!({ "value": self.age }));
        self.put_pores(&mut put);
        self.put_marks(skin, &mut put);
        self.put_eyes(skin, &mut put);
        self.put_lines(&mut put);
        put("score_info", Scores::of(self, skin).json());
        result
    }

    fn oily(&self, skin: &Skin) -> Value {
        let zone = |zones: &[Zone]| {
            let mask = skin.zones(zones);
            let (area, strength) = (self.oil.share(&mask), self.oil.strength(&mask));
            let reached = |(a, s): &&(f32, f32)| area >= *a && strength >= *s;
            let intensity = SHINE.iter().take_while(reached).count();
            json!({ "area": share(area), "intensity": intensity })
        };
        json!({
            "t_zone": zone(&Zone::T_ZONE),
            "left_cheek": zone(&[Zone::Cheek(Side::Left)]),
            "right_cheek": zone(&[Zone::Cheek(Side::Right)]),
            "chin_area": zone(&[Zone::Chin]),
            "full_face": zone(&Zone::FACE),
        })
    }

    fn water(&self, skin: &Skin) -> Value {
        let area = |zones: &[Zone]| share(self.dry.share(&skin.zones(zones)));
        json!({
            "water_severity": rounded(self.severity(skin, &self.dry), 2),
            "water_area": area(&Zone::FACE),
            "water_forehead": { "area": area(&[Zone::Forehead]) },
            "water_leftcheek": { "area": area(&[Zone::Cheek(Side::Left)]) },
            "water_rightcheek": { "area": area(&[Zone::Cheek(Side::Right)]) },
        })
    }

    fn roughness(&self, skin: &Skin) -> Value {
        let area = |zones: &[Zone]| share(self.rough.share(&skin.zones(zones)));
        json!({
            "rough_severity": self.severity(skin, &self.rough).round() as u8,
            "rough_area": area(&Zone::FACE),
            "rough_forehead": { "area": area(&[Zone::Forehead]) },
            "rough_leftcheek": { "area": area(&[Zone::Cheek(Side::Left)]) },
            "rough_rightcheek": { "area": area(&[Zone::Cheek(Side::Right)]) },
            "rough_jaw": { "area": area(&[Zone::Chin]) },
        })
    }

    fn melanin(&self, skin: &Skin) -> Value {
        let area = |zones: &[Zone]| share(self.brown.share(&skin.zones(zones)));
        json!({
            "brown_area": area(&Zone::FACE),
            "melanin_concentration": self.severity(skin, &self.brown).round() as u8,
            "brown_forehead": area(&[Zone::Forehead]),
            "brown_leftcheek": area(&[Zone::Cheek(Side::Left)]),
            "brown_rightcheek": area(&[Zone::Cheek(Side::Right)]),
        })
    }

    /// Redness over the face: for who asked for its map.
    pub fn sensitivity(&self, skin: &Skin) -> Value {
        json!({
            "sensitivity_area": share(self.red.share(&skin.zones(&Zone::FACE))),
            "sensitivity_intensity": self.severity(skin, &self.red).round() as u8,
        })
    }

    fn put_pores(&self, put: &mut impl FnMut(&str, Value)) {
        let [forehead, left, right, chin] = self.pores.counts;
        put(
            "enlarged_pore_count",
            json!({
                "forehead_count": forehead, "left_cheek_count": left, "right_cheek_count": right,
                "chin_count": chin,
            }),
        );
        let names = ["pores_forehead", "pores_left_cheek", "pores_right_cheek", "pores_jaw"];
        let grades = names.into_iter().zip(self.pores.grades());
        grades.for_each(|(name, grade)| put(name, grade.json()));
        put("blackhead", self.pores.blackhead_grade().json());
        put("blackhead_count", json!(self.pores.blackheads));
    }

    fn put_marks(&self, skin: &Skin, put: &mut impl FnMut(&str, Value)) {
        let names = [
            ("mole", Mark::Mole),
            ("brown_spot", Mark::BrownSpot),
            ("acne", Mark::Papule),
            ("acne_pustule", Mark::Pustule),
            ("acne_nodule", Mark::Nodule),
            ("acne_mark", Mark::RedMark),
            ("closed_comedones", Mark::ClosedComedone),
        ];
        names.into_iter().for_each(|(name, mark)| put(name, marks(&skin.chip, &self.spots, mark)));
        let cheeks = Side::BOTH.map(|side| self.brown.share(&skin.zone(Zone::Cheek(side))));
        let melasma = chance(cheeks[0].min(cheeks[1]), MELASMA.0, MELASMA.1);
        put("melasma", Sign::present(melasma).json());
        let middle = skin.zones(&[Zone::Cheek(Side::Left), Zone::Cheek(Side::Right), Zone::Nose]);
        let freckles = self.spots.iter().filter(|spot| {
            let [x, y] = spot.blob.centre.map(|value| value as isize);
            let small = spot.mark == Mark::BrownSpot && spot.blob.diameter() < FRECKLE;
            small && middle.has(x, y)
        });
        let freckles = chance(freckles.count() as f32, FRECKLES.0, FRECKLES.1);
        put("freckle", Sign::present(freckles).json());
    }

    fn put_eyes(&self, skin: &Skin, put: &mut impl FnMut(&str, Value)) {
        let (pouch, severity) = signs::eye_pouch(skin);
        put("eye_pouch", pouch.json());
        severity.into_iter().for_each(|sign| put("eye_pouch_severity", sign.json()));
        put("dark_circle", self.circles.kind().json());
        let severity = self.circles.severity();
        severity.into_iter().for_each(|sign| put("dark_circle_severity", sign.json()));
        let mut rects = Map::new();
        for (side, name) in [(Side::Left, "left"), (Side::Right, "right")] {
            let kinds = ["pigment", "rete", "structural"].into_iter();
            for (kind, severity) in kinds.zip(self.circles.severities(side)) {
                let level = json!({ "value": severity.level() });
                put(&format!("{name}_dark_circle_{kind}"), level);
            }
            let outline = skin.outline(Zone::UnderEye(side));
            let places: Vec<_> = outline.iter().map(|&p| skin.chip.upright.from_photo(p)).collect();
            let rect = rectangle(bounds(&skin.chip, &places));
            put(&format!("{name}_eye_pouch_rect"), rect.clone());
            rects.insert(format!("{name}_eye_rect"), rect);
        }
        put("dark_circle_mark", Value::Object(rects));
    }

    fn put_lines(&self, put: &mut impl FnMut(&str, Value)) {
        let wrinkles = &self.wrinkles;
        let named = [
            ("forehead_wrinkle", wrinkles.forehead()),
            ("crows_feet", wrinkles.crows_feet()),
            ("eye_finelines", wrinkles.under_eyes()),
            ("glabella_wrinkle", wrinkles.glabella()),
            ("nasolabial_fold", wrinkles.nasolabial()),
        ];
        named.into_iter().for_each(|(name, sign)| put(name, sign.json()));
        let folds = wrinkles.severity(&Side::BOTH.map(Zone::Nasolabial));
        folds.into_iter().for_each(|sign| put("nasolabial_fold_severity", sign.json()));
        let fine = wrinkles.severity(&Side::BOTH.map(Zone::UnderEye));
        fine.into_iter().for_each(|sign| put("eye_finelines_severity", sign.json()));
        let (mut shallow, mut deep) = (Map::new(), Map::new());
        for course in &COURSES {
            let lines = &wrinkles.0[&course.zone];
            let level = wrinkles.level(course.zone);
            put(course.severity, json!({ "value": level.level() }));
            put(course.info, info(lines, level));
            let count = lines.lines.iter().filter(|line| line.is_deep()).count();
            deep.insert(course.count.to_owned(), json!(count));
            if course.fine {
                shallow.insert(course.count.to_owned(), json!(lines.lines.len() - count));
            }
        }
        put("fine_line", Value::Object(shallow));
        put("wrinkle_count", Value::Object(deep));
    }
}

fn info(lines: &Lines, level: Severity) -> Value {
    let deep = lines.lines.iter().filter(|line| line.is_deep()).count();
    json!({
        "wrinkle_score": lines.score().round().clamp(0.0, 100.0) as u8,
        "wrinkle_severity_level": level.level(),
        "wrinkle_norm_length": rounded(lines.norm_length(), 5),
        "wrinkle_norm_depth": rounded(lines.norm_depth(), 5),
        "wrinkle_pixel_density": rounded(lines.density(), 5),
        "wrinkle_area_ratio": share(lines.area_ratio()),
        "wrinkle_deep_ratio": share(lines.deep_ratio()),
        "wrinkle_deep_num": deep,
        "wrinkle_shallow_num": lines.lines.len() - deep,
    })
}

/// The lines of a zone one by one, in pixels of the photo.
pub(super) fn line_list(chip: &Chip, lines: &[Line]) -> Value {
    let line = |line: &Line| {
        let path: Vec<_> = line.path.iter().map(|&place| chip.upright.to_photo(place)).collect();
        json!({
            "wrinkle_coord": points(&path),
            "wrinkle_depth": rounded(line.norm_depth(), 4),
            "wrinkle_length": rounded(line.length / chip.upright.magnification(), 2),
        })
    };
    lines.iter().map(line).collect()
}

/// Places of the photo as whole pixels.
pub(super) fn points(places: &[[f32; 2]]) -> Value {
    let point = |&[x, y]: &[f32; 2]| json!({ "x": x.round() as i64, "y": y.round() as i64 });
    places.iter().map(point).collect()
}

/// Paths of the chip as outlines in the photo.
pub(super) fn polygons(chip: &Chip, outlines: &[Vec<[f32; 2]>]) -> Value {
    let one = |outline: &Vec<[f32; 2]>| {
        points(&outline.iter().map(|&place| chip.upright.to_photo(place)).collect::<Vec<_>>())
    };
    outlines.iter().map(one).collect()
}

/// The marks of one kind with boxes, confidences and outlines, the surest first.
pub(super) fn marks(chip: &Chip, spots: &[Spot], mark: Mark) -> Value {
    let mut found: Vec<&Spot> = spots.iter().filter(|spot| spot.mark == mark).collect();
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let outlines: Vec<_> = found.iter().map(|spot| spot.blob.outline()).collect();
    let boxes = outlines.iter().map(|outline| rectangle(bounds(chip, outline)));
    json!({
        "rectangle": boxes.collect::<Vec<_>>(),
        "confidence": found.iter().map(|spot| share(spot.confidence)).collect::<Vec<_>>(),
        "polygon": polygons(chip, &outlines),
        "count": found.len(),
    })
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

pub(super) fn rectangle([left, top, width, height]: [u32; 4]) -> Value {
    json!({ "left": left, "top": top, "width": width, "height": height })
}

fn image_quality(subject: &Subject) -> Value {
    let chip = &subject.skin.chip;
    let [left, top, width, height] = chip.upright.bounds();
    let (columns, rows) = chip.upright.photo_size();
    let ratio = width as f32 * height as f32 / (columns as f32 * rows as f32);
    let pose = &subject.pose;
    json!({
        "face_ratio": share(ratio),
        "face_orientation": {
            "yaw": rounded(pose.yaw, 3),
            "pitch": rounded(pose.pitch, 3),
            "roll": rounded(pose.roll, 3),
        },
        "face_rect": rectangle([left, top, width, height]),
        "hair_occlusion": share(subject.hair_occlusion),
        "glasses": u8::from(subject.glasses),
    })
}
