//! Jobs outside that outlive a worker: what they are known by stands in the row of the task that they
//! are for, so that the next attempt waits for the same job instead of asking for another one.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use safelight_operation::Order;
use safelight_store::{Store, Task};

tokio::task_local! {
    static RESUME: Resume;
}

/// The jobs of a task that is at work.
#[derive(Clone)]
pub(crate) struct Resume {
    store: Arc<dyn Store>,
    task: String,
    claim: String,
    /// By the digest of the order that each is for.
    jobs: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Resume {
    /// The jobs that earlier attempts started.
    pub fn of(store: &Arc<dyn Store>, task: &Task) -> Self {
        let known = task.resume.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            store: store.clone(),
            task: task.id.clone(),
            claim: task.claim.clone().unwrap_or_default(),
            jobs: Arc::new(Mutex::new(known.unwrap_or_default())),
        }
    }

    /// Does the work of the task, inside which [`Resume::current`] answers this.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        RESUME.scope(self, work).await
    }

    /// The jobs of the task that is at work here; `None` in the work of a request.
    pub fn current() -> Option<Self> {
        RESUME.try_with(Clone::clone).ok()
    }

    /// What the job for an order is known by.
    pub fn job(&self, order: &str) -> Option<String> {
        self.jobs.lock().get(order).cloned()
    }

    /// Notes the job for an order, or that there is none any more.
    pub async fn note(&self, order: &str, job: Option<&str>) {
        let text = {
            let mut jobs = self.jobs.lock();
            match job {
                Some(job) => jobs.insert(order.to_owned(), job.to_owned()),
                None => jobs.remove(order),
            };
            (!jobs.is_empty()).then(|| serde_json::to_string(&*jobs).unwrap_or_default())
        };
        let noted = self.store.set_resume(&self.task, &self.claim, text.as_deref()).await;
        if let Err(error) = noted {
            // Then another attempt asks for another job.
            tracing::warn!(%error, task = %self.task, "a job outside was not noted");
        }
    }
}

/// What tells an order from others: its digest.
pub(crate) fn digest(order: &Order) -> String {
    let Order { prompt, negative, image, mask, references, size, strength, steps, scale, seed } =
        order;
    let mut hasher = blake3::Hasher::new();
    let texts = format!("{:?}", (prompt, negative, size, strength, steps, scale, seed));
    hasher.update(texts.as_bytes());
    for picture in image.iter().chain(mask).chain(references) {
        hasher.update(blake3::hash(picture).as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_apart() {
        let order = Order { prompt: "red".into(), ..Order::default() };
        assert_eq!(digest(&order), digest(&order.clone()));
        let others = [
            Order { seed: 1, ..order.clone() },
            Order { image: Some("a".into()), ..order.clone() },
            Order { mask: Some("b".into()), ..order.clone() },
        ];
        assert!(others.iter().all(|other| digest(other) != digest(&order)));
    }
}
