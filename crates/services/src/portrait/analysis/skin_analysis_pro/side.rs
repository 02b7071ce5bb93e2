//! Side views: the jaw's angle, and the marks of a profile.

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::Photo;
use safelight_imaging::skin::{Mark, Side, Spot, spots};
use serde_json::{Map, Value, json};

use super::colors::Colors;
use super::findings::{acne_score, marks, points};
use super::maps;
use crate::answer::rounded;
use crate::portrait::analysis::skin::subject::{FaceRules, Subject};
use crate::{Node, Upload, Work};

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

/// Degrees of yaw between which a head shows its side.
const TURNED: (f32, f32) = (20.0, 120.0);
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
pub(super) fn look(upload: &Upload, side: Side, wanted: &Wanted, work: &Work) -> Result<Value> {
    let (name, field) = match side {
        Side::Left => ("left", "left_side_image"),
        Side::Right => ("right", "right_side_image"),
    };
    let photo = upload.decode(work)?;
    let rules = FaceRules { field, least_side: 0.0, least_share: 0.0 };
    let mut result = Map::new();
    let key = |what: &str| format!("{name}_{what}");
    match Subject::seen(&photo, &rules, work) {
        Ok(subject) => {
            let spots = work.stage("side", || Ok(spots(&subject.skin)))?;
            if wanted.jawline {
                result.insert(key("jawline_info"), jawline(&subject, name)?);
            }
            if wanted.outlines {
                let map = maps::outlines(&subject.skin.chip, &spots, wanted.colors)?;
                let map = text(Node::Object(vec![("map", map)]));
                result.insert(key("face_maps"), json!({ key("roi_outline_map"): map["map"] }));
            }
            result.insert(key("acne_info"), acne_info(&subject, &spots));
            let chip = &subject.skin.chip;
            let melanin = json!({
                "mole": marks(chip, &spots, Mark::Mole),
                "brown_spot": marks(chip, &spots, Mark::BrownSpot),
            });
            result.insert(key("melanin_info"), melanin);
        }
        Err(fault) => {
            let quality = unusable(&fault).ok_or(fault)?;
            if wanted.jawline {
                let info = json!({ format!("{name}_jawline_quality"): quality as u8 });
                result.insert(key("jawline_info"), info);
            }
        }
    }
    drop::<Photo>(photo);
    Ok(Value::Object(result))
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
    let quality = match yaw.abs() {
        angle if angle < TURNED.0 => JawlineQuality::TurnedTooLittle,
        angle if angle > TURNED.1 => JawlineQuality::TurnedTooFar,
        _ => JawlineQuality::Usable,
    };
    let mut info = json!({ format!("{name}_jawline_quality"): quality as u8 });
    if quality == JawlineQuality::Usable {
        // A head that looks to the picture's right shows the jaw on its left.
        let jaw = JAW[usize::from(yaw < 0.0)];
        let mesh = subject.face.mesh()?;
        let angle = angle(BRANCHES.map(|place| mesh.points[jaw[place]]));
        let places: Vec<_> = jaw.iter().map(|&i| [mesh.points[i][0], mesh.points[i][1]]).collect();
        info[format!("{name}_jawline_angle")] = json!(rounded(angle, 3));
        info[format!("{name}_jawline_mark")] = points(&places);
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

fn acne_info(subject: &Subject, spots: &[Spot]) -> Value {
    let of = |mark| marks(&subject.skin.chip, spots, mark);
    json!({
        "score": acne_score(spots),
        "acne": of(Mark::Papule),
        "acne_pustule": of(Mark::Pustule),
        "acne_nodule": of(Mark::Nodule),
        "acne_mark": of(Mark::RedMark),
        "closed_comedones": of(Mark::ClosedComedone),
    })
}

/// A node without URLs as JSON.
fn text(node: Node) -> Value {
    node.into_json::<std::convert::Infallible>(&mut |_| Ok(String::new())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_and_faults() {
        let square = angle([[0.0, 5.0, 0.0], [0.0; 3], [1.0, 0.0, 2.0], [1.0, 0.0, 0.0]]);
        assert!((square - 90.0).abs() < 1e-3);
        let fault = |code| unusable(&Fault::new(code, "x"));
        assert_eq!(fault(Code::NoFaceInFile), Some(JawlineQuality::NoFace));
        assert_eq!(fault(Code::FaceUnrecognizable), Some(JawlineQuality::InvalidFace));
        assert_eq!(fault(Code::AiServiceTimeout), None);
    }
}
