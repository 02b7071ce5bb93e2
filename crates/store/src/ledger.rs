//! Credits. Amounts are whole thousandths, so that no sum is ever rounded.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Serialize, Serializer};

use crate::{Millis, Result};

/// The pool that every service may pay from. Every application has it.
pub const COMMON_POOL: &str = "common";

/// An amount of credits, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credits(pub i64);

impl Credits {
    /// Whole credits.
    pub const fn whole(credits: u32) -> Self {
        Self(credits as i64 * 1000)
    }

    /// The price of so many items.
    #[must_use]
    pub const fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(count as i64))
    }

    /// As the number that the API shows.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl FromStr for Credits {
    type Err = String;

    /// Reads a number with at most three decimals, up to a trillion either way.
    fn from_str(text: &str) -> Result<Self, String> {
        let number: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        let thousandths = number * 1000.0;
        if !thousandths.is_finite() || thousandths.abs() > 1e15 {
            return Err(format!("{text} is out of range"));
        }
        if (thousandths - thousandths.round()).abs() > 1e-6 {
            return Err(format!("{text} has more than three decimals"));
        }
        Ok(Self(thousandths.round() as i64))
    }
}

/// A credit pool of an application, as `query-credits` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// `common`, or a service's pool.
    pub sign: String,
    /// Credits left, holds taken off.
    pub balance: Credits,
    /// Credits held for requests at work.
    pub held: Credits,
    /// Credits ever bought; what was taken back again counts too.
    pub total: Credits,
    /// Balance right after the latest top-up.
    pub last_recharge_balance: Credits,
    /// Balance below which to warn.
    pub balance_warning: Credits,
    /// First top-up; the time of creation where there was none.
    pub first_buy_time: Millis,
    /// Latest change.
    pub last_update_time: Millis,
}

/// Credits to set aside.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// Who pays.
    pub application: i64,
    /// The service's own pool, which pays first.
    pub pool: String,
    /// How much; zero is fine.
    pub amount: Credits,
    /// The request that it is for; unique.
    pub request_id: String,
    /// When the hold is stale, unless it belongs to a task.
    pub expires_at: Millis,
}

/// Credits set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Row number.
    pub id: i64,
}

/// Whether the credits were there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// They were, and are set aside now.
    Held(Hold),
    /// They were not: what the service's pool and `common` have.
    NotEnough {
        /// Balance of the service's pool, zero where there is none.
        own: Credits,
        /// Balance of `common`.
        common: Credits,
    },
}

/// What an audit of the books found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Transfers in the books.
    pub transfers: u64,
    /// Credits issued, less those taken back: the sum of the next three.
    pub issued: Credits,
    /// Sum of all balances.
    pub balances: Credits,
    /// Sum of all open holds.
    pub held: Credits,
    /// Credits charged.
    pub spent: Credits,
    /// Open holds.
    pub open_holds: u64,
    /// Charges: holds that were settled.
    pub charges: u64,
    /// What does not add up; empty when the books are right.
    pub errors: Vec<String>,
}

/// Credits, and the books that they are kept in. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Adds credits to a pool, which is created where it is new. `amount` may be negative to take
    /// credits back, but never below zero: that is [`StoreError::Conflict`](crate::StoreError::Conflict). What is taken back
    /// still counts as bought, and is no top-up.
    async fn add_credits(
        &self,
        application: i64,
        pool: &str,
        amount: Credits,
        now: Millis,
    ) -> Result<Pool>;
    /// Sets the balance below which a pool's `balance_warning` speaks.
    async fn set_balance_warning(
        &self,
        application: i64,
        pool: &str,
        warning: Credits,
    ) -> Result<()>;
    /// The pools of an application, `common` first.
    async fn pools(&self, application: i64) -> Result<Vec<Pool>>;
    /// Sets credits aside for a request: from the service's pool where it holds the price, else
    /// from `common`, else nothing happens and the outcome says what is there. A request that holds
    /// or held credits already is [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn hold(&self, request: &HoldRequest, now: Millis) -> Result<HoldOutcome>;
    /// Charges a hold. `false` when it was settled or released before.
    async fn settle(&self, hold: &Hold, now: Millis) -> Result<bool>;
    /// Gives a hold back. `false` when it was settled or released before.
    async fn release(&self, hold: &Hold, now: Millis) -> Result<bool>;
    /// Gives back every hold of no task whose time is over; answers how many.
    async fn release_stale_holds(&self, now: Millis) -> Result<u64>;
    /// Checks the books: every transfer balances, every balance is the sum of its transfers.
    async fn audit(&self) -> Result<Audit>;
}
