//! Text in pictures: where its lines are, what they say, which way up the page is, in which order it is
//! read, and the tables that it stands in.

mod detection;
mod order;
mod orientation;
mod projection;
mod quad;
mod recognition;
mod table;

use image::RgbImage;
use safelight_contract::Result;
use safelight_inference::Models;

use self::detection::Region;
use crate::Vision;
use crate::model::{Normalisation, check_photo};

pub use order::rows;
pub use quad::{Point, Quad};
pub use recognition::Letter;
pub use table::{Cell, Table};

/// The model that finds lines of text.
pub const DETECTION: &str = "text_detection";
/// The model that reads a line.
pub const RECOGNITION: &str = "text_recognition";
/// The model that sees which way up a page is.
pub const ORIENTATION: &str = "page_orientation";
const TABLE_ENCODER: &str = "table_encoder";
const TABLE_DECODER: &str = "table_decoder";

/// The models that read a page.
pub const MODELS: &[&str] = &[DETECTION, RECOGNITION, ORIENTATION];
/// The models that read a table.
pub const TABLE_MODELS: &[&str] =
    &[DETECTION, RECOGNITION, ORIENTATION, TABLE_ENCODER, TABLE_DECODER];

/// The statistics of ImageNet in the order of blue, green and red, for models that were trained so and
/// take red first.
const BGR_IMAGENET: Normalisation =
    Normalisation { divisor: 255.0, mean: [0.406, 0.456, 0.485], deviation: [0.225, 0.224, 0.229] };

/// Bytes of a reading whatever the picture: what the detector sees of it and what it answers, and one
/// line at a time. Beside them the picture itself stands once more while it is turned.
pub const BASE_BYTES: u64 = 64 << 20;

/// From this mean confidence on the page is taken to be the right way up.
const UPRIGHT: f32 = 0.7;
/// So many of the widest lines tell which way up it is.
const PROBED: usize = 4;

/// The detector's score of print; what has less is less surely text.
const SURELY_TEXT: f32 = 0.85;
/// What is as high as this share of the picture's shorter side, no longer than so many times its height,
/// and says one letter at most, is a letter only where that is as sure as this: a cup passes for an 8.
const BLOB_HEIGHT: f32 = 0.25;
const BLOB_LENGTH: f32 = 2.5;
const SURE_BLOB: f32 = 0.95;

/// A line of text.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it is, in pixels of the upright page.
    pub place: Quad,
    /// Its characters from the first to the last; never empty, and neither first nor last is a space.
    pub letters: Vec<Letter>,
    /// How sure the reading is, 0..1: the mean probability of its letters, times the share of its ink
    /// that they explain, times the detector's score against that of print.
    pub confidence: f32,
}

impl Line {
    /// What it says.
    pub fn text(&self) -> String {
        self.letters.iter().map(|letter| letter.text).collect()
    }
}

/// A page the right way up, and its text.
#[derive(Debug)]
pub struct Page {
    /// The page.
    pub image: RgbImage,
    /// By how many quarter turns clockwise it had been turned: 0 to 3.
    pub turns: u8,
    /// The lines that say something, in the order of reading.
    pub lines: Vec<Line>,
    /// How much of the text could be read, 0..1: the mean confidence of all lines that were found, each
    /// counted by its length; those that say nothing count as 0. `None` where no line was found.
    pub certainty: Option<f32>,
}

impl Page {
    /// A place of the page in the photo as it was sent.
    pub fn in_photo(&self, place: &Quad) -> Quad {
        let (width, height) = (self.image.width() as f32, self.image.height() as f32);
        place.map(|[x, y]| match self.turns {
            0 => [x, y],
            1 => [height - y, x],
            2 => [width - x, height - y],
            _ => [y, width - x],
        })
    }
}

/// How a page is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Whether the page may lie on its side or upside down.
    pub any_way_up: bool,
    /// Lines that are lower than this in pixels are left out.
    pub least_height: f32,
}

impl Vision {
    /// Reads the text of a picture. Asks `proceed` between its steps, and ends with its fault.
    pub fn read(
        &self,
        photo: RgbImage,
        how: Reading,
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<Page> {
        check_photo(&photo)?;
        let reader = Reader { models: &self.models, least_height: how.least_height, proceed };
        let turns = if how.any_way_up { orientation::turns(&self.models, &photo)? } else { 0 };
        let image = turned_back(photo, turns);
        let unread = Begun { lines: Vec::new(), rest: reader.find(&image)? };
        if how.any_way_up && !unread.rest.is_empty() {
            return reader.any_way_up(image, turns, unread);
        }
        reader.page(image, turns, unread)
    }

    /// The tables of a page, from the top.
    pub fn tables(&self, page: &Page, proceed: &dyn Fn() -> Result<()>) -> Result<Vec<Table>> {
        table::find(&self.models, page, proceed)
    }

    /// The tables of a page by one of the two methods alone: by the lines that are drawn around cells, or
    /// by the network. To measure them.
    pub fn tables_by(
        &self,
        page: &Page,
        ruled: bool,
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<Vec<Table>> {
        match ruled {
            true => table::ruled(page, proceed),
            false => table::by_network(&self.models, page, proceed),
        }
    }
}

/// A page that was turned by so many quarters clockwise, upright again.
fn turned_back(photo: RgbImage, turns: u8) -> RgbImage {
    match turns {
        1 => image::imageops::rotate270(&photo),
        2 => image::imageops::rotate180(&photo),
        3 => image::imageops::rotate90(&photo),
        _ => photo,
    }
}

/// A page of which some lines are read.
struct Begun {
    lines: Vec<Line>,
    rest: Vec<Region>,
}

impl Begun {
    /// How sure what is read is.
    fn certainty(&self) -> f32 {
        certainty(&self.lines).unwrap_or(0.0)
    }
}

struct Reader<'a> {
    models: &'a Models,
    least_height: f32,
    proceed: &'a dyn Fn() -> Result<()>,
}

impl Reader<'_> {
    /// Where lines are, longest first.
    fn find(&self, image: &RgbImage) -> Result<Vec<Region>> {
        (self.proceed)()?;
        let mut places = detection::lines(self.models, image)?;
        places.retain(|region| region.place.height() >= self.least_height);
        Ok(places)
    }

    /// The page as it is, or another way up where its longest lines read better so.
    fn any_way_up(&self, image: RgbImage, turns: u8, unread: Begun) -> Result<Page> {
        let first = self.begin(&image, unread.rest)?;
        let sure = first.certainty();
        let is_unsure = !first.lines.is_empty() && sure < UPRIGHT;
        let (mut best, mut most, mut chosen) = (first, sure, 0);
        let (mut image, mut here) = (image, 0);
        for further in (1..4).take_while(|_| is_unsure) {
            image = turned_back(image, 1);
            here = further;
            let begun = self.begin(&image, self.find(&image)?)?;
            if begun.certainty() > most {
                (most, chosen, best) = (begun.certainty(), further, begun);
            }
        }
        self.page(turned_back(image, (4 + chosen - here) % 4), (turns + chosen) % 4, best)
    }

    /// Reads the longest lines.
    fn begin(&self, image: &RgbImage, mut places: Vec<Region>) -> Result<Begun> {
        let rest = places.split_off(places.len().min(PROBED));
        Ok(Begun { lines: self.lines(image, &places)?, rest })
    }

    /// What stands at these places, without large things that are hardly letters.
    fn lines(&self, image: &RgbImage, places: &[Region]) -> Result<Vec<Line>> {
        let highest = BLOB_HEIGHT * image.width().min(image.height()) as f32;
        let mut lines = Vec::with_capacity(places.len());
        for Region { place, score } in places {
            (self.proceed)()?;
            let said = recognition::read(self.models, image, place)?;
            let letters = trimmed(said.letters);
            let (width, height) = (place.width(), place.height());
            let is_blob = height > highest && width < BLOB_LENGTH * height && letters.len() <= 1;
            if !is_blob || said.confidence >= SURE_BLOB {
                let confidence = said.confidence * (score / SURELY_TEXT).min(1.0);
                lines.push(Line { place: *place, letters, confidence });
            }
        }
        Ok(lines)
    }

    fn page(&self, image: RgbImage, turns: u8, begun: Begun) -> Result<Page> {
        let Begun { mut lines, rest } = begun;
        lines.extend(self.lines(&image, &rest)?);
        let certainty = certainty(&lines);
        lines.retain(|line| line.confidence > 0.0);
        Ok(Page { image, turns, lines: order::in_order(lines), certainty })
    }
}

fn certainty(lines: &[Line]) -> Option<f32> {
    let length: f32 = lines.iter().map(|line| line.place.width()).sum();
    let sure: f32 = lines.iter().map(|line| line.place.width() * line.confidence).sum();
    (length > 0.0).then(|| sure / length)
}

fn trimmed(letters: Vec<Letter>) -> Vec<Letter> {
    let is_solid = |letter: &Letter| !letter.text.trim().is_empty();
    let first = letters.iter().position(is_solid).unwrap_or(letters.len());
    let end = letters.iter().rposition(is_solid).map_or(first, |last| last + 1);
    letters[first..end].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_back_to_the_photo_that_was_sent() {
        // A mark in the page's top left corner, 30 x 20 px.
        let upright = RgbImage::from_fn(30, 20, |x, y| {
            image::Rgb([u8::from((2..6).contains(&x) && (3..5).contains(&y)) * 255; 3])
        });
        let place = Quad::level([2.0, 3.0, 6.0, 5.0]);
        for turns in 0..4_u8 {
            let photo = turned_back(upright.clone(), (4 - turns) % 4);
            let page = Page {
                image: turned_back(photo.clone(), turns),
                turns,
                lines: vec![],
                certainty: None,
            };
            assert_eq!(page.image, upright);
            let [left, top, right, bottom] = page.in_photo(&place).bounds().map(|at| at as u32);
            let marked = photo.enumerate_pixels().filter(|(.., pixel)| pixel.0[0] > 0);
            let inside =
                marked.filter(|(x, y, _)| (left..right).contains(x) && (top..bottom).contains(y));
            assert_eq!((inside.count(), (right - left) * (bottom - top)), (8, 8), "{turns}");
        }
    }

    #[test]
    fn spaces_at_the_ends_are_no_text() {
        let letter = |text| Letter { text, at: 0.5, probability: 1.0 };
        let texts = |letters: Vec<Letter>| letters.iter().map(|l| l.text).collect::<String>();
        assert_eq!(
            texts(trimmed(["\u{3000}", " ", "a", " ", "b", " "].map(letter).to_vec())),
            "a b"
        );
        assert!(trimmed([" ", " "].map(letter).to_vec()).is_empty());
    }
}
