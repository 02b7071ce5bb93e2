//! What unit tests share: the state of a server that serves nothing.

use std::sync::Arc;

use safelight_inference::Registry;
use safelight_store::{
    Blobs, Credits, Hold, HoldOutcome, HoldRequest, KeySecret, Limits, NewApplication, Store,
};
use safelight_vision::Vision;
use tempfile::TempDir;

use crate::app::{App, Parts, Role, now};
use crate::credits::Releaser;
use crate::settings::Settings;

/// The state over a store, with its files in a folder, and an application with nine credits.
pub(crate) async fn app(store: Arc<dyn Store>, folder: &TempDir) -> (Arc<App>, i64) {
    let registry = Arc::new(Registry::empty());
    let parts = Parts {
        settings: Settings::default(),
        store,
        blobs: Blobs::local(folder.path().join("files")).expect("files"),
        secret: KeySecret::new([7; 32]),
        library_key: safelight_library::MasterKey::new([7; 32]),
        vision: Vision::new(registry.clone()),
        registry,
        installation: Err("these are tests".to_owned()),
        configuration: Vec::new(),
        role: Role::Serve,
    };
    let (releaser, _) = Releaser::start(parts.store.clone());
    let address = ([127, 0, 0, 1], 80).into();
    let app = App::start(parts, &[], address, releaser).expect("threads");
    app.store.create_user("user", now()).await.expect("user");
    let new = NewApplication {
        user: "user".to_owned(),
        name: "application".to_owned(),
        limits: Limits::default(),
        key: None,
    };
    let id = app.store.create_application(&new, now()).await.expect("application").id;
    app.store.add_credits(id, "common", Credits::whole(9), now()).await.expect("credits");
    (app, id)
}

/// A request for a credit that ends within an hour.
pub(crate) fn hold(application: i64, request_id: &str) -> HoldRequest {
    HoldRequest {
        application,
        pool: "common".to_owned(),
        amount: Credits::whole(1),
        request_id: request_id.to_owned(),
        expires_at: now() + 3_600_000,
    }
}

/// The hold of credits that are there.
pub(crate) fn held(outcome: HoldOutcome) -> Hold {
    match outcome {
        HoldOutcome::Held(hold) => hold,
        HoldOutcome::NotEnough { .. } => panic!("credits are there"),
    }
}
