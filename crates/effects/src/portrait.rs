//! All that beauty effects do to the faces of a photo, in their order: skin, features, then shape.

use image::RgbImage;
use safelight_contract::Result;
use safelight_vision::face::Part;

use crate::features::Features;
use crate::field::warp;
use crate::heal::Heal;
use crate::kit::Kit;
use crate::nearest;
use crate::retouch::Retouch;
use crate::shape::Shape;

/// How far around a face its window reaches: the neck is in it.
const AROUND: f32 = 0.5;

/// Peak bytes of the work on one face, whatever the photo.
pub const BASE_BYTES: u64 = 160 << 20;

/// What is skin of a face and its neck.
pub const SKIN: &[Part] = &[Part::Skin, Part::Nose, Part::LeftEar, Part::RightEar, Part::Neck];

/// What is asked of a portrait; all zero is as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beauty {
    /// Of the skin.
    pub skin: Retouch,
    /// Of the features.
    pub features: Features,
    /// Of the shape.
    pub shape: Shape,
    /// How far the eyebrows are taken away, 0 to 1.
    pub brows: f32,
}

impl Beauty {
    /// Does it to the faces that are given, one after the other, each on its own skin; asks `proceed`
    /// before each, and ends with its fault.
    pub fn apply(
        &self,
        photo: &mut RgbImage,
        kits: &[Kit],
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        for (kit, others) in nearest::with_others(kits) {
            proceed()?;
            self.colour(photo, kit, &others);
        }
        proceed()?;
        let fields: Vec<_> = kits.iter().filter_map(|kit| self.shape.field(kit)).collect();
        if !fields.is_empty() {
            *photo = warp(photo, fields);
        }
        Ok(())
    }

    fn colour(&self, photo: &mut RgbImage, kit: &Kit, others: &[&Kit]) {
        let Some(window) = kit.window(AROUND) else { return };
        let retouched = self.skin != Retouch::default();
        if retouched || self.brows > 0.0 {
            let cut = window.cut(photo);
            let skin = kit.skin_of(&window, &cut, SKIN);
            let skin = nearest::own(skin, &window, kit, others);
            if self.brows > 0.0 {
                let mut heal = Heal::new(kit, window, &cut, &skin);
                heal.brows(self.brows);
                heal.change().apply(photo);
            }
            if retouched {
                self.skin.change(kit, window, &window.cut(photo), &skin).apply(photo);
            }
        }
        if self.features != Features::default() {
            self.features.change(kit, window, &window.cut(photo)).apply(photo);
        }
    }
}
