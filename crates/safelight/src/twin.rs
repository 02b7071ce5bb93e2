//! `safelight serve --twin`: a server that answers samples, for tests of client programs. It needs no
//! models and no inference library, and keeps nothing.

use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use safelight_inference::Registry;
use safelight_store::{KeySecret, WebhookNonce};

use crate::clock::now;
use crate::config::Loaded;
use crate::output::{Output, line};
use crate::temporary::Temporary;

/// The one key that the twin knows.
const KEY: &str = "twin";

/// What the secret of the twin's webhooks is derived from: always the same, so that tests can hold it.
const NONCE: WebhookNonce = [0; 16];

/// The parts of a twin. Nothing in it is secret: whoever reaches it may use it.
pub fn prepare(loaded: &Loaded) -> Result<Temporary> {
    Temporary::new(loaded, Registry::empty(), KeySecret::new([0; 32]))
}

/// Opens the twin's application, and says how to use it.
pub async fn open(twin: &Temporary, output: Output) -> Result<()> {
    let application = twin.open(KEY).await?.id;
    twin.parts.store.add_webhook_secret(application, &NONCE, now(), now()).await?;
    if output.is_json() {
        return Ok(());
    }
    let secret = twin.parts.secret.webhook_secret(application, &NONCE);
    line(&format!(
        "This is a twin: its answers are samples, and nothing is kept. API key: {KEY}; webhooks are \
         signed with whsec_{}",
        BASE64_STANDARD.encode(secret)
    ))
}
