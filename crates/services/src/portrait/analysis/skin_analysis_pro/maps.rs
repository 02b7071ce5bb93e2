//! The maps that can be asked for.

use safelight_imaging::skin::{Chip, Dot, Extent, Mark, Overlay, Spot, relief};
use safelight_imaging::{Format, Photo, encode};
use safelight_operation::{Artifact, Base64, FileFormat, Output, Result, ValueEnum, rounded};

use super::colors::Colors;
use super::findings::Findings;
use crate::portrait::analysis::skin::RED;
use crate::portrait::analysis::skin::answer::WholeRectangle;
use crate::portrait::analysis::skin::subject::Subject;

/// A map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MapName {
    /// redness on white, and its measures as `sensitivity`
    RedArea,
    /// browning on white
    BrownArea,
    /// enlarged pores
    #[value("texture_enhanced_pores")]
    Pores,
    /// blackheads
    #[value("texture_enhanced_blackheads")]
    Blackheads,
    /// shine
    #[value("texture_enhanced_oily_area")]
    OilyArea,
    /// wrinkles and fine lines
    #[value("texture_enhanced_lines")]
    Lines,
    /// dryness on white
    WaterArea,
    /// roughness on white
    RoughArea,
    /// outlines of acne and spots
    #[value("roi_outline_map")]
    RoiOutline,
    /// the face in black and white
    #[value("texture_enhanced_bw")]
    BlackWhite,
    /// outlines on the left profile
    #[value("left_roi_outline_map")]
    LeftRoiOutline,
    /// outlines on the right profile
    #[value("right_roi_outline_map")]
    RightRoiOutline,
}

/// The maps of the front view.
#[derive(Default, PartialEq, Output)]
pub(super) struct FaceMaps {
    /// Redness on white at the photo's size, a JPEG. All maps: with their name in `return_maps`.
    #[output(format = FileFormat::Picture(Format::Jpeg))]
    red_area: Option<Base64>,
    /// Browning on white, a JPEG.
    #[output(format = FileFormat::Picture(Format::Jpeg))]
    brown_area: Option<Base64>,
    /// Enlarged pores on transparent ground, a PNG.
    texture_enhanced_pores: Option<Base64>,
    /// Blackheads on transparent ground, a PNG.
    texture_enhanced_blackheads: Option<Base64>,
    /// Shine on transparent ground, a PNG.
    texture_enhanced_oily_area: Option<Base64>,
    /// Wrinkles and fine lines on transparent ground, a PNG.
    texture_enhanced_lines: Option<Base64>,
    /// Dryness on white, a PNG.
    water_area: Option<Base64>,
    /// Roughness on white, a PNG.
    rough_area: Option<Base64>,
    /// Outlines of acne and spots on transparent ground, a PNG.
    roi_outline_map: Option<Base64>,
    /// The face in black and white, pores and blackheads stressed, a JPEG.
    #[output(format = FileFormat::Picture(Format::Jpeg))]
    texture_enhanced_bw: Option<Base64>,
}

/// Where the black-and-white map lies.
#[derive(Output)]
pub(super) struct BlackWhiteInfo {
    /// Part of the photo that `texture_enhanced_bw` shows.
    enhanced_bw_rect: WholeRectangle,
    /// Pixels of that map for one of the photo.
    ratio: f64,
}

const BROWN: [u8; 3] = [110, 60, 25];
const OIL: [u8; 3] = [255, 205, 40];
const WATER: [u8; 3] = [20, 70, 190];
const ROUGH: [u8; 3] = [110, 40, 130];
/// Radius of the pen as a share of the picture's diagonal, and at least this in pixels.
const PEN: (f32, f32) = (0.0008, 0.8);

impl FaceMaps {
    /// Draws one more map; none for those of the sides.
    pub fn draw(
        &mut self,
        map: MapName,
        photo: &Photo,
        subject: &Subject,
        found: &Findings,
        colors: &Colors,
    ) -> Result<()> {
        let chip = &subject.skin.chip;
        match map {
            MapName::RedArea => self.red_area = Some(jpeg_on_white(chip, &found.red, RED)?),
            MapName::BrownArea => self.brown_area = Some(jpeg_on_white(chip, &found.brown, BROWN)?),
            MapName::WaterArea => self.water_area = Some(png_on_white(chip, &found.dry, WATER)?),
            MapName::RoughArea => self.rough_area = Some(png_on_white(chip, &found.rough, ROUGH)?),
            MapName::Pores => {
                let map = dots(chip, &found.pores.dots, colors.pores)?;
                self.texture_enhanced_pores = Some(map);
            }
            MapName::Blackheads => {
                let map = dots(chip, &found.pores.blackhead_dots, colors.blackhead)?;
                self.texture_enhanced_blackheads = Some(map);
            }
            MapName::OilyArea => {
                let mut overlay = Overlay::over(chip);
                overlay.fill(chip, &found.oil, OIL);
                self.texture_enhanced_oily_area = Some(transparent(overlay)?);
            }
            MapName::Lines => self.texture_enhanced_lines = Some(lines(chip, found, colors)?),
            MapName::RoiOutline => {
                self.roi_outline_map = Some(outlines(chip, &found.spots, colors)?);
            }
            MapName::BlackWhite => {
                let picture = relief(&photo.rgb, &subject.skin).picture;
                let map = jpeg(encode::jpeg(&picture, encode::JPEG_QUALITY)?);
                self.texture_enhanced_bw = Some(map);
            }
            MapName::LeftRoiOutline | MapName::RightRoiOutline => {}
        }
        Ok(())
    }

    /// The maps, if there are any.
    pub fn if_any(self) -> Option<Self> {
        Some(self).filter(|maps| *maps != Self::default())
    }
}

/// Where the black-and-white map lies in the photo.
pub(super) fn black_white_info(photo: &Photo, subject: &Subject) -> BlackWhiteInfo {
    let relief = relief(&photo.rgb, &subject.skin);
    BlackWhiteInfo { enhanced_bw_rect: relief.part.into(), ratio: rounded(relief.ratio, 5) }
}

/// The outlines of acne and brown spots.
pub(super) fn outlines(chip: &Chip, spots: &[Spot], colors: &Colors) -> Result<Base64> {
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

fn lines(chip: &Chip, found: &Findings, colors: &Colors) -> Result<Base64> {
    let mut overlay = Overlay::over(chip);
    for line in found.wrinkles.lines.values().flat_map(|lines| &lines.lines) {
        let path: Vec<_> = line.path.iter().map(|&place| chip.upright.to_photo(place)).collect();
        let color = if line.is_deep() { colors.wrinkle } else { colors.fine_line };
        overlay.path(&path, pen(chip), color);
    }
    transparent(overlay)
}

fn dots(chip: &Chip, dots: &[Dot], color: [u8; 3]) -> Result<Base64> {
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

fn transparent(overlay: Overlay) -> Result<Base64> {
    Ok(png(encode::png_cutout(&overlay.into_cutout())?))
}

/// An extent on white.
fn jpeg_on_white(chip: &Chip, extent: &Extent, color: [u8; 3]) -> Result<Base64> {
    Ok(jpeg(encode::jpeg(&extent.on_white(chip, color), encode::JPEG_QUALITY)?))
}

/// The same without loss.
fn png_on_white(chip: &Chip, extent: &Extent, color: [u8; 3]) -> Result<Base64> {
    Ok(png(encode::png_rgb(&extent.on_white(chip, color))?))
}

fn png(bytes: Vec<u8>) -> Base64 {
    Base64(Artifact::picture(bytes, Format::Png))
}

fn jpeg(bytes: Vec<u8>) -> Base64 {
    Base64(Artifact::picture(bytes, Format::Jpeg))
}
