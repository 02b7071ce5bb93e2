//! PostgreSQL, for installations of several processes: version 15 or later.
//!
//! A change is a transaction at READ COMMITTED on a connection of its own, which locks its
//! application first ([`crate::rows`] has the order of locks). One that fails because another was in
//! the way is made again, and so is one whose connection was lost before its commit. Where the
//! connection is lost while the commit is on its way, its fate is not known
//! ([`StoreError::Lost`]).

mod schema;
mod session;
#[cfg(test)]
pub(crate) mod tests;
mod tls;

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Config};

use crate::rows::{Database, Lock, Rows};
use crate::sql::{self, Connection};
use crate::{Millis, Result, StoreError};

use session::Session;
use tls::{Security, Tls};

/// The channel of what is announced between processes.
const CHANNEL: &str = "safelight";
/// How long a connection may take to be there.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call is tried again while the database cannot be reached.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the server waits for the next statement of a change. A process that stops in the middle of
/// one, or is cut off, keeps its application's lock no longer.
const IDLE_IN_CHANGE: Duration = Duration::from_secs(10);
/// Applications whose lanes are kept without a look whether somebody is in them.
const MOST_LANES: usize = 1024;
/// Times that a change is made again because others were in the way.
const ATTEMPTS: u32 = 10;

/// The store in a PostgreSQL database.
pub type Postgres = Rows<Server>;

/// Connections to a server.
#[derive(Clone)]
pub struct Server {
    pool: Pool,
    lanes: Arc<Lanes>,
    /// What the connection that listens is made with.
    way: Arc<Way>,
}

/// What keeps the changes of one application, which wait for each other in the server, from taking
/// every connection.
struct Lanes {
    /// How many connections an application's changes may have.
    width: usize,
    /// By the number of the application.
    lanes: Mutex<HashMap<i64, Arc<Semaphore>>>,
}

impl Lanes {
    fn new(connections: u32) -> Self {
        Self { width: (connections as usize / 4).max(1), lanes: Mutex::default() }
    }

    /// A place among the changes of the application that `lock` names.
    async fn enter(&self, lock: &Lock) -> Result<Option<OwnedSemaphorePermit>> {
        let Lock::Application(application) = lock else { return Ok(None) };
        let lane = {
            let mut lanes = self.lanes.lock();
            // Those that nobody is in are not kept.
            if lanes.len() > MOST_LANES {
                lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
            }
            lanes
                .entry(*application)
                .or_insert_with(|| Arc::new(Semaphore::new(self.width)))
                .clone()
        };
        match timeout(PATIENCE, lane.acquire_owned()).await {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => {
                Err(StoreError::Lost("the application's other changes took too long".to_owned()))
            }
        }
    }
}

/// The way to a server.
struct Way {
    config: Config,
    tls: Tls,
    /// Whether the server's certificate is verified.
    verifies: bool,
}

/// Statements that answer something.
type Work<T> = dyn Fn(&Connection<'_>) -> Result<T> + Send + Sync;

/// What a transaction begins with.
enum Begin {
    /// A change, which locks its application.
    Change(Lock),
    /// Reads that see one state.
    Snapshot,
    /// A read that needs no transaction.
    Nothing,
}

impl Postgres {
    /// Opens the database at `url` (`postgres://user@host/database`) with at most so many
    /// connections, and brings its tables up to date. The URL's `sslmode` is `disable`, `prefer` (the
    /// default), `require`, or `verify-full`, which alone verifies the server's certificate.
    ///
    /// # Errors
    /// When it cannot be reached, is older than version 15, may lose what it has confirmed
    /// (`fsync` or `synchronous_commit` off), belongs to another program, or has tables of a later
    /// release.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        Self::open_with(url, None, None, connections).await
    }

    /// [`Postgres::open`] with a password that is not in the URL, and authorities that the server's
    /// certificate must come from.
    ///
    /// # Errors
    /// As [`Postgres::open`].
    pub async fn open_with(
        url: &str,
        password: Option<String>,
        ca_file: Option<&Path>,
        connections: u32,
    ) -> Result<Self> {
        let Security { url, verifies } = Security::of(url, ca_file)?;
        let tls = Tls::new(verifies, ca_file)?;
        let mut config = config(&url)?;
        if let Some(password) = password {
            config.password(password);
        }
        let manager = Manager::from_config(
            config.clone(),
            tls.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(connections as usize)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT))
            .wait_timeout(Some(PATIENCE))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    let idle = IDLE_IN_CHANGE.as_millis();
                    let set = format!(
                        "SET idle_in_transaction_session_timeout = {idle};
                         SET plan_cache_mode = force_generic_plan"
                    );
                    client.batch_execute(&set).await.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| StoreError::Database(error.to_string()))?;
        let lanes = Arc::new(Lanes::new(connections));
        let server = Server { pool, lanes, way: Arc::new(Way { config, tls, verifies }) };
        let mut client = server.client().await?;
        schema::check(&client).await?;
        schema::migrate(&mut client).await?;
        drop(client);
        Ok(Self::over(Arc::new(server)))
    }
}

fn config(url: &str) -> Result<Config> {
    let invalid = |error| StoreError::Invalid(format!("store.url: {error}"));
    let mut config = Config::from_str(url).map_err(invalid)?;
    config.connect_timeout(CONNECT);
    config.keepalives_idle(Duration::from_secs(15));
    #[cfg(target_os = "linux")]
    config.tcp_user_timeout(Duration::from_secs(20));
    if config.get_application_name().is_none() {
        config.application_name("safelight");
    }
    Ok(config)
}

/// What becomes of a try.
enum Tried<T> {
    Done(T),
    /// Nothing has happened; it may be tried again.
    Again(StoreError),
    Failed(StoreError),
}

impl<T> From<Result<T>> for Tried<T> {
    fn from(result: Result<T>) -> Self {
        match result {
            Ok(done) => Self::Done(done),
            Err(error @ (StoreError::Again(_) | StoreError::Lost(_))) => Self::Again(error),
            Err(error) => Self::Failed(error),
        }
    }
}

impl Server {
    async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => session::error(&error).into(),
            error => StoreError::Lost(format!("no connection: {error}")),
        })
    }

    /// Runs statements again and again until they are through, or there is no use in it.
    async fn run<T: Send + 'static>(self, begin: Arc<Begin>, work: Arc<Work<T>>) -> Result<T> {
        let (start, mut tries) = (Instant::now(), 0);
        loop {
            let tried = match self.client().await {
                Err(error) => Tried::from(Err(error)),
                Ok(client) => {
                    let (begin, work) = (begin.clone(), work.clone());
                    let runtime = Handle::current();
                    let attempt = move || attempt(client, &runtime, &begin, &*work);
                    let joined = tokio::task::spawn_blocking(attempt).await;
                    let panicked = |_| StoreError::Database("the change was abandoned".into());
                    joined.map_err(panicked)?
                }
            };
            tries += 1;
            match tried {
                Tried::Done(done) => return Ok(done),
                Tried::Failed(error) => return Err(error),
                Tried::Again(error) => {
                    let crowded = matches!(error, StoreError::Again(_)) && tries >= ATTEMPTS;
                    if crowded || start.elapsed() >= PATIENCE {
                        return Err(error);
                    }
                    tracing::debug!(%error, tries, "statements are run again");
                }
            }
            let jitter = u64::from(uuid::Uuid::new_v4().as_bytes()[0]);
            sleep(Duration::from_millis((5 << tries.min(6)) + jitter / 8)).await;
        }
    }

    /// Runs them to the end, whatever becomes of the one who waits.
    async fn spawn<T: Send + 'static>(
        &self,
        begin: Begin,
        work: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let running = tokio::spawn(self.clone().run(Arc::new(begin), Arc::new(work)));
        let abandoned = |_| StoreError::Database("the change was abandoned".into());
        running.await.map_err(abandoned)?
    }
}

/// One transaction.
fn attempt<T>(
    client: Client,
    runtime: &Handle,
    begin: &Begin,
    work: &dyn Fn(&Connection<'_>) -> Result<T>,
) -> Tried<T> {
    let session = Session { client: &client, runtime, posted: RefCell::default() };
    session.begin(begin);
    let worked = catch_unwind(AssertUnwindSafe(|| work(&Connection(&session))));
    let end = |statement| match begin {
        Begin::Nothing => Ok(()),
        _ => session.batch(statement),
    };
    if !matches!(worked, Ok(Ok(_))) {
        session.forget_posted();
    }
    match worked {
        Ok(Ok(done)) => match end("COMMIT") {
            Ok(()) => Tried::Done(done),
            Err(error) => {
                drop(deadpool_postgres::Object::take(client));
                match error {
                    // Nobody knows whether it was made.
                    sql::Error::Lost(why) => Tried::Failed(StoreError::Lost(why)),
                    // Of a statement that was posted.
                    sql::Error::Constraint(why) => Tried::Failed(StoreError::Conflict(why)),
                    // The server says that it was rolled back.
                    error => Err(error.into()).into(),
                }
            }
        },
        Ok(Err(error)) => {
            if end("ROLLBACK").is_err() {
                drop(deadpool_postgres::Object::take(client));
            }
            Err(error).into()
        }
        Err(_) => {
            tracing::error!("a change of the store panicked");
            drop(deadpool_postgres::Object::take(client));
            Tried::Failed(StoreError::Database("the change was abandoned".into()))
        }
    }
}

impl Database for Server {
    async fn write<T: Send + 'static>(
        &self,
        lock: Lock,
        change: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let place = self.lanes.enter(&lock).await?;
        // It leaves with the change, which is made even if nobody waits for it any more.
        let change = move |db: &Connection<'_>| {
            let _in_lane = &place;
            change(db)
        };
        self.spawn(Begin::Change(lock), change).await
    }

    async fn quick<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.spawn(Begin::Nothing, read).await
    }

    async fn slow<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.spawn(Begin::Snapshot, read).await
    }

    /// Nothing to do: the server's own vacuum reuses the room of what was deleted.
    async fn scrub(&self) -> Result<()> {
        Ok(())
    }

    async fn clock(&self) -> Result<Millis> {
        self.quick(|db| {
            // From here on: what was waited for before is not on the way of the answer.
            let asked = Instant::now();
            let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
            let theirs: Millis = db.prepare_cached(sql)?.query_row((), |row| row.get(0))?;
            Ok(theirs + asked.elapsed().as_millis() as Millis / 2)
        })
        .await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn describe(&self) -> Result<String> {
        let verifies = self.way.verifies;
        self.quick(move |db| {
            let sql = "SELECT current_setting('server_version'), coalesce(
                           (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), '')";
            let (server, protocol): (String, String) =
                db.prepare_cached(sql)?.query_row((), |row| row.try_into())?;
            let safety = match (&*protocol, verifies) {
                ("", _) => "not encrypted".to_owned(),
                (protocol, true) => format!("{protocol}, the certificate is verified"),
                (protocol, false) => format!(
                    "{protocol}, the certificate is not verified (sslmode=verify-full would)"
                ),
            };
            Ok(format!("PostgreSQL {server}, {safety}"))
        })
        .await
    }

    async fn announce(&self) -> Result<()> {
        let client = self.client().await?;
        let notify = format!("NOTIFY {CHANNEL}");
        client.batch_execute(&notify).await.map_err(|error| session::error(&error).into())
    }

    async fn listen(&self) -> Result<mpsc::Receiver<()>> {
        let lost = |error: tokio_postgres::Error| StoreError::from(session::error(&error));
        let Way { config, tls, .. } = &*self.way;
        let (client, mut connection) = config.connect(tls.clone()).await.map_err(lost)?;
        let (sender, heard) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut messages = poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                // Several at once are as good as one; nobody listens any more where it is closed.
                if matches!(message, AsyncMessage::Notification(_))
                    && let Err(mpsc::error::TrySendError::Closed(())) = sender.try_send(())
                {
                    break;
                }
            }
        });
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await.map_err(lost)?;
        // The connection ends with its client, which lives as long as somebody listens.
        let (relay, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            let (_client, mut heard) = (client, heard);
            loop {
                tokio::select! {
                    () = relay.closed() => return,
                    message = heard.recv() => match message {
                        None => return,
                        Some(()) => { let _ = relay.try_send(()); }
                    }
                }
            }
        });
        Ok(receiver)
    }
}
