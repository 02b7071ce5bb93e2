//! Engines that are ComfyUI: pictures are uploaded into its temporary folder, the graph is queued, its end
//! is polled for, the picture is fetched. ComfyUI has no call that deletes files; it empties that folder
//! when it starts. What this server asks for is taken out of its history again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use safelight_operation::{Given, MOST_ANSWER, Order};
use serde_json::{Value, json};
use tokio::time::sleep;
use url::form_urlencoded;
use uuid::Uuid;

use super::failure::{Failure, excerpt};
use super::link::{Link, MOST_WORDS, json};
use super::multipart::Multipart;
use super::workflow::{Pictures, Workflow};
use crate::resume::{Resume, digest};

/// Pauses between looks at a job: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(150);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A job that is neither in the queue nor in the history for so many looks is lost.
const LOST_AFTER: u32 = 3;
/// Longest that the last words to an engine may take.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Most kinds of nodes that are asked for in a probe.
const MOST_NODES: usize = 100;

/// Such an engine.
pub(crate) struct Comfy {
    link: Arc<Link>,
    workflow: Workflow,
    client: String,
}

impl Comfy {
    pub fn new(link: Link, workflow: Workflow) -> Self {
        Self { link: Arc::new(link), workflow, client: Uuid::new_v4().to_string() }
    }

    /// Whether the graph can be filled with what a service gives.
    pub fn takes(&self, given: Given) -> bool {
        self.workflow.takes(given)
    }

    /// Whether it answers, and has every node of the graph.
    pub async fn probe(&self) -> Result<String, Failure> {
        let nodes = self.workflow.nodes();
        for node in nodes.iter().take(MOST_NODES) {
            let name: String = form_urlencoded::byte_serialize(node.as_bytes()).collect();
            let path = format!("/object_info/{}", name.replace('+', "%20"));
            let info = json(&self.link.get(&path, MOST_WORDS).await?)?;
            if !info[*node].is_object() {
                let why = format!("has no node `{}`, which the workflow needs", excerpt(node));
                return Err(Failure::Incapable(why));
            }
        }
        Ok(format!("answers, and has the {} nodes of the workflow", nodes.len()))
    }

    pub async fn generate(&self, order: Order) -> Result<Bytes, Failure> {
        let (sent, taken) = (order.references.len(), self.workflow.references());
        if sent > taken {
            let why =
                format!("has a workflow that takes {taken} further pictures, {sent} are needed");
            return Err(Failure::Incapable(why));
        }
        let resume = Resume::current();
        let key = resume.as_ref().map(|_| digest(&order)).unwrap_or_default();
        // A job that a worker left which died is waited for; where it is lost, another is asked for.
        let left = resume.as_ref().and_then(|resume| resume.job(&key));
        if let Some(id) = left.filter(|id| is_plain(id)) {
            match self.job(&id).picture().await {
                Err(Failure::Ended(None)) => {}
                ended => return ended,
            }
        }
        let id = self.queued(order).await?;
        if let Some(resume) = &resume {
            resume.note(&key, Some(&id)).await;
        }
        let picture = self.job(&id).picture().await;
        if let (Some(resume), Err(_)) = (&resume, &picture) {
            // The next attempt shall ask anew.
            resume.note(&key, None).await;
        }
        picture
    }

    /// Asks for a picture, and answers what the job is known by.
    async fn queued(&self, order: Order) -> Result<String, Failure> {
        let pictures = self.uploaded(&order).await?;
        let graph = self.workflow.filled(&order, &pictures);
        drop(order);
        let body = json!({ "prompt": graph, "client_id": self.client });
        let queued = json(&self.link.post_json("/prompt", &body, MOST_WORDS).await?)?;
        let id = queued["prompt_id"].as_str().filter(|id| is_plain(id));
        Ok(id.ok_or_else(|| Failure::Garbage("no prompt_id".into()))?.to_owned())
    }

    fn job(&self, id: &str) -> Job {
        Job { link: self.link.clone(), id: id.to_owned(), ended: false }
    }

    async fn uploaded(&self, order: &Order) -> Result<Pictures, Failure> {
        let mut names = Vec::new();
        let wanted = |place: &str| self.workflow.has(place);
        let image = order.image.as_ref().filter(|_| wanted("%image%"));
        let mask = order.mask.as_ref().filter(|_| wanted("%mask%"));
        if wanted("%mask%") && mask.is_none() {
            return Err(Failure::Incapable(
                "has a workflow that needs a mask, there is none".into(),
            ));
        }
        for file in image.into_iter().chain(mask).chain(&order.references) {
            names.push(self.upload(file).await?);
        }
        let mut names = names.into_iter();
        let mut next = |is_there: bool| is_there.then(|| names.next()).flatten();
        let (image, mask) = (next(image.is_some()), next(mask.is_some()));
        Ok(Pictures { image, mask, references: names.collect() })
    }

    /// Uploads a picture, and answers what the graph calls it.
    async fn upload(&self, file: &Bytes) -> Result<String, Failure> {
        let mut form = Multipart::new();
        form.png("image", &format!("{}.png", Uuid::new_v4().simple()), file);
        form.text("type", "temp");
        form.text("subfolder", "safelight");
        let (kind, body) = form.end();
        let answer = json(&self.link.post("/upload/image", &kind, body, MOST_WORDS).await?)?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default();
        let (name, folder, place) = (text("name"), text("subfolder"), text("type"));
        if name.is_empty() {
            return Err(Failure::Garbage("an upload without a name".into()));
        }
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(match place {
            "temp" | "output" => format!("{folder}{name} [{place}]"),
            _ => format!("{folder}{name}"),
        })
    }
}

/// Identifiers go into paths.
fn is_plain(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !id.is_empty() && id.len() <= 100 && id.chars().all(fits)
}

/// A job in the queue. Dropped before its end, it is taken back.
struct Job {
    link: Arc<Link>,
    id: String,
    ended: bool,
}

impl Job {
    async fn picture(mut self) -> Result<Bytes, Failure> {
        let entry = self.entry().await;
        // A job whose end was not seen is taken back.
        self.ended = matches!(entry, Ok(_) | Err(Failure::Ended(_)));
        let picture = match entry {
            Ok(entry) => self.fetched(&entry).await,
            Err(failure) => Err(failure),
        };
        // The history keeps words and names of files; that it stays is no failure of the picture.
        let _ = self.link.post_json("/history", &json!({ "delete": [self.id] }), MOST_WORDS).await;
        picture
    }

    /// What the history says of the job, once it has ended.
    async fn entry(&self) -> Result<Value, Failure> {
        let path = format!("/history/{}", self.id);
        let (mut pause, mut missed) = (FIRST_PAUSE, 0);
        loop {
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            let mut history = json(&self.link.get(&path, MOST_WORDS).await?)?;
            let entry = history[&self.id].take();
            if entry.is_object() && (is_ended(&entry) || has_pictures(&entry)) {
                return Ok(entry);
            }
            let known = entry.is_object() || self.is_queued().await?;
            missed = if known { 0 } else { missed + 1 };
            if missed >= LOST_AFTER {
                return Err(Failure::Ended(None));
            }
        }
    }

    async fn is_queued(&self) -> Result<bool, Failure> {
        let queue = json(&self.link.get("/queue", MOST_WORDS).await?)?;
        let holds = |part: &str| {
            let jobs = queue[part].as_array().into_iter().flatten();
            jobs.into_iter().any(|job| job[1] == self.id.as_str())
        };
        Ok(holds("queue_running") || holds("queue_pending"))
    }

    async fn fetched(&self, entry: &Value) -> Result<Bytes, Failure> {
        if entry["status"]["status_str"] == "error" {
            return Err(Failure::Ended(reason(entry)));
        }
        let nodes = entry["outputs"].as_object().into_iter().flat_map(|nodes| nodes.values());
        let images = nodes.flat_map(|node| node["images"].as_array().into_iter().flatten());
        let image = images.into_iter().next().ok_or(Failure::Ended(None))?;
        let text = |key: &str| image[key].as_str().unwrap_or_default();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("filename", text("filename"))
            .append_pair("subfolder", text("subfolder"))
            .append_pair("type", text("type"))
            .finish();
        Ok(self.link.get(&format!("/view?{query}"), MOST_ANSWER).await?.body)
    }
}

fn is_ended(entry: &Value) -> bool {
    let status = &entry["status"];
    status["completed"] == true || status["status_str"] == "error" || status.is_null()
}

fn has_pictures(entry: &Value) -> bool {
    let nodes = entry["outputs"].as_object().into_iter().flat_map(|nodes| nodes.values());
    nodes.into_iter().any(|node| node["images"].as_array().is_some_and(|all| !all.is_empty()))
}

/// What the job's messages say of its failure.
fn reason(entry: &Value) -> Option<String> {
    let messages = entry["status"]["messages"].as_array()?;
    let failed = messages.iter().find(|message| message[0] == "execution_error")?;
    let text = failed[1]["exception_message"].as_str().filter(|text| !text.trim().is_empty())?;
    Some(excerpt(text))
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Where the runtime is gone, the engine goes on; nothing waits for it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let job = Job { link: self.link.clone(), id: self.id.clone(), ended: true };
        runtime.spawn(async move {
            let _ = tokio::time::timeout(LAST_WORDS, job.take_back()).await;
        });
    }
}

impl Job {
    /// Takes the job out of the queue, or interrupts it where it runs. Older versions interrupt whatever
    /// runs, so they are told only while this job does.
    async fn take_back(&self) -> Result<(), Failure> {
        let deletion = json!({ "delete": [self.id] });
        self.link.post_json("/queue", &deletion, MOST_WORDS).await?;
        let queue = json(&self.link.get("/queue", MOST_WORDS).await?)?;
        let mut running = queue["queue_running"].as_array().into_iter().flatten();
        if running.any(|job| job[1] == self.id.as_str()) {
            let body = json!({ "prompt_id": self.id });
            self.link.post_json("/interrupt", &body, MOST_WORDS).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use safelight_store::{
        Claiming, Credits, HoldRequest, Limits, NewApplication, NewTask, Sqlite, Store, Task,
    };
    use safelight_testkit::engine::{Double, Manner};

    use super::*;
    use crate::app::now;
    use crate::engines::settings::EngineSettings;

    fn engine(double: &Double) -> Comfy {
        let settings = json!({
            "name": "comfy", "kind": "comfyui", "url": double.url(), "serves": ["*"],
            "workflow": "inpaint.json",
        });
        let settings: EngineSettings = serde_json::from_value(settings).expect("settings");
        let workflow =
            Workflow::read(Path::new("inpaint.json"), Some("painter.safetensors".into()))
                .expect("a workflow");
        Comfy::new(Link::new(&settings, None).expect("a link"), workflow)
    }

    async fn task(store: &Arc<dyn Store>) -> Task {
        store.create_user("ada", now()).await.expect("a user");
        let (user, name) = ("ada".into(), "shop".into());
        let new = NewApplication { user, name, limits: Limits::default(), key: None };
        let application = store.create_application(&new, now()).await.expect("one").id;
        let (id, request_id) = ("t".to_owned(), "r".to_owned());
        let new = NewTask { id, application, request_id, ..NewTask::default() };
        let hold = HoldRequest {
            application,
            pool: "common".into(),
            amount: Credits::default(),
            request_id: "r".into(),
            expires_at: now(),
        };
        store.submit_task(&new, &hold, 9, now()).await.expect("accepted");
        claim(store).await
    }

    /// Claims a task whose lease is over at once.
    async fn claim(store: &Arc<dyn Store>) -> Task {
        store.claim_task(&Claiming::any(now(), 9), now()).await.expect("a claim").expect("a task")
    }

    #[tokio::test]
    async fn the_job_of_a_worker_that_died_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Sqlite::open(folder.path().join("db")).expect("a store");
        let store: Arc<dyn Store> = Arc::new(store);
        let double = Double::comfyui(Manner::Right).await;
        let engine = engine(&double);
        let mut picture = Vec::new();
        image::DynamicImage::new_rgba8(8, 8)
            .write_to(&mut std::io::Cursor::new(&mut picture), image::ImageFormat::Png)
            .expect("a picture");
        let picture = Bytes::from(picture);
        let order = Order {
            image: Some(picture.clone()),
            mask: Some(picture),
            size: (8, 8),
            ..Order::default()
        };
        // The first worker asks, notes the job, and is never heard of again.
        let first = Resume::of(&store, &task(&store).await);
        let id = engine.queued(order.clone()).await.expect("a job");
        first.note(&digest(&order), Some(&id)).await;

        let second = Resume::of(&store, &claim(&store).await);
        let made = second.scope(engine.generate(order)).await;
        assert!(made.is_ok_and(|picture| !picture.is_empty()));
        assert_eq!(double.seen("/prompt").len(), 1, "nothing is asked for again");
    }
}
