//! Sums of how the API was used.

use std::cmp::Reverse;

use async_trait::async_trait;
use rusqlite::{Connection, Row, ToSql, named_params, params};

use crate::{Credits, LATENCY_MS, NewUsage, Result, UsageFilter, UsageReport, UsageRows, UsageSum};

use super::Sqlite;

/// Which rows a report is about.
const WANTED: &str = "hour >= :from AND hour < :until
    AND (:application IS NULL OR application_id = :application)
    AND (:service IS NULL OR service = :service)";

#[async_trait]
impl UsageRows for Sqlite {
    async fn add_usage(&self, rows: &[NewUsage]) -> Result<()> {
        let rows = rows.to_vec();
        self.writer.run(move |db| rows.iter().try_for_each(|row| add(db, row))).await
    }

    async fn usage(&self, filter: &UsageFilter) -> Result<UsageReport> {
        let filter = filter.clone();
        self.readers.slow(move |db| report(db, &filter)).await
    }

    async fn forget_usage(&self, before: i64) -> Result<()> {
        let forget = move |db: &Connection| {
            db.prepare_cached("DELETE FROM usage WHERE hour < ?1")?.execute([before])?;
            db.prepare_cached("DELETE FROM usage_latency WHERE hour < ?1")?.execute([before])?;
            Ok(())
        };
        self.writer.run(forget).await
    }
}

fn add(db: &Connection, row: &NewUsage) -> Result<()> {
    let NewUsage { hour, application, service, code, requests, credits, latency } = row;
    db.prepare_cached(
        "INSERT INTO usage VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET
             requests = requests + excluded.requests, credits = credits + excluded.credits",
    )?
    .execute(params![hour, application, service, code, *requests as i64, credits.0])?;
    let mut bucket = db.prepare_cached(
        "INSERT INTO usage_latency VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET requests = requests + excluded.requests",
    )?;
    for (index, count) in latency.iter().enumerate().filter(|(_, count)| **count > 0) {
        bucket.execute(params![hour, application, service, index as i64, *count as i64])?;
    }
    Ok(())
}

fn report(db: &Connection, filter: &UsageFilter) -> Result<UsageReport> {
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
fn sums<K>(db: &Connection, filter: &UsageFilter, by: &str) -> Result<Vec<(K, UsageSum)>>
where
    K: rusqlite::types::FromSql + Ord,
{
    let mut sums = std::collections::BTreeMap::<K, UsageSum>::new();
    let sql = format!(
        "SELECT {by}, sum(requests), sum(iif(code = '', 0, requests)), sum(credits)
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
        "SELECT {by}, bucket, sum(requests) FROM usage_latency WHERE {WANTED} GROUP BY 1, 2"
    );
    each(db, &sql, filter, |row| {
        let (bucket, count): (u32, i64) = (row.get(1)?, row.get(2)?);
        let sum = sums.entry(row.get(0)?).or_default();
        sum.latency[(bucket as usize).min(LATENCY_MS.len())] += count.unsigned_abs();
        Ok(())
    })?;
    Ok(sums.into_iter().collect())
}

fn codes(db: &Connection, filter: &UsageFilter) -> Result<Vec<(String, u64)>> {
    let sql = format!(
        "SELECT code, sum(requests) FROM usage WHERE {WANTED} AND code <> ''
         GROUP BY 1 ORDER BY 2 DESC, 1"
    );
    let mut codes = Vec::new();
    each(db, &sql, filter, |row| {
        codes.push((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
        Ok(())
    })?;
    Ok(codes)
}

fn each(
    db: &Connection,
    sql: &str,
    filter: &UsageFilter,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Result<()> {
    let UsageFilter { application, service, from, until, .. } = filter;
    let wanted: &[(&str, &dyn ToSql)] = named_params! {
        ":from": from, ":until": until, ":application": application, ":service": service,
    };
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(wanted)?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}
