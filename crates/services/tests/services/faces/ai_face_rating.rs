//! Face rating.

use safelight_contract::Code;
use safelight_operation::Node;
use safelight_testkit as testkit;

use crate::faces::portraits::refusals;
use crate::support::{artifact, call, code, form, with};

const PATH: &str = "/api/portrait/analysis/ai-face-rating";

#[test]
fn cards_have_the_shape_that_was_asked_for_and_show_something() {
    for (shape, size) in [
        ("auto", (1080, 1080)),
        ("1:1", (1080, 1080)),
        ("3:4", (1080, 1440)),
        ("4:3", (1440, 1080)),
        ("9:16", (1080, 1920)),
        ("16:9", (1920, 1080)),
    ] {
        let asked = with(form(testkit::photo("astronaut.png")), "aspect_ratio", shape);
        let node = call(PATH, &asked).unwrap_or_else(|fault| panic!("{fault}"));
        let Node::Object(mut fields) = node else { panic!("an object") };
        let Node::Object(mut data) = fields.remove(0).1 else { panic!("data") };
        let Node::List(mut urls) = data.remove(0).1 else { panic!("a list") };
        let (card, url) = artifact(urls.remove(0));
        assert!(url && urls.is_empty());
        let card = image::load_from_memory(&card.bytes).expect("a picture").into_rgb8();
        assert_eq!(card.dimensions(), size, "{shape}");
        let bars = card.pixels().filter(|p| p.0[0] > 190 && p.0[1] < 120 && p.0[2] < 100).count();
        assert!(bars > 5_000, "{shape}: {bars} pixels of bars");
    }
}

#[test]
fn the_wrong_is_refused() {
    refusals(PATH);
    let asked = with(form(testkit::photo("astronaut.png")), "aspect_ratio", "2:1");
    assert_eq!(code(PATH, &asked), Code::UnsupportedParameterValues);
}
