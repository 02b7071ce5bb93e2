//! A child process that hammers the store is killed at random moments, again and again. It writes a
//! log of what it tries and of what it was told; whatever it was told must hold.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use safelight_store::{
    Accounts as _, Application, Claiming, Credits, HoldOutcome, HoldRequest, Instances as _,
    Ledger as _, Limits, NewApplication, NewTask, Outcome, Sqlite, Store, Tasks as _,
};
use serde_json::json;

/// Set for the child: the folder to work in.
const FOLDER: &str = "SAFELIGHT_CRASH_TEST";

const NOW: i64 = 1_790_000_000_000;
const ROUNDS: usize = 10;
const BOUGHT: u32 = 1_000_000;
/// More than there are rounds, so that no task fails for crashing too often.
const MAX_ATTEMPTS: u32 = 100;

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(folder.join("safelight.db")).unwrap()
}

/// The child's log. A line is one write, so that the kernel has it whole when the process dies.
struct Log(File);

impl Log {
    fn write(&self, event: &str, id: &str) {
        (&self.0).write_all(format!("{event} {id}\n").as_bytes()).unwrap();
    }
}

/// The ids that the log names with an event.
fn logged(folder: &Path, event: &str) -> BTreeSet<String> {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines = log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    lines.filter_map(|line| line.strip_prefix(event)?.strip_prefix(' ')).map(Into::into).collect()
}

/// Not a test of its own: what the child process runs.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let log = OpenOptions::new().append(true).create(true).open(folder.join("log")).unwrap();
        let (log, store) = (Arc::new(Log(log)), Arc::new(open(&folder)));
        let shop = store.application("shop").await.unwrap();
        let round = format!("{}-", std::process::id());
        for client in 0..4 {
            let prefix = format!("{round}{client}-");
            let (log, store, shop) = (Arc::clone(&log), Arc::clone(&store), shop.clone());
            tokio::spawn(async move {
                for number in 0.. {
                    let id = format!("{prefix}{number}");
                    match number % 3 {
                        0 => submit(&*store, &log, &shop, &id).await,
                        way => serve(&*store, &log, &shop, &id, way == 1).await,
                    }
                }
            });
        }
        for _ in 0..2 {
            tokio::spawn(work(Arc::clone(&store), Arc::clone(&log)));
        }
        // Until it is killed, or the process that started it is gone.
        let parent = || std::io::stdin().read_to_end(&mut Vec::new());
        let _ = tokio::task::spawn_blocking(parent).await;
    });
}

fn request(shop: &Application, id: &str) -> HoldRequest {
    HoldRequest {
        application: shop.id,
        pool: "cutout".into(),
        amount: Credits::whole(1),
        request_id: id.into(),
        expires_at: NOW,
    }
}

/// A synchronous request that succeeds or fails.
async fn serve(store: &dyn Store, log: &Log, shop: &Application, id: &str, succeeds: bool) {
    log.write("try", id);
    let HoldOutcome::Held(hold) = store.hold(&request(shop, id), NOW).await.unwrap() else {
        panic!("no credits left");
    };
    if succeeds {
        log.write("settle", id);
        assert!(store.settle(&hold, NOW).await.unwrap());
        log.write("charged", id);
    } else {
        assert!(store.release(&hold, NOW).await.unwrap());
    }
}

async fn submit(store: &dyn Store, log: &Log, shop: &Application, id: &str) {
    let task = NewTask {
        id: id.into(),
        application: shop.id,
        service: "/a".into(),
        request_id: id.into(),
        input: format!("inputs/{id}"),
        ..NewTask::default()
    };
    log.write("try", id);
    log.write("settle", id);
    store.submit_task(&task, &request(shop, id), u64::MAX, NOW).await.unwrap();
    log.write("accepted", id);
}

async fn work(store: Arc<Sqlite>, log: Arc<Log>) {
    loop {
        match store.claim_task(&Claiming::any(NOW + 60_000, MAX_ATTEMPTS), NOW).await.unwrap() {
            None => tokio::time::sleep(Duration::from_millis(1)).await,
            Some(task) => {
                let outcome = Outcome::Done { answer: json!(task.id), expires_at: NOW + 60_000 };
                assert!(
                    store
                        .finish_task(&task.id, task.claim.as_deref().unwrap(), &outcome, NOW)
                        .await
                        .unwrap()
                );
                log.write("charged", &task.id);
            }
        }
    }
}

/// The requests that the database says were charged, or whose hold is open.
fn requests(folder: &Path, state: &str) -> BTreeSet<String> {
    let db = rusqlite::Connection::open(folder.join("safelight.db")).unwrap();
    let mut holds = db.prepare("SELECT request_id FROM holds WHERE state = ?1").unwrap();
    let ids = holds.query_map([state], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = open(folder);
    store.create_user("ada", NOW).await.unwrap();
    let (user, name) = ("ada".into(), "shop".into());
    let new = NewApplication { user, name, limits: Limits::default(), key: None };
    let shop = store.create_application(&new, NOW).await.unwrap().id;
    store.add_credits(shop, "common", Credits::whole(BOUGHT), NOW).await.unwrap();
    drop(store);

    for round in 0..ROUNDS {
        // Spread over more than the work between two checkpoints of the log.
        let enough = logged(folder, "charged").len() + 11 + round * 397 % 1000;
        let mut child = start(folder);
        while logged(folder, "charged").len() < enough {
            assert_eq!(child.try_wait().unwrap(), None, "the child has ended");
            sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let store = open(folder);
        assert_eq!(store.audit().await.unwrap().errors, Vec::<String>::new());
        let (queued, processing) = store.open_tasks().await.unwrap();
        let requeued = store.recover(NOW, NOW).await.unwrap().tasks;
        assert_eq!(requeued, processing);
        let audit = store.audit().await.unwrap();
        assert_eq!(audit.errors, Vec::<String>::new());
        assert_eq!(audit.open_holds, queued + processing, "only tasks hold credits now");
        assert_eq!(audit.balances.0 + audit.held.0 + audit.spent.0, i64::from(BOUGHT) * 1000);

        let charged = requests(folder, "settled");
        assert_eq!(audit.charges, charged.len() as u64);
        assert!(logged(folder, "charged").is_subset(&charged), "a charge was lost");
        assert!(charged.is_subset(&logged(folder, "settle")), "a charge nobody asked for");
        for id in logged(folder, "accepted") {
            assert!(store.task(shop, &id).await.unwrap().is_some(), "task {id} was lost");
        }
    }
    finish(&open(folder), folder, shop).await;
}

/// Every task that was accepted ends once, and then nothing is held.
async fn finish(store: &Sqlite, folder: &Path, shop: i64) {
    while let Some(task) =
        store.claim_task(&Claiming::any(NOW + 60_000, MAX_ATTEMPTS), NOW).await.unwrap()
    {
        let outcome = Outcome::Done { answer: json!(task.id), expires_at: NOW + 60_000 };
        assert!(
            store
                .finish_task(&task.id, task.claim.as_deref().unwrap(), &outcome, NOW)
                .await
                .unwrap()
        );
    }
    for id in logged(folder, "accepted") {
        let task = store.task(shop, &id).await.unwrap().unwrap();
        let answer = store.task_answer(shop, &task.id).await.unwrap();
        assert_eq!(answer, Some(json!(id)));
    }
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.errors, audit.held, audit.open_holds), (Vec::new(), Credits(0), 0));
    assert_eq!(audit.spent, Credits::whole(audit.charges.try_into().unwrap()));
    assert!(audit.charges > 100, "only {} charges: the test is too weak", audit.charges);
}
