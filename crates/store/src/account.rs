//! Users, applications and what an application may do.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{ApiKey, Credits, KeyHash, KeyKind, Millis, Result};

/// Someone who owns applications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Row number.
    pub id: i64,
    /// Unique name.
    pub name: String,
    /// Whether requests of all its applications are refused.
    pub locked: bool,
    /// When it was created.
    pub created_at: Millis,
}

/// What a request is made for: a key belongs to an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Application {
    /// Row number.
    pub id: i64,
    /// Name of the user that owns it.
    pub user: String,
    /// Name, unique for its user.
    pub name: String,
    /// Its limits.
    pub limits: Limits,
    /// When it was created.
    pub created_at: Millis,
}

/// What to create.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// Name of the user.
    pub user: String,
    /// Name of the application.
    pub name: String,
    /// Its limits.
    pub limits: Limits,
    /// Its first key: hash, and the hint shown in listings.
    pub key: Option<(KeyHash, String)>,
}

/// Limits of one application; `None` leaves it to the configuration's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Requests at work at the same time.
    pub concurrency: Option<u32>,
    /// Requests per second, sustained.
    pub requests_per_second: Option<u32>,
}

/// What an application may do with one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceState {
    /// Whether it may use it.
    pub enabled: bool,
    /// Price instead of the service's own.
    pub price: Option<Credits>,
}

impl Default for ServiceState {
    fn default() -> Self {
        Self { enabled: true, price: None }
    }
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The application.
    pub application: Application,
    /// Its user; `None` when that is deleted.
    pub user: Option<User>,
    /// Number of the key that was used; `None` where somebody who is signed in to the console acts for
    /// the application.
    pub key: Option<i64>,
    /// What requests with that key get.
    pub kind: KeyKind,
    /// Services, by path, whose state is not the default.
    pub services: BTreeMap<String, ServiceState>,
}

impl Principal {
    /// What the application may do with the service at `path`.
    pub fn service(&self, path: &str) -> ServiceState {
        self.services.get(path).copied().unwrap_or_default()
    }
}

/// Users, applications, keys, and what an application may do. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Creates a user. A name in use is [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn create_user(&self, name: &str, now: Millis) -> Result<User>;
    /// Every user that is not deleted, by name.
    async fn users(&self) -> Result<Vec<User>>;
    /// Locks or unlocks a user. Unknown is [`StoreError::NotFound`](crate::StoreError::NotFound), here and below.
    async fn lock_user(&self, name: &str, locked: bool) -> Result<()>;
    /// Deletes a user. The applications stay, their keys answer that the user is gone.
    async fn delete_user(&self, name: &str, now: Millis) -> Result<()>;
    /// Creates an application of a user, with a pool `common` of zero credits and, where `key` is
    /// given, with that key. A name that the user has in use is [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn create_application(&self, new: &NewApplication, now: Millis) -> Result<Application>;
    /// Every application that is not deleted, by user and name.
    async fn applications(&self) -> Result<Vec<Application>>;
    /// The application of that name; where two users have one, `user/name` tells them apart and
    /// the bare name is [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn application(&self, name: &str) -> Result<Application>;
    /// Changes the limits.
    async fn set_limits(&self, application: i64, limits: Limits) -> Result<()>;
    /// Switches a service on or off for an application, or overrides its price.
    async fn set_service(&self, application: i64, path: &str, state: ServiceState) -> Result<()>;
    /// Services, by path, whose state for an application is not the default.
    async fn services(&self, application: i64) -> Result<BTreeMap<String, ServiceState>>;
    /// Deletes an application: its keys stop working, queued tasks are revoked, processing ones
    /// stopped, and every open hold is released.
    async fn delete_application(&self, application: i64, now: Millis) -> Result<()>;
    /// Adds a key to an application; the key itself is never stored.
    async fn add_key(
        &self,
        application: i64,
        hash: &KeyHash,
        hint: &str,
        kind: KeyKind,
        now: Millis,
    ) -> Result<ApiKey>;
    /// The keys of an application that are not revoked.
    async fn keys(&self, application: i64) -> Result<Vec<ApiKey>>;
    /// Revokes one key, by its number; one that is revoked already does not exist.
    async fn revoke_key(&self, key: i64, now: Millis) -> Result<()>;
    /// Who a key belongs to; `None` when it is unknown, revoked, or its application is deleted.
    /// This is on the path of every request and must take microseconds.
    async fn authenticate(&self, hash: &KeyHash) -> Result<Option<Principal>>;
}
