//! Comparing embeddings, and the calls that take them instead of pictures.

use safelight_contract::{Code, Fault, Result};
use safelight_library::{Embedding, LENGTH};
use safelight_operation::{Context, Endpoint, Input, Needs, Operation, Output, Spec, rounded};
use serde_json::{Value, json};

use super::Offer;
use super::collection::Collection;
use crate::endpoints::recognition::port;
use crate::library::{Port, Search};

/// Each with the status of its success, and the endpoint of the library that does the same.
pub(super) static OFFERS: &[Offer] = &[
    Offer::new(200, "/api/portrait/recognition/face-search", Endpoint::of::<Recognize>()),
    Offer::new(200, "/api/portrait/recognition/face-verify", Endpoint::of::<VerifyFace>()),
    Offer::new(200, "/api/portrait/recognition/face-compare", Endpoint::of::<Verify>()),
];

/// Most subjects that an answer names, of all its faces together.
const MOST_SUBJECTS: usize = 10_000;

/// The cosine of two embeddings of length one.
fn cosine(one: &Embedding, two: &Embedding) -> f32 {
    one.iter().zip(two).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0)
}

/// CompreFace's scale: the distance at which a similarity is one half, and how steep it falls there. A
/// cosine of 0.45 is 0.5, one of 0.555 (one false accept in ten thousand) 0.74.
const HALF: f64 = 1.0488;
const STEEP: f64 = 5.0;

/// The similarity of a cosine, 0..1.
fn of_cosine(cosine: f32) -> f64 {
    let distance = (2.0 - 2.0 * f64::from(cosine)).max(0.0).sqrt();
    rounded((((HALF - distance) * STEEP).tanh() / 2.0 + 0.5) as f32, 5)
}

/// The similarity of two embeddings, 0..1.
pub(super) fn similarity(one: &Embedding, two: &Embedding) -> f64 {
    of_cosine(cosine(one, two))
}

/// A subject that a search found.
pub(super) struct Subject {
    name: String,
    similarity: f64,
}

impl Subject {
    pub fn json(&self) -> Value {
        json!({ "subject": self.name, "similarity": self.similarity })
    }
}

/// The most similar subjects of each embedding, whatever their similarity.
///
/// # Errors
/// `UNSUPPORTED_PARAMETER_VALUES` where an answer would name too many.
pub(super) async fn subjects(
    context: &Context,
    port: &Port,
    embeddings: &[Embedding],
    most: usize,
) -> Result<Vec<Vec<Subject>>> {
    let Some(group) = Collection::of(port).group().await? else {
        return Ok(embeddings.iter().map(|_| Vec::new()).collect());
    };
    check_count(embeddings.len(), most, group.users)?;
    let search = Search { groups: vec![group], only: None, users: most };
    let (mut subjects, mut all) = (Vec::with_capacity(embeddings.len()), Vec::new());
    for embedding in embeddings {
        let found = port.search(context, *embedding, &search).await?;
        let subject = |found: &crate::library::Found| Subject {
            name: match found.user_info.is_empty() {
                true => found.user_id.clone(),
                false => found.user_info.clone(),
            },
            similarity: of_cosine(found.cosine),
        };
        subjects.push(found.iter().map(subject).collect());
        all.extend(found);
    }
    port.note("face-search", &search.groups, &all).await?;
    Ok(subjects)
}

/// Refuses what would name too many subjects, so many of each face, of a group of so many users.
fn check_count(faces: usize, most: usize, users: u64) -> Result<()> {
    let each = most.min(usize::try_from(users).unwrap_or(usize::MAX));
    if faces.saturating_mul(each) <= MOST_SUBJECTS {
        return Ok(());
    }
    let message = format!(
        "prediction_count is {most} for {faces} faces and {users} subjects, an answer names up to \
         {MOST_SUBJECTS}: allowed are up to {} for so many faces",
        MOST_SUBJECTS / faces
    );
    Err(Fault::new(Code::UnsupportedParameterValues, message))
}

/// An embedding that a client sent, of length one.
fn embedding(numbers: &[f32]) -> Result<Embedding> {
    let wrong = |message: String| Fault::new(Code::UnsupportedParameterValues, message);
    let mut embedding: Embedding = numbers.try_into().map_err(|_| {
        wrong(format!("an embedding has {} numbers, this server's have {LENGTH}", numbers.len()))
    })?;
    let length = embedding.iter().map(|number| number * number).sum::<f32>().sqrt();
    if !length.is_finite() || length <= f32::EPSILON {
        return Err(wrong("an embedding has no direction".to_owned()));
    }
    embedding.iter_mut().for_each(|number| *number /= length);
    Ok(embedding)
}

fn embeddings(lists: &[Vec<f32>]) -> Result<Vec<Embedding>> {
    lists.iter().map(|numbers| embedding(numbers)).collect()
}

#[derive(Input)]
pub(super) struct Request {
    /// The embeddings.
    #[json]
    embeddings: Vec<Vec<f32>>,
    /// Most subjects for each.
    #[integer(1..=1000)]
    #[field(default = 1)]
    prediction_count: usize,
    /// The face that they are compared with.
    #[text(64)]
    image_id: Option<String>,
}

#[derive(Input)]
pub(super) struct Pair {
    /// The embedding that others are compared with.
    #[json]
    source: Vec<f32>,
    /// The others.
    #[json]
    targets: Vec<Vec<f32>>,
}

#[derive(Output)]
pub(super) struct Answer {
    /// For each embedding.
    #[output(path = "result")]
    result: Value,
}

/// Each embedding as it was sent, with its similarity to another.
fn compared(lists: &[Vec<f32>], with: &Embedding) -> Result<Answer> {
    let similar = |numbers: &Vec<f32>| {
        let similarity = similarity(&embedding(numbers)?, with);
        Ok(json!({ "embedding": numbers, "similarity": similarity }))
    };
    Ok(Answer { result: lists.iter().map(similar).collect::<Result<Value>>()? })
}

const NEEDS: Needs = Needs::NOTHING.with_rows();

/// Who each embedding is.
struct Recognize;

impl Operation for Recognize {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/recognition/embeddings/recognize",
        name: "CompreFace recognize embeddings",
        sign: "compreface_recognize_embeddings",
        pool: "portrait_recognition_face_search",
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let own = embeddings(&input.embeddings)?;
        let found = subjects(context, &port, &own, input.prediction_count).await?;
        let result = input.embeddings.iter().zip(found).map(|(numbers, subjects)| {
            let subjects: Vec<Value> = subjects.iter().map(Subject::json).collect();
            json!({ "embedding": numbers, "similarities": subjects })
        });
        Ok(Answer { result: result.collect() })
    }
}

/// How similar embeddings are to a face that was added.
struct VerifyFace;

impl Operation for VerifyFace {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/recognition/embeddings/faces/{image_id}/verify",
        name: "CompreFace verify embeddings with a face",
        sign: "compreface_verify_face_embeddings",
        pool: "portrait_recognition_face_verify",
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let unknown = || Fault::new(Code::FaceNotFound, "there is no face of that image_id");
        let id = input.image_id.unwrap_or_default();
        let (face, _) = Collection::of(&port).face(&id).await?.ok_or_else(unknown)?;
        compared(&input.embeddings, &port.known(&face.token).await?.embedding)
    }
}

/// How similar embeddings are to another.
struct Verify;

impl Operation for Verify {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/verification/embeddings/verify",
        name: "CompreFace verify embeddings",
        sign: "compreface_verify_embeddings",
        pool: "portrait_recognition_face_compare",
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Pair;
    type Output = Answer;

    async fn run(input: Pair, _: &Context) -> Result<Answer> {
        compared(&input.targets, &embedding(&input.source)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarities_are_those_of_the_original_scale() {
        for (cosine, similar) in [(0.363, 0.31), (0.45, 0.5), (0.555, 0.74), (0.72, 0.95)] {
            assert!((of_cosine(cosine) - similar).abs() < 0.01, "{cosine}: {}", of_cosine(cosine));
        }
        assert!(of_cosine(1.0) > 0.999 && of_cosine(-1.0) < 0.001);
    }

    #[test]
    fn an_answer_names_so_many_subjects_at_most() {
        for (faces, most, users) in [(0, 1000, 50_000), (10, 1000, 50_000), (1000, 1000, 10)] {
            assert_eq!(check_count(faces, most, users), Ok(()), "{faces} {most} {users}");
        }
        for (faces, most, users) in [(11, 1000, 50_000), (1000, 1000, 11)] {
            let fault = check_count(faces, most, users).expect_err("refused");
            assert_eq!(fault.code(), Code::UnsupportedParameterValues);
            assert!(fault.message().contains("prediction_count is 1000"), "{fault}");
        }
    }

    #[test]
    fn embeddings_are_checked_and_made_of_length_one() {
        let found = embedding(&[2.0; LENGTH]).expect("an embedding");
        assert!((cosine(&found, &found) - 1.0).abs() < 1e-5);
        for wrong in [&[1.0; 3][..], &[0.0; LENGTH], &[f32::INFINITY; LENGTH]] {
            let code = embedding(wrong).expect_err("refused").code();
            assert_eq!(code, Code::UnsupportedParameterValues);
        }
    }
}
