//! Reading text through HTTP.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::multipart::Form;
use safelight_imaging::lettering::{fill, write};

use crate::common::{TestServer, file, form};

const PATH: &str = "/api/image/ocr";
const INK: [u8; 3] = [20; 3];

/// A page with a table of two rows and two columns.
fn page() -> Vec<u8> {
    let mut page = RgbImage::from_pixel(640, 240, Rgb([250; 3]));
    for (row, texts) in (0..).zip([["Apples", "12"], ["Pears", "7.50"]]) {
        for (column, text) in (0..).zip(texts) {
            let (left, top) = (40 + 280 * column, 40 + 80 * row);
            fill(&mut page, [left, top, 280, 2], INK);
            fill(&mut page, [left, top, 2, 80], INK);
            write(&mut page, text, [left as f32 + 20.0, top as f32 + 50.0], 32.0, INK);
        }
    }
    fill(&mut page, [40, 200, 562, 2], INK);
    fill(&mut page, [600, 40, 2, 162], INK);
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(page).write_to(&mut bytes, ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

fn with(fields: &[(&'static str, &'static str)]) -> Form {
    let empty = form::<0>([]).part("image", file(page()));
    fields.iter().fold(empty, |form, (name, value)| form.text(*name, *value))
}

#[tokio::test]
async fn text_and_tables_are_read_and_refusals_are_free() {
    let server = TestServer::shipping().await;
    let (general, table) =
        (format!("{PATH}/general-text-recognition"), format!("{PATH}/table-recognition"));
    let answer = server.post(&general, with(&[("min_height", "8")])).await.success();
    assert_eq!(answer["data"]["text"], "Apples 12\nPears 7.50");

    let sheet = [("assure_direction", "true"), ("output_format", "xlsx")];
    let answer = server.post(&table, with(&sheet)).await.success();
    let url = answer["data"]["file_url"].as_str().expect("a URL");
    let file = server.http.get(url).send().await.expect("an answer");
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(file.headers()["content-type"], kind);
    assert!(file.bytes().await.expect("a file").starts_with(b"PK"));
    assert_eq!(server.credits().await, (1000 - 3, 0));

    let missing = server.post(&general, with(&[])).await;
    missing.failure(400, "ERROR_MISSING_MIN_HEIGHT_PARAMETER");
    let missing = server.post(&table, with(&[("output_format", "html")])).await;
    missing.failure(400, "ERROR_MISSING_ASSURE_DIRECTION_PARAMETER");
    let other =
        server.post(&table, with(&[("assure_direction", "1"), ("output_format", "pdf")])).await;
    other.failure(415, "ERROR_INVALID_OUTPUT_FORMAT");
    let card = format!("{PATH}/identity-card-recognition");
    server
        .post(&card, with(&[("side", "left")]))
        .await
        .failure(400, "ERROR_INVALID_SIDE_PARAMETER");
    let none = server.post(&card, with(&[("side", "back")])).await;
    none.failure(422, "ERROR_NO_RECOGNITION_TARGET_DETECTED");
    assert_eq!(server.credits().await, (1000 - 3, 0), "what is refused costs nothing");
}
