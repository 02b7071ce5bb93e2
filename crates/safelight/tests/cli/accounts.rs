use serde_json::json;

use crate::harness::Home;

#[test]
fn without_an_installation_nothing_is_made() {
    let home = Home::new();
    let error = home.fails(&["user", "list"]);
    assert!(error.contains("safelight serve"), "{error}");
    assert!(!home.data().exists());
}

#[test]
fn users_come_and_go() {
    let home = Home::new();
    home.install();
    assert_eq!(home.json(&["user", "add", "maria"])["name"], "maria");
    assert!(home.fails(&["user", "add", "maria"]).contains("maria"), "the name is taken");
    assert_eq!(home.json(&["user", "lock", "maria"])["locked"], true);
    let users = home.json(&["user", "list"]);
    assert_eq!(users.as_array().map(Vec::len), Some(2));
    assert_eq!((&users[1]["name"], &users[1]["locked"]), (&json!("maria"), &json!(true)));
    home.ok(&["user", "unlock", "maria"]);
    assert!(home.ok(&["user", "list"]).contains("active"));
    home.ok(&["user", "remove", "maria"]);
    assert!(home.fails(&["user", "lock", "maria"]).contains("safelight user list"));
}

#[test]
fn applications_have_limits_prices_and_keys() {
    let home = Home::new();
    home.install();
    let added = home.json(&["app", "add", "shop", "--credits", "12.5", "--concurrency", "2"]);
    assert!(added["key"].as_str().is_some_and(|key| key.starts_with("sl_")), "{added}");
    assert_eq!(added["application"]["limits"]["concurrency"], 2);
    let changed = home.json(&["app", "limits", "shop", "--requests-per-second", "7"]);
    assert_eq!(changed["limits"], json!({ "concurrency": null, "requests_per_second": 7 }));

    let why = home.fails(&["app", "add", "debtor", "--credits=-5"]);
    assert!(why.contains("--credits is -5"), "{why}");
    assert!(!home.ok(&["app", "list"]).contains("debtor"));

    let service = ["app", "service", "shop", "universal-background-removal"];
    let priced = home.json(&[&service[..], &["--price", "0.25"]].concat());
    assert_eq!(priced["state"], json!({ "enabled": true, "price": 0.25 }));
    let disabled = home.json(&[&service[..], &["--disable"]].concat());
    assert_eq!(disabled["state"], json!({ "enabled": false, "price": 0.25 }), "the price stays");
    let back = home.json(&[&service[..], &["--enable", "--default-price"]].concat());
    assert_eq!(back["state"], json!({ "enabled": true, "price": null }));
    assert!(home.fails(&["app", "service", "shop", "nope"]).contains("`nope`"));

    home.ok(&["app", "remove", "shop"]);
    let left = home.json(&["app", "list"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
}

#[test]
fn keys_are_shown_once_and_can_be_replaced() {
    let home = Home::new();
    let first = home.install();
    let second = home.json(&["key", "add", "default"]);
    let key = second["key"].as_str().expect("a key");
    let listing = home.ok(&["key", "list", "default"]);
    assert!(listing.contains(&key[..9]) && !listing.contains(key), "{listing}");
    assert!(!listing.contains(&first), "{listing}");
    home.ok(&["key", "revoke", &second["id"].to_string()]);
    assert_eq!(home.json(&["key", "list"]).as_array().map(Vec::len), Some(1));
    let rotated = home.json(&["key", "rotate", "default"]);
    assert_eq!(rotated["revoked"].as_array().map(Vec::len), Some(1));
    let keys = home.json(&["key", "list", "default"]);
    assert_eq!(keys.as_array().map(Vec::len), Some(1));
    assert_eq!(keys[0]["id"], rotated["id"]);
    assert!(home.fails(&["key", "add", "nobody"]).contains("nobody"));
    let sandbox = home.json(&["key", "add", "default", "--sandbox"]);
    assert_eq!(sandbox["kind"], "sandbox");
    home.ok(&["key", "rotate", "default"]);
    let keys = home.json(&["key", "list", "default"]);
    let kinds: Vec<_> = keys.as_array().into_iter().flatten().map(|key| &key["kind"]).collect();
    assert_eq!(kinds, ["sandbox", "live"], "rotating leaves sandbox keys alone");
}

#[test]
fn credits_are_counted() {
    let home = Home::new();
    home.install();
    let pool = home.json(&["credits", "add", "default", "500"]);
    assert_eq!((&pool["sign"], &pool["balance"]), (&json!("common"), &json!(1500.0)));
    assert_eq!(home.json(&["credits", "add", "default", "-20"])["balance"], 1480.0);
    home.fails(&["credits", "add", "default", "-9999"]);
    home.fails(&["credits", "add", "default", "much"]);
    for command in [["credits", "add"], ["credits", "warn"]] {
        let typo = [&command[..], &["default", "5", "--pool", "comon"]].concat();
        assert!(home.fails(&typo).contains("`comon`"));
    }
    home.ok(&["credits", "add", "default", "5", "--pool", "image_dehazing"]);
    home.ok(&["credits", "add", "default", "-5", "--pool", "image_dehazing"]);
    home.ok(&["credits", "warn", "default", "50"]);
    let pools = home.json(&["credits", "show", "default"]);
    assert_eq!(pools[0]["balance_warning"], 50.0, "{pools}");
    let audit = home.json(&["credits", "audit"]);
    assert_eq!((&audit["balances"], &audit["errors"]), (&json!(1480.0), &json!([])));
}

#[test]
fn secrets_of_webhooks_are_made_anew_each_time() {
    let home = Home::new();
    home.install();
    let secret = || {
        let answer = home.json(&["webhook", "secret", "default"]);
        answer["secret"].as_str().expect("a secret").to_owned()
    };
    let (first, second) = (secret(), secret());
    assert!(first.starts_with("whsec_") && first.len() == 50, "{first}");
    assert_ne!(first, second);
    assert_eq!(home.json(&["webhook", "list", "default"]).as_array().map(Vec::len), Some(0));
    assert!(home.fails(&["webhook", "secret", "nobody"]).contains("nobody"));
}
