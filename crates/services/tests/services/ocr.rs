//! The services that read text, on drawn pages.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::lettering::write;
use safelight_testkit as testkit;
use serde_json::{Value, json};

use crate::documents::{INK, TD1, TD2, TD3, back, paper, passport};
use crate::support::{self, Form, call, code, encoded, with};

const GENERAL: &str = "/api/image/ocr/general-text-recognition";
const TABLE: &str = "/api/image/ocr/table-recognition";
const CARD: &str = "/api/image/ocr/identity-card-recognition";

fn sent(page: RgbImage, fields: &[(&str, &str)]) -> Form {
    let form = support::form(encoded(&DynamicImage::from(page), ImageFormat::Png));
    fields.iter().fold(form, |form, (name, value)| with(form, name, value))
}

fn answer(path: &str, form: &Form) -> Value {
    let node = call(path, form).unwrap_or_else(|fault| panic!("{path}: {fault}"));
    node.into_json(&mut |file| Ok::<_, ()>(format!("{:?}", file.format))).expect("is JSON")
}

fn page() -> RgbImage {
    let mut page = paper(700, 260);
    write(&mut page, "Safelight reads this page.", [40.0, 80.0], 34.0, INK);
    write(&mut page, "Größe 42, schön & gut", [40.0, 160.0], 34.0, INK);
    page
}

#[test]
fn lines_are_answered_with_their_places() {
    let found = answer(GENERAL, &sent(imageops::rotate180(&page()), &[("MinHeight", "10")]));
    assert_eq!(found["data"]["text"], "Safelight reads this page.\nGröße 42, schön & gut");
    let first = &found["data"]["results"][0];
    assert!(first["probability"].as_f64().is_some_and(|sure| sure > 0.9));
    // Upside down: it starts at the lower right.
    let polygon: Vec<i64> =
        first["polygon"].as_array().expect("a list").iter().filter_map(Value::as_i64).collect();
    assert!(polygon.len() == 8 && polygon[0] > 600 && polygon[1] > 170 && polygon[2] < 300);
    let turned = &first["text_rectangles"];
    assert!(turned["angle"].as_f64().is_some_and(|angle| angle.abs() > 178.0));
    assert!(turned["width"].as_i64() > Some(400) && turned["height"].as_i64() < Some(70));

    let plain =
        answer(GENERAL, &sent(page(), &[("min_height", "10"), ("output_probability", "false")]));
    assert_eq!(plain["data"]["results"][0]["probability"], Value::Null);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let least = [("min_height", "10")];
    assert_eq!(code(GENERAL, &sent(page(), &[])), Code::MissingMinHeightParameter);
    assert_eq!(
        code(GENERAL, &sent(page(), &[("min_height", "1001")])),
        Code::UnsupportedParameterValues
    );
    assert_eq!(
        code(GENERAL, &sent(page(), &[("min_height", "200")])),
        Code::NoRecognitionTargetDetected
    );
    assert_eq!(code(GENERAL, &sent(paper(400, 300), &least)), Code::NoRecognitionTargetDetected);
    let cup = with(support::form(testkit::photo("coffee.png")), "min_height", "10");
    assert_eq!(code(GENERAL, &cup), Code::NoRecognitionTargetDetected);
    let mut russian = paper(700, 260);
    write(&mut russian, "Съешь ещё этих мягких булок", [40.0, 80.0], 34.0, INK);
    write(&mut russian, "Договор аренды квартиры", [40.0, 160.0], 34.0, INK);
    assert_eq!(code(GENERAL, &sent(russian, &least)), Code::ImageRecognitionFailed);
    let wide = RgbImage::from_pixel(8193, 20, Rgb([255; 3]));
    assert_eq!(code(GENERAL, &sent(wide, &least)), Code::HighResolution);
}

#[test]
fn tables_are_answered_in_the_form_that_is_asked_for() {
    let fields = |format| [("assure_direction", "false"), ("output_format", format)];
    let turned = imageops::rotate90(&passport(&TD3));
    let found = answer(TABLE, &sent(turned, &fields("json")));
    let table = &found["data"]["tables"][0];
    assert_eq!((&table["rows"], &table["columns"]), (&json!(3), &json!(2)));
    assert_eq!(table["cells"][3]["text"], "ANNA MARIA");
    // A quarter turn to the right: what was in the right half is below.
    assert!(table["cells"][3]["rectangle"]["top"].as_i64() > Some(860), "{table}");
    let found = answer(TABLE, &sent(passport(&TD3), &fields("html")));
    assert!(
        found["data"]["html"].as_str().is_some_and(
            |html| html.starts_with("<table><tr><td>Surname</td><td>ERIKSSON</td></tr>")
        )
    );
    let found = answer(TABLE, &sent(passport(&TD3), &fields("xlsx")));
    assert_eq!(found["data"], json!({ "file_url": "Xlsx" }));

    let only = |name, value| sent(page(), &[(name, value)]);
    assert_eq!(code(TABLE, &only("output_format", "html")), Code::MissingAssureDirectionParameter);
    assert_eq!(code(TABLE, &only("assure_direction", "true")), Code::MissingOutputFormat);
    let pdf = sent(page(), &[("assure_direction", "true"), ("output_format", "pdf")]);
    assert_eq!(code(TABLE, &pdf), Code::InvalidOutputFormat);
    assert_eq!(code(TABLE, &sent(page(), &fields("html"))), Code::ImageRecognitionFailed);
    assert_eq!(
        code(TABLE, &sent(paper(300, 300), &fields("html"))),
        Code::NoRecognitionTargetDetected
    );
}

#[test]
fn zones_are_read_and_their_digits_verified() {
    for (zone, format) in [(&TD1[..], "TD1"), (&TD2[..], "TD2"), (&TD3[..], "TD3")] {
        let found = answer(CARD, &sent(back(zone), &[("side", "back")]));
        let mrz = &found["data"]["mrz"];
        assert_eq!((&mrz["format"], &mrz["rows"]), (&json!(format), &json!(zone)));
        assert_eq!(mrz["fields"]["surname"], "ERIKSSON");
        assert_eq!(mrz["fields"]["given_names"], "ANNA MARIA");
        assert_eq!(mrz["fields"]["birth_date"], "740812");
        assert_eq!(mrz["checks"]["composite"], true);
        assert_eq!(mrz["checks"]["document_number"], true);
    }
    let altered = TD1[1].replace("7408122", "7408172");
    let altered = sent(back(&[TD1[0], &altered, TD1[2]]), &[("side", "back")]);
    assert_eq!(code(CARD, &altered), Code::ImageRecognitionFailed);
    let none = sent(page(), &[("side", "back")]);
    assert_eq!(code(CARD, &none), Code::NoRecognitionTargetDetected);
    assert_eq!(code(CARD, &sent(page(), &[("side", "left")])), Code::InvalidSideParameter);
    assert_eq!(code(CARD, &sent(page(), &[])), Code::MissingParameters);
}

#[test]
fn a_passport_shows_a_portrait_lines_and_its_zone() {
    let found = answer(CARD, &sent(passport(&TD3), &[("Side", "face")]));
    let data = &found["data"];
    assert_eq!(data["mrz"]["fields"]["document_number"], "L898902C3");
    let at = |name: &str| data["portrait"][name].as_i64().expect("a number");
    assert!(at("left") >= 60 && at("left") + at("width") <= 405, "{}", data["portrait"]);
    assert!(at("top") >= 240 && at("top") + at("height") <= 630, "{}", data["portrait"]);
    let lines = data["lines"].as_array().expect("a list");
    assert!(lines.iter().any(|line| line["text"] == "UTOPIA"));
    assert_eq!(
        code(CARD, &sent(back(&TD1), &[("side", "face")])),
        Code::NoRecognitionTargetDetected
    );
}
