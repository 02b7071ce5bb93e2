//! What an operator decides about inference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::choices::Choices;
use crate::manifest::{DataTerms, ModelSpec};

/// What an operator decides about inference; every field may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// An OpenVINO of the operator's own: `libopenvino_c` itself, or the folder it is in. Left out,
    /// the pinned release is fetched once with pip.
    pub library: Option<PathBuf>,
    /// Threads that run models, 1..=1024. Left out, one for each core.
    pub threads: Option<usize>,
    /// How many models run at the same time, sharing the threads, 1..=`threads`. Left out, one for
    /// every [`THREADS_PER_STREAM`](crate::scheduler::THREADS_PER_STREAM) threads.
    pub streams: Option<usize>,
    /// Further folders of models, each with its own `manifest.toml`. A model of a later folder
    /// replaces one of the same name.
    pub extra: Vec<PathBuf>,
    /// Models not to be used: a model's name, `licence:<SPDX identifier>` for every model under
    /// that licence, or `data:<terms>` for every model whose training data has these terms
    /// (`open`, `unstated` or `non-commercial`).
    pub refuse: Vec<String>,
    /// Servers that run models in place of this process. A model that is installed here too is run here
    /// while its server fails. Left out, there are none.
    pub remote: Vec<Remote>,
    /// By the kind of work, the model that does it in place of the one that ships, or of other means.
    #[serde(rename = "use")]
    pub chosen: BTreeMap<String, String>,
    /// What the operator decided beside these; it counts after them.
    #[serde(skip)]
    pub choices: Choices,
}

/// A server that runs models, by KServe's inference protocol V2 over gRPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// Where it is: `http://host:port`, on a network that is trusted.
    pub url: String,
    /// The models that it runs, by the names of the manifest, which must be its own.
    pub models: Vec<String>,
    /// Longest time that one run may take, 1..=600000 ms.
    #[serde(default = "Remote::timeout_ms")]
    pub timeout_ms: u64,
}

impl Remote {
    fn timeout_ms() -> u64 {
        10_000
    }

    fn validate(&self) -> Result<(), String> {
        let Self { url, models, timeout_ms } = self;
        let host = url.strip_prefix("http://").unwrap_or_default();
        if host.is_empty() || host.contains(['@', '?', '#']) {
            return Err(format!("`remote.url` is `{url}`; allowed is http://host:port"));
        }
        if models.is_empty() {
            return Err(format!("`remote.models` of {url} is empty; allowed are names of models"));
        }
        if !(1..=600_000).contains(timeout_ms) {
            return Err(format!("`remote.timeout_ms` is {timeout_ms}; allowed is 1 to 600000"));
        }
        Ok(())
    }
}

impl Settings {
    /// Checks what can be checked without looking at files; the error names the field, the value
    /// and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        let threads = self.threads.unwrap_or(MAX_THREADS);
        if !(1..=MAX_THREADS).contains(&threads) {
            return Err(format!("`threads` is {threads}; allowed is 1 to {MAX_THREADS}"));
        }
        if let Some(streams) = self.streams
            && !(1..=threads).contains(&streams)
        {
            return Err(format!("`streams` is {streams}; allowed is 1 to `threads` ({threads})"));
        }
        self.remote.iter().try_for_each(Remote::validate)?;
        self.refusals().map(drop)
    }

    /// Whether the operator refuses this model.
    pub fn refuses(&self, model: &ModelSpec) -> bool {
        self.refusals().is_ok_and(|refusals| refusals.iter().any(|refusal| refusal.covers(model)))
    }

    pub(crate) fn refusals(&self) -> Result<Vec<Refusal>, String> {
        self.refuse.iter().map(|entry| entry.parse()).collect()
    }
}

const MAX_THREADS: usize = 1024;

/// One entry of [`Settings::refuse`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    Model(String),
    Licence(String),
    Data(DataTerms),
}

impl Refusal {
    pub(crate) fn covers(&self, model: &ModelSpec) -> bool {
        match self {
            Refusal::Model(name) => *name == model.name,
            Refusal::Licence(licence) => licence.eq_ignore_ascii_case(&model.licence),
            Refusal::Data(terms) => *terms == model.training.terms,
        }
    }
}

impl FromStr for Refusal {
    type Err = String;

    fn from_str(entry: &str) -> Result<Self, String> {
        match entry.split_once(':') {
            None if entry.is_empty() => Err("`refuse` holds an empty entry".into()),
            None => Ok(Refusal::Model(entry.into())),
            Some(("licence", licence)) if !licence.is_empty() => {
                Ok(Refusal::Licence(licence.into()))
            }
            Some(("data", terms)) => DataTerms::ALL
                .into_iter()
                .find(|known| known.name() == terms)
                .map(Refusal::Data)
                .ok_or_else(|| unknown(entry)),
            Some(_) => Err(unknown(entry)),
        }
    }
}

fn unknown(entry: &str) -> String {
    format!(
        "`refuse` holds `{entry}`; allowed are a model's name, `licence:<SPDX identifier>` and \
         `data:open`, `data:unstated` or `data:non-commercial`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Settings::default().validate(), Ok(()));
    }

    #[test]
    fn wrong_values_are_named() {
        let threads = Settings { threads: Some(0), ..Settings::default() };
        assert!(threads.validate().is_err_and(|e| e.contains("`threads` is 0")));
        let streams = Settings { threads: Some(2), streams: Some(3), ..Settings::default() };
        assert!(streams.validate().is_err_and(|e| e.contains("`streams` is 3")));
        for (url, models, timeout_ms) in
            [("https://gpu", "u2net", 1), ("http://", "u2net", 1), ("http://gpu", "u2net", 0)]
        {
            let remote = Remote { url: url.into(), models: vec![models.into()], timeout_ms };
            let settings = Settings { remote: vec![remote], ..Settings::default() };
            assert!(settings.validate().is_err_and(|e| e.contains("`remote.")), "{url}");
        }
        for entry in ["", "data:secret", "licence:", "model:u2net"] {
            let refuse = Settings { refuse: vec![entry.into()], ..Settings::default() };
            assert!(refuse.validate().is_err(), "{entry:?}");
        }
    }

    #[test]
    fn refusals_parse() {
        assert_eq!("u2net".parse(), Ok(Refusal::Model("u2net".into())));
        assert_eq!("licence:MIT".parse(), Ok(Refusal::Licence("MIT".into())));
        assert_eq!("data:non-commercial".parse(), Ok(Refusal::Data(DataTerms::NonCommercial)));
    }
}
