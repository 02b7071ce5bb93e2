//! Submission, claims and leases.

use crate::sql::{Connection, OptionalExtension, params};
use crate::{
    Claiming, DEAD_AFTER, HoldRequest, Millis, NewTask, Queue, Result, StoreError, Submission, Task,
};

use super::super::instances::{DEAD, POSSIBLE};
use super::super::{ledger, saturated, unique, uploads};
use super::ending::give_up;
use super::{TASK, read_task};

pub(super) fn submit(
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
    ledger::check_amount(request.amount)?;
    let Place { open, turn, is_possible, pool } = place(db, task, request, now)?;
    // Counting them takes longer, the more there are: not while there is room whosever they are.
    if 2 * open >= max_queued {
        let queue = queue(db, task.application, max_queued)?;
        if !queue.has_room(max_queued) {
            return Ok(Submission::QueueFull(queue));
        }
    }
    // The only process refuses by itself what it cannot do.
    if db.is_shared() && !is_possible {
        return Ok(Submission::NobodyAble);
    }
    if !uploads::are_ready(db, task.application, &task.uploads)? {
        return Ok(Submission::UploadGone);
    }
    let Some(pool) = pool else {
        let (own, common) = ledger::left(db, request)?;
        return Ok(Submission::NotEnough { own, common });
    };
    // From here on nothing waits for an answer, so that all goes out with the commit.
    ledger::hold_for_task(db, request, pool, now)?;
    let callback = task.callback.as_ref();
    db.prepare_cached(
        "INSERT INTO tasks
             (id, request_id, application_id, hold_id, service, input, created_at, turn,
              batch_id, callback_url, callback_base, cost_bytes)
         VALUES (?1, ?2, ?3, (SELECT id FROM holds WHERE request_id = ?4), ?5, ?6, ?7, ?8, ?9,
              ?10, ?11, ?12)",
    )?
    .post(params![
        task.id,
        task.request_id,
        task.application,
        request.request_id,
        task.service,
        task.input,
        now,
        turn,
        task.batch,
        callback.map(|callback| &callback.url),
        callback.map(|callback| &callback.base),
        saturated(task.cost_bytes),
    ])
    .map_err(|e| {
        unique(e, || format!("there is a task {} or one of its request already", task.id))
    })?;
    uploads::use_for_task(db, &task.id, &task.uploads)?;
    Ok(Submission::Accepted)
}

/// What a submission answered that was made.
pub(super) fn submitted(db: &Connection<'_>, id: &str) -> Result<Option<Submission>> {
    let sql = "SELECT 1 FROM tasks WHERE id = ?1";
    Ok(db.prepare_cached(sql)?.exists([id])?.then_some(Submission::Accepted))
}

/// Where a new task comes.
struct Place {
    /// How many tasks are open at most: as many as have come since the oldest of them.
    open: u64,
    /// After the application's own open tasks, and not before the turn that has come, so that nobody saves turns up.
    turn: i64,
    /// Whether a living instance can do it.
    is_possible: bool,
    /// The pool that has the credits for it.
    pool: Option<i64>,
}

/// Counts the tasks that wait, all and those of an application, each number up to `most`.
pub(super) fn queue(db: &Connection<'_>, application: i64, most: u64) -> Result<Queue> {
    let sql = "SELECT
        (SELECT count(*) FROM (SELECT 1 FROM tasks
             WHERE ended_at IS NULL AND state = 'queued' LIMIT ?2) AS waiting),
        (SELECT count(*) FROM (SELECT 1 FROM tasks
             WHERE ended_at IS NULL AND state = 'queued' AND application_id = ?1 LIMIT ?2) AS own)";
    let (all, own): (u32, u32) = db
        .prepare_cached(sql)?
        .query_row(params![application, saturated(most)], |row| row.try_into())?;
    Ok(Queue { all: all.into(), own: own.into() })
}

/// One statement, since the application is locked while it runs. Each part reads one end of an index, also
/// where a planner expects few open tasks: it would read all of them for `max(turn)`.
fn place(db: &Connection<'_>, task: &NewTask, request: &HoldRequest, now: Millis) -> Result<Place> {
    let sql = format!(
        "SELECT (SELECT max(seq) FROM tasks),
        (SELECT seq FROM tasks WHERE ended_at IS NULL ORDER BY seq LIMIT 1),
        (SELECT turn FROM tasks WHERE ended_at IS NULL AND application_id = ?1
             ORDER BY turn DESC LIMIT 1),
        (SELECT turn FROM tasks WHERE ended_at IS NULL AND state = 'processing'
             ORDER BY turn DESC LIMIT 1),
        (SELECT turn FROM tasks WHERE ended_at IS NULL AND state = 'queued' ORDER BY turn LIMIT 1),
        ({POSSIBLE}), {}",
        ledger::able_pool("?2", "?6")
    );
    let values = params![
        task.application,
        request.pool,
        now - DEAD_AFTER,
        task.service,
        saturated(task.cost_bytes),
        request.amount.0
    ];
    Ok(db.prepare_cached(&sql)?.query_row(values, |row| {
        let (newest, oldest): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        let [last, claimed, first]: [Option<i64>; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
        let coming = claimed.or(first).unwrap_or(0);
        Ok(Place {
            open: newest.zip(oldest).map_or(0, |(newest, oldest)| newest.abs_diff(oldest) + 1),
            turn: last.map_or(coming, |last| coming.max(last + 1)),
            is_possible: row.get::<i64>(5)? > 0,
            pool: row.get(6)?,
        })
    })?)
}

/// What a claim found.
pub(super) enum Claimed {
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
pub(super) fn is_waiting(db: &Connection<'_>, now: Millis) -> Result<bool> {
    let sql = "SELECT 1 FROM tasks
               WHERE ended_at IS NULL AND (state = 'queued' OR lease_until <= ?1) LIMIT 1";
    Ok(db.prepare_cached(sql)?.exists([now])?)
}

/// Takes a task of the application that has the fewest at work, then in turn.
pub(super) fn claim(
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
    let capacity = claiming.capacity.map_or(i64::MAX, saturated);
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
pub(super) fn claimed(db: &Connection<'_>, token: &str) -> Result<Option<Claimed>> {
    let sql = format!("SELECT {TASK} FROM tasks WHERE lease_until IS NOT NULL AND claim = ?1");
    let task = db.prepare_cached(&sql)?.query_row([token], read_task).optional()?;
    Ok(task.map(|task| Claimed::Task(Box::new(task))))
}

/// Renews the leases of claims; answers those that are still held.
pub(super) fn renew(
    db: &Connection<'_>,
    claims: &[String],
    lease_until: Millis,
) -> Result<Vec<String>> {
    let sql = "UPDATE tasks SET lease_until = ?1
               WHERE lease_until IS NOT NULL AND instr(?2, ',' || claim || ',') > 0 RETURNING claim";
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let claims = format!(",{},", claims.join(","));
    let kept = db.prepare_cached(sql)?.query_map(params![lease_until, claims], |row| row.get(0))?;
    Ok(kept.collect::<Result<_, _>>()?)
}

pub(super) fn park(db: &Connection<'_>, id: &str, claim: &str) -> Result<bool> {
    let sql = "UPDATE tasks SET state = 'queued', lease_until = NULL, parked = parked + 1,
                   claim = NULL, instance = NULL
               WHERE id = ?1 AND claim = ?2 AND state = 'processing'";
    Ok(db.prepare_cached(sql)?.execute([id, claim])? > 0)
}

/// Queues the tasks that dead instances had at work.
pub fn requeue(db: &Connection<'_>, dead_before: Millis) -> Result<u64> {
    let sql = format!(
        "UPDATE tasks SET state = 'queued', lease_until = NULL, claim = NULL, instance = NULL
         WHERE ended_at IS NULL AND state = 'processing' AND {DEAD}"
    );
    Ok(db.prepare_cached(&sql)?.execute([dead_before])?)
}
