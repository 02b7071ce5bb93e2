use super::*;
use crate::Form;
use crate::param::{Defaulted, Optional, Param, Required, RequiredOr};

static COUNT: Param<Integer, Required> = Param {
    name: "count",
    aliases: &["number"],
    doc: "",
    kind: Integer(1..=4),
    presence: Required,
};
static LEVEL: Param<Number, Defaulted<f64>> = Param {
    name: "level",
    aliases: &[],
    doc: "",
    kind: Number(0.0..=1.0),
    presence: Defaulted(0.5),
};
static FORM: Param<Choice<u8>> = Param {
    name: "form",
    aliases: &[],
    doc: "",
    kind: Choice(&[("mask", 1, "a mask"), ("whiteBK", 2, "on white")]),
    presence: Optional,
};
static FORMAT: Param<Flag, RequiredOr> = Param {
    name: "format",
    aliases: &[],
    doc: "",
    kind: Flag,
    presence: RequiredOr(Code::MissingOutputFormat),
};
static HINT: Param<Cut> =
    Param { name: "hint", aliases: &[], doc: "", kind: Cut(3), presence: Optional };
static FLAG: Param<Flag> =
    Param { name: "flag", aliases: &[], doc: "", kind: Flag, presence: Optional };
static NOTE: Param<Text> =
    Param { name: "note", aliases: &[], doc: "", kind: Text(3), presence: Optional };

fn form(name: &str, value: &str) -> Form {
    let mut form = Form::new();
    form.add_text(name, value);
    form
}

fn code<T: std::fmt::Debug>(result: Result<T>, field: &str) -> Code {
    let fault = result.expect_err("must be refused");
    assert!(fault.message().starts_with(field), "{fault}");
    fault.code()
}

#[test]
fn each_way_to_be_wrong_has_its_code() {
    assert_eq!(code(COUNT.read(&Form::new()), "count"), Code::MissingParameters);
    assert_eq!(code(COUNT.read(&form("count", " ")), "count"), Code::ParametersCannotEmpty);
    assert_eq!(code(FORMAT.read(&Form::new()), "format"), Code::MissingOutputFormat);
    assert_eq!(code(FORMAT.read(&form("format", "")), "format"), Code::ParametersCannotEmpty);
    assert_eq!(code(COUNT.read(&form("count", "many")), "count"), Code::ParameterConversionFailed);
    assert_eq!(code(COUNT.read(&form("count", "5")), "count"), Code::UnsupportedParameterValues);
    assert_eq!(code(LEVEL.read(&form("level", "NaN")), "level"), Code::ParameterConversionFailed);
    assert_eq!(code(FORM.read(&form("form", "gif")), "form"), Code::UnsupportedParameterValues);
    assert_eq!(code(FLAG.read(&form("flag", "maybe")), "flag"), Code::ParameterConversionFailed);
    assert_eq!(code(NOTE.read(&form("note", "long")), "note"), Code::ContentTooLong);
}

#[test]
fn values_are_read_leniently() {
    assert_eq!(COUNT.read(&form("count", "3.0")), Ok(3));
    assert_eq!(LEVEL.read(&Form::new()), Ok(0.5));
    assert_eq!(LEVEL.read(&form("level", "")), Ok(0.5));
    assert_eq!(FORM.read(&form("form", "WhiteBk")), Ok(Some(2)));
    assert_eq!(FORM.read(&Form::new()), Ok(None));
    assert_eq!(HINT.read(&form("hint", "längst")), Ok(Some("län".to_owned())));
    assert_eq!(FLAG.read(&form("flag", "True")), Ok(Some(true)));
    assert_eq!(FLAG.read(&form("flag", "0")), Ok(Some(false)));
}

#[test]
fn what_is_0_or_1_is_read_as_a_switch() {
    static CHOICE: Param<Choice<char>> = Param {
        name: "choice",
        aliases: &[],
        doc: "",
        kind: Choice(&[("0", 'n', "no"), ("1", 'y', "yes")]),
        presence: Optional,
    };
    static LEVELS: Param<Choice<u8>> = Param {
        name: "levels",
        aliases: &[],
        doc: "",
        kind: Choice(&[("0", 0, "none"), ("1", 1, "some"), ("2", 2, "all")]),
        presence: Optional,
    };
    static BIT: Param<Integer, Required> =
        Param { name: "bit", aliases: &[], doc: "", kind: Integer(0..=1), presence: Required };
    for text in ["1", "true", "True", "YES", "on", "1.0"] {
        assert_eq!(CHOICE.read(&form("choice", text)), Ok(Some('y')), "{text}");
        assert_eq!(BIT.read(&form("bit", text)), Ok(1), "{text}");
    }
    for text in ["0", "false", "False", "no", "Off", "0.0"] {
        assert_eq!(CHOICE.read(&form("choice", text)), Ok(Some('n')), "{text}");
        assert_eq!(BIT.read(&form("bit", text)), Ok(0), "{text}");
    }
    assert!(CHOICE.read(&form("choice", "2")).is_err());
    // A third value, or a longer range, is not read as a boolean.
    assert!(LEVELS.read(&form("levels", "true")).is_err());
    assert!(COUNT.read(&form("count", "true")).is_err());
}

#[test]
fn lists_are_of_their_words() {
    static LIST: Param<Words<u8>> = Param {
        name: "list",
        aliases: &[],
        doc: "",
        kind: Words(&[("one", 1, "the first"), ("two", 2, "the second")]),
        presence: Optional,
    };
    assert_eq!(LIST.read(&form("list", "two, ONE,two,")), Ok(Some(vec![1, 2])));
    assert_eq!(LIST.read(&form("list", ",")), Ok(Some(vec![])));
    assert_eq!(
        code(LIST.read(&form("list", "one,three")), "list"),
        Code::UnsupportedParameterValues
    );
}

#[test]
fn body_counts_before_query() {
    let mut both = form("count", "2");
    both.add_query("count", "4");
    assert_eq!(COUNT.read(&both), Ok(2));
    let mut query = Form::new();
    query.add_query("count", "4");
    assert_eq!(COUNT.read(&query), Ok(4));
}
