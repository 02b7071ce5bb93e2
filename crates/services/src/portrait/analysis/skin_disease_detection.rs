//! Diseases of the skin, by a classifier that the operator attaches.

use safelight_contract::{Code, Fault};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Format, Photo, Rules, blur_effect, encode, exposure, noise_level};
use safelight_operation::{
    Context, Given, Input, Needs, Node, ObjectShape, Operation, Output, Picture, Result, Shape,
    Spec, no_engine, rounded,
};
use safelight_vision::face::models;
use serde_json::json;

/// The service.
pub struct SkinDiseaseDetection;

const PHOTO: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png],
    max_bytes: 20 * Rules::MB,
    min: (1, 1),
    max: (1280, 1280),
    ..Rules::ORDINARY
};

/// The API's keys of diseases, in their order.
const KEYS: [&str; 49] = [
    "acne",
    "actinic_keratosis",
    "alopecia_androgenetica",
    "alopecia_areata",
    "bullous_dermatosis",
    "chloasma",
    "corn",
    "dermatofibroma",
    "eczema_dermatitis",
    "erysipelas",
    "erythema_multiforme",
    "folliculitis",
    "furuncle",
    "haemangioma",
    "herpes",
    "herpes_simplex",
    "iga_vasculitis",
    "keloid",
    "keratosis_follicularism",
    "lichen_planus",
    "lupus_erythematosus",
    "molluscum_contagiosum",
    "nevus",
    "paronychia",
    "pityriasis_alba",
    "pityriasis_rosea",
    "prurigo_nodularis",
    "psoriasis",
    "rosacea",
    "sebaceous_cyst",
    "sebaceousnevus",
    "seborrheic_dermatitis",
    "seborrheic_keratosis",
    "skin_tag",
    "stasis_dermatitis",
    "syringoma",
    "tinea_capitis",
    "tinea_corporis",
    "tinea_cruris",
    "tinea_manuum",
    "tinea_pedis",
    "tinea_unguium",
    "tinea_versicolor",
    "urticaria",
    "urticaria_papular",
    "varicella",
    "verruca_plana",
    "verruca_vulgaris",
    "vitiligo",
];
/// What is less likely is left out.
const LEAST: f32 = 0.01;
/// Grain of this standard deviation, as a share of the range, spoils a photo altogether.
const MOST_NOISE: f32 = 0.1;
/// What every answer says.
const NOTICE: &str = "This is not a diagnosis. The numbers are those of a classifier that the operator of this \
                      server chose; ask a doctor.";

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// A photo of the skin.
    #[picture(PHOTO)]
    image: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The part of the body that is seen.
    #[output(path = "data.body_part", values("face", "unknown"))]
    body_part: &'static str,
    /// How sharp, well lit and free of grain the photo is, 0 to 1: the worst of the three.
    #[output(path = "data.image_quality")]
    image_quality: f64,
    /// What kind of photo it is.
    #[output(path = "data.image_type", values("colour", "gray"))]
    image_type: &'static str,
    /// That it is not a diagnosis; an extension.
    #[output(path = "data.notice")]
    notice: &'static str,
    #[output(path = "data.results_english")]
    results: Likelihoods,
}

/// Probabilities by the API's keys.
struct Likelihoods(Vec<(&'static str, f32)>);

impl Output for Likelihoods {
    fn shape() -> Shape {
        let mut object = ObjectShape::new();
        for key in KEYS {
            object.add::<Option<f64>>(
                &[key],
                "Probability, 0 to 1; absent where hardly any.",
                vec![],
            );
        }
        Shape::Object(object)
    }

    fn into_node(self) -> Option<Node> {
        let values = self.0.into_iter();
        let values = values.map(|(key, value)| (key, Node::Json(json!(rounded(value, 4)))));
        Some(Node::Object(values.collect()))
    }
}

impl Operation for SkinDiseaseDetection {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/analysis/skin-disease-detection",
        name: "Detect Skin Disease",
        sign: "portrait_skin_disease_detection",
        pool: "portrait_skin_disease_detection",
        price: 20,
        summary: "Passes a photo of the skin to a classifier that the operator attaches, and answers its \
                  probabilities under the API's keys. Not a diagnosis.",
        limitations: "No classifier ships: without an engine of the kind `kserve` it answers \
                      `ERROR_AI_NOT_EXISTS`. How right it is, and for which skin, is the classifier's; this \
                      server adds whether a face is seen and how good the photo is.",
        memory: safelight_operation::Memory { base: 64 << 20, per_pixel: 16 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(&[models::DETECTION]).engine(Given::Classes, true);
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let generator = context.generator().ok_or_else(|| no_engine(Self::SPEC.slug()))?;
        let long_side = generator.frame().long_side;
        let (file, mut answer) = context
            .cpu(move |work| {
                let photo = input.image.decode(work)?;
                let faces = work.stage("detect", || work.vision.detect_faces(&photo.rgb))?;
                let answer = Answer {
                    body_part: if faces.is_empty() { "unknown" } else { "face" },
                    image_quality: rounded(quality(&photo), 2),
                    image_type: if is_gray(&photo) { "gray" } else { "colour" },
                    notice: NOTICE,
                    results: Likelihoods(Vec::new()),
                };
                let file = work.stage("encode", || encode::png_rgb(&within(&photo, long_side)))?;
                Ok((file, answer))
            })
            .await?;
        let classes = context.classify(generator, file.into()).await?;
        answer.results = Likelihoods(known(&classes)?);
        Ok(answer)
    }
}

/// The classes that the API has, those that are likely at all: `AI_SERVICE_INTERNAL_ERROR` where none of all
/// is one of them.
fn known(classes: &[(String, f32)]) -> Result<Vec<(&'static str, f32)>> {
    let key = |name: &str| {
        let name = name.trim().to_lowercase().replace([' ', '-'], "_");
        KEYS.into_iter().find(|key| *key == name)
    };
    let mut found: Vec<_> =
        classes.iter().filter_map(|(name, value)| Some((key(name)?, *value))).collect();
    if found.is_empty() {
        let message = "the engine's classes are none of the keys that this service answers";
        return Err(Fault::new(Code::AiServiceInternalError, message));
    }
    found.retain(|(_, value)| (LEAST..=1.0).contains(value));
    found.sort_by_key(|(key, _)| KEYS.iter().position(|other| other == key));
    found.dedup_by_key(|(key, _)| *key);
    Ok(found)
}

fn within(photo: &Photo, long_side: u32) -> image::RgbImage {
    let (width, height) = photo.rgb.dimensions();
    let scale = (long_side as f32 / width.max(height) as f32).min(1.0);
    let side = |side: u32| ((side as f32 * scale).round() as u32).max(1);
    resize::rgb(&photo.rgb, side(width), side(height), Filter::Area)
}

fn quality(photo: &Photo) -> f32 {
    let sharp = 1.0 - blur_effect(&photo.rgb);
    let light = 1.0 - (exposure::score(&photo.rgb, None) - 0.5).abs() * 2.0;
    let clean = 1.0 - noise_level(&photo.rgb) / MOST_NOISE;
    sharp.min(light).min(clean).clamp(0.0, 1.0)
}

fn is_gray(photo: &Photo) -> bool {
    photo.rgb.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_taken_by_their_keys() {
        let classes = [("Nevus", 0.7), ("skin tag", 0.2), ("cat", 0.1), ("acne", 0.001)];
        let classes = classes.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(known(&classes), Ok(vec![("nevus", 0.7), ("skin_tag", 0.2)]));
        let fault = known(&classes[2..3]).expect_err("none is known");
        assert_eq!(fault.code(), Code::AiServiceInternalError);
        assert!(KEYS.is_sorted());
    }
}
