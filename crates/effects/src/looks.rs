//! Looks: tone, split tone and colour by hue as one colour table, then halation, vignette and grain.
//!
//! The looks are data, `data/looks.toml`, which says what each number means. A look is baked into a
//! table of 33 x 33 x 33 colours together with its strength: the mix with the photo is linear in Oklab.
//! The looks are our own; services give them the names that their callers know.

mod finish;

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use image::RgbImage;
use safelight_imaging::color::{Rgb, in_gamut, oklab, smoothstep, to_linear, to_srgb};
use safelight_imaging::lut::Lut;
use serde::Deserialize;

/// Peak bytes of [`Look::apply`], whatever the photo.
pub const BASE_BYTES: u64 = 4 << 20;

/// Peak bytes of [`Look::apply`] for each pixel of the photo.
pub const BYTES_PER_PIXEL: u64 = 2;

/// How a photo is toned and coloured; `data/looks.toml` describes the fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Unique name: lower case with hyphens.
    pub id: String,
    /// What it has in common with others.
    pub family: Family,
    /// Whether colouring everything is the purpose; else colours of skin keep the hue of skin.
    #[serde(default)]
    pub tint: bool,
    #[serde(default)]
    curve: [f32; 3],
    #[serde(default)]
    fade: f32,
    #[serde(default)]
    white: f32,
    #[serde(default)]
    shadows: Tone,
    #[serde(default)]
    highlights: Tone,
    #[serde(default = "one")]
    saturation: f32,
    #[serde(default)]
    bands: Bands<Factor>,
    #[serde(default)]
    turns: Bands<Degrees>,
    #[serde(default)]
    grain: f32,
    #[serde(default)]
    vignette: f32,
    #[serde(default)]
    halation: Option<Halation>,
}

/// What looks have in common.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Bright, soft light on skin.
    Fair,
    /// Contrast without a colour of its own.
    Clear,
    /// Yellow and orange light.
    Warm,
    /// Blue and green light.
    Cool,
    /// Rose and violet light.
    Pink,
    /// Strong colours.
    Vivid,
    /// Low contrast and pale colours.
    Faded,
    /// Split tones and dark shadows.
    Film,
    /// Without colours, or nearly.
    Mono,
}

/// A colour that is added to one half of the lightness range.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tone {
    hue: f32,
    chroma: f32,
}

/// A glow around the brightest parts.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Halation {
    amount: f32,
    color: Rgb,
}

/// One number for each of eight hues.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, bound = "T: Neutral")]
struct Bands<T> {
    red: f32,
    orange: f32,
    yellow: f32,
    green: f32,
    cyan: f32,
    blue: f32,
    purple: f32,
    pink: f32,
    #[serde(skip)]
    neutral: std::marker::PhantomData<T>,
}

/// The number of a band that changes nothing.
trait Neutral {
    const VALUE: f32;
}

#[derive(Clone, Copy, Debug)]
struct Factor;
#[derive(Clone, Copy, Debug)]
struct Degrees;

impl Neutral for Factor {
    const VALUE: f32 = 1.0;
}

impl Neutral for Degrees {
    const VALUE: f32 = 0.0;
}

impl<T: Neutral> Default for Bands<T> {
    fn default() -> Self {
        let [red, orange, yellow, green, cyan, blue, purple, pink] = [T::VALUE; 8];
        let neutral = std::marker::PhantomData;
        Self { red, orange, yellow, green, cyan, blue, purple, pink, neutral }
    }
}

/// The Oklab hues of the bands in degrees, ascending.
const HUES: [f32; 8] = [29.0, 65.0, 110.0, 142.0, 195.0, 264.0, 305.0, 355.0];

impl<T> Bands<T> {
    fn numbers(&self) -> [f32; 8] {
        let Self { red, orange, yellow, green, cyan, blue, purple, pink, .. } = *self;
        [red, orange, yellow, green, cyan, blue, purple, pink]
    }

    /// The number for a hue in degrees, linear between two bands.
    fn at(&self, hue: f32) -> f32 {
        let numbers = self.numbers();
        let hue = (hue - HUES[0]).rem_euclid(360.0) + HUES[0];
        let next = HUES.iter().position(|&other| other > hue).unwrap_or(HUES.len());
        let (before, after) = (next - 1, next % HUES.len());
        let span = (HUES[after] - HUES[before]).rem_euclid(360.0);
        let way = (hue - HUES[before]) / span;
        numbers[before] + (numbers[after] - numbers[before]) * way
    }
}

fn one() -> f32 {
    1.0
}

/// Every look of the data file.
pub static LOOKS: LazyLock<Vec<Look>> = LazyLock::new(|| {
    read(include_str!("../data/looks.toml")).expect("the looks that ship are tested to be valid")
});

/// The looks of the beautifying filters, by their numbers from 1.
pub const BEAUTY: [&str; 35] = [
    "black-and-white",
    "calm",
    "sunny-day",
    "journey",
    "beautify-skin",
    "hong-kong",
    "aesthetic",
    "lovely",
    "new-york",
    "sakura",
    "seventeen",
    "soft-light",
    "afternoon-tea",
    "brighten-skin",
    "chaplin",
    "floral",
    "memories",
    "ice-beauty",
    "paris",
    "time",
    "lomo",
    "old-times",
    "early-spring",
    "story",
    "abao",
    "fill-light",
    "warm",
    "gorgeous",
    "lavender",
    "chanel",
    "prague",
    "old-dreams",
    "peach-blossom",
    "pink",
    "misty-rain",
];

/// The look of this name.
pub fn find(id: &str) -> Option<&'static Look> {
    LOOKS.iter().find(|look| look.id == id)
}

/// Reads looks from TOML.
///
/// # Errors
/// A sentence for text that does not fit the schema, numbers outside their range, curves that fall, and
/// names that occur twice.
pub fn read(text: &str) -> Result<Vec<Look>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        look: Vec<Look>,
    }
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut names: Vec<_> = file.look.iter().map(|look| &*look.id).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("the look {} occurs twice", twice[0]));
    }
    file.look.iter().try_for_each(Look::check)?;
    Ok(file.look)
}

impl Look {
    /// Tones and colours a photo in place. `strength` from 0, which changes nothing, to 1. The photo's
    /// size decides the size of grain and glow, so that a look is the same at any size.
    pub fn apply(&self, photo: &mut RgbImage, strength: f32) {
        let strength = strength.clamp(0.0, 1.0);
        if strength == 0.0 {
            return;
        }
        if let Some(halation) = &self.halation {
            finish::glow(photo, halation.amount * strength, halation.color);
        }
        self.table(strength).apply(photo);
        finish::vignette_and_grain(photo, self.vignette * strength, self.grain * strength);
    }

    /// The colour table of the look at this strength.
    pub fn table(&self, strength: f32) -> Lut {
        let curve = Curve::new(self);
        Lut::bake(|color| {
            let lab = oklab(color.map(to_linear));
            let toned = self.tone(&curve, lab);
            let mixed = std::array::from_fn(|i| lab[i] + (toned[i] - lab[i]) * strength);
            let light = in_gamut(mixed, range(color.map(to_linear)));
            light.map(|light| to_srgb(light).clamp(0.0, 1.0))
        })
    }

    /// What becomes of an Oklab colour.
    fn tone(&self, curve: &Curve, [lightness, a, b]: [f32; 3]) -> [f32; 3] {
        let hue = b.atan2(a).to_degrees();
        let code = to_srgb(lightness.max(0.0).powi(3));
        let toned = to_linear(curve.at(code)).cbrt();
        // As with more or less light: chroma grows with lightness.
        let light = (toned / lightness.max(0.05)).clamp(0.6, 1.4);
        let chroma = a.hypot(b) * light * self.saturation * self.bands.at(hue);
        let hue = (hue + self.turns.at(hue)).to_radians();
        let bright = smoothstep(0.3, 0.9, toned);
        let tint = |tone: Tone, share: f32| {
            let (sin, cos) = tone.hue.to_radians().sin_cos();
            [tone.chroma * share * cos, tone.chroma * share * sin]
        };
        let (dark, bright) = (tint(self.shadows, 1.0 - bright), tint(self.highlights, bright));
        let toned_a = chroma * hue.cos() + dark[0] + bright[0];
        let toned_b = chroma * hue.sin() + dark[1] + bright[1];
        let guard = if self.tint { 0.0 } else { likeness_to_skin(a, b) };
        let [a, b] = turned_to_skin([toned_a, toned_b], guard);
        [toned, a, b]
    }

    fn check(&self) -> Result<(), String> {
        let within = |name: &str, values: &[f32], from: f32, to: f32| match values
            .iter()
            .find(|value| !(from..=to).contains(*value))
        {
            Some(value) => {
                Err(format!("{name} of {} is {value}, allowed are {from} to {to}", self.id))
            }
            None => Ok(()),
        };
        within("curve", &self.curve, -0.15, 0.15)?;
        within("fade", &[self.fade], 0.0, 0.2)?;
        within("white", &[self.white], -0.2, 0.0)?;
        within("hue", &[self.shadows.hue, self.highlights.hue], 0.0, 360.0)?;
        within("chroma", &[self.shadows.chroma, self.highlights.chroma], 0.0, 0.05)?;
        within("saturation", &[self.saturation], 0.0, 1.5)?;
        within("bands", &self.bands.numbers(), 0.5, 1.5)?;
        within("turns", &self.turns.numbers(), -40.0, 40.0)?;
        within("grain", &[self.grain], 0.0, 0.06)?;
        within("vignette", &[self.vignette], 0.0, 0.6)?;
        if let Some(halation) = &self.halation {
            within("halation", &[halation.amount], 0.0, 0.6)?;
            within("halation's color", &halation.color, 0.0, 1.0)?;
        }
        let rises = Curve::knots(self).is_sorted_by(|a, b| a < b);
        if rises { Ok(()) } else { Err(format!("the curve of {} falls", self.id)) }
    }
}

/// A rising curve of lightness through five points, in code values of sRGB.
struct Curve {
    knots: [f32; 5],
    slopes: [f32; 5],
}

impl Curve {
    fn knots(look: &Look) -> [f32; 5] {
        let [shadows, middle, highlights] = look.curve;
        // Black that is lifted lifts the shadows above it.
        let lift = look.fade * 0.35;
        let drop = look.white * 0.5;
        let quarter = 0.25 + shadows + lift;
        [look.fade, quarter, 0.5 + middle, 0.75 + highlights + drop, 1.0 + look.white]
    }

    /// The monotone cubic of Fritsch and Carlson (1980).
    fn new(look: &Look) -> Self {
        let knots = Self::knots(look);
        let secant = |i: usize| (knots[i + 1] - knots[i]) * 4.0;
        let slopes = std::array::from_fn(|i| match i {
            0 => secant(0),
            4 => secant(3),
            _ => {
                let (before, after) = (secant(i - 1), secant(i));
                2.0 * before * after / (before + after).max(1e-6)
            }
        });
        Self { knots, slopes }
    }

    fn at(&self, value: f32) -> f32 {
        let place = value.clamp(0.0, 1.0) * 4.0;
        let i = (place as usize).min(3);
        let t = place - i as f32;
        let (t2, t3) = (t * t, t * t * t);
        let rise = 2.0 * t3 - 3.0 * t2;
        self.knots[i] * (1.0 + rise) - self.knots[i + 1] * rise
            + (self.slopes[i] * (t3 - 2.0 * t2 + t) + self.slopes[i + 1] * (t3 - t2)) / 4.0
    }
}

/// Oklab hues of skin in degrees, whoever's it is.
const SKIN: [f32; 2] = [43.0, 57.0];

/// How much an Oklab colour looks like skin, 0 to 1, by its hue and chroma.
fn likeness_to_skin(a: f32, b: f32) -> f32 {
    let hue = b.atan2(a).to_degrees();
    let by_hue = smoothstep(20.0, 36.0, hue) * (1.0 - smoothstep(74.0, 95.0, hue));
    by_hue * smoothstep(0.012, 0.03, a.hypot(b))
}

/// A colour turned towards the hues of skin as far as it lies outside of them.
fn turned_to_skin([a, b]: [f32; 2], share: f32) -> [f32; 2] {
    let hue = b.atan2(a).to_degrees();
    let hue = (hue + (hue.clamp(SKIN[0], SKIN[1]) - hue) * share).to_radians();
    let chroma = a.hypot(b);
    [chroma * hue.cos(), chroma * hue.sin()]
}

/// Linear light from which a channel is nearly at an end of its range.
const ENDS: [f32; 2] = [0.0008, 0.985];

/// The range of channels for what a colour of linear light becomes: no channel comes nearer to the ends
/// than [`ENDS`] or than it was.
fn range(origin: Rgb) -> RangeInclusive<f32> {
    let low = origin.into_iter().fold(ENDS[0], f32::min) - 1e-4;
    let high = origin.into_iter().fold(ENDS[1], f32::max) + 1e-4;
    low..=high
}
