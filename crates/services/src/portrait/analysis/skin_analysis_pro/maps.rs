//! The maps that can be asked for.

use safelight_contract::Result;
use safelight_imaging::skin::{Chip, Dot, Extent, Mark, Overlay, Spot, relief};
use safelight_imaging::{Format, Photo, encode};
use serde_json::json;

use super::colors::Colors;
use super::findings::Findings;
use crate::answer::rounded;
use crate::portrait::analysis::skin::RED;
use crate::portrait::analysis::skin::subject::Subject;
use crate::{Artifact, Node};

/// A map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MapName {
    RedArea,
    BrownArea,
    Pores,
    Blackheads,
    OilyArea,
    Lines,
    WaterArea,
    RoughArea,
    RoiOutline,
    BlackWhite,
    LeftRoiOutline,
    RightRoiOutline,
}

const BROWN: [u8; 3] = [110, 60, 25];
const OIL: [u8; 3] = [255, 205, 40];
const WATER: [u8; 3] = [20, 70, 190];
const ROUGH: [u8; 3] = [110, 40, 130];
/// Radius of the pen as a share of the picture's diagonal, and at least this in pixels.
const PEN: (f32, f32) = (0.0008, 0.8);

/// Draws one map of the front view; none for those of the sides.
pub(super) fn draw(
    map: MapName,
    photo: &Photo,
    subject: &Subject,
    found: &Findings,
    colors: &Colors,
) -> Result<Option<(&'static str, Node)>> {
    let chip = &subject.skin.chip;
    let white = |extent: &Extent, color| extent.on_white(chip, color);
    let named = match map {
        MapName::RedArea => {
            ("red_area", jpeg(encode::jpeg(&white(&found.red, RED), encode::JPEG_QUALITY)?))
        }
        MapName::BrownArea => {
            ("brown_area", jpeg(encode::jpeg(&white(&found.brown, BROWN), encode::JPEG_QUALITY)?))
        }
        MapName::WaterArea => ("water_area", png(encode::png_rgb(&white(&found.dry, WATER))?)),
        MapName::RoughArea => ("rough_area", png(encode::png_rgb(&white(&found.rough, ROUGH))?)),
        MapName::Pores => ("texture_enhanced_pores", dots(chip, &found.pores.dots, colors.pores)?),
        MapName::Blackheads => (
            "texture_enhanced_blackheads",
            dots(chip, &found.pores.blackhead_dots, colors.blackhead)?,
        ),
        MapName::OilyArea => {
            let mut overlay = Overlay::over(chip);
            overlay.fill(chip, &found.oil, OIL);
            ("texture_enhanced_oily_area", transparent(overlay)?)
        }
        MapName::Lines => ("texture_enhanced_lines", lines(chip, found, colors)?),
        MapName::RoiOutline => ("roi_outline_map", outlines(chip, &found.spots, colors)?),
        MapName::BlackWhite => {
            let picture = relief(&photo.rgb, &subject.skin).picture;
            ("texture_enhanced_bw", jpeg(encode::jpeg(&picture, encode::JPEG_QUALITY)?))
        }
        MapName::LeftRoiOutline | MapName::RightRoiOutline => return Ok(None),
    };
    Ok(Some(named))
}

/// Where the black-and-white map lies in the photo.
pub(super) fn black_white_info(photo: &Photo, subject: &Subject) -> Node {
    let relief = relief(&photo.rgb, &subject.skin);
    let [left, top, width, height] = relief.part;
    Node::Json(json!({
        "enhanced_bw_rect": { "left": left, "top": top, "width": width, "height": height },
        "ratio": rounded(relief.ratio, 5),
    }))
}

/// The outlines of acne and brown spots.
pub(super) fn outlines(chip: &Chip, spots: &[Spot], colors: &Colors) -> Result<Node> {
    let mut overlay = Overlay::over(chip);
    for spot in spots {
        let color = match spot.mark {
            Mark::Papule | Mark::RedMark => colors.acne,
            Mark::Pustule => colors.acne_pustule,
            Mark::Nodule => colors.acne_nodule,
            Mark::ClosedComedone => colors.closed_comedones,
            Mark::Mole | Mark::BrownSpot => colors.brown_spot,
        };
        let outline: Vec<_> =
            spot.blob.outline().iter().map(|&p| chip.upright.to_photo(p)).collect();
        overlay.outline(&outline, pen(chip), color);
    }
    transparent(overlay)
}

fn lines(chip: &Chip, found: &Findings, colors: &Colors) -> Result<Node> {
    let mut overlay = Overlay::over(chip);
    for line in found.wrinkles.0.values().flat_map(|lines| &lines.lines) {
        let path: Vec<_> = line.path.iter().map(|&place| chip.upright.to_photo(place)).collect();
        let color = if line.is_deep() { colors.wrinkle } else { colors.fine_line };
        overlay.path(&path, pen(chip), color);
    }
    transparent(overlay)
}

fn dots(chip: &Chip, dots: &[Dot], color: [u8; 3]) -> Result<Node> {
    let mut overlay = Overlay::over(chip);
    for dot in dots {
        let radius = (dot.radius / chip.upright.magnification()).max(PEN.1);
        overlay.disc(chip.upright.to_photo(dot.centre), radius, color);
    }
    transparent(overlay)
}

fn pen(chip: &Chip) -> f32 {
    let (width, height) = chip.upright.photo_size();
    ((width as f32).hypot(height as f32) * PEN.0).max(PEN.1)
}

fn transparent(overlay: Overlay) -> Result<Node> {
    Ok(png(encode::png_cutout(&overlay.into_cutout())?))
}

fn png(bytes: Vec<u8>) -> Node {
    Node::Base64(Artifact { bytes, format: Format::Png })
}

fn jpeg(bytes: Vec<u8>) -> Node {
    Node::Base64(Artifact { bytes, format: Format::Jpeg })
}
