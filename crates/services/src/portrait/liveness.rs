//! Liveness: whether a face is there itself, what a file says of its making, and what is seen of a person
//! who was asked to do something. All of it is a hint, no test after ISO 30107.

pub mod actions;
mod silent_liveness_detection;
mod synthetic_face_detection;
pub mod watching;

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Choice, Defaulted, Kind, Output, Param, Picture};
use safelight_provenance::Declared;
use safelight_vision::face::models;
use serde_json::Value;

pub use silent_liveness_detection::SilentLivenessDetection;
pub use synthetic_face_detection::SyntheticFaceDetection;

/// The model that `liveness_control` needs.
pub const MODEL: &str = models::LIVENESS;

/// What every answer says of itself.
pub const NOTICE: &str =
    "A hint by a model whose making is not documented, no test after ISO 30107.";

/// How live a face must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Nothing is asked.
    None,
    /// A score of 0.1.
    Low,
    /// A score of 0.5.
    Normal,
    /// A score of 0.9.
    High,
}

/// The score that counts as live where nothing is asked.
const USUAL: f32 = 0.5;

impl Control {
    /// The least score, 0..1.
    pub fn least(self) -> Option<f32> {
        match self {
            Self::None => None,
            Self::Low => Some(0.1),
            Self::Normal => Some(USUAL),
            Self::High => Some(0.9),
        }
    }

    /// Passes a score that is high enough.
    ///
    /// # Errors
    /// `ERROR_LIVENESS_DETECTION_FAILED`.
    pub fn check(self, score: f32) -> Result<()> {
        let Some(least) = self.least().filter(|least| score < *least) else { return Ok(()) };
        let message = format!(
            "the face looks live with {score:.2}, liveness_control asks for {least}; this is a hint"
        );
        Err(Fault::new(Code::LivenessDetectionFailed, message))
    }
}

/// The score from which on each level takes a face for live.
#[derive(Output)]
pub struct Thresholds {
    /// Of the level LOW.
    #[output(name = "LOW")]
    low: f64,
    /// Of the level NORMAL.
    #[output(name = "NORMAL")]
    normal: f64,
    /// Of the level HIGH.
    #[output(name = "HIGH")]
    high: f64,
}

/// The scores of the levels, as answers state them.
pub const THRESHOLDS: Thresholds = Thresholds { low: 0.1, normal: 0.5, high: 0.9 };

/// How often a level errs, as shares of pictures.
#[derive(Output)]
pub struct Errors {
    /// Genuine faces that it refuses.
    genuine_refused: f64,
    /// Imitated prints that it takes for live.
    imitated_prints_accepted: f64,
    /// Imitated screens that it takes for live.
    imitated_screens_accepted: f64,
    /// Real attacks that it takes for live.
    #[output(values("not measured"))]
    attacks_accepted: &'static str,
}

/// How often each level errs.
#[derive(Output)]
pub struct Rates {
    /// Of the level LOW.
    #[output(name = "LOW")]
    low: Errors,
    /// Of the level NORMAL.
    #[output(name = "NORMAL")]
    normal: Errors,
    /// Of the level HIGH.
    #[output(name = "HIGH")]
    high: Errors,
}

/// What is known of the levels, as answers state it: shares of pictures, measured by `bench/liveness.py`
/// with 42 pictures of six photos, and with 48 prints and 70 screens that were imitated of them. NORMAL
/// refuses more of other photos: of 162 from the web 10.5 % score below 0.5. Real attacks were not measured.
pub const RATES: Rates = Rates {
    low: errors(0.0, 0.81, 0.74),
    normal: errors(0.0, 0.5, 0.63),
    high: errors(0.095, 0.42, 0.36),
};

const fn errors(refused: f64, prints: f64, screens: f64) -> Errors {
    Errors {
        genuine_refused: refused,
        imitated_prints_accepted: prints,
        imitated_screens_accepted: screens,
        attacks_accepted: "not measured",
    }
}

/// How live faces must look; the same parameter wherever faces are looked at.
pub static LIVENESS_CONTROL: Param<Level, Defaulted<Control>> = control(Control::None);

/// The same where a video is looked at.
pub static VIDEO_LIVENESS_CONTROL: Param<Level, Defaulted<Control>> = control(Control::Normal);

const fn control(default: Control) -> Param<Level, Defaulted<Control>> {
    Param {
        name: "liveness_control",
        aliases: &[],
        doc: "How live the face must look, by a model that tells faces from prints and screens: a hint, \
              no test after ISO 30107.",
        kind: Level,
        presence: Defaulted(default),
    }
}

/// A level; any other word is `ERROR_LIVENESS_CONTROL_ERROR`.
pub struct Level;

const LEVELS: Choice<Control> = Choice(&[
    ("NONE", Control::None, "no check"),
    ("LOW", Control::Low, "a score of 0.1"),
    ("NORMAL", Control::Normal, "a score of 0.5"),
    ("HIGH", Control::High, "a score of 0.9"),
]);

impl Kind for Level {
    type Value = Control;

    fn parse(&self, name: &str, text: &str) -> Result<Control> {
        let read = LEVELS.parse(name, text);
        read.map_err(|fault| Fault::new(Code::LivenessControlError, fault.message()))
    }

    fn schema(&self) -> Value {
        LEVELS.schema()
    }

    fn show(&self, value: &Control) -> Value {
        LEVELS.show(value)
    }
}

/// Whether pictures are refused that say themselves that a model made them; the same parameter wherever
/// faces are added or compared.
pub static SPOOFING_CONTROL: Param<Choice<bool>, Defaulted<bool>> = Param {
    name: "spoofing_control",
    aliases: &[],
    doc: "Whether a picture is refused whose metadata declare that a model made it, or part of it. A \
          picture that declares nothing passes, whatever it is.",
    kind: Choice(&[
        ("NONE", false, "no check"),
        ("NORMAL", true, "declared synthesis is ERROR_SYNTHESIS_DETECTION_FAILED"),
    ]),
    presence: Defaulted(false),
};

/// What the file of a picture declares of its making.
pub fn declared(picture: &Picture) -> Declared {
    safelight_provenance::read(picture.bytes())
}

/// Passes a picture that declares no synthesis.
///
/// # Errors
/// `ERROR_SYNTHESIS_DETECTION_FAILED`.
pub fn check_declared(picture: &Picture) -> Result<()> {
    let declared = declared(picture);
    let Some(evidence) = declared.evidence.first() else { return Ok(()) };
    let (kind, value) = (evidence.kind.name(), &evidence.value);
    let message =
        format!("the picture declares that a model made it or part of it: {kind}, {value}");
    Err(Fault::new(Code::SynthesisDetectionFailed, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_words_with_a_code_of_their_own() {
        assert_eq!(Level.parse("liveness_control", "high"), Ok(Control::High));
        let fault = Level.parse("liveness_control", "BEST").expect_err("refused");
        assert_eq!(fault.code(), Code::LivenessControlError);
        assert_eq!(Control::Normal.check(0.5), Ok(()));
        assert_eq!(Control::None.check(0.0), Ok(()));
        let fault = Control::High.check(0.89).expect_err("refused");
        assert_eq!(fault.code(), Code::LivenessDetectionFailed);
    }

    #[test]
    fn answers_state_the_levels_that_are_checked() {
        let stated = [THRESHOLDS.low, THRESHOLDS.normal, THRESHOLDS.high];
        let checked = [Control::Low, Control::Normal, Control::High].map(Control::least);
        assert_eq!(stated.map(|score| Some(score as f32)), checked);
    }
}
