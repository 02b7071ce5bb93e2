//! Users, applications and what an application may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Credits, KeyHash, Millis};

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
    /// Services, by path, whose state is not the default.
    pub services: BTreeMap<String, ServiceState>,
}

impl Principal {
    /// What the application may do with the service at `path`.
    pub fn service(&self, path: &str) -> ServiceState {
        self.services.get(path).copied().unwrap_or_default()
    }
}
