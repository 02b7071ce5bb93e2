//! What the describer understands of a hundred phrases.

use std::collections::BTreeMap;

use safelight_effects::describe::{Description, HAIR, LASHES, LENSES, LIPS, Vocabulary};
use safelight_effects::hair::HairColour;
use safelight_effects::lab::difference;
use safelight_effects::makeup::lashes::Lashes;
use safelight_effects::makeup::lenses::Lens;
use safelight_imaging::lab_of;

/// Of a phrase's expectations this share must be met.
const LEAST: f32 = 0.9;
/// A colour may be this far from the expected one.
const FAR: f32 = 14.0;

fn vocabulary(name: &str) -> &'static Vocabulary {
    match name {
        "hair" => &HAIR,
        "lens" => &LENSES,
        "lash" => &LASHES,
        _ => &LIPS,
    }
}

/// Whether a description is what was expected.
fn is(found: &Description, wanted: &str) -> bool {
    if let Some(hex) = wanted.strip_prefix('#') {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("a colour");
        let wanted = lab_of([byte(0), byte(2), byte(4)]);
        let first = found.colours.first();
        return first.is_some_and(|named| difference(named.colour, wanted) < FAR);
    }
    let (name, more, limit) = match (wanted.split_once('>'), wanted.split_once('<')) {
        (Some((name, limit)), _) => (name, true, limit),
        (_, Some((name, limit))) => (name, false, limit),
        _ => panic!("`{wanted}` is no expectation"),
    };
    let lashes = Lashes::described(&Description::default());
    let defaults = BTreeMap::from([
        ("length", lashes.length),
        ("density", lashes.density),
        ("curl", lashes.curl),
        ("lower", lashes.lower),
    ]);
    let known = found.set.contains_key(name) || found.scale.contains_key(name);
    let value = found.number(name, defaults.get(name).copied().unwrap_or(0.0));
    let limit: f32 = limit.parse().expect("a number");
    known && if more { value > limit } else { value < limit }
}

fn phrases() -> impl Iterator<Item = [&'static str; 3]> {
    include_str!("phrases.txt").lines().filter(|line| !line.starts_with("# ")).map(|line| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        parts.try_into().unwrap_or_else(|_| panic!("`{line}`"))
    })
}

#[test]
fn nine_of_ten_phrases_are_understood() {
    let (mut count, mut missed) = (0, vec![]);
    for [name, text, wanted] in phrases() {
        count += 1;
        let found = vocabulary(name).read(text);
        if !is(&found, wanted) {
            missed.push(format!("{name}: {text}: {found:?}"));
        }
    }
    let share = 1.0 - missed.len() as f32 / count as f32;
    println!("{:.1} % of {count}; missed {missed:#?}", share * 100.0);
    assert!(count >= 95 && share >= LEAST, "{share}: {missed:#?}");
}

#[test]
fn phrases_of_other_things_are_not_understood() {
    let understood = phrases().filter(|[_, _, wanted]| is(&Description::default(), wanted)).count();
    assert_eq!(understood, 0);
    for text in ["", "1234", "lorem ipsum dolor", "🙂🙂", "\u{0}\u{ffff}", &"x".repeat(1000)] {
        let found = HAIR.read(text);
        let nothing = Description { ignored: found.ignored.clone(), ..Description::default() };
        assert_eq!(found, nothing, "{text}");
    }
}

#[test]
fn descriptions_become_parameters_within_their_ranges() {
    for [name, text, _] in phrases() {
        let found = vocabulary(name).read(text);
        let lashes = Lashes::described(&found);
        assert!((0.02..=0.07).contains(&lashes.length) && (40.0..=180.0).contains(&lashes.density));
        let lens = Lens::described(&found);
        assert!((0.0..=0.75).contains(&lens.opacity) && (0.0..=40.0).contains(&lens.ring));
        assert!((0.0..=1.0).contains(&HairColour::described(&found).strength));
    }
    let usual = HairColour::described(&HAIR.read(""));
    assert!(usual.base.is_some() && !usual.bleach);
    let bleached = HairColour::described(&HAIR.read("bleached"));
    assert!(bleached.base.is_some_and(|colour| colour[0] > 60.0));
    let darker = HairColour::described(&HAIR.read("a bit darker"));
    assert!(darker.base.is_none() && darker.shift.light < 0.0 && darker.strength < 1.0);
}
