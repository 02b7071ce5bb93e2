//! What an operator decides beside the settings, in the console.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::manifest::ModelSpec;
use crate::settings::{Refusal, Settings};

/// What an operator decides beside the settings. These count first: what they refuse stays refused, and a
/// kind of work that they give to a model stays with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// Further models not to be used, as in [`Settings::refuse`].
    pub refuse: Vec<String>,
    /// As [`Settings::chosen`].
    #[serde(rename = "use")]
    pub chosen: BTreeMap<String, String>,
}

impl Choices {
    /// Reads them.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    pub(crate) fn to_text(&self) -> String {
        let text = toml::to_string(self).unwrap_or_default();
        format!(
            "# Written by the console, and read at the start. What the configuration says counts first.\n{text}"
        )
    }

    /// Refuses what an entry names.
    ///
    /// # Errors
    /// When the entry is none.
    pub fn refuse(&mut self, entry: &str) -> Result<(), String> {
        entry.parse::<Refusal>()?;
        if !self.refuse.iter().any(|other| other == entry) {
            self.refuse.push(entry.to_owned());
        }
        Ok(())
    }
}

impl Settings {
    /// These settings with the choices in them, and which of those have no effect, and why. A choice of what
    /// is not there (any more) has none: it must not keep a server from starting that its console could
    /// then mend.
    pub fn merged(&self, models: &[&ModelSpec]) -> (Self, Vec<String>) {
        let mut merged = Self { choices: Choices::default(), ..self.clone() };
        let mut idle = Vec::new();
        for entry in &self.choices.refuse {
            match entry.parse() {
                Ok(Refusal::Model(name)) if !models.iter().any(|model| model.name == name) => {
                    idle.push(format!(
                        "the console refuses the model `{name}`, which is not there"
                    ));
                }
                Ok(_) if merged.refuse.contains(entry) => {}
                Ok(_) => merged.refuse.push(entry.clone()),
                Err(reason) => idle.push(format!("of what the console refuses, {reason}")),
            }
        }
        for (slot, name) in &self.choices.chosen {
            let does = |model: &&ModelSpec| model.slot.as_ref() == Some(slot);
            if merged.chosen.contains_key(slot) {
                idle.push(format!(
                    "the console gives {slot} to `{name}`, the configuration does not"
                ));
            } else if models.iter().copied().filter(does).any(|model| model.name == *name) {
                merged.chosen.insert(slot.clone(), name.clone());
            } else {
                idle.push(format!("the console gives {slot} to `{name}`, which is not there"));
            }
        }
        (merged, idle)
    }

    /// The key of the settings that names this model, so that they would be wrong without it.
    pub fn naming(&self, model: &str) -> Option<String> {
        let named = |list: &[String]| list.iter().any(|name| name == model);
        if let Some((slot, _)) = self.chosen.iter().find(|(_, name)| *name == model) {
            return Some(format!("models.use.{slot}"));
        }
        if named(&self.refuse) {
            return Some("models.refuse".into());
        }
        self.remote.iter().any(|remote| named(&remote.models)).then(|| "models.remote".into())
    }
}
