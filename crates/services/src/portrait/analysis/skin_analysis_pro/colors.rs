//! The colours that problem areas are drawn in.

use safelight_contract::shortened;
use safelight_imaging::color::from_hex;
use safelight_operation::{Code, Fault, Kind, Result};
use serde_json::{Value, json};

/// One colour for each thing that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colors {
    pub pores: [u8; 3],
    pub blackhead: [u8; 3],
    pub wrinkle: [u8; 3],
    pub fine_line: [u8; 3],
    pub closed_comedones: [u8; 3],
    pub acne_pustule: [u8; 3],
    pub acne_nodule: [u8; 3],
    pub acne: [u8; 3],
    pub brown_spot: [u8; 3],
}

impl Colors {
    /// Those without a wish.
    pub const DEFAULT: Self = Self {
        pores: [0x00, 0x00, 0xFF],
        blackhead: [0xFF, 0x00, 0x00],
        wrinkle: [0x6E, 0x99, 0x00],
        fine_line: [0x8D, 0xFE, 0x2A],
        closed_comedones: [0x00, 0xFF, 0x00],
        acne_pustule: [0x9F, 0x21, 0xF6],
        acne_nodule: [0xFF, 0x00, 0xFD],
        acne: [0xFE, 0x01, 0x00],
        brown_spot: [0x7E, 0x2A, 0x28],
    };

    /// The name of each colour in the request, and where it goes.
    fn slots(&mut self) -> [(&'static str, &mut [u8; 3]); 9] {
        [
            ("pores_color", &mut self.pores),
            ("blackhead_color", &mut self.blackhead),
            ("wrinkle_color", &mut self.wrinkle),
            ("fine_line_color", &mut self.fine_line),
            ("closed_comedones_color", &mut self.closed_comedones),
            ("acne_pustule_color", &mut self.acne_pustule),
            ("acne_nodule_color", &mut self.acne_nodule),
            ("acne_color", &mut self.acne),
            ("brown_spot_color", &mut self.brown_spot),
        ]
    }
}

/// A JSON object of colours as six hexadecimal digits; what is not in it keeps its default, and what is no
/// colour of the table is skipped.
pub(super) struct ColorsKind;

impl Kind for ColorsKind {
    type Value = Colors;

    fn parse(&self, name: &str, text: &str) -> Result<Colors> {
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(text).map_err(|error| {
                let message = format!("{name} is not a JSON object: {error}");
                Fault::new(Code::ParameterConversionFailed, message)
            })?;
        let refuse = |message| Err(Fault::new(Code::UnsupportedParameterValues, message));
        let mut colors = Colors::DEFAULT;
        for (key, value) in &object {
            let mut slots = colors.slots();
            let Some((shown, slot)) = slots.iter_mut().find(|(known, _)| known == key) else {
                continue;
            };
            let Some(color) = value.as_str().and_then(from_hex) else {
                let found = shortened(&value.to_string());
                return refuse(format!(
                    "{name}: {shown} is {found}, allowed are six hexadecimal digits"
                ));
            };
            **slot = color;
        }
        Ok(colors)
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "contentMediaType": "application/json" })
    }

    fn show(&self, value: &Colors) -> Value {
        let mut colors = *value;
        let named = colors
            .slots()
            .map(|(name, [r, g, b])| (name.to_owned(), json!(format!("{r:02X}{g:02X}{b:02X}"))));
        json!(Value::Object(named.into_iter().collect()).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_the_others_stay() {
        let colors = ColorsKind.parse("c", r#"{"acne_color":"0aF1c2"}"#).expect("colours");
        assert_eq!(colors, Colors { acne: [0x0A, 0xF1, 0xC2], ..Colors::DEFAULT });
        let shown = ColorsKind.show(&Colors::DEFAULT);
        let again = ColorsKind.parse("c", shown.as_str().expect("text"));
        assert_eq!(again, Ok(Colors::DEFAULT));
    }

    #[test]
    fn each_way_to_be_wrong_has_its_code() {
        let code = |text: &str| ColorsKind.parse("c", text).expect_err("must be refused").code();
        assert_eq!(code("red"), Code::ParameterConversionFailed);
        assert_eq!(code("[1]"), Code::ParameterConversionFailed);
        assert_eq!(ColorsKind.parse("c", r#"{"mole_color":1}"#), Ok(Colors::DEFAULT));
        for bad in ["\"00000\"", "\"+00000\"", "\"zzzzzz\"", "\"#00000\"", "255"] {
            let text = format!("{{\"acne_color\":{bad}}}");
            assert_eq!(code(&text), Code::UnsupportedParameterValues, "{bad}");
        }
    }
}
