//! Credits of a request: held before the work, settled when it succeeded, else given back.

use std::sync::Arc;
use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Endpoint, Spec};
use safelight_store::{
    COMMON_POOL, Credits, Hold, HoldOutcome, HoldRequest, Pool, Principal, ServiceState, Store,
    StoreError,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::app::{App, Stored, now};

/// How often it is tried to charge a request whose connection to the store was lost, and the pause
/// between.
const CHARGING: (u32, Duration) = (10, Duration::from_secs(1));

/// Refuses a pool that none of these services pays from and that the application does not have: credits in it
/// would be lost.
///
/// # Errors
/// Names the pool, and how to find the others.
pub fn check_pool(
    mut endpoints: impl Iterator<Item = &'static Endpoint>,
    pools: &[Pool],
    pool: &str,
) -> std::result::Result<(), String> {
    let is_known = pool == COMMON_POOL
        || endpoints.any(|endpoint| endpoint.spec().pool == pool)
        || pools.iter().any(|one| one.sign == pool);
    match is_known {
        true => Ok(()),
        false => Err(format!(
            "no service pays from the pool `{pool}`; there are {COMMON_POOL} and the pools of `safelight services`"
        )),
    }
}

/// How a hold is to end.
enum Ending {
    /// The request was dropped before its end.
    Release(Hold),
    /// The request was answered, and whether it was charged is not known.
    Settle(Hold),
}

/// Ends the holds of requests that could not do so themselves.
#[derive(Clone)]
pub(crate) struct Releaser(mpsc::UnboundedSender<Ending>);

impl Releaser {
    /// Starts the task that does it; it ends when the last clone is gone.
    pub fn start(store: Arc<dyn Store>) -> (Self, JoinHandle<()>) {
        let (sender, mut holds) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Some(ending) = holds.recv().await {
                match ending {
                    Ending::Release(hold) => release(&*store, &hold).await,
                    Ending::Settle(hold) => settle(&*store, &hold).await,
                }
            }
        });
        (Self(sender), task)
    }

    fn end(&self, ending: Ending) {
        // The receiver lives as long as the app does; without it the hold goes stale.
        let _ = self.0.send(ending);
    }
}

async fn release(store: &dyn Store, hold: &Hold) {
    if let Err(error) = store.release(hold, now()).await {
        // It goes stale by itself, and the sweep releases it then.
        tracing::error!(%error, hold = hold.id, "a hold could not be released");
    }
}

/// Charges a hold, unless that was done before.
async fn settle(store: &dyn Store, hold: &Hold) {
    let (tries, pause) = CHARGING;
    for _ in 0..tries {
        match store.settle(hold, now()).await {
            Ok(_) => return,
            Err(StoreError::Lost(_)) => sleep(pause).await,
            Err(error) => {
                tracing::error!(%error, hold = hold.id, "a request could not be charged");
                return;
            }
        }
    }
    // It goes stale by itself, and the sweep releases it then.
    tracing::error!(hold = hold.id, "a request was not charged: the database is away");
}

/// The price of a request for this application.
pub(crate) fn price(spec: &Spec, state: ServiceState) -> Credits {
    state.price.unwrap_or(Credits::whole(spec.price))
}

/// What to hold for a request of so many units of work that ends within `life`.
pub(crate) fn request(
    principal: &Principal,
    spec: &Spec,
    state: ServiceState,
    units: u32,
    request_id: &str,
    life: Duration,
) -> HoldRequest {
    HoldRequest {
        application: principal.application.id,
        pool: spec.pool.to_owned(),
        amount: price(spec, state).times(units),
        request_id: request_id.to_owned(),
        expires_at: now() + life.as_millis() as i64,
    }
}

/// `ERROR_NOT_ENOUGH_CREDITS`, with price, pools and balances.
pub(crate) fn held(request: &HoldRequest, outcome: HoldOutcome) -> Result<Hold> {
    match outcome {
        HoldOutcome::Held(hold) => Ok(hold),
        HoldOutcome::NotEnough { own, common } => Err(not_enough(request, own, common)),
    }
}

/// The refusal where the service's pool and `common` have too little.
pub(crate) fn not_enough(request: &HoldRequest, own: Credits, common: Credits) -> Fault {
    Fault::new(
        Code::NotEnoughCredits,
        format!(
            "the request costs {} credits, the pool {} has {own} and the pool common has {common}",
            request.amount, request.pool,
        ),
    )
}

/// Credits set aside for a request. Dropped without an end, they are given back.
pub(crate) struct Held<'a> {
    app: &'a App,
    hold: Option<Hold>,
}

impl<'a> Held<'a> {
    /// Sets credits aside.
    pub async fn take(app: &'a App, request: &HoldRequest) -> Result<Self> {
        let outcome = app.store.hold(request, now()).await.or_internal("holding the credits")?;
        Ok(Self { app, hold: Some(held(request, outcome)?) })
    }

    /// Charges them. Where the connection is lost and nobody knows whether they were charged, the
    /// request has succeeded, and they are charged when the connection is there again.
    pub async fn settle(mut self) -> Result<()> {
        let Some(hold) = &self.hold else { return Ok(()) };
        match self.app.store.settle(hold, now()).await {
            Err(error @ StoreError::Lost(_)) => {
                tracing::warn!(%error, hold = hold.id, "a request is charged later");
                self.app.releaser.end(Ending::Settle(hold.clone()));
            }
            charged => {
                if !charged.or_internal("charging the credits")? {
                    tracing::warn!(hold = hold.id, "the hold had gone stale, the request was free");
                }
            }
        }
        self.hold = None;
        Ok(())
    }

    /// Gives them back.
    pub async fn release(mut self) {
        if let Some(hold) = &self.hold {
            release(&*self.app.store, hold).await;
            self.hold = None;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.app.releaser.end(Ending::Release(hold));
        }
    }
}

#[cfg(test)]
mod tests {
    use safelight_store::shaky::Shaky;

    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_charge_whose_answer_was_lost_is_made_once() {
        for (lost, away) in [(0, 3), (1, 2)] {
            let folder = tempfile::tempdir().expect("folder");
            let (store, shaking) = Shaky::open(folder.path().join("db")).expect("database");
            let (app, application) = testing::app(Arc::new(store), &folder).await;
            let held = Held::take(&app, &testing::hold(application, "R")).await.expect("held");
            shaking.lose_commits(lost);
            shaking.go_away(away);
            held.settle().await.expect("the request has succeeded");
            loop {
                let audit = app.store.audit().await;
                if let Ok(audit) = audit.as_ref().map(|audit| audit.charges)
                    && audit == 1
                {
                    break;
                }
                sleep(Duration::from_millis(1)).await;
            }
            let audit = app.store.audit().await.expect("audit");
            assert_eq!((audit.errors, audit.held), (Vec::new(), Credits::default()));
        }
    }
}
