//! Plain English about colours and styles, read into colours and numbers.
//!
//! What is understood stands in vocabularies: TOML files in `data/words/`, a list of [`Term`]s each. A
//! text is read from left to right; the longest term that fits counts; words in no vocabulary are
//! ignored. Everything is deterministic.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use safelight_imaging::color::from_hex;
use safelight_imaging::lab_of;
use serde::Deserialize;

use crate::lab::{Lab, mixed};

/// One entry of a vocabulary.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Term {
    /// How it is written: lower case, words separated by single spaces. Plurals in `s` follow.
    pub words: Vec<String>,
    /// The colour that it names: `#rrggbb`.
    pub colour: Option<Hex>,
    /// What it does to the colour next to it.
    pub shift: Shift,
    /// That hair is bleached first.
    pub bleach: bool,
    /// What the strength of the effect is multiplied by.
    pub strength: Option<f32>,
    /// Which part of several the colour before it has: `roots`, `tips`, `strands`.
    pub place: Option<Place>,
    /// Numbers that it sets, by their names in the service's own table.
    pub set: BTreeMap<String, f32>,
    /// Numbers that it multiplies.
    pub scale: BTreeMap<String, f32>,
}

/// A colour written as `#rrggbb`, as CIE L*a*b*.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Hex(pub Lab);

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        hex(&text).map(Self).ok_or_else(|| format!("`{text}` is no colour, write #rrggbb"))
    }
}

/// `rrggbb` or `#rrggbb` as a colour.
fn hex(text: &str) -> Option<Lab> {
    from_hex(text.strip_prefix('#').unwrap_or(text)).map(lab_of)
}

/// A change of a colour.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Shift {
    /// Added to L*.
    pub light: f32,
    /// Added to a*, more red.
    pub red: f32,
    /// Added to b*, more yellow.
    pub yellow: f32,
    /// Logarithm to the base 2 of what chroma is multiplied by.
    pub chroma: f32,
}

impl Shift {
    /// The colour after it.
    pub fn of(&self, [l, a, b]: Lab) -> Lab {
        let chroma = self.chroma.exp2();
        [(l + self.light).clamp(0.0, 100.0), a * chroma + self.red, b * chroma + self.yellow]
    }

    fn and(self, other: Self) -> Self {
        Self {
            light: self.light + other.light,
            red: self.red + other.red,
            yellow: self.yellow + other.yellow,
            chroma: self.chroma + other.chroma,
        }
    }
}

/// Where one of several colours belongs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Near the scalp.
    Roots,
    /// At the ends.
    Tips,
    /// Single strands.
    Strands,
}

/// A colour of a description.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named {
    /// The colour.
    pub colour: Lab,
    /// Where it belongs; everywhere without.
    pub place: Option<Place>,
}

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// The colours in their order.
    pub colours: Vec<Named>,
    /// A change of the colour that is there, where none is named.
    pub shift: Shift,
    /// Whether hair is bleached first.
    pub bleach: bool,
    /// What the strength is multiplied by; 1 where nothing is said of it.
    pub strength: Option<f32>,
    /// Numbers that are set.
    pub set: BTreeMap<String, f32>,
    /// Numbers that are multiplied.
    pub scale: BTreeMap<String, f32>,
    /// The words that no vocabulary has.
    pub ignored: Vec<String>,
}

impl Description {
    /// The first colour that belongs to a place.
    pub fn colour(&self, place: Option<Place>) -> Option<Lab> {
        self.colours.iter().find(|named| named.place == place).map(|named| named.colour)
    }

    /// A number of this name: what was set, or the default, times what it was multiplied by.
    pub fn number(&self, name: &str, default: f32) -> f32 {
        let set = self.set.get(name).copied().unwrap_or(default);
        set * self.scale.get(name).copied().unwrap_or(1.0)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    term: Vec<Term>,
}

/// The terms of one or several files; of terms that are written alike, that of the first file counts.
pub struct Vocabulary {
    terms: BTreeMap<Vec<String>, Term>,
    longest: usize,
}

/// Words before a term that take it back, and those after them that only weaken it.
const NOT: [&str; 9] =
    ["no", "not", "without", "never", "avoid", "except", "minus", "dont", "isnt"];
const WEAKENED: [&str; 6] = ["too", "very", "so", "overly", "super", "that"];
/// A negation reaches this many words.
const REACH: usize = 3;

impl Vocabulary {
    /// Reads the files.
    ///
    /// # Panics
    /// Where a file is not a list of terms: they are part of the program, and tests read them.
    fn of(files: &[&str]) -> Self {
        let mut terms = BTreeMap::new();
        for file in files {
            let File { term } = toml::from_str(file).unwrap_or_else(|error| panic!("{error}"));
            for term in term {
                for words in &term.words {
                    let key: Vec<String> = words.split(' ').map(str::to_owned).collect();
                    terms.entry(key).or_insert_with(|| term.clone());
                }
            }
        }
        let longest = terms.keys().map(Vec::len).max().unwrap_or(0);
        Self { terms, longest }
    }

    /// What a text says.
    pub fn read(&self, text: &str) -> Description {
        let words = words(text);
        let mut reading = Reading::default();
        let mut at = 0;
        while at < words.len() {
            at += self.step(&words[at..], &mut reading);
        }
        reading.finished()
    }

    /// Reads one term or one word; how many words that takes.
    fn step(&self, words: &[String], reading: &mut Reading) -> usize {
        let word = words[0].as_str();
        if NOT.contains(&word) {
            let weak = words.get(1).is_some_and(|next| WEAKENED.contains(&next.as_str()));
            reading.negation = Some(Negation { weak, reach: REACH });
            return 1;
        }
        if word == "from" {
            reading.source = true;
            return 1;
        }
        if let Some((count, term)) = self.longest_at(words) {
            reading.take(term);
            return count;
        }
        if let Some(colour) = hex(word).filter(|_| word.starts_with('#')) {
            reading.colour(colour);
            return 1;
        }
        if !FILLERS.contains(&word) {
            reading.result.ignored.push(word.to_owned());
        }
        reading.pass();
        1
    }

    fn longest_at(&self, words: &[String]) -> Option<(usize, &Term)> {
        (1..=self.longest.min(words.len())).rev().find_map(|count| {
            let exact = words[..count].to_vec();
            let found = self.terms.get(&exact).or_else(|| self.terms.get(&singular(exact)))?;
            Some((count, found))
        })
    }
}

/// Words that say nothing and are no surprise.
const FILLERS: [&str; 24] = [
    "a", "an", "the", "with", "and", "in", "of", "to", "my", "please", "make", "hair", "color",
    "colour", "eyes", "eye", "lens", "lenses", "contacts", "contact", "lashes", "look", "style",
    "into",
];

fn singular(mut words: Vec<String>) -> Vec<String> {
    if let Some(last) = words.last_mut()
        && let Some(stem) = last.strip_suffix('s').filter(|stem| stem.len() > 2)
    {
        *last = stem.to_owned();
    }
    words
}

/// The words of a text in lower case; `camelCase` and hyphens separate words, apostrophes do not.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars() {
        let humped = letter.is_uppercase() && before.is_lowercase();
        if humped || !(letter.is_alphanumeric() || matches!(letter, '#' | '\'' | '’')) {
            words.push(String::new());
        }
        if (letter.is_alphanumeric() || letter == '#')
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[derive(Clone, Copy)]
struct Negation {
    /// "Not too": what follows is left aside, not taken back.
    weak: bool,
    reach: usize,
}

/// What was understood so far.
#[derive(Default)]
struct Reading {
    result: Description,
    /// Changes that wait for a colour.
    waiting: Shift,
    negation: Option<Negation>,
    /// After "from": the colour that is there now.
    source: bool,
    /// The colours that stood after "from".
    sources: Vec<Lab>,
}

impl Reading {
    /// A word passes; negations reach only so far.
    fn pass(&mut self) {
        self.negation = self
            .negation
            .map(|n| Negation { reach: n.reach.saturating_sub(1), ..n })
            .filter(|n| n.reach > 0);
    }

    fn take(&mut self, term: &Term) {
        if let Some(Negation { weak, .. }) = self.negation.take() {
            // What was taken back is not there.
            if !weak {
                self.result.set.extend(term.set.keys().map(|name| (name.clone(), 0.0)));
            }
            return;
        }
        if let Some(Hex(colour)) = term.colour {
            self.waiting = self.waiting.and(term.shift);
            self.colour(colour);
        } else {
            self.waiting = self.waiting.and(term.shift);
        }
        if let Some(place) = term.place {
            match self.result.colours.last_mut().filter(|named| named.place.is_none()) {
                Some(named) => named.place = Some(place),
                None => drop(self.result.set.insert(format!("{place:?}").to_lowercase(), 1.0)),
            }
        }
        let result = &mut self.result;
        result.bleach |= term.bleach;
        if let Some(factor) = term.strength {
            result.strength = Some(result.strength.unwrap_or(1.0) * factor);
        }
        result.set.extend(term.set.iter().map(|(name, value)| (name.clone(), *value)));
        for (name, factor) in &term.scale {
            *result.scale.entry(name.clone()).or_insert(1.0) *= factor;
        }
    }

    fn colour(&mut self, colour: Lab) {
        let colour = std::mem::take(&mut self.waiting).of(colour);
        if std::mem::take(&mut self.source) {
            self.sources.push(colour);
        }
        self.result.colours.push(Named { colour, place: None });
    }

    fn finished(mut self) -> Description {
        let result = &mut self.result;
        // In "from black to blonde" the first colour is the present one, unless a gradient is asked for.
        let several = result.set.get("gradient").is_some_and(|&value| value > 0.0);
        if !several && result.colours.len() > self.sources.len() {
            result.colours.retain(|named| !self.sources.contains(&named.colour));
        }
        match result.colours.last_mut() {
            Some(named) => named.colour = self.waiting.of(named.colour),
            None => result.shift = self.waiting,
        }
        self.result
    }
}

/// A colour between two, for words such as "blue grey" that name two neighbours.
pub fn blended(colours: &[Named]) -> Option<Lab> {
    let everywhere = || colours.iter().filter(|named| named.place.is_none());
    let count = everywhere().count();
    let first = everywhere().next()?.colour;
    let others = everywhere().skip(1).zip(2..=count);
    Some(others.fold(first, |mean, (named, n)| mixed(mean, named.colour, 1.0 / n as f32)))
}

const COLOURS: &str = include_str!("../data/words/colours.toml");
const MODIFIERS: &str = include_str!("../data/words/modifiers.toml");

/// Hair: shades of salons, bleach, ombre and strands.
pub static HAIR: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::of(&[include_str!("../data/words/hair.toml"), MODIFIERS, COLOURS])
});

/// Coloured contact lenses: colour, rings, slit pupils.
pub static LENSES: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::of(&[include_str!("../data/words/lenses.toml"), MODIFIERS, COLOURS])
});

/// Eyelashes: length, density, curl, clusters, wing.
pub static LASHES: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::of(&[include_str!("../data/words/lashes.toml"), MODIFIERS, COLOURS])
});

/// Lipsticks: shades and finishes.
pub static LIPS: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::of(&[include_str!("../data/words/lips.toml"), MODIFIERS, COLOURS])
});

/// Nail polish: shades, finishes and designs.
pub static NAILS: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::of(&[include_str!("../data/words/nails.toml"), MODIFIERS, COLOURS])
});

/// Photography: looks, backdrops, focus and light.
pub static PHOTOGRAPHY: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::of(&[include_str!("../data/words/photography.toml")]));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_words() {
        assert_eq!(
            words("platinumBlonde, don't-like #FF00aa"),
            ["platinum", "blonde", "dont", "like", "#ff00aa"]
        );
    }

    #[test]
    fn every_file_is_read_and_every_word_is_lower_case() {
        for vocabulary in [&*HAIR, &*LENSES, &*LASHES, &*LIPS, &*NAILS] {
            for word in vocabulary.terms.keys().flatten() {
                assert_eq!(words(word), std::slice::from_ref(word), "{word}");
            }
        }
    }

    #[test]
    fn negations_take_back_or_weaken() {
        let lashes = LASHES.read("long lashes without lower lashes");
        assert_eq!(lashes.number("lower", 0.4), 0.0);
        let hair = HAIR.read("golden blonde, not red");
        assert_eq!(hair.colours.len(), 1);
        let weak = LASHES.read("not too long");
        assert!(weak.scale.is_empty() && weak.set.is_empty(), "{weak:?}");
    }

    #[test]
    fn what_is_there_is_no_wish() {
        let hair = HAIR.read("from black to platinum blonde");
        assert!(hair.colours.len() == 1 && hair.colours[0].colour[0] > 70.0 && hair.bleach);
        let ombre = HAIR.read("ombre from brown to blonde");
        assert_eq!(ombre.colours.len(), 2);
        let tips = HAIR.read("brown hair with pink tips");
        assert!(tips.colour(Some(Place::Tips)).is_some() && tips.colour(None).is_some());
    }

    #[test]
    fn nothing_is_understood_of_nothing() {
        let nothing = HAIR.read("xyzzy quux 123");
        let ignored = ["xyzzy", "quux", "123"].map(String::from).to_vec();
        assert_eq!(nothing, Description { ignored, ..Description::default() });
        assert_eq!(HAIR.read("#336699").colours.len(), 1);
        assert!(HAIR.read("darker").shift.light < 0.0);
    }
}
