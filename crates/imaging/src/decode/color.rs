//! ICC profiles and coded colour spaces (CICP, ITU-T H.273) to sRGB through `moxcms`, in place and by
//! stripes; inks to colours.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients,
    ToneReprCurve, TransferCharacteristics, TransformExecutor, TransformOptions,
};
use rayon::prelude::*;

use super::MAX_PROFILE;

type Transform = Arc<dyn TransformExecutor<u8> + Send + Sync>;

/// Pixels that are converted at once; a stripe and its copy stay in the cache.
const STRIPE: usize = 4096;

/// The colour space of pixels.
#[derive(Clone, Copy)]
pub(super) enum Profile<'a> {
    /// An ICC profile.
    Icc(&'a [u8]),
    /// Named by code points.
    Coded(Coding),
}

impl Profile<'_> {
    fn read(self) -> Option<ColorProfile> {
        match self {
            Profile::Icc(bytes) if bytes.len() > MAX_PROFILE => None,
            Profile::Icc(bytes) => ColorProfile::new_from_slice(bytes).ok(),
            Profile::Coded(coding) => Some(coding.profile()),
        }
    }
}

/// A colour space by the code points of ITU-T H.273, for RGB.
#[derive(Clone, Copy)]
pub(super) struct Coding {
    primaries: CicpColorPrimaries,
    transfer: TransferCharacteristics,
    /// Whether black is 16 and white 235.
    pub(super) narrow: bool,
}

impl Coding {
    /// Nothing for code points that are reserved or say that something is not specified.
    pub(super) fn new(primaries: u8, transfer: u8, narrow: bool) -> Option<Self> {
        let primaries = CicpColorPrimaries::try_from(primaries).ok()?;
        let transfer = TransferCharacteristics::try_from(transfer).ok()?;
        let known = !matches!(
            (primaries, transfer),
            (CicpColorPrimaries::Reserved | CicpColorPrimaries::Unspecified, _)
                | (_, TransferCharacteristics::Reserved | TransferCharacteristics::Unspecified)
        );
        known.then_some(Self { primaries, transfer, narrow })
    }

    fn profile(self) -> ColorProfile {
        let mut profile = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: self.primaries,
            transfer_characteristics: self.transfer,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: !self.narrow,
        });
        // The curves count, not the names that they were made from.
        profile.cicp = None;
        if let Some(curve) = self.high_dynamic_range() {
            profile.red_trc = Some(curve.clone());
            profile.green_trc = Some(curve.clone());
            profile.blue_trc = Some(curve);
        }
        profile
    }

    /// For PQ and HLG (ITU-R BT.2100): light up to the reference white of 203 cd/m² (ITU-R BT.2408);
    /// what is brighter becomes white.
    fn high_dynamic_range(self) -> Option<ToneReprCurve> {
        let light: fn(f64) -> f64 = match self.transfer {
            TransferCharacteristics::Smpte2084 => |signal| pq_nits(signal) / 203.0,
            TransferCharacteristics::Hlg => |signal| {
                // Reference white is at 75 %; the display's gamma is 1.2.
                (hlg_scene(signal) / hlg_scene(0.75)).powf(1.2)
            },
            _ => return None,
        };
        let step = |i: u16| (light(f64::from(i) / 1023.0).min(1.0) * 65_535.0).round() as u16;
        Some(ToneReprCurve::Lut((0..1024).map(step).collect()))
    }
}

/// Candela for each square metre of a PQ signal (BT.2100, table 4).
fn pq_nits(signal: f64) -> f64 {
    let (m1, m2) = (2610.0 / 16_384.0, 2523.0 / 4096.0 * 128.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 4096.0 * 32.0, 2392.0 / 4096.0 * 32.0);
    let root = signal.powf(1.0 / m2);
    10_000.0 * ((root - c1).max(0.0) / (c2 - c3 * root)).powf(1.0 / m1)
}

/// Light of the scene of an HLG signal, 0 to 1 (BT.2100, table 5).
fn hlg_scene(signal: f64) -> f64 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_73);
    if signal <= 0.5 { signal * signal / 3.0 } else { (((signal - c) / a).exp() + b) / 12.0 }
}

/// Brings narrow range (16 to 235) to the full one.
pub(super) fn widen(pixels: &mut [u8]) {
    let table: [u8; 256] =
        std::array::from_fn(|v| ((v as i32 - 16) * 255 + 109).div_euclid(219).clamp(0, 255) as u8);
    for value in pixels {
        *value = table[usize::from(*value)];
    }
}

/// Brings RGB from its profile to sRGB.
pub(super) fn rgb_to_srgb(pixels: &mut [u8], profile: Option<Profile>) {
    let Some(transform) = profile.and_then(|p| transform(p, DataColorSpace::Rgb, Layout::Rgb))
    else {
        return;
    };
    pixels.par_chunks_mut(STRIPE * 3).for_each_init(
        || Vec::with_capacity(STRIPE * 3),
        |copy, stripe| {
            copy.clear();
            copy.extend_from_slice(stripe);
            // Lengths match, so this cannot fail; should it, the pixels stay as they are.
            let _ = transform.transform(copy, stripe);
        },
    );
}

/// Brings gray, spread over three channels, from its profile to sRGB.
pub(super) fn neutral_to_srgb(pixels: &mut [u8], profile: Option<Profile>) {
    if let Some(table) = profile.and_then(gray_table) {
        for pixel in pixels.as_chunks_mut::<3>().0 {
            *pixel = table[usize::from(pixel[0])];
        }
    }
}

/// What each gray becomes. Some gray pictures carry an RGB profile; its neutral axis is theirs.
fn gray_table(profile: Profile) -> Option<[[u8; 3]; 256]> {
    let ramp: [u8; 256] = std::array::from_fn(|v| v as u8);
    let mut table = [[0; 3]; 256];
    let done = if let Some(gray) = transform(profile, DataColorSpace::Gray, Layout::Gray) {
        gray.transform(&ramp, table.as_flattened_mut())
    } else {
        let rgb = transform(profile, DataColorSpace::Rgb, Layout::Rgb)?;
        let ramp = ramp.map(|v| [v; 3]);
        rgb.transform(ramp.as_flattened(), table.as_flattened_mut())
    };
    done.ok().map(|()| table)
}

/// Adobe's YCCK to its CMYK, in place: the first three channels are YCbCr (T.871) of the inks'
/// amounts, the fourth is as in CMYK.
pub(super) fn ycck_to_cmyk(pixels: &mut [u8]) {
    for [y, cb, cr, _] in pixels.as_chunks_mut::<4>().0 {
        let (luma, b, r) = (i32::from(*y) << 16, i32::from(*cb) - 128, i32::from(*cr) - 128);
        let round = |v: i32| ((v + (1 << 15)) >> 16).clamp(0, 255) as u8;
        let red = round(luma + 91_881 * r);
        let green = round(luma - 22_554 * b - 46_802 * r);
        let blue = round(luma + 116_130 * b);
        // Adobe's CMYK holds what is left without ink.
        (*y, *cb, *cr) = (255 - red, 255 - green, 255 - blue);
    }
}

/// CMYK as JPEG holds it to sRGB, reusing its memory. The values are inverted (255 is no ink), as
/// Adobe writes them and as browsers take all four-channel JPEGs.
pub(super) fn cmyk_to_srgb(mut pixels: Vec<u8>, profile: Option<Profile>) -> Vec<u8> {
    let transform = profile.and_then(|p| transform(p, DataColorSpace::Cmyk, Layout::Rgba));
    let count = pixels.len() / 4;
    let mut inks = Vec::with_capacity(STRIPE * 4);
    for start in (0..count).step_by(STRIPE) {
        let end = (start + STRIPE).min(count);
        inks.clear();
        inks.extend(pixels[start * 4..end * 4].iter().map(|v| 255 - v));
        // The result is shorter than what it replaces, so it never catches up.
        let rgb = &mut pixels[start * 3..end * 3];
        let done = transform.as_ref().is_some_and(|t| t.transform(&inks, rgb).is_ok());
        if !done {
            plain_cmyk(&inks, rgb);
        }
    }
    pixels.truncate(count * 3);
    pixels.shrink_to_fit();
    pixels
}

/// Each ink takes its share of the light that black leaves.
fn plain_cmyk(inks: &[u8], rgb: &mut [u8]) {
    for (ink, rgb) in inks.as_chunks::<4>().0.iter().zip(rgb.as_chunks_mut::<3>().0) {
        let light = 255 - u32::from(ink[3]);
        let share = |ink: u8| (((255 - u32::from(ink)) * light + 127) / 255) as u8;
        *rgb = [share(ink[0]), share(ink[1]), share(ink[2])];
    }
}

/// From a profile of the given colour space to sRGB; nothing where the profile does not fit or is
/// sRGB itself.
fn transform(profile: Profile, space: DataColorSpace, layout: Layout) -> Option<Transform> {
    // Profiles come from outside, and parsing them is intricate.
    catch_unwind(AssertUnwindSafe(|| {
        let source = profile.read()?;
        if source.color_space != space {
            return None;
        }
        let target = ColorProfile::new_srgb();
        if space == DataColorSpace::Rgb && is_srgb(&source, &target) {
            return None;
        }
        let options = TransformOptions::default();
        source.create_transform_8bit(layout, &target, Layout::Rgb, options).ok()
    }))
    .ok()
    .flatten()
}

/// Whether a profile has the primaries and, to within a step of 8 bits, the curves of sRGB. Most
/// photos carry one of the many that do; they need no work.
fn is_srgb(profile: &ColorProfile, srgb: &ColorProfile) -> bool {
    let primaries = |p: &ColorProfile| {
        [p.red_colorant, p.green_colorant, p.blue_colorant].map(|c| [c.x, c.y, c.z])
    };
    let same = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.002);
    let (mine, its) = (primaries(profile), primaries(srgb));
    if profile.lut_a_to_b_perceptual.is_some()
        || profile.lut_a_to_b_colorimetric.is_some()
        || !mine.iter().zip(&its).all(|(a, b)| same(a, b))
    {
        return false;
    }
    let Ok(target) = srgb.build_8bit_lin_table(&srgb.red_trc) else { return false };
    [&profile.red_trc, &profile.green_trc, &profile.blue_trc].into_iter().all(|curve| {
        profile.build_8bit_lin_table(curve).is_ok_and(|light| {
            (1..255).all(|v| (light[v] - target[v]).abs() < (target[v + 1] - target[v - 1]) * 0.4)
        })
    })
}
