//! Drawings after a photo: areas of one colour, shading in steps, ink around them.
//!
//! Everything starts from a [`Plan`]: the photo parted into areas (watershed and region merging), which
//! never cross the outline of the subject nor, in a head, the borders of hair, skin, neck, hat and
//! glasses. A page to colour in is the borders of the plan; a cartoon is its areas, filled.

mod cartoon;
mod ink;
mod page;
mod zones;

use image::{GrayImage, RgbImage};
use safelight_imaging::areas::{Areas, Colours};
use safelight_imaging::drawing::Bilateral;
use safelight_imaging::map::{Map, thumbnail};

pub use cartoon::{Manner, Tone, cartoon};
pub use page::{Lines, Weight, page};

use crate::kit::Kit;
use crate::lab::LabMap;

/// What is drawn. All of it has the size and the places of `photo`.
#[derive(Clone, Copy)]
pub struct Sitter<'a> {
    /// The photo.
    pub photo: &'a RgbImage,
    /// How much of each pixel belongs to the subject; none where nothing stands out.
    pub matte: Option<&'a GrayImage>,
    /// The faces, prepared on this photo; best with the parts of a square that hair lies in.
    pub kits: &'a [Kit],
}

/// How finely a photo is parted. Limits are those of [`safelight_imaging::areas::Rule`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fineness {
    /// Long side of the picture that is parted.
    pub side: u32,
    /// The limit within the subject.
    pub subject: f32,
    /// Behind it.
    pub background: f32,
    /// In hair.
    pub hair: f32,
    /// The least share of the picture that a part of the background has.
    pub least_background: f32,
    /// The least share of the picture that any area has.
    pub smallest: f32,
}

/// A photo parted into areas.
pub struct Plan {
    /// The areas.
    pub areas: Areas,
    /// Cells for each pixel of the photo.
    pub scale: f32,
    /// The photo, a pixel for each cell, without its texture.
    pub calm: RgbImage,
}

impl Plan {
    /// Of a photo of at least one pixel.
    pub fn of(sitter: &Sitter, fineness: Fineness) -> Self {
        let mut calm = thumbnail(sitter.photo, fineness.side);
        let scale = calm.width() as f32 / sitter.photo.width().max(1) as f32;
        Bilateral { radius: 4, range: 22.0, passes: 3 }.apply(&mut calm);
        let lab = LabMap::of(&calm);
        let mut colours = Colours::of([0, 1, 2].map(|channel| lab.plane(channel)));
        let zones = zones::of(sitter, &colours.planes[0], scale, fineness);
        colours.slope = colours.slope.join(&zones.damp, |slope, damp| slope * damp);
        let areas = Areas::of(&colours, &zones.zones, fineness.smallest);
        Self { areas, scale, calm }
    }

    /// Whether an area belongs to the background.
    pub fn is_background(&self, area: u32) -> bool {
        self.areas.zones[area as usize] == zones::BACKGROUND
    }

    /// Whether an area is hair.
    pub fn is_hair(&self, area: u32) -> bool {
        zones::is_hair(self.areas.zones[area as usize])
    }

    /// Whether a border is the outline of the subject.
    pub fn is_outline(&self, one: u32, two: u32) -> bool {
        self.is_background(one) != self.is_background(two)
    }
}

/// A matte at another size, 0 to 1.
fn matte_at(matte: &GrayImage, width: usize, height: usize) -> Map {
    use safelight_imaging::resize::{Filter, gray};
    let small = gray(matte, width as u32, height as u32, Filter::Area);
    let values = small.iter().map(|&value| f32::from(value) / 255.0).collect();
    Map { width, height, values }
}
