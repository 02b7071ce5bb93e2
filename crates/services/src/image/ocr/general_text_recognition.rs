//! General text: the lines of a page in the order of reading.

use safelight_operation::{
    Code, CpuOperation, Input, Integer, Kind, Needs, Output, Picture, Result, Spec, Work,
};
use safelight_vision::text::{self, Line, Reading, rows};
use serde_json::{Value, json};

use super::{LineAnswer, MEMORY, PAGE, scripts};

/// The service.
pub struct GeneralTextRecognition;

/// The height of a line in pixels.
struct LineHeight;

impl LineHeight {
    const RANGE: Integer<u32> = Integer(1..=1000);
}

impl Kind for LineHeight {
    type Value = u32;

    fn parse(&self, name: &str, text: &str) -> Result<u32> {
        Self::RANGE.parse(name, text)
    }

    fn schema(&self) -> Value {
        let mut schema = Self::RANGE.schema();
        schema["examples"] = json!([12]);
        schema
    }

    fn show(&self, value: &u32) -> Value {
        json!(value)
    }
}

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The page: a scan, a photo, a screen.
    #[picture(PAGE)]
    image: Picture,
    /// Lines that are lower than this are left out, in pixels. The height of a line is that of its box,
    /// about 1.5 times that of its capitals.
    #[kind(LineHeight)]
    #[field(alias = "MinHeight", missing = Code::MissingMinHeightParameter)]
    min_height: u32,
    /// Whether the answer says how sure each line is.
    #[flag]
    #[field(alias = "OutputProbability", default = true)]
    output_probability: bool,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// All of the text: what stands beside each other apart by spaces, rows by line breaks.
    #[output(path = "data.text")]
    text: String,
    /// The lines, in the order of reading: columns of running text one after the other, else row by row.
    #[output(path = "data.results")]
    results: Vec<LineAnswer>,
}

impl CpuOperation for GeneralTextRecognition {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/ocr/general-text-recognition",
        name: "General Text Recognition",
        sign: "image_ocr_general_text_recognition",
        pool: "image_ocr_general_text_recognition",
        price: 1,
        summary: "Reads the text of a page or photo, which may be turned: each line with its place, in \
                  the order of reading.",
        limitations: scripts!(
            "Text that is lower than one hundredth of the picture's longer side is missed."
        ),
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(text::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let how = Reading { any_way_up: true, least_height: input.min_height as f32 };
        let page = super::page(&input.image, how, work)?;
        let answer = |line| LineAnswer::of(line, &page, input.output_probability);
        Ok(Answer { text: joined(&page.lines), results: page.lines.iter().map(answer).collect() })
    }
}

fn joined(lines: &[Line]) -> String {
    let row = |indices: Vec<usize>| {
        let texts: Vec<_> = indices.into_iter().map(|index| lines[index].text()).collect();
        texts.join(" ")
    };
    rows(lines).into_iter().map(row).collect::<Vec<_>>().join("\n")
}
