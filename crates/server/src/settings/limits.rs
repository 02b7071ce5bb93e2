//! How much the server takes at once.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use safelight_operation::Spec;
use serde::{Deserialize, Serialize};

use super::{at_least, between, cores};
use crate::memory::Allowance;

/// What this process may take. Limits do not change under a running process in a way that it could
/// follow, so they are read once.
static ALLOWANCE: LazyLock<Option<Allowance>> = LazyLock::new(Allowance::of_this_process);

/// Bytes that jobs need at least.
const LEAST_FOR_JOBS: u64 = 48 << 20;

/// The least memory budget.
const LEAST_BUDGET: u64 = 64 << 20;

/// The most memory that is taken where no budget is set.
const MOST_UNASKED: u64 = 3 << 30;

/// Limits on requests and on the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Memory of the whole process in bytes: request bodies (an eighth), models, and jobs (the
    /// rest). 0 means three quarters of what this process may take (the least of the machine's
    /// memory, its control groups' limits and its address space), but at most 3 GiB. Default 0.
    pub memory_budget: u64,
    /// Pixels of all pictures at work together. Default 400,000,000.
    pub max_pixels_at_work: u64,
    /// Jobs at work together, each on a thread of its own; 0 means one for each core. Default 0.
    pub workers: u32,
    /// Requests that may wait for a worker and as many for memory. Applications are served in
    /// turns; one more request is refused at once, or takes the place of the newest request of an
    /// application that has more of them. Default 32.
    pub queue: u32,
    /// Longest wait in that queue. Default 10.
    pub queue_wait_seconds: u64,
    /// Largest request body in bytes. Default 48 MiB.
    pub max_body_bytes: u64,
    /// Largest answer in bytes, Base64 included; result files do not count. Default 64 MiB.
    pub max_answer_bytes: u64,
    /// Open connections, of which there are never more than half of the files that the process may
    /// open. For a further one, the one that has been idle for longest is closed; where all are
    /// busy, it waits. Default 1024.
    pub connections: u32,
    /// Open connections from one address (for IPv6, one network of 64 bits); 0 means no limit. For
    /// a further one, the address's longest idle one is closed; where all are busy, it is refused.
    /// Default 256.
    pub connections_per_address: u32,
    /// Networks, such as `10.0.0.0/8`, that `connections_per_address` does not count for: a reverse
    /// proxy brings all clients from its own address. Default: the machine itself.
    pub proxies: Vec<IpNet>,
    /// Longest wait for a request's header, idle connections included. Default 30.
    pub header_timeout_seconds: u64,
    /// Longest time a request body may take. Default 120.
    pub body_timeout_seconds: u64,
    /// Longest pause within a request body, and longest time that a client may refuse to take
    /// more of an answer. Default 20.
    pub stall_timeout_seconds: u64,
    /// Least rate of a request body, over each stall timeout; 0 means one byte in each. Default
    /// 1024.
    pub min_body_bytes_per_second: u64,
    /// Longest time that a service may work on one request, in place of each service's own deadline.
    /// Default: none, the services' own.
    pub work_timeout_seconds: Option<u64>,
    /// Requests at work at the same time for an application that has no limit of its own.
    /// Default: none, no limit.
    pub concurrency: Option<u32>,
    /// Requests per second for an application that has no limit of its own. Default: none, no
    /// limit.
    pub requests_per_second: Option<u32>,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            memory_budget: 0,
            max_pixels_at_work: 400_000_000,
            workers: 0,
            queue: 32,
            queue_wait_seconds: 10,
            max_body_bytes: 48 << 20,
            max_answer_bytes: 64 << 20,
            connections: 1024,
            connections_per_address: 256,
            proxies: loopback(),
            header_timeout_seconds: 30,
            body_timeout_seconds: 120,
            stall_timeout_seconds: 20,
            min_body_bytes_per_second: 1024,
            work_timeout_seconds: None,
            concurrency: None,
            requests_per_second: None,
        }
    }
}

fn loopback() -> Vec<IpNet> {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
    vec![v4.into(), Ipv6Net::from(Ipv6Addr::LOCALHOST).into()]
}

impl LimitSettings {
    /// Jobs at work together, 0 resolved.
    pub fn worker_count(&self) -> u32 {
        if self.workers == 0 { cores() } else { self.workers }
    }

    /// The memory budget in bytes, 0 resolved.
    pub fn memory(&self) -> u64 {
        if self.memory_budget > 0 {
            return self.memory_budget;
        }
        let share = ALLOWANCE.as_ref().map_or(MOST_UNASKED, |allowed| allowed.bytes / 4 * 3);
        share.min(MOST_UNASKED)
    }

    /// The memory budget and where it comes from, for messages.
    fn memory_in_words(&self) -> String {
        let budget = self.memory();
        match ALLOWANCE.as_ref() {
            Some(allowed) if self.memory_budget == 0 && budget < MOST_UNASKED => {
                format!("limits.memory_budget is {budget}, three quarters of {}", allowed.by)
            }
            _ => format!("limits.memory_budget is {budget}"),
        }
    }

    /// The share of the memory budget for request bodies.
    pub fn body_budget(&self) -> u64 {
        self.memory() / 8
    }

    /// The share of the memory budget for jobs beside models of so many bytes, or why nothing useful
    /// is left: of the budget, or of what this process may take.
    pub fn job_budget(&self, models: u64) -> Result<u64, String> {
        let allowed = ALLOWANCE.as_ref();
        let least = (models + LEAST_FOR_JOBS) * 8 / 7 + 1;
        if let Some(allowed) = allowed.filter(|allowed| allowed.bytes < least) {
            return Err(format!(
                "this process may take too little memory: the models take {models} bytes, with \
                 request bodies and jobs {least} are needed, and {} leaves {}; raise that limit, \
                 or refuse models",
                allowed.by, allowed.bytes
            ));
        }
        let (words, bodies) = (self.memory_in_words(), self.body_budget());
        let jobs = self.memory().saturating_sub(bodies).saturating_sub(models);
        if jobs >= LEAST_FOR_JOBS {
            return Ok(jobs);
        }
        Err(format!(
            "{words}: the models take {models} of it and request bodies {bodies}, which leaves too \
             little for jobs; set at least {least}, or refuse models"
        ))
    }

    /// Open connections where the process may have so many files open: at most half of them.
    pub fn connections_within(&self, open_files: u64) -> u32 {
        u32::try_from(open_files / 2).unwrap_or(u32::MAX).clamp(1, self.connections)
    }

    pub(crate) fn queue_wait(&self) -> Duration {
        Duration::from_secs(self.queue_wait_seconds)
    }

    /// The longest that this service may work on one request.
    pub(crate) fn deadline(&self, spec: &Spec) -> Duration {
        self.work_timeout_seconds.map_or(spec.deadline, Duration::from_secs)
    }

    pub(crate) fn stall_timeout(&self) -> Duration {
        Duration::from_secs(self.stall_timeout_seconds)
    }

    /// Says what contradicts itself, naming the key, the value and what is allowed.
    pub(super) fn validate(&self) -> Result<(), String> {
        let hour = 3600;
        if self.memory() < LEAST_BUDGET {
            return Err(format!("{}, the least is {LEAST_BUDGET}", self.memory_in_words()));
        }
        between("limits.max_body_bytes", self.max_body_bytes, 1 << 20, self.body_budget())
            .map_err(|error| {
                format!("{error}; bodies get an eighth, and {}", self.memory_in_words())
            })?;
        between("limits.max_answer_bytes", self.max_answer_bytes, 1 << 10, 1 << 32)?;
        at_least("limits.max_pixels_at_work", self.max_pixels_at_work, 1_000_000)?;
        between("limits.workers", self.workers.into(), 0, 1024)?;
        between("limits.queue", self.queue.into(), 0, 100_000)?;
        between("limits.connections", self.connections.into(), 1, 100_000)?;
        between("limits.connections_per_address", self.connections_per_address.into(), 0, 100_000)?;
        between("limits.queue_wait_seconds", self.queue_wait_seconds, 0, hour)?;
        between("limits.header_timeout_seconds", self.header_timeout_seconds, 1, hour)?;
        between("limits.body_timeout_seconds", self.body_timeout_seconds, 1, hour)?;
        between("limits.stall_timeout_seconds", self.stall_timeout_seconds, 1, hour)?;
        let rate = self.min_body_bytes_per_second;
        between("limits.min_body_bytes_per_second", rate, 0, 1 << 20)?;
        let work_timeout = self.work_timeout_seconds.unwrap_or(1);
        between("limits.work_timeout_seconds", work_timeout, 1, hour)?;
        for (key, limit) in [
            ("limits.concurrency", self.concurrency),
            ("limits.requests_per_second", self.requests_per_second),
        ] {
            at_least(key, limit.unwrap_or(1).into(), 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_leave_the_rest_of_the_memory_to_jobs() {
        let limits = LimitSettings { memory_budget: 1 << 30, ..LimitSettings::default() };
        assert_eq!(limits.job_budget(100 << 20), Ok((896 - 100) << 20));
        let refusal = limits.job_budget(900 << 20).expect_err("too little is left");
        let least = refusal.split("set at least ").nth(1).and_then(|rest| rest.split(',').next());
        let least = least.and_then(|number| number.parse().ok()).expect("a number");
        let enough = LimitSettings { memory_budget: least, ..limits };
        assert!(enough.job_budget(900 << 20).is_ok(), "what the message says is enough");
    }

    #[test]
    fn connections_leave_half_of_the_open_files_to_others() {
        let limits = LimitSettings::default();
        for (open_files, connections) in [(u64::MAX, 1024), (2048, 1024), (1024, 512), (0, 1)] {
            assert_eq!(limits.connections_within(open_files), connections);
        }
    }
}
