//! The tables of shapes, expressions and emotions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Expression, Sides};

/// A part of the face that a push leaves alone.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Lip {
    /// Moves nothing of the lower lip and the chin.
    Upper,
    /// Moves nothing above the opening of the mouth.
    Lower,
}

/// A movement of the points around some points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Push {
    /// The points of the mesh.
    pub near: Vec<usize>,
    /// By how much, in `fw`: x to the person's left, y up, z towards the camera.
    pub by: [f32; 3],
    /// How far it reaches: its standard deviation in `fw`.
    pub sigma: f32,
    /// Whether it is that of the left half, with a mirror image on the right.
    #[serde(default)]
    pub pair: bool,
    /// Which lip alone it moves.
    pub lip: Option<Lip>,
}

/// A movement of one part of the face.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    name: String,
    pub pushes: Vec<Push>,
}

/// One number for both sides, or that of each.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Amount {
    Both(f32),
    Each(Sides),
}

impl Default for Amount {
    fn default() -> Self {
        Self::Both(0.0)
    }
}

impl Amount {
    fn sides(self) -> Sides {
        match self {
            Self::Both(amount) => [amount; 2],
            Self::Each(sides) => sides,
        }
    }
}

/// An expression or an emotion as its table has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    group: String,
    needs: Option<String>,
    #[serde(default)]
    shapes: BTreeMap<String, Amount>,
    #[serde(default)]
    lids: Amount,
    #[serde(default)]
    jaw: f32,
    #[serde(default)]
    teeth: bool,
    #[serde(default)]
    crease: f32,
    #[serde(default)]
    dimple: f32,
    #[serde(default)]
    blush: f32,
}

impl Row {
    fn expression(&self, known: &[Shape]) -> Expression {
        let shape = |(name, amount): (&String, &Amount)| {
            let found = known.iter().position(|shape| shape.name == *name);
            let found =
                found.unwrap_or_else(|| panic!("{}: there is no shape `{name}`", self.name));
            (found, amount.sides())
        };
        Expression {
            shapes: self.shapes.iter().map(shape).collect(),
            lids: self.lids.sides(),
            jaw: self.jaw,
            teeth: self.teeth,
            crease: self.crease,
            dimple: self.dimple,
            blush: self.blush,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    shape: Vec<Shape>,
    expression: Vec<Row>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let read = toml::from_str(include_str!("../../data/expressions.toml"));
    read.unwrap_or_else(|error| panic!("{error}"))
});

/// The expressions by name.
pub static EXPRESSIONS: LazyLock<Vec<(&'static str, Expression)>> = LazyLock::new(|| {
    let rows = TABLES.expression.iter();
    rows.map(|row| (row.name.as_str(), row.expression(&TABLES.shape))).collect()
});

/// An emotion that people ask for by name.
#[derive(Clone, Debug)]
pub struct Emotion {
    /// The API's name of it.
    pub name: String,
    /// The group that the API lists it in.
    pub group: String,
    /// How it is shown; or what would have to be invented for it.
    pub shown: Result<Expression, String>,
}

/// All emotions, in the API's order.
pub static EMOTIONS: LazyLock<Vec<Emotion>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        emotion: Vec<Row>,
    }
    let read: Result<File, _> = toml::from_str(include_str!("../../data/emotions.toml"));
    let rows = read.unwrap_or_else(|error| panic!("{error}")).emotion.into_iter();
    let emotion = |row: Row| Emotion {
        shown: match &row.needs {
            Some(needs) => Err(needs.clone()),
            None => Ok(row.expression(&TABLES.shape)),
        },
        name: row.name,
        group: row.group,
    };
    rows.map(emotion).collect()
});

/// The expression of a name.
pub fn find(name: &str) -> Option<&'static Expression> {
    EXPRESSIONS.iter().find(|(known, _)| *known == name).map(|(_, expression)| expression)
}

/// The emotion of a name.
pub fn emotion(name: &str) -> Option<&'static Emotion> {
    EMOTIONS.iter().find(|emotion| emotion.name == name)
}

/// The pushes of a shape.
pub(super) fn pushes(shape: usize) -> &'static [Push] {
    &TABLES.shape[shape].pushes
}

/// Whether a shape moves lips.
pub(super) fn moves_mouth(shape: usize) -> bool {
    let corners = [291, 306];
    let moves = |push: &Push| push.lip.is_some() || push.near.iter().any(|at| corners.contains(at));
    pushes(shape).iter().any(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read() {
        assert_eq!(TABLES.shape.len(), 14);
        assert_eq!(EXPRESSIONS.len(), 16);
        assert_eq!(EMOTIONS.len(), 117);
        let shown = EMOTIONS.iter().filter(|emotion| emotion.shown.is_ok()).count();
        assert_eq!(shown, 84);
        let still = EMOTIONS.iter().filter_map(|emotion| emotion.shown.as_ref().ok());
        assert!(still.clone().all(|e| !e.shapes.is_empty() || e.lids != [0.0; 2] || e.jaw > 0.0));
        for shape in &TABLES.shape {
            for push in &shape.pushes {
                assert!(push.near.iter().all(|&at| at < 468), "{}", shape.name);
                assert!(push.sigma > 0.01 && push.by.iter().all(|by| by.abs() < 0.1));
            }
        }
    }

    #[test]
    fn mouths_move_where_lips_do() {
        let moves = |name: &str| find(name).expect("an expression").moves_mouth();
        assert!(["smile", "pout", "jaw open", "sad", "wink"].into_iter().all(moves));
        assert!(!moves("blink") && !moves("brows up") && !moves("eyes open"));
    }
}
