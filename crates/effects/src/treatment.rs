//! A treatment of the skin: what is found on it (marks, lines, pores, gloss, circles) is taken away, each
//! as far as is asked.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::skin::{self, Chip, Extent, Light, Mark, Side, Zone};
use safelight_vision::face::{Part, Point};

use crate::heal::Heal;
use crate::kit::Kit;
use crate::nearest;
use crate::portrait::SKIN;
use crate::retouch::Retouch;

/// How far around a face its window reaches.
const AROUND: f32 = 0.3;
/// Peak bytes of the work on one face, whatever the photo.
pub const BASE_BYTES: u64 = crate::portrait::BASE_BYTES + skin::BASE_BYTES;
/// What smoothing and brightening do at 1.
const SMOOTH: f32 = 0.6;
const LIGHTEN: f32 = 6.0;

/// Marks that acne makes, and those that light and age make.
const ACNE: [Mark; 5] =
    [Mark::Papule, Mark::Pustule, Mark::Nodule, Mark::RedMark, Mark::ClosedComedone];
const BROWN: [Mark; 1] = [Mark::BrownSpot];
/// Where lines are looked for.
const LINED: [Zone; 10] = [
    Zone::Forehead,
    Zone::Glabella,
    Zone::CrowsFeet(Side::Left),
    Zone::CrowsFeet(Side::Right),
    Zone::UnderEye(Side::Left),
    Zone::UnderEye(Side::Right),
    Zone::Nasolabial(Side::Left),
    Zone::Nasolabial(Side::Right),
    Zone::MouthCorner(Side::Left),
    Zone::MouthCorner(Side::Right),
];
/// Where pores are looked for.
const PORED: [Zone; 5] =
    [Zone::Forehead, Zone::Nose, Zone::Cheek(Side::Left), Zone::Cheek(Side::Right), Zone::Chin];

/// What is asked, each 0 (nothing) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Treatment {
    /// Acne and what it leaves behind.
    pub acne: f32,
    /// Brown spots and areas.
    pub spots: f32,
    /// Lighter skin, by 6 in L* at most.
    pub brighter: f32,
    /// Smoother skin.
    pub smoother: f32,
    /// Pores and the shine of oil.
    pub pores: f32,
    /// Lines and wrinkles.
    pub lines: f32,
    /// Circles and bags below the eyes.
    pub under_eyes: f32,
    /// Scars: what stands out of the skin's relief.
    pub scars: f32,
}

impl Treatment {
    /// All of it, each this much.
    pub fn all(amount: f32) -> Self {
        Self {
            acne: amount,
            spots: amount,
            brighter: amount,
            smoother: amount,
            pores: amount,
            lines: amount,
            under_eyes: amount,
            scars: amount,
        }
    }

    /// The larger of what either asks.
    pub fn with(self, other: Self) -> Self {
        Self {
            acne: self.acne.max(other.acne),
            spots: self.spots.max(other.spots),
            brighter: self.brighter.max(other.brighter),
            smoother: self.smoother.max(other.smoother),
            pores: self.pores.max(other.pores),
            lines: self.lines.max(other.lines),
            under_eyes: self.under_eyes.max(other.under_eyes),
            scars: self.scars.max(other.scars),
        }
    }

    /// Does it to the faces that are given, each on its own skin; asks `proceed` before each, and ends with
    /// its fault.
    pub fn apply(
        &self,
        photo: &mut RgbImage,
        kits: &[Kit],
        proceed: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        for (kit, others) in nearest::with_others(kits) {
            proceed()?;
            self.treat(photo, kit, &others);
        }
        Ok(())
    }

    fn treat(&self, photo: &mut RgbImage, kit: &Kit, others: &[&Kit]) {
        let Some(window) = kit.window(AROUND) else { return };
        if *self == Self::default() {
            return;
        }
        let cut = window.cut(photo);
        let skin = nearest::own(kit.skin_of(&window, &cut, SKIN), &window, kit, others);
        if let Some(found) = self.looks().then(|| Findings::of(photo, kit)).flatten() {
            let mut heal = Heal::new(kit, window, &cut, &skin);
            self.heal(&mut heal, &found);
            heal.change().apply(photo);
        }
        let retouch = Retouch {
            smooth: SMOOTH * self.smoother,
            lighten: LIGHTEN * self.brighter,
            even: 0.3 * self.spots,
        };
        if retouch != Retouch::default() {
            retouch.change(kit, window, &window.cut(photo), &skin).apply(photo);
        }
    }

    /// Whether anything must be found first.
    fn looks(&self) -> bool {
        Self { brighter: 0.0, smoother: 0.0, ..*self } != Self::default()
    }

    fn heal(&self, heal: &mut Heal, found: &Findings) {
        if self.acne > 0.0 || self.spots > 0.0 {
            let spots = skin::spots(&found.skin);
            for (kinds, amount) in [(&ACNE[..], self.acne), (&BROWN[..], self.spots)] {
                let own = spots.iter().filter(|spot| amount > 0.0 && kinds.contains(&spot.mark));
                let outlines: Vec<Vec<Point>> =
                    own.map(|spot| found.places(&spot.blob.outline())).collect();
                heal.marks(&outlines, amount);
            }
        }
        if self.spots > 0.0 {
            let brown = skin::browning(&found.skin);
            heal.areas(|place| found.extent(&brown, place), self.spots);
        }
        if self.lines > 0.0 {
            let zones = LINED.iter().flat_map(|&zone| skin::lines(&found.skin, zone).lines);
            let paths: Vec<Vec<Point>> = zones.map(|line| found.places(&line.path)).collect();
            heal.lines(&paths, self.lines);
        }
        if self.under_eyes > 0.0 {
            heal.under_eyes(self.under_eyes);
        }
        if self.pores > 0.0 {
            let dots = PORED.iter().flat_map(|&zone| skin::pores(&found.skin, zone));
            let all = dots.chain(skin::blackheads(&found.skin));
            let scale = 1.0 / found.skin.chip.upright.magnification();
            let discs: Vec<(Point, f32)> = all
                .map(|dot| (found.place(dot.centre), (dot.radius * scale * 1.3).max(0.7)))
                .collect();
            heal.pores(&discs, self.pores);
            let oil = skin::oil(&found.skin);
            heal.gloss(|place| found.extent(&oil, place), self.pores);
        }
        if self.scars > 0.0 {
            heal.scars(self.scars);
        }
    }
}

/// The skin of a face prepared for measuring, and the way from its chip to the photo.
struct Findings {
    skin: skin::Skin,
}

impl Findings {
    fn of(photo: &RgbImage, kit: &Kit) -> Option<Self> {
        let chip = Chip::cut(photo, &kit.mesh.points)?;
        let light = Light::estimate(photo, &chip.upright);
        let skin = chip.skin(light, |[x, y]| {
            matches!(kit.parsing.part(Point { x, y }), Part::Skin | Part::Nose)
        });
        Some(Self { skin })
    }

    fn place(&self, chip: [f32; 2]) -> Point {
        let [x, y] = self.skin.chip.upright.to_photo(chip);
        Point { x, y }
    }

    fn places(&self, path: &[[f32; 2]]) -> Vec<Point> {
        path.iter().map(|&point| self.place(point)).collect()
    }

    /// How strong something is at a place of the photo, 0 to 1.
    fn extent(&self, extent: &Extent, place: Point) -> f32 {
        let [x, y] = self.skin.chip.upright.from_photo([place.x, place.y]);
        if x < 0.0 || y < 0.0 { 0.0 } else { extent.at(x as u32, y as u32) }
    }
}
