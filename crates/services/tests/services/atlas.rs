//! The pictures of `docs/faces`: for one portrait everything that is seen of a face, against the ones
//! that were looked at. `UPDATE_DOCS=1` draws them anew.

use crate::skin::canvas;
use crate::{golden, support};
use image::{DynamicImage, GenericImage, GenericImageView, Rgb, RgbImage, Rgba, imageops};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::warp::{Border, warp};
use safelight_imaging::{encode, lettering};
use safelight_operation::Node;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::landmarks::{
    COUNT_72, COUNT_150, POINTS_4, POINTS_105, POINTS_201, place,
};
use safelight_vision::face::quality::Region;
use safelight_vision::face::{Face, Mesh, Part, Point, Rect, parsing};

/// The part of the portrait that is drawn on: left, top, width, height.
const VIEW: [u32; 4] = [132, 34, 180, 160];
const HEADLINE: f32 = 20.0;
const WHITE: [u8; 3] = [255; 3];
const YELLOW: [u8; 3] = [255, 240, 0];
const GREEN: [u8; 3] = [40, 255, 70];
const BLUE: [u8; 3] = [70, 150, 255];
const RED: [u8; 3] = [255, 60, 60];

/// A cut-out of the portrait, enlarged, to draw on in the portrait's coordinates.
struct Panel {
    picture: RgbImage,
    scale: f32,
    /// Whether marks show.
    marked: bool,
}

impl Panel {
    fn new(portrait: &RgbImage, scale: f32, title: &str, marked: bool) -> Self {
        let [_, _, width, height] = VIEW;
        let scaled = |length: u32| (length as f32 * scale) as u32;
        let picture =
            resize::rgb_part(portrait, VIEW, scaled(width), scaled(height), Filter::Lanczos3);
        let mut panel = Self { picture, scale, marked };
        panel.headline(title);
        panel
    }

    fn headline(&mut self, title: &str) {
        let width = lettering::width(title, HEADLINE) as u32 + 14;
        lettering::fill(&mut self.picture, [0, 0, width, 28], [20; 3]);
        lettering::write(&mut self.picture, title, [7.0, 20.0], HEADLINE, WHITE);
    }

    /// Where a place of the portrait lies in the picture.
    fn at(&self, point: Point) -> Point {
        let shifted = |value: f32, from: u32| (value + 0.5 - from as f32) * self.scale;
        Point { x: shifted(point.x, VIEW[0]), y: shifted(point.y, VIEW[1]) }
    }

    /// A dot with a dark rim.
    fn dot(&mut self, point: Point, radius: f32, colour: [u8; 3]) {
        if !self.marked {
            return;
        }
        let middle = self.at(point);
        let reach = radius + 1.0;
        let from = |value: f32| (value - reach).max(0.0) as u32;
        for y in from(middle.y)..=(middle.y + reach) as u32 {
            for x in from(middle.x)..=(middle.x + reach) as u32 {
                let off = middle.distance(Point { x: x as f32 + 0.5, y: y as f32 + 0.5 });
                if off <= reach && x < self.picture.width() && y < self.picture.height() {
                    self.picture.put_pixel(x, y, Rgb(if off <= radius { colour } else { [0; 3] }));
                }
            }
        }
    }

    fn line(&mut self, from: Point, to: Point, colour: [u8; 3]) {
        if !self.marked {
            return;
        }
        let steps = (from.distance(to) * self.scale) as u16 * 2 + 1;
        for step in 0..=steps {
            let share = f32::from(step) / f32::from(steps);
            let along = |a: f32, b: f32| a + (b - a) * share;
            let Point { x, y } = self.at(Point { x: along(from.x, to.x), y: along(from.y, to.y) });
            for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
                let (x, y) = ((x + dx).max(0.0) as u32, (y + dy).max(0.0) as u32);
                if x < self.picture.width() && y < self.picture.height() {
                    self.picture.put_pixel(x, y, Rgb(colour));
                }
            }
        }
    }

    fn frame(&mut self, rect: Rect, colour: [u8; 3]) {
        let corner = |x, y| Point { x, y };
        let corners = [
            corner(rect.x, rect.y),
            corner(rect.right(), rect.y),
            corner(rect.right(), rect.bottom()),
            corner(rect.x, rect.bottom()),
        ];
        for (index, &from) in corners.iter().enumerate() {
            self.line(from, corners[(index + 1) % 4], colour);
        }
    }

    fn label(&mut self, point: Point, text: &str, size: f32, colour: [u8; 3]) {
        if !self.marked {
            return;
        }
        let Point { x, y } = self.at(point);
        for (dx, dy) in [(1.0, 1.0), (-1.0, 0.0), (0.0, -1.0)] {
            let place = [x + size / 3.0 + dx, y - 2.0 + dy];
            lettering::write(&mut self.picture, text, place, size, [0; 3]);
        }
        lettering::write(&mut self.picture, text, [x + size / 3.0, y - 2.0], size, colour);
    }
}

/// Pictures of one size in rows.
fn grid(pictures: &[RgbImage], columns: usize) -> RgbImage {
    let (width, height) = pictures[0].dimensions();
    let rows = pictures.len().div_ceil(columns);
    let side = |count: usize, each: u32| count as u32 * (each + 4) - 4;
    let mut whole = RgbImage::from_pixel(side(columns, width), side(rows, height), Rgb(WHITE));
    for (index, picture) in pictures.iter().enumerate() {
        let (x, y) = ((index % columns) as u32, (index / columns) as u32);
        whole.copy_from(picture, x * (width + 4), y * (height + 4)).expect("it fits");
    }
    whole
}

/// Green on the person's right, blue on the left, red between.
fn side_colour(name: &str) -> [u8; 3] {
    let first = name.split('_').find(|word| ["right", "left"].contains(word));
    match first {
        Some("right") if !name.starts_with("mouth") => GREEN,
        Some("left") if !name.starts_with("mouth") => BLUE,
        _ => RED,
    }
}

fn found(portrait: &RgbImage, face: &Face, mesh: &Mesh, marked: bool) -> RgbImage {
    let mut left = Panel::new(portrait, 3.6, "box and five points", marked);
    left.frame(face.detection.rect, YELLOW);
    for (point, name) in
        face.detection.points.into_iter().zip(["left eye", "right eye", "nose", "mouth", "mouth"])
    {
        left.dot(point, 3.0, YELLOW);
        left.label(point, name, 16.0, WHITE);
    }
    let mut right = Panel::new(portrait, 3.6, "478 points of the mesh", marked);
    for index in 0..mesh.points.len() {
        right.dot(mesh.point(index), 1.3, if index < 468 { YELLOW } else { RED });
    }
    grid(&[left.picture, right.picture], 2)
}

fn schemes(portrait: &RgbImage, mesh: &Mesh, marked: bool) -> RgbImage {
    let named = |title: &str, count: usize| {
        let mut panel = Panel::new(portrait, 3.0, title, marked);
        for (name, blend) in &POINTS_201[..count] {
            panel.dot(place(mesh, blend), 2.0, side_colour(name));
        }
        panel.picture
    };
    let mut four = Panel::new(portrait, 3.0, "4 points", marked);
    for (index, blend) in POINTS_4.iter().enumerate() {
        four.dot(place(mesh, blend), 3.0, YELLOW);
        four.label(place(mesh, blend), &index.to_string(), 18.0, WHITE);
    }
    let panels = [
        four.picture,
        named("72 points", COUNT_72),
        named("150 points", COUNT_150),
        named("201 points", POINTS_201.len()),
    ];
    grid(&panels, 2)
}

/// The names that fit: of each point of the scheme of 201 its last word or number.
fn names(portrait: &RgbImage, mesh: &Mesh, marked: bool) -> RgbImage {
    let mut panel = Panel::new(portrait, 7.0, "201 points, the last word of each name", marked);
    for (name, blend) in &POINTS_201 {
        panel.dot(place(mesh, blend), 2.5, side_colour(name));
    }
    for (name, blend) in POINTS_201.iter().filter(|(name, _)| !name.starts_with("iris")) {
        let word = name.rsplit('_').next().unwrap_or(name);
        panel.label(place(mesh, blend), word, 14.0, WHITE);
    }
    panel.picture
}

fn numbers(portrait: &RgbImage, mesh: &Mesh, marked: bool) -> RgbImage {
    let mut panel = Panel::new(portrait, 7.0, "105 points by their place in the list", marked);
    for (index, blend) in POINTS_105.iter().enumerate() {
        panel.dot(place(mesh, blend), 2.5, YELLOW);
        panel.label(place(mesh, blend), &index.to_string(), 14.0, WHITE);
    }
    panel.picture
}

/// A colour for each part, as far from its neighbours' as hues allow.
fn part_colour(part: Part) -> [u8; 3] {
    let hue = part as usize * 7 % 19;
    let ramp = |shift: usize| {
        let place = ((hue + shift) % 19) as f32 / 19.0;
        (255.0 * ((place * 6.0 - 3.0).abs() - 1.0).clamp(0.0, 1.0)) as u8
    };
    match part {
        Part::Background => [0; 3],
        // Its hue would be that of the skin beside it.
        Part::Hair => [130, 60, 10],
        _ => [ramp(0), ramp(13), ramp(6)],
    }
}

fn parts(portrait: &RgbImage, face: &Face, mesh: &Mesh, marked: bool) -> RgbImage {
    let parsing = face.parsing().expect("parts");
    let side = parsing::SIDE;
    let mut square = warp(portrait, parsing.to_cells(), side, side, Border::Replicate);
    for (pixel, label) in square.pixels_mut().zip(parsing.labels().pixels()) {
        let part = Part::ALL[usize::from(label.0[0])];
        if marked && part != Part::Background {
            let colour = part_colour(part);
            pixel.0 = std::array::from_fn(|i| pixel.0[i] / 2 + colour[i] / 2);
        }
    }
    let mut legend = RgbImage::from_pixel(side / 2, side, Rgb([30; 3]));
    for (index, part) in Part::ALL.into_iter().enumerate() {
        let top = index as u32 * 26 + 10;
        lettering::fill(&mut legend, [10, top, 20, 18], part_colour(part));
        let share = parsing.share(part) * 100.0;
        let text = format!("{part:?} {share:.1} %");
        lettering::write(&mut legend, &text, [38.0, top as f32 + 15.0], 16.0, WHITE);
    }
    let mut regions = Panel::new(portrait, 3.0, "the seven regions of quality", marked);
    for region in Region::ALL {
        let hull: Vec<Point> = region.points().iter().map(|&index| mesh.point(index)).collect();
        hull.iter().for_each(|&point| regions.dot(point, 1.6, YELLOW));
        let rect = Rect::around(hull);
        regions.label(Point { x: rect.x, y: rect.centre().y }, region.name(), 15.0, WHITE);
    }
    let mut whole = RgbImage::from_pixel(side + side / 2 + 8 + 540, side, Rgb(WHITE));
    whole.copy_from(&square, 0, 0).expect("it fits");
    whole.copy_from(&legend, side + 4, 0).expect("it fits");
    whole.copy_from(&regions.picture, side + side / 2 + 8, 0).expect("it fits");
    whole
}

/// The pictures by name below a field of an answer.
fn maps(node: Node) -> Vec<(&'static str, DynamicImage)> {
    let Node::Object(fields) = node else { return vec![] };
    let mut all = vec![];
    for (name, node) in fields {
        match node {
            Node::Base64(artifact) => {
                all.push((name, image::load_from_memory(&artifact.bytes).expect("a picture")));
            }
            node => all.extend(maps(node)),
        }
    }
    all
}

/// All maps of the analysis of skin, of the same head with a mole and a pimple painted on it, each over
/// the head; and the head without maps.
fn skin() -> [RgbImage; 2] {
    let asked = "red_area,brown_area,texture_enhanced_pores,texture_enhanced_blackheads,\
                 texture_enhanced_oily_area,texture_enhanced_lines,water_area,rough_area,\
                 roi_outline_map,texture_enhanced_bw";
    let mut canvas = canvas::Canvas::head(5.0);
    canvas.tint([194.0, 121.0], 1.6, 0.6, [0.51, 0.42, 0.385]);
    canvas.tint([222.0, 166.0], 2.0, 0.8, [0.935, 0.655, 0.7]);
    let form = support::with(support::form(canvas.jpeg()), "return_maps", asked);
    let answer = support::call("skin-analysis-pro", &form);
    let panels = maps(answer.unwrap_or_else(|fault| panic!("{fault}")));
    assert_eq!(panels.len(), 10);
    [true, false].map(|marked| {
        let over = |(name, map): &(&str, DynamicImage)| laid_over(name, map, &canvas.photo, marked);
        let panels: Vec<RgbImage> = panels.iter().map(over).collect();
        grid(&panels, 5)
    })
}

/// A map over the head without hair and uniform: what is transparent or white in it shows the head; all of
/// it where it is not `marked`.
fn laid_over(name: &str, map: &DynamicImage, head: &RgbImage, marked: bool) -> RgbImage {
    let (width, height) = head.dimensions();
    let part = [width / 5, height / 4, width * 11 / 20, height * 11 / 20];
    let mut small = resize::rgb_part(head, part, 300, 313, Filter::Lanczos3);
    if map.dimensions() == head.dimensions() {
        let [left, top, wide, high] = part;
        let map = map.crop_imm(left, top, wide, high);
        let map = map.resize_exact(300, 313, imageops::FilterType::Triangle).to_rgba8();
        for (pixel, &Rgba([r, g, b, alpha])) in small.pixels_mut().zip(map.pixels()) {
            let share = if marked { f32::from(alpha) / 255.0 } else { 0.0 };
            for (under, over) in pixel.0.iter_mut().zip([r, g, b]) {
                let white = 1.0 - share + share * f32::from(over) / 255.0;
                // The head is made pale, so that the map's own colours stand out.
                *under = ((120.0 + f32::from(*under) * 0.53) * white) as u8;
            }
        }
    } else if marked {
        small = map.resize_exact(300, 313, imageops::FilterType::Triangle).to_rgb8();
    }
    let width = lettering::width(name, 14.0) as u32 + 10;
    lettering::fill(&mut small, [0, 0, width, 20], [20; 3]);
    lettering::write(&mut small, name, [5.0, 15.0], 14.0, WHITE);
    small
}

#[test]
fn the_documentation_shows_what_is_seen() {
    let portrait = image::load_from_memory(&testkit::photo("astronaut.png")).expect("a picture");
    let portrait = portrait.to_rgb8();
    let vision = Vision::new(testkit::registry());
    let detection = vision.detect_faces(&portrait).expect("an answer")[0];
    let face = Face::new(&vision, &portrait, detection);
    let mesh = face.mesh().expect("a mesh");
    let folder = testkit::workspace().join("docs/faces");
    let both = [true, false];
    for (name, [picture, unmarked]) in [
        ("found", both.map(|marked| found(&portrait, &face, mesh, marked))),
        ("schemes", both.map(|marked| schemes(&portrait, mesh, marked))),
        ("names", both.map(|marked| names(&portrait, mesh, marked))),
        ("numbers", both.map(|marked| numbers(&portrait, mesh, marked))),
        ("parts", both.map(|marked| parts(&portrait, &face, mesh, marked))),
        ("skin", skin()),
    ] {
        let file = folder.join(name).with_extension("jpg");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).expect("the folder can be made");
            std::fs::write(&file, encode::jpeg(&picture, 68).expect("a file")).expect("written");
        }
        let looked_at = image::open(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; UPDATE_DOCS=1 draws it, then look at it", file.display())
        });
        let looked_at = looked_at.to_rgb8();
        assert_eq!(looked_at.dimensions(), picture.dimensions(), "{name}");
        let [picture, looked_at, unmarked] =
            [picture, looked_at, unmarked].map(|picture| imageops::thumbnail(&picture, 240, 160));
        let judged = golden::judge(&picture, &looked_at, &unmarked);
        judged.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}
