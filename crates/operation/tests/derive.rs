//! Derived inputs and outputs: every kind of field, its schema, and the code of each mistake.

use std::sync::Arc;
use std::time::Duration;

use safelight_imaging::Format;
use safelight_inference::Registry;
use safelight_operation::{
    Artifact, Cancel, Code, Context, CpuOperation, Endpoint, Fault, Form, Given, Inline, Input,
    InputField, LeafKind, Mask, Named, Needs, Node, Operation, Output, Picture, Reference, Result,
    Rules, Source, Spec, Url, ValueEnum, Work, no_engine_for,
};
use safelight_vision::Vision;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// Like a lemon.
    Yellow,
    /// Like the sky.
    #[value("skyBlue")]
    Blue,
}

#[derive(Input)]
#[input(check = Everything::check)]
struct Everything {
    /// The photo.
    #[picture(RULES)]
    #[field(alias = "photo")]
    image: Picture,
    /// What to change.
    #[mask(RULES, of = image)]
    mask: Option<Mask>,
    /// Further photos.
    #[pictures(RULES, 0..=2)]
    references: Vec<Picture>,
    /// How many.
    #[integer(1..=4)]
    #[field(default = 2, alias = "number")]
    count: u32,
    /// How much.
    #[number(0.0..=1.0)]
    amount: Option<f64>,
    /// How smooth.
    #[scale(0..=100, Code::InvalidSmoothingParameter)]
    #[field(default = 0)]
    smooth: u8,
    /// Whether to.
    #[flag]
    #[field(default = false)]
    turn: bool,
    /// Which colour.
    #[choice]
    #[field(default = Colour::Yellow)]
    colour: Colour,
    /// Which colours.
    #[words]
    #[field(default = Vec::new())]
    colours: Vec<Colour>,
    /// Whose.
    #[identifier(8)]
    #[field(name = "group_id", missing = Code::MissingOutputFormat)]
    group: String,
    /// Where.
    #[json]
    places: Option<Vec<[i32; 2]>>,
}

const RULES: Rules = Rules { min: (1, 1), ..Rules::ORDINARY };

impl Everything {
    fn check(&self) -> Result<()> {
        match (self.turn, self.count) {
            (true, 1) => Err(Fault::new(Code::ErrorParameters, "turn needs a count of 2 or more")),
            _ => Ok(()),
        }
    }
}

#[derive(Output)]
struct Found {
    /// The picture.
    #[output(path = "data.image_url")]
    picture: Url,
    /// How it is turned.
    #[output(path = "data.turn", values(0, 90))]
    turn: i64,
    /// Each place.
    places: Vec<Place>,
    /// What was asked for.
    note: Option<String>,
    #[output(flatten)]
    size: Size,
}

#[derive(Output)]
struct Place {
    /// From the left.
    #[output(name = "X")]
    x: f64,
}

#[derive(Output)]
struct Size {
    /// In pixels.
    width: u32,
}

/// Uses a model although it declares none.
struct Try;

impl CpuOperation for Try {
    const SPEC: &'static Spec = &Spec { path: "/api/test/try", ..Spec::DEFAULT };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Everything;
    type Output = Found;

    fn further_bytes(input: &Everything) -> u64 {
        1000 * u64::from(input.count)
    }

    fn run(input: Everything, work: &Work) -> Result<Found> {
        let photo = input.image.decode(work)?;
        if let Some(mask) = &input.mask {
            let here = mask.decode(work)?.iter().filter(|value| **value == 255).count();
            return Err(Fault::new(Code::NoFaceInFile, format!("{here} here")));
        }
        if input.colour == Colour::Blue {
            work.vision.salient(&photo.rgb)?;
        }
        Ok(Found {
            picture: Url(Artifact::picture(vec![1], Format::Png)),
            turn: 90,
            places: vec![Place { x: 0.5 }],
            note: None,
            size: Size { width: photo.rgb.width() },
        })
    }
}

/// Needs an engine for what is drawn.
struct Drawn;

#[derive(Input)]
struct Drawing {
    /// Whether to.
    #[flag]
    drawn: bool,
}

impl CpuOperation for Drawn {
    const SPEC: &'static Spec = &Spec { path: "/api/test/drawn", ..Spec::DEFAULT };
    const NEEDS: Needs = Needs::NOTHING.engine(Given::Picture, false);
    type Input = Drawing;
    type Output = Size;

    fn native(input: &Drawing) -> Result<()> {
        if input.drawn { Err(no_engine_for("drawn", "drawn is true")) } else { Ok(()) }
    }

    fn run(_: Drawing, _: &Work) -> Result<Size> {
        Ok(Size { width: 1 })
    }
}

/// Two pieces of blocking work with something between them.
struct Twice;

impl Operation for Twice {
    const SPEC: &'static Spec = &Spec { path: "/api/test/twice", ..Spec::DEFAULT };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = ();
    type Output = Size;

    async fn run((): (), context: &Context) -> Result<Size> {
        let first = context.cpu(|work| work.stage("first", || Ok(20))).await?;
        let second = context.cpu(move |work| work.stage("second", || Ok(first + 1))).await?;
        Ok(Size { width: second })
    }
}

static TRY: Endpoint = Endpoint::of::<Try>();

fn context() -> Context {
    let vision = Vision::new(Arc::new(Registry::empty()));
    Context::new(vision, Cancel::after(Duration::from_secs(3600)), Arc::new(Inline))
}

/// A gray PNG of this size and luma.
fn png(width: u32, height: u32, luma: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([luma; 3]));
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).expect("memory holds it");
    file.into_inner()
}

fn form() -> Form {
    let mut form = Form::new();
    form.add_file("image", png(4, 3, 9).into());
    form.add_text("group_id", "a-1");
    form
}

fn with(texts: &[(&str, &str)]) -> Form {
    let mut form = form();
    texts.iter().for_each(|(name, value)| form.add_text(*name, *value));
    form
}

fn code(form: &Form, starts: &str) -> Code {
    let fault = TRY.prepare(form).err().expect("must be refused");
    assert!(fault.message().starts_with(starts), "{fault}");
    fault.code()
}

#[test]
fn every_kind_is_read() {
    let mut sent = with(&[
        ("number", "3"),
        ("amount", "0.5"),
        ("smooth", "100"),
        ("turn", "Yes"),
        ("colour", "SKYBLUE"),
        ("colours", "skyBlue,yellow"),
        ("places", "[[1,2],[3,4]]"),
    ]);
    sent.add_file("references", png(2, 2, 0).into());
    sent.add_file("references", png(3, 3, 0).into());
    let input = Everything::read(&sent).expect("right");
    assert_eq!((input.count, input.amount, input.smooth, input.turn), (3, Some(0.5), 100, true));
    assert_eq!((input.colour, input.colours), (Colour::Blue, vec![Colour::Yellow, Colour::Blue]));
    assert_eq!((input.group.as_str(), input.places), ("a-1", Some(vec![[1, 2], [3, 4]])));
    assert_eq!(input.references.len(), 2);
    let least = Everything::read(&form()).expect("right");
    assert_eq!((least.count, least.amount, least.colour), (2, None, Colour::Yellow));
    assert!(least.mask.is_none() && least.references.is_empty());
}

#[test]
fn each_mistake_has_its_code() {
    assert_eq!(code(&Form::new(), "image"), Code::MissingParameters);
    assert_eq!(code(&with(&[("count", "5")]), "count is 5"), Code::UnsupportedParameterValues);
    assert_eq!(code(&with(&[("smooth", "101")]), "smooth"), Code::InvalidSmoothingParameter);
    assert_eq!(code(&with(&[("smooth", "x")]), "smooth"), Code::ParameterConversionFailed);
    assert_eq!(code(&with(&[("places", "[1]")]), "places"), Code::ParameterConversionFailed);
    assert_eq!(code(&with(&[("turn", "1"), ("count", "1")]), "turn"), Code::ErrorParameters);
    let mut group = Form::new();
    group.add_file("image", png(4, 3, 9).into());
    assert_eq!(code(&group, "group_id"), Code::MissingOutputFormat);
    group.add_text("group_id", "not this");
    assert_eq!(code(&group, "group_id"), Code::InvalidParameterFormat);
    let mut many = form();
    (0..3).for_each(|_| many.add_file("references", png(2, 2, 0).into()));
    assert_eq!(code(&many, "references holds 3"), Code::TooManyFiles);
    let mut mask = form();
    mask.add_file("mask", png(3, 4, 255).into());
    assert_eq!(code(&mask, "mask has 3×4"), Code::MaskImageResolutionMismatch);
}

#[test]
fn an_alias_is_the_field() {
    let mut sent = Form::new();
    sent.add_file("photo", png(4, 3, 9).into());
    sent.add_text("group_id", "a");
    assert!(TRY.prepare(&sent).is_ok());
    let named = |name| TRY.accepts().find(name);
    assert!(matches!(named("photo"), Some(Named::File(file)) if file.name == "image"));
    assert!(named("other").is_none() && named("count_url").is_none());
    for (name, source) in [
        ("image_base64", Source::Base64),
        ("photo_url", Source::Url),
        ("image_file_id", Source::FileId),
    ] {
        let found = named(name);
        let fits = matches!(found, Some(Named::Reference(file, found))
            if file.name == "image" && found == source);
        assert!(fits, "{name}");
    }
}

#[test]
fn what_nobody_filled_in_is_not_sent() {
    let mut blank = form();
    blank.add_file("mask", Vec::new().into());
    blank.add_file("references", Vec::new().into());
    assert!(TRY.prepare(&blank).is_ok());
    assert!(TRY.prepare(&with(&[("mask", " ")])).is_ok());
    assert_eq!(code(&with(&[("mask", "white")]), "mask is text"), Code::ErrorParameters);
    let mut needed = Form::new();
    needed.add_file("image", Vec::new().into());
    assert_eq!(code(&needed, "image is a file of 0 bytes"), Code::ParametersCannotEmpty);
    // Beside a reference it is none either.
    let file = TRY.files().next().expect("a file");
    let url = Reference { source: Source::Url, text: "https://example.com/a.png".to_owned() };
    needed.add_reference("image", url.clone());
    assert_eq!(file.references(&needed).expect("one source"), [&url]);
    needed.add_file("image", png(4, 3, 9).into());
    needed.add_text("group_id", "a");
    assert!(TRY.prepare(&needed).is_ok());
}

#[test]
fn what_needs_an_engine_is_refused_without() {
    static ENGINE: Endpoint = Endpoint::of::<Drawn>();
    let job = || ENGINE.prepare(&with(&[("drawn", "true")])).expect("right");
    let fault = job().natively().map(drop).expect_err("none serves it");
    assert_eq!(fault.code(), Code::AiNotExists);
    let fault = job().run_here(context()).expect_err("none serves it");
    assert_eq!(fault.code(), Code::AiNotExists);
    let job = ENGINE.prepare(&with(&[("drawn", "false")])).expect("right");
    assert!(job.natively().expect("needs none").run_here(context()).is_ok());
}

#[test]
fn a_mask_says_here_by_luma_and_alpha() {
    let here = |luma| {
        let mut sent = form();
        sent.add_file("mask", png(4, 3, luma).into());
        let job = TRY.prepare(&sent).expect("right");
        job.run_here(context()).expect_err("tells by a fault").message().to_owned()
    };
    assert_eq!((here(128).as_str(), here(127).as_str()), ("12 here", "0 here"));
}

#[test]
fn schemas_have_what_is_required_and_closed() {
    let answer = TRY.answer();
    let schema = answer.schema();
    assert_eq!(schema["required"], json!(["data", "places", "width"]));
    let data = &schema["properties"]["data"];
    assert_eq!(data["required"], json!(["image_url", "turn"]));
    assert_eq!(data["properties"]["turn"]["enum"], json!([0, 90]));
    assert_eq!(schema["properties"]["places"]["items"]["required"], json!(["X"]));
    assert!(TRY.answers_files());
    let leaves = answer.leaves();
    let place = leaves.iter().find(|leaf| leaf.path == "places[].X").expect("declared");
    assert_eq!((place.kind, place.optional), (LeafKind::Number, true));
    assert_eq!(place.doc, "Each place. From the left.");
    let colour = TRY.parameters().find(|parameter| parameter.name() == "colour").expect("declared");
    assert_eq!(colour.schema()["enum"], json!(["yellow", "skyBlue"]));
    assert_eq!(colour.schema()["default"], "yellow");
    let names: Vec<_> = TRY.fields().iter().map(InputField::name).collect();
    assert_eq!(names[..4], ["image", "mask", "references", "count"]);
}

#[test]
fn work_becomes_an_answer_and_stages() {
    let job = TRY.prepare(&with(&[("count", "3")])).expect("right");
    assert_eq!(job.cost().pixels, 12);
    assert!(job.cost().bytes >= 3000);
    let here = context();
    let node = job.run_here(here.clone()).expect("works");
    let json = node.into_json(&mut |_: Artifact| Ok::<_, Fault>("URL".to_owned())).expect("json");
    assert_eq!(
        json,
        json!({ "data": { "image_url": "URL", "turn": 90 }, "places": [{ "X": 0.5 }], "width": 4 })
    );
    assert_eq!(here.stages().iter().map(|stage| stage.name).collect::<Vec<_>>(), ["decode"]);
}

#[test]
fn undeclared_models_are_not_handed_out() {
    let job = TRY.prepare(&with(&[("colour", "skyBlue")])).expect("right");
    let fault = job.run_here(context()).expect_err("it declares no model");
    assert_eq!(fault.code(), Code::AiServiceInternalError);
}

#[test]
fn asynchronous_work_has_several_pieces() {
    static TWICE: Endpoint = Endpoint::of::<Twice>();
    let here = context();
    let node = TWICE.prepare(&Form::new()).expect("right").run_here(here.clone()).expect("works");
    assert_eq!(node, Node::Object(vec![("width", Node::Json(Value::from(21)))]));
    assert_eq!(here.stages().len(), 2);
    assert!(!TWICE.answers_files());
}

#[test]
fn a_file_comes_from_one_source() {
    let file = TRY.files().next().expect("a file");
    let of = |source, text: &str| Reference { source, text: text.to_owned() };
    let mut form = Form::new();
    form.add_reference("image", of(Source::Url, " "));
    let empty = file.read(&form).expect_err("nothing is sent");
    assert_eq!(
        (empty.code(), empty.message()),
        (Code::ParametersCannotEmpty, "image_url is empty")
    );
    form.add_reference("image", of(Source::FileId, "f_1"));
    assert_eq!(file.references(&form).expect("one"), [&of(Source::FileId, "f_1")]);
    form.add_file("photo", vec![1].into());
    let both = file.references(&form).expect_err("two sources");
    assert_eq!(both.code(), Code::InvalidParameter);
    assert_eq!(both.message(), "image and image_file_id are both sent, one is needed");
}
