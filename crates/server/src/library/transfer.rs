//! Libraries as files: one JSON object a line.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use safelight_contract::{Code, Fault, Result};
use safelight_library::{Embedding, LENGTH, MasterKey};
use safelight_services::recognition::EMBEDDINGS;
use safelight_store::{
    Act, FaceGroup, FaceLimits, FaceMode, NewFace, NewFaceGroup, NewFaceUser, Refused, Store,
    StoreError,
};
use serde::{Deserialize, Serialize};

use super::indexes::STORED;
use super::{Refusable, open_key, place_in, place_of};
use crate::app::Stored;
use crate::reply::internal;
use crate::settings::LibrarySettings;

/// What a file says of itself in its first line.
const FORMAT: &str = "safelight-faces-1";

/// Least bytes of the line of a face.
const FACE: u64 = 776;
/// Bytes of the identifier of a user in a list.
const USER: u64 = 200;
/// Bytes of the rows of a user's faces, at most.
const FACES: u64 = 64 * STORED;

/// A line of a file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Library {
        format: String,
        model: String,
    },
    Group {
        group_id: String,
        name: Option<String>,
        scene_type: String,
        retention_days: Option<u32>,
    },
    User {
        group_id: String,
        user_id: String,
        user_info: String,
        consent_note: String,
    },
    Face {
        group_id: String,
        user_id: String,
        face_token: String,
        quality_score: f64,
        embedding: String,
    },
}

/// A library as a file.
#[derive(Default)]
pub struct Exported {
    /// The file.
    pub lines: Vec<u8>,
    /// How many groups it holds.
    pub groups: u64,
    /// How many users.
    pub users: u64,
    /// How many faces.
    pub faces: u64,
    /// Bytes of memory that it may take while it is made.
    most: Option<u64>,
}

/// How much of a file came into a library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Groups that were created.
    pub groups: u64,
    /// Users that were created.
    pub users: u64,
    /// Faces that were added.
    pub faces: u64,
    /// Groups, users and faces that were there already.
    pub skipped: u64,
}

/// An embedding as text: little-endian numbers of 32 bits, in Base64.
pub(crate) fn encode(embedding: &Embedding) -> String {
    let bytes: Vec<u8> = embedding.iter().flat_map(|value| value.to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}

/// The embedding of a text, which must have the length one.
fn decode(text: &str) -> Option<Embedding> {
    let bytes = BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH * 4)?;
    let numbers = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number));
    let embedding: Embedding = numbers.collect::<Vec<_>>().try_into().ok()?;
    let length: f32 = embedding.iter().map(|value| value * value).sum();
    ((length - 1.0).abs() < 1e-3).then_some(embedding)
}

impl Exported {
    /// A file without a line. Where its memory is limited, it has what the users of the largest group and the
    /// faces of one of them leave, in one piece from the start: one that grows is there twice while it moves.
    fn within(most: Option<u64>, groups: &[FaceGroup]) -> Result<Self> {
        let mut file = Self { most, ..Self::default() };
        if let Some(most) = most {
            let users = groups.iter().map(|group| group.users * USER).max().unwrap_or_default();
            let room = most.saturating_sub(users + FACES);
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let made = file.lines.try_reserve_exact(room);
            made.map_err(|error| internal("making room for a file", &error))?;
        }
        Ok(file)
    }

    /// Fails where the buffer has no room for this many more bytes.
    fn check(&self, bytes: u64) -> Result<()> {
        let left = (self.lines.capacity() - self.lines.len()) as u64;
        let Some(most) = self.most.filter(|_| bytes > left) else { return Ok(()) };
        let message = format!(
            "the file and the rows that it is made of do not fit into {most} bytes of memory, the limit of an \
             export: name a group_id with fewer faces, or use `safelight library export`"
        );
        Err(Fault::new(Code::ResponseBodyTooLarge, message))
    }

    fn push(&mut self, line: &Line) -> Result<()> {
        let mut line = serde_json::to_vec(line).map_err(|error| internal("writing", &error))?;
        line.push(b'\n');
        self.check(line.len() as u64)?;
        self.lines.extend_from_slice(&line);
        Ok(())
    }

    /// Writes a group with its users and faces.
    async fn push_group(
        &mut self,
        store: &dyn Store,
        master: &MasterKey,
        group: &FaceGroup,
    ) -> Result<()> {
        // Before the rows are read.
        self.check(group.faces.saturating_mul(FACE))?;
        let key = open_key(master, group)?;
        let group_id = || group.id.clone();
        self.groups += 1;
        self.push(&Line::Group {
            group_id: group_id(),
            name: group.name.clone(),
            scene_type: group.scene.clone(),
            retention_days: group.retention_days,
        })?;
        let ids = store.face_users(group.application, &group.id, 0, u32::MAX).await;
        let (_, ids) = ids.or_refused("listing users")?;
        for id in ids {
            let users = store.face_user(group.application, Some(&group.id), &id).await;
            let Some(user) = users.or_refused("reading a user")?.into_iter().next() else {
                continue;
            };
            let faces = match store.faces(group.application, &group.id, &id).await {
                // Gone since.
                Err(StoreError::Refused(_)) => continue,
                faces => faces.or_internal("reading faces")?,
            };
            self.users += 1;
            self.push(&Line::User {
                group_id: group_id(),
                user_id: user.id.clone(),
                user_info: user.info,
                consent_note: user.consent_note,
            })?;
            for face in faces {
                let embedding = key.open_embedding(&face.sealed, &place_in(group.row, &face.token));
                let embedding =
                    embedding.map_err(|_| internal("opening a face", &"it was altered"))?;
                self.faces += 1;
                self.push(&Line::Face {
                    group_id: group_id(),
                    user_id: user.id.clone(),
                    face_token: face.token,
                    quality_score: face.quality,
                    embedding: encode(&embedding),
                })?;
            }
        }
        Ok(())
    }
}

/// Writes the library of an application, or one group of it. It takes up to `most` bytes of memory, where
/// that is limited.
///
/// # Errors
/// Those of the group; `ERROR_RESPONSE_BODY_TOO_LARGE` for what needs more memory;
/// `SERVICE_INTERNAL_ERROR` where a face cannot be opened.
pub async fn export(
    store: &dyn Store,
    master: &MasterKey,
    act: &Act,
    only: Option<&str>,
    most: Option<u64>,
) -> Result<Exported> {
    let groups = match only {
        Some(id) => {
            vec![store.face_group(act.application, id, false).await.or_refused("reading a group")?]
        }
        None => {
            let all = store.face_groups(act.application, 0, u32::MAX).await;
            let (_, groups) = all.or_internal("listing groups")?;
            groups.into_iter().filter(|group| group.wrapped_key.is_some()).collect()
        }
    };
    let mut file = Exported::within(most, &groups)?;
    file.push(&Line::Library { format: FORMAT.to_owned(), model: EMBEDDINGS.to_owned() })?;
    for group in &groups {
        file.push_group(store, master, group).await?;
    }
    let noted = store.note_face_act(act, "library-export", only.unwrap_or("@ALL"), "", file.faces);
    noted.await.or_internal("noting an export")?;
    Ok(file)
}

/// Adds what a file holds to the library of an application. What is there already stays as it is.
/// Lines before one that is wrong have come in; importing again goes on where it ended.
///
/// # Errors
/// `ERROR_INVALID_FILE` with the line for what is no such file; those of the rows.
pub async fn import(
    store: &dyn Store,
    master: &MasterKey,
    act: &Act,
    file: &str,
    (settings, limits): (&LibrarySettings, FaceLimits),
) -> Result<Imported> {
    let groups = settings.max_groups.into();
    let mut done = Imported::default();
    for (number, text) in (1..).zip(file.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let wrong = |why: String| Fault::new(Code::InvalidFile, format!("line {number}: {why}"));
        let line: Line = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let first = matches!(line, Line::Library { .. });
        if first != (number == 1) {
            return Err(wrong("the first line alone says what the file is".to_owned()));
        }
        let brought = match line {
            Line::Library { format, model } if format == FORMAT && model == EMBEDDINGS => continue,
            Line::Library { format, model } => {
                let why = format!("format {format} with embeddings of {model} cannot be read here");
                return Err(wrong(why));
            }
            Line::Group { group_id, name, scene_type, retention_days } => {
                let place = place_of(act.application, &group_id);
                let key = master.new_group(&place);
                let (_, wrapped_key) = key.map_err(|error| internal("making a key", &error))?;
                let there = store.face_group(act.application, &group_id, false).await;
                if let Ok(there) = there
                    && there.scene != scene_type
                {
                    let message = format!(
                        "line {number}: the group {group_id} is of {scene_type} in the file, of {} here",
                        there.scene
                    );
                    return Err(Fault::new(Code::SceneTypeMismatch, message));
                }
                let new = NewFaceGroup {
                    id: group_id,
                    name,
                    scene: scene_type,
                    model: EMBEDDINGS.to_owned(),
                    wrapped_key,
                    retention_days,
                };
                count(store.create_face_group(act, &new, groups).await, &mut done.groups)
            }
            Line::User { group_id, user_id, user_info, consent_note } => {
                settings.check_consent(Some(&consent_note))?;
                let (info, consent_note) = (Some(user_info), Some(consent_note));
                let new = NewFaceUser { id: user_id, info, consent_note };
                count(store.create_face_user(act, &group_id, &new).await, &mut done.users)
            }
            Line::Face { group_id, user_id, face_token, quality_score, embedding } => {
                let embedding = decode(&embedding);
                let embedding =
                    embedding.ok_or_else(|| wrong("it holds no embedding of length one".into()))?;
                let group = store.face_group(act.application, &group_id, false).await;
                let group = group.or_refused("reading a group")?;
                let place = place_in(group.row, &face_token);
                let sealed = open_key(master, &group)?.seal_embedding(&embedding, &place);
                let new = NewFace {
                    group_row: group.row,
                    user: NewFaceUser { id: user_id, ..NewFaceUser::default() },
                    token: face_token,
                    sealed: sealed.map_err(|error| internal("encrypting a face", &error))?,
                    quality: quality_score,
                    image: None,
                    mode: FaceMode::Append,
                    revision: None,
                };
                count(store.add_face(act, &new, limits).await.map(drop), &mut done.faces)
            }
        };
        if !brought.or_refused("importing")? {
            done.skipped += 1;
        }
    }
    Ok(done)
}

/// Counts what came; `false` where it was there already.
fn count(outcome: Result<(), StoreError>, counter: &mut u64) -> Result<bool, StoreError> {
    let there = |refused: &Refused| {
        matches!(refused, Refused::GroupExists(_) | Refused::UserExists(_) | Refused::FaceExists(_))
    };
    match outcome {
        Ok(()) => {
            *counter += 1;
            Ok(true)
        }
        Err(StoreError::Refused(refused)) if there(&refused) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use safelight_store::{Accounts as _, Limits, NewApplication, Sqlite};

    use super::*;

    #[test]
    fn embeddings_survive_as_text_and_others_are_refused() {
        let mut embedding = [0.0; LENGTH];
        embedding[3] = 1.0;
        assert_eq!(decode(&encode(&embedding)), Some(embedding));
        embedding[4] = 0.5;
        assert_eq!(decode(&encode(&embedding)), None, "its length is not one");
        assert_eq!(decode("AAAA"), None);
        assert_eq!(decode("%"), None);
    }

    /// A library comes out as it went in, and coming in twice changes nothing.
    #[tokio::test]
    async fn what_goes_out_comes_in() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Sqlite::open(folder.path().join("db")).expect("database");
        let master = MasterKey::new([9; 32]);
        store.create_user("ada", 1).await.expect("user");
        let mut acts = Vec::new();
        for name in ["one", "two"] {
            let new = NewApplication {
                user: "ada".into(),
                name: name.into(),
                limits: Limits::default(),
                key: None,
            };
            let application = store.create_application(&new, 1).await.expect("application").id;
            acts.push(super::super::act(application, None, "R"));
        }
        let mut embedding = [0.0; LENGTH];
        embedding[7] = -1.0;
        let text = [
            Line::Library { format: FORMAT.into(), model: EMBEDDINGS.into() },
            Line::Group {
                group_id: "staff".into(),
                name: Some("Staff".into()),
                scene_type: "LIVE".into(),
                retention_days: Some(30),
            },
            Line::User {
                group_id: "staff".into(),
                user_id: "u1".into(),
                user_info: "first".into(),
                consent_note: "signed".into(),
            },
            Line::Face {
                group_id: "staff".into(),
                user_id: "u1".into(),
                face_token: "t".into(),
                quality_score: 81.5,
                embedding: encode(&embedding),
            },
        ];
        let text: Vec<_> = text.iter().map(|l| serde_json::to_string(l).expect("JSON")).collect();
        let text = text.join("\n") + "\n";
        let settings = LibrarySettings { max_groups: 9, ..LibrarySettings::default() };
        let limits = (&settings, FaceLimits { user: 9, group: 9, application: 9 });
        let come = import(&store, &master, &acts[0], &text, limits).await.expect("imported");
        assert_eq!(come, Imported { groups: 1, users: 1, faces: 1, skipped: 0 });
        let again = import(&store, &master, &acts[0], &text, limits).await.expect("imported");
        assert_eq!(again, Imported { skipped: 3, ..Imported::default() });
        for most in [None, Some(1 << 20)] {
            let out = export(&store, &master, &acts[0], None, most).await.expect("exported");
            assert_eq!(String::from_utf8(out.lines).expect("text"), text);
        }
        // With room for the rows alone, for the line of a face alone, and for all but that.
        let rows = FACES + USER;
        for most in [rows, rows + FACE, rows + FACE + 100] {
            let out = export(&store, &master, &acts[0], Some("staff"), Some(most)).await;
            let fault = out.err().expect("too large");
            assert_eq!(fault.code(), Code::ResponseBodyTooLarge);
            let limit = format!("{most} bytes");
            let words = [limit.as_str(), "group_id", "`safelight library export`"];
            assert!(words.iter().all(|word| fault.message().contains(word)), "{fault}");
        }
        let come = import(&store, &master, &acts[1], &text, limits).await.expect("imported");
        assert_eq!((come.groups, come.faces), (1, 1));
        let surveillance = text.replace("LIVE", "SURVEILLANCE");
        let fault = import(&store, &master, &acts[0], &surveillance, limits).await;
        assert_eq!(fault.expect_err("another scene").code(), Code::SceneTypeMismatch);
        let strict = LibrarySettings { require_consent: true, ..settings.clone() };
        let silent = text.replace("signed", "");
        let fault = import(&store, &master, &acts[0], &silent, (&strict, limits.1)).await;
        assert_eq!(fault.expect_err("no note").code(), Code::MissingParameters);
        for wrong in ["{", "{\"user\":{}}", &text.replace(EMBEDDINGS, "other"), &text[1..]] {
            let fault = import(&store, &master, &acts[0], wrong, limits).await.expect_err("wrong");
            assert_eq!(fault.code(), Code::InvalidFile, "{fault}");
        }
        let stranger = MasterKey::new([8; 32]);
        assert!(export(&store, &stranger, &acts[0], None, None).await.is_err(), "another key");
    }
}
