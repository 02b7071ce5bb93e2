//! Side views: the jaw's angle, and the marks of a profile.

use safelight_imaging::Photo;
use safelight_imaging::skin::{Chip, Light, Mark, Side, Skin, Spot, Upright, spots};
use safelight_operation::{Code, Fault, Output, Picture, Result, Work, rounded};
use safelight_vision::face::{Face, Point, Profile, SideView};
use serde_json::{Map, Value, json};

use super::colors::Colors;
use super::findings::acne_score;
use super::maps;
use super::places::{Marks, places};
use crate::portrait::analysis::skin::subject::{FaceRules, Subject, check_inside};

/// What a request asks of a side view.
pub(super) struct Wanted<'a> {
    pub jawline: bool,
    pub outlines: bool,
    pub colors: &'a Colors,
}

/// How a profile photo can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JawlineQuality {
    Usable = 1,
    TurnedTooLittle = 2,
    TurnedTooFar = 3,
    NoFace = 4,
    InvalidFace = 5,
    Other = 6,
}

/// Degrees of yaw from which a head shows its side. The mesh follows it as far as it does.
const TURNED: f32 = 20.0;
/// Degrees of the jaw's angle that count as standard.
const STANDARD: std::ops::RangeInclusive<f32> = 116.0..=120.0;
/// Mesh points along the jaw from ear to chin, on the picture's left and right.
const JAW: [[usize; 11]; 2] = [
    [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152],
    [454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152],
];
/// Of these the two along the jaw's upright branch, from the ear down, and the two along its body, from
/// the chin back: the jaw's angle lies between both lines.
const BRANCHES: [usize; 4] = [0, 2, 9, 5];

/// Looks at a side view; the answer is an object that goes out as JSON text. A photo without a usable
/// face is no error but is said by its quality.
pub(super) fn look(picture: &Picture, side: Side, wanted: &Wanted, work: &Work) -> Result<Value> {
    let (name, field) = match side {
        Side::Left => ("left", "left_side_image"),
        Side::Right => ("right", "right_side_image"),
    };
    let photo = picture.decode(work)?;
    let rules = FaceRules { field, least_side: 0.0, least_share: 0.0 };
    let mut result = Map::new();
    let key = |what: &str| format!("{name}_{what}");
    match View::of(&photo, &rules, work) {
        Ok(view) => {
            let skin = view.skin();
            let spots = work.stage("side", || Ok(spots(skin)))?;
            if wanted.jawline {
                result.insert(key("jawline_info"), view.jawline(name)?);
            }
            if wanted.outlines {
                let map = maps::outlines(&skin.chip, &spots, wanted.colors)?;
                result.insert(key("face_maps"), json!({ key("roi_outline_map"): value(map) }));
            }
            result.insert(key("acne_info"), acne_info(skin, &spots));
            let marks = |mark| value(Marks::of(&skin.chip, &spots, mark));
            let melanin = json!({
                "mole": marks(Mark::Mole),
                "brown_spot": marks(Mark::BrownSpot),
            });
            result.insert(key("melanin_info"), melanin);
        }
        Err(unseen) => {
            let quality = unseen.quality()?;
            if wanted.jawline {
                result.insert(key("jawline_info"), only(quality, name));
            }
        }
    }
    drop::<Photo>(photo);
    Ok(Value::Object(result))
}

/// A head whose skin can be measured.
enum View<'a> {
    /// Turned so little that the mesh finds it.
    Turned(Box<Subject<'a>>),
    /// A true profile, by the skin that the parser sees.
    Profile(Box<Skin>),
}

/// Why none can be.
enum Unseen {
    Turned(JawlineQuality),
    Fault(Fault),
}

impl From<Fault> for Unseen {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Unseen {
    /// The quality that says so; the fault where that is no matter of the photo.
    fn quality(self) -> Result<JawlineQuality> {
        match self {
            Self::Turned(quality) => Ok(quality),
            Self::Fault(fault) => unusable(&fault).ok_or(fault),
        }
    }
}

impl<'a> View<'a> {
    fn of(photo: &'a Photo, rules: &FaceRules, work: &'a Work) -> Result<Self, Unseen> {
        let face = Subject::largest(photo, rules, work)?;
        if Subject::has_mesh(&face)? {
            return Ok(Self::Turned(Box::new(Subject::of(face, rules, work)?)));
        }
        match work.stage("parse", || face.side_view())? {
            SideView::Profile(profile) => {
                let skin = work.stage("prepare", || profile_skin(&face, &profile, rules))?;
                Ok(Self::Profile(Box::new(skin)))
            }
            SideView::TurnedAway => Err(Unseen::Turned(JawlineQuality::TurnedTooFar)),
            SideView::Unclear => Err(Unseen::Turned(JawlineQuality::InvalidFace)),
        }
    }

    fn skin(&self) -> &Skin {
        match self {
            Self::Turned(subject) => &subject.skin,
            Self::Profile(skin) => skin,
        }
    }

    /// What is said of the jaw. That of a true profile is not: no model tells its line there.
    fn jawline(&self, name: &str) -> Result<Value> {
        match self {
            Self::Turned(subject) => jawline(subject, name),
            Self::Profile(_) => Ok(only(JawlineQuality::Other, name)),
        }
    }
}

fn profile_skin(face: &Face, profile: &Profile, rules: &FaceRules) -> Result<Skin> {
    let photo = face.photo();
    check_inside(rules.field, &face.detection.rect, photo.dimensions())?;
    let [eyes, mouth, middle] =
        [profile.eyes, profile.mouth, profile.middle].map(|point| [point.x, point.y]);
    let upright = Upright::of_profile(photo.dimensions(), eyes, mouth, middle);
    let upright = upright.ok_or_else(|| {
        let field = rules.field;
        Fault::new(Code::FaceUnrecognizable, format!("{field}: the points found span no face"))
    })?;
    let chip = Chip::within(photo, upright);
    Ok(chip.profile_skin(Light::of_photo(photo), |[x, y]| profile.is_bare_skin(Point { x, y })))
}

/// What is said of a jaw whose line is not.
fn only(quality: JawlineQuality, name: &str) -> Value {
    json!({ format!("{name}_jawline_quality"): quality as u8 })
}

/// What a fault of the face means for the side view; none for faults that are no matter of the photo.
fn unusable(fault: &Fault) -> Option<JawlineQuality> {
    match fault.code() {
        Code::NoFaceInFile => Some(JawlineQuality::NoFace),
        Code::FaceUnrecognizable => Some(JawlineQuality::InvalidFace),
        Code::IncompleteFace | Code::SmallFaceSize => Some(JawlineQuality::Other),
        _ => None,
    }
}

fn jawline(subject: &Subject, name: &str) -> Result<Value> {
    let yaw = subject.pose.yaw;
    let turned = yaw.abs() >= TURNED;
    let quality = if turned { JawlineQuality::Usable } else { JawlineQuality::TurnedTooLittle };
    let mut info = only(quality, name);
    if turned {
        // A head that looks to the picture's right shows the jaw on its left.
        let jaw = JAW[usize::from(yaw < 0.0)];
        let mesh = subject.face.mesh()?;
        let angle = angle(BRANCHES.map(|place| mesh.points[jaw[place]]));
        let jaw = jaw.map(|point| [mesh.points[point][0], mesh.points[point][1]]);
        info[format!("{name}_jawline_angle")] = json!(rounded(angle, 3));
        info[format!("{name}_jawline_mark")] = value(places(&jaw));
        let level = u8::from(!STANDARD.contains(&angle));
        info[format!("{name}_jawline_angle_level")] = json!(level);
    }
    Ok(info)
}

/// Degrees between the line from the second place to the first and that from the fourth to the third,
/// in space.
fn angle([one, from_one, two, from_two]: [[f32; 3]; 4]) -> f32 {
    let line = |from: [f32; 3], to: [f32; 3]| [0, 1, 2].map(|axis| to[axis] - from[axis]);
    let (a, b) = (line(from_one, one), line(from_two, two));
    let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-6);
    cosine.clamp(-1.0, 1.0).acos().to_degrees()
}

fn acne_info(skin: &Skin, spots: &[Spot]) -> Value {
    let of = |mark| value(Marks::of(&skin.chip, spots, mark));
    json!({
        "score": acne_score(spots),
        "acne": of(Mark::Papule),
        "acne_pustule": of(Mark::Pustule),
        "acne_nodule": of(Mark::Nodule),
        "acne_mark": of(Mark::RedMark),
        "closed_comedones": of(Mark::ClosedComedone),
    })
}

/// What holds no URL as JSON.
fn value(output: impl Output) -> Value {
    let json = |node: safelight_operation::Node| {
        node.into_json::<std::convert::Infallible>(&mut |_| Ok(String::new())).unwrap_or_default()
    };
    output.into_node().map(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use safelight_vision::face::Rect;

    use super::*;

    #[test]
    fn angles_and_faults() {
        let square = angle([[0.0, 5.0, 0.0], [0.0; 3], [1.0, 0.0, 2.0], [1.0, 0.0, 0.0]]);
        assert!((square - 90.0).abs() < 1e-3);
        let fault = |code| unusable(&Fault::new(code, "x"));
        assert_eq!(fault(Code::NoFaceInFile), Some(JawlineQuality::NoFace));
        assert_eq!(fault(Code::FaceUnrecognizable), Some(JawlineQuality::InvalidFace));
        assert_eq!(fault(Code::AiServiceTimeout), None);
        assert_eq!(
            Unseen::Fault(Fault::new(Code::IncompleteFace, "x")).quality(),
            Ok(JawlineQuality::Other)
        );
        assert!(Unseen::Fault(Fault::new(Code::AiServiceTimeout, "x")).quality().is_err());
        let away = Unseen::Turned(JawlineQuality::TurnedTooFar).quality().expect("a quality");
        assert_eq!(only(away, "right"), json!({ "right_jawline_quality": 3 }));
    }

    #[test]
    fn a_profile_must_lie_in_the_picture() {
        let rect = |x| Rect { x, y: 10.0, width: 100.0, height: 100.0 };
        assert_eq!(check_inside("x", &rect(-15.0), (300, 300)), Ok(()));
        let fault = check_inside("x", &rect(-25.0), (300, 300)).expect_err("cut off");
        assert_eq!(fault.code(), Code::IncompleteFace);
    }
}
