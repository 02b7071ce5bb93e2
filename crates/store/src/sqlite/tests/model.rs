//! What a store should remember, in memory.

use std::collections::BTreeMap;

use crate::{Millis, TASK_LIFE, TaskState};

/// Times that a task may be taken.
pub const MAX_ATTEMPTS: u32 = 2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books {
    pub balance: i64,
    pub held: i64,
    pub spent: i64,
    pub total: i64,
}

#[derive(Clone, Debug)]
pub struct ModelHold {
    pub id: i64,
    pub pool: (usize, usize),
    pub amount: i64,
    pub expires_at: Millis,
    pub for_task: bool,
    pub open: bool,
}

#[derive(Clone, Debug)]
pub struct ModelTask {
    pub application: usize,
    pub hold: usize,
    pub state: TaskState,
    pub attempt: u32,
    /// The tokens of its claims.
    pub claims: Vec<String>,
    pub parked: u32,
    pub lease_until: Millis,
    pub expires_at: Millis,
    pub turn: i64,
}

impl ModelTask {
    /// The token of the latest claim, or of one so many before it.
    pub fn token(&self, before: usize) -> &str {
        let index = self.claims.len().checked_sub(1 + before);
        index.map_or("none", |index| &self.claims[index])
    }

    fn is_free(&self, now: Millis) -> bool {
        self.state == TaskState::Queued
            || self.state == TaskState::Processing && self.lease_until <= now
    }
}

/// What the store should remember.
#[derive(Clone, Default)]
pub struct Model {
    pub now: Millis,
    pub pools: BTreeMap<(usize, usize), Books>,
    pub holds: Vec<ModelHold>,
    pub tasks: Vec<ModelTask>,
    pub charges: u64,
}

impl Model {
    pub fn books(&mut self, pool: (usize, usize)) -> &mut Books {
        self.pools.entry(pool).or_default()
    }

    pub fn top_up(&mut self, pool: (usize, usize), amount: i64) -> bool {
        let left = self.pools.get(&pool).map_or(0, |books| books.balance) + amount;
        if left < 0 {
            return false;
        }
        let books = self.books(pool);
        books.balance = left;
        books.total += amount.max(0);
        true
    }

    /// The pool that pays.
    pub fn payer(&self, application: usize, pool: usize, amount: i64) -> Option<(usize, usize)> {
        let candidates = [(application, pool), (application, 0)];
        let pays = |pool: &(usize, usize)| {
            self.pools.get(pool).is_some_and(|books| books.balance >= amount)
        };
        candidates.into_iter().find(pays)
    }

    pub fn hold(&mut self, id: i64, pool: (usize, usize), amount: i64, life: Option<i64>) -> usize {
        let books = self.books(pool);
        books.balance -= amount;
        books.held += amount;
        let (expires_at, for_task) = (self.now + life.unwrap_or(0), life.is_none());
        self.holds.push(ModelHold { id, pool, amount, expires_at, for_task, open: true });
        self.holds.len() - 1
    }

    pub fn close(&mut self, hold: usize, settle: bool) -> bool {
        let ModelHold { pool, amount, open, .. } = self.holds[hold];
        if open {
            self.holds[hold].open = false;
            let books = self.books(pool);
            books.held -= amount;
            *(if settle { &mut books.spent } else { &mut books.balance }) += amount;
            self.charges += u64::from(settle);
        }
        open
    }

    pub fn release_where(&mut self, stale: impl Fn(&ModelHold) -> bool) -> u64 {
        let open = |hold: &ModelHold| hold.open && !hold.for_task && stale(hold);
        let holds: Vec<_> = (0..self.holds.len()).filter(|i| open(&self.holds[*i])).collect();
        for hold in &holds {
            self.close(*hold, false);
        }
        holds.len() as u64
    }

    pub fn end(&mut self, task: usize, state: TaskState, expires_at: Millis) {
        self.tasks[task].state = state;
        self.tasks[task].expires_at = expires_at;
        assert!(self.close(self.tasks[task].hold, state == TaskState::Done));
    }

    /// The turn of the next task of an application.
    pub fn next_turn(&self, application: usize) -> i64 {
        let turns = |state, of: Option<usize>| {
            let wanted = move |t: &&ModelTask| {
                t.state == state && of.is_none_or(|application| t.application == application)
            };
            self.tasks.iter().filter(wanted).map(|task| task.turn)
        };
        let (queued, processing) = (TaskState::Queued, TaskState::Processing);
        let now = turns(processing, None).max().or(turns(queued, None).min()).unwrap_or(0);
        let own = turns(queued, Some(application)).chain(turns(processing, Some(application)));
        own.max().map_or(now, |last| now.max(last + 1))
    }

    /// How many tasks are queued, in all and of an application.
    pub fn queue(&self, application: usize) -> (u64, u64) {
        let queued = self.tasks.iter().filter(|task| task.state == TaskState::Queued);
        let own = queued.clone().filter(|task| task.application == application);
        (queued.count() as u64, own.count() as u64)
    }

    /// The task that a claim takes, and its attempt; fails those that crashed too often.
    pub fn claim(&mut self, lease: i64) -> Option<(usize, u32)> {
        while let Some(number) = self.next() {
            let task = &mut self.tasks[number];
            if task.attempt - task.parked < MAX_ATTEMPTS {
                task.attempt += 1;
                task.state = TaskState::Processing;
                task.lease_until = self.now + lease;
                return Some((number, task.attempt));
            }
            self.end(number, TaskState::Failed, self.now + TASK_LIFE);
        }
        None
    }

    fn next(&self) -> Option<usize> {
        let at_work = |application| {
            let held = |t: &&ModelTask| {
                t.state == TaskState::Processing
                    && t.lease_until > self.now
                    && t.application == application
            };
            self.tasks.iter().filter(held).count()
        };
        let free = (0..self.tasks.len()).filter(|number| self.tasks[*number].is_free(self.now));
        free.min_by_key(|number| {
            let task = &self.tasks[*number];
            (at_work(task.application), task.turn, *number)
        })
    }

    pub fn recover(&mut self) -> (u64, u64) {
        let processing = self.tasks.iter_mut().filter(|t| t.state == TaskState::Processing);
        let queued = processing.map(|task| task.state = TaskState::Queued).count();
        (queued as u64, self.release_where(|_| true))
    }

    pub fn reclaim(&mut self) -> u64 {
        let now = self.now;
        let open = |state| matches!(state, TaskState::Queued | TaskState::Processing);
        let over = self.tasks.iter_mut().filter(|task| {
            !open(task.state) && task.state != TaskState::Reclaimed && task.expires_at <= now
        });
        over.map(|task| task.state = TaskState::Reclaimed).count() as u64
    }
}
