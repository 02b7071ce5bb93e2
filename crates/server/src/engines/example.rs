//! Examples of engines for the operator: what to write into the configuration, after the declarations.

use safelight_operation::{Endpoint, Given};
use serde_json::{Value, json};

use super::settings::{EngineKind, EngineSettings};

/// Keys of an example, in the order of their reading.
const KEYS: [&str; 6] = ["name", "kind", "url", "serves", "workflow", "model"];

/// For each kind of engine, a table `[[engine]]` as TOML, and what it is.
pub(crate) fn all(catalog: &[Endpoint]) -> Vec<(&'static str, String)> {
    kinds(catalog).into_iter().map(|(what, engine)| (what, written(&engine))).collect()
}

fn kinds(catalog: &[Endpoint]) -> Vec<(&'static str, EngineSettings)> {
    let serving = |takes: &dyn Fn(Given) -> bool| {
        let used =
            catalog.iter().filter(|one| one.needs().engine.is_some_and(|own| takes(own.given)));
        let (mut shown, other): (Vec<_>, Vec<_>) =
            used.partition(|one| one.needs().is_engine_required());
        // Those that wait for one, and up to two names of those that may have one.
        shown.extend(other.into_iter().take(2_usize.saturating_sub(shown.len())));
        shown.iter().map(|one| one.spec().slug()).collect::<Vec<_>>()
    };
    let table = |what, table: Value| Some((what, serde_json::from_value(table).ok()?));
    let tables = [
        table(
            "A server of the OpenAI images API",
            json!({ "name": "images", "kind": EngineKind::OpenaiImages, "url": "https://images.example.com",
                    "serves": ["*"], "model": "my-edit-model" }),
        ),
        table(
            "ComfyUI, with a workflow that ships",
            json!({ "name": "comfy", "kind": EngineKind::Comfyui, "url": "http://127.0.0.1:8188",
                    "serves": serving(&|given| given == Given::Mask), "workflow": "inpaint.json",
                    "model": "sd_xl_base_1.0.safetensors" }),
        ),
        table(
            "A classifier behind KServe's protocol V2",
            json!({ "name": "classes", "kind": EngineKind::Kserve, "url": "http://127.0.0.1:8000",
                    "serves": serving(&|given| given == Given::Classes), "model": "skin" }),
        ),
    ];
    tables
        .into_iter()
        .flatten()
        .filter(|(_, engine): &(_, EngineSettings)| !engine.serves.is_empty())
        .collect()
}

/// The table as TOML: its texts and lists of texts are written as in JSON.
fn written(engine: &EngineSettings) -> String {
    let fields = serde_json::to_value(engine).unwrap_or_default();
    let set = KEYS.iter().filter(|key| !fields[**key].is_null());
    let lines =
        set.map(|key| format!("{key} = {}\n", fields[*key].to_string().replace("\",\"", "\", \"")));
    std::iter::once("[[engine]]\n".to_owned()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use safelight_services::CATALOG;

    use super::*;
    use crate::engines::Engines;
    use crate::settings::Settings;

    #[test]
    fn every_example_can_be_used_as_it_is() {
        let engine: Vec<_> = kinds(CATALOG).into_iter().map(|(_, engine)| engine).collect();
        assert_eq!(engine.len(), 3);
        let settings = Settings { engine, ..Settings::default() };
        assert_eq!(settings.validate(), Ok(()));
        assert!(Engines::new(&settings, CATALOG, &Arc::default()).is_ok());
        let (_, text) = all(CATALOG).remove(2);
        assert_eq!(
            text,
            "[[engine]]\nname = \"classes\"\nkind = \"kserve\"\nurl = \"http://127.0.0.1:8000\"\n\
             serves = [\"skin-disease-detection\"]\nmodel = \"skin\"\n"
        );
    }
}
