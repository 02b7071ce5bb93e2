//! Portrait background removal for large photos: up to 6,000 px a side, in the answer itself.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::picture;
use crate::{
    Answer, Artifact, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Node, Service,
    Upload, Work,
};

/// The service.
pub struct HdPortraitBackgroundRemoval;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo; it shows at least one person.",
    Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 40 * Rules::MB,
        min: (32, 32),
        max: (6000, 6000),
        ..Rules::ORDINARY
    },
);

/// The transparent cut-out, at both places that clients of the vendor look for it.
pub struct Output(Artifact);

impl Answer for Output {
    fn into_node(self) -> Node {
        let place = |artifact| Node::Object(vec![("image_url", Node::Url(artifact))]);
        let elements = Node::List(vec![place(self.0.clone())]);
        let data = vec![("elements", elements), ("image_url", Node::Url(self.0))];
        Node::Object(vec![("data", Node::Object(data))])
    }
}

impl Service for HdPortraitBackgroundRemoval {
    type Input = Upload;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/cutout/portrait/hd-portrait-background-removal",
        name: "HD Human Background Removal",
        sign: "cutout_portrait_hd_portrait_background_removal",
        pool: "cutout_hd_human_body_background_removal",
        price: 2,
        summary: "Frees the people of a large photo, up to 6,000 px a side, with what they wear and \
                  hold, from their background; finds people as Human Background Removal does.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(60),
        files: &[&IMAGE],
        params: &[],
        answer: &[
            Field::new(
                "data.elements[].image_url",
                FieldKind::Url,
                "The transparent cut-out at the photo's size, a PNG, for 24 hours.",
            ),
            Field::new("data.image_url", FieldKind::Url, "The same picture."),
        ],
        models: cutout::PEOPLE_MODELS,
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HD_PEOPLE_BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Output> {
        let photo = image.decode(work)?;
        let cutout = cut_out(photo, work)?;
        work.stage("encode", || picture(cutout, None)).map(Output)
    }
}
