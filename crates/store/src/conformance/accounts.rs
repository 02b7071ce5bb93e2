//! Users, applications and keys.

use super::*;
use crate::{KeyKind, ServiceState};

cases! {
    users_have_unique_names,
    names_are_plain,
    a_deleted_user_leaves_its_name,
    applications_are_found_by_name,
    a_name_of_two_users_needs_the_user,
    a_key_names_its_principal,
    a_locked_user_is_seen_at_once,
    the_keys_of_a_deleted_user_tell,
    keys_are_rotated_and_revoked,
    sandbox_keys_are_told_from_others,
    a_deleted_application_is_gone,
    limits_and_services_are_changed,
    unknown_rows_are_not_found,
}

async fn users_have_unique_names(store: Arc<dyn Store>) {
    let ada = store.create_user("ada", NOW).await.unwrap();
    store.create_user("Bob", NOW + 1).await.unwrap();
    conflict(store.create_user("ada", NOW).await);
    assert_eq!((ada.name.as_str(), ada.locked, ada.created_at), ("ada", false, NOW));
    let users = store.users().await.unwrap();
    assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["Bob", "ada"]);
    assert_eq!(users[1], ada);
}

async fn names_are_plain(store: Arc<dyn Store>) {
    store.create_user("Zoë 2", NOW).await.unwrap();
    let long = "x".repeat(65);
    for name in ["", " ", "a/b", " a", "a\n", "a\0b", &long] {
        invalid(store.create_user(name, NOW).await);
        invalid(store.create_application(&named("Zoë 2", name, None), NOW).await);
    }
    let shop = store.create_application(&named("Zoë 2", &long[1..], None), NOW).await.unwrap();
    for sign in ["", "a b", "ä", "a/b", "a'--", &"x".repeat(101)] {
        invalid(store.add_credits(shop.id, sign, Credits(1), NOW).await);
    }
}

async fn a_deleted_user_leaves_its_name(store: Arc<dyn Store>) {
    let old = shop(&*store).await;
    store.delete_user("ada", NOW).await.unwrap();
    assert_eq!(store.users().await.unwrap(), []);
    not_found(store.delete_user("ada", NOW).await);
    assert_eq!(store.applications().await.unwrap(), std::slice::from_ref(&old));
    assert_eq!(store.application("ada/shop").await.unwrap(), old);

    store.create_user("ada", NOW).await.unwrap();
    let new = store.create_application(&named("ada", "shop", None), NOW).await.unwrap();
    assert_eq!(store.application("ada/shop").await.unwrap(), new, "the living come first");
}

async fn applications_are_found_by_name(store: Arc<dyn Store>) {
    let mut new = named("ada", "shop", None);
    new.limits = Limits { concurrency: Some(2), requests_per_second: None };
    not_found(store.create_application(&new, NOW).await);
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&new, NOW + 5).await.unwrap();
    assert_eq!((shop.user.as_str(), shop.name.as_str()), ("ada", "shop"));
    assert_eq!((shop.limits, shop.created_at), (new.limits, NOW + 5));
    conflict(store.create_application(&new, NOW).await);
    let blog = store.create_application(&named("ada", "blog", None), NOW).await.unwrap();
    assert_eq!(store.applications().await.unwrap(), [blog, shop.clone()]);
    assert_eq!(store.application("shop").await.unwrap(), shop);
    assert_eq!(store.application("ada/shop").await.unwrap(), shop);
    for name in ["bob/shop", "Shop", "", "ada/", "/shop"] {
        not_found(store.application(name).await);
    }
    let common = pool(&*store, &shop, "common").await;
    assert_eq!((common.balance, common.total), (Credits(0), Credits(0)));
    assert_eq!((common.first_buy_time, common.last_update_time), (NOW + 5, NOW + 5));
}

async fn a_name_of_two_users_needs_the_user(store: Arc<dyn Store>) {
    shop(&*store).await;
    store.create_user("bob", NOW).await.unwrap();
    let bobs = store.create_application(&named("bob", "shop", None), NOW).await.unwrap();
    let ambiguous = store.application("shop").await;
    assert!(ambiguous.as_ref().is_err_and(|e| e.to_string().contains("`bob/shop`")));
    conflict(ambiguous);
    assert_eq!(store.application("bob/shop").await.unwrap(), bobs);
}

async fn a_key_names_its_principal(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    store.create_application(&named("ada", "blog", Some(2)), NOW).await.unwrap();
    let principal = store.authenticate(&hash(1)).await.unwrap().unwrap();
    assert_eq!(principal.application, shop);
    let user = principal.user.as_ref().unwrap();
    assert_eq!((user.name.as_str(), user.locked), ("ada", false));
    assert_eq!(principal.key, Some(store.keys(shop.id).await.unwrap()[0].id));
    assert!(principal.services.is_empty());
    assert_eq!(store.authenticate(&hash(3)).await.unwrap(), None);
}

async fn a_locked_user_is_seen_at_once(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    for locked in [true, true, false] {
        store.lock_user("ada", locked).await.unwrap();
        let user = store.authenticate(&hash(1)).await.unwrap().unwrap().user.unwrap();
        assert_eq!(user.locked, locked);
        assert_eq!(store.users().await.unwrap()[0].locked, locked);
    }
}

async fn the_keys_of_a_deleted_user_tell(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    store.delete_user("ada", NOW).await.unwrap();
    let principal = store.authenticate(&hash(1)).await.unwrap().unwrap();
    assert_eq!((principal.application, principal.user), (shop, None));
}

async fn keys_are_rotated_and_revoked(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    let second = store.add_key(shop.id, &hash(2), "sl_new", KeyKind::Live, NOW + 1).await.unwrap();
    conflict(store.add_key(shop.id, &hash(2), "sl_again", KeyKind::Live, NOW).await);
    conflict(store.create_application(&named("ada", "blog", Some(2)), NOW).await);
    not_found(store.application("blog").await);

    let keys = store.keys(shop.id).await.unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!((keys[0].hint.as_str(), keys[0].created_at), ("sl_1", NOW));
    assert_eq!(keys[1], second);
    store.revoke_key(keys[0].id, NOW).await.unwrap();
    assert_eq!(store.authenticate(&hash(1)).await.unwrap(), None);
    assert_eq!(store.authenticate(&hash(2)).await.unwrap().unwrap().key, Some(second.id));
    assert_eq!(store.keys(shop.id).await.unwrap(), [second]);
    not_found(store.revoke_key(keys[0].id, NOW).await);
    // A revoked key never comes back to life.
    conflict(store.add_key(shop.id, &hash(1), "sl_1", KeyKind::Live, NOW).await);
}

async fn sandbox_keys_are_told_from_others(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    let sandbox = store.add_key(shop.id, &hash(2), "sl_2", KeyKind::Sandbox, NOW).await.unwrap();
    assert_eq!(sandbox.kind, KeyKind::Sandbox);
    let kinds: Vec<_> = store.keys(shop.id).await.unwrap().iter().map(|key| key.kind).collect();
    assert_eq!(kinds, [KeyKind::Live, KeyKind::Sandbox]);
    let used = async |key| store.authenticate(&hash(key)).await.unwrap().unwrap().kind;
    assert_eq!((used(1).await, used(2).await), (KeyKind::Live, KeyKind::Sandbox));
}

async fn a_deleted_application_is_gone(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    store.delete_application(shop.id, NOW).await.unwrap();
    assert_eq!(store.authenticate(&hash(1)).await.unwrap(), None);
    assert_eq!(store.applications().await.unwrap(), []);
    not_found(store.application("shop").await);
    not_found(store.delete_application(shop.id, NOW).await);
    not_found(store.add_key(shop.id, &hash(2), "", KeyKind::Live, NOW).await);
    not_found(store.add_credits(shop.id, "common", Credits(1), NOW).await);
    not_found(store.hold(&request(&shop, "r", 0), NOW).await);
    let again = store.create_application(&named("ada", "shop", None), NOW).await.unwrap();
    assert_ne!(again.id, shop.id);
}

async fn limits_and_services_are_changed(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    let shop = store.create_application(&named("ada", "shop", Some(1)), NOW).await.unwrap();
    let limits = Limits { concurrency: Some(u32::MAX), requests_per_second: Some(0) };
    store.set_limits(shop.id, limits).await.unwrap();
    let off = ServiceState { enabled: false, price: None };
    let cheap = ServiceState { enabled: true, price: Some(Credits(500)) };
    store.set_service(shop.id, "/a", cheap).await.unwrap();
    store.set_service(shop.id, "/b", cheap).await.unwrap();
    store.set_service(shop.id, "/c", off).await.unwrap();
    store.set_service(shop.id, "/a", off).await.unwrap();
    store.set_service(shop.id, "/b", ServiceState::default()).await.unwrap();
    let negative = ServiceState { enabled: true, price: Some(Credits(-1)) };
    invalid(store.set_service(shop.id, "/a", negative).await);

    let principal = store.authenticate(&hash(1)).await.unwrap().unwrap();
    assert_eq!(principal.application.limits, limits);
    let services: Vec<_> = principal.services.iter().map(|(p, s)| (p.as_str(), *s)).collect();
    assert_eq!(services, [("/a", off), ("/c", off)]);
    assert_eq!(principal.service("/b"), ServiceState::default());
    assert_eq!(store.services(shop.id).await.unwrap(), principal.services);
    store.set_limits(shop.id, Limits::default()).await.unwrap();
    assert_eq!(store.application("shop").await.unwrap().limits, Limits::default());
}

async fn unknown_rows_are_not_found(store: Arc<dyn Store>) {
    not_found(store.lock_user("nobody", true).await);
    not_found(store.delete_user("nobody", NOW).await);
    not_found(store.set_limits(7, Limits::default()).await);
    not_found(store.set_service(7, "/a", ServiceState::default()).await);
    not_found(store.services(7).await);
    not_found(store.delete_application(7, NOW).await);
    not_found(store.add_key(7, &hash(1), "", KeyKind::Live, NOW).await);
    not_found(store.keys(7).await);
    not_found(store.revoke_key(7, NOW).await);
    not_found(store.pools(7).await);
    not_found(store.add_credits(7, "common", Credits(1), NOW).await);
    not_found(store.set_balance_warning(7, "common", Credits(1)).await);
}
