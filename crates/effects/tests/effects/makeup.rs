//! Makeup on photos: it reaches what was asked, stays where it belongs, and repeats. Each measure also
//! judges the unchanged photo, which must fail it.

use std::sync::OnceLock;

use image::RgbImage;
use safelight_effects::describe::{HAIR, LASHES, LENSES};
use safelight_effects::hair::{self, HairColour};
use safelight_effects::lab::{Lab, LabMap, difference};
use safelight_effects::makeup::beard::{self, STYLES, Style};
use safelight_effects::makeup::brows::{self, BrowShape};
use safelight_effects::makeup::lashes::{self, Lashes};
use safelight_effects::makeup::lenses::{self, Lens};
use safelight_effects::makeup::lips::{self, Lipstick};
use safelight_effects::makeup::shadow::{self, DESIGNS};
use safelight_effects::makeup::shave::{self, Beard};
use safelight_effects::makeup::{eye, fuller};
use safelight_effects::{Kit, Window, atlas, region};
use safelight_imaging::map::Map;
use safelight_imaging::{Cutout, Photo, Region, lab_of};
use safelight_testkit::{self as testkit, picture as decoded};
use safelight_vision::Vision;
use safelight_vision::face::{Face, Part, Point, Rect};

/// A photo with its face.
pub(crate) struct Subject {
    pub(crate) photo: RgbImage,
    pub(crate) kit: Kit,
}

impl Subject {
    pub(crate) fn of(photo: RgbImage) -> Self {
        let vision = Vision::new(testkit::registry());
        let faces = vision.detect_faces(&photo).expect("faces");
        let kit = Kit::of(&Face::new(&vision, &photo, faces[0])).expect("a kit");
        Self { photo, kit }
    }

    pub(crate) fn after(&self, paint: impl FnOnce(&Kit, &mut RgbImage)) -> RgbImage {
        let mut photo = self.photo.clone();
        paint(&self.kit, &mut photo);
        photo
    }

    pub(crate) fn window(&self, points: &[usize], margin: f32) -> Window {
        let rect = Rect::around(self.kit.polygon(points));
        self.kit.window_around(rect, margin).expect("in the photo")
    }

    /// The median colour of a picture's part where a mask is.
    fn median(&self, picture: &RgbImage, window: &Window, mask: &Map) -> Lab {
        LabMap::of(&window.cut(picture)).median(mask, 0.9).expect("a region")
    }

    /// How far a place is from the nearest of some points of the mesh, in `fw`.
    fn distance(&self, points: &[usize], x: u32, y: u32) -> f32 {
        let place = Point { x: x as f32, y: y as f32 };
        let near = points.iter().map(|&index| self.kit.mesh.point(index).distance(place));
        near.fold(f32::INFINITY, f32::min) / self.kit.fw
    }
}

/// A young woman with an open smile; the face is 91 px wide.
pub(crate) fn young() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| Subject::of(decoded("astronaut.png")))
}

/// An old woman with glasses and a hat; the face is 179 px wide.
pub(crate) fn old() -> &'static Subject {
    static SUBJECT: OnceLock<Subject> = OnceLock::new();
    SUBJECT.get_or_init(|| Subject::of(decoded("grace_hopper.jpg")))
}

fn both() -> [&'static Subject; 2] {
    [young(), old()]
}

/// The places that differ, with their difference in Lab.
pub(crate) fn changed(before: &RgbImage, after: &RgbImage) -> Vec<(u32, u32, f32)> {
    let pairs = before.enumerate_pixels().zip(after.pixels());
    pairs
        .filter(|((_, _, old), new)| *old != *new)
        .map(|((x, y, old), new)| (x, y, difference(lab_of(old.0), lab_of(new.0))))
        .collect()
}

fn sum(map: &Map) -> f32 {
    map.values.iter().sum()
}

const RED: Lab = [38.0, 58.0, 28.0];

pub(crate) fn lipstick(opacity: f32, gloss: f32) -> Lipstick {
    Lipstick { colour: RED, opacity, gloss }
}

#[test]
fn lips_take_the_colour_and_teeth_and_skin_stay_clean() {
    for subject in both() {
        let after = subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(1.0, 0.0)));
        let window = subject.window(&atlas::LIPS, 0.08);
        let ring = subject.kit.lips(&window);
        let far = |picture| difference(subject.median(picture, &window, &ring), RED);
        assert!(far(&after) < 12.0, "{}", far(&after));
        assert!(far(&subject.photo) > 20.0, "the unchanged lips are far off");
        // Inside the opening and beyond the lips nothing is red.
        let inner = region::fill(&window, &subject.kit.polygon(&atlas::MOUTH));
        let outline = region::fill(&window, &subject.kit.polygon(&atlas::LIPS));
        let near = region::grown(&outline, subject.kit.cells(&window, 0.01));
        let (old, new) = (LabMap::of(&window.cut(&subject.photo)), LabMap::of(&window.cut(&after)));
        let stained = |mask: &dyn Fn(usize) -> bool| {
            let all: Vec<usize> = (0..old.colours.len()).filter(|&i| mask(i)).collect();
            let hit = |&&i: &&usize| difference(old.colours[i], new.colours[i]) > 3.0;
            all.iter().filter(hit).count() as f32 / all.len().max(1) as f32
        };
        let skin = stained(&|i| near.values[i] < 0.01);
        assert!(skin <= 0.02, "skin {skin}");
        if sum(&inner) > 60.0 {
            let teeth = stained(&|i| inner.values[i] > 0.99);
            assert!(teeth <= 0.02, "teeth {teeth}");
            assert!(stained(&|i| ring.values[i] > 0.99) > 0.9, "the lips themselves are painted");
        }
    }
}

#[test]
fn lipstick_is_as_dark_as_the_photo() {
    let mut dark = old().photo.clone();
    dark.iter_mut().for_each(|value| *value = (f32::from(*value) * 0.45) as u8);
    let lightness = |subject: &Subject| {
        let after = subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(1.0, 0.0)));
        let window = subject.window(&atlas::LIPS, 0.08);
        subject.median(&after, &window, &subject.kit.lips(&window))[0]
    };
    let (lit, dark) = (lightness(old()), lightness(&Subject::of(dark)));
    assert!(dark < 0.75 * lit, "{dark} in the dark, {lit} in the light");
    assert!(lit > 0.75 * RED[0], "in plain light it has its own: {lit}");
}

#[test]
fn gloss_adds_light_and_no_opacity_is_the_identity() {
    for subject in both() {
        let matte = subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(0.8, 0.0)));
        let wet = subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(0.8, 1.0)));
        let lighter = changed(&matte, &wet);
        assert!(lighter.iter().filter(|(_, _, far)| *far > 8.0).count() > 4);
        for &(x, y, _) in &lighter {
            let l = |picture: &RgbImage| lab_of(picture.get_pixel(x, y).0)[0];
            assert!(l(&wet) > l(&matte) - 0.8, "{x} {y}");
        }
        let none = subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(0.0, 1.0)));
        assert_eq!(none, subject.photo);
        // More opacity never changes less.
        let amounts = [0.25, 0.5, 0.75, 1.0].map(|opacity| {
            let after =
                subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(opacity, 0.0)));
            changed(&subject.photo, &after).iter().map(|(_, _, far)| far).sum::<f32>()
        });
        assert!(amounts.is_sorted() && amounts[0] > 0.0, "{amounts:?}");
    }
}

#[test]
fn lips_grow_and_the_opening_stays() {
    let subject = old();
    let after = Subject::of(subject.after(|kit, photo| fuller::paint(kit, photo, 1.0)));
    let height = |kit: &Kit| {
        let between = |a: usize, b: usize| kit.mesh.point(a).distance(kit.mesh.point(b));
        ((between(0, 13) + between(14, 17)) / between(61, 291), between(13, 14) / kit.fw)
    };
    let ((before, gap), (now, new_gap)) = (height(&subject.kit), height(&after.kit));
    assert!(now > 1.03 * before, "{before} {now}");
    assert!((new_gap - gap).abs() < 0.012, "{gap} {new_gap}");
    assert_eq!(subject.after(|kit, photo| fuller::paint(kit, photo, 0.0)), subject.photo);
    let far = changed(&subject.photo, &after.photo);
    assert!(far.iter().all(|&(x, y, _)| subject.distance(&atlas::LIPS, x, y) < 0.25));
}

#[test]
fn lenses_colour_the_iris_and_leave_the_white() {
    for (subject, white) in [(young(), 2.5), (old(), 2.5)] {
        let lens = Lens::described(&LENSES.read("blue"));
        let after = subject.after(|kit, photo| {
            assert_eq!(lenses::paint(kit, photo, &lens), [Ok(()); 2]);
        });
        for side in [0, 1] {
            let window = subject.window(&atlas::EYES[side], 0.03);
            let (centre, radius) = subject.kit.iris_disc(side);
            let ring = window.map(|place| {
                let r = place.distance(centre) / radius;
                f32::from((0.5..0.8).contains(&r))
            });
            let opening = region::fill(&window, &subject.kit.polygon(&atlas::EYES[side]));
            let iris = region::common(&ring, &opening);
            let blue = |picture| subject.median(picture, &window, &iris)[2];
            assert!(blue(&after) < blue(&subject.photo) - 12.0, "{}", blue(&after));
            let beyond = window.map(|place| f32::from(place.distance(centre) > 1.5 * radius));
            let (old, new) =
                (LabMap::of(&window.cut(&subject.photo)), LabMap::of(&window.cut(&after)));
            let far: Vec<f32> = (0..old.colours.len())
                .filter(|&i| beyond.values[i] > 0.5)
                .map(|i| difference(old.colours[i], new.colours[i]))
                .collect();
            let mean = far.iter().sum::<f32>() / far.len().max(1) as f32;
            assert!(mean < white, "{mean}");
        }
        let clear = Lens { opacity: 0.0, ..lens };
        assert_eq!(
            subject.after(|kit, photo| {
                let _ = lenses::paint(kit, photo, &clear);
            }),
            subject.photo
        );
    }
}

#[test]
fn lashes_darken_the_lid_line_and_end_near_it() {
    for subject in both() {
        let set = Lashes::described(&LASHES.read("dramatic"));
        let paint = |kit: &Kit, photo: &mut RgbImage| {
            assert_eq!(lashes::paint(kit, photo, &set), [Ok(()); 2]);
        };
        let after = subject.after(paint);
        assert_eq!(after, subject.after(paint), "it repeats");
        let places = changed(&subject.photo, &after);
        assert!(places.len() > 60, "{}", places.len());
        let lids = atlas::EYES.as_flattened();
        let reach = places.iter().map(|&(x, y, _)| subject.distance(lids, x, y));
        let reach = reach.fold(0.0, f32::max);
        assert!(reach < 0.11, "{reach}");
        let darker = places.iter().filter(|&&(x, y, _)| {
            let l = |picture: &RgbImage| lab_of(picture.get_pixel(x, y).0)[0];
            l(&after) <= l(&subject.photo) + 0.5
        });
        assert!(darker.count() as f32 > 0.9 * places.len() as f32);
        let none = Lashes { alpha: 0.0, ..set };
        assert_eq!(
            subject.after(|kit, photo| {
                let _ = lashes::paint(kit, photo, &none);
            }),
            subject.photo
        );
    }
}

#[test]
fn eyeshadows_stay_off_eyes_and_brows_and_grow_with_their_strength() {
    for subject in both() {
        for design in [&DESIGNS[0], &DESIGNS[2], &DESIGNS[12]] {
            let after = subject.after(|kit, photo| {
                let _ = shadow::paint(kit, photo, design, 1.0);
            });
            let places = changed(&subject.photo, &after);
            assert!(places.len() > 100, "{}: {}", design.name, places.len());
            let around: Vec<usize> =
                [atlas::LIDS.as_flattened(), atlas::BROWS.as_flattened()].concat();
            let reach = places.iter().map(|&(x, y, _)| subject.distance(&around, x, y));
            assert!(reach.fold(0.0, f32::max) < 0.12, "{}", design.name);
            for side in [0, 1] {
                let window = subject.window(&atlas::EYES[side], 0.02);
                let opening = region::fill(&window, &subject.kit.polygon(&atlas::EYES[side]));
                let inside = region::common(&opening, &opening.erode(1));
                let median = |picture| subject.median(picture, &window, &inside);
                assert!(difference(median(&after), median(&subject.photo)) < 1.5);
            }
            let amounts = [0.0, 0.3, 0.6, 1.0].map(|strength| {
                let after = subject.after(|kit, photo| {
                    let _ = shadow::paint(kit, photo, design, strength);
                });
                changed(&subject.photo, &after).iter().map(|(_, _, far)| far).sum::<f32>()
            });
            assert!(amounts.is_sorted() && amounts[0] == 0.0 && amounts[1] > 0.0, "{amounts:?}");
        }
    }
}

#[test]
fn the_eyeshadow_that_is_painted_is_read_again() {
    let subject = young();
    // The bare lids are read as none, or as something faint of their own.
    let bare = shadow::read(&subject.kit, &subject.photo);
    let worn = Subject::of(subject.after(|kit, photo| {
        let _ = shadow::paint(kit, photo, &DESIGNS[2], 1.0);
    }));
    let read = shadow::read(&worn.kit, &worn.photo).expect("an eyeshadow");
    let blue = |design: &shadow::Design| {
        design.layers.iter().map(|layer| layer.colour.0[2]).fold(f32::INFINITY, f32::min)
    };
    assert!(blue(&read) < -15.0, "{read:?}");
    assert!(bare.is_none_or(|design| blue(&design) > 0.0));
}

#[test]
fn brows_are_taken_away_and_redrawn() {
    let subject = young();
    let depth = |picture: &RgbImage| {
        let window = subject.window(atlas::BROWS.as_flattened(), 0.02);
        let brows =
            atlas::BROWS.iter().map(|brow| region::fill(&window, &subject.kit.polygon(brow)));
        let brows = brows.reduce(|a, b| region::union(&a, &b)).expect("two");
        let light = LabMap::of(&window.cut(picture)).plane(0);
        let soft = light.gaussian(subject.kit.cells(&window, 0.03));
        let pairs = light.values.iter().zip(&soft.values).zip(&brows.values);
        let inside =
            pairs.filter(|(_, brow)| **brow > 0.5).map(|((l, soft), _)| (soft - l).max(0.0));
        inside.sum::<f32>() / sum(&brows)
    };
    let bare = subject.after(|kit, photo| assert_eq!(brows::erase(kit, photo), [true; 2]));
    assert!(
        depth(&bare) < 0.45 * depth(&subject.photo),
        "{} {}",
        depth(&bare),
        depth(&subject.photo)
    );
    let bushy = BrowShape::new(0.030, [0.0, 0.0, 0.003, 0.004, 0.0, 0.0], 600.0);
    let thin = BrowShape::new(0.010, [0.0, 0.004, 0.01, 0.014, 0.006, 0.0], 300.0);
    let drawn = |shape: &BrowShape| {
        subject.after(|kit, photo| {
            brows::paint(kit, photo, shape);
        })
    };
    let width = |picture: RgbImage| {
        let again = Subject::of(picture);
        let shape = brows::read(&again.kit, &again.photo).expect("brows");
        shape.half.iter().sum::<f32>()
    };
    let (wide, narrow) = (width(drawn(&bushy)), width(drawn(&thin)));
    assert!(wide > 1.25 * narrow, "{wide} {narrow}");
}

fn style(name: &str) -> &'static Style {
    STYLES.iter().find(|style| style.name == name).expect("a style")
}

#[test]
fn beards_grow_below_the_nose_and_off_the_lips() {
    for subject in both() {
        for name in ["FullBeardClassic", "HeavyStubble", "HandlebarMoustache"] {
            let paint = |kit: &Kit, photo: &mut RgbImage| beard::paint(kit, photo, style(name));
            let after = subject.after(paint);
            let places = changed(&subject.photo, &after);
            assert!(places.len() > 100, "{name}");
            let brow = subject.kit.mesh.point(9).y;
            assert!(places.iter().all(|&(_, y, _)| y as f32 > brow), "{name}");
            let outline = atlas::OVAL;
            let window = subject.window(&outline, 0.2);
            let face = region::fill(&window, &subject.kit.polygon(&outline));
            for &(x, y, far) in &places {
                let cell = window.cell(Point { x: x as f32, y: y as f32 });
                let inside = face.between(cell.x, cell.y) > 0.5;
                let reach = subject.distance(&outline, x, y);
                assert!(inside || reach < 0.12 || far < 2.0, "{name} {x} {y}: {reach}");
            }
            let lips = subject.kit.lips(&window);
            let (old, new) =
                (LabMap::of(&window.cut(&subject.photo)), LabMap::of(&window.cut(&after)));
            let on_lips: Vec<usize> =
                (0..lips.values.len()).filter(|&i| lips.values[i] > 0.9).collect();
            let stained = on_lips
                .iter()
                .filter(|&&i| difference(old.colours[i], new.colours[i]) > 8.0)
                .count();
            assert!(
                stained as f32 <= 0.12 * on_lips.len() as f32,
                "{name}: {stained} of {}",
                on_lips.len()
            );
        }
    }
}

#[test]
fn the_beard_that_is_drawn_is_read_again() {
    let subject = young();
    assert!(beard::read(&subject.kit, &subject.photo).is_none(), "a bare face has none");
    // Styles of one family share their parts; which of them it is, the eye does not tell either.
    let grows = |style: &Style, part: beard::Part| style.parts.iter().any(|g| g.part == part);
    for name in ["FullBeardClassic", "Goatee", "CircleBeard"] {
        let drawn = style(name);
        let worn = Subject::of(subject.after(|kit, photo| beard::paint(kit, photo, drawn)));
        let read = beard::read(&worn.kit, &worn.photo).expect("a beard");
        for part in [beard::Part::Jaw, beard::Part::Chin] {
            assert_eq!(grows(read, part), grows(drawn, part), "{name}: {}, {part:?}", read.name);
        }
    }
}

#[test]
fn stubble_is_taken_away_and_bare_skin_stays() {
    let subject = young();
    let chin = |picture: &RgbImage| {
        let window = subject.window(&[152, 200, 199, 175], 0.04);
        LabMap::of(&window.cut(picture)).median(&window.filled(1.0), 0.5).expect("a chin")
    };
    let bearded =
        Subject::of(subject.after(|kit, photo| beard::paint(kit, photo, style("CorporateBeard"))));
    let mut shaved = bearded.photo.clone();
    assert_eq!(shave::paint(&bearded.kit, &mut shaved), Beard::Short);
    let bare = chin(&subject.photo);
    let (with, without) = (difference(chin(&bearded.photo), bare), difference(chin(&shaved), bare));
    assert!(with > 8.0 && without < 0.6 * with, "{with} {without}");
    for subject in both() {
        let after = subject.after(|kit, photo| assert_eq!(shave::paint(kit, photo), Beard::None));
        assert_eq!(after, subject.photo, "no beard, no change");
    }
}

#[test]
fn hair_before_a_cheek_is_not_shaved() {
    let subject = young();
    let bearded = subject.after(|kit, photo| beard::paint(kit, photo, style("CorporateBeard")));
    // Hair from above the forehead laid over the cheek on the left.
    let (oval, fw) = (subject.kit.mesh.rect(), subject.kit.fw);
    let mut covered = bearded.clone();
    let [left, right] = [oval.x - 0.06 * fw, oval.x + 0.2 * fw].map(|x| x as u32);
    let [top, bottom] = [oval.y + 0.2 * fw, oval.bottom()].map(|y| y as u32);
    let tile = (0.22 * fw) as u32;
    let from = (oval.y - 0.28 * fw).max(0.0) as u32;
    for (y, x) in (top..bottom).flat_map(|y| (left..right).map(move |x| (y, x))) {
        let turn = (y - top) % (2 * tile);
        let row = if turn < tile { turn } else { 2 * tile - 1 - turn };
        let pixel = *subject.photo.get_pixel(x + (0.3 * fw) as u32, from + row);
        covered.put_pixel(x, y, pixel);
    }
    let covered = Subject::of(covered);
    let mut shaved = covered.photo.clone();
    shave::paint(&covered.kit, &mut shaved);
    let is_hair = covered.kit.parsing.likely(&[Part::Hair]);
    let (mut all, mut hit) = (0, 0);
    for (x, y, changed) in changed(&covered.photo, &shaved) {
        if x < right && y > top && is_hair(Point { x: x as f32, y: y as f32 }) > 0.6 {
            all += 1;
            hit += usize::from(changed > 6.0);
        }
    }
    println!("{hit} of {all} pixels of hair change, {left}..{right} {top}..{bottom}");
    assert!(hit < 20, "{hit} of {all} pixels of hair are shaved");
    assert_ne!(shaved, covered.photo, "the beard beside it goes");
}

/// The matte of a face's hair.
fn matte(subject: &Subject) -> (Cutout, Region) {
    let vision = Vision::new(testkit::registry());
    let face = vision.detect_faces(&subject.photo).expect("faces")[0];
    let parts =
        vision.head_parts(&subject.photo, &face, &[Part::Hair]).expect("parts").expect("hair");
    let own = Photo { rgb: subject.photo.clone(), alpha: None }.part(parts.region);
    let whole = Region::whole(&own.rgb);
    (Cutout::refine(own, &parts.mask, whole), parts.region)
}

/// The median of what is surely hair.
fn hair_colour(picture: &RgbImage, cutout: &Cutout, region: Region) -> Lab {
    let own = Photo { rgb: picture.clone(), alpha: None }.part(region).rgb;
    hair::median(&Cutout { rgb: own, alpha: cutout.alpha.clone() }).expect("hair")
}

fn coloured(subject: &Subject, cutout: &Cutout, region: Region, words: &str) -> RgbImage {
    let wanted = HairColour::described(&HAIR.read(words));
    subject.after(|kit, photo| hair::paint(photo, kit, cutout, region, &wanted))
}

#[test]
fn hair_takes_its_colour_and_black_hair_can_become_blonde() {
    let subject = young();
    let (cutout, region) = matte(subject);
    for (words, target) in [("copper", "#a5512a"), ("jet black", "#100f11"), ("silver", "#aeb0b5")]
    {
        let byte = |at: usize| u8::from_str_radix(&target[at..at + 2], 16).expect("a colour");
        let target = lab_of([byte(1), byte(3), byte(5)]);
        let after = coloured(subject, &cutout, region, words);
        let far = |picture| difference(hair_colour(picture, &cutout, region), target);
        assert!(far(&after) < 9.0, "{words}: {}", far(&after));
        assert!(far(&subject.photo) > 15.0, "{words}: the unchanged hair is far off");
        let ear_to_chin = changed(&subject.photo, &after);
        let skin = ear_to_chin.iter().filter(|&&(x, y, far)| {
            far > 2.0 && subject.distance(&[4, 50, 280, 152, 199, 1], x, y) < 0.12
        });
        assert!(skin.count() < 20, "{words} on the skin");
    }
    let black = Subject {
        photo: coloured(subject, &cutout, region, "jet black"),
        kit: subject.kit.clone(),
    };
    let (cutout, region) = matte(&black);
    let light = |picture: &RgbImage| hair_colour(picture, &cutout, region)[0];
    assert!(light(&black.photo) < 25.0);
    assert!(light(&coloured(&black, &cutout, region, "blonde")) >= 50.0);
    assert!(light(&coloured(&black, &cutout, region, "bronde")) < 50.0, "no bleach, no blonde");
    let wanted = HairColour { strength: 0.0, ..HairColour::described(&HAIR.read("blonde")) };
    assert_eq!(
        black.after(|kit, photo| hair::paint(photo, kit, &cutout, region, &wanted)),
        black.photo
    );
}

#[test]
fn ombre_strands_and_rainbows_differ_along_and_across() {
    let subject = young();
    let (cutout, region) = matte(subject);
    let plain = coloured(subject, &cutout, region, "dark brown");
    for words in ["dark brown to blue ombre", "dark brown with copper highlights", "rainbow"] {
        let after = coloured(subject, &cutout, region, words);
        let far: Vec<f32> = changed(&plain, &after).iter().map(|(_, _, far)| *far).collect();
        assert!(far.iter().filter(|far| **far > 10.0).count() > 300, "{words}");
    }
}

#[test]
fn dark_skin_gets_colour_and_no_grey() {
    // The same portrait with a third of its light.
    let dark = RgbImage::from_fn(512, 512, |x, y| {
        let pixel = young().photo.get_pixel(x, y).0;
        image::Rgb(pixel.map(|value| (f32::from(value) * 0.55) as u8))
    });
    let subject = Subject::of(dark);
    let design = &DESIGNS[2];
    let after = subject.after(|kit, photo| {
        let _ = shadow::paint(kit, photo, design, 1.0);
    });
    let places = changed(&subject.photo, &after);
    let strong: Vec<_> = places.iter().filter(|(_, _, far)| *far > 10.0).collect();
    assert!(strong.len() > 40, "{}", strong.len());
    let chroma = |picture: &RgbImage| {
        let all = strong.iter().map(|&&(x, y, _)| {
            let [_, a, b] = lab_of(picture.get_pixel(x, y).0);
            a.hypot(b)
        });
        all.sum::<f32>()
    };
    assert!(chroma(&after) > chroma(&subject.photo));
    let after = subject.after(|kit, photo| lips::paint(kit, photo, &lipstick(1.0, 0.0)));
    let window = subject.window(&atlas::LIPS, 0.05);
    let lips = subject.kit.lips(&window);
    let wanted = subject.kit.lit(RED);
    let far = |picture| difference(subject.median(picture, &window, &lips), wanted);
    assert!(far(&after) < 14.0, "{}", far(&after));
    assert!(far(&subject.photo) > 20.0, "the unchanged lips are far off");
}

#[test]
fn glasses_keep_their_rims() {
    let subject = old();
    assert!(subject.kit.glasses);
    let after = subject.after(|kit, photo| {
        let _ = shadow::paint(kit, photo, &DESIGNS[2], 1.0);
    });
    // Black and shiny: rims and nothing else near the eyes.
    let rims = changed(&subject.photo, &after).into_iter().filter(|&(x, y, far)| {
        let [l, a, b] = lab_of(subject.photo.get_pixel(x, y).0);
        far > 6.0 && l < 16.0 && a.hypot(b) < 12.0
    });
    assert!(rims.count() < 12);
}

#[test]
fn a_face_that_turns_away_loses_its_far_eye() {
    let mut kit = young().kit.clone();
    kit.pose.yaw = 40.0;
    let canvas = eye::canvas(&kit, &young().photo).expect("in the photo");
    let [left, right] = eye::both(&canvas);
    assert!(left.is_ok() && right.is_err());
}
