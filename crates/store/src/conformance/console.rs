//! Links, sessions, the audit and the listings of the console.

use super::*;
use crate::{ConsoleAct, ConsoleSession, NewUpload, UploadQuota};

cases! {
    a_link_works_once_and_for_its_time,
    a_session_lasts_until_it_ends_or_its_time_is_over,
    changes_are_listed_newest_first,
    transfers_and_charges_are_those_of_the_books,
    uploads_are_listed_for_their_application,
    a_webhook_that_is_given_up_can_be_sent_again,
}

async fn a_link_works_once_and_for_its_time(store: Arc<dyn Store>) {
    for byte in [1, 2] {
        store.add_console_link(&hash(byte), NOW + 10, NOW).await.unwrap();
    }
    assert!(!store.take_console_link(&hash(3), NOW).await.unwrap(), "unknown");
    assert!(store.take_console_link(&hash(1), NOW + 9).await.unwrap());
    assert!(!store.take_console_link(&hash(1), NOW + 9).await.unwrap(), "used");
    assert!(!store.take_console_link(&hash(2), NOW + 10).await.unwrap(), "over");
}

async fn a_session_lasts_until_it_ends_or_its_time_is_over(store: Arc<dyn Store>) {
    let operator = ConsoleSession { hash: hash(1), key: None, expires_at: NOW + 10 };
    let owner = ConsoleSession { hash: hash(2), key: Some(hash(9)), expires_at: NOW + 10 };
    for session in [&operator, &owner] {
        store.add_console_session(session, NOW).await.unwrap();
        let found = store.console_session(&session.hash, NOW + 9).await.unwrap();
        assert_eq!(found.as_ref(), Some(session));
        assert_eq!(store.console_session(&session.hash, NOW + 10).await.unwrap(), None, "over");
    }
    let other_key = ConsoleSession { key: Some(hash(8)), ..owner.clone() };
    store.add_console_session(&other_key, NOW).await.unwrap();
    assert_eq!(store.console_session(&hash(2), NOW).await.unwrap(), Some(other_key));
    store.end_console_session(&hash(1)).await.unwrap();
    store.end_console_session(&hash(1)).await.unwrap();
    assert_eq!(store.console_session(&hash(1), NOW).await.unwrap(), None);
}

async fn changes_are_listed_newest_first(store: Arc<dyn Store>) {
    let act = |at, application, subject: &str| ConsoleAct {
        at,
        who: "operator".into(),
        application,
        action: "key added".into(),
        subject: subject.into(),
    };
    let acts = [act(NOW, Some(1), "a"), act(NOW, None, "b"), act(NOW + 1, Some(2), "c")];
    for act in &acts {
        store.add_console_act(act).await.unwrap();
    }
    let subjects = async |application, limit| {
        let acts = store.console_acts(application, limit).await.unwrap();
        acts.into_iter().map(|act| act.subject).collect::<Vec<_>>()
    };
    assert_eq!(subjects(None, 9).await, ["c", "b", "a"]);
    assert_eq!(subjects(None, 1).await, ["c"]);
    assert_eq!(subjects(Some(1), 9).await, ["a"]);
    assert_eq!(store.console_acts(Some(1), 1).await.unwrap(), [acts[0].clone()]);
}

async fn transfers_and_charges_are_those_of_the_books(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let other = another(&*store, "other").await;
    let charged = hold(&*store, &shop, "r1", 3).await;
    store.settle(&charged, NOW).await.unwrap();
    hold(&*store, &shop, "r2", 2).await;
    assert_eq!(store.charge("r1").await.unwrap(), Some(Credits::whole(3)));
    assert_eq!(store.charge("r2").await.unwrap(), None, "held only");
    assert_eq!(store.charge("r3").await.unwrap(), None);
    let found = store.transfers(shop.id, 9).await.unwrap();
    let shown: Vec<_> = found.iter().map(|t| (t.from.as_str(), t.to.as_str(), t.amount)).collect();
    let whole = Credits::whole;
    assert_eq!(
        shown,
        [
            ("balance", "held", whole(2)),
            ("held", "spent", whole(3)),
            ("balance", "held", whole(3)),
            ("issued", "balance", whole(10)),
        ]
    );
    assert_eq!(found[1].request_id.as_deref(), Some("r1"));
    assert_eq!((found[3].request_id.as_deref(), found[3].pool.as_str()), (None, "common"));
    assert_eq!(store.transfers(shop.id, 1).await.unwrap().len(), 1);
    assert_eq!(store.transfers(other.id, 9).await.unwrap().len(), 1);
}

async fn uploads_are_listed_for_their_application(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let other = another(&*store, "other").await;
    let quota = UploadQuota { bytes: 1000, files: 10 };
    for (id, application, now) in
        [("a", shop.id, NOW), ("b", shop.id, NOW + 1), ("c", other.id, NOW)]
    {
        let new = NewUpload { id: id.into(), application, size: 10, expires_at: NOW + 1000 };
        store.add_upload(&new, quota, 10_000, now).await.unwrap();
    }
    let listed = async |application| {
        let uploads = store.uploads(application, 9).await.unwrap();
        uploads.into_iter().map(|upload| upload.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(shop.id).await, ["b", "a"]);
    store.reclaim_upload("b").await.unwrap();
    assert_eq!(listed(shop.id).await, ["a"]);
    assert_eq!(listed(other.id).await, ["c"]);
}

async fn a_webhook_that_is_given_up_can_be_sent_again(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let callback = crate::Callback { url: "http://a.example".into(), base: "http://here".into() };
    let task = NewTask { callback: Some(callback), ..new_task(&shop, "t") };
    store.submit_task(&task, &request(&shop, "r-t", 1), MANY, NOW).await.unwrap();
    store.cancel_task("t", NOW).await.unwrap();
    let due = async || store.claim_webhooks(NOW + 60_000, 9, NOW).await.unwrap();
    let id = due().await.pop().expect("one").id;
    assert!(!store.resend_webhook(shop.id, &id, NOW).await.unwrap(), "it is being posted");
    store.webhook_attempted(&id, crate::Attempted::GivenUp, "refused").await.unwrap();
    assert!(!store.resend_webhook(shop.id + 1, &id, NOW).await.unwrap(), "of another application");
    assert!(store.resend_webhook(shop.id, &id, NOW).await.unwrap());
    assert_eq!(due().await.pop().expect("due again").attempts, 2);
}
