//! How tasks end: the row says how, the hold is closed, and whoever is to be told is noted.

use std::str::FromStr;

use safelight_contract::{Code, Fault};

use crate::sql::{Connection, OptionalExtension, Value, params};
use crate::task::TASK_LIFE;
use crate::{Millis, Outcome, Result, StoreError, TaskState};

use super::super::ledger::{self, Closing};
use super::super::webhooks;

/// What an ended task's row says.
pub(super) struct Ended {
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
pub(super) fn end(
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

pub(super) fn finish(
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
pub(super) fn is_ended_by(db: &Connection<'_>, id: &str, claim: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM tasks WHERE id = ?1 AND claim = ?2 AND state IN ('done', 'failed')";
    Ok(db.prepare_cached(sql)?.exists([id, claim])?)
}

pub(super) fn cancel(
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

/// A task that was accepted before `before` and is queued.
pub(super) fn queued_before(db: &Connection<'_>, before: Millis) -> Result<Option<String>> {
    let sql = "SELECT id FROM tasks
               WHERE ended_at IS NULL AND state = 'queued' AND created_at < ?1 LIMIT 1";
    Ok(db.prepare_cached(sql)?.query_row([before], |row| row.get(0)).optional()?)
}

/// Fails a task that is still one of those.
pub(super) fn fail_queued(
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

/// Fails a task that was taken too often, unless somebody has it again.
pub(super) fn give_up(db: &Connection<'_>, id: &str, attempts: u32, now: Millis) -> Result<()> {
    let fault = Fault::new(
        Code::AiServiceError,
        format!("the work crashed {attempts} times and is not tried again"),
    );
    let ended = Ended::failed(&fault, now.saturating_add(TASK_LIFE));
    let free = "id = ?6 AND attempt - parked >= ?7 AND (state = 'queued' OR lease_until <= ?5)";
    end(db, &ended, now, free, params![id, attempts]).map(drop)
}
