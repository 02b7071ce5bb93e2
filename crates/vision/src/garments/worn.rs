//! What a person wears, taken apart: head and bare skin go, hat, shoes and bag are told by where they
//! are, and the rest is parted below the waist where colours meet.

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::components::{components, count_from};
use safelight_imaging::lab_of;
use safelight_imaging::map::median;
use safelight_imaging::resize::{self, Filter};

use super::figure::{Figure, between};
use super::{GARMENT, Garment, Garments, box_of, half};
use crate::Vision;
use crate::face::{Detection, Parsing, Part, Point};
use crate::heads::HEAD;
use crate::kinds::Kind;
use crate::people::People;
use crate::saliency::{SIDE, Saliency};

const CELLS: usize = (SIDE * SIDE) as usize;
/// The mask shows the person from here on.
const PERSON: u8 = 64;
/// Faces smaller than this, in pixels, are not parsed, and of a crowd only so many.
const SMALLEST_FACE: f32 = 24.0;
const MOST_FACES: usize = 6;
/// What is called a hat covers this share of a head that wears one.
const HAT: f32 = 0.12;
/// Pieces smaller than this share of the cells are nothing.
const LEAST_PIECE: f32 = 0.002;
/// Clothes that are less than this share of the person are strands of hair or background.
const LEAST_WORN: f32 = 0.05;
/// Things smaller than this share of the person are parts of the clothes.
const LEAST_THING: f32 = 0.02;
/// A thing of which the person mask says less than this is no part of the person.
const NO_PERSON: f32 = 48.0;
/// Clothes below the waist are this share of all.
const LEAST_BELOW: f32 = 0.08;
/// Colours of two garments differ by this (CIE 1976) where they meet; folds and shadows by less.
const CONTRAST: f32 = 14.0;

/// What a cell of the person shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Nothing,
    Bare,
    Clothes,
    Worn(Garment),
}

/// The cells of a mask over a region of the photo, and what they show.
struct Cells<'a> {
    person: &'a Saliency,
    colours: Vec<[f32; 3]>,
    shows: Vec<Shows>,
}

/// Takes what a person wears apart; `None` where nothing is left.
pub(super) fn take_apart(
    vision: &Vision,
    photo: &RgbImage,
    people: &People,
) -> Result<Option<Garments>> {
    let mut cells = Cells::of(photo, &people.subject);
    let on_person = |face: &&Detection| cells.value_at(face.rect.centre()) >= PERSON;
    let large = |face: &&Detection| face.rect.shorter_side() >= SMALLEST_FACE;
    let seen = people.faces.iter().filter(on_person).filter(large);
    let faces: Vec<_> = seen.take(MOST_FACES).collect();
    let figure = Figure::of(&people.body, faces.first().map(|face| face.rect));
    let mut skin = None;
    for face in &faces {
        let parsing = vision.parse_head(photo, face)?;
        cells.take_head(&parsing);
        skin = skin.or_else(|| Skin::of(photo, &parsing));
    }
    match cells.half_length(vision, photo, &faces)? {
        Some(clothes) => cells.keep(&clothes),
        None => skin.into_iter().for_each(|skin| cells.take_skin(&skin, &figure)),
    }
    cells.take_shoes(&figure);
    cells.take_things(vision, photo)?;
    cells.part_clothes(vision, photo, &figure)?;
    Ok(cells.garments())
}

impl<'a> Cells<'a> {
    fn of(photo: &RgbImage, person: &'a Saliency) -> Self {
        let Region { x, y, width, height } = person.region;
        let small = resize::rgb_part(photo, [x, y, width, height], SIDE, SIDE, Filter::Area);
        let colours = small.pixels().map(|pixel| lab_of(pixel.0)).collect();
        let shows = person.mask.iter().map(|&value| match value {
            0 => Shows::Nothing,
            _ => Shows::Clothes,
        });
        Self { person, colours, shows: shows.collect() }
    }

    /// Where the middle of a cell lies in the photo.
    fn place(&self, at: usize) -> Point {
        let Region { x, y, width, height } = self.person.region;
        let side = SIDE as f32;
        let (column, row) = ((at as u32 % SIDE) as f32 + 0.5, (at as u32 / SIDE) as f32 + 0.5);
        Point {
            x: x as f32 + column / side * width as f32 - 0.5,
            y: y as f32 + row / side * height as f32 - 0.5,
        }
    }

    /// The cell of a place of the photo, if it lies in the region.
    fn cell(&self, place: Point) -> Option<usize> {
        let Region { x, y, width, height } = self.person.region;
        let cell = |at: f32, start: u32, length: u32| {
            let cell = (at + 0.5 - start as f32) / length as f32 * SIDE as f32;
            (0.0..SIDE as f32).contains(&cell).then_some(cell as usize)
        };
        Some(cell(place.y, y, height)? * SIDE as usize + cell(place.x, x, width)?)
    }

    fn value_at(&self, place: Point) -> u8 {
        self.cell(place).map_or(0, |at| self.person.mask.as_raw()[at])
    }

    fn is(&self, place: Point, shows: Shows) -> bool {
        self.cell(place).is_some_and(|at| self.shows[at] == shows)
    }

    /// 255 where a cell shows one thing and the person surely is.
    fn mask_of(&self, shows: impl Fn(usize) -> bool) -> GrayImage {
        let values = (0..CELLS)
            .map(|at| if shows(at) && self.person.mask.as_raw()[at] >= PERSON { 255 } else { 0 });
        GrayImage::from_raw(SIDE, SIDE, values.collect()).unwrap_or_default()
    }

    /// The head goes, but for its hat.
    fn take_head(&mut self, parsing: &Parsing) {
        let bounds = parsing.bounds();
        let (mut head, mut hat) = (Vec::new(), Vec::new());
        for at in 0..CELLS {
            let place = self.place(at);
            if bounds.contains(place) && self.shows[at] == Shows::Clothes {
                match parsing.part(place) {
                    Part::Hat => hat.push(at),
                    part if HEAD.contains(&part) => head.push(at),
                    _ => {}
                }
            }
        }
        let worn = hat.len() as f32 >= HAT * (head.len() + hat.len()) as f32;
        let hat_shows = if worn { Shows::Worn(Garment::Hat) } else { Shows::Bare };
        hat.into_iter().for_each(|at| self.shows[at] = hat_shows);
        head.into_iter().for_each(|at| self.shows[at] = Shows::Bare);
    }

    /// What has the colour of the face's skin goes, where limbs and neck are.
    fn take_skin(&mut self, skin: &Skin, figure: &Figure) {
        let bare = self.mask_of(|at| {
            self.shows[at] == Shows::Clothes
                && skin.has(self.colours[at])
                && figure.may_be_bare(self.place(at))
        });
        for piece in components(&bare, |value| value > 0) {
            if piece.cells.len() as f32 >= LEAST_PIECE * CELLS as f32 / 4.0 {
                piece.cells.iter().for_each(|&at| self.shows[at as usize] = Shows::Bare);
            }
        }
    }

    /// The clothes of half-length portraits; `None` of others, and where hardly any are seen.
    fn half_length(
        &self,
        vision: &Vision,
        photo: &RgbImage,
        faces: &[&Detection],
    ) -> Result<Option<Vec<bool>>> {
        if !half::is_half_length(photo, faces) {
            return Ok(None);
        }
        let places = (0..CELLS).map(|at| self.place(at)).collect();
        let half = half::Half { mask: &self.person.mask, colours: &self.colours, places };
        let found = half.clothes(vision, photo, faces)?;
        // Less than this of what is neither head nor background is a shred, not a garment.
        const LEAST: f32 = 0.4;
        let may_be = self.shows.iter().filter(|shows| **shows == Shows::Clothes).count() as f32;
        let whole = |clothes: &Vec<bool>| {
            clothes.iter().filter(|clothes| **clothes).count() as f32 >= LEAST * may_be
        };
        Ok(found.filter(whole))
    }

    /// What is neither clothes nor a hat goes.
    fn keep(&mut self, clothes: &[bool]) {
        for (shows, clothes) in self.shows.iter_mut().zip(clothes) {
            *shows = match (*shows, clothes) {
                (Shows::Nothing, _) => Shows::Nothing,
                (Shows::Worn(garment), _) => Shows::Worn(garment),
                (_, true) => Shows::Clothes,
                (_, false) => Shows::Bare,
            };
        }
    }

    fn take_shoes(&mut self, figure: &Figure) {
        for at in 0..CELLS {
            if self.shows[at] == Shows::Clothes && figure.in_shoe(self.place(at)) {
                self.shows[at] = Shows::Worn(Garment::Shoes);
            }
        }
    }

    /// What the person mask surely takes for no person goes, as held things do; but for the largest
    /// such thing where it looks like a bag.
    fn take_things(&mut self, vision: &Vision, photo: &RgbImage) -> Result<()> {
        let body = vision.person_mask(photo, self.person.region)?;
        let body = resize::gray(&body, SIDE, SIDE, Filter::Bilinear);
        let things = self.mask_of(|at| self.shows[at] == Shows::Clothes && body.as_raw()[at] < 128);
        let size = count_from(&self.person.mask, PERSON);
        let mut things = components(&things, |value| value > 0);
        things.retain(|thing| thing.cells.len() as f32 >= LEAST_THING * size);
        things.sort_by_key(|thing| std::cmp::Reverse(thing.cells.len()));
        for (index, thing) in things.iter().enumerate() {
            let is_bag = index == 0 && {
                let kinds = vision.kinds(photo, box_of(thing, self.person))?;
                kinds.share(Kind::BAG) >= GARMENT
            };
            let shows = match is_bag {
                true => Shows::Worn(Garment::Bag),
                false if thing.mean(&body) < NO_PERSON => Shows::Nothing,
                false => continue,
            };
            thing.cells.iter().for_each(|&at| self.shows[at as usize] = shows);
        }
        Ok(())
    }

    /// Upper garment and lower one, and what they are.
    fn part_clothes(&mut self, vision: &Vision, photo: &RgbImage, figure: &Figure) -> Result<()> {
        let waist = self.waist(figure);
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for at in (0..CELLS).filter(|&at| self.shows[at] == Shows::Clothes) {
            let depth = figure.depth(self.place(at)).unwrap_or(0.0);
            if depth < waist.depth { upper.push(at) } else { lower.push(at) }
        }
        let all = (upper.len() + lower.len()) as f32;
        if (lower.len() as f32) < LEAST_BELOW * all {
            upper.append(&mut lower);
        }
        let below = if lower.is_empty() { None } else { Some(self.below(vision, photo, figure)?) };
        // A dress: nothing parts it from what covers the trunk.
        if below == Some(Garment::Skirt) && !waist.is_seen {
            lower.append(&mut upper);
        }
        if let Some(below) = below {
            lower.iter().for_each(|&at| self.shows[at] = Shows::Worn(below));
        }
        if !upper.is_empty() {
            let mut mask = GrayImage::new(SIDE, SIDE);
            upper.iter().for_each(|&at| mask.as_mut()[at] = self.person.mask.as_raw()[at]);
            let above = self.likelier(vision, photo, &mask, [Garment::Tops, Garment::Coat])?;
            upper.iter().for_each(|&at| self.shows[at] = Shows::Worn(above));
        }
        Ok(())
    }

    /// Where the upper garment ends: where the colours along the middle of the body differ most, from
    /// the waist to the knees; the hips where none do.
    fn waist(&self, figure: &Figure) -> Waist {
        const STEP: f32 = 0.05;
        const STRIP: usize = 6;
        const FEWEST: usize = 12;
        let hips = Waist { depth: 1.1, is_seen: false };
        let Some(trunk) = figure.trunk else { return Waist { depth: f32::INFINITY, ..hips } };
        let mut strips = vec![(0_usize, [0.0_f32; 3]); 60];
        for at in (0..CELLS).filter(|&at| self.shows[at] == Shows::Clothes) {
            let place = self.place(at);
            let depth = trunk.share(place);
            let middle = between(trunk.from, trunk.to, depth);
            let strip = (depth / STEP) as usize;
            if depth < 0.0 || strip >= strips.len() || middle.distance(place) > 0.45 * figure.unit {
                continue;
            }
            let (count, sum) = &mut strips[strip];
            *count += 1;
            (0..3).for_each(|c| sum[c] += self.colours[at][c]);
        }
        let mean = |from: usize| {
            let strips = &strips[from..from + STRIP];
            let count: usize = strips.iter().map(|(count, _)| count).sum();
            let sum = |c: usize| strips.iter().map(|(_, sum)| sum[c]).sum::<f32>() / count as f32;
            (count >= FEWEST).then(|| [0, 1, 2].map(sum))
        };
        let contrast = |at: usize| {
            let (above, below) = (mean(at - STRIP)?, mean(at)?);
            let squares = above.iter().zip(below).map(|(a, b)| (a - b) * (a - b));
            Some((squares.sum::<f32>().sqrt(), at))
        };
        let places = (0.6 / STEP) as usize..(2.2 / STEP) as usize;
        let best = places.filter_map(contrast).max_by(|a, b| a.0.total_cmp(&b.0));
        let seen = best.filter(|(difference, _)| *difference >= CONTRAST);
        seen.map_or(hips, |(_, at)| Waist { depth: at as f32 * STEP, is_seen: true })
    }

    /// Trousers or a skirt: whether anything parts the legs, whether the shins are covered, and, where
    /// these leave it open, what the network takes it for.
    fn below(&self, vision: &Vision, photo: &RgbImage, figure: &Figure) -> Result<Garment> {
        let covered = |place: Point| self.is(place, Shows::Clothes);
        if let [left, right] = figure.legs[..] {
            let between_legs = |share: f32| {
                let at = |leg: &super::figure::Leg| between(leg.hip, leg.knee, share);
                at(&left).middle(at(&right))
            };
            if [0.75, 0.9, 1.05].iter().any(|&share| !covered(between_legs(share))) {
                return Ok(Garment::Pants);
            }
            let shins = [left, right].map(|leg| Some(between(leg.knee, leg.ankle?, 0.4)));
            if shins.iter().flatten().count() == 2 && !shins.into_iter().flatten().any(covered) {
                return Ok(Garment::Skirt);
            }
        }
        let mask = self.mask_of(|at| {
            self.shows[at] == Shows::Clothes
                && figure.depth(self.place(at)).is_some_and(|depth| depth > 0.8)
        });
        self.likelier(vision, photo, &mask, [Garment::Pants, Garment::Skirt])
    }

    /// What the network takes a part of the person for; the first where it is unsure.
    fn likelier(
        &self,
        vision: &Vision,
        photo: &RgbImage,
        mask: &GrayImage,
        [first, second]: [Garment; 2],
    ) -> Result<Garment> {
        let pieces = components(mask, |value| value >= PERSON);
        let Some(largest) = pieces.iter().max_by_key(|piece| piece.cells.len()) else {
            return Ok(first);
        };
        let part = vision.kinds(photo, box_of(largest, self.person))?;
        let whole = vision.kinds(photo, self.person.region)?;
        let share = |of: Garment| part.share(of.kind()) + whole.share(of.kind());
        Ok(if share(second) > share(first) { second } else { first })
    }

    /// The masks of all garments that are large enough; `None` where hardly any are seen.
    fn garments(&self) -> Option<Garments> {
        let cells = |belongs: &dyn Fn(Shows) -> bool| {
            let values = self.shows.iter().zip(self.person.mask.iter());
            let values = values.map(|(shows, &value)| if belongs(*shows) { value } else { 0 });
            GrayImage::from_raw(SIDE, SIDE, values.collect()).unwrap_or_default()
        };
        let pieces = Garment::ALL.into_iter().filter_map(|garment| {
            let mask = without_crumbs(cells(&|shows| shows == Shows::Worn(garment)))?;
            Some((garment, mask))
        });
        let pieces: Vec<_> = pieces.collect();
        let is_main = |garment: Garment| {
            matches!(garment, Garment::Tops | Garment::Coat | Garment::Skirt | Garment::Pants)
        };
        let any = pieces.iter().any(|(garment, _)| is_main(*garment));
        let main = cells(&|shows| match shows {
            Shows::Worn(garment) => is_main(garment) || !any,
            _ => false,
        });
        let main = without_crumbs(main)?;
        if count_from(&main, PERSON) < LEAST_WORN * count_from(&self.person.mask, PERSON) {
            return None;
        }
        Some(Garments { region: self.person.region, main, pieces })
    }
}

/// A mask without pieces much smaller than its largest; `None` where nothing is left.
fn without_crumbs(mut mask: GrayImage) -> Option<GrayImage> {
    const CRUMB: f32 = 0.04;
    let pieces = components(&mask, |value| value >= PERSON);
    let largest = pieces.iter().map(|piece| piece.cells.len()).max()? as f32;
    if largest < LEAST_PIECE * CELLS as f32 {
        return None;
    }
    for piece in pieces.iter().filter(|piece| (piece.cells.len() as f32) < CRUMB * largest) {
        piece.cells.iter().for_each(|&at| mask.as_mut()[at as usize] = 0);
    }
    Some(mask)
}

/// Where the upper garment ends, as a depth of the [`Figure`].
struct Waist {
    depth: f32,
    /// Whether colours meet there.
    is_seen: bool,
}

/// The colours of a face's skin: medians in CIE L*a*b* and how far they spread.
struct Skin {
    middle: [f32; 3],
    spread: [f32; 3],
}

impl Skin {
    /// `None` where too little is seen, or the photo is black and white: light alone does not tell
    /// skin from cloth.
    fn of(photo: &RgbImage, parsing: &Parsing) -> Option<Self> {
        const STRIDE: usize = 6;
        const FEWEST: usize = 60;
        const LEAST_CHROMA: f32 = 5.0;
        let mut channels = [const { Vec::new() }; 3];
        let side = parsing.labels().width();
        for y in (0..side).step_by(STRIDE) {
            for x in (0..side).step_by(STRIDE) {
                if !matches!(parsing.label(x, y), Part::Skin | Part::Nose) {
                    continue;
                }
                let Point { x, y } = parsing.place(Point { x: x as f32, y: y as f32 });
                if x >= 0.0 && y >= 0.0 && x < photo.width() as f32 && y < photo.height() as f32 {
                    let colour = lab_of(photo.get_pixel(x as u32, y as u32).0);
                    channels.iter_mut().zip(colour).for_each(|(all, value)| all.push(value));
                }
            }
        }
        if channels[0].len() < FEWEST {
            return None;
        }
        let middle = channels.each_ref().map(|values| median(&mut values.clone()));
        let least = [10.0, 4.0, 4.0];
        let spread = [0, 1, 2].map(|c| {
            let off = channels[c].iter().map(|value| (value - middle[c]).abs());
            f32::max(1.48 * median(&mut off.collect::<Vec<_>>()), least[c])
        });
        (middle[1].hypot(middle[2]) >= LEAST_CHROMA).then_some(Self { middle, spread })
    }

    /// Whether a colour is that of the skin; light counts half, since limbs lie in other light.
    fn has(&self, colour: [f32; 3]) -> bool {
        const FARTHEST: f32 = 2.0;
        let off = |c: usize, spread: f32| ((colour[c] - self.middle[c]) / spread).powi(2);
        let [light, green, blue] = self.spread;
        off(0, 2.0 * light) + off(1, green) + off(2, blue) < FARTHEST * FARTHEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crumbs_go_and_nothing_is_nothing() {
        assert_eq!(without_crumbs(GrayImage::new(SIDE, SIDE)), None);
        let mut mask = GrayImage::new(SIDE, SIDE);
        for (x, y, pixel) in mask.enumerate_pixels_mut() {
            let (coat, crumb) = (x < 100 && y < 100, (200..205).contains(&x) && y < 5);
            pixel.0[0] = if coat || crumb { 255 } else { 0 };
        }
        let left = without_crumbs(mask).expect("the coat");
        assert_eq!([left.get_pixel(50, 50).0[0], left.get_pixel(202, 2).0[0]], [255, 0]);
    }

    #[test]
    fn skin_is_told_by_its_hue() {
        let skin = Skin { middle: [65.0, 16.0, 20.0], spread: [10.0, 4.0, 4.0] };
        assert!(skin.has([65.0, 16.0, 20.0]) && skin.has([48.0, 18.0, 22.0]));
        assert!(!skin.has([60.0, 40.0, 50.0]), "an orange suit");
        assert!(!skin.has([85.0, 0.0, 2.0]), "a white shirt");
    }
}
