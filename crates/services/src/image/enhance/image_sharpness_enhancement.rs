//! Sharpness enhancement: what a soft lens or a little defocus has blurred.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules, encode, sharpen};

use crate::{
    Answer, Artifact, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Node, Service,
    Upload, Work,
};

/// The service.
pub struct ImageSharpnessEnhancement;

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

/// The sharpened photo.
pub struct Output(Artifact);

impl Answer for Output {
    fn into_node(self) -> Node {
        Node::Object(vec![("image", Node::Base64(self.0))])
    }
}

impl Service for ImageSharpnessEnhancement {
    type Input = Upload;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-sharpness-enhancement",
        name: "Image Sharpness Enhancement",
        sign: "image_image_sharpness_enhancement",
        pool: "image_clarity_enhancement",
        price: 2,
        summary: "Undoes slight blur by deconvolution, as wide as the photo's edges are soft, without \
                  rings and without sharpening noise.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field {
            path: "image",
            kind: FieldKind::Base64,
            doc: "The sharpened photo, a JPEG; a PNG where the photo has transparency.",
        }],
        models: &[],
        // After the kernel, the encoded result.
        memory: Memory { base: sharpen::BASE_BYTES, per_pixel: 6 },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Output> {
        let mut photo = image.decode(work)?;
        work.stage("sharpen", || {
            sharpen::sharpen(&mut photo.rgb);
            Ok(())
        })?;
        let (bytes, format) = work.stage("encode", || encode::photo(&photo))?;
        Ok(Output(Artifact { bytes, format }))
    }
}
