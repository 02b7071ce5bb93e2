//! Requests that carry an idempotency key.

use super::*;
use crate::{KeyedAnswer, KeyedRequest, RequestKey};

cases! {
    a_request_is_answered_once,
    keys_are_of_an_application_and_a_path,
    a_request_that_is_abandoned_may_come_again,
    keys_are_forgotten,
}

const DIGEST: [u8; 32] = [1; 32];

fn key(application: &Application, path: &str) -> RequestKey {
    RequestKey { application: application.id, path: path.into(), key: "k".into() }
}

fn answer() -> KeyedAnswer {
    KeyedAnswer { status: 200, code: String::new(), file: "a.json".into() }
}

async fn begin(store: &dyn Store, key: &RequestKey, now: Millis) -> KeyedRequest {
    store.begin_request(key, &DIGEST, now + 100, now).await.unwrap()
}

async fn a_request_is_answered_once(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let key = key(&shop, "/a");
    assert_eq!(begin(&*store, &key, NOW).await, KeyedRequest::New);
    assert_eq!(begin(&*store, &key, NOW).await, KeyedRequest::InFlight);
    let other = store.begin_request(&key, &[2; 32], NOW + 100, NOW).await.unwrap();
    assert_eq!(other, KeyedRequest::Other);
    store.answer_request(&key, &answer(), NOW + 1000).await.unwrap();
    assert_eq!(begin(&*store, &key, NOW + 999).await, KeyedRequest::Answered(answer()));
    store.abandon_request(&key).await.unwrap();
    assert_eq!(begin(&*store, &key, NOW + 999).await, KeyedRequest::Answered(answer()));
    assert_eq!(begin(&*store, &key, NOW + 1000).await, KeyedRequest::New, "its time is over");
}

async fn keys_are_of_an_application_and_a_path(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let blog = another(&*store, "blog").await;
    for key in [key(&shop, "/a"), key(&shop, "/b"), key(&blog, "/a")] {
        assert_eq!(begin(&*store, &key, NOW).await, KeyedRequest::New);
    }
}

async fn a_request_that_is_abandoned_may_come_again(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let key = key(&shop, "/a");
    for _ in 0..2 {
        assert_eq!(begin(&*store, &key, NOW).await, KeyedRequest::New);
        store.abandon_request(&key).await.unwrap();
    }
    begin(&*store, &key, NOW).await;
    store.recover(NOW, NOW).await.unwrap();
    assert_eq!(begin(&*store, &key, NOW).await, KeyedRequest::New, "its process is gone");
}

async fn keys_are_forgotten(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    begin(&*store, &key(&shop, "/a"), NOW).await;
    begin(&*store, &key(&shop, "/b"), NOW + 1).await;
    assert_eq!(store.forget_requests(NOW + 99).await.unwrap(), 0);
    assert_eq!(store.forget_requests(NOW + 100).await.unwrap(), 1);
}
