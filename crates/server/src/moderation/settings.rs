//! What an operator sets about moderation.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What comes in and goes out: the area `[moderation]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModerationSettings {
    /// What happens to pictures of requests that the network finds pornographic. Default `off`.
    pub inputs: Action,
    /// The same for pictures that services answer and engines make. Default `off`.
    pub results: Action,
    /// What happens to requests whose texts hold words of the list. Default `off`.
    pub prompts: Action,
    /// From this probability on a picture counts as pornographic, 0 to 1. Default 0.8.
    pub threshold: f64,
    /// A file with the forbidden words: a regular expression a line. Default: none.
    pub words: Option<PathBuf>,
    /// For the applications of these names, in place of the rest. Default: none.
    pub applications: BTreeMap<String, ModerationOverride>,
}

/// The same for one application; what is left out is as for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModerationOverride {
    /// See [`ModerationSettings::inputs`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Action>,
    /// See [`ModerationSettings::results`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Action>,
    /// See [`ModerationSettings::prompts`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<Action>,
    /// See [`ModerationSettings::threshold`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// What happens to what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not looked for.
    #[default]
    Off,
    /// It is refused.
    Block,
}

impl Action {
    fn blocks(self) -> bool {
        self == Self::Block
    }
}

impl Default for ModerationSettings {
    fn default() -> Self {
        Self {
            inputs: Action::Off,
            results: Action::Off,
            prompts: Action::Off,
            threshold: 0.8,
            words: None,
            applications: BTreeMap::new(),
        }
    }
}

/// What holds for one application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
    /// Whether pictures of requests are judged.
    pub inputs: bool,
    /// Whether pictures that are made are judged.
    pub results: bool,
    /// Whether texts are judged.
    pub prompts: bool,
    /// From this probability on a picture is refused.
    pub threshold: f32,
}

impl ModerationSettings {
    /// What holds for an application of these names.
    pub(crate) fn rules(&self, names: &[String]) -> Rules {
        let own = names.iter().find_map(|name| self.applications.get(name));
        let own = own.cloned().unwrap_or_default();
        Rules {
            inputs: own.inputs.unwrap_or(self.inputs).blocks(),
            results: own.results.unwrap_or(self.results).blocks(),
            prompts: own.prompts.unwrap_or(self.prompts).blocks(),
            threshold: own.threshold.unwrap_or(self.threshold) as f32,
        }
    }

    /// Whether anybody's pictures are judged.
    pub(crate) fn judges_pictures(&self) -> bool {
        let own = self.applications.values().flat_map(|own| [own.inputs, own.results]).flatten();
        own.chain([self.inputs, self.results]).any(Action::blocks)
    }

    /// Says what contradicts itself, naming the key, the value and what is allowed.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let own = self.applications.iter();
        let own = own.filter_map(|(name, own)| Some((key(name, "threshold"), own.threshold?)));
        for (key, value) in own.chain([("moderation.threshold".to_owned(), self.threshold)]) {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{key} is {value}, allowed are 0 to 1"));
            }
        }
        let own = self.applications.iter();
        let own = own.filter_map(|(name, own)| Some((key(name, "prompts"), own.prompts?)));
        let mut all = own.chain([("moderation.prompts".to_owned(), self.prompts)]);
        match all.find(|(_, action)| action.blocks() && self.words.is_none()) {
            None => Ok(()),
            Some((key, _)) => {
                Err(format!("{key} is `block` and moderation.words names no list of words"))
            }
        }
    }
}

fn key(application: &str, name: &str) -> String {
    format!("moderation.applications.{application}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> ModerationSettings {
        serde_json::from_str(text).expect("settings")
    }

    #[test]
    fn nothing_is_judged_unless_it_is_asked_for() {
        let none = ModerationSettings::default();
        assert_eq!(none.validate(), Ok(()));
        assert!(!none.judges_pictures());
        let rules = none.rules(&["admin/shop".into(), "shop".into()]);
        assert!(!(rules.inputs || rules.results || rules.prompts));
    }

    #[test]
    fn an_application_counts_before_the_rest() {
        let settings = settings(
            r#"{ "inputs": "block", "threshold": 0.7, "applications": {
                 "shop": { "inputs": "off" }, "admin/shop": { "results": "block", "threshold": 0.2 } } }"#,
        );
        let rules = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let Rules { inputs, results, threshold, .. } = settings.rules(&names);
            (inputs, results, threshold)
        };
        assert_eq!(rules(&[]), (true, false, 0.7));
        assert_eq!(rules(&["other/shop", "shop"]), (false, false, 0.7));
        assert_eq!(rules(&["admin/shop", "shop"]), (true, true, 0.2));
        assert!(settings.judges_pictures());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            (r#"{ "threshold": 1.5 }"#, "moderation.threshold is 1.5"),
            (r#"{ "applications": { "a": { "threshold": -1 } } }"#, "applications.a.threshold"),
            (r#"{ "prompts": "block" }"#, "moderation.words"),
            (r#"{ "applications": { "a": { "prompts": "block" } } }"#, "applications.a.prompts"),
        ] {
            let why = settings(text).validate().expect_err(text);
            assert!(why.contains(named), "{why}");
        }
    }
}
