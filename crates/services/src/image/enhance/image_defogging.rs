//! Dehazing: what haze and fog have veiled, with its contrast and colour.

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::{Format, Rules, dehaze, encode};

use crate::{
    Answer, Artifact, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Node, Service,
    Upload, Work,
};

/// The service.
pub struct ImageDefogging;

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

/// The photo without its haze.
pub struct Output(Artifact);

impl Answer for Output {
    fn into_node(self) -> Node {
        Node::Object(vec![("image", Node::Base64(self.0))])
    }
}

impl Service for ImageDefogging {
    type Input = Upload;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/image/enhance/image-defogging",
        name: "Image Dehaze",
        sign: "image_image_defogging",
        pool: "image_dehazing",
        price: 1,
        summary: "Removes haze and fog by the dark channel prior, careful with skies; a photo \
                  without haze stays as it is.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[],
        answer: &[Field {
            path: "image",
            kind: FieldKind::Base64,
            doc: "The photo without haze, a JPEG; a PNG where the photo has transparency.",
        }],
        models: &[],
        // After the kernel, the encoded result.
        memory: Memory { base: dehaze::BASE_BYTES, per_pixel: 6 },
    };

    fn read(form: &Form) -> Result<Upload> {
        IMAGE.read(form)
    }

    fn run(image: Upload, work: &Work) -> Result<Output> {
        let mut photo = image.decode(work)?;
        work.stage("dehaze", || {
            dehaze::remove(&mut photo.rgb);
            Ok(())
        })?;
        let (bytes, format) = work.stage("encode", || encode::photo(&photo))?;
        Ok(Output(Artifact { bytes, format }))
    }
}
