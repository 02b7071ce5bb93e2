//! The configuration: a TOML file, then the environment, then flags. Each crate owns the settings
//! of its area; here they are composed, read, and traced back to where each value came from.

mod layer;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use figment::providers::Serialized;
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider, Source};
use safelight_server::engines::settings::check_names;
use safelight_services::CATALOG;
use serde::{Deserialize, Serialize};

pub use layer::Assignment;

use crate::cli::Global;
use crate::data::DataFolder;
use crate::logs;
use layer::Layer;

/// The complete, commented document that `config default` prints.
pub const DOCUMENT: &str = include_str!("config/default.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Config {
    /// What the binary itself obeys.
    #[serde(flatten)]
    pub own: Own,
    /// The HTTP API: its keys and areas stand at the top level, too.
    #[serde(flatten)]
    pub server: safelight_server::Settings,
}

/// The keys and areas that are not the server's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Own {
    /// The data folder; the platform's own place where it is not set.
    pub data: Option<PathBuf>,
    /// Whether the server starts without the inference engine.
    pub without_engine: bool,
    /// Log output.
    pub log: logs::Settings,
    /// Models and the library that runs them.
    pub models: safelight_inference::Settings,
    /// How the books are kept.
    pub store: safelight_store::Settings,
    /// Where files are kept.
    pub blobs: safelight_store::BlobSettings,
}

impl Own {
    const KEYS: [&str; 6] = ["data", "without_engine", "log", "models", "store", "blobs"];
}

/// A configuration, and where it came from.
pub struct Loaded {
    pub config: Config,
    /// The data folder that follows from it, absolute.
    pub data: PathBuf,
    /// The file that was read.
    pub file: Option<PathBuf>,
    figment: Figment,
}

impl Loaded {
    /// Reads the configuration of a command. Unknown keys are refused, with key and place.
    pub fn load(global: &Global, flags: &[Assignment]) -> Result<Self> {
        let mut flags = [&global.set, flags].concat();
        if let Some(data) = &global.data {
            let data = data.to_str().context("the name of the data folder is not Unicode")?;
            flags.push(Assignment::new("data", data));
        }
        let known = known()?;
        let environment = Layer::environment(&known, std::env::vars_os())?;
        let flags = Layer::flags(&known, &flags)?;
        let file = file(global, [&flags, &environment])?;
        let mut layers = vec![environment, flags];
        if let Some(path) = &file {
            layers.insert(0, Layer::file(&known, path)?);
        }
        let own = |key: &str| Own::KEYS.contains(&key);
        let mut config = Config {
            own: merge(Own::default(), &layers, own).extract().map_err(explain)?,
            server: merge(safelight_server::Settings::default(), &layers, |key| !own(key))
                .extract()
                .map_err(explain)?,
        };
        let folder = config.own.data.clone().map_or_else(default_data, Ok)?;
        let data = std::path::absolute(folder).context("the data folder has no absolute path")?;
        // What the console decided counts after all of these.
        config.own.models.choices = DataFolder::new(data.clone()).added_models().choices()?;
        let figment = merge(Config::default(), &layers, |_| true);
        Ok(Self { config, data, file, figment })
    }

    /// Refuses values that contradict themselves or each other.
    pub fn check(&self) -> Result<()> {
        let server = &self.config.server;
        server.validate().map_err(|reason| anyhow!(reason))?;
        check_names(&server.engine, &server.effects, CATALOG).map_err(|reason| anyhow!(reason))?;
        let models = self.config.own.models.validate();
        models.map_err(|reason| anyhow!("in [models], {reason}"))?;
        let Own { store, blobs, log, .. } = &self.config.own;
        store.validate().map_err(|reason| anyhow!(reason))?;
        if store.is_shared() {
            if blobs.url.is_none() {
                bail!(
                    "store.url is set and blobs.url is not: processes that share their rows must \
                     share their files, in s3://bucket/prefix or file:///folder"
                );
            }
            if server.public_url.is_none() {
                bail!(
                    "store.url is set and public_url is not: processes that share their rows need \
                     one base for the URLs of results"
                );
            }
        }
        logs::filter(log).map(drop)
    }

    /// Every key with its effective value and where that comes from.
    pub fn origins(&self) -> Result<Vec<Origin>> {
        let mut data = self.figment.data().map_err(explain)?;
        let mut origins = Vec::new();
        self.collect(&mut origins, "", &data.remove(&Profile::Default).unwrap_or_default());
        origins.extend(self.choices());
        Ok(origins)
    }

    /// What was decided in the console and counts beside the rest.
    fn choices(&self) -> impl Iterator<Item = Origin> {
        let models = &self.config.own.models;
        let choices = &models.choices;
        let origin = |key, value| Origin { key, value, source: "the console".to_owned() };
        let refuse = (!choices.refuse.is_empty())
            .then(|| origin("models.refuse".to_owned(), choices.refuse.clone().into()));
        let free = choices.chosen.iter().filter(|(slot, _)| !models.chosen.contains_key(*slot));
        let chosen = free
            .map(move |(slot, name)| origin(format!("models.use.{slot}"), name.as_str().into()));
        refuse.into_iter().chain(chosen)
    }

    fn collect(&self, origins: &mut Vec<Origin>, prefix: &str, dict: &Dict) {
        for (key, value) in dict {
            let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Dict(_, inner) if !inner.is_empty() => self.collect(origins, &key, inner),
                _ => {
                    let metadata = self.figment.get_metadata(value.tag());
                    let set = metadata.filter(|m| matches!(m.source, Some(Source::Custom(_))));
                    let source = set.map_or("default".to_owned(), |m| m.name.to_string());
                    let value = serde_json::to_value(value).unwrap_or_default();
                    origins.push(Origin { key, value, source });
                }
            }
        }
    }
}

/// The keys that `wanted` picks, defaults first, later layers over earlier ones.
fn merge(defaults: impl Serialize, layers: &[Layer], wanted: impl Fn(&str) -> bool) -> Figment {
    let defaults = Figment::from(Serialized::defaults(defaults));
    let parts = layers.iter().flat_map(|layer| layer.parts(&wanted));
    parts.fold(defaults, Figment::merge)
}

/// A key, its effective value, and who set it.
#[derive(Serialize)]
pub struct Origin {
    pub key: String,
    pub value: serde_json::Value,
    pub source: String,
}

/// Every key there is, with its default.
pub fn known() -> Result<Dict> {
    match Value::serialize(Config::default()) {
        Ok(Value::Dict(_, dict)) => Ok(dict),
        Ok(_) => bail!("the configuration is no table"),
        Err(error) => Err(explain(error)),
    }
}

/// The file to read: named by flag or environment, else the one in the data folder, if there.
fn file(global: &Global, layers: [&Layer; 2]) -> Result<Option<PathBuf>> {
    if let Some(path) = &global.config {
        return Ok(Some(path.clone()));
    }
    let named = layers.iter().find_map(|layer| layer.text("data")).map(PathBuf::from);
    let path = named.map_or_else(default_data, Ok)?.join("safelight.toml");
    Ok(path.exists().then_some(path))
}

/// The platform's folder for application data.
fn default_data() -> Result<PathBuf> {
    use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
    let arguments = AppStrategyArgs {
        top_level_domain: "io".into(),
        author: "safelight".into(),
        app_name: "safelight".into(),
    };
    let strategy = choose_app_strategy(arguments)
        .map_err(|_| anyhow!("there is no home folder; name a data folder with --data <folder>"))?;
    Ok(strategy.data_dir())
}

/// One sentence: which value, from where, and what is wrong with it.
fn explain(error: figment::Error) -> anyhow::Error {
    let key = error.path.join(".");
    let source = error.metadata.as_ref().map_or("the configuration", |m| &m.name);
    match key.is_empty() {
        true => anyhow!("{source}: {}", error.kind),
        false => anyhow!("`{key}` in {source}: {}", error.kind),
    }
}

/// Reads a TOML file into a dictionary.
fn read(path: &Path) -> Result<Dict> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
    let table: toml::Table = toml::from_str(&text)
        .map_err(|error| anyhow!("{} is not valid TOML: {}", path.display(), one_line(&error)))?;
    match Value::serialize(table) {
        Ok(Value::Dict(_, dict)) => Ok(dict),
        _ => bail!("{} holds no table", path.display()),
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document, parsed, is the default; and every key of the default stands in it.
    #[test]
    fn the_document_is_the_default() -> Result<()> {
        // Optional keys have no value to write down, so they stand as comments.
        let uncommented: String = DOCUMENT
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line)))
            .collect();
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("safelight.toml");
        std::fs::write(&path, DOCUMENT)?;
        let layers = [Layer::file(&known()?, &path)?];
        let figment = merge(Config::default(), &layers, |_| true);
        let parsed: Dict = figment.extract()?;
        // As JSON, since the two sources have integers of different width.
        assert_eq!(serde_json::to_value(parsed)?, serde_json::to_value(known()?)?);
        let everything: toml::Table = toml::from_str(&uncommented)?;
        let mut missing = Vec::new();
        absent("", &known()?, &everything, &mut missing);
        assert_eq!(missing, Vec::<String>::new(), "keys that config/default.toml does not explain");
        Ok(())
    }

    fn absent(prefix: &str, known: &Dict, document: &toml::Table, missing: &mut Vec<String>) {
        for (key, value) in known {
            let path = format!("{prefix}{key}");
            match (value, document.get(key)) {
                (Value::Dict(_, known), Some(toml::Value::Table(document))) => {
                    absent(&format!("{path}."), known, document, missing);
                }
                (_, Some(_)) => {}
                (_, None) => missing.push(path),
            }
        }
    }
}
