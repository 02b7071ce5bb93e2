//! Soft masks of regions: 0 outside to 1 inside, over the cells of a window.

use rayon::prelude::*;
use safelight_imaging::map::{Guided, Map};
use safelight_vision::face::{Parsing, Part, Point};

use crate::window::Window;

/// Lines of a cell that a polygon is filled in.
const LINES: usize = 4;
/// A parser's probabilities are steepened by this around one half: its grid is coarse, so that they
/// waver over wider strips than edges are.
const STEEPER: f32 = 4.0;
/// A guided filter takes edges of the guide (0 to 1) whose variance is above this.
const EDGE: f32 = 1e-4;

/// How much of each cell a polygon covers (even-odd rule): exact along a row, in four lines down.
/// Points are places of the photo.
pub fn fill(window: &Window, polygon: &[Point]) -> Map {
    fill_all(window, std::iter::once(polygon))
}

/// How much of each cell any of several polygons covers.
pub fn fill_all<'a>(window: &Window, polygons: impl IntoIterator<Item = &'a [Point]>) -> Map {
    let mut map = window.filled(0.0);
    for polygon in polygons {
        fill_into(&mut map, window, polygon);
    }
    map.values.iter_mut().for_each(|value| *value = value.min(1.0));
    map
}

fn fill_into(map: &mut Map, window: &Window, polygon: &[Point]) {
    let points: Vec<Point> = polygon.iter().map(|&point| window.cell(point)).collect();
    let rows = |at: f32| (at + 0.5).clamp(0.0, window.height as f32);
    let top = points.iter().map(|point| point.y).fold(f32::INFINITY, f32::min);
    let bottom = points.iter().map(|point| point.y).fold(f32::NEG_INFINITY, f32::max);
    let (first, end) = (rows(top) as usize, rows(bottom).ceil() as usize);
    for line in first * LINES..end * LINES {
        let y = (line as f32 + 0.5) / LINES as f32 - 0.5;
        let next = points.iter().cycle().skip(1);
        let mut crossings: Vec<f32> = points
            .iter()
            .zip(next)
            .filter(|(a, b)| (a.y <= y) != (b.y <= y))
            .map(|(a, b)| a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y) + 0.5)
            .collect();
        crossings.sort_by(f32::total_cmp);
        let cells = &mut map.values[line / LINES * window.width..][..window.width];
        for pair in crossings.chunks_exact(2) {
            cover(cells, pair[0], pair[1]);
        }
    }
}

/// A line of this width in pixels of the photo through several places, a quadrilateral for each piece.
pub fn stroke(window: &Window, path: &[Point], width: f32) -> Map {
    let pieces: Vec<[Point; 4]> = path
        .windows(2)
        .map(|pair| {
            let (a, b) = (pair[0], pair[1]);
            let half = width / 2.0 / a.distance(b).max(1e-3);
            let (x, y) = ((a.y - b.y) * half, (b.x - a.x) * half);
            let (u, v) = ((b.x - a.x) * half * 0.5, (b.y - a.y) * half * 0.5);
            [
                Point { x: a.x + x - u, y: a.y + y - v },
                Point { x: b.x + x + u, y: b.y + y + v },
                Point { x: b.x - x + u, y: b.y - y + v },
                Point { x: a.x - x - u, y: a.y - y - v },
            ]
        })
        .collect();
    fill_all(window, pieces.iter().map(|piece| &piece[..]))
}

/// Adds a line from one place to another to the cells of a row that it runs through.
fn cover(cells: &mut [f32], from: f32, to: f32) {
    let last = cells.len() as f32;
    let (from, to) = (from.clamp(0.0, last), to.clamp(0.0, last));
    let (first, end) = (from as usize, (to.ceil() as usize).min(cells.len()));
    for (x, cell) in cells.iter_mut().enumerate().take(end).skip(first) {
        let covered = (to.min(x as f32 + 1.0) - from.max(x as f32)).max(0.0);
        *cell += covered / LINES as f32;
    }
}

/// A disc of this radius in pixels of the photo, its edge one cell wide.
pub fn disc(window: &Window, centre: Point, radius: f32) -> Map {
    let per_cell = window.per_cell();
    window.map(|place| ((radius - place.distance(centre)) / per_cell + 0.5).clamp(0.0, 1.0))
}

/// How likely each cell shows one of these parts, steepened.
pub fn parts(window: &Window, parsing: &Parsing, parts: &[Part]) -> Map {
    let likely = parsing.likely(parts);
    window.map(|place| ((likely(place) - 0.5) * STEEPER + 0.5).clamp(0.0, 1.0))
}

/// What either has.
pub fn union(one: &Map, two: &Map) -> Map {
    one.join(two, f32::max)
}

/// What both have.
pub fn common(one: &Map, two: &Map) -> Map {
    one.join(two, |one, two| one * two)
}

/// What the first has and the second has not.
pub fn without(one: &Map, two: &Map) -> Map {
    one.join(two, |one, two| one * (1.0 - two))
}

/// Blurred by a Gaussian of this standard deviation in cells, on a coarser map where that is wide.
pub fn feathered(map: &Map, sigma: f32) -> Map {
    if sigma < 0.2 {
        return map.clone();
    }
    let by = coarseness(2.0 * sigma);
    finer(&coarser(map, by).gaussian(sigma / by as f32), by, map.width, map.height)
}

/// Wider by about `cells`, its edge as soft: a feathered mask whose threshold is moved outwards.
pub fn grown(map: &Map, cells: f32) -> Map {
    let soft = feathered(map, cells.max(0.3));
    soft.each(|x, y| {
        let value = soft.values[y * soft.width + x];
        ((value - 0.08) / 0.3).clamp(0.0, 1.0).max(map.values[y * map.width + x])
    })
}

/// Brought to the edges of a guide (0 to 1) by a guided filter of this radius in cells.
pub fn refined(map: &Map, guide: &Map, radius: usize) -> Map {
    let fitted = guided(guide, map, radius as f32, EDGE);
    fitted.each(|x, y| fitted.values[y * map.width + x].clamp(0.0, 1.0))
}

/// A map by a guided filter of this radius in cells, its linear models found on coarser maps (He and Sun
/// 2015).
pub fn guided(guide: &Map, map: &Map, radius: f32, edge: f32) -> Map {
    let by = coarseness(radius);
    let radius = ((radius / by as f32).round() as usize).max(1);
    let model = Guided::fit(&coarser(guide, by), &coarser(map, by), radius, edge);
    let [slope, offset] =
        [&model.slope, &model.offset].map(|part| finer(part, by, map.width, map.height));
    map.each(|x, y| {
        let i = y * map.width + x;
        slope.values[i] * guide.values[i] + offset.values[i]
    })
}

/// The map with squares of `by` cells averaged to one; itself for 1.
pub fn coarser(map: &Map, by: usize) -> Map {
    if by <= 1 {
        return map.clone();
    }
    let (width, height) = (map.width.div_ceil(by), map.height.div_ceil(by));
    let empty = Map { width, height, values: vec![0.0; width * height] };
    empty.each(|x, y| {
        let (right, bottom) = (((x + 1) * by).min(map.width), ((y + 1) * by).min(map.height));
        let rows = (y * by..bottom).map(|row| &map.values[row * map.width..][x * by..right]);
        let sum: f32 = rows.map(|row| row.iter().sum::<f32>()).sum();
        sum / ((right - x * by) * (bottom - y * by)) as f32
    })
}

/// A map that [`coarser`] made by `by` at a width and height again, linear between its cells.
pub fn finer(map: &Map, by: usize, width: usize, height: usize) -> Map {
    if by <= 1 {
        return map.clone();
    }
    // Where whole squares do not fit, the last reach beyond the edge.
    let (wide, high) = (map.width * by, (map.height * by) as u32);
    let mut values = vec![0.0; width * height];
    let rows = values.par_chunks_exact_mut(width.max(1)).enumerate().with_min_len(8);
    rows.for_each(|(y, row)| {
        let mut line = vec![0.0; wide];
        map.stretched_row(y as u32, high, &mut line);
        row.copy_from_slice(&line[..row.len()]);
    });
    Map { width, height, values }
}

/// By how much maps may be coarser where they are averaged over `radius` cells.
pub fn coarseness(radius: f32) -> usize {
    ((radius / 4.0) as usize).clamp(1, 8)
}

/// Whether a mask has nothing.
pub fn is_empty(map: &Map) -> bool {
    map.values.iter().all(|&value| value < 1.0 / 255.0)
}

#[cfg(test)]
mod tests {
    use safelight_vision::face::Rect;

    use super::*;

    fn window() -> Window {
        let around = Rect { x: 0.0, y: 0.0, width: 40.0, height: 30.0 };
        Window::of(around, 1.0, (40, 30)).expect("a window")
    }

    fn sum(map: &Map) -> f32 {
        map.values.iter().sum()
    }

    #[test]
    fn a_filled_polygon_has_its_area_and_soft_edges() {
        let corners = [(4.25, 3.0), (20.5, 6.0), (12.0, 25.0)].map(|(x, y)| Point { x, y });
        let [a, b, c] = corners;
        let area = ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)).abs() / 2.0;
        let map = fill(&window(), &corners);
        assert!((sum(&map) - area).abs() < 0.01 * area, "{} {area}", sum(&map));
        assert!(map.values.iter().any(|value| (0.3..0.7).contains(value)));
        assert!(map.values.iter().all(|value| (0.0..=1.001).contains(value)));
    }

    #[test]
    fn a_polygon_that_leaves_the_window_is_cut() {
        let far = [(-50.0, -50.0), (90.0, -50.0), (90.0, 90.0), (-50.0, 90.0)];
        let map = fill(&window(), &far.map(|(x, y)| Point { x, y }));
        assert!(map.values.iter().all(|value| (value - 1.0).abs() < 1e-4));
        assert!(is_empty(&fill(&window(), &[])));
    }

    #[test]
    fn coarse_maps_come_back_as_long_as_they_are_smooth() {
        let smooth = window().map(|place| place.x + 2.0 * place.y);
        for by in [1, 3, 4] {
            let back = finer(&coarser(&smooth, by), by, smooth.width, smooth.height);
            let inner = |i: usize| {
                (6..32).contains(&(i % smooth.width)) && (6..22).contains(&(i / smooth.width))
            };
            let pairs = back.values.iter().zip(&smooth.values).enumerate();
            let far = pairs.filter(|(i, _)| inner(*i)).map(|(_, (a, b))| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 1e-3, "{by}");
        }
    }

    #[test]
    fn masks_are_joined_cut_and_grown() {
        let [one, two] = [15.0, 22.0].map(|x| disc(&window(), Point { x, y: 15.0 }, 6.0));
        let both = sum(&common(&one, &two));
        assert!((sum(&union(&one, &two)) + both - 2.0 * sum(&one)).abs() < 3.0);
        assert!((sum(&without(&one, &two)) + both - sum(&one)).abs() < 1e-2);
        let wide = grown(&one, 2.0);
        let radius = (sum(&wide) / std::f32::consts::PI).sqrt();
        assert!((7.0..9.5).contains(&radius), "{radius}");
        assert!(wide.values.iter().zip(&one.values).all(|(wide, one)| wide >= one));
    }
}
