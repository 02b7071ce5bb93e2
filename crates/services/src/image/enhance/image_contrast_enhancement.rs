//! Contrast enhancement: more contrast where a photo is flat, nothing where it is good.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules, contrast, encode};

use crate::{
    Answer, Artifact, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Node, Service,
    Upload, Work,
};

/// The service.
pub struct ImageContrastEnhancement;

static IMAGE: FileField = FileField {
    name: "image",
    doc: "The photo.",
    required: true,
    rules: Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp],
        max_bytes: 8 * Rules::MB,
        min: (10, 10),
        max: (5000, 5000),
        max_aspect: Some(4.0),
        grayscale: true,
    },
};

/// The enhanced photo.
pub struct Output(Artifact);

impl Answer for Output {
    fn into_node(self) -> Node {
        Node::Object(vec![("image", Node::Base64(self.0))])
    }
}

impl Service for ImageContrastEnhancement {
    type Input = Upload;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-contrast-enhancement",
        name: "Image Contrast Enhancement",
        sign: "image_image_contrast_enhancement",
        pool: "image_contrast_enhancement",
        price: 1,
        summary: "Raises the contrast of a flat photo on its luminance, careful with skin, and \
                  leaves a good photo nearly alone.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field {
            path: "image",
            kind: FieldKind::Base64,
            doc: "The enhanced photo, a JPEG; a PNG where the photo has transparency.",
        }],
        models: &[],
        memory: Memory { base: 0, per_pixel: contrast::BYTES_PER_PIXEL },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Output> {
        let mut photo = image.decode(work)?;
        work.stage("contrast", || {
            contrast::enhance(&mut photo.rgb);
            Ok(())
        })?;
        let (bytes, format) = work.stage("encode", || encode::photo(&photo))?;
        Ok(Output(Artifact { bytes, format }))
    }
}
