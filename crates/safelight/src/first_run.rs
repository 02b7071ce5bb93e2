//! The first start: an administrator, an application with credits, and a key that is shown once.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use safelight_store::{Credits, KeyKind, KeySecret, NewApplication, Store};
use serde::Serialize;

use crate::clock::now;
use crate::data::DataFolder;
use crate::models;
use crate::output::Output;

/// How long a first start may take before another process tries, in milliseconds.
const ALONE: i64 = 60_000;
const USER: &str = "admin";
const APPLICATION: &str = "default";
const CREDITS: Credits = Credits::whole(1000);
const SERVICE: &str = "/api/cutout/general/universal-background-removal";
/// The photo of the example: in packages and in the repository.
const PHOTO: &str = "photos/astronaut.png";

/// What a newcomer needs to know.
#[derive(Serialize)]
pub struct Welcome {
    pub user: &'static str,
    pub application: &'static str,
    pub credits: Credits,
    /// The key, shown this one time.
    pub key: String,
    /// A command that works as pasted: anywhere with the photo of a package, otherwise in the
    /// repository's folder.
    pub curl: String,
    /// A link that signs in to the console, once, within ten minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
}

/// Whether this start is the first, or the first did not get to its end: the marker stands from
/// before the first row until the key has been shown.
pub async fn is_first(store: &dyn Store, data: &DataFolder) -> Result<bool> {
    if data.first_run().exists() {
        return Ok(true);
    }
    // The applications of a user who was removed stay: an installation that has any is not new.
    let is_new = store.users().await?.is_empty() && store.applications().await?.is_empty();
    // Of several processes that start together, one makes the first user.
    Ok(is_new && store.lead("first run", now() + ALONE, now()).await?)
}

/// Creates user, application, credits, key, and a link to the console where that is reached at the URL
/// `console`. Each step that an interrupted start did is kept, and
/// keys of which nobody knows the text are revoked.
pub async fn prepare(
    store: &dyn Store,
    secret: &KeySecret,
    data: &DataFolder,
    base_url: &str,
    console: Option<String>,
) -> Result<Welcome> {
    fs::write(data.first_run(), "The first start has not shown its key yet.\n")
        .context("the data folder cannot be written to")?;
    if !store.users().await?.iter().any(|user| user.name == USER) {
        store.create_user(USER, now()).await?;
    }
    let applications = store.applications().await?;
    let there = applications.into_iter().find(|app| app.user == USER && app.name == APPLICATION);
    let application = match there {
        Some(application) => application,
        None => {
            let (user, name) = (USER.to_owned(), APPLICATION.to_owned());
            let new = NewApplication { user, name, limits: Default::default(), key: None };
            store.create_application(&new, now()).await?
        }
    };
    let pools = store.pools(application.id).await?;
    if pools.iter().all(|pool| pool.total == Credits::default()) {
        store.add_credits(application.id, "common", CREDITS, now()).await?;
    }
    for lost in store.keys(application.id).await? {
        store.revoke_key(lost.id, now()).await?;
    }
    let (key, hash, hint) = secret.generate()?;
    store.add_key(application.id, &hash, &hint, KeyKind::Live, now()).await?;
    let photo = models::packaged(PHOTO);
    let photo = photo.as_deref().unwrap_or(Path::new(PHOTO)).display();
    let curl = format!("curl -H 'ailabapi-api-key: {key}' -F 'image=@{photo}' {base_url}{SERVICE}");
    let console = match console {
        Some(url) => Some(safelight_server::console_link(store, secret, &url).await?),
        None => None,
    };
    Ok(Welcome { user: USER, application: APPLICATION, credits: CREDITS, key, curl, console })
}

impl Welcome {
    /// Shows the key, and with that ends the first start.
    pub fn show(&self, output: Output, data: &DataFolder) -> Result<()> {
        let Self { user, application, credits, key, curl, console } = self;
        let console = console.as_ref().map_or_else(String::new, |link| {
            format!(
                "\nOr in the browser; this link signs you in once, within ten minutes \
                 (`safelight console` makes another):\n\n  {link}\n"
            )
        });
        let place = match models::packaged(PHOTO) {
            Some(_) => "Try it",
            None => "Try it in the repository's folder",
        };
        let sentence = format!(
            "\nWelcome. User `{user}` has the application `{application}` with {credits} credits.\n\
             Its API key, shown only this once:\n\n  {key}\n\n\
             {place}; `data.image_url` of the answer opens in a browser:\n\n  {curl}\n{console}"
        );
        output.result(self, &sentence)?;
        fs::remove_file(data.first_run()).context("the data folder cannot be written to")
    }
}
