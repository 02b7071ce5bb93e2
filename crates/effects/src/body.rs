//! The skin of neck, arms and hands, known by the colour of the person's own face.

use image::{GrayImage, Luma, RgbImage};
use safelight_imaging::components::components;
use safelight_imaging::map::Map;
use safelight_vision::face::{Part, Point, Rect};
use safelight_vision::heads::HEAD;

use crate::change::labs;
use crate::kit::Kit;
use crate::nearest;
use crate::region;
use crate::window::Window;

/// How far a body reaches from its face: to each side, above and below, in `fw`.
const ASIDE: f32 = 3.0;
const ABOVE: f32 = 1.0;
const BELOW: f32 = 7.0;
/// Cells of the longer side of the window.
const CELLS: f32 = 1024.0;
/// A colour is skin up to this distance from the face's own in a* and b*, by how widely those spread
/// (Mahalanobis distance), and less and less to this.
const NEAR: (f32, f32) = (2.0, 3.0);
/// Spreads below this are a face without shades.
const LEAST_SPREAD: f32 = 2.5;
/// Lower bound of the lightness of skin, as a share of the face's.
const LEAST_LIGHT: f32 = 0.4;
/// Smaller pieces are no skin but something of its colour: their area in square `fw`.
const LEAST_AREA: f32 = 0.02;

/// The window over the body below a face; None where that lies outside the photo.
pub fn window(kit: &Kit) -> Option<Window> {
    let Point { x, y } = kit.mesh.rect().centre();
    let fw = kit.fw;
    let rect = Rect {
        x: x - ASIDE * fw,
        y: y - ABOVE * fw,
        width: 2.0 * ASIDE * fw,
        height: (ABOVE + BELOW) * fw,
    };
    let photo =
        Rect { x: 0.0, y: 0.0, width: kit.photo_size.0 as f32, height: kit.photo_size.1 as f32 };
    Window::of(rect, rect.common(&photo).longer_side() / CELLS, kit.photo_size)
}

/// Where a window shows skin of a person's body but not of any head. `cut` is the photo under it, and
/// `person` says how likely a place of the photo shows a person, 0 to 1. What is nearer to the face of one of
/// the others is theirs.
pub fn skin(
    kit: &Kit,
    others: &[&Kit],
    window: &Window,
    cut: &RgbImage,
    person: impl Fn(Point) -> f32 + Sync,
) -> Map {
    let [l, a, b] = labs(cut);
    let own = kit.skin;
    let spread = |i: usize| own.spread[i].max(LEAST_SPREAD);
    // All but the background, which is the first.
    let head = kit.parsing.likely(&Part::ALL[1..]);
    let heads: Vec<_> = others.iter().map(|other| other.parsing.likely(HEAD)).collect();
    let likely = window.filled(0.0).each(|x, y| {
        let i = y * window.width + x;
        let far_a = (a.values[i] - own.lab[1]) / spread(1);
        let far_b = (b.values[i] - own.lab[2]) / spread(2);
        let hue = ((NEAR.1 - far_a.hypot(far_b)) / (NEAR.1 - NEAR.0)).clamp(0.0, 1.0);
        let dark = l.values[i] / own.lab[0].max(1.0);
        let lit = ((dark - LEAST_LIGHT) / 0.15).clamp(0.0, 1.0);
        if hue * lit == 0.0 {
            return 0.0;
        }
        let place = window.place(Point { x: x as f32, y: y as f32 });
        let there = ((person(place) - 0.5) * 4.0).clamp(0.0, 1.0);
        let heads = heads.iter().map(|head| head(place)).fold(head(place), f32::max);
        hue * lit * there * (1.0 - heads).clamp(0.0, 1.0)
    });
    let calm = region::feathered(&likely, kit.cells(window, 0.01).max(0.7));
    let large = large_pieces(&calm, kit.cells(window, 1.0).powi(2) * LEAST_AREA);
    let soft = region::feathered(&region::common(&large, &likely), kit.cells(window, 0.006));
    nearest::own(soft, window, kit, others)
}

/// What hangs together over at least `least` cells.
fn large_pieces(map: &Map, least: f32) -> Map {
    let (width, height) = (map.width as u32, map.height as u32);
    let bytes = GrayImage::from_fn(width, height, |x, y| {
        Luma([(map.values[y as usize * map.width + x as usize] * 255.0) as u8])
    });
    let mut kept = GrayImage::new(width, height);
    for piece in components(&bytes, |value| value >= 64) {
        if piece.cells.len() as f32 >= least {
            piece.paint(&mut kept);
        }
    }
    map.each(|x, y| f32::from(u8::from(kept.get_pixel(x as u32, y as u32).0[0] > 0)))
}
