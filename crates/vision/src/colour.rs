//! Colours of gray pictures by a network that the operator added: DDColor (Kang et al. 2023). Tried with a
//! small graph of the same signature alone.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::map::Map;
use safelight_imaging::resize::{self, Filter};

use crate::Vision;
use crate::model::{Normalisation, check_photo, output, planes};
use crate::networks::{self, COLOUR};

impl Vision {
    /// Whether the operator chose a network that colours, and whoever asks declares [`COLOUR`].
    pub fn colours_pictures(&self) -> bool {
        self.models.chosen(COLOUR).is_some()
    }

    /// The likely colours of a gray photo: a* and b* of CIE L*a*b*, stretched over the photo whatever its
    /// aspect.
    ///
    /// # Errors
    /// Those of the model.
    pub fn likely_colours(&self, gray: &RgbImage) -> Result<[Map; 2]> {
        check_photo(gray)?;
        let model = self.models.get(COLOUR)?;
        let own = model.spec();
        // The published length, where the graph leaves it open.
        let published = networks::find(&own.name).map_or(0, |network| network.inputs[0].shape[3]);
        let side =
            own.inputs[0].shape.last().copied().filter(|side| *side > 0).unwrap_or(published);
        let small = resize::rgb(gray, side as u32, side as u32, Filter::Area);
        let input = planes(&small, Normalisation::UNIT)?;
        let outputs = model.run(&[(&*own.inputs[0].name, &input)])?;
        let numbers = output(&outputs, &own.name, &own.outputs[0].name, 2 * side * side)?;
        let (a, b) = numbers.split_at(side * side);
        let map = |values: &[f32]| Map { width: side, height: side, values: values.to_vec() };
        Ok([map(a), map(b)])
    }
}
