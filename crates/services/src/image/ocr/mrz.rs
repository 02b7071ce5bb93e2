//! The machine-readable zone of travel documents (ICAO 9303, parts 4 to 6): three formats, their fields and
//! their check digits. Pure: rows of characters in, fields out.

use std::ops::Range;

/// What a field may hold; what was misread for lack of difference is put right by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Capital letters.
    Letters,
    /// Digits.
    Digits,
    /// Both.
    Any,
}

/// A field: where it is, what it may hold, and where its check digit is in the same row.
struct Field {
    name: Name,
    row: usize,
    columns: Range<usize>,
    class: Class,
    check: Option<usize>,
}

/// The fields that the formats have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    DocumentCode,
    IssuingState,
    Names,
    DocumentNumber,
    Nationality,
    BirthDate,
    Sex,
    ExpiryDate,
    OptionalData,
    MoreOptionalData,
}

/// One of the three formats.
pub(super) struct Format {
    /// Its name in the standard.
    pub name: &'static str,
    /// How many rows it has.
    pub rows: usize,
    /// How many characters each row has.
    pub columns: usize,
    fields: &'static [Field],
    /// What the composite check digit is of, and where it is.
    composite: &'static [(usize, Range<usize>)],
    composite_at: (usize, usize),
}

macro_rules! field {
    ($name:ident, $row:literal, $columns:expr, $class:ident) => {
        Field { name: Name::$name, row: $row, columns: $columns, class: Class::$class, check: None }
    };
    ($name:ident, $row:literal, $columns:expr, $class:ident, $check:literal) => {
        Field { check: Some($check), ..field!($name, $row, $columns, $class) }
    };
}

/// Identity cards of the size of a credit card, of the older size, and passports.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "TD1",
        rows: 3,
        columns: 30,
        fields: &[
            field!(DocumentCode, 0, 0..2, Letters),
            field!(IssuingState, 0, 2..5, Letters),
            field!(DocumentNumber, 0, 5..14, Any, 14),
            field!(OptionalData, 0, 15..30, Any),
            field!(BirthDate, 1, 0..6, Digits, 6),
            field!(Sex, 1, 7..8, Letters),
            field!(ExpiryDate, 1, 8..14, Digits, 14),
            field!(Nationality, 1, 15..18, Letters),
            field!(MoreOptionalData, 1, 18..29, Any),
            field!(Names, 2, 0..30, Letters),
        ],
        composite: &[(0, 5..30), (1, 0..7), (1, 8..15), (1, 18..29)],
        composite_at: (1, 29),
    },
    Format {
        name: "TD2",
        rows: 2,
        columns: 36,
        fields: &[
            field!(DocumentCode, 0, 0..2, Letters),
            field!(IssuingState, 0, 2..5, Letters),
            field!(Names, 0, 5..36, Letters),
            field!(DocumentNumber, 1, 0..9, Any, 9),
            field!(Nationality, 1, 10..13, Letters),
            field!(BirthDate, 1, 13..19, Digits, 19),
            field!(Sex, 1, 20..21, Letters),
            field!(ExpiryDate, 1, 21..27, Digits, 27),
            field!(OptionalData, 1, 28..35, Any),
        ],
        composite: &[(1, 0..10), (1, 13..20), (1, 21..35)],
        composite_at: (1, 35),
    },
    Format {
        name: "TD3",
        rows: 2,
        columns: 44,
        fields: &[
            field!(DocumentCode, 0, 0..2, Letters),
            field!(IssuingState, 0, 2..5, Letters),
            field!(Names, 0, 5..44, Letters),
            field!(DocumentNumber, 1, 0..9, Any, 9),
            field!(Nationality, 1, 10..13, Letters),
            field!(BirthDate, 1, 13..19, Digits, 19),
            field!(Sex, 1, 20..21, Letters),
            field!(ExpiryDate, 1, 21..27, Digits, 27),
            field!(OptionalData, 1, 28..42, Any, 42),
        ],
        composite: &[(1, 0..10), (1, 13..20), (1, 21..43)],
        composite_at: (1, 43),
    },
];

/// What fills up fields.
const FILLER: u8 = b'<';

/// A zone whose rows have the length of its format, misreadings put right.
pub(super) struct Zone {
    /// Its format.
    pub format: &'static Format,
    /// Its rows: capitals, digits and fillers.
    pub rows: Vec<String>,
}

/// A field's check digit: what it is of, and whether it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// The field.
    pub of: Name,
    /// Whether the digit is right.
    pub holds: bool,
}

impl Zone {
    /// From rows as they were read; `None` where they are not of the format.
    pub fn new(format: &'static Format, rows: &[String]) -> Option<Self> {
        let fits = rows.len() == format.rows
            && rows.iter().all(|row| row.len() == format.columns && row.is_ascii());
        let mut zone = Self { format, rows: rows.to_vec() };
        fits.then(|| {
            zone.repair();
            zone
        })
    }

    /// Puts letters where letters belong and digits where digits do: only shapes that look the same.
    fn repair(&mut self) {
        let mut bytes: Vec<Vec<u8>> =
            self.rows.iter().map(|row| row.clone().into_bytes()).collect();
        for field in self.format.fields {
            for byte in &mut bytes[field.row][field.columns.clone()] {
                *byte = match field.class {
                    Class::Letters => as_letter(*byte),
                    Class::Digits => as_digit(*byte),
                    Class::Any => *byte,
                };
            }
            if let Some(check) = field.check {
                let byte = &mut bytes[field.row][check];
                *byte = as_digit(*byte);
            }
        }
        let (row, column) = self.format.composite_at;
        bytes[row][column] = as_digit(bytes[row][column]);
        self.rows =
            bytes.into_iter().map(|row| String::from_utf8_lossy(&row).into_owned()).collect();
    }

    fn field(&self, name: Name) -> Option<&Field> {
        self.format.fields.iter().find(|field| field.name == name)
    }

    /// What a field holds, without fillers at its end; those inside are spaces. `None` where it is empty or
    /// the format has no such field.
    pub fn text(&self, name: Name) -> Option<String> {
        let (number, rest) = self.long_number();
        let text = match name {
            Name::DocumentNumber => number,
            Name::OptionalData => rest,
            _ => self.raw(name)?,
        };
        let text = text.trim_matches('<').replace('<', " ");
        (!text.is_empty()).then_some(text)
    }

    fn raw(&self, name: Name) -> Option<String> {
        self.field(name).map(|field| self.rows[field.row][field.columns.clone()].to_owned())
    }

    /// Surname, and given names apart by spaces.
    pub fn names(&self) -> (Option<String>, Option<String>) {
        let all = self.raw(Name::Names).unwrap_or_default();
        let (surname, given) = all.split_once("<<").unwrap_or((&all, ""));
        let text = |part: &str| {
            let part = part.trim_matches('<').replace('<', " ");
            (!part.is_empty()).then_some(part)
        };
        (text(surname), text(given))
    }

    /// The document's number with what of a long one is continued in the optional data, and what remains
    /// of these. A filler stands then in place of the check digit, which ends the continuation.
    fn long_number(&self) -> (String, String) {
        let number = self.raw(Name::DocumentNumber).unwrap_or_default();
        let optional = self.raw(Name::OptionalData).unwrap_or_default();
        match self.continuation(&optional) {
            Some((digits, _, rest)) => (number + digits, rest.to_owned()),
            None => (number, optional),
        }
    }

    /// The rest of a long number, its check digit, and what follows it.
    fn continuation<'a>(&self, optional: &'a str) -> Option<(&'a str, char, &'a str)> {
        let field = self.field(Name::DocumentNumber)?;
        let check = self.rows[field.row].as_bytes()[field.check?];
        let (continued, rest) = optional.split_once('<').unwrap_or((optional, ""));
        let digit = continued.chars().last().filter(|_| check == FILLER)?;
        Some((&continued[..continued.len() - 1], digit, rest))
    }

    /// Every check digit of single fields.
    pub fn checks(&self) -> Vec<Check> {
        let fields = self.format.fields.iter();
        let checks = fields.filter_map(|field| {
            let given = char::from(self.rows[field.row].as_bytes()[field.check?]);
            let own = &self.rows[field.row][field.columns.clone()];
            let optional = self.raw(Name::OptionalData).unwrap_or_default();
            let holds = match (field.name, self.continuation(&optional)) {
                (Name::DocumentNumber, Some((digits, digit, _))) => {
                    // The filler in the digit's place counts nothing, but takes a weight.
                    digit_of(format!("{own}<{digits}").bytes()) == Some(digit)
                }
                // An empty optional field may have a filler for its digit.
                (Name::OptionalData, _) if given == '<' => own.bytes().all(|byte| byte == FILLER),
                _ => digit_of(own.bytes()) == Some(given),
            };
            Some(Check { of: field.name, holds })
        });
        checks.collect()
    }

    /// Whether the digit over all checked fields is right.
    pub fn composite_holds(&self) -> bool {
        let parts = self.format.composite.iter();
        let bytes = parts.flat_map(|(row, columns)| self.rows[*row][columns.clone()].bytes());
        let (row, column) = self.format.composite_at;
        digit_of(bytes) == Some(char::from(self.rows[row].as_bytes()[column]))
    }
}

/// The check digit of characters: their values times 7, 3, 1 in turns, modulo 10. `None` where one is no
/// character of the zone.
fn digit_of(characters: impl Iterator<Item = u8>) -> Option<char> {
    let weighted = characters.zip([7_u32, 3, 1].into_iter().cycle()).map(|(byte, weight)| {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            FILLER => 0,
            _ => return None,
        };
        Some(u32::from(value) * weight)
    });
    let sum: Option<u32> = weighted.sum();
    char::from_digit(sum? % 10, 10)
}

/// Letters and digits that are drawn alike.
const ALIKE: [(u8, u8); 7] = [
    (b'O', b'0'),
    (b'Q', b'0'),
    (b'I', b'1'),
    (b'Z', b'2'),
    (b'S', b'5'),
    (b'G', b'6'),
    (b'B', b'8'),
];

fn as_digit(byte: u8) -> u8 {
    ALIKE.iter().find(|(letter, _)| *letter == byte).map_or(byte, |(_, digit)| *digit)
}

fn as_letter(byte: u8) -> u8 {
    ALIKE.iter().find(|(_, digit)| *digit == byte).map_or(byte, |(letter, _)| *letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(rows: &[&str]) -> Zone {
        let format =
            FORMATS.iter().find(|format| format.columns == rows[0].len()).expect("a format");
        let rows: Vec<_> = rows.iter().map(|row| (*row).to_owned()).collect();
        Zone::new(format, &rows).expect("it fits")
    }

    /// The specimens of ICAO 9303, parts 4, 5 and 6.
    const TD3: [&str; 2] = [
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ];
    const TD2: [&str; 2] =
        ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
    const TD1: [&str; 3] = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];

    #[test]
    fn the_specimens_of_the_standard_are_read() {
        for rows in [&TD1[..], &TD2, &TD3] {
            let zone = zone(rows);
            assert!(zone.composite_holds() && zone.checks().iter().all(|check| check.holds));
            let text = |name| zone.text(name).unwrap_or_default();
            assert_eq!(zone.names(), (Some("ERIKSSON".into()), Some("ANNA MARIA".into())));
            assert_eq!(
                (text(Name::Nationality), text(Name::IssuingState)),
                ("UTO".into(), "UTO".into())
            );
            assert_eq!(
                (text(Name::BirthDate), text(Name::ExpiryDate)),
                ("740812".into(), "120415".into())
            );
            assert_eq!(text(Name::Sex), "F");
        }
        let passport = zone(&TD3);
        assert_eq!(passport.text(Name::DocumentCode).as_deref(), Some("P"));
        assert_eq!(passport.text(Name::DocumentNumber).as_deref(), Some("L898902C3"));
        assert_eq!(passport.text(Name::OptionalData).as_deref(), Some("ZE184226B"));
        assert_eq!(zone(&TD1).text(Name::DocumentNumber).as_deref(), Some("D23145890"));
        assert_eq!(zone(&TD1).text(Name::OptionalData), None);
    }

    /// Every digit of the checked fields, altered to every other.
    #[test]
    fn an_altered_digit_is_noticed() {
        for rows in [&TD1[..], &TD2, &TD3] {
            let whole = zone(rows);
            let parts = whole.format.composite.iter().cloned().chain([{
                let (row, column) = whole.format.composite_at;
                (row, column..column + 1)
            }]);
            for (row, column) in parts.flat_map(|(row, columns)| columns.map(move |c| (row, c))) {
                let was = whole.rows[row].as_bytes()[column];
                for digit in (b'0'..=b'9').filter(|digit| was.is_ascii_digit() && *digit != was) {
                    let mut altered = whole.rows.clone();
                    altered[row].replace_range(column..=column, &char::from(digit).to_string());
                    let zone = Zone::new(whole.format, &altered).expect("it fits");
                    assert!(!zone.composite_holds(), "{altered:?}");
                }
            }
        }
    }

    #[test]
    fn shapes_that_look_alike_are_put_right_where_their_class_is_known() {
        let mut rows = TD3.map(str::to_owned);
        rows[0] = rows[0].replace("ERIKSSON", "ER1K5S0N");
        rows[1] = rows[1].replace("7408122F1204159", "74O8I22F12O4IS9");
        let zone = Zone::new(&FORMATS[2], &rows).expect("it fits");
        assert_eq!(zone.rows, TD3);
        // Where both may stand, nothing is changed.
        rows[1] = TD3[1].replace("L898902C3", "L8989O2C3");
        let zone = Zone::new(&FORMATS[2], &rows).expect("it fits");
        assert!(!zone.composite_holds());
        assert!(!zone.checks()[0].holds && zone.checks()[0].of == Name::DocumentNumber);
    }

    #[test]
    fn long_numbers_go_on_in_the_optional_data() {
        // As on Belgian cards: 9 characters, a filler, the rest and the digit over all.
        let number = "590334217";
        let digit = digit_of(format!("{number}<123").bytes()).expect("digits");
        let mut rows =
            [format!("IDBEL{number}<123{digit}<<<<<<<<<<<"), String::new(), TD1[2].to_owned()];
        let second = "8502039F1208173BEL<<<<<<<<<<<";
        let checked =
            format!("{}{}{}{}", &rows[0][5..30], &second[..7], &second[8..15], &second[18..29]);
        rows[1] = format!("{second}{}", digit_of(checked.bytes()).expect("digits"));
        let zone = Zone::new(&FORMATS[0], &rows).expect("it fits");
        assert_eq!(zone.text(Name::DocumentNumber).as_deref(), Some("590334217123"));
        assert_eq!(zone.text(Name::OptionalData), None);
        assert!(zone.composite_holds() && zone.checks()[0].holds);
    }

    #[test]
    fn other_rows_are_no_zone() {
        assert!(Zone::new(&FORMATS[2], &[TD3[0].to_owned()]).is_none());
        assert!(Zone::new(&FORMATS[2], &TD2.map(str::to_owned)).is_none());
        assert_eq!(digit_of("AB2134<<<".bytes()), Some('5'));
        assert_eq!(digit_of("ä".bytes()), None);
    }
}
