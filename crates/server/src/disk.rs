//! Room on the disk: the budget that result files and the inputs of tasks share, and the reserve that
//! stays free of both.

use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Delivery, Endpoint};
use safelight_store::{DiskUse, KeyKind};

use crate::app::{App, Stored};
use crate::settings::ResultSettings;

/// When a caller who met a lack of room should try again.
const RETRY: Duration = Duration::from_secs(60);

/// What lies on the disk and what is left of it, in bytes.
pub(crate) struct Room {
    /// What result files and inputs take.
    pub used: DiskUse,
    /// What the file system has left, or why that is not known.
    pub free: std::result::Result<u64, String>,
}

impl Room {
    /// The room as it is now.
    pub async fn now(app: &App) -> Result<Self> {
        let used = app.store.disk_use().await.or_internal("measuring the disk")?;
        Ok(Self { used, free: app.blobs.free_space().map_err(|error| error.to_string()) })
    }

    /// Why nothing more may be written for a key of this kind; `None` when there is room. Sandboxes,
    /// which pay nothing, leave half of it to the others.
    pub fn lack(&self, settings: &ResultSettings, kind: KeyKind) -> Option<String> {
        let reserve = settings.disk_reserve;
        let budget = match kind {
            KeyKind::Live => settings.disk_budget,
            KeyKind::Sandbox => settings.disk_budget / 2,
        };
        match &self.free {
            Err(why) => Some(format!("the free space of the disk is not known: {why}")),
            Ok(free) if *free < reserve => Some(format!(
                "the disk has {free} bytes free, below the reserve of {reserve} \
                 (results.disk_reserve)"
            )),
            Ok(_) if !self.used.leaves(1, budget) => {
                Some(format!("{} (results.disk_budget)", full(self.used, budget)))
            }
            Ok(_) => None,
        }
    }
}

/// That the disk budget is used up, and by what.
pub(crate) fn full(used: DiskUse, budget: u64) -> String {
    let DiskUse { results, inputs } = used;
    format!(
        "result files take {results} and the inputs of tasks {inputs} of the {budget} bytes that \
         they may take"
    )
}

/// `ERROR_INSUFFICIENT_RESOURCES`, before any work, when the service writes files and there is no
/// room for them.
pub(crate) async fn check(app: &App, endpoint: &Endpoint, kind: KeyKind) -> Result<()> {
    if !endpoint.answers_files() && endpoint.spec().delivery == Delivery::Sync {
        return Ok(());
    }
    check_room(app, kind).await
}

/// `ERROR_INSUFFICIENT_RESOURCES` when there is no room for files.
pub(crate) async fn check_room(app: &App, kind: KeyKind) -> Result<()> {
    match Room::now(app).await?.lack(&app.settings.results, kind) {
        None => Ok(()),
        Some(why) => Err(no_room(&why)),
    }
}

/// `ERROR_INSUFFICIENT_RESOURCES` for want of room on the disk.
pub(crate) fn no_room(why: &str) -> Fault {
    let message = format!("this server has no room for files: {why}");
    Fault::new(Code::InsufficientResources, message).retry_after(RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_named() {
        let settings =
            ResultSettings { disk_budget: 100, disk_reserve: 50, ..ResultSettings::default() };
        let room = |results, inputs, free: std::result::Result<u64, &str>| Room {
            used: DiskUse { results, inputs },
            free: free.map_err(str::to_owned),
        };
        let lack =
            |results, inputs, free| room(results, inputs, free).lack(&settings, KeyKind::Live);
        assert_eq!(lack(60, 39, Ok(50)), None);
        assert!(lack(0, 0, Ok(49)).is_some_and(|why| why.contains("49 bytes free")));
        assert!(lack(60, 40, Ok(50)).is_some_and(|why| why.contains("inputs of tasks 40")));
        assert!(lack(0, 0, Err("gone")).is_some_and(|why| why.contains("gone")));
        let sandbox = |results| room(results, 9, Ok(50)).lack(&settings, KeyKind::Sandbox);
        assert_eq!(sandbox(40), None);
        assert!(sandbox(41).is_some_and(|why| why.contains("of the 50 bytes")));
    }
}
