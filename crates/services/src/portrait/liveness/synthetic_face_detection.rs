//! Declared synthesis: whether a picture's file says that a model made it.

use safelight_operation::{CpuOperation, Input, Needs, Output, Picture, Result, Spec, Work};

use super::declared;
use crate::portrait::recognition::RULES;

/// The service.
pub struct SyntheticFaceDetection;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The picture, as it came: editors and messengers take such declarations out.
    #[picture(RULES)]
    image: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// Whether the file declares that a model made the picture, or part of it. `false` says nothing about
    /// the picture.
    #[output(path = "data.synthetic")]
    synthetic: bool,
    /// What it declares.
    #[output(path = "data.evidence")]
    evidence: Vec<Found>,
    /// Whether it has a C2PA manifest, whatever that says. The signature is not verified.
    #[output(path = "data.c2pa_manifest")]
    c2pa_manifest: bool,
    /// What this is not.
    #[output(path = "data.notice")]
    notice: &'static str,
}

#[derive(Output)]
struct Found {
    /// Where it was found.
    #[output(values("iptc_digital_source_type", "aigc_label", "generator", "c2pa"))]
    kind: &'static str,
    /// What was found.
    value: String,
}

const NOTICE: &str =
    "What the file declares of itself; the absence of a declaration proves nothing.";

impl CpuOperation for SyntheticFaceDetection {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/liveness/synthetic-face-detection",
        name: "Synthetic Face Detection",
        sign: "portrait_liveness_synthetic_face_detection",
        pool: "portrait_liveness_synthetic_face_detection",
        price: 1,
        summary: "Whether the file of a picture declares that a model made it, or part of it: the digital \
                  source type of the IPTC in XMP, the label AIGC of GB 45438-2025, what generators write \
                  into PNG and Exif, a C2PA manifest. This server's own composites declare themselves.",
        limitations: "Reads declarations alone: no model here tells pictures that were made by models, or \
                      swapped faces, from photos. Whoever takes the metadata out of a file takes the \
                      declaration out. Signatures of C2PA are not verified, so anybody can put a \
                      declaration in.",
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let declared = work.stage("read", || Ok(declared(&input.image)))?;
        let synthetic = declared.is_synthetic();
        let found = |found: safelight_provenance::Evidence| Found {
            kind: found.kind.name(),
            value: found.value,
        };
        let evidence = declared.evidence.into_iter().map(found).collect();
        let c2pa_manifest = declared.has_c2pa_manifest;
        Ok(Answer { synthetic, evidence, c2pa_manifest, notice: NOTICE })
    }
}
