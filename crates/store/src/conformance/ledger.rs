//! Credits.

use super::*;
use crate::Recovered;

cases! {
    credits_are_bought_and_taken_back,
    amounts_that_do_not_fit_are_refused,
    pools_list_common_first,
    a_hold_is_settled_once,
    a_hold_is_released_once,
    the_own_pool_pays_first,
    a_hold_is_paid_by_one_pool,
    a_request_holds_once,
    holds_of_nothing_are_fine,
    stale_holds_go_back,
    recovery_releases_every_hold_of_no_task,
    deleting_an_application_releases_its_holds,
    parallel_holds_never_overdraw,
    parallel_ends_close_once,
    applications_do_not_share_credits,
    many_stale_holds_go_back,
}

async fn credits_are_bought_and_taken_back(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let first = store.add_credits(shop.id, "common", Credits(1500), NOW + 1).await.unwrap();
    assert_eq!((first.balance, first.total), (Credits(1500), Credits(1500)));
    assert_eq!((first.first_buy_time, first.last_update_time), (NOW + 1, NOW + 1));
    let second = store.add_credits(shop.id, "common", Credits(500), NOW + 2).await.unwrap();
    assert_eq!((second.balance, second.total), (Credits(2000), Credits(2000)));
    assert_eq!((second.first_buy_time, second.last_update_time), (NOW + 1, NOW + 2));
    assert_eq!(second.last_recharge_balance, Credits(2000));

    let less = store.add_credits(shop.id, "common", Credits(-1200), NOW + 3).await.unwrap();
    assert_eq!((less.balance, less.total), (Credits(800), Credits(2000)));
    assert_eq!(less.last_recharge_balance, Credits(2000), "a refund is no top-up");
    conflict(store.add_credits(shop.id, "common", Credits(-801), NOW).await);
    conflict(store.add_credits(shop.id, "cutout", Credits(-1), NOW).await);
    assert_eq!(store.pools(shop.id).await.unwrap(), [less], "a refusal leaves nothing behind");
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.issued, audit.transfers), (Credits(800), 3));
}

async fn amounts_that_do_not_fit_are_refused(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 1).await;
    let most = Credits(i64::MAX - 1000);
    conflict(store.add_credits(shop.id, "common", Credits(i64::MAX), NOW).await);
    conflict(store.add_credits(shop.id, "common", Credits(i64::MIN), NOW).await);
    store.add_credits(shop.id, "common", most, NOW).await.unwrap();
    conflict(store.add_credits(shop.id, "common", Credits(1), NOW).await);
    // What was taken back still counts as bought.
    store.add_credits(shop.id, "common", Credits(-5), NOW).await.unwrap();
    conflict(store.add_credits(shop.id, "common", Credits(1), NOW).await);
    let mut all = request(&shop, "r", 0);
    all.amount = Credits(i64::MAX - 5);
    let hold = held(store.hold(&all, NOW).await.unwrap());
    assert!(store.settle(&hold, NOW).await.unwrap());
    all.request_id = "s".into();
    all.amount = Credits(i64::MIN);
    invalid(store.hold(&all, NOW).await);
}

async fn pools_list_common_first(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    for sign in ["zoom", "art"] {
        store.add_credits(shop.id, sign, Credits(1), NOW).await.unwrap();
    }
    store.set_balance_warning(shop.id, "zoom", Credits(9)).await.unwrap();
    not_found(store.set_balance_warning(shop.id, "nothing", Credits(9)).await);
    invalid(store.set_balance_warning(shop.id, "zoom", Credits(-1)).await);
    let pools = store.pools(shop.id).await.unwrap();
    let signs: Vec<_> = pools.iter().map(|pool| pool.sign.as_str()).collect();
    assert_eq!(signs, ["common", "art", "zoom"]);
    assert_eq!(pools[2].balance_warning, Credits(9));
}

async fn a_hold_is_settled_once(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let hold = hold(&*store, &shop, "r", 3).await;
    assert_eq!(common(&*store, &shop).await, [7, 3, 10]);
    assert!(store.settle(&hold, NOW + 9).await.unwrap());
    for _ in 0..2 {
        assert!(!store.settle(&hold, NOW).await.unwrap());
        assert!(!store.release(&hold, NOW).await.unwrap());
    }
    assert_eq!(common(&*store, &shop).await, [7, 0, 10]);
    assert_eq!(pool(&*store, &shop, "common").await.last_update_time, NOW + 9);
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.spent, audit.charges, audit.open_holds), (Credits::whole(3), 1, 0));
}

async fn a_hold_is_released_once(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let hold = hold(&*store, &shop, "r", 3).await;
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.held, audit.open_holds), (Credits::whole(3), 1));
    assert!(store.release(&hold, NOW).await.unwrap());
    assert!(!store.release(&hold, NOW).await.unwrap());
    assert!(!store.settle(&hold, NOW).await.unwrap());
    assert!(!store.settle(&Hold { id: hold.id + 1 }, NOW).await.unwrap());
    assert_eq!(common(&*store, &shop).await, [10, 0, 10]);
    assert_eq!(store.audit().await.unwrap().charges, 0);
}

async fn the_own_pool_pays_first(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    store.add_credits(shop.id, "cutout", Credits::whole(3), NOW).await.unwrap();
    let own = hold(&*store, &shop, "a", 3).await;
    let other = hold(&*store, &shop, "b", 3).await;
    assert_eq!(pool(&*store, &shop, "cutout").await.held, Credits::whole(3));
    assert_eq!(common(&*store, &shop).await, [7, 3, 10]);
    // Each goes back to where it came from.
    assert!(store.release(&own, NOW).await.unwrap() && store.release(&other, NOW).await.unwrap());
    assert_eq!(pool(&*store, &shop, "cutout").await.balance, Credits::whole(3));
    assert_eq!(common(&*store, &shop).await, [10, 0, 10]);
}

async fn a_hold_is_paid_by_one_pool(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 4).await;
    store.add_credits(shop.id, "cutout", Credits::whole(3), NOW).await.unwrap();
    let refused = store.hold(&request(&shop, "a", 5), NOW).await.unwrap();
    let (own, common_left) = (Credits::whole(3), Credits::whole(4));
    assert_eq!(refused, HoldOutcome::NotEnough { own, common: common_left });
    hold(&*store, &shop, "a", 4).await;
    assert_eq!(common(&*store, &shop).await, [0, 4, 4]);
    let mut unknown = request(&shop, "b", 1);
    unknown.pool = "unknown".into();
    let refused = store.hold(&unknown, NOW).await.unwrap();
    assert_eq!(refused, HoldOutcome::NotEnough { own: Credits(0), common: Credits(0) });
}

async fn a_request_holds_once(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let first = hold(&*store, &shop, "r", 1).await;
    conflict(store.hold(&request(&shop, "r", 1), NOW).await);
    store.settle(&first, NOW).await.unwrap();
    conflict(store.hold(&request(&shop, "r", 1), NOW).await);
    assert_eq!(common(&*store, &shop).await, [9, 0, 10]);
}

async fn holds_of_nothing_are_fine(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let free = hold(&*store, &shop, "r", 0).await;
    assert!(store.settle(&free, NOW).await.unwrap());
    assert!(!store.settle(&free, NOW).await.unwrap());
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.charges, audit.transfers), (1, 0));
}

async fn stale_holds_go_back(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let early = hold(&*store, &shop, "early", 1).await;
    let mut late = request(&shop, "late", 2);
    late.expires_at = NOW + 60_001;
    held(store.hold(&late, NOW).await.unwrap());
    submit(&*store, &shop, "t").await;
    assert_eq!(store.release_stale_holds(NOW + 59_999).await.unwrap(), 0);
    assert_eq!(store.release_stale_holds(NOW + 60_000).await.unwrap(), 1);
    assert_eq!(store.release_stale_holds(NOW + 60_000).await.unwrap(), 0);
    assert!(!store.settle(&early, NOW).await.unwrap(), "a stale hold is not charged");
    assert_eq!(common(&*store, &shop).await, [7, 3, 10], "the hold of a task stays");
}

async fn recovery_releases_every_hold_of_no_task(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    hold(&*store, &shop, "a", 1).await;
    hold(&*store, &shop, "b", 2).await;
    submit(&*store, &shop, "t").await;
    assert_eq!(store.recover(NOW, NOW).await.unwrap(), Recovered { tasks: 0, holds: 2 });
    assert_eq!(store.recover(NOW, NOW).await.unwrap(), Recovered::default());
    assert_eq!(common(&*store, &shop).await, [9, 1, 10]);
}

async fn deleting_an_application_releases_its_holds(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let blog = store.create_application(&named("ada", "blog", None), NOW).await.unwrap();
    store.add_credits(blog.id, "common", Credits::whole(5), NOW).await.unwrap();
    let gone = hold(&*store, &shop, "a", 1).await;
    let stays = hold(&*store, &blog, "b", 1).await;
    store.delete_application(shop.id, NOW).await.unwrap();
    assert!(!store.settle(&gone, NOW).await.unwrap());
    assert!(store.settle(&stays, NOW).await.unwrap());
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.open_holds, audit.charges), (0, 1));
}

async fn parallel_holds_never_overdraw(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 50).await;
    store.add_credits(shop.id, "cutout", Credits::whole(20), NOW).await.unwrap();
    let mut requests = JoinSet::new();
    for number in 0..200 {
        let (store, request) = (Arc::clone(&store), request(&shop, &format!("r{number}"), 1));
        requests.spawn(async move {
            match store.hold(&request, NOW).await.unwrap() {
                HoldOutcome::Held(hold) if number % 3 == 0 => {
                    assert!(store.settle(&hold, NOW).await.unwrap());
                    true
                }
                HoldOutcome::Held(_) => true,
                HoldOutcome::NotEnough { .. } => false,
            }
        });
    }
    let held = requests.join_all().await.into_iter().filter(|held| *held).count();
    assert_eq!(held, 70);
    assert_eq!(common(&*store, &shop).await[0], 0);
    assert_eq!(pool(&*store, &shop, "cutout").await.balance, Credits(0));
}

async fn parallel_ends_close_once(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let hold = hold(&*store, &shop, "r", 4).await;
    let mut ends = JoinSet::new();
    for number in 0..40 {
        let (store, hold) = (Arc::clone(&store), hold.clone());
        ends.spawn(async move {
            match number % 2 {
                0 => store.settle(&hold, NOW).await.unwrap(),
                _ => store.release(&hold, NOW).await.unwrap(),
            }
        });
    }
    let closed = ends.join_all().await.into_iter().filter(|closed| *closed).count();
    assert_eq!(closed, 1);
}

async fn applications_do_not_share_credits(store: Arc<dyn Store>) {
    let rich = shop_with(&*store, 10).await;
    let poor = store.create_application(&named("ada", "blog", None), NOW).await.unwrap();
    let refused = store.hold(&request(&poor, "r", 1), NOW).await.unwrap();
    assert_eq!(refused, HoldOutcome::NotEnough { own: Credits(0), common: Credits(0) });
    assert_eq!(common(&*store, &rich).await, [10, 0, 10]);
    assert_eq!(common(&*store, &poor).await, [0, 0, 0]);
}

async fn many_stale_holds_go_back(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 1000).await;
    // Not all at once: who waits for a connection for too long is refused.
    for batch in 0..12 {
        let mut requests = JoinSet::new();
        for number in 0..50 {
            let request = request(&shop, &format!("r{batch}-{number}"), 1);
            let store = Arc::clone(&store);
            requests.spawn(async move { held(store.hold(&request, NOW).await.unwrap()) });
        }
        requests.join_all().await;
    }
    assert_eq!(store.release_stale_holds(NOW + 60_000).await.unwrap(), 600);
    assert_eq!(common(&*store, &shop).await, [1000, 0, 1000]);
}
