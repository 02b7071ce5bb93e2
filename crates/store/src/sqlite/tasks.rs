//! Tasks: a queue in a table. The row says who may end a task, and the transaction that ends it
//! closes its hold.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use safelight_contract::{Code, Fault};

use crate::task::TASK_LIFE;
use crate::{
    HoldOutcome, HoldRequest, Millis, NewTask, Outcome, Queue, Result, StoreError, Submission,
    Task, TaskFilter, TaskState,
};

use super::ledger::{self, Closing};
use super::{SWEEP, unique, uploads, webhooks};

/// Columns that [`read_task`] takes, in its order; `hold_id` and `seq` come after.
const TASK: &str = "id, application_id, service, request_id, input, state, attempt, answer,
    fault_code, fault_message, created_at, ended_at, batch_id";

fn read_task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let broken =
        |column, e: String| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, e.into());
    let state: String = row.get(5)?;
    let answer: Option<String> = row.get(7)?;
    let code: Option<String> = row.get(8)?;
    let fault = match code {
        Some(name) => {
            let code = Code::from_str(&name).map_err(|e| broken(8, e))?;
            Some(Fault::new(code, row.get::<_, String>(9)?))
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
        answer: answer
            .map(|json| serde_json::from_str(&json).map_err(|e| broken(7, e.to_string())))
            .transpose()?,
        fault,
        created_at: row.get(10)?,
        ended_at: row.get(11)?,
        batch: row.get(12)?,
    })
}

pub fn submit(
    db: &Connection,
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
    let (queue, turn) = place(db, task.application)?;
    if !queue.has_room(max_queued) {
        return Ok(Submission::QueueFull(queue));
    }
    if !uploads::are_ready(db, task.application, &task.uploads)? {
        return Ok(Submission::UploadGone);
    }
    let hold = match ledger::hold(db, request, true, now)? {
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
                  batch_id, callback_url, callback_base)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .insert(params![
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
        ])
        .map_err(|e| {
            unique(e, || format!("there is a task {} or one of its request already", task.id))
        })?;
    uploads::use_for_task(db, seq, &task.uploads)?;
    Ok(Submission::Accepted(hold))
}

/// The tasks that wait, and the turn of the next one of an application: after its own open ones,
/// and not before the turn that has come, so that nobody saves turns up.
fn place(db: &Connection, application: i64) -> Result<(Queue, i64)> {
    let sql = "SELECT count(*) FILTER (WHERE state = 'queued'),
                   count(*) FILTER (WHERE state = 'queued' AND application_id = ?1),
                   max(turn) FILTER (WHERE application_id = ?1),
                   max(turn) FILTER (WHERE state = 'processing'),
                   min(turn) FILTER (WHERE state = 'queued')
               FROM tasks WHERE ended_at IS NULL";
    let (all, own, last, claimed, first): (u32, u32, Option<i64>, Option<i64>, Option<i64>) =
        db.prepare_cached(sql)?.query_row([application], |row| row.try_into())?;
    let now = claimed.or(first).unwrap_or(0);
    let turn = last.map_or(now, |last| now.max(last + 1));
    Ok((Queue { all: all.into(), own: own.into() }, turn))
}

/// The tasks that wait.
pub fn queue(db: &Connection, application: i64) -> Result<Queue> {
    Ok(place(db, application)?.0)
}

pub fn claim(
    db: &Connection,
    lease_until: Millis,
    max_attempts: u32,
    now: Millis,
) -> Result<Option<Task>> {
    while let Some(next) = next(db, now)? {
        if next.failed_attempts < max_attempts {
            return take(db, next.seq, lease_until).map(Some);
        }
        let times = next.failed_attempts;
        let fault = Fault::new(
            Code::AiServiceError,
            format!("the work crashed {times} times and is not tried again"),
        );
        let ended = Ended::failed(&fault, now.saturating_add(TASK_LIFE));
        end(db, next.seq, next.hold, &ended, now)?;
    }
    Ok(None)
}

/// Whether there is a task to take.
pub fn is_waiting(db: &Connection, now: Millis) -> Result<bool> {
    let sql = "SELECT 1 FROM tasks
               WHERE ended_at IS NULL AND (state = 'queued' OR lease_until <= ?1) LIMIT 1";
    Ok(db.prepare_cached(sql)?.exists([now])?)
}

/// The task to take next: of the application that has the fewest at work, then in turn.
struct Next {
    seq: i64,
    hold: i64,
    failed_attempts: u32,
}

fn next(db: &Connection, now: Millis) -> Result<Option<Next>> {
    let sql = "SELECT seq, hold_id, attempt - parked FROM tasks
               LEFT JOIN (SELECT application_id, count(*) AS running FROM tasks
                          WHERE lease_until > ?1 GROUP BY application_id) AS busy
                   USING (application_id)
               WHERE ended_at IS NULL AND (state = 'queued' OR lease_until <= ?1)
               ORDER BY coalesce(running, 0), turn, seq LIMIT 1";
    let next = |row: &Row<'_>| {
        Ok(Next { seq: row.get(0)?, hold: row.get(1)?, failed_attempts: row.get(2)? })
    };
    Ok(db.prepare_cached(sql)?.query_row([now], next).optional()?)
}

fn take(db: &Connection, seq: i64, lease_until: Millis) -> Result<Task> {
    let sql = format!(
        "UPDATE tasks SET state = 'processing', attempt = attempt + 1, lease_until = ?2
         WHERE seq = ?1 RETURNING {TASK}"
    );
    Ok(db.prepare_cached(&sql)?.query_row([seq, lease_until], read_task)?)
}

/// What an ended task's row says.
struct Ended {
    state: TaskState,
    answer: Option<String>,
    fault: Option<(&'static str, String)>,
    expires_at: Millis,
}

impl Ended {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done { answer, expires_at } => Self {
                state: TaskState::Done,
                answer: Some(answer.to_string()),
                fault: None,
                expires_at: *expires_at,
            },
            Outcome::Failed { fault, expires_at } => Self::failed(fault, *expires_at),
        }
    }

    fn failed(fault: &Fault, expires_at: Millis) -> Self {
        Self {
            state: TaskState::Failed,
            answer: None,
            fault: Some((fault.code().name(), fault.message().to_owned())),
            expires_at,
        }
    }

    fn cancelled(state: TaskState, now: Millis) -> Self {
        Self { state, answer: None, fault: None, expires_at: now.saturating_add(TASK_LIFE) }
    }
}

/// Writes a task's end, and closes its hold: only what is done is charged.
fn end(db: &Connection, seq: i64, hold: i64, ended: &Ended, now: Millis) -> Result<()> {
    let (code, message) = ended.fault.as_ref().map(|(c, m)| (*c, m.as_str())).unzip();
    db.prepare_cached(
        "UPDATE tasks SET state = ?2, answer = ?3, fault_code = ?4, fault_message = ?5,
             ended_at = ?6, expires_at = ?7, lease_until = NULL
         WHERE seq = ?1",
    )?
    .execute(params![
        seq,
        ended.state.name(),
        ended.answer,
        code,
        message,
        now,
        ended.expires_at
    ])?;
    webhooks::enqueue(db, seq, now)?;
    let closing = match ended.state {
        TaskState::Done => Closing::Settle,
        _ => Closing::Release,
    };
    match ledger::close(db, hold, closing, now)? {
        true => Ok(()),
        false => Err(StoreError::Database(format!("hold {hold} was closed before its task ended"))),
    }
}

pub fn finish(
    db: &Connection,
    id: &str,
    attempt: u32,
    outcome: &Outcome,
    now: Millis,
) -> Result<bool> {
    let sql = "SELECT seq, hold_id FROM tasks
               WHERE id = ?1 AND attempt = ?2 AND state = 'processing'";
    let task: Option<(i64, i64)> =
        db.prepare_cached(sql)?.query_row(params![id, attempt], |row| row.try_into()).optional()?;
    let Some((seq, hold)) = task else { return Ok(false) };
    end(db, seq, hold, &Ended::of(outcome), now)?;
    Ok(true)
}

pub fn park(db: &Connection, id: &str, attempt: u32) -> Result<bool> {
    let sql = "UPDATE tasks SET state = 'queued', lease_until = NULL, parked = parked + 1
               WHERE id = ?1 AND attempt = ?2 AND state = 'processing'";
    Ok(db.prepare_cached(sql)?.execute(params![id, attempt])? > 0)
}

/// What cancelling makes of an open task.
fn cancelled(state: &str) -> TaskState {
    if state == TaskState::Queued.name() { TaskState::Revoked } else { TaskState::Stopped }
}

pub fn cancel(
    db: &Connection,
    id: &str,
    only_queued: bool,
    now: Millis,
) -> Result<Option<TaskState>> {
    let sql = "SELECT seq, hold_id, state FROM tasks
               WHERE id = ?1 AND ended_at IS NULL AND (state = 'queued' OR NOT ?2)";
    let task: Option<(i64, i64, String)> = db
        .prepare_cached(sql)?
        .query_row(params![id, only_queued], |row| row.try_into())
        .optional()?;
    let Some((seq, hold, state)) = task else { return Ok(None) };
    let state = cancelled(&state);
    end(db, seq, hold, &Ended::cancelled(state, now), now)?;
    Ok(Some(state))
}

/// Cancels every open task of an application.
pub fn cancel_all(db: &Connection, application: i64, now: Millis) -> Result<()> {
    let sql = "SELECT seq, hold_id, state FROM tasks
               WHERE application_id = ?1 AND ended_at IS NULL";
    let open: Vec<(i64, i64, String)> = db
        .prepare_cached(sql)?
        .query_map([application], |row| row.try_into())?
        .collect::<Result<_, _>>()?;
    for (seq, hold, state) in open {
        end(db, seq, hold, &Ended::cancelled(cancelled(&state), now), now)?;
    }
    Ok(())
}

pub fn task(db: &Connection, application: i64, id: &str) -> Result<Option<Task>> {
    let sql = format!(
        // The sign keeps the index of all tasks of the application out.
        "SELECT {TASK} FROM tasks WHERE +application_id = ?1 AND (id = ?2 OR request_id = ?2)"
    );
    Ok(db.prepare_cached(&sql)?.query_row(params![application, id], read_task).optional()?)
}

/// How many tasks a filter finds, and those that it lists.
pub fn list(db: &Connection, application: i64, filter: &TaskFilter) -> Result<(u64, Vec<Task>)> {
    const FOUND: &str = "FROM tasks WHERE application_id = ?1 AND state <> 'reclaimed'
        AND state = ifnull(?2, state) AND ifnull(batch_id, '') = coalesce(?3, batch_id, '')";
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

pub fn open(db: &Connection) -> Result<(u64, u64)> {
    let sql = "SELECT count(*), count(lease_until) FROM tasks WHERE ended_at IS NULL";
    let (all, processing): (u32, u32) =
        db.prepare_cached(sql)?.query_row([], |row| row.try_into())?;
    Ok((u64::from(all - processing), u64::from(processing)))
}

/// Reclaims some tasks whose life is over: at most [`SWEEP`].
pub fn reclaim(db: &Connection, now: Millis) -> Result<u64> {
    let sql = format!(
        "UPDATE tasks SET state = 'reclaimed', answer = NULL, fault_code = NULL,
             fault_message = NULL, expires_at = NULL
         WHERE seq IN (SELECT seq FROM tasks WHERE expires_at <= ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([now])? as u64)
}

/// Forgets some reclaimed tasks: at most [`SWEEP`].
pub fn forget(db: &Connection, before: Millis) -> Result<u64> {
    let sql = format!(
        "DELETE FROM tasks WHERE seq IN
             (SELECT seq FROM tasks WHERE state = 'reclaimed' AND ended_at < ?1 LIMIT {SWEEP})"
    );
    Ok(db.prepare_cached(&sql)?.execute([before])? as u64)
}

/// Queues the tasks that were processing when the process ended.
pub fn requeue(db: &Connection) -> Result<u64> {
    let sql = "UPDATE tasks SET state = 'queued', lease_until = NULL
               WHERE ended_at IS NULL AND state = 'processing'";
    Ok(db.prepare_cached(sql)?.execute([])? as u64)
}
