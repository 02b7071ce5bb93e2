//! What a service offers with a generative engine alone.

use safelight_contract::{Code, Fault};

/// The fault for what nothing here draws well enough to be offered.
pub(crate) fn engine_only(what: &str) -> Fault {
    let message = format!(
        "{what} needs a generative engine; this server has none that serves it, an [[engine]] in its \
         configuration turns it on"
    );
    Fault::new(Code::AiNotExists, message)
}
