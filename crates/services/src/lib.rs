//! The catalogue: one file per service, at the path its URL has. A service declares everything
//! about itself (path, price, parameters, picture rules, models, deadline, answer) and implements
//! one function from typed input to typed output; router, validation, metering, OpenAPI document
//! and command line all read that declaration.
//!
//! To add a service: write its file, then add one line to [`CATALOG`].

// The answers about skin have hundreds of fields, declared by a macro that takes them one by one.
#![recursion_limit = "1024"]

mod answer;
mod cutout;
mod declaration;
mod form;
mod image;
mod param;
mod portrait;
mod sample;
mod service;
mod work;

pub use answer::{Answer, Artifact, Node, Picture};
pub use declaration::{Declaration, Field, FieldKind, FileField, Memory, Mode};
pub use form::Form;
pub use param::{
    Choice, Cut, Defaulted, Flag, Integer, Kind, Number, Optional, Param, Parameter, Presence,
    Required, RequiredOr, Text, Words,
};
pub use sample::{Sample, samples};
pub use service::{Cost, Entry, Job, Service, Upload};
pub use work::{Cancel, Stage, Work};

/// Every service, in the order of its path.
pub static CATALOG: &[Entry] = &[
    Entry::of::<cutout::general::ApparelBackgroundRemoval>(),
    Entry::of::<cutout::general::CommodityBackgroundRemoval>(),
    Entry::of::<cutout::general::FoodBackgroundRemoval>(),
    Entry::of::<cutout::general::HdUniversalBackgroundRemoval>(),
    Entry::of::<cutout::general::UniversalBackgroundRemoval>(),
    Entry::of::<cutout::portrait::AvatarExtraction>(),
    Entry::of::<cutout::portrait::HairstyleExtraction>(),
    Entry::of::<cutout::portrait::HdPortraitBackgroundRemoval>(),
    Entry::of::<cutout::portrait::PortraitBackgroundRemoval>(),
    Entry::of::<image::editing::ImageCropping>(),
    Entry::of::<image::editing::IntelligentComposition>(),
    Entry::of::<image::editing::PhotoRetouching>(),
    Entry::of::<image::effects::ImageStyleConversion>(),
    Entry::of::<image::effects::ImageStyleMigration>(),
    Entry::of::<image::effects::PhotoToLineArt>(),
    Entry::of::<image::enhance::ImageColorEnhancement>(),
    Entry::of::<image::enhance::ImageContrastEnhancement>(),
    Entry::of::<image::enhance::ImageDefogging>(),
    Entry::of::<image::enhance::ImageLosslessEnlargement>(),
    Entry::of::<image::enhance::ImageSharpnessEnhancement>(),
    Entry::of::<image::enhance::StretchImageRecovery>(),
    Entry::of::<image::rating::ImageCompositionAestheticsScoring>(),
    Entry::of::<image::rating::ImageExposureScore>(),
    Entry::of::<portrait::analysis::AiFaceRating>(),
    Entry::of::<portrait::analysis::FaceAnalyzer>(),
    Entry::of::<portrait::analysis::FaceAnalyzerAdvanced>(),
    Entry::of::<portrait::analysis::FaceKeyPoints>(),
    Entry::of::<portrait::analysis::SkinAnalysis>(),
    Entry::of::<portrait::analysis::SkinAnalysisAdvanced>(),
    Entry::of::<portrait::analysis::SkinAnalysisPro>(),
    Entry::of::<portrait::effects::BlurredFaces>(),
];

/// Finds a service by its full path or by the last segment of it.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOG.iter().find(|entry| {
        let path = entry.declaration().path;
        path == name || path.rsplit('/').next() == Some(name)
    })
}
