//! Tasks: a queue in a table. The row says who may end a task, and the transaction that ends it
//! closes its hold.

mod ending;
mod queue;

use std::str::FromStr;

use async_trait::async_trait;
use safelight_contract::{Code, Fault};
use uuid::Uuid;

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{
    Claiming, HoldRequest, Millis, NewTask, Outcome, Queue, Result, StoreError, Submission, Task,
    TaskFilter, TaskState, Tasks, sql,
};

use super::{Database, Lock, Rows, SWEEP};
use ending::{cancel, fail_queued, finish, give_up, is_ended_by, queued_before};
use queue::{Claimed, claim, claimed, is_waiting, park, queue, renew, submit, submitted};

pub use ending::cancel_all;
pub use queue::requeue;

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
        self.quick(move |db| queue(db, application, most)).await
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
