//! Webhooks: the end of a task, posted to whoever its request named, signed as Standard Webhooks
//! has it (standardwebhooks.com). The store writes them in the transaction that ends the task;
//! here they are posted until the receiver takes them, so at least once, with the same id.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use safelight_contract::{Code, Fault, Ids, Result, failure, success};
use safelight_operation::{CALLBACK_URL, Form};
use safelight_store::{Attempted, Callback, Millis, Task, Webhook};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::admission::Patience;
use crate::app::{App, Stored, now};
use crate::endpoints::query_async_task_result::{answer, polled};
use crate::fetch::Failure;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// How long after each failed attempt the next one comes; after the last, it is given up.
const DELAYS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
];

/// How often it is looked for webhooks that are due.
const POLL: Duration = Duration::from_secs(1);

/// Webhooks that are posted at the same time.
const PARALLEL: usize = 32;

/// Webhooks that are taken together; the store counts those at work of an application in between.
const TAKEN: usize = 4;

/// How long a webhook waits for the memory of its answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// After this, a webhook whose process says nothing of it is posted again.
const LEASE: Millis = 2 * 60_000;

/// Who is told of the end of a task that this form submits.
///
/// # Errors
/// Those of [`Fetcher::check`](crate::fetch::Fetcher::check); `ERROR_ILLEGAL_OPERATION` where the
/// application has no secret to sign with.
pub(crate) async fn callback(
    app: &App,
    application: i64,
    form: &Form,
    base: &str,
) -> Result<Option<Callback>> {
    let Some(url) = CALLBACK_URL.read(form)? else { return Ok(None) };
    app.fetcher.check(application, CALLBACK_URL.name, &url).await?;
    let secrets = app.store.webhook_secrets(application, now()).await;
    if secrets.or_internal("reading the secrets of webhooks")?.is_empty() {
        return Err(Fault::new(
            Code::IllegalOperation,
            "callback_url needs a secret to sign with; the operator of this server makes one with \
             `safelight webhook secret APPLICATION`",
        ));
    }
    Ok(Some(Callback { url, base: base.to_owned() }))
}

/// Posts webhooks as they become due, until the server closes.
pub(crate) async fn run(app: Arc<App>) {
    let mut closing = app.closing.subscribe();
    let mut posting = JoinSet::new();
    while !*closing.borrow_and_update() {
        let free = TAKEN.min(PARALLEL - posting.len());
        if free > 0 {
            let due = app.store.claim_webhooks(now() + LEASE, free as u32, now()).await;
            let due = due.or_internal("looking for webhooks").unwrap_or_default();
            let more = due.len() == free;
            for webhook in due {
                posting.spawn(deliver(app.clone(), webhook));
            }
            if more {
                continue;
            }
        }
        tokio::select! {
            Some(_) = posting.join_next() => {}
            () = app.webhook_added.notified() => {}
            () = sleep(POLL) => {}
            _ = closing.changed() => {}
        }
    }
    posting.join_all().await;
}

/// Posts a webhook, and says in the store how that went.
async fn deliver(app: Arc<App>, webhook: Webhook) {
    let (outcome, note) = match attempt(&app, &webhook).await {
        Ok(status @ 200..=299) => (Attempted::Delivered, format!("status {status}")),
        Ok(status) => (again(webhook.attempts), format!("status {status}")),
        Err(Undelivered::Later(why)) => (again(webhook.attempts), why),
        Err(Undelivered::Never(why)) => (Attempted::GivenUp, why.to_owned()),
    };
    let label = match outcome {
        Attempted::Delivered => "delivered",
        Attempted::Again(_) => "failed",
        Attempted::GivenUp => "given_up",
    };
    app.metrics.count_webhook(label);
    tracing::info!(
        target: "safelight::webhook",
        webhook = %webhook.id,
        application = webhook.application,
        task = %webhook.task,
        attempt = webhook.attempts,
        outcome = label,
        note,
    );
    if let Err(error) = app.store.webhook_attempted(&webhook.id, outcome, &note).await {
        tracing::error!(%error, webhook = %webhook.id, "a webhook will be posted again");
    }
}

/// What comes after so many attempts that failed.
fn again(attempts: u32) -> Attempted {
    let delay = DELAYS.get((attempts as usize).saturating_sub(1));
    delay.map_or(Attempted::GivenUp, |delay| Attempted::Again(now() + delay.as_millis() as i64))
}

/// Why a webhook was not answered.
enum Undelivered {
    /// For a cause that may pass.
    Later(String),
    /// For good.
    Never(&'static str),
}

impl From<Fault> for Undelivered {
    fn from(fault: Fault) -> Self {
        Self::Later(fault.message().to_owned())
    }
}

impl From<Failure> for Undelivered {
    fn from(failure: Failure) -> Self {
        Self::Later(match failure {
            Failure::Refused => "the address is refused".to_owned(),
            Failure::Broken(why) => why.to_owned(),
            Failure::Slow => "no answer in time".to_owned(),
            other => format!("{other:?}"),
        })
    }
}

/// Posts a webhook once, and answers the status.
async fn attempt(app: &App, webhook: &Webhook) -> Result<u16, Undelivered> {
    let application = webhook.application;
    let task = app.store.task(application, &webhook.task).await.or_internal("reading a task")?;
    let task = task.ok_or(Undelivered::Never("the task is forgotten"))?;
    let nonces = app.store.webhook_secrets(application, now()).await;
    let nonces = nonces.or_internal("reading the secrets of webhooks")?;
    if nonces.is_empty() {
        return Err(Undelivered::Never("the application has no secret to sign with"));
    }
    let secrets = nonces.iter().map(|nonce| app.secret.webhook_secret(application, nonce));
    let secrets: Vec<_> = secrets.collect();
    let (answer, _permit) = answer(app, &task, Patience::Worker(PATIENCE)).await?;
    let body = message(app, &task, answer, &webhook.base).to_string();
    let headers = signed(&webhook.id, now() / 1000, &body, &secrets);
    Ok(app.fetcher.post(&webhook.url, headers, Bytes::from(body)).await?)
}

/// What is told of a task: its state, and the answer that polling would give.
fn message(app: &App, task: &Task, answer: Option<Value>, base: &str) -> Value {
    let ids = Ids { request_id: task.request_id.clone(), ..Ids::random() };
    let answer = match polled(app, task, answer, base) {
        Ok(fields) => success(&ids, fields),
        Err(fault) => failure(&ids, &fault, app.edition()).1,
    };
    let mut message = json!({
        "type": format!("task.{}", task.state.name()),
        "task_id": task.id,
        "answer": answer,
    });
    if let Some(batch) = &task.batch {
        message["batch_id"] = json!(batch);
    }
    message
}

/// The headers of a webhook, with a signature by each secret.
fn signed(id: &str, timestamp: i64, body: &str, secrets: &[[u8; 32]]) -> HeaderMap {
    // A secret of any length is taken.
    let signature = |secret: &[u8; 32]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signatures: Vec<_> = secrets.iter().filter_map(signature).collect();
    let texts = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (ID, id.to_owned()),
        (TIMESTAMP, timestamp.to_string()),
        (SIGNATURE, signatures.join(" ")),
    ];
    let headers = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?)));
    headers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, whose secret has 24 bytes: HMAC pads a key with zeros, so
    /// that one of 32 bytes which ends in zeros is the same.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let mut secret = [0; 32];
        let text = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64");
        secret[..text.len()].copy_from_slice(&text);
        let body = "{\"test\": 2432232314}";
        let headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body, &[secret]);
        assert_eq!(headers[SIGNATURE], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn attempts_come_ever_later_and_end() {
        assert!((1..=6).all(|attempts| matches!(again(attempts), Attempted::Again(_))));
        assert_eq!(again(7), Attempted::GivenUp);
    }
}
