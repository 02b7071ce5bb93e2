//! Text in pictures, read.

mod general_text_recognition;
mod identity_card_recognition;
mod mrz;
mod table_recognition;
mod zone;

pub use general_text_recognition::GeneralTextRecognition;
pub use identity_card_recognition::IdentityCardRecognition;
pub use table_recognition::TableRecognition;

use safelight_contract::{Code, Fault};
use safelight_imaging::{Format, Rules};
use safelight_operation::{Choice, Kind, Memory, Output, Picture, Result, Work, rounded};
use safelight_vision::text::{self, Line, Page, Quad, Reading};
use serde_json::Value;

use super::on_white;

/// Pictures of pages.
const PAGE: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
    max_bytes: 10 * Rules::MB,
    min: (15, 15),
    max: (8192, 8192),
    too_large: Code::HighResolution,
    ..Rules::ORDINARY
};
/// The page on white, and the page turned.
const MEMORY: Memory = Memory { base: text::BASE_BYTES, per_pixel: 6 };
/// Where less than this of the text can be read, the page is refused; lines below it are left out.
const LEAST_CERTAINTY: f32 = 0.5;

/// What every service here says of what it cannot read.
macro_rules! scripts {
    ($more:literal) => {
        concat!(
            "Reads Latin with accents, Chinese and Japanese; of Greek single letters, while words are misread. Cyrillic, Korean, \
             Arabic, Hebrew, Thai and Indian scripts are refused, not guessed. Made for print: handwriting \
             and letters along a curve were not measured. Chinese in upright columns is not read. ",
            $more
        )
    };
}
use scripts;

/// One of a list of words; any other is refused with a code of its own.
struct OneOf<T: 'static>(&'static [(&'static str, T, &'static str)], Code);

impl<T: Clone + PartialEq + Sync> Kind for OneOf<T> {
    type Value = T;

    fn parse(&self, name: &str, text: &str) -> Result<T> {
        Choice(self.0).parse(name, text).map_err(|fault| Fault::new(self.1, fault.message()))
    }

    fn schema(&self) -> Value {
        Choice(self.0).schema()
    }

    fn show(&self, value: &T) -> Value {
        Choice(self.0).show(value)
    }
}

/// The page of a picture with its text, as the stages `decode` and `read`.
///
/// # Errors
/// `ERROR_NO_RECOGNITION_TARGET_DETECTED` without text, `ERROR_IMAGE_RECOGNITION_FAILED` where most of it
/// cannot be read.
fn page(picture: &Picture, how: Reading, work: &Work) -> Result<Page> {
    let photo = on_white(picture.decode(work)?).rgb;
    let mut page = work.stage("read", || work.vision.read(photo, how, &|| work.check()))?;
    let Some(certainty) = page.certainty else {
        let message = match how.least_height > 1.0 {
            true => format!("image shows no text of {} px and more", how.least_height),
            false => "image shows no text".to_owned(),
        };
        return Err(Fault::new(Code::NoRecognitionTargetDetected, message));
    };
    if certainty < LEAST_CERTAINTY {
        return Err(Fault::new(
            Code::ImageRecognitionFailed,
            format!(
                "the text cannot be read: {:.0} % of it is certain, {:.0} % are needed; it may be of \
                 another script, too small or blurred",
                100.0 * certainty,
                100.0 * LEAST_CERTAINTY
            ),
        ));
    }
    page.lines.retain(|line| line.confidence >= LEAST_CERTAINTY);
    Ok(page)
}

/// A level box, in pixels.
#[derive(Output)]
struct Rectangle {
    /// Left edge.
    left: i32,
    /// Upper edge.
    top: i32,
    /// Width.
    width: i32,
    /// Height.
    height: i32,
}

impl Rectangle {
    fn around(place: &Quad) -> Self {
        let [left, top, right, bottom] = place.bounds();
        let [left, top] = [left, top].map(|at| at.floor() as i32);
        let [right, bottom] = [right, bottom].map(|at| at.ceil() as i32);
        Self { left, top, width: right - left, height: bottom - top }
    }
}

/// A line of text of an answer.
#[derive(Output)]
struct LineAnswer {
    /// What it says.
    text: String,
    /// How sure that is, 0 to 1; absent where it was not asked for.
    probability: Option<f64>,
    /// The box of the line before it is turned around its middle.
    text_rectangles: TurnedRectangle,
    /// Its corners in the order of reading, from the top left one: x and y of each, in pixels.
    polygon: Vec<i32>,
}

/// A box and how far it is turned.
#[derive(Output)]
struct TurnedRectangle {
    /// Left edge, in pixels.
    left: i32,
    /// Upper edge.
    top: i32,
    /// Length of the line.
    width: i32,
    /// Height of the line.
    height: i32,
    /// How far it is turned, in degrees clockwise, -180 to 180.
    angle: f64,
}

impl LineAnswer {
    fn of(line: &Line, page: &Page, probability: bool) -> Self {
        let place = page.in_photo(&line.place);
        let (centre, width, height) = (place.centre(), place.width(), place.height());
        Self {
            text: line.text(),
            probability: probability.then(|| rounded(line.confidence, 4)),
            text_rectangles: TurnedRectangle {
                left: (centre[0] - width / 2.0).round() as i32,
                top: (centre[1] - height / 2.0).round() as i32,
                width: width.round() as i32,
                height: height.round() as i32,
                angle: rounded(place.angle().to_degrees(), 1),
            },
            polygon: place.0.as_flattened().iter().map(|at| at.round() as i32).collect(),
        }
    }
}
