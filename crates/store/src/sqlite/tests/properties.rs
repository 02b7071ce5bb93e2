//! Random histories, told to the store and to a model in memory: both must agree after every step,
//! whatever is cut off, killed or started again in between.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use safelight_contract::{Code, Fault};
use serde_json::json;

use super::model::{Books, MAX_ATTEMPTS, Model, ModelHold, ModelTask};
use super::*;
use crate::{Outcome, Queue, Recovered, Submission, TaskState};

/// Tasks that may be queued.
const MAX_QUEUED: u64 = 6;

const POOLS: [&str; 2] = ["common", "cutout"];

#[derive(Clone, Debug)]
enum Step {
    TopUp { pool: usize, amount: i64 },
    Hold { pool: usize, amount: i64, life: i64 },
    Close { hold: Index, settle: bool },
    Submit { pool: usize, amount: i64 },
    Claim { lease: i64 },
    Finish { task: Index, done: bool, stale: bool },
    Park { task: Index },
    Cancel { task: Index },
    Wait { time: i64 },
    ReleaseStale,
    Reclaim,
    Recover,
    Reopen,
    Kill,
}

/// A step of one of two applications, and where its transaction is cut off.
#[derive(Clone, Debug)]
struct Move {
    application: usize,
    step: Step,
    cut: Option<i64>,
    fail_commit: bool,
}

fn steps() -> impl Strategy<Value = Step> {
    let (pool, index) = (0..2_usize, any::<Index>);
    prop_oneof![
        4 => (pool.clone(), -4..12_i64).prop_map(|(pool, amount)| Step::TopUp { pool, amount }),
        6 => (pool.clone(), 0..5_i64, 0..20_i64)
            .prop_map(|(pool, amount, life)| Step::Hold { pool, amount, life }),
        6 => (index(), any::<bool>()).prop_map(|(hold, settle)| Step::Close { hold, settle }),
        6 => (pool, 0..5_i64).prop_map(|(pool, amount)| Step::Submit { pool, amount }),
        6 => (0..20_i64).prop_map(|lease| Step::Claim { lease }),
        6 => (index(), any::<bool>(), proptest::bool::weighted(0.2))
            .prop_map(|(task, done, stale)| Step::Finish { task, done, stale }),
        2 => index().prop_map(|task| Step::Park { task }),
        2 => index().prop_map(|task| Step::Cancel { task }),
        3 => (1..10_i64).prop_map(|time| Step::Wait { time }),
        1 => Just(Step::ReleaseStale),
        1 => Just(Step::Reclaim),
        1 => Just(Step::Recover),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let cut = proptest::option::weighted(0.25, 1..60_i64);
    let one = (0..2_usize, steps(), cut, proptest::bool::weighted(0.05)).prop_map(
        |(application, step, cut, fail_commit)| Move { application, step, cut, fail_commit },
    );
    vec(one, 1..80)
}

/// A store, its files, and the model of what they say.
struct World {
    folders: Vec<TempDir>,
    store: Sqlite,
    faults: Arc<Faults>,
    applications: [i64; 2],
    model: Model,
    requests: usize,
}

impl World {
    async fn new() -> Self {
        let (folder, path) = folder();
        let faults = Arc::new(Faults::default());
        let store = open_faulty(&path, &faults);
        store.create_user("ada", NOW).await.unwrap();
        let mut applications = [0; 2];
        for (number, id) in applications.iter_mut().enumerate() {
            let name = format!("shop{number}");
            let (user, limits) = ("ada".into(), Limits::default());
            let new = NewApplication { user, name, limits, key: None };
            *id = store.create_application(&new, NOW).await.unwrap().id;
        }
        let mut model = Model { now: NOW, ..Model::default() };
        for application in 0..2 {
            model.books((application, 0));
        }
        let folders = vec![folder];
        Self { folders, store, faults, applications, model, requests: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folders.last().unwrap().path().join("safelight.db")
    }

    /// Takes the files as a killed process leaves them: the log is not folded in, locks are gone.
    /// `keep` says how many bytes of the log survive.
    fn kill(&mut self, keep: impl FnOnce(u64) -> u64) {
        let (old, (folder, new)) = (self.path(), folder());
        fs::copy(&old, &new).unwrap();
        let log = new.with_extension("db-wal");
        if let Ok(size) = fs::copy(old.with_extension("db-wal"), &log) {
            let log = fs::OpenOptions::new().write(true).open(log).unwrap();
            log.set_len(keep(size)).unwrap();
        }
        self.folders.push(folder);
        self.store = open_faulty(&new, &self.faults);
        // The one before is only deleted now that nobody uses it.
        self.folders.remove(0);
    }

    async fn recover(&self) -> Result<(u64, u64)> {
        let now = self.model.now;
        let Recovered { tasks, holds } = self.store.recover(now, now).await?;
        Ok((tasks, holds))
    }

    /// Makes a move in the store and, unless its transaction was cut off, in the model.
    async fn make(&mut self, made: &Move) {
        if matches!(made.step, Step::Reopen | Step::Kill | Step::Wait { .. }) {
            return self.around(&made.step);
        }
        self.requests += 1;
        self.faults.steps.store(made.cut.unwrap_or(0), Ordering::Relaxed);
        self.faults.commit.store(made.fail_commit, Ordering::Relaxed);
        let armed = made.cut.is_some() || made.fail_commit;
        let before = self.model.clone();
        let outcome = match made.step {
            Step::TopUp { .. } | Step::Hold { .. } | Step::Close { .. } | Step::ReleaseStale => {
                self.credits(made).await
            }
            _ => self.tasks(made).await,
        };
        self.faults.disarm();
        match outcome {
            Err(StoreError::Database(_)) if armed => {
                self.model = before;
                // These take several transactions, and go on where they were cut off.
                match made.step {
                    Step::ReleaseStale => {
                        self.store.release_stale_holds(self.model.now).await.unwrap();
                        let now = self.model.now;
                        self.model.release_where(|hold| hold.expires_at <= now);
                    }
                    Step::Recover => {
                        self.recover().await.unwrap();
                        self.model.recover();
                    }
                    _ => {}
                }
            }
            outcome => outcome.unwrap(),
        }
    }

    fn around(&mut self, step: &Step) {
        match step {
            Step::Wait { time } => self.model.now += time,
            Step::Kill => self.kill(|all| all),
            _ => {
                let path = self.path();
                let (_folder, other) = folder();
                // Closes the files before they are opened again.
                drop(std::mem::replace(&mut self.store, Sqlite::open(other).unwrap()));
                self.store = open_faulty(&path, &self.faults);
            }
        }
    }

    fn request(&self, made: &Move, pool: usize, amount: i64, life: i64) -> HoldRequest {
        HoldRequest {
            application: self.applications[made.application],
            pool: POOLS[pool].into(),
            amount: Credits(amount),
            request_id: format!("r{}", self.requests),
            expires_at: self.model.now + life,
        }
    }

    async fn credits(&mut self, made: &Move) -> Result<()> {
        let now = self.model.now;
        match made.step.clone() {
            Step::TopUp { pool, amount } => {
                let application = self.applications[made.application];
                let outcome =
                    self.store.add_credits(application, POOLS[pool], Credits(amount), now).await;
                let fits = self.model.top_up((made.application, pool), amount);
                match outcome {
                    Err(StoreError::Conflict(_)) => assert!(!fits),
                    outcome => drop((outcome?, assert!(fits))),
                }
            }
            Step::Hold { pool, amount, life } => {
                let request = self.request(made, pool, amount, life);
                let outcome = self.store.hold(&request, now).await?;
                self.check_hold(made, pool, amount, Some(life), outcome);
            }
            Step::Close { hold, settle } if !self.model.holds.is_empty() => {
                let number = hold.index(self.model.holds.len());
                // A task's hold is closed by the task's end.
                let ModelHold { id, for_task: false, .. } = self.model.holds[number] else {
                    return Ok(());
                };
                let closed = match settle {
                    true => self.store.settle(&Hold { id }, now).await?,
                    false => self.store.release(&Hold { id }, now).await?,
                };
                assert_eq!(closed, self.model.close(number, settle));
            }
            Step::ReleaseStale => {
                let released = self.store.release_stale_holds(now).await?;
                assert_eq!(released, self.model.release_where(|hold| hold.expires_at <= now));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_hold(
        &mut self,
        made: &Move,
        pool: usize,
        amount: i64,
        life: Option<i64>,
        outcome: HoldOutcome,
    ) -> Option<usize> {
        match (outcome, self.model.payer(made.application, pool, amount)) {
            (HoldOutcome::Held(hold), Some(payer)) => {
                Some(self.model.hold(hold.id, payer, amount, life))
            }
            (HoldOutcome::NotEnough { own, common }, None) => {
                let balance = |pool| {
                    let books = self.model.pools.get(&(made.application, pool));
                    Credits(books.map_or(0, |books| books.balance))
                };
                assert_eq!((own, common), (balance(pool), balance(0)));
                None
            }
            (outcome, payer) => panic!("{outcome:?}, though {payer:?} pays"),
        }
    }

    async fn tasks(&mut self, made: &Move) -> Result<()> {
        let now = self.model.now;
        let task = |task: &Index| {
            (!self.model.tasks.is_empty()).then(|| task.index(self.model.tasks.len()))
        };
        match &made.step {
            Step::Submit { pool, amount } => self.submit(made, *pool, *amount).await?,
            Step::Claim { lease } => {
                let claimed =
                    self.store.claim_task(&Claiming::any(now + lease, MAX_ATTEMPTS), now).await?;
                let token = claimed.as_ref().and_then(|task| task.claim.clone());
                let claimed = claimed.map(|task| (task.id, task.attempt));
                let expected = self.model.claim(*lease);
                if let Some((task, _)) = expected {
                    self.model.tasks[task].claims.extend(token);
                }
                assert_eq!(claimed, expected.map(|(task, attempt)| (format!("t{task}"), attempt)));
            }
            Step::Finish { task: index, done, stale } => {
                let Some(number) = task(index) else { return Ok(()) };
                self.finish(number, *done, *stale).await?;
            }
            Step::Park { task: index } => {
                let Some(number) = task(index) else { return Ok(()) };
                let task = &mut self.model.tasks[number];
                let parked = self.store.park_task(&format!("t{number}"), task.token(0)).await?;
                assert_eq!(parked, task.state == TaskState::Processing);
                if parked {
                    task.state = TaskState::Queued;
                    task.parked += 1;
                }
            }
            Step::Cancel { task: index } => {
                let Some(number) = task(index) else { return Ok(()) };
                let cancelled = self.store.cancel_task(&format!("t{number}"), now).await?;
                let expected = match self.model.tasks[number].state {
                    TaskState::Queued => Some(TaskState::Revoked),
                    TaskState::Processing => Some(TaskState::Stopped),
                    _ => None,
                };
                assert_eq!(cancelled, expected);
                if let Some(state) = cancelled {
                    self.model.end(number, state, now + crate::TASK_LIFE);
                }
            }
            Step::Reclaim => {
                assert_eq!(self.store.reclaim_tasks(now).await?, self.model.reclaim());
            }
            _ => assert_eq!(self.recover().await?, self.model.recover()),
        }
        Ok(())
    }

    async fn submit(&mut self, made: &Move, pool: usize, amount: i64) -> Result<()> {
        let number = self.model.tasks.len();
        let request = self.request(made, pool, amount, 0);
        let task = NewTask {
            id: format!("t{number}"),
            application: request.application,
            service: "/a".into(),
            request_id: request.request_id.clone(),
            input: format!("inputs/t{number}"),
            ..NewTask::default()
        };
        let (all, own) = self.model.queue(made.application);
        let outcome = self.store.submit_task(&task, &request, MAX_QUEUED, self.model.now).await?;
        if !(Queue { all, own }).has_room(MAX_QUEUED) {
            assert_eq!(outcome, Submission::QueueFull(Queue { all, own }));
            return Ok(());
        }
        let outcome = match outcome {
            Submission::Accepted => {
                let find = move |db: &crate::sql::Connection<'_>| {
                    let sql = "SELECT hold_id FROM tasks WHERE id = ?1";
                    Ok(db.prepare_cached(sql)?.query_row([&task.id], |row| row.get(0))?)
                };
                HoldOutcome::Held(Hold { id: self.store.database.quick(find).await? })
            }
            Submission::NotEnough { own, common } => HoldOutcome::NotEnough { own, common },
            Submission::QueueFull(queue) => panic!("{queue:?} of {MAX_QUEUED} has room"),
            Submission::UploadGone => panic!("no upload is needed"),
            Submission::NobodyAble => panic!("there is one process"),
        };
        let turn = self.model.next_turn(made.application);
        if let Some(hold) = self.check_hold(made, pool, amount, None, outcome) {
            self.model.tasks.push(ModelTask {
                application: made.application,
                hold,
                state: TaskState::Queued,
                attempt: 0,
                claims: Vec::new(),
                parked: 0,
                lease_until: 0,
                expires_at: 0,
                turn,
            });
        }
        Ok(())
    }

    async fn finish(&mut self, number: usize, done: bool, stale: bool) -> Result<()> {
        let (now, expires_at) = (self.model.now, self.model.now + 5);
        let ModelTask { state, .. } = self.model.tasks[number];
        let outcome = match done {
            true => Outcome::Done { answer: json!({ "task": number }), expires_at },
            false => {
                let fault = Fault::new(Code::FileDecodingFailure, "cut short");
                Outcome::Failed { fault, expires_at }
            }
        };
        // The worker of the attempt before comes too late.
        let token = self.model.tasks[number].token(usize::from(stale));
        let ended = self.store.finish_task(&format!("t{number}"), token, &outcome, now).await?;
        assert_eq!(ended, state == TaskState::Processing && !stale);
        if ended {
            let state = if done { TaskState::Done } else { TaskState::Failed };
            self.model.end(number, state, expires_at);
        }
        Ok(())
    }

    /// The store says what the model says.
    async fn agree(&self) {
        for (number, application) in self.applications.iter().enumerate() {
            for pool in self.store.pools(*application).await.unwrap() {
                let sign = POOLS.iter().position(|sign| *sign == pool.sign).unwrap();
                let expected = &self.model.pools[&(number, sign)];
                let found = (pool.balance.0, pool.held.0, pool.total.0);
                assert_eq!(found, (expected.balance, expected.held, expected.total));
            }
        }
        for (number, task) in self.model.tasks.iter().enumerate() {
            let id = format!("t{number}");
            let application = self.applications[task.application];
            let found = self.store.task(application, &id).await.unwrap().unwrap();
            assert_eq!((found.state, found.attempt), (task.state, task.attempt));
            let other = self.applications[1 - task.application];
            assert_eq!(self.store.task(other, &id).await.unwrap(), None);
        }
    }

    async fn audit(&self) {
        let audit = self.store.audit().await.unwrap();
        assert_eq!(audit.errors, Vec::<String>::new());
        let sum = |part: fn(&Books) -> i64| self.model.pools.values().map(part).sum::<i64>();
        let found = [audit.balances, audit.held, audit.spent].map(|credits| credits.0);
        assert_eq!(found, [sum(|b| b.balance), sum(|b| b.held), sum(|b| b.spent)]);
        let open = self.model.holds.iter().filter(|hold| hold.open).count() as u64;
        assert_eq!((audit.charges, audit.open_holds), (self.model.charges, open));
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Few histories for every change, more where `PROPTEST_CASES` says how many.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_history_agrees_with_the_model(moves in moves()) {
        run(async {
            let mut world = World::new().await;
            for made in &moves {
                world.make(made).await;
                world.agree().await;
            }
            world.audit().await;
            world.kill(|all| all);
            world.agree().await;
            world.audit().await;
        });
    }

    #[test]
    fn a_log_cut_anywhere_leaves_right_books(moves in moves(), kept in vec(0.0..1.0_f64, 4)) {
        run(async {
            let mut world = World::new().await;
            for made in &moves {
                world.make(made).await;
            }
            for part in kept {
                world.kill(|all| (all as f64 * part) as u64);
                let audit = world.store.audit().await.unwrap();
                assert_eq!(audit.errors, Vec::<String>::new());
                world.store.recover(NOW, NOW).await.unwrap();
                assert_eq!(world.store.audit().await.unwrap().errors, Vec::<String>::new());
            }
        });
    }
}
