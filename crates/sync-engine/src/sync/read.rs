//! Reads objects by ID.

use std::sync::Arc;

use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

use crate::domain::directory::DirectoryObject;
use crate::domain::error::EngineError;
use crate::engine::context::Context;
use crate::ports::view::MappingView;

/// An object that was read by id.
pub(crate) struct Read {
    pub(crate) observed: DirectoryObject,
    /// The groups of a user; not read if the user is out of scope in any case.
    pub(crate) groups: Option<Vec<GroupId>>,
}

/// Reads single objects, and proves answers that could have another cause. It changes nothing.
pub(crate) struct Reads {
    pub(super) context: Arc<Context>,
}

impl Reads {
    pub(crate) const fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// One user with its groups, read by id.
    pub(crate) async fn read_user(
        &self,
        view: &MappingView,
        id: &UserId,
    ) -> Result<Option<Read>, EngineError> {
        let directory = &view.directory;
        let Some(mut user) = directory.user(id).await.map_err(EngineError::Directory)? else {
            return Ok(None);
        };
        if !user.in_scope {
            return Ok(Some(Read { observed: user, groups: None }));
        }
        let groups = self.groups_of(view, id).await?;
        // Deleted between the two requests.
        let Some(mut groups) = groups else { return Ok(None) };
        groups.append(&mut user.implied_groups);
        Ok(Some(Read { observed: view.rules.join(user, &groups), groups: Some(groups) }))
    }

    /// One object, read by ID.
    pub(super) async fn read_object(
        &self,
        view: &MappingView,
        key: &RecordKey,
    ) -> Result<Option<Read>, EngineError> {
        match key.kind {
            ObjectKind::User => self.read_user(view, &UserId::new(key.id.clone())).await,
            ObjectKind::Group => {
                let group = view.directory.group(&GroupId::new(key.id.clone())).await;
                let group = group.map_err(EngineError::Directory)?;
                Ok(group.map(|group| Read { observed: group, groups: None }))
            }
            ObjectKind::Membership => Ok(None),
        }
    }
}
