//! Face key points: boxes, angles and landmarks in schemes of 4, 72, 150 and 201 points.

use image::RgbImage;
use safelight_imaging::Rules;
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Node, ObjectShape, Output, Picture, Result, Shape, Spec,
    ValueEnum, Work, rounded,
};
use safelight_vision::face::landmarks::{COUNT_72, COUNT_150, POINTS_4, POINTS_201, place};
use safelight_vision::face::{Face, Mesh, Point, QualityControl, Rect, models};
use sha2::{Digest, Sha256};

use super::super::faces::{self, QUALITY_CONTROL, pixels};

/// The service.
pub struct FaceKeyPoints;

/// What is answered beside box, probability and angles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Extra {
    /// age
    Age,
    /// gender
    Gender,
    /// eyes, tip of the nose, middle of the mouth
    Landmark4,
    /// 72 points in their order
    Landmark72,
    /// 150 points by name
    Landmark150,
    /// 201 points by name
    Landmark201,
}

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        max_bytes: 8 * Rules::MB,
        min: (1, 1),
        max: (1920, 1080),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// How many faces are answered at most, the largest first.
    #[integer(1..=10)]
    #[field(default = 1)]
    max_face_num: usize,
    /// What is answered beside token, box, probability and angles.
    #[words]
    #[field(default = Vec::new())]
    face_field: Vec<Extra>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

/// The faces.
#[derive(Output)]
pub struct Answer {
    /// How many faces are answered.
    #[output(path = "result.face_num")]
    face_num: usize,
    #[output(path = "result.face_list")]
    face_list: Vec<FaceAnswer>,
}

/// One face.
#[derive(Output)]
struct FaceAnswer {
    /// Identifies the face in this photo: the same photo gives the same token.
    face_token: String,
    location: Location,
    /// How sure that is, 0 to 1.
    face_probability: f64,
    angle: Angle,
    /// Age in years by a model; where asked for.
    age: Option<f64>,
    gender: Option<Gender>,
    /// Where asked for. All points and where they lie are in docs/faces.md.
    landmark4: Option<Vec<PointAnswer>>,
    /// Where asked for. All points and where they lie are in docs/faces.md.
    landmark72: Option<Vec<PointAnswer>>,
    /// Where asked for. All points and where they lie are in docs/faces.md.
    landmark150: Option<NamedPoints>,
    /// Where asked for. All points and where they lie are in docs/faces.md.
    landmark201: Option<NamedPoints>,
}

/// The box of a face.
#[derive(Output)]
struct Location {
    /// Left edge of the box.
    left: f64,
    /// Upper edge of the box.
    top: f64,
    /// Width of the box.
    width: f64,
    /// Height of the box.
    height: f64,
    /// How far the face is turned clockwise, -180 to 180 degrees.
    rotation: i64,
}

/// Which way a face looks.
#[derive(Output)]
struct Angle {
    /// Degrees: negative to the left of the photo, positive to its right.
    yaw: f64,
    /// Degrees: negative up, positive down.
    pitch: f64,
    /// Degrees: positive clockwise.
    roll: f64,
}

/// The gender of a face.
#[derive(Output)]
struct Gender {
    /// male or female; where asked for.
    #[output(name = "type", values("male", "female"))]
    kind: &'static str,
    /// How sure that is, 0 to 1.
    probability: f64,
}

/// A point.
#[derive(Output)]
struct PointAnswer {
    /// Pixels from the left edge of the photo.
    x: f64,
    /// Pixels from its upper edge.
    y: f64,
}

/// Points by name. Of the 150 and more names the shape says one.
struct NamedPoints(Vec<(&'static str, PointAnswer)>);

impl Output for NamedPoints {
    fn shape() -> Shape {
        let mut points = ObjectShape::new();
        points.add::<PointAnswer>(&["nose_tip"], "", Vec::new());
        Shape::Object(points)
    }

    fn into_node(self) -> Option<Node> {
        let points =
            self.0.into_iter().filter_map(|(name, point)| Some((name, point.into_node()?)));
        Some(Node::Object(points.collect()))
    }
}

impl CpuOperation for FaceKeyPoints {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/face-key-points",
        name: "Facial Key Points",
        sign: "portrait_face_key_points",
        pool: "portrait_facial_keypoints",
        price: 2,
        summary: "Boxes, angles and up to 201 named points of up to ten faces.",
        memory: Memory { base: 64 << 20, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION, models::MESH]).on_request(&[
        models::AGE,
        models::PARSING,
        models::MASK,
        models::FITNESS,
    ]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?.rgb;
        let found = faces::find(work, &photo, false, input.max_face_num)
            .or_else(|fault| faces::named(fault, input.quality_control, work, &photo))?;
        faces::check(work, &found, input.quality_control)?;
        let seal = Sha256::digest(photo.as_raw());
        work.stage("landmarks", || {
            let face_list =
                faces::each(work, &found, |face| describe(face, &seal, &input.face_field))?;
            Ok(Answer { face_num: face_list.len(), face_list })
        })
    }
}

/// One face of the answer; `seal` stands for the photo.
fn describe(face: &Face, seal: &[u8], extras: &[Extra]) -> Result<FaceAnswer> {
    let (Rect { x, y, width, height }, pose, mesh) =
        (face.detection.rect, face.pose()?, face.mesh()?);
    let mut answer = FaceAnswer {
        face_token: token(face.photo(), &face.detection.rect, seal),
        location: Location {
            left: rounded(x, 2),
            top: rounded(y, 2),
            width: rounded(width, 2),
            height: rounded(height, 2),
            rotation: pixels(pose.roll),
        },
        face_probability: rounded(face.detection.score, 4),
        angle: Angle {
            yaw: rounded(pose.yaw, 2),
            pitch: rounded(pose.pitch, 2),
            roll: rounded(pose.roll, 2),
        },
        age: None,
        gender: None,
        landmark4: None,
        landmark72: None,
        landmark150: None,
        landmark201: None,
    };
    for extra in extras {
        match extra {
            Extra::Age => answer.age = Some(rounded(face.age_and_gender()?.age, 1)),
            Extra::Gender => answer.gender = Some(gender(face.age_and_gender()?.male)),
            Extra::Landmark4 => {
                let points = POINTS_4.iter().map(|blend| point(place(mesh, blend)));
                answer.landmark4 = Some(points.collect());
            }
            Extra::Landmark72 => {
                let points = POINTS_201[..COUNT_72].iter();
                let points = points.map(|(_, blend)| point(place(mesh, blend)));
                answer.landmark72 = Some(points.collect());
            }
            Extra::Landmark150 => answer.landmark150 = Some(named(mesh, COUNT_150)),
            Extra::Landmark201 => answer.landmark201 = Some(named(mesh, POINTS_201.len())),
        }
    }
    Ok(answer)
}

fn point(place: Point) -> PointAnswer {
    PointAnswer { x: rounded(place.x, 2), y: rounded(place.y, 2) }
}

fn named(mesh: &Mesh, count: usize) -> NamedPoints {
    let points = POINTS_201[..count].iter();
    NamedPoints(points.map(|(name, blend)| (*name, point(place(mesh, blend)))).collect())
}

fn gender(male: f32) -> Gender {
    let (kind, probability) = if male >= 0.5 { ("male", male) } else { ("female", 1.0 - male) };
    Gender { kind, probability: rounded(probability, 4) }
}

/// 32 hexadecimal digits that follow from the photo and the place of the face.
fn token(photo: &RgbImage, rect: &Rect, seal: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(seal);
    for number in [photo.width(), photo.height()] {
        hash.update(number.to_le_bytes());
    }
    for side in [rect.x, rect.y, rect.width, rect.height] {
        hash.update(pixels(side).to_le_bytes());
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
