//! How a picture is composed, and how it might be cut better.
//!
//! A heuristic after the rules that photographers are taught, made of factors that multiply: the
//! subject is whole and not cut by the frame; heads are, with some room above; it lies near a third or
//! the middle (as in Liu et al. 2010), is neither tiny nor all there is, and what is around it is calm.
//! What the subject is, a saliency model and a face detector say. Nobody's taste was learned, and light,
//! colour and sharpness do not count.

use image::{GrayImage, RgbImage};

use crate::color::{luma, smoothstep};
use crate::components::components;
use crate::geometry::Rect;
use crate::map::{Map, thumbnail};
use crate::resize::{Filter, gray};

/// The best score.
pub const BEST: f32 = 5.0;
/// Peak bytes of the analysis and of all proposals.
pub const BASE_BYTES: u64 = 4 << 20;

/// Long side of the maps.
const SIDE: u32 = 160;
/// With less of the picture salient than this share, it has no subject and its detail takes its place.
const NO_SUBJECT: f64 = 0.001;

/// Share of the main subject's box that a frame must show to keep it.
const KEPT: f32 = 0.985;
/// A main subject whose box covers more of the picture leaves no choice.
const MOST_OF_IT: f32 = 0.75;

/// What a picture shows and where.
pub struct Scene {
    width: f32,
    height: f32,
    subject: Sums,
    /// The subject's mass times its column and its row.
    moments: [Sums; 2],
    /// Detail where the subject is not.
    clutter: Sums,
    heads: Vec<Rect>,
    faces: Vec<Rect>,
    /// The box of the largest salient thing, where it leaves room for a choice.
    main: Option<Rect>,
}

impl Scene {
    /// Of a picture of at least one pixel, its saliency (any size, 0 to 255) and the boxes of its faces.
    pub fn new(photo: &RgbImage, saliency: &GrayImage, faces: &[Rect]) -> Self {
        let small = thumbnail(photo, SIDE);
        let (columns, rows) = small.dimensions();
        let heads: Vec<Rect> = faces.iter().map(head).collect();
        let detail = detail(&Map::of(&small, luma));
        let mask = gray(saliency, columns, rows, Filter::Area);
        let salient: f64 = mask.iter().map(|&v| f64::from(v) / 255.0).sum();
        let found = salient > NO_SUBJECT * f64::from(columns * rows) || !faces.is_empty();
        let scale = columns as f32 / photo.width() as f32;
        let subject = detail.each(|x, y| {
            if !found {
                return detail.values[y * detail.width + x];
            }
            let place = [x, y].map(|at| (at as f32 + 0.5) / scale);
            let head = heads.iter().any(|head| {
                let across = (place[0] - head.x - head.width / 2.0) / (head.width / 2.0);
                let down = (place[1] - head.y - head.height / 2.0) / (head.height / 2.0);
                across.hypot(down) < 1.0
            });
            // Heads draw the eye more than the rest of a person does.
            f32::from(mask[(x as u32, y as u32)].0[0]) / 255.0 * 0.7 + if head { 0.3 } else { 0.0 }
        });
        let moment = |axis: usize| {
            subject.each(|x, y| subject.values[y * subject.width + x] * [x, y][axis] as f32)
        };
        let clutter = detail.join(&subject, |detail, subject| detail * (1.0 - subject).max(0.0));
        Self {
            width: photo.width() as f32,
            height: photo.height() as f32,
            moments: [Sums::of(&moment(0)), Sums::of(&moment(1))],
            clutter: Sums::of(&clutter),
            subject: Sums::of(&subject),
            main: main_subject(&mask, scale),
            heads,
            faces: faces.to_vec(),
        }
    }

    /// Whether a frame leaves the main subject and the largest head whole.
    fn keeps_main(&self, frame: &Rect) -> bool {
        let head = self.heads.iter().max_by(|a, b| a.area().total_cmp(&b.area()));
        let picture = Rect { x: 0.0, y: 0.0, width: self.width, height: self.height };
        self.main.iter().chain(head).all(|part| {
            let shown = part.common(&picture);
            shown.common(frame).area() >= KEPT * shown.area()
        })
    }

    /// The composition of what a frame shows, from 0 to [`BEST`].
    pub fn score(&self, frame: &Rect) -> f32 {
        let cells = self.cells(frame);
        let mass = self.subject.within(cells);
        let all = self.subject.all();
        if mass <= 1e-6 || all <= 1e-6 {
            return 1.0;
        }
        let factors = [
            self.kept(frame, mass / all),
            self.cut(cells, mass),
            self.heads_whole(frame),
            self.room(frame),
            self.placement(frame, cells, mass),
            size(mass / area(cells)),
            self.calm(cells),
        ];
        BEST * factors.into_iter().product::<f32>().clamp(0.0, 1.0)
    }

    /// How much of the subject a frame keeps, 0 to 1.
    pub fn share(&self, frame: &Rect) -> f32 {
        let all = self.subject.all();
        if all <= 1e-6 { 1.0 } else { (self.subject.within(self.cells(frame)) / all) as f32 }
    }

    /// What the frame leaves of the subject; of people, their heads count for more than the rest.
    fn kept(&self, frame: &Rect, share: f64) -> f32 {
        let heads: f32 = self.heads.iter().map(Rect::area).sum();
        let inside: f32 = self.heads.iter().map(|head| head.common(frame).area()).sum();
        let share = share as f32;
        let kept = if heads > 0.0 { 0.35 * share + 0.65 * inside / heads } else { share };
        0.2 + 0.8 * smoothstep(0.4, 0.95, kept)
    }

    /// Subject at the frame's edges: it goes on outside, or outside the picture. Least harm at the
    /// bottom, where bodies end, and where the subject fills the frame, as close-ups do.
    fn cut(&self, cells: [usize; 4], mass: f64) -> f32 {
        let [left, top, right, bottom] = cells;
        let thick = |length: usize| (length / 40).max(1);
        let (across, down) = (thick(right - left), thick(bottom - top));
        // Beside how wide the subject is, however little of the frame that may be.
        let fill = mass / area(cells);
        let usual = fill.sqrt().max(0.05);
        let touch =
            |cells: [usize; 4]| (self.subject.within(cells) / area(cells) / usual).min(1.0) as f32;
        let harm = 0.8 * touch([left, top, right, top + down])
            + 0.35 * touch([left, top, left + across, bottom])
            + 0.35 * touch([right - across, top, right, bottom])
            + 0.12 * touch([left, bottom - down, right, bottom]);
        (-1.5 * harm * (1.0 - 0.65 * smoothstep(0.3, 0.7, fill as f32))).exp()
    }

    /// Heads that the frame cuts, large ones first of all.
    fn heads_whole(&self, frame: &Rect) -> f32 {
        whole(&self.heads, frame)
    }

    /// The share of all faces that a frame shows, 1 where there are none.
    fn faces_inside(&self, frame: &Rect) -> f32 {
        let all: f32 = self.faces.iter().map(Rect::area).sum();
        let inside: f32 = self.faces.iter().map(|face| face.common(frame).area()).sum();
        if all > 0.0 { inside / all } else { 1.0 }
    }

    /// Room above the highest head: some, not a third of the picture.
    fn room(&self, frame: &Rect) -> f32 {
        let tops = self.heads.iter().map(|head| (head.y - frame.y) / frame.height);
        let room = tops.fold(f32::INFINITY, f32::min);
        if room.is_infinite() {
            return 1.0;
        }
        (0.85 + 0.15 * smoothstep(-0.02, 0.04, room)) * (1.0 - 0.25 * smoothstep(0.25, 0.6, room))
    }

    /// Whether the subject, or the largest face, lies near a third or the middle.
    fn placement(&self, frame: &Rect, [left, top, right, bottom]: [usize; 4], mass: f64) -> f32 {
        let cells = [left, top, right, bottom];
        let centre = |axis: usize, from: usize, to: usize| {
            let place = self.moments[axis].within(cells) / mass + 0.5 - from as f64;
            (place / (to - from) as f64) as f32
        };
        let mut place = [centre(0, left, right), centre(1, top, bottom)];
        if let Some(face) = self.faces.iter().max_by(|a, b| a.area().total_cmp(&b.area())) {
            let across = (face.x + face.width / 2.0 - frame.x) / frame.width;
            let eyes = (face.y + 0.4 * face.height - frame.y) / frame.height;
            // Both count: the eyes are looked at, the body has weight.
            place = [(place[0] + across) / 2.0, eyes];
        }
        let near = |at: f32, lines: &[(f32, f32)]| {
            let best =
                |&(line, worth): &(f32, f32)| worth * (-((at - line) / 0.14).powi(2) / 2.0).exp();
            lines.iter().map(best).fold(0.0, f32::max)
        };
        const THIRD: f32 = 1.0 / 3.0;
        let across = near(place[0], &[(THIRD, 1.0), (0.5, 0.95), (1.0 - THIRD, 1.0)]);
        let down = if self.faces.is_empty() {
            near(place[1], &[(THIRD, 0.97), (0.5, 1.0), (1.0 - THIRD, 1.0)])
        } else {
            near(place[1], &[(0.25, 0.97), (THIRD, 1.0), (0.42, 0.97)])
        };
        (0.45 + 0.55 * across) * (0.45 + 0.55 * down)
    }

    /// Detail beside the subject, which takes the eye away from it.
    fn calm(&self, cells: [usize; 4]) -> f32 {
        let density = (self.clutter.within(cells) / area(cells)) as f32;
        1.0 - 0.25 * smoothstep(0.05, 0.4, density)
    }

    /// The cells of the maps that a frame covers: left, top, right, bottom; at least one.
    fn cells(&self, frame: &Rect) -> [usize; 4] {
        let span = |from: f32, to: f32, length: f32, cells: usize| {
            let cell = |at: f32| ((at / length).clamp(0.0, 1.0) * cells as f32).round() as usize;
            let low = cell(from).min(cells - 1);
            (low, cell(to).clamp(low + 1, cells))
        };
        let (left, right) = span(frame.x, frame.right(), self.width, self.subject.width);
        let (top, bottom) = span(frame.y, frame.bottom(), self.height, self.subject.height);
        [left, top, right, bottom]
    }

    /// Up to `count` different frames, best first, each with its score. All lie inside the picture and
    /// have the shape of one of the usual formats or of the picture. None cuts the main subject while
    /// there is one that does not.
    pub fn proposals(&self, count: usize) -> Vec<(Rect, f32)> {
        let mut all: Vec<(Rect, f32)> =
            self.candidates().into_iter().map(|frame| (frame, self.score(&frame))).collect();
        let cuts = |frame: &Rect| !self.keeps_main(frame);
        all.sort_by(|a, b| cuts(&a.0).cmp(&cuts(&b.0)).then(b.1.total_cmp(&a.1)));
        let whole = all.iter().filter(|(frame, _)| !cuts(frame)).count();
        if whole >= count {
            all.truncate(whole);
        }
        // The less they may overlap the fewer there are: allow more until there are enough.
        for most in [0.6, 0.75, 0.88, 1.1] {
            let mut chosen: Vec<(Rect, f32)> = Vec::new();
            for &(frame, score) in &all {
                if chosen.iter().all(|(other, _)| frame.overlap(other) < most) {
                    chosen.push((frame, score));
                }
                if chosen.len() == count {
                    return chosen;
                }
            }
        }
        all.truncate(count);
        all
    }

    fn candidates(&self) -> Vec<Rect> {
        const STEPS: usize = 9;
        let own = self.width / self.height;
        let mut frames = Vec::new();
        for ratio in [own, 1.0, 4.0 / 3.0, 3.0 / 4.0, 3.0 / 2.0, 2.0 / 3.0, 16.0 / 9.0, 9.0 / 16.0]
        {
            for scale in [1.0, 0.9, 0.8, 0.7, 0.6, 0.5] {
                let width = self.width.min(self.height * ratio) * scale;
                let height = width / ratio;
                let step = |free: f32, i: usize| free * i as f32 / (STEPS - 1) as f32;
                for place in 0..STEPS * STEPS {
                    let x = step(self.width - width, place % STEPS);
                    let y = step((self.height - height).max(0.0), place / STEPS);
                    frames.push(Rect { x, y, width, height });
                }
            }
        }
        frames.dedup();
        frames
    }

    /// The largest frame of this shape (width over height), placed where its composition is best.
    pub fn cropped(&self, ratio: f32) -> Rect {
        const STEPS: usize = 200;
        let width = self.width.min(self.height * ratio);
        let height = (width / ratio).min(self.height);
        let place = |i: usize| {
            let way = i as f32 / STEPS as f32;
            let (x, y) = ((self.width - width) * way, (self.height - height) * way);
            Rect { x, y, width, height }
        };
        let worth = |frame: &Rect| {
            // What matters stays in first; how it looks decides among equals.
            let faces = self.faces_inside(frame).powi(4);
            faces
                * self.heads_whole(frame)
                * (0.3 + 0.7 * self.share(frame))
                * (1.0 + self.score(frame))
        };
        let frames = (0..=STEPS).map(place).map(|frame| (frame, worth(&frame)));
        let middle = (place(STEPS / 2), worth(&place(STEPS / 2)));
        let best =
            frames.fold(middle, |best, other| if other.1 > best.1 + 1e-4 { other } else { best });
        best.0
    }
}

/// The box of the largest salient thing in pixels of the picture, `None` where it fills most of it.
fn main_subject(mask: &GrayImage, scale: f32) -> Option<Rect> {
    let (width, height) = mask.dimensions();
    let pieces = components(mask, |value| value >= 128);
    let main = pieces.iter().max_by_key(|piece| piece.cells.len())?;
    let columns = main.cells.iter().map(|cell| cell % width);
    let rows = main.cells.iter().map(|cell| cell / width);
    let (left, right) = (columns.clone().min()?, columns.max()? + 1);
    let (top, bottom) = (rows.clone().min()?, rows.max()? + 1);
    let share = (right - left) as f32 * (bottom - top) as f32 / (width * height) as f32;
    let [left, top, right, bottom] = [left, top, right, bottom].map(|at| at as f32 / scale);
    let frame = Rect { x: left, y: top, width: right - left, height: bottom - top };
    (share < MOST_OF_IT).then_some(frame)
}

/// The head around a face: detectors leave out hair, ears and chin.
fn head(face: &Rect) -> Rect {
    Rect {
        x: face.x - 0.12 * face.width,
        y: face.y - 0.4 * face.height,
        width: 1.24 * face.width,
        height: 1.5 * face.height,
    }
}

/// How whole the frame leaves these boxes, 0.1 to 1; large ones count most.
fn whole(boxes: &[Rect], frame: &Rect) -> f32 {
    let largest = boxes.iter().map(Rect::area).fold(0.0, f32::max);
    let factors = boxes.iter().map(|part| {
        let inside = part.common(frame).area() / part.area().max(1e-6);
        let weight = (part.area() / largest.max(1e-6)).sqrt();
        1.0 - weight * 0.75 * (1.0 - smoothstep(0.35, 0.98, inside))
    });
    factors.fold(1.0, |all: f32, factor| all * factor).max(0.1)
}

/// How much of the frame the subject fills: neither a speck nor everything.
fn size(share: f64) -> f32 {
    let share = share as f32;
    (0.35 + 0.65 * smoothstep(0.0, 0.09, share)) * (1.0 - 0.5 * smoothstep(0.5, 0.95, share))
}

/// Local contrast, 0 to 1.
fn detail(gray: &Map) -> Map {
    let edges = gray.each(|x, y| {
        let at = |x: usize, y: usize| {
            gray.values[y.min(gray.height - 1) * gray.width + x.min(gray.width - 1)]
        };
        let here = at(x, y);
        (at(x + 1, y) - here).hypot(at(x, y + 1) - here)
    });
    let mean = edges.mean(2);
    mean.each(|x, y| (mean.values[y * mean.width + x] * 8.0).min(1.0))
}

fn area([left, top, right, bottom]: [usize; 4]) -> f64 {
    ((right - left) * (bottom - top)) as f64
}

/// Sums over any rectangle of a map at once (summed-area table, Crow 1984).
struct Sums {
    width: usize,
    height: usize,
    values: Vec<f64>,
}

impl Sums {
    fn of(map: &Map) -> Self {
        let stride = map.width + 1;
        let mut values = vec![0.0; stride * (map.height + 1)];
        for y in 0..map.height {
            let mut row = 0.0;
            for x in 0..map.width {
                row += f64::from(map.values[y * map.width + x]);
                values[(y + 1) * stride + x + 1] = values[y * stride + x + 1] + row;
            }
        }
        Self { width: map.width, height: map.height, values }
    }

    fn within(&self, [left, top, right, bottom]: [usize; 4]) -> f64 {
        let at = |x: usize, y: usize| self.values[y * (self.width + 1) + x];
        (at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top)).max(0.0)
    }

    fn all(&self) -> f64 {
        self.within([0, 0, self.width, self.height])
    }
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    /// From here on a composition counts as good, as the services say.
    const GOOD: f32 = 3.8;

    /// A plain picture with a bright disc, which is salient.
    fn disc(width: u32, height: u32, [x, y]: [f32; 2], radius: f32) -> (RgbImage, GrayImage) {
        let inside = |px: u32, py: u32| (px as f32 - x).hypot(py as f32 - y) < radius;
        let photo = RgbImage::from_fn(width, height, |px, py| {
            Rgb([if inside(px, py) { 220 } else { 60 }; 3])
        });
        let mask =
            GrayImage::from_fn(width, height, |px, py| Luma([u8::from(inside(px, py)) * 255]));
        (photo, mask)
    }

    fn score(place: [f32; 2], radius: f32) -> f32 {
        let (photo, mask) = disc(600, 400, place, radius);
        Scene::new(&photo, &mask, &[]).score(&Rect::whole(&photo))
    }

    #[test]
    fn a_whole_subject_at_a_third_is_good_and_one_in_a_corner_is_not() {
        let good = score([400.0, 200.0], 90.0);
        assert!(good > GOOD, "{good}");
        assert!(score([590.0, 390.0], 90.0) < 2.5);
    }

    #[test]
    fn the_further_the_subject_leaves_the_picture_the_worse() {
        let scores = [200.0, 120.0, 60.0, 20.0, -20.0, -60.0].map(|y| score([300.0, y], 90.0));
        assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{scores:?}");
    }

    #[test]
    fn the_smaller_the_worse_and_filling_everything_is_worse_too() {
        let scores = [80.0, 40.0, 20.0, 10.0].map(|radius| score([300.0, 200.0], radius));
        assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{scores:?}");
        assert!(score([300.0, 200.0], 80.0) > score([300.0, 200.0], 330.0));
    }

    #[test]
    fn cut_heads_cost_more_the_more_is_cut() {
        let (photo, mask) = disc(400, 600, [200.0, 260.0], 130.0);
        let face = Rect { x: 150.0, y: 180.0, width: 100.0, height: 130.0 };
        let scene = Scene::new(&photo, &mask, &[face]);
        let scores = [0.0, 150.0, 200.0, 240.0, 280.0]
            .map(|top| scene.score(&Rect { x: 0.0, y: top, width: 400.0, height: 600.0 - top }));
        assert!(scores.windows(2).skip(1).all(|pair| pair[0] > pair[1]), "{scores:?}");
        assert!(scores[0] > scores[2] + 0.5, "{scores:?}");
    }

    #[test]
    fn proposals_are_inside_different_sorted_and_better_than_a_bad_picture() {
        let (photo, mask) = disc(900, 600, [820.0, 520.0], 60.0);
        let scene = Scene::new(&photo, &mask, &[]);
        let own = scene.score(&Rect::whole(&photo));
        for count in [1, 5, 10] {
            let found = scene.proposals(count);
            assert_eq!(found.len(), count);
            assert!(found[0].1 > own, "{} is no better than {own}", found[0].1);
            assert!(found.windows(2).all(|pair| pair[0].1 >= pair[1].1 && pair[0].0 != pair[1].0));
            for (frame, score) in found {
                assert!(frame.x >= 0.0 && frame.y >= 0.0 && (0.0..=BEST).contains(&score));
                assert!(frame.right() <= 900.5 && frame.bottom() <= 600.5, "{frame:?}");
            }
        }
    }

    #[test]
    fn a_crop_keeps_the_subject() {
        for x in [100.0, 450.0, 800.0] {
            let (photo, mask) = disc(900, 600, [x, 300.0], 80.0);
            let scene = Scene::new(&photo, &mask, &[]);
            let crop = scene.cropped(0.5);
            assert_eq!((crop.width, crop.height), (300.0, 600.0));
            assert!(scene.share(&crop) > 0.99, "{crop:?}");
        }
    }

    #[test]
    fn plain_and_tiny_pictures_have_a_score() {
        for (width, height) in [(1, 1), (32, 32), (4000, 40)] {
            let photo = RgbImage::from_pixel(width, height, Rgb([90; 3]));
            let scene = Scene::new(&photo, &GrayImage::new(width, height), &[]);
            assert!((0.0..=BEST).contains(&scene.score(&Rect::whole(&photo))));
            assert_eq!(scene.proposals(10).len(), 10);
            assert!(scene.cropped(3.0).width > 0.0);
        }
    }
}
