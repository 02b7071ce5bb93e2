//! Libraries of faces.

mod groups;
mod people;
mod upkeep;
mod users;

use async_trait::async_trait;

use crate::{
    Act, CopiedUser, ErasedFaces, FaceAudit, FaceGroup, FaceLimits, FaceMode, FaceSink, FaceUser,
    Faces, FacesChanged, Millis, NewFace, NewFaceGroup, NewFaceUser, Result, StoredFace,
};

use super::{Database, Lock, Rows};

pub use groups::abandon;

#[async_trait]
impl<D: Database> Faces for Rows<D> {
    async fn create_face_group(&self, act: &Act, new: &NewFaceGroup, most: u64) -> Result<()> {
        let (act, new) = (act.clone(), new.clone());
        self.write(Lock::Application(act.application), move |db| {
            groups::create(db, &act, &new, most)
        })
        .await
    }

    async fn change_face_group(
        &self,
        act: &Act,
        id: &str,
        name: Option<String>,
        retention_days: Option<u32>,
    ) -> Result<()> {
        let (act, id) = (act.clone(), id.to_owned());
        self.write(Lock::Application(act.application), move |db| {
            groups::change(db, &act, &id, name.as_deref(), retention_days)
        })
        .await
    }

    async fn delete_face_group(&self, act: &Act, id: &str) -> Result<()> {
        let (act, id) = (act.clone(), id.to_owned());
        self.write(Lock::Application(act.application), move |db| groups::delete(db, &act, &id))
            .await
    }

    async fn face_group(&self, application: i64, id: &str, shared: bool) -> Result<FaceGroup> {
        let id = id.to_owned();
        self.quick(move |db| match shared {
            true => groups::readable(db, application, &id),
            false => groups::ready(db, application, &id),
        })
        .await
    }

    async fn face_groups(
        &self,
        application: i64,
        start: u32,
        length: u32,
    ) -> Result<(u64, Vec<FaceGroup>)> {
        self.slow(move |db| groups::list(db, application, start, length)).await
    }

    async fn share_face_group(&self, act: &Act, id: &str, with: &[String]) -> Result<()> {
        let (act, id, with) = (act.clone(), id.to_owned(), with.to_vec());
        self.write(Lock::Application(act.application), move |db| {
            groups::share(db, &act, &id, &with)
        })
        .await
    }

    async fn create_face_user(&self, act: &Act, group: &str, new: &NewFaceUser) -> Result<()> {
        let (act, group, new) = (act.clone(), group.to_owned(), new.clone());
        self.write(Lock::Application(act.application), move |db| {
            users::create(db, &act, &group, &new)
        })
        .await
    }

    async fn change_face_user(&self, act: &Act, group: &str, new: &NewFaceUser) -> Result<()> {
        let (act, group, new) = (act.clone(), group.to_owned(), new.clone());
        self.write(Lock::Application(act.application), move |db| {
            users::change(db, &act, &group, &new)
        })
        .await
    }

    async fn face_user(
        &self,
        application: i64,
        group: Option<&str>,
        user: &str,
    ) -> Result<Vec<FaceUser>> {
        let (group, user) = (group.map(str::to_owned), user.to_owned());
        self.quick(move |db| users::find(db, application, group.as_deref(), &user)).await
    }

    async fn face_users_in(&self, rows: &[i64]) -> Result<Vec<FaceUser>> {
        let rows = rows.to_vec();
        self.quick(move |db| users::at(db, &rows)).await
    }

    async fn face_user_rows(&self, group_row: i64, users: &[String]) -> Result<Vec<i64>> {
        let users = users.to_vec();
        self.quick(move |db| self::users::rows(db, group_row, &users)).await
    }

    async fn face_users(
        &self,
        application: i64,
        group: &str,
        start: u32,
        length: u32,
    ) -> Result<(u64, Vec<String>)> {
        let group = group.to_owned();
        self.slow(move |db| users::list(db, application, &group, start, length)).await
    }

    async fn delete_face_users(
        &self,
        act: &Act,
        group: Option<&str>,
        users: &[String],
    ) -> Result<FacesChanged> {
        let (act, group, users) = (act.clone(), group.map(str::to_owned), users.to_vec());
        self.write(Lock::Application(act.application), move |db| {
            users::delete(db, &act, group.as_deref(), &users)
        })
        .await
    }

    async fn delete_copied_user(
        &self,
        act: &Act,
        group: &str,
        user: &str,
        tokens: &[String],
    ) -> Result<Option<FacesChanged>> {
        let (act, group) = (act.clone(), group.to_owned());
        let (user, tokens) = (user.to_owned(), tokens.to_vec());
        self.write(Lock::Application(act.application), move |db| {
            users::delete_copied(db, &act, &group, &user, &tokens)
        })
        .await
    }

    async fn copy_face_users(
        &self,
        act: &Act,
        from: &FaceGroup,
        to: &FaceGroup,
        users: &[CopiedUser],
        limits: FaceLimits,
    ) -> Result<FacesChanged> {
        let (act, from, to, users) = (act.clone(), from.clone(), to.clone(), users.to_vec());
        self.write(Lock::Application(act.application), move |db| {
            people::copy(db, &act, &from, &to, &users, limits)
        })
        .await
    }

    async fn check_face_room(
        &self,
        group: &FaceGroup,
        user: &str,
        mode: FaceMode,
        faces: u64,
        limits: FaceLimits,
    ) -> Result<()> {
        let (group, user) = (group.clone(), user.to_owned());
        self.quick(move |db| people::check_room(db, &group, &user, mode, faces, limits)).await
    }

    async fn add_face(&self, act: &Act, new: &NewFace, limits: FaceLimits) -> Result<FacesChanged> {
        let (act, new) = (act.clone(), new.clone());
        self.write(Lock::Application(act.application), move |db| {
            people::add(db, &act, &new, limits)
        })
        .await
    }

    async fn delete_face(
        &self,
        act: &Act,
        group: &str,
        user: &str,
        token: &str,
    ) -> Result<FacesChanged> {
        let (act, group) = (act.clone(), group.to_owned());
        let (user, token) = (user.to_owned(), token.to_owned());
        self.write(Lock::Application(act.application), move |db| {
            people::delete(db, &act, &group, &user, &token)
        })
        .await
    }

    async fn faces(&self, application: i64, group: &str, user: &str) -> Result<Vec<StoredFace>> {
        let (group, user) = (group.to_owned(), user.to_owned());
        self.quick(move |db| people::of_user(db, application, &group, &user)).await
    }

    async fn face_of_token(&self, application: i64, token: &str) -> Result<Option<StoredFace>> {
        let token = token.to_owned();
        self.quick(move |db| people::of_token(db, application, &token)).await
    }

    async fn has_face_image(&self, image: &str) -> Result<bool> {
        let image = image.to_owned();
        self.quick(move |db| people::has_image(db, &image)).await
    }

    async fn read_group_faces(&self, group_row: i64, at_once: u32, sink: FaceSink) -> Result<i64> {
        self.slow(move |db| people::read_group(db, group_row, at_once, &*sink)).await
    }

    async fn face_group_at(&self, row: i64) -> Result<Option<FaceGroup>> {
        self.quick(move |db| groups::at(db, row)).await
    }

    async fn ready_face_groups(&self, rows: &[i64]) -> Result<Vec<i64>> {
        let rows = rows.to_vec();
        self.quick(move |db| groups::ready_of(db, &rows)).await
    }

    async fn note_face_act(
        &self,
        act: &Act,
        action: &str,
        groups: &str,
        users: &str,
        count: u64,
    ) -> Result<()> {
        let (act, action) = (act.clone(), action.to_owned());
        let (groups, users) = (groups.to_owned(), users.to_owned());
        self.write(Lock::Nothing, move |db| upkeep::note(db, &act, &action, &groups, &users, count))
            .await
    }

    async fn face_audit(
        &self,
        application: i64,
        user: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FaceAudit>> {
        let user = user.map(str::to_owned);
        self.slow(move |db| upkeep::audit(db, application, user.as_deref(), limit)).await
    }

    async fn erase_faces(&self, act: &Act) -> Result<ErasedFaces> {
        let act = act.clone();
        self.write(Lock::Application(act.application), move |db| upkeep::erase(db, &act)).await
    }

    async fn clean_faces(&self, now: Millis) -> Result<FacesChanged> {
        // It is asked for often: a look is cheaper than a transaction.
        if !self.quick(move |db| upkeep::is_due(db, now)).await? {
            return Ok(FacesChanged::default());
        }
        self.write(Lock::Nothing, move |db| upkeep::clean(db, now)).await
    }

    async fn forget_face_audit(&self, before: Millis) -> Result<u64> {
        self.sweep(upkeep::forget_audit, before).await
    }

    async fn use_liveness_session(&self, nonce: &[u8; 8], expires_at: Millis) -> Result<bool> {
        let nonce = *nonce;
        self.write(Lock::Nothing, move |db| upkeep::use_session(db, &nonce, expires_at)).await
    }

    async fn forget_liveness_sessions(&self, now: Millis) -> Result<u64> {
        self.sweep(upkeep::forget_sessions, now).await
    }

    async fn scrub(&self) -> Result<()> {
        self.database.scrub().await
    }

    async fn pause_faces(&self, paused: bool) -> Result<()> {
        self.write(Lock::Nothing, move |db| upkeep::pause(db, paused)).await
    }

    async fn faces_paused(&self) -> Result<bool> {
        self.quick(upkeep::paused).await
    }
}
