//! `GET /api/common/query-credits`.

use safelight_store::Credits;

use crate::common::{Answer, SYNC, TestServer, form, now};

const PATH: &str = "/api/common/query-credits";

#[tokio::test]
async fn every_pool_is_shown_with_numbers() {
    let before = now() / 1000;
    let server = TestServer::start().await;
    let id = server.application.id;
    let half = server.store.add_credits(id, "play_pool", Credits(2_500), now());
    half.await.expect("credits");
    let answer = server.get(PATH).await.success();
    let pools = answer["data"].as_array().expect("a list");
    assert_eq!(pools.len(), 2);
    assert_eq!(pools[0]["unique_sign"], "common");
    assert_eq!(pools[0]["balance"].to_string(), "1000");
    assert_eq!(pools[0]["total"].to_string(), "1000");
    assert_eq!(pools[0]["last_recharge_balance"].to_string(), "1000");
    assert_eq!(pools[1]["unique_sign"], "play_pool");
    assert_eq!(pools[1]["name"], "Play");
    assert_eq!(pools[1]["balance"].to_string(), "2.5");
    for pool in pools {
        assert!(pool["name"].as_str().is_some_and(|name| !name.is_empty()));
        assert!(pool["balance_warning"].is_number());
        for time in ["first_buy_time", "last_update_time"] {
            let seconds = pool[time].as_i64().expect("whole seconds");
            assert!((before..=now() / 1000).contains(&seconds), "{time} {seconds}");
        }
    }
}

#[tokio::test]
async fn a_success_shows_in_the_balance() {
    let server = TestServer::start().await;
    server.post(SYNC, form([])).await.success();
    let answer = server.get(PATH).await.success();
    assert_eq!(answer["data"][0]["balance"], 997);
}

#[tokio::test]
async fn a_key_is_needed() {
    let server = TestServer::start().await;
    let without = server.http.get(server.url(PATH)).send().await.expect("answer");
    let message = Answer::of(without).await.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    assert!(message.contains("ailabapi-api-key"), "{message}");
    let wrong = server.http.get(server.url(PATH)).header("AILABAPI-API-KEY", "nobody's");
    let wrong = wrong.send().await.expect("answer");
    Answer::of(wrong).await.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
}

#[tokio::test]
async fn the_user_must_be_there_and_not_locked() {
    let server = TestServer::start().await;
    server.store.lock_user("admin", true).await.expect("lock");
    server.get(PATH).await.failure(403, "ERROR_USER_LOCKED");
    server.store.lock_user("admin", false).await.expect("unlock");
    server.get(PATH).await.success();
    server.store.delete_user("admin", now()).await.expect("delete");
    server.get(PATH).await.failure(401, "ERROR_USER_NOT_EXISTS");
}

#[tokio::test]
async fn only_get_is_taken() {
    let server = TestServer::start().await;
    let answer = server.post(PATH, form([])).await;
    answer.failure(405, "ERROR_ILLEGAL_OPERATION");
    assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
}
