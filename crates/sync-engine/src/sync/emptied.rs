//! Memberships that seem to have ended all at once.
//!
//! An empty list is also returned to an app that lost its role, by a gateway, and by a listing that lags. If
//! memberships were confirmed, a second reading must agree.

use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

use crate::domain::error::{EngineError, PortError};
use crate::engine::active::ActiveRun;
use crate::ports::view::MappingView;
use crate::sync::read::Reads;

/// The number of former members that are read.
const WITNESSES: usize = 2;

fn contradicted(message: String) -> EngineError {
    EngineError::Directory(PortError::new(message).transient(true).single_record(true))
}

impl Reads {
    /// The groups of a user; `None` if its deletion is proven. A user without any group is read twice, and accepted
    /// only while the directory returns groups.
    pub(crate) async fn groups_of(
        &self,
        view: &MappingView,
        user: &UserId,
    ) -> Result<Option<Vec<GroupId>>, EngineError> {
        let directory = &view.directory;
        let is_empty = |groups: &Option<Vec<GroupId>>| groups.as_ref().is_some_and(Vec::is_empty);
        let groups = directory.groups_of(user).await.map_err(EngineError::Directory)?;
        if !is_empty(&groups) {
            return Ok(groups);
        }
        let Some(group) = self.confirmed_group(view, user).await? else { return Ok(groups) };
        let groups = directory.groups_of(user).await.map_err(EngineError::Directory)?;
        if !is_empty(&groups) || directory.group(&group).await.map_err(EngineError::Directory)?.is_some() {
            return Ok(groups);
        }
        // The group is deleted or hidden.
        let page = directory.groups(None, None).await.map_err(EngineError::Directory)?;
        if page.items.is_empty() && page.unreadable.is_empty() {
            return Err(contradicted(format!("the app can't read the groups of user {user}")));
        }
        Ok(groups)
    }

    /// A living group that a user was confirmed in.
    async fn confirmed_group(
        &self,
        view: &MappingView,
        user: &UserId,
    ) -> Result<Option<GroupId>, EngineError> {
        let user = RecordKey::user(user);
        let confirmed = self.context.store().confirmed_records(std::slice::from_ref(&user)).await?;
        let references = confirmed.get(&user).into_iter().flat_map(|record| &record.references);
        let groups: Vec<GroupId> = references
            .filter(|reference| reference.kind == ObjectKind::Group)
            .map(|reference| GroupId::new(reference.reference_key.clone()))
            .filter(|group| !view.rules.is_implied(group))
            .collect();
        let keys: Vec<RecordKey> = groups.iter().map(RecordKey::group).collect();
        let known = self.context.store().record_states(&keys).await?;
        let is_current =
            |group: &GroupId| known.get(&RecordKey::group(group)).is_some_and(|known| !known.retired);
        Ok(groups.into_iter().find(is_current))
    }

    /// Verifies an empty group listing with former members.
    ///
    /// # Errors
    /// If one of them is still a member, or none of them can be read.
    pub(crate) async fn prove_empty(&self, run: &ActiveRun, group: &GroupId) -> Result<(), EngineError> {
        let members = self.context.store().referrers(ObjectKind::Group, group.as_str()).await?;
        let users = members.into_iter().filter(|member| member.kind == ObjectKind::User);
        let (mut left, mut unread) = (0, None);
        for user in users.map(|member| UserId::new(member.id)).take(2 * WITNESSES) {
            match self.groups_of(&run.view, &user).await {
                Ok(Some(groups)) if groups.contains(group) => {
                    return Err(contradicted(format!(
                        "the listing is empty, although user {user} is a member"
                    )));
                }
                Ok(_) => left += 1,
                Err(error @ EngineError::Directory(_)) => unread = Some(error),
                Err(error) => return Err(error),
            }
            if left == WITNESSES {
                return Ok(());
            }
        }
        match unread {
            Some(error) if left == 0 => Err(error),
            _ => Ok(()),
        }
    }
}
