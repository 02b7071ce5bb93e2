//! Operations per second of the store that several processes share:
//! `tests/postgres/run cargo bench -p safelight-store --bench postgres`, with `-- WORD` only the lines that
//! have this word.
//!
//! Clients are tasks of this process; each line has the operations of all of them in the seconds that
//! it ran. A bare submission is the least that any program needs: one statement that writes the rows of a
//! submission, without a place in the queue, limits or locks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use safelight_contract::{Code, Fault};
use safelight_store::{
    Accounts as _, Claiming, Credits, Files as _, HoldOutcome, HoldRequest, Instances as _,
    KeyHash, Ledger as _, Limits, NewApplication, NewTask, Outcome, Postgres, ResultFile,
    Submission, Tasks as _,
};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, Statement};

const NOW: i64 = 1_790_000_000_000;
const LASTS: Duration = Duration::from_secs(4);
const KEY: KeyHash = KeyHash([7; 32]);
/// Places in the queue: more than are submitted while a cell is measured, twice.
const QUEUE: u64 = 100_000;

/// The most clients at once.
const CLIENTS: usize = 32;
const BARE: &str = "
    WITH pool AS (
        UPDATE pools SET balance = balance - 1, held = held + 1
        WHERE application_id = $1 AND sign = 'common' AND balance >= 1 RETURNING id),
    hold AS (
        INSERT INTO holds (pool_id, request_id, amount, for_task, created_at, expires_at)
        SELECT id, $2, 1, 1, $3, $3 FROM pool RETURNING id, pool_id),
    transfer AS (
        INSERT INTO transfers (pool_id, from_account, to_account, amount, hold_id, at)
        SELECT pool_id, 'balance', 'held', 1, id, $3 FROM hold)
    INSERT INTO tasks (id, request_id, application_id, hold_id, service, input, created_at, turn)
    SELECT $2, $2, $1, id, '/a', 'inputs/' || $2, $3, 0 FROM hold";

struct Bench {
    store: Postgres,
    applications: Vec<i64>,
    number: AtomicU64,
    /// Connections for bare statements that nobody uses now.
    bare: Mutex<Vec<(Client, Statement)>>,
}

impl Bench {
    fn request(&self, applications: usize) -> HoldRequest {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        HoldRequest {
            application: self.applications[number as usize % applications],
            pool: "cutout".into(),
            amount: Credits(1),
            request_id: format!("r{number}"),
            expires_at: NOW + 60_000,
        }
    }

    async fn submit(&self, applications: usize) {
        let hold = self.request(applications);
        let task = NewTask {
            id: hold.request_id.clone(),
            application: hold.application,
            service: "/a".into(),
            request_id: hold.request_id.clone(),
            input: format!("inputs/{}", hold.request_id),
            ..NewTask::default()
        };
        let submitted = self.store.submit_task(&task, &hold, QUEUE, NOW).await;
        assert!(matches!(submitted, Ok(Submission::Accepted)), "{submitted:?}");
    }

    async fn submit_bare(&self, applications: usize) {
        let hold = self.request(applications);
        let (client, statement) = self.bare.lock().unwrap().pop().expect("a connection");
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&hold.application, &hold.request_id, &NOW];
        let written = client.execute(&statement, &values).await;
        assert_eq!(written.expect("a submission"), 1);
        self.bare.lock().unwrap().push((client, statement));
    }

    async fn work(&self, applications: usize) {
        let claimed = self.store.claim_task(&Claiming::any(NOW + 30_000, 3), NOW).await;
        let Some(task) = claimed.expect("a claim") else {
            return self.submit(applications).await;
        };
        let outcome = Outcome::Done { answer: json!({ "a": 1 }), expires_at: NOW };
        let claim = task.claim.expect("a token");
        assert!(self.store.finish_task(&task.id, &claim, &outcome, NOW).await.expect("an end"));
    }

    /// Empties the queue, so that each cell begins with an empty one.
    async fn drain(&self) {
        let fault = Fault::new(Code::AiServiceError, "the cell is measured");
        self.store.fail_queued(NOW + 1, &fault, NOW).await.expect("an empty queue");
    }

    async fn charge(&self, applications: usize) {
        let held = self.store.hold(&self.request(applications), NOW).await.expect("a hold");
        let HoldOutcome::Held(hold) = held else { panic!("the credits are there") };
        assert!(self.store.settle(&hold, NOW).await.expect("a charge"));
    }

    async fn file(&self, applications: usize) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let file = ResultFile {
            key: format!("f{number}"),
            application: self.applications[number as usize % applications],
            content_type: "image/png".into(),
            size: 1,
            created_at: NOW,
            expires_at: NOW,
            reclaimed: false,
        };
        assert!(self.store.add_file(&file, u64::MAX).await.expect("a file"));
    }

    async fn authenticate(&self, _: usize) {
        assert!(self.store.authenticate(&KEY).await.expect("a read").is_some());
    }
}

/// Lets clients repeat something; answers how often a second.
async fn measure<F, R>(bench: &Arc<Bench>, clients: usize, once: F) -> f64
where
    F: Fn(Arc<Bench>) -> R + Copy + Send + 'static,
    R: Future<Output = ()> + Send,
{
    let (start, mut running) = (Instant::now(), JoinSet::new());
    for _ in 0..clients {
        let bench = bench.clone();
        running.spawn(async move {
            let mut count = 0_u64;
            while start.elapsed() < LASTS {
                once(bench.clone()).await;
                count += 1;
            }
            count
        });
    }
    let count: u64 = running.join_all().await.into_iter().sum();
    count as f64 / start.elapsed().as_secs_f64()
}

/// Connections with the bare statement.
async fn connections(url: &str) -> Vec<(Client, Statement)> {
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let statement = client.prepare(BARE).await.expect("a statement");
        connections.push((client, statement));
    }
    connections
}

#[tokio::main]
async fn main() {
    let Ok(url) = std::env::var("SAFELIGHT_TEST_POSTGRES") else {
        println!("skipped: SAFELIGHT_TEST_POSTGRES names no server");
        return;
    };
    let store = Postgres::open(&url, CLIENTS as u32).await.expect("a store");
    store.create_user("ada", NOW).await.expect("a user");
    let mut applications = Vec::new();
    for number in 0..50 {
        let new = NewApplication {
            user: "ada".into(),
            name: format!("shop{number}"),
            limits: Limits::default(),
            key: (number == 0).then(|| (KEY, "sl_7".into())),
        };
        let id = store.create_application(&new, NOW).await.expect("an application").id;
        store.add_credits(id, "common", Credits::whole(1_000_000), NOW).await.expect("credits");
        applications.push(id);
    }
    let bench = Arc::new(Bench {
        store,
        applications,
        number: AtomicU64::new(0),
        bare: Mutex::new(connections(&url).await),
    });
    println!("| operations a second | 1 client | 8 | 32 |");
    println!("|---|--:|--:|--:|");
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    macro_rules! line {
        ($name:literal, $method:ident, $applications:literal) => {
            let is_asked = only.as_ref().is_none_or(|word| $name.contains(word.as_str()));
            let mut cells = Vec::new();
            for clients in [1, 8, CLIENTS].into_iter().filter(|_| is_asked) {
                let once = |bench: Arc<Bench>| async move { bench.$method($applications).await };
                cells.push(format!("{:.0}", measure(&bench, clients, once).await));
                bench.drain().await;
            }
            if is_asked {
                println!("| {} | {} |", $name, cells.join(" | "));
            }
        };
    }
    line!("submit, claim, finish and charge in turns", work, 50);
    line!("submit, one application", submit, 1);
    line!("submit, fifty applications", submit, 50);
    line!("bare submission, one application", submit_bare, 1);
    line!("bare submission, fifty applications", submit_bare, 50);
    line!("hold and settle of a request, one application", charge, 1);
    line!("hold and settle of a request, fifty applications", charge, 50);
    line!("count a result file, fifty applications", file, 50);
    line!("authenticate", authenticate, 1);
    let audit = bench.store.audit().await.expect("an audit");
    assert!(audit.errors.is_empty(), "{:?}", audit.errors);
    println!("{} charges, the books are right", audit.charges);
    drop(bench.store.leave().await);
}
