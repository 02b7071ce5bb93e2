//! The portrait enlarged until its face is large enough, to paint on.

use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage, imageops};
use safelight_operation::Node;
use safelight_testkit as testkit;
use serde_json::Value;

use crate::support::encoded;

/// The part of the portrait with the head: left, top, width, height.
const HEAD: [u32; 4] = [110, 0, 230, 240];

/// The head, enlarged.
pub struct Canvas {
    pub photo: RgbImage,
    scale: f32,
}

impl Canvas {
    /// The face is about 110 px times `scale` high.
    pub fn head(scale: f32) -> Self {
        let portrait = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a photo");
        let [left, top, width, height] = HEAD;
        let head = portrait.view(left, top, width, height).to_image();
        let head = DynamicImage::ImageRgba8(head).to_rgb8();
        let scaled = |length: u32| (length as f32 * scale).round() as u32;
        let (width, height) = (scaled(width), scaled(height));
        let photo = imageops::resize(&head, width, height, imageops::FilterType::CatmullRom);
        Self { photo, scale }
    }

    /// Where a place of the portrait lies.
    pub fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [(x - HEAD[0] as f32) * self.scale, (y - HEAD[1] as f32) * self.scale]
    }

    /// Multiplies a soft disc around a place of the portrait by a colour; radius and edge in pixels
    /// of the portrait.
    pub fn tint(&mut self, centre: [f32; 2], radius: f32, edge: f32, color: [f32; 3]) {
        let [x, y] = self.place(centre);
        let (radius, edge) = (radius * self.scale, edge * self.scale);
        for (px, py, pixel) in self.photo.enumerate_pixels_mut() {
            let off = (px as f32 - x).hypot(py as f32 - y);
            let amount = ((radius - off) / edge + 0.5).clamp(0.0, 1.0);
            if amount > 0.0 {
                for (value, color) in pixel.0.iter_mut().zip(color) {
                    *value = (f32::from(*value) * (1.0 - amount * (1.0 - color))) as u8;
                }
            }
        }
    }

    /// Covers a box of the portrait (left, top, right, bottom) with gray.
    pub fn cover(&mut self, [left, top, right, bottom]: [f32; 4]) {
        let ([left, top], [right, bottom]) = (self.place([left, top]), self.place([right, bottom]));
        for (x, y, pixel) in self.photo.enumerate_pixels_mut() {
            let (x, y) = (x as f32, y as f32);
            if (left..right).contains(&x) && (top..bottom).contains(&y) {
                *pixel = Rgb([90, 90, 95]);
            }
        }
    }

    pub fn jpeg(&self) -> Vec<u8> {
        encoded(&DynamicImage::ImageRgb8(self.photo.clone()), ImageFormat::Jpeg)
    }
}

/// An answer as JSON, its pictures in Base64.
pub fn json(node: Node) -> Value {
    node.into_json::<()>(&mut |_| Ok(String::new())).expect("an answer")
}

/// Checks that a class with its confidence lies in its range.
pub fn check_sign(result: &Value, name: &str, classes: u64) {
    let sign = &result[name];
    let value = sign["value"].as_u64().unwrap_or_else(|| panic!("{name}: {sign}"));
    assert!(value < classes, "{name}: {sign}");
    let confidence = &sign["confidence"];
    let inside =
        confidence.is_f64() && (0.0..=1.0).contains(&confidence.as_f64().expect("a number"));
    assert!(inside, "{name}: {sign}");
}

/// Checks a skin type with its four chances.
pub fn check_skin_type(result: &Value) {
    let kind = &result["skin_type"];
    let details = kind["details"].as_array().expect("a list");
    assert_eq!(details.len(), 4);
    let chances = details.iter().map(|one| one["confidence"].as_f64().expect("a number"));
    assert!((chances.sum::<f64>() - 1.0).abs() < 1e-3, "{kind}");
    let chosen: Vec<_> = details.iter().map(|one| one["value"] == 1).collect();
    let place = kind["skin_type"].as_u64().expect("a class") as usize;
    assert!(chosen[place] && chosen.iter().filter(|&&one| one).count() == 1, "{kind}");
}
