//! Identity cards and passports: the machine-readable zone with its check digits; the portrait and the
//! lines beside it.

use safelight_contract::{Code, Fault};
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Work,
};
use safelight_vision::face::models;
use safelight_vision::text::{self, Page, Quad, Reading};

use super::mrz::{Name, Zone};
use super::{LineAnswer, MEMORY, OneOf, PAGE, Rectangle, scripts, zone};

/// The service.
pub struct IdentityCardRecognition;

/// What is shown of a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Face,
    Back,
}

const SIDES: OneOf<Side> = OneOf(
    &[
        ("face", Side::Face, "the side with the portrait, or a passport's page of data"),
        ("back", Side::Back, "the side with the machine-readable zone of a card"),
    ],
    Code::InvalidSideParameter,
);

/// What reads a page, and what finds the portrait.
const MODELS: &[&str] = &[text::DETECTION, text::RECOGNITION, text::ORIENTATION, models::DETECTION];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The document, filling most of the picture.
    #[picture(PAGE)]
    image: Picture,
    /// Which side of it is shown.
    #[kind(SIDES)]
    #[field(alias = "Side")]
    side: Side,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The machine-readable zone: always of a back, of a face where it has one.
    #[output(path = "data.mrz")]
    mrz: Option<ZoneAnswer>,
    /// Where the portrait is, in pixels of the picture as it was sent; of a face alone.
    #[output(path = "data.portrait")]
    portrait: Option<Rectangle>,
    /// The lines of text in the order of reading, unsorted by meaning; of a face alone.
    #[output(path = "data.lines")]
    lines: Option<Vec<LineAnswer>>,
}

#[derive(Output)]
struct ZoneAnswer {
    /// Its format after ICAO 9303.
    #[output(values("TD1", "TD2", "TD3"))]
    format: &'static str,
    /// Its rows as they were read.
    rows: Vec<String>,
    /// What they say.
    fields: Fields,
    /// Whether the check digits are right.
    checks: Checks,
}

#[derive(Output)]
struct Fields {
    /// Kind of document, such as `P` for a passport.
    document_code: Option<String>,
    /// The issuing state, three letters.
    issuing_state: Option<String>,
    /// Surname, as the zone spells it.
    surname: Option<String>,
    /// Given names.
    given_names: Option<String>,
    /// Number of the document.
    document_number: Option<String>,
    /// Nationality, three letters.
    nationality: Option<String>,
    /// Date of birth: two digits each of year, month and day. The century is not told.
    birth_date: Option<String>,
    /// `M` or `F`; absent where it is not told.
    sex: Option<String>,
    /// Until when the document is valid, written like the date of birth.
    expiry_date: Option<String>,
    /// What the state adds.
    optional_data: Option<String>,
    /// More of it.
    more_optional_data: Option<String>,
}

#[derive(Output)]
struct Checks {
    /// Of the document's number.
    document_number: Option<bool>,
    /// Of the date of birth.
    birth_date: Option<bool>,
    /// Of the date until which it is valid.
    expiry_date: Option<bool>,
    /// Of the optional data of a passport.
    optional_data: Option<bool>,
    /// Over all of them; always true, since a zone in which it is wrong is refused.
    composite: bool,
}

impl CpuOperation for IdentityCardRecognition {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/ocr/identity-card-recognition",
        name: "Identity Card Recognition",
        sign: "image_ocr_identity_card_recognition",
        pool: "image_ocr_identity_card_recognition",
        price: 2,
        summary: "Reads the machine-readable zone of identity cards and passports (ICAO 9303: TD1, TD2, \
                  TD3) and verifies its check digits; finds the portrait and the lines of text beside it.",
        limitations: scripts!(
            "Names, nationality and sex are not covered by check digits. The lines of a card's face are \
             not sorted into fields. Whether a document is genuine is not judged. A zone whose composite \
             check digit is wrong is refused."
        ),
        memory: Memory { base: MEMORY.base + (16 << 20), ..MEMORY },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let how = Reading { any_way_up: true, least_height: 0.0 };
        let page = super::page(&input.image, how, work)?;
        let zone = zone::find(&page.lines);
        if zone.as_ref().is_some_and(|zone| !zone.composite_holds()) {
            let message =
                "the machine-readable zone was not read right: its composite check digit is wrong";
            return Err(Fault::new(Code::ImageRecognitionFailed, message));
        }
        let mrz = zone.as_ref().map(ZoneAnswer::of);
        if input.side == Side::Back {
            let mrz = mrz.ok_or_else(|| nothing("image shows no machine-readable zone"))?;
            return Ok(Answer { mrz: Some(mrz), portrait: None, lines: None });
        }
        let portrait = work.stage("detect", || portrait(&page, work))?;
        let lines = page.lines.iter().map(|line| LineAnswer::of(line, &page, true)).collect();
        Ok(Answer { mrz, portrait: Some(portrait), lines: Some(lines) })
    }
}

fn nothing(message: &str) -> Fault {
    Fault::new(Code::NoRecognitionTargetDetected, message)
}

/// The largest face of the page, in the picture as it was sent.
fn portrait(page: &Page, work: &Work) -> Result<Rectangle> {
    let faces = work.vision.detect_faces(&page.image)?;
    let face = faces.first().ok_or_else(|| nothing("image shows no portrait"))?.rect;
    let place = Quad::level([face.x, face.y, face.x + face.width, face.y + face.height]);
    Ok(Rectangle::around(&page.in_photo(&place)))
}

impl ZoneAnswer {
    fn of(zone: &Zone) -> Self {
        let (surname, given_names) = zone.names();
        let text = |name| zone.text(name);
        let checks = zone.checks();
        let check = |name| checks.iter().find(|check| check.of == name).map(|check| check.holds);
        Self {
            format: zone.format.name,
            rows: zone.rows.clone(),
            fields: Fields {
                document_code: text(Name::DocumentCode),
                issuing_state: text(Name::IssuingState),
                surname,
                given_names,
                document_number: text(Name::DocumentNumber),
                nationality: text(Name::Nationality),
                birth_date: text(Name::BirthDate),
                sex: text(Name::Sex),
                expiry_date: text(Name::ExpiryDate),
                optional_data: text(Name::OptionalData),
                more_optional_data: text(Name::MoreOptionalData),
            },
            checks: Checks {
                document_number: check(Name::DocumentNumber),
                birth_date: check(Name::BirthDate),
                expiry_date: check(Name::ExpiryDate),
                optional_data: check(Name::OptionalData),
                composite: zone.composite_holds(),
            },
        }
    }
}
