//! A directory that is read carelessly.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use sync_engine::{Clock, Cursor, Directory, DirectoryObject, MappingRules, Page, PortError, TestFields};
use sync_model::{GroupId, ObjectKind, Record, ReferenceForm, RetireReason, UserId};

use super::DisabledRule;

pub(super) fn misled(
    directory: Arc<dyn Directory>,
    broken: DisabledRule,
    clock: Arc<dyn Clock>,
) -> Arc<dyn Directory> {
    Arc::new(Misled { directory, broken, clock })
}

/// Rules that mark no object as retired.
pub(super) struct Undead(pub(super) Arc<dyn MappingRules>);

impl MappingRules for Undead {
    fn is_implied(&self, group: &GroupId) -> bool {
        self.0.is_implied(group)
    }

    fn join(&self, user: DirectoryObject, groups: &[GroupId]) -> DirectoryObject {
        self.0.join(user, groups)
    }

    fn retire(&self, last: &Record, _: RetireReason) -> Record {
        last.clone()
    }

    fn label(&self, kind: ObjectKind) -> Option<&str> {
        self.0.label(kind)
    }

    fn scope_version(&self) -> &str {
        self.0.scope_version()
    }

    fn may_include(&self, group: &GroupId) -> bool {
        self.0.may_include(group)
    }

    fn reference_form(&self) -> ReferenceForm {
        self.0.reference_form()
    }

    fn test_group(&self, group: &GroupId) -> Record {
        self.0.test_group(group)
    }

    fn test_user(&self, user: &UserId, groups: &[GroupId], text: &str) -> Record {
        self.0.test_user(user, groups, text)
    }

    fn test_fields(&self) -> TestFields {
        self.0.test_fields()
    }
}

struct Misled {
    directory: Arc<dyn Directory>,
    broken: DisabledRule,
    clock: Arc<dyn Clock>,
}

impl Misled {
    fn seen<T>(&self, read: Result<Option<T>, PortError>) -> Result<Option<T>, PortError> {
        match read {
            Err(_) if matches!(self.broken, DisabledRule::BelievesEveryRefusal) => Ok(None),
            read => read,
        }
    }

    fn listed<T>(&self, page: Page<T>) -> Result<Page<T>, PortError> {
        match self.broken {
            DisabledRule::StopsAtOddItems if !page.unreadable.is_empty() => {
                Err(PortError::new("a page cannot be read").transient(true))
            }
            _ => Ok(page),
        }
    }
}

#[async_trait]
impl Directory for Misled {
    async fn groups(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        self.listed(self.directory.groups(since, from).await?)
    }

    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>> {
        self.directory.members(group)
    }

    async fn users(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        self.listed(self.directory.users(since, from).await?)
    }

    async fn user(&self, id: &UserId) -> Result<Option<DirectoryObject>, PortError> {
        self.seen(self.directory.user(id).await)
    }

    async fn groups_of(&self, id: &UserId) -> Result<Option<Vec<GroupId>>, PortError> {
        self.directory.groups_of(id).await
    }

    async fn group(&self, id: &GroupId) -> Result<Option<DirectoryObject>, PortError> {
        self.seen(self.directory.group(id).await)
    }

    fn time(&self) -> Option<Timestamp> {
        if matches!(self.broken, DisabledRule::BookmarksByItsClock) {
            return Some(self.clock.now());
        }
        self.directory.time()
    }

    fn requests(&self) -> u64 {
        self.directory.requests()
    }
}
