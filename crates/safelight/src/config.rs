//! The configuration: a TOML file, then the environment, then flags. Each crate owns the settings
//! of its area; here they are composed, read, and traced back to where each value came from.

mod layer;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use safelight_server::engines::settings::check_names;
use safelight_services::CATALOG;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use layer::Assignment;

use crate::cli::Global;
use crate::data::DataFolder;
use crate::logs;
use layer::{Layer, Merged, Table};

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
    values: Merged,
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
        let values = Merged::new(known, &layers);
        let own = |key: &str| Own::KEYS.contains(&key);
        let mut config =
            Config { own: values.read(own)?, server: values.read(|key: &str| !own(key))? };
        let folder = config.own.data.clone().map_or_else(default_data, Ok)?;
        let data = std::path::absolute(folder).context("the data folder has no absolute path")?;
        // What the console decided counts after all of these.
        config.own.models.choices = DataFolder::new(data.clone()).added_models().choices()?;
        Ok(Self { config, data, file, values })
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
    pub fn origins(&self) -> Vec<Origin> {
        let mut origins = self.values.origins();
        origins.extend(self.choices());
        origins
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
}

/// A key, its effective value, and who set it.
#[derive(Serialize)]
pub struct Origin {
    pub key: String,
    pub value: Value,
    pub source: String,
}

/// Every key there is, with its default; null where it has none.
pub fn known() -> Result<Table> {
    match serde_json::to_value(Config::default())? {
        Value::Object(table) => Ok(table),
        _ => bail!("the configuration is not a table"),
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
        let parsed = Merged::new(known()?, &[Layer::file(&known()?, &path)?]);
        assert_eq!(parsed.read::<Table>(|_| true)?, known()?);
        let everything: toml::Table = toml::from_str(&uncommented)?;
        let mut missing = Vec::new();
        absent("", &known()?, &everything, &mut missing);
        assert_eq!(missing, Vec::<String>::new(), "keys that config/default.toml does not explain");
        Ok(())
    }

    /// Reads one key from a file.
    fn set(line: &str) -> Result<Merged> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("safelight.toml");
        std::fs::write(&path, line)?;
        Ok(Merged::new(known()?, &[Layer::file(&known()?, &path)?]))
    }

    fn is_valid(values: &Merged) -> bool {
        let own = |key: &str| Own::KEYS.contains(&key);
        values.read::<Own>(own).is_ok()
            && values.read::<safelight_server::Settings>(|key| !own(key)).is_ok()
    }

    #[test]
    fn optional_keys_are_numbers_or_text() -> Result<()> {
        let origins = Merged::new(known()?, &[]).origins();
        let optional: Vec<_> = origins.into_iter().filter(|one| one.value.is_null()).collect();
        assert!(!optional.is_empty());
        for Origin { key, .. } in optional {
            let is_number = is_valid(&set(&format!("{key} = 7"))?);
            assert_eq!(is_number, layer::OPTIONAL_NUMBERS.contains(&key.as_str()), "{key}");
        }
        Ok(())
    }

    #[test]
    fn a_folder_may_be_called_by_a_number() -> Result<()> {
        let flag = Layer::flags(&known()?, &[Assignment::new("data", "2024")])?;
        assert_eq!(flag.text("data"), Some("2024"));
        Ok(())
    }

    #[test]
    fn a_wrong_address_is_shown_with_a_right_one() -> Result<()> {
        let values = set("listen = 'localhost:8080'")?;
        let error = values.read::<safelight_server::Settings>(|key| !Own::KEYS.contains(&key));
        let error = error.expect_err("a name").to_string();
        for part in ["`localhost:8080`", "127.0.0.1:8080 or [::1]:8080", "safelight.toml"] {
            assert!(error.contains(part), "{error}");
        }
        Ok(())
    }

    fn absent(prefix: &str, known: &Table, document: &toml::Table, missing: &mut Vec<String>) {
        for (key, value) in known {
            let path = format!("{prefix}{key}");
            match (value, document.get(key)) {
                (Value::Object(known), Some(toml::Value::Table(document))) => {
                    absent(&format!("{path}."), known, document, missing);
                }
                (_, Some(_)) => {}
                (_, None) => missing.push(path),
            }
        }
    }
}
