//! `safelight library`.

mod pictures;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand};
use safelight_contract::Fault;
use safelight_server::settings::LibrarySettings;
use safelight_server::{Importer, Settings, transfer};
use safelight_store::{Act, FaceAudit, FaceGroup, FaceLimits, FacesChanged};
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::accounts::{Accounts, hint, with_store};
use crate::clock::{now, show as time};
use crate::config::Config;
use crate::output::{Output, Row, folder_of};
use crate::secrets;

const EXAMPLES: &str = "\
Examples:
  safelight library list shop                 the groups of the application `shop`
  safelight library export shop faces.ndjson  all of it, embeddings included, not encrypted
  safelight library import other faces.ndjson
  safelight library import shop people --group staff   people/<name>/<pictures of that person>
  safelight library audit shop --user u_17    who did what with the faces of a user
  safelight library pause                     before a backup; `safelight library resume` after it
  safelight library erase shop --yes          everything goes, at once";

/// Libraries of faces
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Library {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists the groups of an application
    #[command(after_help = "Example:\n  safelight library list shop --json")]
    List { application: String },
    /// Writes the library of an application, or one group of it, into a file of JSON lines; it holds
    /// embeddings and is not encrypted
    #[command(after_help = "Example:\n  safelight library export shop faces.ndjson")]
    Export {
        application: String,
        file: PathBuf,
        /// Only this group
        #[arg(long)]
        group: Option<String>,
    },
    /// Adds what a file holds to the library of an application, or the faces of the pictures in a
    /// folder that has a folder for each person; what is there already stays. The exit code is 1 where a
    /// picture failed
    #[command(after_help = "Examples:\n  safelight library import shop faces.ndjson\n  \
                      safelight library import shop people --group compreface")]
    Import {
        application: String,
        /// A file that `export` wrote, or a folder
        file: PathBuf,
        /// The group that pictures of a folder go to; it is made where there is none
        #[arg(long)]
        group: Option<String>,
        /// What consent the people in a folder gave, when, and where that is written; needed where
        /// library.require_consent is on
        #[arg(long)]
        consent_note: Option<String>,
    },
    /// Shows what was done with the faces of an application, the newest first
    #[command(after_help = "Example:\n  safelight library audit shop --user u_17")]
    Audit {
        application: String,
        /// Only what concerns this user
        #[arg(long)]
        user: Option<String>,
        /// Most entries
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Pauses the libraries of all applications: calls answer ERROR_RESOURCE_UNAVAILABLE
    #[command(after_help = "Example:\n  safelight library pause")]
    Pause,
    /// Ends a pause
    #[command(after_help = "Example:\n  safelight library resume")]
    Resume,
    /// Makes a new library.key in place of one that is lost: the libraries of all applications, which
    /// nothing else opens, are erased
    #[command(after_help = "Example:\n  safelight library new-key --yes")]
    NewKey {
        /// Says that it is meant
        #[arg(long)]
        yes: bool,
    },
    /// Erases the library of an application: keys, users, faces and pictures
    #[command(after_help = "Example:\n  safelight library erase shop --yes")]
    Erase {
        application: String,
        /// Says that it is meant
        #[arg(long)]
        yes: bool,
    },
}

/// A group in a listing.
#[derive(Serialize)]
struct Listed {
    group_id: String,
    name: Option<String>,
    scene_type: String,
    state: &'static str,
    users: u64,
    faces: u64,
    retention_days: Option<u32>,
    created_at: i64,
}

impl From<FaceGroup> for Listed {
    fn from(group: FaceGroup) -> Self {
        Self {
            state: if group.wrapped_key.is_some() { "ready" } else { "cleaning" },
            group_id: group.id,
            name: group.name,
            scene_type: group.scene,
            users: group.users,
            faces: group.faces,
            retention_days: group.retention_days,
            created_at: group.created_at,
        }
    }
}

impl Row for Listed {
    const HEAD: &'static [&'static str] =
        &["group", "name", "scene", "state", "users", "faces", "retention", "since"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.group_id.clone(),
            self.name.clone().unwrap_or_default(),
            self.scene_type.clone(),
            self.state.to_owned(),
            self.users.to_string(),
            self.faces.to_string(),
            self.retention_days.map_or("none".to_owned(), |days| format!("{days} days")),
            time(self.created_at),
        ]
    }
}

impl Row for FaceAudit {
    const HEAD: &'static [&'static str] =
        &["when", "action", "group", "users", "faces", "key", "request"];

    fn cells(&self) -> Vec<String> {
        vec![
            time(self.at),
            self.action.clone(),
            self.group_id.clone(),
            self.user_ids.clone(),
            self.count.to_string(),
            self.key.map_or(String::new(), |key| key.to_string()),
            self.request_id.clone(),
        ]
    }
}

impl Library {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let (output, config) = (context.output, context.load()?.config);
        let mut code = ExitCode::SUCCESS;
        with_store(context, async |accounts| {
            let store = &accounts.store;
            match self.action {
                Action::List { application } => {
                    let act = act(accounts, &application).await?;
                    let (_, groups) = store.face_groups(act.application, 0, u32::MAX).await?;
                    let groups: Vec<_> = groups.into_iter().map(Listed::from).collect();
                    output.list(&groups, "There are no groups.")
                }
                Action::Export { application, file, group } => {
                    let act = act(accounts, &application).await?;
                    export(accounts, output, &act, &file, group.as_deref()).await
                }
                Action::Import { application, file, group, consent_note } if file.is_dir() => {
                    let group = group.ok_or_else(|| {
                        anyhow!("say which group the pictures go to: --group <group>")
                    })?;
                    let act = act(accounts, &application).await?;
                    let come = import_pictures(accounts, &config, act, &file, &group, consent_note)
                        .await?;
                    for failure in &come.failed {
                        eprintln!("{}: {}", failure.file, failure.message);
                        code = ExitCode::FAILURE;
                    }
                    output.result(&come, &come.sentence())
                }
                Action::Import { group: None, consent_note: None, application, file } => {
                    let act = act(accounts, &application).await?;
                    import_file(accounts, output, &act, &file, limits(&config.server)).await
                }
                Action::Import { .. } => bail!(
                    "--group and --consent-note are for folders of pictures; a file says itself which \
                     groups and notes it has"
                ),
                Action::Audit { application, user, limit } => {
                    let act = act(accounts, &application).await?;
                    let entries = store.face_audit(act.application, user.as_deref(), limit).await?;
                    output.list(&entries, "Nothing was done.")
                }
                Action::Pause => {
                    store.pause_faces(true).await?;
                    output.result(&json!({ "paused": true }), "The libraries are paused.")
                }
                Action::Resume => {
                    store.pause_faces(false).await?;
                    output.result(&json!({ "paused": false }), "The libraries are open.")
                }
                Action::NewKey { yes } => {
                    if !yes {
                        bail!("nothing was changed; say --yes if all libraries must go");
                    }
                    new_key(accounts, output).await
                }
                Action::Erase { application, yes } => {
                    if !yes {
                        bail!(
                            "nothing was erased; say --yes if all faces of {application} must go"
                        );
                    }
                    let erased = erase(accounts, &act(accounts, &application).await?).await?;
                    output.result(&erased, &format!("Erased the library of {application}."))
                }
            }
        })?;
        Ok(code)
    }
}

/// Writes a library, or one group of it, into a file.
async fn export(
    accounts: &Accounts,
    output: Output,
    act: &Act,
    file: &Path,
    group: Option<&str>,
) -> Result<()> {
    let key = accounts.library_key().await?;
    let exported =
        transfer::export(&*accounts.store, &key, act, group, None).await.map_err(said)?;
    write(file, &exported.lines)?;
    let transfer::Exported { groups, users, faces, .. } = exported;
    let sentence = format!(
        "Wrote {groups} groups, {users} users and {faces} faces to {}. It is not encrypted.",
        file.display()
    );
    let counts = json!({ "groups": groups, "users": users, "faces": faces });
    output.result(&counts, &sentence)
}

/// Adds the faces of the pictures in a folder to a group.
async fn import_pictures(
    accounts: &Accounts,
    config: &Config,
    act: Act,
    folder: &Path,
    group: &str,
    consent_note: Option<String>,
) -> Result<pictures::Come> {
    let key = accounts.library_key().await?;
    let limits = limits(&config.server);
    let importer = Importer::open(&*accounts.store, &key, act, group, limits, consent_note).await;
    let vision = pictures::vision(accounts.data(), &config.own.models)?;
    let importer = importer.map_err(said)?;
    pictures::import(&importer, &vision, folder).await
}

/// Adds what a file holds to a library.
async fn import_file(
    accounts: &Accounts,
    output: Output,
    act: &Act,
    file: &Path,
    limits: (&LibrarySettings, FaceLimits),
) -> Result<()> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let key = accounts.library_key().await?;
    let come = transfer::import(&*accounts.store, &key, act, &text, limits).await.map_err(said)?;
    let sentence = format!(
        "Added {} groups, {} users and {} faces; {} were there already.",
        come.groups, come.users, come.faces, come.skipped
    );
    output.result(&come, &sentence)
}

/// Makes a new key of the libraries. What the old one opened is erased.
async fn new_key(accounts: &Accounts, output: Output) -> Result<()> {
    let store = &*accounts.store;
    secrets::give_up(store, accounts.data(), secrets::LIBRARY).await?;
    for application in store.applications().await? {
        erase(accounts, &by_operator(application.id)).await?;
    }
    accounts.library_key().await?;
    let sentence = format!("Made a new {}; all libraries are erased.", secrets::LIBRARY);
    output.result(&json!({ "erased": true }), &sentence)
}

/// The operator, who acts for an application.
async fn act(accounts: &Accounts, application: &str) -> Result<Act> {
    let found = hint(accounts.store.application(application).await, "app list")?;
    Ok(by_operator(found.id))
}

fn by_operator(application: i64) -> Act {
    Act { application, key: None, request_id: "command line".to_owned(), at: now() }
}

fn said(fault: Fault) -> anyhow::Error {
    anyhow!("{} ({})", fault.message(), fault.code().name())
}

fn limits(settings: &Settings) -> (&LibrarySettings, FaceLimits) {
    let library = &settings.library;
    let faces = FaceLimits {
        user: library.max_faces_per_user.into(),
        group: library.max_faces_per_group.into(),
        application: library.max_faces.into(),
    };
    (library, faces)
}

/// Writes a file that nobody but its owner may read, and that must be new: whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let write = || -> std::io::Result<()> {
        // Temporary files are private, and gone where writing fails.
        let mut file =
            tempfile::Builder::new().prefix(".safelight-").tempfile_in(folder_of(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        Ok(())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

/// Erases a library, rows and pictures.
async fn erase(accounts: &Accounts, act: &Act) -> Result<serde_json::Value> {
    let (store, blobs) = (&accounts.store, accounts.blobs()?);
    let erased = store.erase_faces(act).await?;
    loop {
        let changed = store.clean_faces(now()).await?;
        if changed == FacesChanged::default() {
            break;
        }
        for image in &changed.images {
            blobs.delete(image).await?;
        }
    }
    store.scrub().await?;
    let (groups, users, faces) = (erased.groups, erased.users, erased.faces);
    Ok(json!({ "groups": groups, "users": users, "faces": faces }))
}
