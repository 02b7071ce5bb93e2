//! Apparel background removal: the clothes that somebody wears, or garments by themselves, each class
//! apart where it is asked for.

use image::GrayImage;
use safelight_contract::Result;
use safelight_imaging::{Cutout, Photo, Region, Rules};
use safelight_operation::{
    Artifact, CpuOperation, Input, Memory, Needs, Output, Picture, Spec, Url, Work,
};
use safelight_vision::cutout;
use safelight_vision::garments::Garment;

use crate::cutout::{MASK, ReturnForm, WHITE, no_target, picture};

/// The service.
pub struct ApparelBackgroundRemoval;

/// The main garment, or all of the classes asked for.
const COMBINED: u8 = 1;

/// What is asked of the photo.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows clothes, shoes, a bag or a hat, worn or not.
    #[picture(Rules { max_bytes: 5 * Rules::MB, min: (50, 50), max: (3000, 3000), ..Rules::ORDINARY })]
    image: Picture,
    /// What `data.elements[0].image_url` shows. 0: the main garment, which is the clothes of the
    /// people without hat, bag and shoes, or whatever garments nobody wears. 1: all classes of
    /// `cloth_class` together; all there are, without it.
    #[integer(0..=COMBINED)]
    #[field(default = 0)]
    out_mode: u8,
    /// Classes of garments, each of which is also cut out by itself. `hat` needs a face below it,
    /// `shoes` need ankles to be seen, and a `bag` must stand out from the body. A class that is not
    /// found is left out; where nothing is found that the answer must show, it is
    /// ERROR_NO_RECOGNITION_TARGET_DETECTED.
    #[words(&[
        ("tops", Garment::Tops, "what covers the upper body, and no coat"),
        ("coat", Garment::Coat, "outerwear, uniforms and suits"),
        ("skirt", Garment::Skirt, "skirts and dresses"),
        ("pants", Garment::Pants, "trousers, long and short"),
        ("bag", Garment::Bag, "bags"),
        ("shoes", Garment::Shoes, "footwear"),
        ("hat", Garment::Hat, "headwear"),
    ])]
    #[field(default = Vec::new())]
    cloth_class: Vec<Garment>,
    /// What the result picture shows; without it, the cut-out on transparent ground at the photo's
    /// size.
    #[choice(&[MASK, WHITE])]
    return_form: Option<ReturnForm>,
}

/// The cut-out of all that was asked for, then that of each class.
#[derive(Output)]
pub struct Answer {
    #[output(path = "data.elements")]
    elements: Vec<Element>,
}

/// The first element holds the whole, the second the classes.
#[derive(Default, Output)]
pub struct Element {
    /// The result picture that `out_mode` asks for, in the first item of the list; a PNG at the
    /// photo's size, for 24 hours.
    image_url: Option<Url>,
    /// In the second item of the list, which is there if `cloth_class` is sent.
    class_url: Option<Classes>,
}

/// The cut-out of each class that was asked for and found.
#[derive(Default, Output)]
pub struct Classes {
    /// The upper garment.
    tops: Option<Url>,
    /// The coat.
    coat: Option<Url>,
    /// The skirt or dress.
    skirt: Option<Url>,
    /// The trousers.
    pants: Option<Url>,
    /// The bag.
    bag: Option<Url>,
    /// The shoes.
    shoes: Option<Url>,
    /// The hat.
    hat: Option<Url>,
}

impl Classes {
    fn of(&mut self, garment: Garment) -> &mut Option<Url> {
        match garment {
            Garment::Tops => &mut self.tops,
            Garment::Coat => &mut self.coat,
            Garment::Skirt => &mut self.skirt,
            Garment::Pants => &mut self.pants,
            Garment::Bag => &mut self.bag,
            Garment::Shoes => &mut self.shoes,
            Garment::Hat => &mut self.hat,
        }
    }
}

impl CpuOperation for ApparelBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/general/apparel-background-removal",
        name: "Costume Background Removal",
        sign: "cutout_apparel_background_removal",
        pool: "cutout_clothing_background_removal",
        price: 1,
        summary: "Frees garments from their background: what the people of a photo wear, without \
                  head and bare skin, or clothes, shoes, bags and hats that nobody wears.",
        limitations: "Garments are found by rules, without a network that labels them: clothes \
                      are what is left of a person without head, bare skin and held things, \
                      parted below the waist of the most prominent person where colours meet. \
                      What is worn above the waist is one garment, whether of one layer or \
                      two, and is `coat` or `tops`, whichever a network of 1,000 classes takes \
                      it for. On black-and-white photos bare arms and legs may stay with the \
                      clothes, and so may those that straps, hair or other people part from \
                      the neck; so do heads whose face is turned away or under 24 px, and \
                      things held close to the body.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::GARMENT_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::GARMENT_MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?;
        let found = work.stage("garments", || work.vision.garments(&photo.rgb))?;
        let found = found.ok_or_else(|| no_target("image shows no garments"))?;
        let asked = &input.cloth_class[..];
        let mut classes = Classes::default();
        for &class in asked {
            if let Some(mask) = found.piece(class) {
                let made = cut_out(photo.clone(), mask, found.region, input.return_form, work)?;
                *classes.of(class) = made.map(Url);
            }
        }
        let combined = input.out_mode == COMBINED;
        let whole = match (combined, asked) {
            (false, _) => found.main,
            (true, []) => found.together(&Garment::ALL),
            (true, classes) => found.together(classes),
        };
        let whole = cut_out(photo, &whole, found.region, input.return_form, work)?;
        let whole = whole.ok_or_else(|| match combined {
            true => no_target("image shows none of the classes in cloth_class"),
            false => no_target("image shows no garments"),
        })?;
        let mut elements = vec![Element { image_url: Some(Url(whole)), ..Element::default() }];
        if !asked.is_empty() {
            elements.push(Element { class_url: Some(classes), ..Element::default() });
        }
        Ok(Answer { elements })
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
