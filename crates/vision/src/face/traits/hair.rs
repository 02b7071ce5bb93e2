//! Hair of the head: how long, with or without a fringe, and its colour.

use super::{Trait, Traits};
use crate::face::Part;
use crate::face::parsing::SIDE;

/// How long hair is, as far as the square around the head shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HairLength {
    /// Hardly any.
    Bald,
    /// It ends above the jaw.
    Short,
    /// It ends between jaw and shoulders.
    Medium,
    /// It goes on below.
    Long,
}

/// The colour of hair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HairColour {
    /// Black.
    Black,
    /// Blond.
    Blond,
    /// Brown, red-brown included.
    Brown,
    /// Grey or white.
    Grey,
}

/// What hair is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hair {
    /// How long.
    pub length: Trait<HairLength>,
    /// Whether it covers the forehead.
    pub fringe: Trait<bool>,
    /// Its colour.
    pub colour: Trait<HairColour>,
}

/// The forehead between the brows and the hairline.
const FOREHEAD: [usize; 10] = [67, 109, 10, 338, 297, 334, 296, 9, 66, 105];

impl Traits<'_> {
    /// The hair of the head.
    pub fn hair(&self) -> Hair {
        Hair { length: self.hair_length(), fringe: self.fringe(), colour: self.hair_colour() }
    }

    fn hair_length(&self) -> Trait<HairLength> {
        let share = self.share_of_face(Part::Hair);
        if share < BALD {
            return Trait::graded(share, &[BALD], 0.04, &[HairLength::Bald, HairLength::Short]);
        }
        // How far down it reaches: the lowest rows in which some of it lies, from the brows (0) to
        // the chin (1).
        let (brows, chin) = (self.cell(9).y, self.cell(152).y);
        let least = (SIDE / 50) as usize;
        let rows = (0..SIDE).rev().filter(|&y| {
            (0..SIDE).filter(|&x| self.parsing.label(x, y) == Part::Hair).count() >= least
        });
        let lowest = rows.take(1).next().map_or(brows, |y| y as f32);
        let reach = (lowest - brows) / (chin - brows).max(1.0);
        let classes = [HairLength::Short, HairLength::Medium, HairLength::Long];
        Trait::graded(reach, &[0.9, 1.35], 0.12, &classes)
    }

    fn fringe(&self) -> Trait<bool> {
        let hull = self.hull(&FOREHEAD);
        let (mut all, mut hair) = (0_u32, 0_u32);
        for (x, y) in hull.cells(SIDE) {
            all += 1;
            hair += u32::from(self.parsing.label(x, y) == Part::Hair);
        }
        Trait::above(hair as f32 / all.max(1) as f32, 0.3, 0.08)
    }

    fn hair_colour(&self) -> Trait<HairColour> {
        let hair = self.median(|part| part == Part::Hair);
        let Some([light, a, b]) = hair else {
            return Trait { class: HairColour::Black, probability: 0.25 };
        };
        let chroma = a.hypot(b);
        if light < 18.0 {
            return Trait::graded(light, &[18.0], 4.0, &[HairColour::Black, HairColour::Brown]);
        }
        if chroma < 7.0 {
            let classes = [HairColour::Black, HairColour::Grey];
            return Trait::graded(light, &[38.0], 6.0, &classes);
        }
        Trait::graded(light, &[50.0], 6.0, &[HairColour::Brown, HairColour::Blond])
    }
}

/// Hair by the face's own cells, below which a head is bald.
const BALD: f32 = 0.12;
