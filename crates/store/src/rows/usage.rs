//! Sums of how the API was used.

use std::cmp::Reverse;

use crate::sql::{Connection, FromValue, Row, params};
use async_trait::async_trait;

use crate::{Credits, LATENCY_MS, NewUsage, Result, UsageFilter, UsageReport, UsageRows, UsageSum};

use super::{Database, Lock, Rows};

/// Which rows a report is about.
const WANTED: &str = "hour >= ?1 AND hour < ?2
    AND (CAST(?3 AS BIGINT) IS NULL OR application_id = ?3)
    AND (CAST(?4 AS TEXT) IS NULL OR service = ?4)";

#[async_trait]
impl<D: Database> UsageRows for Rows<D> {
    async fn add_usage(&self, batch: &str, rows: &[NewUsage]) -> Result<()> {
        let (instance, batch, rows) = (self.instance.clone(), batch.to_owned(), rows.to_vec());
        self.write(Lock::Nothing, move |db| match is_new(db, &instance, &batch)? {
            true => rows.iter().try_for_each(|row| add(db, row)),
            false => Ok(()),
        })
        .await
    }

    async fn usage(&self, filter: &UsageFilter) -> Result<UsageReport> {
        let filter = filter.clone();
        self.slow(move |db| report(db, &filter)).await
    }

    async fn forget_usage(&self, before: i64) -> Result<()> {
        let forget = move |db: &Connection<'_>| {
            db.prepare_cached("DELETE FROM usage WHERE hour < ?1")?.execute([before])?;
            db.prepare_cached("DELETE FROM usage_latency WHERE hour < ?1")?.execute([before])?;
            Ok(())
        };
        self.write(Lock::Nothing, forget).await
    }
}

/// Notes a batch of an instance; `false` where it was the last one already.
fn is_new(db: &Connection<'_>, instance: &str, batch: &str) -> Result<bool> {
    let sql = "INSERT INTO usage_batches (instance, batch) VALUES (?1, ?2)
               ON CONFLICT (instance) DO UPDATE SET batch = excluded.batch
                   WHERE usage_batches.batch <> excluded.batch";
    Ok(db.prepare_cached(sql)?.execute([instance, batch])? > 0)
}

fn add(db: &Connection<'_>, row: &NewUsage) -> Result<()> {
    let NewUsage { hour, application, service, code, requests, credits, latency } = row;
    db.prepare_cached(
        "INSERT INTO usage (hour, application_id, service, code, requests, credits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (hour, application_id, service, code) DO UPDATE SET
             requests = usage.requests + excluded.requests,
             credits = usage.credits + excluded.credits",
    )?
    .execute(params![hour, application, service, code, *requests as i64, credits.0])?;
    let mut bucket = db.prepare_cached(
        "INSERT INTO usage_latency (hour, application_id, service, bucket, requests)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hour, application_id, service, bucket) DO UPDATE SET
             requests = usage_latency.requests + excluded.requests",
    )?;
    for (index, count) in latency.iter().enumerate().filter(|(_, count)| **count > 0) {
        bucket.execute(params![hour, application, service, index as i64, *count as i64])?;
    }
    Ok(())
}

fn report(db: &Connection<'_>, filter: &UsageFilter) -> Result<UsageReport> {
    let step = format!("hour - hour % {}", filter.step.max(1));
    let mut steps = sums::<i64>(db, filter, &step)?;
    steps.sort_by_key(|(hour, _)| *hour);
    let mut services = sums::<String>(db, filter, "service")?;
    let mut applications = sums::<i64>(db, filter, "application_id")?;
    services.sort_by_key(|(_, sum)| Reverse(sum.requests));
    applications.sort_by_key(|(_, sum)| Reverse(sum.requests));
    Ok(UsageReport { steps, services, applications, codes: codes(db, filter)? })
}

/// The sums of the wanted rows, by an expression over their columns.
fn sums<K>(db: &Connection<'_>, filter: &UsageFilter, by: &str) -> Result<Vec<(K, UsageSum)>>
where
    K: FromValue + Ord,
{
    let mut sums = std::collections::BTreeMap::<K, UsageSum>::new();
    let sql = format!(
        "SELECT {by}, CAST(sum(requests) AS BIGINT),
             CAST(sum(CASE WHEN code = '' THEN 0 ELSE requests END) AS BIGINT),
             CAST(sum(credits) AS BIGINT)
         FROM usage WHERE {WANTED} GROUP BY 1"
    );
    each(db, &sql, filter, |row| {
        let counts: [i64; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        let sum = sums.entry(row.get(0)?).or_default();
        sum.requests = counts[0].unsigned_abs();
        sum.failures = counts[1].unsigned_abs();
        sum.credits = Credits(counts[2]);
        Ok(())
    })?;
    let sql = format!(
        "SELECT {by}, bucket, CAST(sum(requests) AS BIGINT)
         FROM usage_latency WHERE {WANTED} GROUP BY 1, 2"
    );
    each(db, &sql, filter, |row| {
        let (bucket, count): (u32, i64) = (row.get(1)?, row.get(2)?);
        let sum = sums.entry(row.get(0)?).or_default();
        sum.latency[(bucket as usize).min(LATENCY_MS.len())] += count.unsigned_abs();
        Ok(())
    })?;
    Ok(sums.into_iter().collect())
}

fn codes(db: &Connection<'_>, filter: &UsageFilter) -> Result<Vec<(String, u64)>> {
    let sql = format!(
        "SELECT code, CAST(sum(requests) AS BIGINT) FROM usage WHERE {WANTED} AND code <> ''
         GROUP BY 1 ORDER BY 2 DESC, 1"
    );
    let mut codes = Vec::new();
    each(db, &sql, filter, |row| {
        codes.push((row.get(0)?, row.get::<i64>(1)?.unsigned_abs()));
        Ok(())
    })?;
    Ok(codes)
}

fn each(
    db: &Connection<'_>,
    sql: &str,
    filter: &UsageFilter,
    take: impl FnMut(&Row) -> crate::sql::Result<()>,
) -> Result<()> {
    let UsageFilter { application, service, from, until, .. } = filter;
    let wanted = params![from, until, application, service];
    db.prepare_cached(sql)?.query_map(wanted, take)?.collect::<Result<(), _>>()?;
    Ok(())
}
