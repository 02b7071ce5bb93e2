//! The books. Credits of a pool lie in four accounts, which are columns of its row:
//!
//! ```text
//! issued ──▶ balance ──▶ held ──▶ spent
//!        ◀──         ◀──
//! ```
//!
//! Each transfer is a row, and moves its amount between two of them. The row's own checks hold the
//! books together: no account is ever negative, and `issued = balance + held + spent`.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Credits, Hold, HoldOutcome, HoldRequest, Millis, Pool, Result, StoreError};

use super::{SWEEP, accounts, unique};

/// The pool that every service may use.
pub const COMMON: &str = "common";

/// Most characters of a pool's sign.
const SIGN_LENGTH: usize = 100;

pub fn open_pool(db: &Connection, application: i64, sign: &str, now: Millis) -> Result<()> {
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

fn read_pool(row: &Row<'_>) -> rusqlite::Result<Pool> {
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

pub fn pools(db: &Connection, application: i64) -> Result<Vec<Pool>> {
    let sql = format!("SELECT {POOL} WHERE application_id = ?1 ORDER BY sign <> '{COMMON}', sign");
    let pools: Vec<Pool> =
        db.prepare_cached(&sql)?.query_map([application], read_pool)?.collect::<Result<_, _>>()?;
    // Every application has `common` from the start.
    if pools.is_empty() {
        return Err(accounts::unknown_application(application));
    }
    Ok(pools)
}

pub fn add_credits(
    db: &Connection,
    application: i64,
    sign: &str,
    amount: Credits,
    now: Millis,
) -> Result<Pool> {
    accounts::check_application(db, application)?;
    open_pool(db, application, sign, now)?;
    let (pool, issued, balance, total): (i64, i64, i64, i64) = db
        .prepare_cached(
            "SELECT id, issued, balance, total FROM pools WHERE application_id = ?1 AND sign = ?2",
        )?
        .query_row(params![application, sign], |row| row.try_into())?;
    // The other accounts are parts of `issued`: where that fits into 64 bits, they all do.
    let bought = amount.0.max(0);
    let (Some(issued), Some(total)) = (issued.checked_add(amount.0), total.checked_add(bought))
    else {
        return Err(StoreError::Conflict(format!(
            "pool `{sign}` cannot take {amount} credits: its total would pass {}",
            Credits(i64::MAX)
        )));
    };
    let left = balance.saturating_add(amount.0);
    if left < 0 {
        return Err(StoreError::Conflict(format!(
            "pool `{sign}` has {} credits: {} cannot be taken from it",
            Credits(balance),
            Credits(amount.0.saturating_neg())
        )));
    }
    db.prepare_cached(
        "UPDATE pools SET issued = ?2, balance = ?3, total = ?4, updated_at = ?5,
             last_recharge_balance = iif(?6, ?3, last_recharge_balance),
             first_buy_at = iif(?6, coalesce(first_buy_at, ?5), first_buy_at)
         WHERE id = ?1",
    )?
    .execute(params![pool, issued, left, total, now, bought > 0])?;
    match amount.0 {
        0 => {}
        1.. => transfer(db, pool, ["issued", "balance"], amount.0, None, now)?,
        ..0 => transfer(db, pool, ["balance", "issued"], -amount.0, None, now)?,
    }
    Ok(db.prepare_cached(&format!("SELECT {POOL} WHERE id = ?1"))?.query_row([pool], read_pool)?)
}

pub fn set_balance_warning(
    db: &Connection,
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

/// Sets credits aside, for a task (whose end closes the hold) or for a request.
pub fn hold(
    db: &Connection,
    request: &HoldRequest,
    for_task: bool,
    now: Millis,
) -> Result<HoldOutcome> {
    let amount = request.amount.0;
    if amount < 0 {
        return Err(StoreError::Invalid(format!(
            "a hold must not be negative, got {}",
            request.amount
        )));
    }
    accounts::check_application(db, request.application)?;
    let (own, common) = candidates(db, request)?;
    let Some((pool, _)) = own.into_iter().chain(common).find(|(_, balance)| *balance >= amount)
    else {
        let balance = |pool: Option<(i64, i64)>| Credits(pool.map_or(0, |(_, balance)| balance));
        return Ok(HoldOutcome::NotEnough { own: balance(own), common: balance(common) });
    };
    let id = db
        .prepare_cached(
            "INSERT INTO holds (pool_id, request_id, amount, for_task, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![pool, request.request_id, amount, for_task, now, request.expires_at])
        .map_err(|e| {
            unique(e, || format!("request {} holds credits already", request.request_id))
        })?;
    db.prepare_cached(
        "UPDATE pools SET balance = balance - ?2, held = held + ?2, updated_at = ?3 WHERE id = ?1",
    )?
    .execute(params![pool, amount, now])?;
    transfer(db, pool, ["balance", "held"], amount, Some(id), now)?;
    Ok(HoldOutcome::Held(Hold { id }))
}

/// A pool's row number and balance.
type Candidate = Option<(i64, i64)>;

/// The pools that may pay: the service's own, and `common`.
fn candidates(db: &Connection, request: &HoldRequest) -> Result<(Candidate, Candidate)> {
    let mut statement =
        db.prepare_cached("SELECT id, balance FROM pools WHERE application_id = ?1 AND sign = ?2")?;
    let mut pool = |sign: &str| {
        statement.query_row(params![request.application, sign], |row| row.try_into()).optional()
    };
    Ok((pool(&request.pool)?, pool(COMMON)?))
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
pub fn close(db: &Connection, hold: i64, closing: Closing, now: Millis) -> Result<bool> {
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
    db.prepare_cached(pools)?.execute(params![pool, amount, now])?;
    transfer(db, pool, ["held", account], amount, Some(hold), now)?;
    Ok(true)
}

fn transfer(
    db: &Connection,
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
        .execute(params![pool, from, to, amount, hold, now])?;
    }
    Ok(())
}

/// Releases some holds of no task whose time is over: at most [`SWEEP`].
pub fn release_stale(db: &Connection, now: Millis) -> Result<u64> {
    let sql = format!(
        "SELECT id FROM holds WHERE state = 'open' AND for_task = 0 AND expires_at <= ?1
         LIMIT {SWEEP}"
    );
    release_each(db, &sql, now, now)
}

/// Releases every hold of no task.
pub fn release_orphans(db: &Connection, now: Millis) -> Result<u64> {
    release_each(db, "SELECT id FROM holds WHERE state = 'open' AND for_task = ?1", 0, now)
}

/// Releases every hold of an application.
pub fn release_all(db: &Connection, application: i64, now: Millis) -> Result<()> {
    let sql = "SELECT h.id FROM holds h JOIN pools p ON p.id = h.pool_id
               WHERE h.state = 'open' AND p.application_id = ?1";
    release_each(db, sql, application, now).map(drop)
}

fn release_each(db: &Connection, sql: &str, parameter: i64, now: Millis) -> Result<u64> {
    let holds: Vec<i64> = db
        .prepare_cached(sql)?
        .query_map([parameter], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for hold in &holds {
        close(db, *hold, Closing::Release, now)?;
    }
    Ok(holds.len() as u64)
}
