//! Credits of a request: held before the work, settled when it succeeded, else given back.

use std::sync::Arc;
use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_operation::Spec;
use safelight_store::{Credits, Hold, HoldOutcome, HoldRequest, Principal, ServiceState, Store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::{App, Stored, now};

/// Gives back the holds of requests that were dropped before their end.
#[derive(Clone)]
pub(crate) struct Releaser(mpsc::UnboundedSender<Hold>);

impl Releaser {
    /// Starts the task that does it; it ends when the last clone is gone.
    pub fn start(store: Arc<dyn Store>) -> (Self, JoinHandle<()>) {
        let (sender, mut holds) = mpsc::unbounded_channel::<Hold>();
        let task = tokio::spawn(async move {
            while let Some(hold) = holds.recv().await {
                release(&*store, &hold).await;
            }
        });
        (Self(sender), task)
    }
}

async fn release(store: &dyn Store, hold: &Hold) {
    if let Err(error) = store.release(hold, now()).await {
        // It goes stale by itself, and the sweep releases it then.
        tracing::error!(%error, hold = hold.id, "a hold could not be released");
    }
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

    /// Charges them.
    pub async fn settle(mut self) -> Result<()> {
        let Some(hold) = &self.hold else { return Ok(()) };
        let charged = self.app.store.settle(hold, now()).await;
        if !charged.or_internal("charging the credits")? {
            tracing::warn!(hold = hold.id, "the hold had gone stale, the request was free");
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
            // The receiver lives as long as the app does; without it the hold goes stale.
            let _ = self.app.releaser.0.send(hold);
        }
    }
}
