//! The processes at work, and what dead ones left.

use async_trait::async_trait;
use tokio::sync::mpsc::Receiver;

use crate::sql::{Connection, Row, params};
use crate::{Instance, Instances, Millis, Recovered, Result, sql};

use super::{Database, Lock, Rows, keyed_requests, ledger, saturated, tasks, uploads, webhooks};

/// Whether a row's instance is dead, where `?1` is the time since which it must have been seen. Rows
/// without one are from a release that had no instances.
pub(super) const DEAD: &str = "NOT EXISTS (SELECT 1 FROM instances living
    WHERE living.id = instance AND living.seen_at >= ?1)";

#[async_trait]
impl<D: Database> Instances for Rows<D> {
    fn instance(&self) -> &str {
        &self.instance
    }

    async fn beat(&self, kind: &str, name: &str, version: &str, now: Millis) -> Result<()> {
        let id = self.instance.clone();
        let (kind, name, version) = (kind.to_owned(), name.to_owned(), version.to_owned());
        self.write(Lock::Nothing, move |db| beat(db, [&id, &kind, &name, &version], now)).await
    }

    async fn offer(&self, services: &[String], capacity: u64) -> Result<()> {
        let (id, services) = (self.instance.clone(), format!(",{},", services.join(",")));
        let capacity = saturated(capacity);
        self.write(Lock::Nothing, move |db| {
            let sql = "UPDATE instances SET services = ?2, capacity = ?3 WHERE id = ?1";
            db.prepare_cached(sql)?.execute(params![id, services, capacity])?;
            Ok(())
        })
        .await
    }

    async fn leave(&self) -> Result<()> {
        let id = self.instance.clone();
        self.write(Lock::Nothing, move |db| {
            db.prepare_cached("DELETE FROM instances WHERE id = ?1")?.execute([&id])?;
            Ok(())
        })
        .await
    }

    async fn leave_all(&self) -> Result<()> {
        self.write(Lock::Nothing, |db| {
            db.prepare_cached("DELETE FROM instances")?.execute(())?;
            Ok(())
        })
        .await
    }

    async fn instances(&self) -> Result<Vec<Instance>> {
        self.quick(list).await
    }

    async fn recover(&self, dead_before: Millis, now: Millis) -> Result<Recovered> {
        let tasks = self.write(Lock::Nothing, move |db| tasks::requeue(db, dead_before)).await?;
        let mut holds = 0;
        while let Some(owner) = self.quick(move |db| ledger::orphans_owner(db, dead_before)).await?
        {
            let release =
                move |db: &Connection<'_>| ledger::release_orphans(db, owner, dead_before, now);
            holds += self.write(Lock::Application(owner), release).await?;
        }
        while let Some(id) = self.quick(move |db| uploads::orphan(db, dead_before)).await? {
            let lock = Lock::OfUpload(id.clone());
            self.write(lock, move |db| uploads::fail_orphan(db, &id, dead_before)).await?;
        }
        self.write(Lock::Nothing, move |db| {
            keyed_requests::abandon_orphans(db, dead_before)?;
            webhooks::requeue(db, dead_before, now)?;
            let sql = "DELETE FROM instances WHERE seen_at < ?1";
            db.prepare_cached(sql)?.execute([dead_before])?;
            for table in ["at_work", "usage_batches"] {
                let sql =
                    format!("DELETE FROM {table} WHERE instance NOT IN (SELECT id FROM instances)");
                db.prepare_cached(&sql)?.execute(())?;
            }
            Ok(())
        })
        .await?;
        Ok(Recovered { tasks, holds })
    }

    async fn clock(&self) -> Result<Millis> {
        self.database.clock().await
    }

    async fn lead(&self, what: &str, until: Millis, now: Millis) -> Result<bool> {
        let (what, id) = (what.to_owned(), self.instance.clone());
        self.write(Lock::Nothing, move |db| {
            let sql = "INSERT INTO leads (what, instance, until) VALUES (?1, ?2, ?3)
                       ON CONFLICT (what) DO UPDATE
                           SET instance = excluded.instance, until = excluded.until
                           WHERE leads.until <= ?4 OR leads.instance = excluded.instance";
            Ok(db.prepare_cached(sql)?.execute(params![what, id, until, now])? > 0)
        })
        .await
    }

    async fn announce(&self) -> Result<()> {
        self.database.announce().await
    }

    async fn listen(&self) -> Result<Receiver<()>> {
        self.database.listen().await
    }
}

/// Whether an instance seen since `?3` may do a task of the service `?4` and the size `?5`: one says that it
/// can, or has not said what it can, or none lives that does tasks.
pub(super) const POSSIBLE: &str = "SELECT coalesce(max(CASE WHEN services = ''
        OR (capacity >= ?5 AND instr(services, ',' || ?4 || ',') > 0) THEN 1 ELSE 0 END), 1)
    FROM instances WHERE seen_at >= ?3 AND services <> ',,'";

fn beat(db: &Connection<'_>, [id, kind, name, version]: [&String; 4], now: Millis) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO instances (id, kind, name, version, started_at, seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
    )?
    .execute(params![id, kind, name, version, now])?;
    Ok(())
}

fn list(db: &Connection<'_>) -> Result<Vec<Instance>> {
    let sql = "SELECT id, kind, name, version, started_at, seen_at FROM instances
               ORDER BY started_at, id";
    let instance = |row: &Row| -> sql::Result<Instance> {
        Ok(Instance {
            id: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            version: row.get(3)?,
            started_at: row.get(4)?,
            seen_at: row.get(5)?,
        })
    };
    Ok(db.prepare_cached(sql)?.query_map((), instance)?.collect::<Result<_, _>>()?)
}
