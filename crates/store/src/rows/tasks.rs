//! Tasks: a queue in a table. The row says who may end a task, and the transaction that ends it
//! closes its hold.

use std::str::FromStr;

use async_trait::async_trait;
use safelight_contract::{Code, Fault};
use uuid::Uuid;

use crate::sql::{Connection, OptionalExtension, Row, Value, params};
use crate::task::TASK_LIFE;
use crate::{
    Claiming, Hold, HoldOutcome, HoldRequest, Millis, NewTask, Outcome, Queue, Result, StoreError,
    Submission, Task, TaskFilter, TaskState, Tasks, sql,
};

use super::instances::{self, DEAD};
use super::ledger::{self, Closing};
use super::{Database, Lock, Rows, SWEEP, unique, uploads, webhooks};

#[async_trait]
impl<D: Database> Tasks for Rows<D> {
    async fn submit_task(
        &self,
        task: &NewTask,
        hold: &HoldRequest,
        max_queued: u64,
        now: Millis,
    ) -> Result<Submission> {
        let (task, hold) = (task.clone(), hold.clone());
        let (lock, id) = (Lock::Application(hold.application), task.id.clone());
        let change = move |db: &Connection<'_>| submit(db, &task, &hold, max_queued, now);
        self.write_once(lock, change, move |db| submitted(db, &id)).await
    }

    async fn queue(&self, application: i64, most: u64) -> Result<Queue> {
        self.quick(move |db| Ok(place(db, application, most)?.0)).await
    }

    async fn claim_task(&self, claiming: &Claiming, now: Millis) -> Result<Option<Task>> {
        let (instance, claiming) = (self.instance.clone(), claiming.clone());
        loop {
            // Idle workers ask often: a look is cheaper than a transaction.
            if !self.quick(move |db| is_waiting(db, now)).await? {
                return Ok(None);
            }
            let (worker, wanted) = (instance.clone(), claiming.clone());
            let token = Uuid::new_v4().to_string();
            let taken = token.clone();
            let take = move |db: &Connection<'_>| claim(db, &worker, &token, &wanted, now);
            let look = move |db: &Connection<'_>| claimed(db, &taken);
            match self.write_once(Lock::Nothing, take, look).await? {
                Claimed::Nothing => return Ok(None),
                Claimed::Task(task) => return Ok(Some(*task)),
                Claimed::Exhausted { id, attempts } => {
                    let lock = Lock::OfTask(id.clone());
                    let give_up = move |db: &Connection<'_>| give_up(db, &id, attempts, now);
                    self.write(lock, give_up).await?;
                }
            }
        }
    }

    async fn renew_tasks(&self, claims: &[String], lease_until: Millis) -> Result<Vec<String>> {
        let claims = claims.to_vec();
        self.write(Lock::Nothing, move |db| renew(db, &claims, lease_until)).await
    }

    async fn set_resume(&self, id: &str, claim: &str, resume: Option<&str>) -> Result<bool> {
        let (id, claim, resume) = (id.to_owned(), claim.to_owned(), resume.map(str::to_owned));
        self.write(Lock::Nothing, move |db| {
            let sql = "UPDATE tasks SET resume = ?3
                       WHERE id = ?1 AND claim = ?2 AND state = 'processing'";
            Ok(db.prepare_cached(sql)?.execute(params![id, claim, resume])? > 0)
        })
        .await
    }

    async fn finish_task(
        &self,
        id: &str,
        claim: &str,
        outcome: &Outcome,
        now: Millis,
    ) -> Result<bool> {
        let (id, claim, outcome) = (id.to_owned(), claim.to_owned(), outcome.clone());
        let (lock, ended) = (Lock::OfTask(id.clone()), (id.clone(), claim.clone()));
        let change = move |db: &Connection<'_>| finish(db, &id, &claim, &outcome, now);
        let look =
            move |db: &Connection<'_>| Ok(is_ended_by(db, &ended.0, &ended.1)?.then_some(true));
        self.write_once(lock, change, look).await
    }

    async fn park_task(&self, id: &str, claim: &str) -> Result<bool> {
        let (id, claim) = (id.to_owned(), claim.to_owned());
        self.write(Lock::Nothing, move |db| park(db, &id, &claim)).await
    }

    async fn cancel_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>> {
        let id = id.to_owned();
        self.write(Lock::OfTask(id.clone()), move |db| cancel(db, &id, false, now)).await
    }

    async fn revoke_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>> {
        let id = id.to_owned();
        self.write(Lock::OfTask(id.clone()), move |db| cancel(db, &id, true, now)).await
    }

    async fn task(&self, application: i64, id: &str) -> Result<Option<Task>> {
        let id = id.to_owned();
        self.quick(move |db| task(db, application, &id)).await
    }

    async fn task_answer(&self, application: i64, id: &str) -> Result<Option<serde_json::Value>> {
        let id = id.to_owned();
        self.quick(move |db| answer(db, application, &id)).await
    }

    async fn tasks(&self, application: i64, filter: &TaskFilter) -> Result<(u64, Vec<Task>)> {
        let filter = filter.clone();
        self.slow(move |db| list(db, application, &filter)).await
    }

    async fn fail_queued(&self, before: Millis, fault: &Fault, now: Millis) -> Result<u64> {
        let mut failed = 0;
        while let Some(id) = self.quick(move |db| queued_before(db, before)).await? {
            let (lock, fault) = (Lock::OfTask(id.clone()), fault.clone());
            let fail = move |db: &Connection<'_>| fail_queued(db, &id, before, &fault, now);
            failed += u64::from(self.write(lock, fail).await?);
        }
        Ok(failed)
    }

    async fn open_tasks(&self) -> Result<(u64, u64)> {
        self.quick(open).await
    }

    async fn reclaim_tasks(&self, now: Millis) -> Result<u64> {
        self.sweep(reclaim, now).await
    }
}

/// Columns that [`read_task`] takes, in its order; `hold_id` and `seq` come after.
const TASK: &str =
    "id, application_id, service, request_id, input, state, attempt, octet_length(answer),
    fault_code, fault_message, created_at, ended_at, batch_id, claim, resume";

fn read_task(row: &Row) -> sql::Result<Task> {
    let broken = |column, e: String| sql::Error::column(column, e);
    let state: String = row.get(5)?;
    let answer_bytes: Option<i64> = row.get(7)?;
    let code: Option<String> = row.get(8)?;
    let fault = match code {
        Some(name) => {
            let code = Code::from_str(&name).map_err(|e| broken(8, e))?;
            Some(Fault::new(code, row.get::<String>(9)?))
        }
        None => None,
    };
    Ok(Task {
        id: row.get(0)?,
        application: row.get(1)?,
        service: row.get(2)?,
        request_id: row.get(3)?,
        input: row.get(4)?,
        state: TaskState::from_str(&state).map_err(|e| broken(5, e))?,
        attempt: row.get(6)?,
        answer_bytes: answer_bytes.unwrap_or_default().unsigned_abs(),
        fault,
        created_at: row.get(10)?,
        ended_at: row.get(11)?,
        batch: row.get(12)?,
        claim: row.get(13)?,
        resume: row.get(14)?,
    })
}

fn submit(
    db: &Connection<'_>,
    task: &NewTask,
    request: &HoldRequest,
    max_queued: u64,
    now: Millis,
) -> Result<Submission> {
    if task.application != request.application {
        return Err(StoreError::Invalid(format!(
            "task {} is of application {}, its hold of {}",
            task.id, task.application, request.application
        )));
    }
    let (queue, turn) = place(db, task.application, max_queued)?;
    if !queue.has_room(max_queued) {
        return Ok(Submission::QueueFull(queue));
    }
    // The only process refuses by itself what it cannot do.
    if db.is_shared() && !instances::can_do(db, &task.service, task.cost_bytes, now)? {
        return Ok(Submission::NobodyAble);
    }
    if !uploads::are_ready(db, task.application, &task.uploads)? {
        return Ok(Submission::UploadGone);
    }
    let hold = match ledger::hold(db, request, None, now)? {
        HoldOutcome::Held(hold) => hold,
        HoldOutcome::NotEnough { own, common } => {
            return Ok(Submission::NotEnough { own, common });
        }
    };
    let callback = task.callback.as_ref();
    let seq = db
        .prepare_cached(
            "INSERT INTO tasks
                 (id, request_id, application_id, hold_id, service, input, created_at, turn,
                  batch_id, callback_url, callback_base, cost_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .insert_numbered(
            "seq",
            params![
                task.id,
                task.request_id,
                task.application,
                hold.id,
                task.service,
                task.input,
                now,
                turn,
                task.batch,
                callback.map(|callback| &callback.url),
                callback.map(|callback| &callback.base),
                i64::try_from(task.cost_bytes).unwrap_or(i64::MAX),
            ],
        )
        .map_err(|e| {
            unique(e, || format!("there is a task {} or one of its request already", task.id))
        })?;
    uploads::use_for_task(db, seq, &task.uploads)?;
    Ok(Submission::Accepted(hold))
}

/// What a submission answered that was made.
fn submitted(db: &Connection<'_>, id: &str) -> Result<Option<Submission>> {
    let sql = "SELECT hold_id FROM tasks WHERE id = ?1";
    let hold = db.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
    Ok(hold.map(|id| Submission::Accepted(Hold { id })))
}

/// The tasks that wait, each number counted up to `most`, and the turn of the next one of an
/// application: after its own open ones, and not before the turn that has come, so that nobody saves
/// turns up.
fn place(db: &Connection<'_>, application: i64, most: u64) -> Result<(Queue, i64)> {
    // Each part reads an end of an index, or `most` entries of it, however long the queue is.
    let sql = "SELECT
        (SELECT count(*) FROM (SELECT 1 FROM tasks
             WHERE ended_at IS NULL AND state = 'queued' LIMIT ?2) AS waiting),
        (SELECT count(*) FROM (SELECT 1 FROM tasks
             WHERE ended_at IS NULL AND state = 'queued' AND application_id = ?1 LIMIT ?2) AS own),
        (SELECT max(turn) FROM tasks WHERE ended_at IS NULL AND application_id = ?1),
        (SELECT max(turn) FROM tasks WHERE ended_at IS NULL AND state = 'processing'),
        (SELECT min(turn) FROM tasks WHERE ended_at IS NULL AND state = 'queued')";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let (all, own, last, claimed, first): (u32, u32, Option<i64>, Option<i64>, Option<i64>) =
        db.prepare_cached(sql)?.query_row(params![application, most], |row| row.try_into())?;
    let now = claimed.or(first).unwrap_or(0);
    let turn = last.map_or(now, |last| now.max(last + 1));
    Ok((Queue { all: all.into(), own: own.into() }, turn))
}

/// What a claim found.
enum Claimed {
    Nothing,
    Task(Box<Task>),
    /// A task that was taken too often. Its end changes what belongs to its application, which a
    /// claim has not locked.
    Exhausted {
        id: String,
        attempts: u32,
    },
}

/// Whether there is a task to take.
fn is_waiting(db: &Connection<'_>, now: Millis) -> Result<bool> {
    let sql = "SELECT 1 FROM tasks
               WHERE ended_at IS NULL AND (state = 'queued' OR lease_until <= ?1) LIMIT 1";
    Ok(db.prepare_cached(sql)?.exists([now])?)
}

/// Takes a task of the application that has the fewest at work, then in turn.
fn claim(
    db: &Connection<'_>,
    instance: &str,
    token: &str,
    claiming: &Claiming,
    now: Millis,
) -> Result<Claimed> {
    let next = format!(
        "SELECT id, attempt - parked FROM tasks
         LEFT JOIN (SELECT application_id, count(*) AS running FROM tasks
                    WHERE lease_until > ?1 GROUP BY application_id) AS busy
             USING (application_id)
         WHERE ended_at IS NULL AND (state = 'queued' OR lease_until <= ?1)
             AND cost_bytes <= ?2 AND (CAST(?3 AS TEXT) IS NULL OR instr(?3, ',' || service || ',') > 0)
         ORDER BY coalesce(running, 0), turn, seq LIMIT 1 {}",
        db.skipping_locked("tasks")
    );
    let capacity =
        claiming.capacity.map_or(i64::MAX, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    let services = claiming.services.as_ref().map(|names| format!(",{},", names.join(",")));
    let next: Option<(String, u32)> = db
        .prepare_cached(&next)?
        .query_row(params![now, capacity, services], |row| row.try_into())
        .optional()?;
    let Some((id, attempts)) = next else { return Ok(Claimed::Nothing) };
    if attempts >= claiming.max_attempts {
        if db.is_shared() {
            return Ok(Claimed::Exhausted { id, attempts });
        }
        give_up(db, &id, attempts, now)?;
        return claim(db, instance, token, claiming, now);
    }
    let take = format!(
        "UPDATE tasks SET state = 'processing', attempt = attempt + 1, lease_until = ?2,
             claim = ?3, instance = ?4
         WHERE id = ?1 RETURNING {TASK}"
    );
    let values = params![id, claiming.lease_until, token, instance];
    let task = db.prepare_cached(&take)?.query_row(values, read_task)?;
    Ok(Claimed::Task(Box::new(task)))
}

/// What a claim took that was made, by its token.
fn claimed(db: &Connection<'_>, token: &str) -> Result<Option<Claimed>> {
    let sql = format!("SELECT {TASK} FROM tasks WHERE lease_until IS NOT NULL AND claim = ?1");
    let task = db.prepare_cached(&sql)?.query_row([token], read_task).optional()?;
    Ok(task.map(|task| Claimed::Task(Box::new(task))))
}

/// Fails a task that was taken too often, unless somebody has it again.
fn give_up(db: &Connection<'_>, id: &str, attempts: u32, now: Millis) -> Result<()> {
    let fault = Fault::new(
        Code::AiServiceError,
        format!("the work crashed {attempts} times and is not tried again"),
    );
    let ended = Ended::failed(&fault, now.saturating_add(TASK_LIFE));
    let free = "id = ?6 AND attempt - parked >= ?7 AND (state = 'queued' OR lease_until <= ?5)";
    end(db, &ended, now, free, params![id, attempts]).map(drop)
}

/// Renews the leases of claims; answers those that are still held.
fn renew(db: &Connection<'_>, claims: &[String], lease_until: Millis) -> Result<Vec<String>> {
    let sql = "UPDATE tasks SET lease_until = ?1
               WHERE lease_until IS NOT NULL AND instr(?2, ',' || claim || ',') > 0 RETURNING claim";
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let claims = format!(",{},", claims.join(","));
    let kept = db.prepare_cached(sql)?.query_map(params![lease_until, claims], |row| row.get(0))?;
    Ok(kept.collect::<Result<_, _>>()?)
}

/// What an ended task's row says.
struct Ended {
    /// An expression of the row before.
    state: &'static str,
    answer: Option<String>,
    fault: Option<(&'static str, String)>,
    expires_at: Millis,
}

impl Ended {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done { answer, expires_at } => Self {
                state: "'done'",
                answer: Some(answer.to_string()),
                fault: None,
                expires_at: *expires_at,
            },
            Outcome::Failed { fault, expires_at } => Self::failed(fault, *expires_at),
        }
    }

    fn failed(fault: &Fault, expires_at: Millis) -> Self {
        Self {
            state: "'failed'",
            answer: None,
            fault: Some((fault.code().name(), fault.message().to_owned())),
            expires_at,
        }
    }

    /// Revoked where nobody has it, stopped where somebody has.
    fn cancelled(now: Millis) -> Self {
        Self {
            state: "CASE WHEN state = 'queued' THEN 'revoked' ELSE 'stopped' END",
            answer: None,
            fault: None,
            expires_at: now.saturating_add(TASK_LIFE),
        }
    }
}

/// Writes the end of every open task that `which` finds, and closes their holds: only what is done
/// is charged. Parameters of `which` begin with `?6`; `?5` is the time. Answers the new states.
fn end(
    db: &Connection<'_>,
    ended: &Ended,
    now: Millis,
    which: &str,
    values: Vec<Value>,
) -> Result<Vec<TaskState>> {
    let (code, message) = ended.fault.as_ref().map(|(c, m)| (*c, m.as_str())).unzip();
    let sql = format!(
        "UPDATE tasks SET state = {}, answer = ?1, fault_code = ?2, fault_message = ?3,
             expires_at = ?4, ended_at = ?5, lease_until = NULL, resume = NULL
         WHERE ended_at IS NULL AND {which} RETURNING seq, hold_id, state",
        ended.state
    );
    let mut parameters = params![ended.answer, code, message, ended.expires_at, now];
    parameters.extend(values);
    let rows: Vec<(i64, i64, String)> = db
        .prepare_cached(&sql)?
        .query_map(parameters, |row| row.try_into())?
        .collect::<Result<_, _>>()?;
    let mut states = Vec::with_capacity(rows.len());
    for (seq, hold, state) in rows {
        let state = TaskState::from_str(&state).map_err(StoreError::Database)?;
        let closing = match state {
            TaskState::Done => Closing::Settle,
            _ => Closing::Release,
        };
        if !ledger::close(db, hold, closing, now)? {
            let why = format!("hold {hold} was closed before its task ended");
            return Err(StoreError::Database(why));
        }
        webhooks::enqueue(db, seq, now)?;
        states.push(state);
    }
    Ok(states)
}

fn finish(
    db: &Connection<'_>,
    id: &str,
    claim: &str,
    outcome: &Outcome,
    now: Millis,
) -> Result<bool> {
    let ended = end(
        db,
        &Ended::of(outcome),
        now,
        "id = ?6 AND claim = ?7 AND state = 'processing'",
        params![id, claim],
    )?;
    Ok(!ended.is_empty())
}

/// Whether the task ended, and this was the claim that ended it.
fn is_ended_by(db: &Connection<'_>, id: &str, claim: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM tasks WHERE id = ?1 AND claim = ?2 AND state IN ('done', 'failed')";
    Ok(db.prepare_cached(sql)?.exists([id, claim])?)
}

fn park(db: &Connection<'_>, id: &str, claim: &str) -> Result<bool> {
    let sql = "UPDATE tasks SET state = 'queued', lease_until = NULL, parked = parked + 1,
                   claim = NULL, instance = NULL
               WHERE id = ?1 AND claim = ?2 AND state = 'processing'";
    Ok(db.prepare_cached(sql)?.execute([id, claim])? > 0)
}

fn cancel(
    db: &Connection<'_>,
    id: &str,
    only_queued: bool,
    now: Millis,
) -> Result<Option<TaskState>> {
    let which = match only_queued {
        true => "id = ?6 AND state = 'queued'",
        false => "id = ?6",
    };
    Ok(end(db, &Ended::cancelled(now), now, which, params![id])?.pop())
}

/// Cancels every open task of an application.
pub fn cancel_all(db: &Connection<'_>, application: i64, now: Millis) -> Result<()> {
    end(db, &Ended::cancelled(now), now, "application_id = ?6", params![application]).map(drop)
}

pub fn task(db: &Connection<'_>, application: i64, id: &str) -> Result<Option<Task>> {
    let sql = format!(
        // The sign keeps the index of all tasks of the application out.
        "SELECT {TASK} FROM tasks WHERE +application_id = ?1 AND (id = ?2 OR request_id = ?2)"
    );
    Ok(db.prepare_cached(&sql)?.query_row(params![application, id], read_task).optional()?)
}

/// The answer of a task, if it has one.
fn answer(db: &Connection<'_>, application: i64, id: &str) -> Result<Option<serde_json::Value>> {
    let sql = "SELECT answer FROM tasks WHERE +application_id = ?1 AND id = ?2";
    let answer: Option<Option<String>> =
        db.prepare_cached(sql)?.query_row(params![application, id], |row| row.get(0)).optional()?;
    let broken = |e: serde_json::Error| StoreError::from(sql::Error::column(0, e));
    answer.flatten().map(|json| serde_json::from_str(&json).map_err(broken)).transpose()
}

/// How many tasks a filter finds, and those that it lists.
pub fn list(
    db: &Connection<'_>,
    application: i64,
    filter: &TaskFilter,
) -> Result<(u64, Vec<Task>)> {
    const FOUND: &str = "FROM tasks WHERE application_id = ?1 AND state <> 'reclaimed'
        AND state = coalesce(?2, state) AND coalesce(batch_id, '') = coalesce(?3, batch_id, '')";
    let TaskFilter { state, batch, start, length } = filter;
    let state = state.map(TaskState::name);
    let count = format!("SELECT count(*) {FOUND}");
    let count: u32 = db
        .prepare_cached(&count)?
        .query_row(params![application, state, batch], |row| row.get(0))?;
    let page = format!("SELECT {TASK} {FOUND} ORDER BY seq DESC LIMIT ?4 OFFSET ?5");
    let tasks = db
        .prepare_cached(&page)?
        .query_map(params![application, state, batch, length, start], read_task)?
        .collect::<Result<_, _>>()?;
    Ok((count.into(), tasks))
}

pub fn open(db: &Connection<'_>) -> Result<(u64, u64)> {
    let sql = "SELECT count(*), count(lease_until) FROM tasks WHERE ended_at IS NULL";
    let (all, processing): (u32, u32) =
        db.prepare_cached(sql)?.query_row((), |row| row.try_into())?;
    Ok((u64::from(all - processing), u64::from(processing)))
}

/// A task that was accepted before `before` and is queued.
fn queued_before(db: &Connection<'_>, before: Millis) -> Result<Option<String>> {
    let sql = "SELECT id FROM tasks
               WHERE ended_at IS NULL AND state = 'queued' AND created_at < ?1 LIMIT 1";
    Ok(db.prepare_cached(sql)?.query_row([before], |row| row.get(0)).optional()?)
}

/// Fails a task that is still one of those.
fn fail_queued(
    db: &Connection<'_>,
    id: &str,
    before: Millis,
    fault: &Fault,
    now: Millis,
) -> Result<bool> {
    let ended = Ended::failed(fault, now.saturating_add(TASK_LIFE));
    let which = "id = ?6 AND state = 'queued' AND created_at < ?7";
    Ok(!end(db, &ended, now, which, params![id, before])?.is_empty())
}

/// Reclaims some tasks whose life is over: at most [`SWEEP`].
pub fn reclaim(db: &Connection<'_>, now: Millis) -> Result<u64> {
    let sql = format!(
        "UPDATE tasks SET state = 'reclaimed', answer = NULL, fault_code = NULL,
             fault_message = NULL, expires_at = NULL
         WHERE seq IN (SELECT seq FROM tasks WHERE expires_at <= ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([now])?)
}

/// Forgets some reclaimed tasks: at most [`SWEEP`].
pub fn forget(db: &Connection<'_>, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM tasks WHERE seq IN
             (SELECT seq FROM tasks WHERE state = 'reclaimed' AND ended_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])?)
}

/// Queues the tasks that dead instances had at work.
pub fn requeue(db: &Connection<'_>, dead_before: Millis) -> Result<u64> {
    let sql = format!(
        "UPDATE tasks SET state = 'queued', lease_until = NULL, claim = NULL, instance = NULL
         WHERE ended_at IS NULL AND state = 'processing' AND {DEAD}"
    );
    Ok(db.prepare_cached(&sql)?.execute([dead_before])?)
}
