//! Colour enhancement: white balance, levels, tone and saturation, for photos and for flat footage.

use image::RgbImage;
use safelight_imaging::balance::Skin;
use safelight_imaging::grading::{self, Look};
use safelight_imaging::{Format, encode};
use safelight_operation::{
    Artifact, Code, CpuOperation, Input, Memory, Needs, Output, Picture, Result, Rules, Spec, Url,
    Work,
};
use safelight_vision::face::{Detection, Point, models};

/// The service.
pub struct ImageColorEnhancement;

/// The words of `output_format`.
const FORMATS: &[(&str, Format, &str)] = &[
    ("png", Format::Png, "PNG, with the photo's transparency"),
    ("jpg", Format::Jpeg, "JPEG, transparent parts on white"),
];

/// The words of `mode`.
const LOOKS: &[(&str, Look, &str)] = &[
    ("LogC", Look::LogC, "flat footage in a logarithmic curve, developed to ordinary contrast"),
    ("Rec709", Look::Rec709, "an ordinary photo: white balance and levels are corrected"),
    (
        "ln17_256",
        Look::Strong,
        "an ordinary photo: tone, contrast and saturation are corrected too",
    ),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        max_bytes: 3 * Rules::MB,
        min: (64, 64),
        max: (3840, 2160),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// Format of the result.
    #[choice(FORMATS)]
    #[field(missing = Code::MissingOutputFormat)]
    output_format: Format,
    /// What the photo is, and how far to go.
    #[choice(LOOKS)]
    mode: Look,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The result picture in the asked format, for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for ImageColorEnhancement {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/enhance/image-color-enhancement",
        name: "Image Color Enhancement",
        sign: "image_image_color_enhancement",
        pool: "image_color_enhancement",
        price: 5,
        summary: "Corrects white balance, levels, tone and saturation as far as a photo needs it, \
                  and develops flat logarithmic footage.",
        limitations: "The light of a sunset and the ground of a painting can be taken for a colour cast; \
                      of a strong cast a part stays. A night photo of which less than three fifths is \
                      dark is brightened like a dim one. Faces are found only where they stand upright.",
        // The copies that the detector looks at; the encoded result, and for JPEG the photo on white.
        memory: Memory { base: grading::BASE_BYTES + (48 << 20), per_pixel: 9 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        let faces = work.stage("detect", || work.vision.detect_large_faces(&photo.rgb))?;
        work.stage("grading", || {
            let skins: Vec<Skin> = faces.iter().map(|face| skin(&photo.rgb, face)).collect();
            grading::enhance(&mut photo.rgb, photo.alpha.as_ref(), input.mode, &skins);
            Ok(())
        })?;
        let format = input.output_format;
        let bytes = work.stage("encode", || encode::photo_as(photo, format))?;
        Ok(Answer { image_url: Url(Artifact::picture(bytes, format)) })
    }
}

/// The skin of a face: the median colour of discs between each eye and its corner of the mouth.
fn skin(photo: &RgbImage, face: &Detection) -> Skin {
    let [left_eye, right_eye, _, left_mouth, right_mouth] = face.points;
    let centres = [left_eye.middle(left_mouth), right_eye.middle(right_mouth)];
    let radius = 0.07 * face.rect.width;
    let pixels: Vec<[u8; 3]> =
        centres.into_iter().flat_map(|centre| disc(photo, centre, radius)).collect();
    let rect = &face.rect;
    Skin { face: [rect.x, rect.y, rect.width, rect.height], cheek: median(&pixels) }
}

/// The pixels of a disc, as far as they lie in the photo.
fn disc(photo: &RgbImage, centre: Point, radius: f32) -> impl Iterator<Item = [u8; 3]> + '_ {
    let span = |at: f32, length: u32| {
        let from = (at - radius).floor().max(0.0) as u32;
        from..((at + radius).ceil().max(0.0) as u32 + 1).min(length)
    };
    let columns = span(centre.x, photo.width());
    let places =
        span(centre.y, photo.height()).flat_map(move |y| columns.clone().map(move |x| (x, y)));
    places
        .filter(move |&(x, y)| Point { x: x as f32, y: y as f32 }.distance(centre) <= radius)
        .map(|(x, y)| photo.get_pixel(x, y).0)
}

/// The median of each channel; black for none.
fn median(pixels: &[[u8; 3]]) -> [u8; 3] {
    std::array::from_fn(|c| {
        let mut values: Vec<u8> = pixels.iter().map(|pixel| pixel[c]).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    })
}
