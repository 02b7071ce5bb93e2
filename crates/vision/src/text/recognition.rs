//! What a line of text says: the recogniser of PP-OCRv6 (Baidu) over 18,708 characters, read off by the
//! best class of every step (CTC, Graves et al. 2006).

use std::sync::LazyLock;

use image::{GrayImage, Rgb, RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::map::median;
use safelight_imaging::warp::{Affine, Border, warp};
use safelight_inference::{Elements, Models};

use super::RECOGNITION;
use super::quad::Quad;
use crate::model::{Normalisation, mismatch, output, planes};

/// The characters that the model knows, one a line, in the order of its classes; class 0 is none of them,
/// and the class after the last is the space.
const CHARACTERS: &str = include_str!("characters.txt");
static CLASSES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let known = CHARACTERS.split_terminator('\n');
    std::iter::once("").chain(known).chain([" "]).collect()
});

/// Height of a line as the model sees it, and its width at most.
const HEIGHT: u32 = 48;
const MOST_WIDTH: f32 = 3200.0;
/// The model answers once for so many columns.
const STEP: usize = 8;
/// Widths are filled up to multiples of this, so that the engine meets few shapes.
const GRAIN: u32 = 32;
/// What fills up: 0 for the model.
const GROUND: Rgb<u8> = Rgb([128; 3]);
const SIGNED: Normalisation = Normalisation { divisor: 127.5, mean: [1.0; 3], deviation: [1.0; 3] };

/// A character of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letter {
    /// The character; a space stands for itself.
    pub text: &'static str,
    /// Where its middle is, as a share of the line's width.
    pub at: f32,
    /// The model's probability of it.
    pub probability: f32,
}

/// What a line says and how sure that is.
pub(super) struct Said {
    pub letters: Vec<Letter>,
    /// The mean probability of the letters, times the share of the ink that lies where they are: a line in
    /// a script that the model does not know has ink without letters. 0 without letters.
    pub confidence: f32,
}

/// Reads the line of text at a place of the photo.
pub(super) fn read(models: &Models, photo: &RgbImage, place: &Quad) -> Result<Said> {
    let line = cut(photo, place);
    let wide = line.width().div_ceil(GRAIN) * GRAIN;
    let mut filled = RgbImage::from_pixel(wide, HEIGHT, GROUND);
    imageops::replace(&mut filled, &line, 0, 0);
    let outputs = models.get(RECOGNITION)?.run(&[("line", &planes(&filled, SIGNED)?)])?;
    let Some(Elements::I32(classes)) = outputs.get("class").map(|tensor| tensor.elements()) else {
        return Err(mismatch("the recogniser gave no classes"));
    };
    let probabilities = output(&outputs, RECOGNITION, "probability", classes.len())?;
    let letters = decode(classes, probabilities, line.width())?;
    let sure: Vec<f32> = solid(&letters).map(|letter| letter.probability).collect();
    let mean = sure.iter().sum::<f32>() / sure.len().max(1) as f32;
    let confidence = mean * explained(&line, &letters);
    Ok(Said { letters, confidence })
}

fn solid(letters: &[Letter]) -> impl Iterator<Item = &Letter> {
    letters.iter().filter(|letter| !letter.text.trim().is_empty())
}

/// The line, level and of the model's height.
fn cut(photo: &RgbImage, place: &Quad) -> RgbImage {
    let ratio = place.width() / place.height().max(1.0);
    let width = (HEIGHT as f32 * ratio).ceil().clamp(16.0, MOST_WIDTH) as u32;
    let [a, b, _, d] = place.0.map(|point| point.map(f64::from));
    // From the middle of a pixel of the line to that of a pixel of the photo.
    let rows = [0, 1].map(|axis| {
        let across = (b[axis] - a[axis]) / f64::from(width);
        let down = (d[axis] - a[axis]) / f64::from(HEIGHT);
        [across, down, a[axis] + (across + down) / 2.0 - 0.5]
    });
    match (Affine { rows }).inverse() {
        Some(into) => warp(photo, &into, width, HEIGHT, Border::Replicate),
        None => RgbImage::from_pixel(width, HEIGHT, GROUND),
    }
}

/// The letters of a line of so many pixels: runs of one class that is not 0.
fn decode(classes: &[i32], probabilities: &[f32], width: u32) -> Result<Vec<Letter>> {
    let steps: Vec<_> = classes.iter().zip(probabilities).enumerate().collect();
    let runs = steps.chunk_by(|(_, a), (_, b)| a.0 == b.0).filter(|run| *run[0].1.0 != 0);
    let letters = runs.map(|run| {
        let (first, last) = (run[0].0, run[run.len() - 1].0);
        let middle = (first + last + 1) as f32 / 2.0 * STEP as f32;
        let class = usize::try_from(*run[0].1.0).ok().and_then(|class| CLASSES.get(class));
        let text = *class.ok_or_else(|| mismatch("the recogniser gave a class that is none"))?;
        let probability = run.iter().map(|(_, step)| *step.1).fold(0.0, f32::max);
        Ok(Letter { text, at: (middle / width as f32).min(1.0), probability })
    });
    letters.collect()
}

/// The share of the columns with ink that lie near a letter.
fn explained(line: &RgbImage, letters: &[Letter]) -> f32 {
    let inked = inked_columns(&imageops::grayscale(line));
    let width = line.width() as f32;
    let places: Vec<f32> = solid(letters).map(|letter| letter.at * width).collect();
    if places.is_empty() {
        return 0.0;
    }
    if inked.is_empty() {
        return 1.0;
    }
    let mut gaps: Vec<f32> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // As far as from one letter to the next; a lone one reaches half a line's height.
    let pitch = if gaps.is_empty() { 24.0 } else { median(&mut gaps).clamp(10.0, 30.0) };
    let is_near = |column: f32| {
        let next = places.partition_point(|&place| place < column);
        let around = [next.checked_sub(1), Some(next)].into_iter().flatten();
        around.filter_map(|at| places.get(at)).any(|place| (place - column).abs() <= pitch)
    };
    let near = inked.iter().filter(|&&column| is_near(column as f32 + 0.5)).count();
    near as f32 / inked.len() as f32
}

/// The columns that differ from the ground in two pixels or more of their middle part.
fn inked_columns(line: &GrayImage) -> Vec<u32> {
    let mut histogram = [0_usize; 256];
    line.iter().for_each(|&value| histogram[usize::from(value)] += 1);
    let ground = quantile(&histogram, 0.5);
    let mut differences = [0_usize; 256];
    let differ = |value: u8| usize::from(value).abs_diff(ground);
    line.iter().for_each(|&value| differences[differ(value)] += 1);
    let least = (quantile(&differences, 0.97) / 2).max(24);
    let rows = HEIGHT / 8..HEIGHT - HEIGHT / 8;
    let is_inked =
        |x: &u32| rows.clone().filter(|&y| differ(line.get_pixel(*x, y).0[0]) > least).count() >= 2;
    (0..line.width()).filter(is_inked).collect()
}

fn quantile(histogram: &[usize; 256], share: f32) -> usize {
    let wanted = (histogram.iter().sum::<usize>() as f32 * share) as usize;
    let mut below = 0;
    let at = histogram.iter().position(|count| {
        below += count;
        below > wanted
    });
    at.unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> i32 {
        CLASSES.iter().position(|known| *known == text).expect("a character") as i32
    }

    #[test]
    fn the_characters_are_those_of_the_model() {
        assert_eq!(CLASSES.len(), 18_710);
        assert_eq!((CLASSES[0], CLASSES[18_709]), ("", " "));
        for text in ["A", "ß", "ł", "漢", "の", "<", "0"] {
            assert!(class(text) > 0);
        }
        // What is refused, not guessed: Cyrillic, Hangul, Arabic, Hebrew, Thai, Devanagari.
        let foreign = "\u{416}\u{d55c}\u{639}\u{5d0}\u{e01}\u{905}";
        assert!(!CLASSES.iter().any(|known| foreign.contains(*known) && !known.is_empty()));
    }

    #[test]
    fn runs_become_letters_and_what_is_between_them_doubles_them() {
        let (a, b) = (class("a"), class("b"));
        let classes = [0, a, a, 0, a, b, 0, 0];
        let probabilities = [0.9, 0.5, 0.8, 0.9, 0.7, 0.6, 0.9, 0.9];
        let letters = decode(&classes, &probabilities, 64).expect("known classes");
        let texts: Vec<_> = letters.iter().map(|letter| letter.text).collect();
        assert_eq!(texts, ["a", "a", "b"]);
        assert_eq!(letters[0], Letter { text: "a", at: 16.0 / 64.0, probability: 0.8 });
        assert!(decode(&[99_999], &[1.0], 8).is_err() && decode(&[-1], &[1.0], 8).is_err());
    }

    #[test]
    fn ink_without_letters_is_not_explained() {
        let mut line = RgbImage::from_pixel(400, HEIGHT, Rgb([250; 3]));
        for x in (10..390).filter(|x| x % 20 < 10) {
            (12..36).for_each(|y| line.put_pixel(x, y, Rgb([20; 3])));
        }
        let letters = |count: usize| -> Vec<Letter> {
            let at = |index: usize| (15.0 + 20.0 * index as f32) / 400.0;
            (0..count).map(|i| Letter { text: "x", at: at(i), probability: 1.0 }).collect()
        };
        assert!(explained(&line, &letters(19)) > 0.99);
        assert!(explained(&line, &letters(3)) < 0.3);
        assert_eq!(explained(&line, &[]), 0.0);
        let spaces = [Letter { text: " ", at: 0.5, probability: 1.0 }];
        assert_eq!(explained(&line, &spaces), 0.0);
    }
}
