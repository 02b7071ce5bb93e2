//! What is SQLite's own: files, formats, other processes, transactions that are cut off.

mod faces;
mod model;
mod properties;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use tempfile::TempDir;

use rusqlite::Connection;

use super::*;
use crate::{
    Accounts as _, Claiming, Credits, Hold, HoldOutcome, HoldRequest, Instances as _, KeyHash,
    Ledger as _, Limits, NewApplication, NewTask, Store, Tasks as _, conformance,
};

const NOW: Millis = 1_790_000_000_000;

/// Cuts transactions of a writer off.
#[derive(Default)]
struct Faults {
    /// Steps of SQLite's machine until a statement is interrupted; off at zero and below.
    steps: AtomicI64,
    /// Whether a statement was interrupted.
    struck: AtomicBool,
    /// Whether the next commit turns into a rollback.
    commit: AtomicBool,
}

impl Faults {
    fn disarm(&self) {
        self.steps.store(0, Ordering::Relaxed);
        self.commit.store(false, Ordering::Relaxed);
    }

    fn interrupts(&self) -> bool {
        let strikes = self.steps.fetch_sub(1, Ordering::Relaxed) == 1;
        self.struck.fetch_or(strikes, Ordering::Relaxed);
        strikes
    }

    fn fails_commit(&self) -> bool {
        // From here on SQLite would report an interruption of a commit that it makes all the same.
        self.steps.store(0, Ordering::Relaxed);
        self.commit.swap(false, Ordering::Relaxed)
    }
}

/// Opens a store whose writer obeys `faults`.
fn open_faulty(path: &Path, faults: &Arc<Faults>) -> Sqlite {
    let mut db = schema::writer(path, Durability::Process).unwrap();
    let (steps, commit) = (Arc::clone(faults), Arc::clone(faults));
    db.progress_handler(1, Some(move || steps.interrupts())).unwrap();
    db.commit_hook(Some(move || commit.fails_commit())).unwrap();
    let (readers, writer) = (Readers::open(path).unwrap(), Writer::start(db).unwrap());
    Sqlite::over(Arc::new(Embedded { readers, writer, path: path.to_owned() }))
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("safelight.db");
    (folder, path)
}

/// The file of an empty database with today's tables, which are made once.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_folder, path) = folder();
    drop(Sqlite::open(&path).unwrap());
    schema::fold_log(&path).unwrap();
    std::fs::read(path).unwrap()
});

async fn shop(store: &Sqlite, credits: i64) -> i64 {
    store.create_user("ada", NOW).await.unwrap();
    let new = NewApplication {
        user: "ada".into(),
        name: "shop".into(),
        limits: Limits::default(),
        key: Some((KeyHash([1; 32]), "sl_1".into())),
    };
    let shop = store.create_application(&new, NOW).await.unwrap();
    store.add_credits(shop.id, "common", Credits(credits), NOW).await.unwrap();
    shop.id
}

fn request(application: i64, id: &str) -> HoldRequest {
    HoldRequest {
        application,
        pool: "cutout".into(),
        amount: Credits(1),
        request_id: id.into(),
        expires_at: NOW,
    }
}

async fn hold(store: &Sqlite, application: i64, id: &str) -> Hold {
    match store.hold(&request(application, id), NOW).await.unwrap() {
        HoldOutcome::Held(hold) => hold,
        refused => panic!("{refused:?}"),
    }
}

#[track_caller]
fn refusal<T>(outcome: Result<T>) -> String {
    match outcome {
        Err(StoreError::Database(reason)) => reason,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaves_as_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    conformance::all(|| async {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let path = folder.path().join(format!("{number}.db"));
        std::fs::write(&path, &*EMPTY).unwrap();
        Arc::new(Sqlite::open(path).unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn rows_outlive_the_store() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    let shop = shop(&store, 10).await;
    let hold = hold(&store, shop, "r").await;
    drop(store);
    let store = Sqlite::open_with(&path, Durability::Power).unwrap();
    assert!(store.settle(&hold, NOW).await.unwrap());
    assert_eq!(store.pools(shop).await.unwrap()[0].balance, Credits(9));
}

#[tokio::test]
async fn another_process_is_seen_at_once() {
    let (_folder, path) = folder();
    let (server, other) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    let shop = shop(&server, 0).await;
    let key = server.authenticate(&KeyHash([1; 32])).await.unwrap().unwrap().key.unwrap();
    other.add_credits(shop, "common", Credits(5), NOW).await.unwrap();
    assert_eq!(server.pools(shop).await.unwrap()[0].balance, Credits(5));
    other.revoke_key(key, NOW).await.unwrap();
    assert_eq!(server.authenticate(&KeyHash([1; 32])).await.unwrap(), None);
    // Both write at the same time.
    let holds = (0..40).map(|number| {
        let store = if number % 2 == 0 { &server } else { &other };
        async move { store.hold(&request(shop, &number.to_string()), NOW).await.unwrap() }
    });
    let outcomes = futures_util::future::join_all(holds).await;
    let held = outcomes.iter().filter(|outcome| matches!(outcome, HoldOutcome::Held(_))).count();
    assert_eq!(held, 5);
    assert_eq!(server.audit().await.unwrap().errors, Vec::<String>::new());
}

#[tokio::test]
async fn a_database_of_the_first_release_is_brought_up_to_date() {
    let (_folder, path) = folder();
    let db = Connection::open(&path).unwrap();
    db.execute_batch(include_str!("../rows/0001.sql")).unwrap();
    db.execute_batch(
        "INSERT INTO users VALUES (1, 'ada', 0, 1, NULL);
         INSERT INTO applications VALUES (1, 1, 'shop', NULL, NULL, 1, NULL);
         INSERT INTO pools (id, application_id, sign, created_at, updated_at)
             VALUES (1, 1, 'common', 1, 1);
         INSERT INTO holds (id, pool_id, request_id, amount, for_task, created_at, expires_at)
             VALUES (1, 1, 'r-t', 0, 1, 1, 1);
         INSERT INTO tasks (id, request_id, application_id, hold_id, service, input, created_at)
             VALUES ('t', 'r-t', 1, 1, '/a', 'inputs/t', 1);",
    )
    .unwrap();
    db.pragma_update(None, "application_id", i32::from_be_bytes(*b"Safe")).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    drop(db);
    let store = Sqlite::open(&path).unwrap();
    let claimed = store.claim_task(&Claiming::any(NOW + 1, 3), NOW).await.unwrap();
    assert_eq!(claimed.map(|task| task.id).as_deref(), Some("t"));
}

#[test]
fn a_database_of_a_later_release_is_refused_untouched() {
    let (_folder, path) = folder();
    drop(Sqlite::open(&path).unwrap());
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    let reason = refusal(Sqlite::open(&path));
    assert!(reason.contains("has format 99") && reason.contains("newer release"), "{reason}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_another_kind_is_refused_untouched() {
    let (_folder, path) = folder();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    let reason = refusal(Sqlite::open(&path));
    assert!(reason.contains("another program's"), "{reason}");
    assert_eq!(std::fs::read(&path).unwrap(), before);

    std::fs::write(&path, "not a database at all, but long enough to be looked at".repeat(20))
        .unwrap();
    let reason = refusal(Sqlite::open(&path));
    assert!(reason.contains("safelight.db") && reason.contains("not a database"), "{reason}");
    let nowhere = path.join("missing").join("safelight.db");
    assert!(refusal(Sqlite::open(nowhere)).contains("cannot open"));
}

#[test]
fn many_may_create_the_database_at_once() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| Sqlite::open(&path).unwrap());
        }
    });
}

#[tokio::test]
async fn a_transaction_that_breaks_leaves_nothing() {
    let (_folder, path) = folder();
    let faults = Arc::new(Faults::default());
    let store = open_faulty(&path, &faults);
    let shop = shop(&store, 1000).await;
    let mut broken = 0;
    for steps in 1.. {
        let id = format!("r{steps}");
        faults.steps.store(steps, Ordering::Relaxed);
        let outcome = store.hold(&request(shop, &id), NOW).await;
        faults.disarm();
        if !faults.struck.swap(false, Ordering::Relaxed) {
            assert!(outcome.is_ok());
            break;
        }
        broken += i64::from(outcome.is_err());
        let pool = &store.pools(shop).await.unwrap()[0];
        let held = steps - broken;
        assert_eq!((pool.balance, pool.held), (Credits(1000 - held), Credits(held)));
    }
    assert!(broken > 10, "only {broken} places to break at");
    faults.commit.store(true, Ordering::Relaxed);
    refusal(store.hold(&request(shop, "commit"), NOW).await);
    hold(&store, shop, "commit").await;
    assert_eq!(store.audit().await.unwrap().errors, Vec::<String>::new());
}

#[tokio::test]
async fn changes_that_share_a_broken_transaction_are_told() {
    let (_folder, path) = folder();
    let faults = Arc::new(Faults::default());
    let store = open_faulty(&path, &faults);
    let shop = shop(&store, 1000).await;
    let mut told = 0;
    for round in 0..40 {
        // The first change keeps the writer busy until the others wait together.
        let (go, wait) = std::sync::mpsc::channel();
        let busy = store.database.writer.run(move |_| {
            wait.recv().unwrap();
            Ok(())
        });
        faults.steps.store(40 + 13 * round, Ordering::Relaxed);
        let ids: Vec<_> = (0..20).map(|number| format!("{round}-{number}")).collect();
        let holds = ids.iter().map(|id| async {
            let outcome = store.hold(&request(shop, id), NOW).await;
            (store.hold(&request(shop, id), NOW).await.is_ok(), outcome)
        });
        let holds = futures_util::future::join_all(holds);
        let (_, outcomes, ()) = tokio::join!(busy, holds, async { go.send(()).unwrap() });
        faults.disarm();
        for (possible_again, outcome) in outcomes {
            if outcome.is_ok() {
                assert!(!possible_again, "a change was lost that had been confirmed");
            }
            told += u32::from(outcome.is_err());
        }
        let audit = store.audit().await.unwrap();
        assert_eq!(audit.errors, Vec::<String>::new());
    }
    assert!(told > 20, "only {told} changes were cut off");
}

#[tokio::test]
async fn a_refusal_is_told_after_the_commit() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    let shop = shop(&store, 10).await;
    // The first change keeps the writer busy until the others wait together.
    let (go, wait) = std::sync::mpsc::channel();
    let busy = store.database.writer.run(move |_| {
        wait.recv().unwrap();
        Ok(())
    });
    let refused = async {
        let no = || Err::<(), _>(StoreError::Database("no".into()));
        refusal(store.database.writer.run(move |_| no()).await);
        store.pools(shop).await.unwrap()[0].balance
    };
    let added = store.database.writer.run(|db| {
        let sql = "UPDATE pools SET total = total + 5, issued = issued + 5, balance = balance + 5";
        db.execute(sql, [])?;
        std::thread::sleep(std::time::Duration::from_millis(50));
        Ok(())
    });
    let (_, balance, added, ()) =
        tokio::join!(busy, refused, added, async { go.send(()).unwrap() });
    added.unwrap();
    assert_eq!(balance, Credits(15), "what shared its transaction was not there yet");
}

#[tokio::test]
async fn a_change_that_panics_costs_itself_only() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    let shop = shop(&store, 10).await;
    let panics = store.database.writer.run(move |db| -> Result<()> {
        db.execute("UPDATE pools SET issued = issued + 5, balance = balance + 5", [])?;
        panic!("on purpose");
    });
    refusal(panics.await);
    hold(&store, shop, "r").await;
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.errors, audit.issued), (Vec::new(), Credits(10)));
}

#[tokio::test]
async fn the_audit_finds_what_is_wrong() {
    let tampering = [
        ("UPDATE pools SET issued = issued + 1, balance = balance + 1, total = total + 1", "add up"),
        ("UPDATE pools SET balance = balance - 1, spent = spent + 1", "add up"),
        ("UPDATE holds SET amount = amount + 1 WHERE state = 'open'", "moved"),
        ("UPDATE holds SET state = 'settled', closed_at = 1 WHERE state = 'open'", "queued"),
        ("UPDATE tasks SET state = 'done', answer = '{}', ended_at = 1", "is done"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM tasks", "does not exist"),
        ("DELETE FROM transfers WHERE to_account = 'spent'", "settled of 1"),
        ("INSERT INTO transfers SELECT NULL, pool_id, from_account, to_account, amount, hold_id, at
          FROM transfers WHERE hold_id IS NOT NULL LIMIT 1", "moved 2"),
        ("UPDATE disk SET used = used + 1", "files have 0 bytes"),
        ("UPDATE disk SET inputs = inputs + 1", "inputs have 0 bytes"),
        ("INSERT INTO face_groups (application_id, group_id, scene, model, created_at, faces)
          VALUES (1, 'g', '', '', 1, 2)", "0 users and 0 faces, it counts 0 and 2"),
    ];
    for (sql, finding) in tampering {
        let (_folder, path) = folder();
        let store = Sqlite::open(&path).unwrap();
        let shop = shop(&store, 10).await;
        let settled = hold(&store, shop, "r").await;
        store.settle(&settled, NOW).await.unwrap();
        let task = NewTask {
            id: "t".into(),
            application: shop,
            service: "/a".into(),
            request_id: "q".into(),
            input: "inputs/t".into(),
            ..NewTask::default()
        };
        store.submit_task(&task, &request(shop, "q"), 9, NOW).await.unwrap();
        assert_eq!(store.audit().await.unwrap().errors, Vec::<String>::new());
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let errors = store.audit().await.unwrap().errors;
        assert!(errors.iter().any(|error| error.contains(finding)), "{sql}: {errors:?}");
    }
}

#[tokio::test]
async fn the_check_waits_for_a_lock_on_changes() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    store.check().await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let blocked = tokio::time::timeout(std::time::Duration::from_millis(50), store.check());
    assert!(blocked.await.is_err(), "no change can be made");
    other.execute_batch("ROLLBACK").unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn the_books_refuse_what_does_not_balance() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    shop(&store, 10).await;
    let db = Connection::open(&path).unwrap();
    for change in [
        "balance = balance - 1",
        "spent = spent + 1",
        "issued = issued + 1",
        "held = held + 1",
        "balance = -1, issued = -1",
        "balance = balance + 9223372036854775807, issued = issued + 9223372036854775807",
    ] {
        let outcome = db.execute(&format!("UPDATE pools SET {change}"), []);
        assert!(outcome.is_err(), "{change}");
    }
}

#[tokio::test]
async fn point_reads_use_an_index() {
    let (_folder, path) = folder();
    drop(Sqlite::open(&path).unwrap());
    let db = Connection::open(&path).unwrap();
    let plans = [
        "SELECT * FROM api_keys WHERE hash = x'00' AND revoked_at IS NULL",
        "SELECT * FROM pools WHERE application_id = 1 ORDER BY sign <> 'common', sign",
        "SELECT * FROM tasks WHERE application_id = 1 AND (id = 'a' OR request_id = 'a')",
        "SELECT 1 FROM tasks WHERE ended_at IS NULL AND (state = 'queued' OR lease_until <= 1)",
        "SELECT count(*) FROM tasks WHERE lease_until > 1 GROUP BY application_id",
        "SELECT seq FROM tasks WHERE expires_at <= 1 LIMIT 5",
        "SELECT seq FROM tasks WHERE state = 'reclaimed' AND ended_at < 1 LIMIT 5",
        "SELECT seq FROM tasks WHERE application_id = 1 AND ended_at IS NULL",
        "SELECT id FROM holds WHERE state = 'open' AND for_task = 0 AND expires_at <= 1",
        "SELECT key FROM files WHERE reclaimed = 0 AND expires_at <= 1 ORDER BY expires_at LIMIT 1",
        "SELECT key FROM files WHERE reclaimed = 1 AND expires_at < 1 LIMIT 1",
        "SELECT path FROM inputs WHERE created_at < 1 AND path NOT IN
         (SELECT input FROM tasks WHERE ended_at IS NULL) ORDER BY created_at LIMIT 1",
    ];
    for query in plans {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<_> = steps.map(|step| step.unwrap()).collect();
        assert!(plan.iter().any(|step| step.contains("INDEX")), "{query}: {plan:?}");
    }
}

#[test]
fn a_cached_statement_is_compiled_once() {
    let (_folder, path) = folder();
    drop(Sqlite::open(&path).unwrap());
    let db = schema::reader(&path).unwrap();
    let sql = "SELECT sign FROM pools WHERE application_id = ?1 ORDER BY sign <> 'common', sign";
    for application in 0..5 {
        assert!(!db.prepare_cached(sql).unwrap().exists([application]).unwrap());
    }
    let statement = db.prepare_cached(sql).unwrap();
    assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    assert_eq!(statement.get_status(rusqlite::StatementStatus::Run), 5);
}
