//! Many callers in one group at the same time.

use serde_json::{Value, json};

use super::{L, Pictures, R, post};
use crate::common::{Answer, TestServer, text};

/// Faces of a user in a plain map, by the names of their pictures.
type Plain = std::collections::BTreeSet<&'static str>;

/// Many add, delete and search at the same time in one group; each looks after one user, and finds at
/// any moment what a plain set holds. In the end a search of all finds what all sets hold.
#[tokio::test]
async fn what_many_change_at_once_is_found_as_it_is() {
    let server = TestServer::shipping().await;
    for group in ["g", "kept"] {
        post(&server, &format!("{L}group-create"), json!({"group_id": group})).await.success();
    }
    let pictures = Pictures::new();
    let mut tokens = Vec::new();
    for (name, picture) in [("ada", &pictures.ada), ("grace", &pictures.grace)] {
        let body = json!({"image_base64": picture});
        let found = post(&server, &format!("{R}face-detect"), body).await.success();
        let token = text(&found["data"]["face_list"][0]["face_token"]);
        // In another group it lives on when a user is deleted.
        let keep = json!({"image_token": token, "group_id": "kept", "user_id": name});
        post(&server, &format!("{L}face-add"), keep).await.success();
        tokens.push((name, token));
    }
    let users = (0..8_u64).map(|user| one_user(&server, &tokens, user));
    let plain: Vec<Plain> = futures_util::future::join_all(users).await;
    let all = json!({
        "image_token": tokens[0].1, "group_id_list": "g", "limit": 50, "match_threshold": 0,
    });
    let all = post(&server, &format!("{R}face-search"), all).await;
    let mut found: Vec<(String, bool)> = match all.status {
        404 => Vec::new(),
        _ => {
            let users = all.success()["data"]["user_list"].as_array().expect("a list").clone();
            let user = |user: &Value| {
                (text(&user["user_id"]), user["score"].as_f64().is_some_and(|score| score > 99.0))
            };
            users.iter().map(user).collect()
        }
    };
    found.sort();
    let wanted = plain.iter().enumerate().filter(|(_, faces)| !faces.is_empty());
    let wanted: Vec<_> =
        wanted.map(|(user, faces)| (format!("u{user}"), faces.contains("ada"))).collect();
    assert_eq!(found, wanted);
    assert!(!wanted.is_empty(), "somebody is left");
}

/// Twenty random steps with one user; answers what the user has in the end.
async fn one_user(server: &TestServer, tokens: &[(&'static str, String)], user: u64) -> Plain {
    let (mut plain, id) = (Plain::new(), format!("u{user}"));
    let mut state = user * 7919 + 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) % below
    };
    for step in 0..20 {
        let (name, token) = &tokens[random(2) as usize];
        match random(5) {
            0 | 1 => {
                let add = json!({"image_token": token, "group_id": "g", "user_id": id});
                let answer = post(server, &format!("{L}face-add"), add).await;
                let wanted = if plain.insert(name) { 200 } else { 409 };
                assert_eq!(answer.status, wanted, "{id} {step}: {}", answer.json());
            }
            2 => {
                let delete = json!({"user_id": id, "group_id": "g"});
                let answer = post(server, &format!("{L}user-delete"), delete).await;
                // A user without faces may be there or not.
                assert!(answer.status == 200 || plain.is_empty(), "{id} {step}");
                plain.clear();
            }
            _ => {
                let search = json!({
                    "image_token": token, "group_id_list": "g", "limit": 1, "match_threshold": 0,
                    "user_id_list": id,
                });
                let answer = post(server, &format!("{R}face-search"), search).await;
                if plain.is_empty() {
                    answer.failure(404, "ERROR_USER_NOT_FOUND");
                    continue;
                }
                let score = answer.success()["data"]["user_list"][0]["score"].as_f64();
                let same = score.is_some_and(|score| score > 99.0);
                assert_eq!(same, plain.contains(name), "{id} {step}: {score:?} {plain:?}");
            }
        }
    }
    plain
}

/// Of many who add one person as different users at the same time, one does where that is asked for.
#[tokio::test]
async fn a_person_is_added_as_one_user_alone() {
    let server = TestServer::shipping().await;
    post(&server, &format!("{L}group-create"), json!({"group_id": "g"})).await.success();
    let body = json!({"image_base64": Pictures::new().ada});
    let found = post(&server, &format!("{R}face-detect"), body).await.success();
    let token = text(&found["data"]["face_list"][0]["face_token"]);
    let users = (0..8).map(|user| add_unique(&server, &token, user));
    let answers = futures_util::future::join_all(users).await;
    let (added, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(added.len(), 1);
    for answer in refused {
        answer.failure(409, "ERROR_FACE_ALREADY_EXISTS");
    }
    let group = server.store.face_group(server.application.id, "g", false).await.expect("there");
    assert_eq!((group.users, group.faces), (1, 1));
}

async fn add_unique(server: &TestServer, token: &str, user: u64) -> Answer {
    let body = json!({
        "image_token": token, "group_id": "g", "user_id": format!("u{user}"),
        "unique_person_control": "NORMAL",
    });
    post(server, &format!("{L}face-add"), body).await
}
