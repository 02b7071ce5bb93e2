//! The audit: computes from the transfers what every pool and every hold should say, and names
//! each that says otherwise.

use rusqlite::Connection;

use crate::{Audit, Credits, Result};

/// Most findings that a report lists.
const FINDINGS: usize = 100;

/// Checks, each a query whose every row is the sentence of one finding.
const CHECKS: &[&str] = &[
    // The accounts of a pool are the sums of its transfers, and so is what was ever bought.
    "WITH sums AS (
         SELECT pool_id,
             sum(iif(from_account = 'issued', amount, 0))
                 - sum(iif(to_account = 'issued', amount, 0)) AS issued,
             sum(iif(to_account = 'balance', amount, 0))
                 - sum(iif(from_account = 'balance', amount, 0)) AS balance,
             sum(iif(to_account = 'held', amount, 0))
                 - sum(iif(from_account = 'held', amount, 0)) AS held,
             sum(iif(to_account = 'spent', amount, 0)) AS spent,
             sum(iif(from_account = 'issued', amount, 0)) AS total
         FROM transfers GROUP BY pool_id
     )
     SELECT format('pool %d: issued %d, balance %d, held %d, spent %d, total %d; its transfers '
             || 'add up to %d, %d, %d, %d, %d', p.id, p.issued, p.balance, p.held, p.spent,
             p.total, s.issued, s.balance, s.held, s.spent, s.total)
     FROM pools p LEFT JOIN sums s ON s.pool_id = p.id
     WHERE p.issued <> ifnull(s.issued, 0) OR p.balance <> ifnull(s.balance, 0)
         OR p.held <> ifnull(s.held, 0) OR p.spent <> ifnull(s.spent, 0)
         OR p.total <> ifnull(s.total, 0)",
    // The same equation that each pool's row guards.
    "SELECT format('pool %d: %d issued are not %d balance, %d held and %d spent',
         id, issued, balance, held, spent)
     FROM pools
     WHERE issued <> balance + held + spent OR min(balance, held, spent) < 0",
    // What is held and spent are the open and the settled holds.
    "SELECT format('pool %d: held %d and spent %d; its holds add up to %d and %d',
         p.id, p.held, p.spent, h.held, h.spent)
     FROM pools p JOIN (
         SELECT pool_id, sum(iif(state = 'open', amount, 0)) AS held,
             sum(iif(state = 'settled', amount, 0)) AS spent
         FROM holds GROUP BY pool_id
     ) h ON h.pool_id = p.id
     WHERE p.held <> h.held OR p.spent <> h.spent",
    // A hold moves its amount once when it opens and, where it closed, once more.
    "SELECT format('hold %d: %s of %d; moved %d to held, %d to spent, %d back',
         h.id, h.state, h.amount, t.held, t.spent, t.back)
     FROM holds h LEFT JOIN (
         SELECT hold_id, min(pool_id) AS pool, max(pool_id) AS other, count(*) AS transfers,
             sum(iif(to_account = 'held', amount, 0)) AS held,
             sum(iif(to_account = 'spent', amount, 0)) AS spent,
             sum(iif(to_account = 'balance', amount, 0)) AS back
         FROM transfers WHERE hold_id IS NOT NULL GROUP BY hold_id
     ) t ON t.hold_id = h.id
     WHERE ifnull(t.held, 0) <> h.amount
         OR ifnull(t.spent, 0) <> iif(h.state = 'settled', h.amount, 0)
         OR ifnull(t.back, 0) <> iif(h.state = 'released', h.amount, 0)
         OR ifnull(t.transfers, 0) <> iif(h.amount = 0, 0, iif(h.state = 'open', 1, 2))
         OR t.pool <> h.pool_id OR t.other <> h.pool_id",
    // The end of a task closes its hold.
    "SELECT format('task %s is %s, its hold %d %s', t.id, t.state, h.id, h.state)
     FROM tasks t JOIN holds h ON h.id = t.hold_id
     WHERE NOT h.for_task OR h.state <> CASE t.state
         WHEN 'queued' THEN 'open' WHEN 'processing' THEN 'open' WHEN 'done' THEN 'settled'
         WHEN 'reclaimed' THEN iif(h.state = 'open', '', h.state) ELSE 'released' END",
    // A hold of a task has it, as long as it is open.
    "SELECT format('hold %d is of a task that does not exist', h.id)
     FROM holds h
     WHERE h.state = 'open' AND h.for_task
         AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.hold_id = h.id AND t.ended_at IS NULL)",
    // The sum of the files is that of their rows.
    "SELECT format('files have %d bytes, the sum says %d', f.used, d.used)
     FROM disk d, (SELECT ifnull(sum(size), 0) AS used FROM files WHERE reclaimed = 0) f
     WHERE d.used <> f.used",
    // And so is the sum of the inputs and uploads.
    "SELECT format('inputs have %d bytes, the sum says %d', i.used, d.inputs)
     FROM disk d, (SELECT (SELECT ifnull(sum(size), 0) FROM inputs)
                       + (SELECT ifnull(sum(size), 0) FROM uploads) AS used) i
     WHERE d.inputs <> i.used",
];

pub fn audit(db: &Connection) -> Result<Audit> {
    let mut errors = Vec::new();
    for check in CHECKS {
        let mut statement = db.prepare(check)?;
        let room = FINDINGS - errors.len();
        for finding in statement.query_map([], |row| row.get(0))?.take(room) {
            errors.push(finding?);
        }
    }
    let [issued, balances, held, spent] = db.query_row(
        "SELECT ifnull(sum(issued), 0), ifnull(sum(balance), 0), ifnull(sum(held), 0),
             ifnull(sum(spent), 0) FROM pools",
        [],
        |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?].map(Credits)),
    )?;
    let (open_holds, charges): (u32, u32) = db.query_row(
        "SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'settled')
         FROM holds",
        [],
        |row| row.try_into(),
    )?;
    let transfers: u32 = db.query_row("SELECT count(*) FROM transfers", [], |row| row.get(0))?;
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
