//! Face blur: every face in the photo beyond recognition.

use image::RgbImage;
use safelight_imaging::Rules;
use safelight_imaging::anonymise::{Ellipse, blur};
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Url, Work,
};
use safelight_vision::face::detection::MOST_FACES;
use safelight_vision::face::{Detection, Face, QualityControl, models};

use super::super::faces::{self, QUALITY_CONTROL};
use crate::image::encoded;

/// The service.
pub struct BlurredFaces;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. It may lie on a side or stand on its head.
    #[picture(Rules { max_bytes: 3 * Rules::MB, min: (32, 32), max: (5000, 5000), ..Rules::ORDINARY })]
    image: Picture,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
}

/// The blurred photo.
#[derive(Output)]
pub struct Answer {
    /// The photo with its faces blurred, a JPEG; a PNG where the photo has transparency; for 24
    /// hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

/// The half axes of the blurred ellipse by those of the face's box: ears, chin and the hairline are
/// in it.
const REACH: [f32; 2] = [1.3, 1.25];

impl CpuOperation for BlurredFaces {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/blurred-faces",
        name: "Face Blur",
        sign: "portrait_blurred_faces",
        pool: "portrait_facial_blurring",
        price: 1,
        summary: "Blurs every face so far that nobody can tell whose it is.",
        limitations: "Everything that a detector takes for a face and that has the colours of skin is \
                      blurred, in whichever way up it is seen: rather a hand too many than a face too \
                      few. In black and white a second face detector has to confirm the face. Faces smaller than 10 px, and those turned away, may be missed. \
                      `quality_control` asks for those alone that are faces beyond doubt, among the 120 \
                      largest. Of more than 4000 places in one photo the smallest stay.",
        // A turned copy of the photo, or the encoded result.
        memory: Memory { base: 32 << 20, per_pixel: 8 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION, models::MESH, models::SECOND_OPINION])
        .on_request(&[models::PARSING, models::MASK, models::FITNESS]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        let found = faces::find_every(work, &photo.rgb)?;
        check(work, &photo.rgb, &found, input.quality_control)?;
        work.stage("blur", || {
            found.iter().try_for_each(|face| {
                work.check()?;
                blur(&mut photo.rgb, &ellipse(face));
                Ok(())
            })
        })?;
        Ok(Answer { image_url: Url(encoded(&photo, work)?) })
    }
}

/// Passes where those of the largest that are faces beyond doubt are good enough: what only may be a face is
/// blurred, too, and has no quality.
fn check(
    work: &Work,
    photo: &RgbImage,
    found: &[Detection],
    control: QualityControl,
) -> Result<()> {
    if control == QualityControl::None {
        return Ok(());
    }
    let largest = found.iter().take(MOST_FACES);
    let faces: Vec<Face> = largest.map(|&face| Face::new(&work.vision, photo, face)).collect();
    let sure = work.stage("people", || {
        let vision = &work.vision;
        faces::each(work, &faces, |face| vision.is_sure_face(photo, &face.detection))
    })?;
    let sure = faces.into_iter().zip(sure).filter_map(|(face, sure)| sure.then_some(face));
    faces::check(work, &sure.collect::<Vec<_>>(), control)
}

/// The ellipse over a whole head, upright in the face's own frame.
fn ellipse(face: &Detection) -> Ellipse {
    let [left, right, ..] = face.points;
    let angle = (right.y - left.y).atan2(right.x - left.x);
    let centre = face.rect.centre();
    // The box of a face that lies on its side is wider than high.
    let lying = angle.sin().abs() > std::f32::consts::FRAC_1_SQRT_2;
    let (width, height) = match lying {
        true => (face.rect.height, face.rect.width),
        false => (face.rect.width, face.rect.height),
    };
    Ellipse {
        centre: [centre.x, centre.y],
        radii: [width / 2.0 * REACH[0], height / 2.0 * REACH[1]],
        angle,
    }
}
