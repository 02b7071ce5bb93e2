//! Limits over all processes: a bucket of tokens for each application, and the requests that each
//! process has at work for it.

use async_trait::async_trait;

use crate::sql::{Connection, OptionalExtension, params};
use crate::{DEAD_AFTER, Limits, Metered, Meters, Millis, Result};

use super::{Database, Lock, Rows};

#[async_trait]
impl<D: Database> Meters for Rows<D> {
    async fn enter(&self, application: i64, limits: Limits, now: Millis) -> Result<Metered> {
        let instance = self.instance.clone();
        let enter = move |db: &Connection<'_>| enter(db, application, &instance, limits, now);
        self.write(Lock::Application(application), enter).await
    }

    async fn exit(&self, application: i64) -> Result<()> {
        let instance = self.instance.clone();
        self.write(Lock::Nothing, move |db| {
            let sql = "UPDATE at_work SET requests = requests - 1
                       WHERE application_id = ?1 AND instance = ?2 AND requests > 0";
            db.prepare_cached(sql)?.execute(params![application, instance])?;
            Ok(())
        })
        .await
    }

    async fn set_at_work(&self, counts: &[(i64, u32)]) -> Result<()> {
        let (instance, counts) = (self.instance.clone(), counts.to_vec());
        self.write(Lock::Nothing, move |db| {
            db.prepare_cached("DELETE FROM at_work WHERE instance = ?1")?.execute([&instance])?;
            for (application, requests) in &counts {
                set(db, *application, &instance, *requests)?;
            }
            Ok(())
        })
        .await
    }
}

fn set(db: &Connection<'_>, application: i64, instance: &str, requests: u32) -> Result<()> {
    let sql = "INSERT INTO at_work (application_id, instance, requests) VALUES (?1, ?2, ?3)
               ON CONFLICT (application_id, instance) DO UPDATE SET requests = excluded.requests";
    db.prepare_cached(sql)?.execute(params![application, instance, requests])?;
    Ok(())
}

fn enter(
    db: &Connection<'_>,
    application: i64,
    instance: &str,
    limits: Limits,
    now: Millis,
) -> Result<Metered> {
    // A process that is dead has nothing at work.
    let sql = "SELECT CAST(coalesce(sum(requests), 0) AS BIGINT),
                   CAST(coalesce(sum(CASE WHEN w.instance = ?2 THEN requests ELSE 0 END), 0)
                       AS BIGINT)
               FROM at_work w
               WHERE application_id = ?1 AND (w.instance = ?2 OR EXISTS
                   (SELECT 1 FROM instances i WHERE i.id = w.instance AND i.seen_at >= ?3))";
    let values = params![application, instance, now - DEAD_AFTER];
    let (all, own): (u32, u32) = db.prepare_cached(sql)?.query_row(values, |row| row.try_into())?;
    if limits.concurrency.is_some_and(|most| all >= most) {
        return Ok(Metered::TooMany(all));
    }
    if let Some(rate) = limits.requests_per_second.filter(|rate| *rate > 0)
        && let Some(wait) = take_token(db, application, rate, now)?
    {
        return Ok(Metered::TooFast(wait));
    }
    set(db, application, instance, own + 1)?;
    Ok(Metered::Entered)
}

/// Takes a token from a bucket that holds those of one second; else answers when there is one.
fn take_token(
    db: &Connection<'_>,
    application: i64,
    rate: u32,
    now: Millis,
) -> Result<Option<u32>> {
    let most = f64::from(rate);
    let sql = "SELECT tokens, counted_at FROM meters WHERE application_id = ?1";
    let known: Option<(f64, i64)> =
        db.prepare_cached(sql)?.query_row([application], |row| row.try_into()).optional()?;
    let tokens = known.map_or(most, |(tokens, counted_at)| {
        let passed = (now - counted_at).max(0) as f64 / 1000.0;
        (tokens + passed * most).min(most)
    });
    if tokens < 1.0 {
        return Ok(Some(((1.0 - tokens) / most * 1000.0).ceil() as u32));
    }
    let sql = "INSERT INTO meters (application_id, tokens, counted_at) VALUES (?1, ?2, ?3)
               ON CONFLICT (application_id) DO UPDATE
                   SET tokens = excluded.tokens, counted_at = excluded.counted_at";
    db.prepare_cached(sql)?.execute(params![application, tokens - 1.0, now])?;
    Ok(None)
}
