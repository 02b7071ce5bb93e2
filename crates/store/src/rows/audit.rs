//! The audit: computes from the transfers what every pool and every hold should say, and names
//! each that says otherwise.

use crate::sql::Connection;
use crate::{Audit, Credits, Result};

/// Most findings that a report lists.
const FINDINGS: usize = 100;

/// Checks, each a query whose every row is the sentence of one finding.
const CHECKS: &[&str] = &[
    // The accounts of a pool are the sums of its transfers, and so is what was ever bought.
    "WITH sums AS (
         SELECT pool_id,
             sum(CASE WHEN from_account = 'issued' THEN amount ELSE 0 END)
                 - sum(CASE WHEN to_account = 'issued' THEN amount ELSE 0 END) AS issued,
             sum(CASE WHEN to_account = 'balance' THEN amount ELSE 0 END)
                 - sum(CASE WHEN from_account = 'balance' THEN amount ELSE 0 END) AS balance,
             sum(CASE WHEN to_account = 'held' THEN amount ELSE 0 END)
                 - sum(CASE WHEN from_account = 'held' THEN amount ELSE 0 END) AS held,
             sum(CASE WHEN to_account = 'spent' THEN amount ELSE 0 END) AS spent,
             sum(CASE WHEN from_account = 'issued' THEN amount ELSE 0 END) AS total
         FROM transfers GROUP BY pool_id
     )
     SELECT format('pool %s: issued %s, balance %s, held %s, spent %s, total %s; its transfers '
             || 'add up to %s, %s, %s, %s, %s', p.id, p.issued, p.balance, p.held, p.spent,
             p.total, s.issued, s.balance, s.held, s.spent, s.total)
     FROM pools p LEFT JOIN sums s ON s.pool_id = p.id
     WHERE p.issued <> coalesce(s.issued, 0) OR p.balance <> coalesce(s.balance, 0)
         OR p.held <> coalesce(s.held, 0) OR p.spent <> coalesce(s.spent, 0)
         OR p.total <> coalesce(s.total, 0)",
    // The same equation that each pool's row guards.
    "SELECT format('pool %s: %s issued are not %s balance, %s held and %s spent',
         id, issued, balance, held, spent)
     FROM pools
     WHERE issued <> balance + held + spent OR balance < 0 OR held < 0 OR spent < 0",
    // What is held and spent are the open and the settled holds.
    "SELECT format('pool %s: held %s and spent %s; its holds add up to %s and %s',
         p.id, p.held, p.spent, h.held, h.spent)
     FROM pools p JOIN (
         SELECT pool_id, sum(CASE WHEN state = 'open' THEN amount ELSE 0 END) AS held,
             sum(CASE WHEN state = 'settled' THEN amount ELSE 0 END) AS spent
         FROM holds GROUP BY pool_id
     ) h ON h.pool_id = p.id
     WHERE p.held <> h.held OR p.spent <> h.spent",
    // A hold moves its amount once when it opens and, where it closed, once more.
    "SELECT format('hold %s: %s of %s; moved %s to held, %s to spent, %s back',
         h.id, h.state, h.amount, t.held, t.spent, t.back)
     FROM holds h LEFT JOIN (
         SELECT hold_id, min(pool_id) AS pool, max(pool_id) AS other, count(*) AS transfers,
             sum(CASE WHEN to_account = 'held' THEN amount ELSE 0 END) AS held,
             sum(CASE WHEN to_account = 'spent' THEN amount ELSE 0 END) AS spent,
             sum(CASE WHEN to_account = 'balance' THEN amount ELSE 0 END) AS back
         FROM transfers WHERE hold_id IS NOT NULL GROUP BY hold_id
     ) t ON t.hold_id = h.id
     WHERE coalesce(t.held, 0) <> h.amount
         OR coalesce(t.spent, 0) <> CASE WHEN h.state = 'settled' THEN h.amount ELSE 0 END
         OR coalesce(t.back, 0) <> CASE WHEN h.state = 'released' THEN h.amount ELSE 0 END
         OR coalesce(t.transfers, 0) <> CASE WHEN h.amount = 0 THEN 0 ELSE CASE WHEN h.state = 'open' THEN 1 ELSE 2 END END
         OR t.pool <> h.pool_id OR t.other <> h.pool_id",
    // The end of a task closes its hold.
    "SELECT format('task %s is %s, its hold %s %s', t.id, t.state, h.id, h.state)
     FROM tasks t JOIN holds h ON h.id = t.hold_id
     WHERE h.for_task = 0 OR h.state <> CASE t.state
         WHEN 'queued' THEN 'open' WHEN 'processing' THEN 'open' WHEN 'done' THEN 'settled'
         WHEN 'reclaimed' THEN CASE WHEN h.state = 'open' THEN '' ELSE h.state END ELSE 'released' END",
    // A hold of a task has it, as long as it is open.
    "SELECT format('hold %s is of a task that does not exist', h.id)
     FROM holds h
     WHERE h.state = 'open' AND h.for_task = 1
         AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.hold_id = h.id AND t.ended_at IS NULL)",
    // Each sum of files is that of their rows.
    "SELECT format('files have %s bytes, the sum says %s', d.files, d.used)
     FROM (SELECT used, (SELECT coalesce(sum(size), 0) FROM files
                             WHERE reclaimed = 0 AND counter = disk.id) AS files FROM disk) d
     WHERE d.used <> d.files",
    // And so is the sum of the inputs and uploads.
    "SELECT format('inputs have %s bytes, the sum says %s', d.files, d.inputs)
     FROM (SELECT inputs, (SELECT coalesce(sum(size), 0) FROM inputs WHERE counter = disk.id)
               + (SELECT coalesce(sum(size), 0) FROM uploads WHERE counter = disk.id) AS files
           FROM disk) d
     WHERE d.inputs <> d.files",
    // Each group of faces counts what it has.
    "SELECT format('group %s has %s users and %s faces, it counts %s and %s',
         g.id, g.has_users, g.has_faces, g.users, g.faces)
     FROM (SELECT id, users, faces,
               (SELECT count(*) FROM face_users u WHERE u.group_row = face_groups.id) AS has_users,
               (SELECT count(*) FROM faces f WHERE f.group_row = face_groups.id) AS has_faces
           FROM face_groups) g
     WHERE g.users <> g.has_users OR g.faces <> g.has_faces",
];

pub fn audit(db: &Connection<'_>) -> Result<Audit> {
    let mut errors = Vec::new();
    for check in CHECKS {
        let mut statement = db.prepare_cached(check)?;
        let room = FINDINGS - errors.len();
        for finding in statement.query_map((), |row| row.get(0))?.take(room) {
            errors.push(finding?);
        }
    }
    let sums = "SELECT CAST(coalesce(sum(issued), 0) AS BIGINT),
                    CAST(coalesce(sum(balance), 0) AS BIGINT),
                    CAST(coalesce(sum(held), 0) AS BIGINT),
                    CAST(coalesce(sum(spent), 0) AS BIGINT)
                FROM pools";
    let [issued, balances, held, spent] = db.prepare_cached(sums)?.query_row((), |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?].map(Credits))
    })?;
    let counts = "SELECT count(*) FILTER (WHERE state = 'open'),
                      count(*) FILTER (WHERE state = 'settled')
                  FROM holds";
    let (open_holds, charges): (u32, u32) =
        db.prepare_cached(counts)?.query_row((), |row| row.try_into())?;
    let transfers: u32 =
        db.prepare_cached("SELECT count(*) FROM transfers")?.query_row((), |row| row.get(0))?;
    Ok(Audit {
        transfers: transfers.into(),
        issued,
        balances,
        held,
        spent,
        open_holds: open_holds.into(),
        charges: charges.into(),
        errors,
    })
}
