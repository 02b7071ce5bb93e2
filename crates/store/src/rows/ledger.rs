//! The books. Credits of a pool lie in four accounts, which are columns of its row:
//!
//! ```text
//! issued ──▶ balance ──▶ held ──▶ spent
//!        ◀──         ◀──
//! ```
//!
//! Each transfer is a row, and moves its amount between two of them. The row's own checks hold the
//! books together: no account is ever negative, and `issued = balance + held + spent`.

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, Row, params};
use crate::{
    Audit, COMMON_POOL, Credits, Hold, HoldOutcome, HoldRequest, Ledger, Millis, Pool, Result,
    StoreError, sql,
};

use super::instances::DEAD;
use super::{Database, Lock, Rows, SWEEP, accounts, audit, unique};

#[async_trait]
impl<D: Database> Ledger for Rows<D> {
    async fn add_credits(
        &self,
        application: i64,
        pool: &str,
        amount: Credits,
        now: Millis,
    ) -> Result<Pool> {
        let pool = pool.to_owned();
        self.write(Lock::Application(application), move |db| {
            add_credits(db, application, &pool, amount, now)
        })
        .await
    }

    async fn set_balance_warning(
        &self,
        application: i64,
        pool: &str,
        warning: Credits,
    ) -> Result<()> {
        let pool = pool.to_owned();
        self.write(Lock::Nothing, move |db| set_balance_warning(db, application, &pool, warning))
            .await
    }

    async fn pools(&self, application: i64) -> Result<Vec<Pool>> {
        self.quick(move |db| pools(db, application)).await
    }

    async fn hold(&self, request: &HoldRequest, now: Millis) -> Result<HoldOutcome> {
        let request = request.clone();
        let (lock, instance) = (Lock::Application(request.application), self.instance.clone());
        let id = request.request_id.clone();
        let change = move |db: &Connection<'_>| hold(db, &request, &instance, now);
        self.write_once(lock, change, move |db| held(db, &id)).await
    }

    async fn settle(&self, hold: &Hold, now: Millis) -> Result<bool> {
        let id = hold.id;
        let look = move |db: &Connection<'_>| is_closed(db, id, "settled");
        self.write_once(Lock::OfHold(id), move |db| close(db, id, Closing::Settle, now), look).await
    }

    async fn release(&self, hold: &Hold, now: Millis) -> Result<bool> {
        let id = hold.id;
        let look = move |db: &Connection<'_>| is_closed(db, id, "released");
        self.write_once(Lock::OfHold(id), move |db| close(db, id, Closing::Release, now), look)
            .await
    }

    async fn release_stale_holds(&self, now: Millis) -> Result<u64> {
        let mut sum = 0;
        while let Some(owner) = self.quick(move |db| stale_owner(db, now)).await? {
            let release = move |db: &Connection<'_>| release_stale(db, owner, now);
            sum += self.write(Lock::Application(owner), release).await?;
        }
        Ok(sum)
    }

    async fn audit(&self) -> Result<Audit> {
        self.slow(audit::audit).await
    }
}

/// Most characters of a pool's sign.
const SIGN_LENGTH: usize = 100;

pub fn open_pool(db: &Connection<'_>, application: i64, sign: &str, now: Millis) -> Result<()> {
    let fine = (1..=SIGN_LENGTH).contains(&sign.len())
        && sign.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !fine {
        return Err(StoreError::Invalid(format!(
            "the sign of a pool must have 1 to {SIGN_LENGTH} letters, digits, `_`, `-` or `.`"
        )));
    }
    db.prepare_cached(
        "INSERT INTO pools (application_id, sign, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![application, sign, now])?;
    Ok(())
}

/// Columns that [`read_pool`] takes, in its order.
const POOL: &str = "sign, balance, held, total, last_recharge_balance, balance_warning,
    coalesce(first_buy_at, created_at), updated_at FROM pools";

fn read_pool(row: &Row) -> sql::Result<Pool> {
    Ok(Pool {
        sign: row.get(0)?,
        balance: Credits(row.get(1)?),
        held: Credits(row.get(2)?),
        total: Credits(row.get(3)?),
        last_recharge_balance: Credits(row.get(4)?),
        balance_warning: Credits(row.get(5)?),
        first_buy_time: row.get(6)?,
        last_update_time: row.get(7)?,
    })
}

pub fn pools(db: &Connection<'_>, application: i64) -> Result<Vec<Pool>> {
    let sql =
        format!("SELECT {POOL} WHERE application_id = ?1 ORDER BY sign <> '{COMMON_POOL}', sign");
    let pools: Vec<Pool> =
        db.prepare_cached(&sql)?.query_map([application], read_pool)?.collect::<Result<_, _>>()?;
    // Every application has `common` from the start.
    if pools.is_empty() {
        return Err(accounts::unknown_application(application));
    }
    Ok(pools)
}

fn add_credits(
    db: &Connection<'_>,
    application: i64,
    sign: &str,
    amount: Credits,
    now: Millis,
) -> Result<Pool> {
    accounts::check_application(db, application)?;
    open_pool(db, application, sign, now)?;
    let bought = amount.0.max(0);
    // The other accounts are parts of `issued`: where that and `total` fit into 64 bits, all do.
    let sql = format!(
        "UPDATE pools SET issued = issued + ?3, balance = balance + ?3, total = total + ?4,
             updated_at = ?5,
             last_recharge_balance = CASE WHEN ?4 > 0 THEN balance + ?3
                 ELSE last_recharge_balance END,
             first_buy_at = CASE WHEN ?4 > 0 THEN coalesce(first_buy_at, ?5)
                 ELSE first_buy_at END
         WHERE application_id = ?1 AND sign = ?2 AND balance >= -CAST(?3 AS BIGINT)
             AND total <= {most} - CAST(?4 AS BIGINT) AND issued <= {most} - CAST(?4 AS BIGINT)
         RETURNING id",
        most = i64::MAX
    );
    // The least number has no opposite, and there is never so much to take.
    let taken = amount.0.max(-i64::MAX);
    let changed: Option<i64> = db
        .prepare_cached(&sql)?
        .query_row(params![application, sign, taken, bought, now], |row| row.get(0))
        .optional()?;
    let Some(pool) = changed else { return Err(refused_credits(db, application, sign, amount)) };
    match amount.0 {
        0 => {}
        1.. => transfer(db, pool, ["issued", "balance"], amount.0, None, now)?,
        ..0 => transfer(db, pool, ["balance", "issued"], -amount.0, None, now)?,
    }
    let sql = format!("SELECT {POOL} WHERE id = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([pool], read_pool)?)
}

/// Why a pool did not take an amount, be it positive or negative.
fn refused_credits(
    db: &Connection<'_>,
    application: i64,
    sign: &str,
    amount: Credits,
) -> StoreError {
    if amount.0 >= 0 {
        let most = Credits(i64::MAX);
        return StoreError::Conflict(format!(
            "pool `{sign}` cannot take {amount} credits: its total would pass {most}"
        ));
    }
    match balance(db, application, sign) {
        Ok(found) => StoreError::Conflict(format!(
            "pool `{sign}` has {} credits: {} cannot be taken from it",
            Credits(found.map_or(0, |(_, balance)| balance)),
            Credits(amount.0.saturating_neg())
        )),
        Err(error) => error,
    }
}

fn set_balance_warning(
    db: &Connection<'_>,
    application: i64,
    sign: &str,
    warning: Credits,
) -> Result<()> {
    if warning.0 < 0 {
        return Err(StoreError::Invalid(format!(
            "a balance warning must not be negative, got {warning}"
        )));
    }
    let sql = "UPDATE pools SET balance_warning = ?3 WHERE application_id = ?1 AND sign = ?2";
    match db.prepare_cached(sql)?.execute(params![application, sign, warning.0])? {
        0 => Err(StoreError::NotFound(format!("pool `{sign}` of application {application}"))),
        _ => Ok(()),
    }
}

/// Sets credits aside for a request of that instance.
fn hold(
    db: &Connection<'_>,
    request: &HoldRequest,
    instance: &str,
    now: Millis,
) -> Result<HoldOutcome> {
    let Some(pool) = set_aside(db, request, now)? else {
        let (own, common) = left(db, request)?;
        return Ok(HoldOutcome::NotEnough { own, common });
    };
    let HoldRequest { request_id, amount, expires_at, .. } = request;
    let id = db
        .prepare_cached(INSERT_HOLD)?
        .insert(params![pool, request_id, amount.0, 0, now, expires_at, instance])
        .map_err(|e| is_held(e, request_id))?;
    transfer(db, pool, ["balance", "held"], amount.0, Some(id), now)?;
    Ok(HoldOutcome::Held(Hold { id }))
}

/// Sets credits of a pool aside for a task, whose end closes the hold: the one of the request's id. The pool is
/// what [`able_pool`] found inside the same change; nothing here waits for an answer.
pub fn hold_for_task(
    db: &Connection<'_>,
    request: &HoldRequest,
    pool: i64,
    now: Millis,
) -> Result<()> {
    let HoldRequest { request_id, amount, expires_at, .. } = request;
    db.prepare_cached(
        "UPDATE pools SET balance = balance - ?2, held = held + ?2, updated_at = ?3 WHERE id = ?1",
    )?
    .post([pool, amount.0, now])?;
    let instance: Option<&str> = None;
    db.prepare_cached(INSERT_HOLD)?
        .post(params![pool, request_id, amount.0, 1, now, expires_at, instance])
        .map_err(|e| is_held(e, request_id))?;
    db.prepare_cached(
        "INSERT INTO transfers (pool_id, from_account, to_account, amount, hold_id, at)
         SELECT pool_id, 'balance', 'held', amount, id, created_at FROM holds
         WHERE request_id = ?1 AND amount > 0",
    )?
    .post([request_id])?;
    Ok(())
}

const INSERT_HOLD: &str = "INSERT INTO holds
    (pool_id, request_id, amount, for_task, created_at, expires_at, instance)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

fn is_held(error: sql::Error, request_id: &str) -> StoreError {
    unique(error, || format!("request {request_id} holds credits already"))
}

/// What the pool of a request and `common` have.
pub fn left(db: &Connection<'_>, request: &HoldRequest) -> Result<(Credits, Credits)> {
    accounts::check_application(db, request.application)?;
    let left = |sign: &str| {
        let found = balance(db, request.application, sign)?;
        Ok::<_, StoreError>(Credits(found.map_or(0, |(_, balance)| balance)))
    };
    Ok((left(&request.pool)?, left(COMMON_POOL)?))
}

/// What a hold answered that was made.
fn held(db: &Connection<'_>, request_id: &str) -> Result<Option<HoldOutcome>> {
    let sql = "SELECT id FROM holds WHERE request_id = ?1";
    let id = db.prepare_cached(sql)?.query_row([request_id], |row| row.get(0)).optional()?;
    Ok(id.map(|id| HoldOutcome::Held(Hold { id })))
}

/// That a hold was closed so.
fn is_closed(db: &Connection<'_>, hold: i64, state: &str) -> Result<Option<bool>> {
    let sql = "SELECT 1 FROM holds WHERE id = ?1 AND state = ?2";
    Ok(db.prepare_cached(sql)?.exists(params![hold, state])?.then_some(true))
}

/// Moves the amount from a pool's balance to what it holds: the service's own pool, else `common`.
/// Answers the pool, `None` where neither has enough, or the application is not there.
fn set_aside(db: &Connection<'_>, request: &HoldRequest, now: Millis) -> Result<Option<i64>> {
    check_amount(request.amount)?;
    let sql = format!(
        "UPDATE pools SET balance = balance - ?3, held = held + ?3, updated_at = ?4
         WHERE id = {} RETURNING id",
        able_pool("?2", "?3")
    );
    let values = params![request.application, request.pool, request.amount.0, now];
    Ok(db.prepare_cached(&sql)?.query_row(values, |row| row.get(0)).optional()?)
}

/// Refuses a hold that would add to a balance.
pub fn check_amount(amount: Credits) -> Result<()> {
    match amount.0 {
        0.. => Ok(()),
        _ => Err(StoreError::Invalid(format!("a hold must not be negative, got {amount}"))),
    }
}

/// The row number of the application's (`?1`) pool that has an amount: the one of that sign, else `common`. Both
/// are parameters of the statement that it becomes part of. It is NULL where neither pool has enough, or the
/// application is not there.
pub fn able_pool(sign: &str, amount: &str) -> String {
    let able =
        format!("SELECT id FROM pools WHERE application_id = ?1 AND balance >= {amount} AND sign");
    format!(
        "(SELECT coalesce(({able} = {sign}), ({able} = '{COMMON_POOL}'))
          FROM applications WHERE id = ?1 AND deleted_at IS NULL)"
    )
}

/// A pool's row number and balance.
fn balance(db: &Connection<'_>, application: i64, sign: &str) -> Result<Option<(i64, i64)>> {
    let sql = "SELECT id, balance FROM pools WHERE application_id = ?1 AND sign = ?2";
    let values = params![application, sign];
    Ok(db.prepare_cached(sql)?.query_row(values, |row| row.try_into()).optional()?)
}

/// How a hold ends.
#[derive(Clone, Copy)]
pub enum Closing {
    /// The request succeeded: its price is spent.
    Settle,
    /// It did not: its price goes back.
    Release,
}

/// Ends a hold; `false` when it had ended before.
pub fn close(db: &Connection<'_>, hold: i64, closing: Closing, now: Millis) -> Result<bool> {
    let (state, pools, account) = match closing {
        Closing::Settle => (
            "settled",
            "UPDATE pools SET held = held - ?2, spent = spent + ?2, updated_at = ?3 WHERE id = ?1",
            "spent",
        ),
        Closing::Release => (
            "released",
            "UPDATE pools SET held = held - ?2, balance = balance + ?2, updated_at = ?3
             WHERE id = ?1",
            "balance",
        ),
    };
    let closed: Option<(i64, i64)> = db
        .prepare_cached(
            "UPDATE holds SET state = ?2, closed_at = ?3 WHERE id = ?1 AND state = 'open'
             RETURNING pool_id, amount",
        )?
        .query_row(params![hold, state, now], |row| row.try_into())
        .optional()?;
    let Some((pool, amount)) = closed else { return Ok(false) };
    db.prepare_cached(pools)?.post(params![pool, amount, now])?;
    transfer(db, pool, ["held", account], amount, Some(hold), now)?;
    Ok(true)
}

fn transfer(
    db: &Connection<'_>,
    pool: i64,
    [from, to]: [&str; 2],
    amount: i64,
    hold: Option<i64>,
    now: Millis,
) -> Result<()> {
    if amount > 0 {
        db.prepare_cached(
            "INSERT INTO transfers (pool_id, from_account, to_account, amount, hold_id, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .post(params![pool, from, to, amount, hold, now])?;
    }
    Ok(())
}

/// Holds of no task whose time is over.
const STALE: &str = "state = 'open' AND for_task = 0 AND expires_at <= ?1";

/// An application that has stale holds.
fn stale_owner(db: &Connection<'_>, now: Millis) -> Result<Option<i64>> {
    owner_where(db, STALE, now)
}

/// Releases some stale holds of an application: at most [`SWEEP`].
fn release_stale(db: &Connection<'_>, application: i64, now: Millis) -> Result<u64> {
    release_where(db, STALE, now, application, now)
}

/// Holds of no task that dead instances left.
fn orphaned() -> String {
    format!("state = 'open' AND for_task = 0 AND {DEAD}")
}

/// An application that has holds of no task that dead instances left.
pub fn orphans_owner(db: &Connection<'_>, dead_before: Millis) -> Result<Option<i64>> {
    owner_where(db, &orphaned(), dead_before)
}

/// Releases some of those holds: at most [`SWEEP`].
pub fn release_orphans(
    db: &Connection<'_>,
    application: i64,
    dead_before: Millis,
    now: Millis,
) -> Result<u64> {
    release_where(db, &orphaned(), dead_before, application, now)
}

/// Releases every hold of an application.
pub fn release_all(db: &Connection<'_>, application: i64, now: Millis) -> Result<()> {
    let sql = "SELECT h.id FROM holds h JOIN pools p ON p.id = h.pool_id
               WHERE h.state = 'open' AND p.application_id = ?1 ORDER BY h.id";
    let holds: Vec<i64> = db
        .prepare_cached(sql)?
        .query_map([application], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    release_each(db, &holds, now)
}

fn owner_where(db: &Connection<'_>, which: &str, time: Millis) -> Result<Option<i64>> {
    let sql = format!(
        "SELECT application_id FROM pools WHERE id =
             (SELECT pool_id FROM holds WHERE {which} LIMIT 1)"
    );
    Ok(db.prepare_cached(&sql)?.query_row([time], |row| row.get(0)).optional()?)
}

fn release_where(
    db: &Connection<'_>,
    which: &str,
    time: Millis,
    application: i64,
    now: Millis,
) -> Result<u64> {
    let sql = format!(
        "SELECT id FROM holds WHERE {which}
             AND pool_id IN (SELECT id FROM pools WHERE application_id = ?2)
         LIMIT {SWEEP}"
    );
    let holds: Vec<i64> = db
        .prepare_cached(&sql)?
        .query_map([time, application], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    release_each(db, &holds, now)?;
    Ok(holds.len() as u64)
}

fn release_each(db: &Connection<'_>, holds: &[i64], now: Millis) -> Result<()> {
    for hold in holds {
        close(db, *hold, Closing::Release, now)?;
    }
    Ok(())
}
