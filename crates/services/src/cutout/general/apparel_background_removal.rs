//! Apparel background removal: the clothes that somebody wears, or garments by themselves, each class
//! apart where it is asked for.

use std::time::Duration;

use image::GrayImage;
use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Region, Rules};
use safelight_vision::cutout;
use safelight_vision::garments::Garment;

use crate::cutout::{MASK, ReturnForm, WHITE, no_target, picture, return_form};
use crate::{
    Answer, Artifact, Choice, Declaration, Defaulted, Field, FieldKind, FileField, Form, Integer,
    Memory, Mode, Node, Optional, Param, Service, Upload, Words, Work,
};

/// The service.
pub struct ApparelBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows clothes, shoes, a bag or a hat, worn or not.",
    Rules { max_bytes: 5 * Rules::MB, min: (50, 50), max: (3000, 3000), ..Rules::ORDINARY },
);

/// The main garment, or all of the classes asked for.
const COMBINED: i64 = 1;

static OUT_MODE: Param<Integer, Defaulted<i64>> = Param {
    name: "out_mode",
    doc: "What `data.elements[0].image_url` shows. 0: the main garment, which is the clothes of the \
          people without hat, bag and shoes, or whatever garments nobody wears. 1: all classes of \
          `cloth_class` together; all there are, without it.",
    kind: Integer(0..=COMBINED),
    presence: Defaulted(0),
};

static CLOTH_CLASS: Param<Words<Garment>> = Param {
    name: "cloth_class",
    doc: "Classes of garments, each of which is also cut out by itself. No network that labels \
          garments is at work but rules: clothes are what is left of a person without head, bare skin \
          and held things, parted below the waist of the most prominent person where colours meet. \
          What is worn above the waist is one garment, whether of one layer or two, and is `coat` or \
          `tops`, whichever a network of 1,000 classes takes it for; `hat` needs a face below it, \
          `shoes` need ankles to be seen, and a `bag` must stand out from the body. A class that is \
          not found is left out; where nothing is found that the answer must show, it is \
          ERROR_NO_RECOGNITION_TARGET_DETECTED.",
    kind: Words(&[
        ("tops", Garment::Tops, "what covers the upper body, and no coat"),
        ("coat", Garment::Coat, "outerwear, uniforms and suits"),
        ("skirt", Garment::Skirt, "skirts and dresses"),
        ("pants", Garment::Pants, "trousers, long and short"),
        ("bag", Garment::Bag, "bags"),
        ("shoes", Garment::Shoes, "footwear"),
        ("hat", Garment::Hat, "headwear"),
    ]),
    presence: Optional,
};

static RETURN_FORM: Param<Choice<ReturnForm>> = return_form(&[MASK, WHITE]);

/// What is asked of the photo.
pub struct Input {
    image: Upload,
    combined: bool,
    classes: Vec<Garment>,
    form: Option<ReturnForm>,
}

/// The cut-out of all that was asked for, then that of each class.
pub struct Output {
    whole: Artifact,
    asked: bool,
    classes: Vec<(Garment, Artifact)>,
}

impl Answer for Output {
    fn into_node(self) -> Node {
        let mut elements = vec![Node::Object(vec![("image_url", Node::Url(self.whole))])];
        if self.asked {
            let word = |garment: Garment| {
                let words = CLOTH_CLASS.kind.0.iter();
                words.filter(|(_, other, _)| *other == garment).map(|(word, ..)| *word).next()
            };
            let urls = self.classes.into_iter();
            let urls = urls.filter_map(|(class, made)| Some((word(class)?, Node::Url(made))));
            elements.push(Node::Object(vec![("class_url", Node::Object(urls.collect()))]));
        }
        Node::Object(vec![("data", Node::Object(vec![("elements", Node::List(elements))]))])
    }
}

/// The field of one class.
const fn class_field(path: &'static str, doc: &'static str) -> Field {
    Field::new(path, FieldKind::Url, doc).optional()
}

impl Service for ApparelBackgroundRemoval {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/general/apparel-background-removal",
        name: "Costume Background Removal",
        sign: "cutout_apparel_background_removal",
        pool: "cutout_clothing_background_removal",
        price: 1,
        summary: "Frees garments from their background: what the people of a photo wear, without \
                  head and bare skin, or clothes, shoes, bags and hats that nobody wears. On \
                  black-and-white photos bare arms and legs may stay with the clothes; so do heads \
                  whose face is turned away or under 24 px, and things held close to the body.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&OUT_MODE, &CLOTH_CLASS, &RETURN_FORM],
        answer: &[
            Field::new(
                "data.elements[].image_url",
                FieldKind::Url,
                "The result picture that `out_mode` asks for, in the first item of the list; a PNG \
                 at the photo's size, for 24 hours.",
            ),
            class_field(
                "data.elements[].class_url.tops",
                "The upper garment, in the second item of the list, which is there if `cloth_class` \
                 is sent.",
            ),
            class_field("data.elements[].class_url.coat", "The coat, as above."),
            class_field("data.elements[].class_url.skirt", "The skirt or dress, as above."),
            class_field("data.elements[].class_url.pants", "The trousers, as above."),
            class_field("data.elements[].class_url.bag", "The bag, as above."),
            class_field("data.elements[].class_url.shoes", "The shoes, as above."),
            class_field("data.elements[].class_url.hat", "The hat, as above."),
        ],
        models: cutout::GARMENT_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::GARMENT_BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Input> {
        let image = IMAGE.read(form)?;
        let combined = OUT_MODE.read(form)? == COMBINED;
        let classes = CLOTH_CLASS.read(form)?.unwrap_or_default();
        Ok(Input { image, combined, classes, form: RETURN_FORM.read(form)? })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?;
        let found = work.stage("garments", || work.vision.garments(&photo.rgb))?;
        let found = found.ok_or_else(|| no_target("image shows no garments"))?;
        let mut classes = Vec::new();
        for &class in &input.classes {
            if let Some(mask) = found.piece(class) {
                let made = cut_out(photo.clone(), mask, found.region, input.form, work)?;
                classes.extend(made.map(|made| (class, made)));
            }
        }
        let whole = match (input.combined, &input.classes[..]) {
            (false, _) => found.main,
            (true, []) => found.together(&Garment::ALL),
            (true, classes) => found.together(classes),
        };
        let whole = cut_out(photo, &whole, found.region, input.form, work)?;
        let whole = whole.ok_or_else(|| match input.combined {
            true => no_target("image shows none of the classes in cloth_class"),
            false => no_target("image shows no garments"),
        })?;
        Ok(Output { whole, asked: !input.classes.is_empty(), classes })
    }
}

/// What a mask shows, as the stages `matting` and `encode`; `None` where that is nothing.
fn cut_out(
    photo: Photo,
    mask: &GrayImage,
    region: Region,
    form: Option<ReturnForm>,
    work: &Work,
) -> Result<Option<Artifact>> {
    let cutout = work.stage("matting", || Ok(Cutout::refine(photo, mask, region)))?;
    if cutout.is_empty() {
        return Ok(None);
    }
    work.stage("encode", || picture(cutout, form)).map(Some)
}
