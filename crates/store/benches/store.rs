//! Operations per second of the embedded store: `cargo bench -p safelight-store --bench store`.
//!
//! Every line is the median of several runs on one thread of the caller, and the fastest of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use safelight_store::{
    Accounts as _, Claiming, Credits, Durability, HoldOutcome, HoldRequest, KeyHash, Ledger as _,
    Limits, NewApplication, NewTask, Outcome, ServiceState, Sqlite, Tasks as _,
};
use serde_json::json;
use tokio::task::JoinSet;

const NOW: i64 = 1_790_000_000_000;
const RUNS: usize = 5;
const KEY: KeyHash = KeyHash([7; 32]);

/// A store with some applications, each with keys, credits and history.
struct Bench {
    store: Arc<Sqlite>,
    application: i64,
    requests: usize,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for durability in [Durability::Process, Durability::Power] {
        println!("{durability:?}");
        runtime.block_on(run(durability));
    }
}

async fn run(durability: Durability) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open_with(folder.path().join("bench.db"), durability).expect("a store");
    let mut bench = Bench::fill(store).await;
    bench.line("authenticate", 20_000, Bench::authenticate).await;
    bench.line("pools", 20_000, Bench::pools).await;
    bench.line("task, not found", 20_000, Bench::task).await;
    bench.line("claim, none waiting", 20_000, Bench::claim).await;
    bench.line("hold and settle, one after the other", 1_000, Bench::charge).await;
    bench.line("hold and settle, 64 at a time", 3_200, Bench::charge_many).await;
    bench.line("submit, claim and finish", 1_000, Bench::finish).await;
    bench.line("audit", 1, Bench::audit).await;
}

impl Bench {
    async fn fill(store: Sqlite) -> Self {
        store.create_user("ada", NOW).await.expect("a user");
        let mut application = 0;
        for number in 0..100 {
            let hash = if number == 50 { KEY } else { KeyHash([number; 32]) };
            let new = NewApplication {
                user: "ada".into(),
                name: format!("shop {number}"),
                limits: Limits::default(),
                key: (number != 7).then(|| (hash, "sl_".into())),
            };
            let id = store.create_application(&new, NOW).await.expect("an application").id;
            if number == 50 {
                application = id;
            }
        }
        let off = ServiceState { enabled: false, price: None };
        store.set_service(application, "/a", off).await.expect("a state");
        for pool in ["common", "cutout", "portrait"] {
            let amount = Credits::whole(1_000_000);
            store.add_credits(application, pool, amount, NOW).await.expect("credits");
        }
        Self { store: Arc::new(store), application, requests: 0 }
    }

    async fn line(&mut self, what: &str, count: usize, work: impl AsyncFn(&mut Self, usize)) {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            work(self, count).await;
            times.push(start.elapsed());
        }
        times.sort();
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        let each = times[RUNS / 2].as_secs_f64() * 1e6 / count as f64;
        println!(
            "{what:<38} {:>9.0}/s   {each:>9.1} us each   best {:>9.0}/s",
            rate(times[RUNS / 2]),
            rate(times[0])
        );
    }

    fn request(&mut self) -> HoldRequest {
        self.requests += 1;
        HoldRequest {
            application: self.application,
            pool: "cutout".into(),
            amount: Credits::whole(1),
            request_id: format!("123E4567-E89B-12D3-A456-{:012}", self.requests),
            expires_at: NOW,
        }
    }

    async fn authenticate(&mut self, count: usize) {
        for _ in 0..count {
            assert!(self.store.authenticate(&KEY).await.expect("a read").is_some());
        }
    }

    async fn pools(&mut self, count: usize) {
        for _ in 0..count {
            assert_eq!(self.store.pools(self.application).await.expect("a read").len(), 3);
        }
    }

    async fn task(&mut self, count: usize) {
        for _ in 0..count {
            assert!(self.store.task(self.application, "none").await.expect("a read").is_none());
        }
    }

    async fn claim(&mut self, count: usize) {
        for _ in 0..count {
            assert!(
                self.store.claim_task(&Claiming::any(NOW, 3), NOW).await.expect("a read").is_none()
            );
        }
    }

    async fn charge(&mut self, count: usize) {
        for _ in 0..count {
            let request = self.request();
            charge(&self.store, request).await;
        }
    }

    async fn charge_many(&mut self, count: usize) {
        let mut clients = JoinSet::new();
        for _ in 0..64 {
            let requests: Vec<_> = (0..count / 64).map(|_| self.request()).collect();
            let store = Arc::clone(&self.store);
            clients.spawn(async move {
                for request in requests {
                    charge(&store, request).await;
                }
            });
        }
        clients.join_all().await;
    }

    async fn finish(&mut self, count: usize) {
        for _ in 0..count {
            let request = self.request();
            let task = NewTask {
                id: request.request_id.clone(),
                application: self.application,
                service: "/a".into(),
                request_id: request.request_id.clone(),
                input: format!("inputs/{}", request.request_id),
                ..NewTask::default()
            };
            self.store.submit_task(&task, &request, 1000, NOW).await.expect("a task");
            let claimed = self.store.claim_task(&Claiming::any(NOW + 1, 3), NOW).await;
            let claim = claimed.expect("a claim").and_then(|task| task.claim).expect("a task");
            let outcome = Outcome::Done { answer: json!({ "a": 1 }), expires_at: NOW };
            let ended =
                self.store.finish_task(&task.id, &claim, &outcome, NOW).await.expect("an end");
            assert!(ended);
        }
    }

    async fn audit(&mut self, _count: usize) {
        let audit = self.store.audit().await.expect("an audit");
        assert!(audit.errors.is_empty(), "{:?}", audit.errors);
    }
}

async fn charge(store: &Sqlite, request: HoldRequest) {
    match store.hold(&request, NOW).await.expect("a hold") {
        HoldOutcome::Held(hold) => assert!(store.settle(&hold, NOW).await.expect("a charge")),
        refused => panic!("{refused:?}"),
    }
}
