//! Advanced face analyzer: all faces in parallel lists, with 105 points, attributes and suitability for
//! recognition.

use safelight_imaging::Rules;
use safelight_operation::{
    Code, CpuOperation, Fault, Input, Memory, Needs, Output, Picture, Result, Spec, Work, rounded,
};
use safelight_vision::face::embedding::LENGTH;
use safelight_vision::face::landmarks::{POINTS_105, place};
use safelight_vision::face::quality::Region;
use safelight_vision::face::traits::{Beauty, Eyewear, MaskWear};
use safelight_vision::face::{Face, Mesh, Quality, QualityControl, Traits};

use super::super::faces::{self, PORTRAIT_MODELS, QUALITY_CONTROL, pixels};

/// The service.
pub struct FaceAnalyzerAdvanced;

/// Faces whose box has a shorter longer side do not count.
const LEAST_FACE: f32 = 64.0;
/// More faces than this are not answered: each costs all models.
const MOST_FACES: usize = 20;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Faces of at least 64 pixels count.
    #[picture(Rules {
        max_bytes: 20 * Rules::MB,
        min: (32, 32),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

/// The faces.
#[derive(Output)]
pub struct Answer {
    data: Faces,
    /// Width of the photo as shown, in pixels.
    image_width: u32,
    /// Height of the photo as shown, in pixels.
    image_height: u32,
}

/// What is said of the faces, in parallel lists.
#[derive(Output)]
struct Faces {
    /// How many faces are answered, up to 20.
    face_count: usize,
    /// 4 per face: left, top, width, height.
    face_rectangles: Vec<i64>,
    /// How sure each face is, 0 to 1.
    face_probability_list: Vec<f64>,
    /// Points per face: 105.
    landmark_count: usize,
    /// 210 per face, x and y: brows 24, eyes 32, nose 6, mouth 34, outline 9; drawn in
    /// docs/faces.md.
    landmarks: Vec<f64>,
    /// 6 per face: x, y and radius of the iris on the left of the photo, then on its right.
    pupils: Vec<f64>,
    /// 3 per face, degrees: yaw (positive to the right of the photo), pitch (positive down), roll
    /// (positive clockwise).
    pose_list: Vec<f64>,
    /// Age in years by a model, 0 to 100.
    age_list: Vec<i64>,
    /// 0 female, 1 male, by a model.
    #[output(values(0, 1))]
    gender_list: Vec<u8>,
    /// 0 neutral, 1 smiling, by MediaPipe's blendshapes.
    #[output(values(0, 1))]
    expressions: Vec<u8>,
    /// 0 none, 1 glasses, 2 dark glasses; a heuristic on the parser that misses thin rims.
    #[output(values(0, 1, 2))]
    glasses: Vec<u8>,
    /// 0 no hat, 1 a hat; a heuristic on the parser.
    #[output(values(0, 1))]
    hat_list: Vec<u8>,
    /// 0 none, 1 worn correctly, 2 worn badly.
    #[output(values(0, 1, 2))]
    masks: Vec<u8>,
    /// Attractiveness, 0 to 100: a heuristic, 40 % symmetry, 35 % nearness to five neoclassical
    /// canons, 25 % even skin.
    beauty_list: Vec<f64>,
    /// Length of the recognition vector, which is not answered: 128.
    dense_feature_length: usize,
    qualities: Qualities,
}

/// How fit each face is for recognition.
#[derive(Output)]
struct Qualities {
    /// Fitness for recognition by a model, 0 to 100.
    score_list: Vec<f64>,
    /// Sharpness, 0 to 100.
    blur_list: Vec<f64>,
    /// How sure it is a face, 0 to 100.
    fnf_list: Vec<f64>,
    /// How free the eyes are, 0 to 100.
    glass_list: Vec<f64>,
    /// Light, 0 to 100: full from a mean luma of 100 on the skin, less where the halves of the face
    /// differ.
    illu_list: Vec<f64>,
    /// How free nose, mouth and chin are, 0 to 100.
    mask_list: Vec<f64>,
    /// Freedom from noise, 0 to 100: 0 from a deviation of a tenth of the range.
    noise_list: Vec<f64>,
    /// Frontality, 0 to 100: the product of the cosines of the angles.
    pose_list: Vec<f64>,
}

/// What is said of one face.
struct Described {
    rectangle: [i64; 4],
    probability: f64,
    landmarks: Vec<f64>,
    pupils: [f64; 6],
    pose: [f64; 3],
    age: i64,
    gender: u8,
    expression: u8,
    glasses: u8,
    hat: u8,
    mask: u8,
    beauty: f64,
    /// In the order of [`Qualities`].
    qualities: [f64; 8],
}

impl CpuOperation for FaceAnalyzerAdvanced {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/face-analyzer-advanced",
        name: "Face Analyzer Advanced",
        sign: "portrait_face_analyzer_advanced",
        pool: "portrait_face_analyzer_advanced",
        price: 1,
        summary: "All faces from 64 pixels, up to 20: box, 105 points, irises, pose, age, gender, smile, \
                  glasses, hat, mask, a beauty heuristic and how fit each is for recognition.",
        limitations: "`dense_feature_length` is that of the model here, 128; the vendor's is 1024. The vector \
                      itself is answered by neither.",
        memory: Memory { base: 128 << 20, per_pixel: 4 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(PORTRAIT_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?.rgb;
        let mut found = faces::find_people(work, &photo, false, MOST_FACES)
            .or_else(|fault| faces::named(fault, input.quality_control, work, &photo))?;
        let side = |face: &Face| face.detection.rect.longer_side();
        let largest = found.iter().map(side).fold(0.0, f32::max);
        found.retain(|face| side(face) >= LEAST_FACE);
        if found.is_empty() {
            let message = format!(
                "the largest face in image has {largest:.0} pixels, at least {LEAST_FACE} are needed"
            );
            return Err(Fault::new(Code::SmallFaceSize, message));
        }
        faces::check(work, &found, input.quality_control)?;
        let described = work.stage("attributes", || faces::each(work, &found, describe))?;
        let (image_width, image_height) = photo.dimensions();
        Ok(Answer { data: Faces::of(&described), image_width, image_height })
    }
}

impl Faces {
    fn of(faces: &[Described]) -> Self {
        /// One value of each face.
        fn one<T>(faces: &[Described], value: impl Fn(&Described) -> T) -> Vec<T> {
            faces.iter().map(value).collect()
        }
        /// Several values of each face.
        fn several<T: Copy>(faces: &[Described], values: impl Fn(&Described) -> &[T]) -> Vec<T> {
            faces.iter().flat_map(values).copied().collect()
        }
        let quality = |place: usize| one(faces, |face| face.qualities[place]);
        Self {
            face_count: faces.len(),
            face_rectangles: several(faces, |face| &face.rectangle),
            face_probability_list: one(faces, |face| face.probability),
            landmark_count: POINTS_105.len(),
            landmarks: several(faces, |face| &face.landmarks),
            pupils: several(faces, |face| &face.pupils),
            pose_list: several(faces, |face| &face.pose),
            age_list: one(faces, |face| face.age),
            gender_list: one(faces, |face| face.gender),
            expressions: one(faces, |face| face.expression),
            glasses: one(faces, |face| face.glasses),
            hat_list: one(faces, |face| face.hat),
            masks: one(faces, |face| face.mask),
            beauty_list: one(faces, |face| face.beauty),
            dense_feature_length: LENGTH,
            qualities: Qualities {
                score_list: quality(0),
                blur_list: quality(1),
                fnf_list: quality(2),
                glass_list: quality(3),
                illu_list: quality(4),
                mask_list: quality(5),
                noise_list: quality(6),
                pose_list: quality(7),
            },
        }
    }
}

fn describe(face: &Face) -> Result<Described> {
    let (mesh, pose, quality, traits) =
        (face.mesh()?, face.pose()?, face.quality()?, Traits::of(face)?);
    let (rect, person) = (face.detection.rect, face.age_and_gender()?);
    let glasses = match traits.eyewear().class {
        Eyewear::None => 0,
        Eyewear::Ordinary => 1,
        Eyewear::Sunglasses => 2,
    };
    let mask = match MaskWear::of(face)?.class {
        MaskWear::None => 0,
        MaskWear::Full => 1,
        _ => 2,
    };
    let number = |value: f32| rounded(value, 2);
    let points = POINTS_105.iter().map(|blend| place(mesh, blend));
    let [[x, y, radius], [other_x, other_y, other_radius]] =
        [468, 473].map(|iris| pupil(mesh, iris).map(number));
    Ok(Described {
        rectangle: [rect.x, rect.y, rect.width, rect.height].map(pixels),
        probability: number(face.detection.score),
        landmarks: points.flat_map(|point| [number(point.x), number(point.y)]).collect(),
        pupils: [x, y, radius, other_x, other_y, other_radius],
        pose: [pose.yaw, pose.pitch, pose.roll].map(number),
        age: pixels(person.age.clamp(0.0, 100.0)),
        gender: u8::from(person.male >= 0.5),
        expression: u8::from(face.blendshapes()?.smile() > 0.5),
        glasses,
        hat: u8::from(traits.hat().class),
        mask,
        beauty: number(Beauty::of(&traits).score()),
        qualities: qualities(face, quality).map(number),
    })
}

/// x, y and radius of an iris, whose middle is a point of the mesh and whose ring the next four.
fn pupil(mesh: &Mesh, iris: usize) -> [f32; 3] {
    let middle = mesh.point(iris);
    let radius = (1..=4).map(|i| mesh.point(iris + i).distance(middle)).sum::<f32>() / 4.0;
    [middle.x, middle.y, radius]
}

/// In the order of [`Qualities`], each 0..100.
fn qualities(face: &Face, quality: &Quality) -> [f32; 8] {
    let hidden = |regions: &[Region]| {
        regions.iter().map(|&r| quality.occlusion.of_region(r)).fold(0.0, f32::max)
    };
    let pose = quality.pose;
    let frontal = [pose.yaw, pose.pitch, pose.roll].map(|angle| angle.to_radians().cos().max(0.0));
    let light = (quality.illumination / 100.0).min(1.0) * (1.0 - quality.unevenness / 2.0);
    [
        // Sharp portraits reach 0.9.
        quality.fitness / 0.9,
        1.0 - quality.blur,
        quality.presence.min(face.detection.score / 0.9),
        1.0 - hidden(&[Region::LeftEye, Region::RightEye]),
        light,
        1.0 - hidden(&[Region::Nose, Region::Mouth, Region::Chin]),
        1.0 - quality.noise * 10.0,
        frontal.iter().product(),
    ]
    .map(|share: f32| share.clamp(0.0, 1.0) * 100.0)
}
