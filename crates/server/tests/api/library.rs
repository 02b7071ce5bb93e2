//! Libraries of faces through HTTP, as far as no model is needed: each fault with its code, in its
//! order.

use serde_json::{Value, json};

use crate::common::{Answer, TestServer};

const L: &str = "/api/portrait/library/";

/// A server with a library of at most three groups, which cleans nothing by itself.
async fn server() -> TestServer {
    TestServer::with(|settings| {
        settings.library.enabled = true;
        settings.library.max_groups = 3;
        settings.library.sweep_seconds = 3600;
    })
    .await
}

/// A call, the status that it must be answered with, and the code.
type Case = (&'static str, Value, u16, &'static str);

async fn tell(server: &TestServer, cases: &[Case]) {
    for (call, body, status, code) in cases {
        let answer = server.post_json(&format!("{L}{call}"), body).await;
        let json = answer.json();
        let found = (answer.status, json["error_detail"]["code"].as_str());
        assert_eq!(found, (*status, Some(*code)), "{call} {body}: {json}");
    }
}

#[tokio::test]
async fn each_call_answers_its_faults_in_their_order() {
    let server = server().await;
    let (other_key, _) = server.another("other").await;
    let long = "a".repeat(129);
    let many: Vec<_> = (0..21).map(|number| format!("u{number}")).collect();
    let apps: Vec<_> = (0..11).map(|number| format!("a{number}")).collect();
    tell(
        &server,
        &[
            ("group-create", json!({}), 400, "MISSING_PARAMETERS"),
            ("group-create", json!({"group_id": ""}), 400, "PARAMETERS_CANNOT_EMPTY"),
            ("group-create", json!({"group_id": "a b"}), 422, "ERROR_INVALID_PARAMETER_FORMAT"),
            ("group-create", json!({"group_id": long}), 413, "ERROR_CONTENT_TOO_LONG"),
            (
                "group-create",
                json!({"group_id": "g", "scene_type": "MOON"}),
                422,
                "UNSUPPORTED_PARAMETER_VALUES",
            ),
            (
                "group-create",
                json!({"group_id": "g", "retention_days": 0}),
                422,
                "UNSUPPORTED_PARAMETER_VALUES",
            ),
            ("group-create", json!({"group_id": "staff", "group_name": "Staff"}), 200, ""),
            ("group-create", json!({"group_id": "staff"}), 409, "ERROR_USER_GROUP_ALREADY_EXISTS"),
            (
                "group-create",
                json!({"group_id": "guests", "group_name": "Staff"}),
                409,
                "ERROR_DUPLICATE_GROUP_NAME",
            ),
            ("group-create", json!({"group_id": "cards", "scene_type": "IDCARD"}), 200, ""),
            ("group-create", json!({"group_id": "guests", "retention_days": 30}), 200, ""),
            ("group-create", json!({"group_id": "more"}), 400, "ERROR_DATABASE_LIMIT_EXCEEDED"),
            ("group-update", json!({"group_id": "none"}), 404, "ERROR_USER_GROUP_NOT_FOUND"),
            (
                "group-update",
                json!({"group_id": "guests", "group_name": "Staff"}),
                409,
                "ERROR_DUPLICATE_GROUP_NAME",
            ),
            ("group-update", json!({"group_id": "guests", "group_name": "Guests"}), 200, ""),
            ("group-list", json!({"length": 1001}), 422, "UNSUPPORTED_PARAMETER_VALUES"),
            (
                "group-share",
                json!({"group_id": "none", "app_list": apps}),
                400,
                "ERROR_TOO_MANY_APPS_IN_APP_LIST",
            ),
            (
                "group-share",
                json!({"group_id": "none", "app_list": ["x"]}),
                404,
                "ERROR_USER_GROUP_NOT_FOUND",
            ),
            (
                "group-share",
                json!({"group_id": "staff", "app_list": ["x"]}),
                404,
                "ERROR_RESOURCE_NOT_FOUND",
            ),
            ("group-share", json!({"group_id": "staff", "app_list": ["other"]}), 200, ""),
            (
                "user-create",
                json!({"group_id": "none", "user_id": "u"}),
                404,
                "ERROR_USER_GROUP_NOT_FOUND",
            ),
            (
                "user-create",
                json!({"group_id": "staff", "user_id": "u", "user_info": "a".repeat(257)}),
                413,
                "ERROR_CONTENT_TOO_LONG",
            ),
            (
                "user-create",
                json!({"group_id": "staff", "user_id": "u", "user_info": "first"}),
                200,
                "",
            ),
            (
                "user-create",
                json!({"group_id": "staff", "user_id": "u"}),
                409,
                "ERROR_USER_ALREADY_EXISTS",
            ),
            (
                "user-update",
                json!({"group_id": "staff", "user_id": "x"}),
                404,
                "ERROR_USER_NOT_FOUND",
            ),
            ("user-get", json!({"user_id": "x"}), 404, "ERROR_USER_NOT_FOUND"),
            (
                "user-get",
                json!({"user_id": "u", "group_id": "none"}),
                404,
                "ERROR_USER_GROUP_NOT_FOUND",
            ),
            ("user-get", json!({"user_id": "u", "group_id": "@ALL"}), 200, ""),
            ("user-list", json!({"group_id": "none"}), 404, "ERROR_USER_GROUP_NOT_FOUND"),
            (
                "user-copy",
                json!({"src_group_id": "none", "dst_group_id": "none", "user_id_list": many}),
                400,
                "ERROR_TOO_MANY_UIDS_IN_UID_LIST",
            ),
            (
                "user-copy",
                json!({"src_group_id": "staff", "dst_group_id": "none", "user_id": "x"}),
                404,
                "ERROR_USER_GROUP_NOT_FOUND",
            ),
            (
                "user-copy",
                json!({"src_group_id": "staff", "dst_group_id": "cards", "user_id": "x"}),
                404,
                "ERROR_USER_NOT_FOUND",
            ),
            (
                "user-copy",
                json!({"src_group_id": "staff", "dst_group_id": "cards", "user_id": "u"}),
                422,
                "ERROR_FACE_COPY_SCENE_MISMATCH",
            ),
            (
                "user-copy",
                json!({"src_group_id": "staff", "dst_group_id": "guests", "user_id": "u"}),
                200,
                "",
            ),
            (
                "user-copy",
                json!({"src_group_id": "staff", "dst_group_id": "guests", "user_id": "u"}),
                409,
                "ERROR_DATA_ALREADY_EXISTS",
            ),
            ("user-export", json!({"user_id": "x"}), 404, "ERROR_USER_NOT_FOUND"),
            (
                "face-list",
                json!({"group_id": "staff", "user_id": "x"}),
                404,
                "ERROR_USER_NOT_FOUND",
            ),
            (
                "face-delete",
                json!({"group_id": "staff", "user_id": "u", "face_token": "t"}),
                404,
                "ERROR_FACE_NOT_FOUND",
            ),
            (
                "face-image",
                json!({"group_id": "staff", "user_id": "u", "face_token": "t"}),
                404,
                "ERROR_FACE_NOT_FOUND",
            ),
            ("user-delete", json!({"user_id_list": many}), 400, "ERROR_TOO_MANY_UIDS_IN_UID_LIST"),
            ("user-delete", json!({"user_id": "x"}), 404, "ERROR_USER_NOT_FOUND"),
            ("group-delete", json!({"group_id": "none"}), 404, "ERROR_USER_GROUP_NOT_FOUND"),
            ("group-delete", json!({"group_id": "cards"}), 200, ""),
            ("user-list", json!({"group_id": "cards"}), 400, "ERROR_CLEANING_USER_GROUP_DATA"),
            ("group-create", json!({"group_id": "cards"}), 400, "ERROR_CLEANING_USER_GROUP_DATA"),
            ("library-erase", json!({"confirm": "no"}), 422, "UNSUPPORTED_PARAMETER_VALUES"),
        ],
    )
    .await;
    // Other applications know nothing of it.
    let get = crate::common::form([("group_id", "staff")]);
    let foreign = server.post_as(&other_key, &format!("{L}user-list"), get).await;
    foreign.failure(404, "ERROR_USER_GROUP_NOT_FOUND");

    let listed = server.post_json(&format!("{L}group-list"), &json!({})).await.success();
    assert_eq!(listed["data"]["total"], 3);
    let states = listed["data"]["group_list"].as_array().expect("a list").iter();
    let states: Vec<_> = states.map(|group| (&group["group_id"], &group["state"])).collect();
    assert_eq!(
        json!(states),
        json!([["cards", "cleaning"], ["guests", "ready"], ["staff", "ready"]])
    );
    let user = server.post_json(&format!("{L}user-get"), &json!({"user_id": "u"})).await.success();
    assert_eq!(user["data"]["user_list"].as_array().map(Vec::len), Some(2));
    assert_eq!(user["data"]["user_list"][1]["user_info"], "first");

    // What is known of a person, with what was done.
    let all = json!({"user_id": "u"});
    let export = server.post_json(&format!("{L}user-export"), &all).await.success();
    let actions = export["data"]["audit"].as_array().expect("a list").iter();
    let actions: Vec<_> = actions.map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, [Some("user-export"), Some("user-copy"), Some("user-create")]);
    // What only reads is read again: what it tells of a person is not kept for its key.
    for _ in 0..2 {
        let request = server.request(&format!("{L}user-export")).header("idempotency-key", "k");
        let again = Answer::of(request.json(&all).send().await.expect("answer")).await;
        again.success();
        assert_eq!(again.header("idempotency-replayed"), "");
    }
    let gone = server.post_json(&format!("{L}user-delete"), &all).await.success();
    assert_eq!(gone["data"]["deleted"], 2);

    // While the operator has paused it, nothing is answered.
    server.store.pause_faces(true).await.expect("paused");
    let paused = server.post_json(&format!("{L}group-list"), &json!({})).await;
    paused.failure(400, "ERROR_RESOURCE_UNAVAILABLE");
    assert!(!paused.header("retry-after").is_empty());
    server.store.pause_faces(false).await.expect("open");
    let erase = json!({"confirm": "default"});
    let erased = server.post_json(&format!("{L}library-erase"), &erase).await.success();
    assert_eq!(erased["data"]["groups"], 2, "one was deleted before");
    let listed = server.post_json(&format!("{L}group-list"), &json!({})).await.success();
    assert_eq!(listed["data"]["total"], 0);
    server.assert_charges(0).await;
}

#[tokio::test]
async fn consent_is_noted_where_the_operator_requires_it() {
    let server = TestServer::with(|settings| {
        settings.library.enabled = true;
        settings.library.require_consent = true;
    })
    .await;
    tell(
        &server,
        &[
            ("group-create", json!({"group_id": "g"}), 200, ""),
            ("user-create", json!({"group_id": "g", "user_id": "u"}), 400, "MISSING_PARAMETERS"),
            (
                "user-create",
                json!({"group_id": "none", "user_id": "u"}),
                404,
                "ERROR_USER_GROUP_NOT_FOUND",
            ),
            (
                "user-create",
                json!({"group_id": "g", "user_id": "u", "consent_note": "signed 2026-11-29"}),
                200,
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn without_libraries_their_paths_are_unknown() {
    let server = TestServer::start().await;
    let answer = server.post_json(&format!("{L}group-list"), &json!({})).await;
    answer.failure(404, "ERROR_AI_NOT_EXISTS");
    let answer = server.post_json("/api/portrait/recognition/face-detect", &json!({})).await;
    answer.failure(404, "ERROR_AI_NOT_EXISTS");
}
