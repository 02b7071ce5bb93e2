//! Sample answers: what an endpoint answers, made from the shape of its answer alone. No model runs
//! and no photo is decoded.

use image::{GrayImage, Luma, Rgb, RgbImage};
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Cutout, Format, encode, lettering};
use safelight_video::Clip;
use serde_json::json;

use crate::node::{Artifact, FileFormat, Node};
use crate::shape::{LeafKind, Shape};

/// Width and height of the pictures where a request sends none.
const USUAL_SIZE: (u32, u32) = (512, 512);

/// What every picture and every text says.
const WORD: &str = "SAMPLE";

/// Longest side of a clip in pixels, its frames, and how many of them there are in a second.
const CLIP_SIDE: u32 = 320;
const CLIP_FRAMES: u32 = 8;
const CLIP_RATE: u32 = 8;

/// A spreadsheet with the word in its only cell.
const SHEET: &[u8] = include_bytes!("sample.xlsx");

/// Bytes for each pixel while a picture is drawn and encoded.
const BYTES_PER_PIXEL: u64 = 12;

/// Bytes of a clip's encoder.
const CLIP_BYTES: u64 = 8 << 20;

/// A sample answer that is yet to be drawn.
pub(crate) struct SampleAnswer {
    shape: Shape,
    size: (u32, u32),
}

impl SampleAnswer {
    /// An answer of this shape, whose pictures have the size of the photo that was sent.
    pub fn new(shape: Shape, photo: Option<(u32, u32)>) -> Self {
        Self { shape, size: photo.unwrap_or(USUAL_SIZE) }
    }

    /// Pixels of a picture.
    pub fn pixels(&self) -> u64 {
        u64::from(self.size.0) * u64::from(self.size.1)
    }

    /// Peak bytes of the work.
    pub fn bytes(&self) -> u64 {
        self.pixels() * BYTES_PER_PIXEL + CLIP_BYTES
    }

    /// The answer: every property, optional ones too; one item in each list; of closed sets the first
    /// value; pictures that say that they are samples.
    ///
    /// # Errors
    /// Those of the encoders.
    pub fn draw(&self) -> Result<Node> {
        Pictures { size: self.size, drawn: Vec::new() }.node(&self.shape, None)
    }
}

/// The pictures of one answer; each format is drawn once.
struct Pictures {
    size: (u32, u32),
    drawn: Vec<Artifact>,
}

impl Pictures {
    fn node(&mut self, shape: &Shape, format: Option<FileFormat>) -> Result<Node> {
        let format = format.unwrap_or(FileFormat::Picture(Format::Png));
        Ok(match shape {
            Shape::Any => Node::Json(json!({})),
            Shape::List(items) => Node::List(vec![self.node(items, Some(format))?]),
            Shape::Object(object) => {
                let property = |property: &crate::Property| {
                    Ok((property.name, self.node(&property.shape, property.format)?))
                };
                Node::Object(object.properties().iter().map(property).collect::<Result<_>>()?)
            }
            Shape::Leaf { kind, values } => match (values.first(), kind) {
                (Some(value), _) => Node::Json(value.clone()),
                (None, LeafKind::Url) => Node::Url(self.picture(format)?),
                (None, LeafKind::Base64) => Node::Base64(self.picture(format)?),
                (None, LeafKind::Text) => Node::Json(json!(WORD)),
                (None, LeafKind::Integer) => Node::Json(json!(1)),
                (None, LeafKind::Number) => Node::Json(json!(0.5)),
                (None, LeafKind::Flag) => Node::Json(json!(true)),
            },
        })
    }

    fn picture(&mut self, format: FileFormat) -> Result<Artifact> {
        if let Some(drawn) = self.drawn.iter().find(|artifact| artifact.format == format) {
            return Ok(drawn.clone());
        }
        let artifact = Artifact { bytes: file(self.size, format)?, format };
        self.drawn.push(artifact.clone());
        Ok(artifact)
    }
}

/// A file of this format; pictures have this size.
fn file(size: (u32, u32), format: FileFormat) -> Result<Vec<u8>> {
    match format {
        FileFormat::Picture(Format::Png) => {
            encode::png_cutout(&Cutout { rgb: drawing(size), alpha: ellipse(size) })
        }
        FileFormat::Picture(Format::Bmp) => encode::bmp(&drawing(size)),
        FileFormat::Picture(Format::Jpeg) => encode::jpeg(&drawing(size), encode::JPEG_QUALITY),
        FileFormat::Mp4 => clip(size),
        FileFormat::Ndjson => Ok(b"{\"sample\":true}\n".to_vec()),
        FileFormat::Xlsx => Ok(SHEET.to_vec()),
        FileFormat::Picture(Format::WebP) => Err(Fault::new(
            Code::ServiceInternalError,
            format!("there is no sample of a file of type {}", format.media_type()),
        )),
    }
}

/// The word on a gradient.
fn drawing((width, height): (u32, u32)) -> RgbImage {
    let shade = |at: u32, of: u32| (u64::from(at) * 255 / u64::from(of.max(1))) as u8;
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        Rgb([90, shade(x, width) / 2 + 60, shade(y, height) / 2 + 100])
    });
    let (across, down) = (width as f32, height as f32);
    let size = (0.6 * across / lettering::width(WORD, 1.0)).min(down / 3.0);
    let left = (across - lettering::width(WORD, size)) / 2.0;
    lettering::write(&mut picture, WORD, [left, down / 2.0 + size / 3.0], size, [255; 3]);
    picture
}

/// Opaque in the middle, transparent at the corners.
fn ellipse((width, height): (u32, u32)) -> GrayImage {
    let from_centre = |at: u32, of: u32| 2.0 * (f64::from(at) + 0.5) / f64::from(of) - 1.0;
    GrayImage::from_fn(width, height, |x, y| {
        let inside = from_centre(x, width).hypot(from_centre(y, height)) <= 0.96;
        Luma([if inside { 255 } else { 0 }])
    })
}

/// The word, standing still, as a short clip with the shape of the picture.
fn clip((width, height): (u32, u32)) -> Result<Vec<u8>> {
    let scale = f64::from(CLIP_SIDE) / f64::from(width.max(height).max(1));
    let side = |side: u32| ((f64::from(side) * scale) as u32).clamp(32, CLIP_SIDE) & !1;
    let frame = drawing((side(width), side(height)));
    let mut clip = Clip::new(frame.dimensions(), CLIP_RATE)?;
    for _ in 0..CLIP_FRAMES {
        clip.push(&frame)?;
    }
    clip.finish()
}

#[cfg(test)]
mod tests {
    use safelight_imaging::probe;

    use super::*;

    #[test]
    fn pictures_have_the_size_that_was_sent_and_clips_its_shape() {
        for format in [Format::Png, Format::Jpeg, Format::Bmp] {
            let bytes = file((300, 200), FileFormat::Picture(format)).expect("a picture");
            let header = probe(&bytes).expect("a header");
            assert_eq!((header.format, header.width, header.height), (format, 300, 200));
        }
        for size in [(300, 200), (4000, 1), (33, 4000)] {
            let bytes = clip(size).expect("a clip");
            assert_eq!(&bytes[4..8], b"ftyp", "{size:?}");
        }
        assert_eq!(&file((8, 8), FileFormat::Xlsx).expect("a sheet")[..2], b"PK");
        assert!(file((8, 8), FileFormat::Picture(Format::WebP)).is_err());
    }

    #[test]
    fn a_drawing_of_any_size_holds_its_word() {
        let white = |picture: &RgbImage| picture.pixels().filter(|p| p.0 == [255; 3]).count();
        assert!(white(&drawing((512, 384))) > 500);
        assert_eq!(drawing((1, 1)).dimensions(), (1, 1));
        assert_eq!(drawing((4000, 2)).dimensions(), (4000, 2));
    }
}
