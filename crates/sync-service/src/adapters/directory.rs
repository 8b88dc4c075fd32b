//! Okta as the engine's directory.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use okta_client::model::{Group, User, UserStatus};
use okta_client::{GroupQuery, OktaClient};
use schema_mapper::{Mapped, Mapping};
use sync_engine::{Directory, Members, Observed, ObservedGroup, ObservedUser, PortError};
use sync_model::{GroupId, Record, UserId};
use tokio::sync::OnceCell;

use super::{MappingSlot, okta_error};

const BUILT_IN: &str = "type eq \"BUILT_IN\"";

/// Okta, seen through the mapping in force.
#[derive(Debug, Clone)]
pub(crate) struct OktaDirectory {
    okta: OktaClient,
    mapping: MappingSlot,
    /// The group of all users, once it was looked for.
    everyone: Arc<OnceCell<Option<GroupId>>>,
}

impl OktaDirectory {
    pub(crate) fn new(okta: OktaClient, mapping: MappingSlot) -> Self {
        Self { okta, mapping, everyone: Arc::default() }
    }

    /// The mapping, made from the org's schemas the first time.
    fn mapping(&self) -> Result<Arc<Mapping>, PortError> {
        self.mapping.get().ok_or_else(|| PortError::new("the schemas were not compared yet").transient(true))
    }

    async fn everyone(&self) -> Result<Option<GroupId>, PortError> {
        let found = self.everyone.get_or_try_init(|| async {
            let query = GroupQuery::filter(BUILT_IN);
            let groups: Vec<Group> = self.okta.groups().list(&query).try_collect().await.map_err(reading)?;
            Ok(groups.iter().find(|group| group.is_everyone()).map(|group| GroupId::new(&group.id)))
        });
        found.await.cloned()
    }

    fn observe_user(mapping: &Mapping, user: &User, everyone: Option<&GroupId>) -> ObservedUser {
        // Okta does not count deactivated users among everyone.
        let implied = everyone.filter(|_| user.status != UserStatus::Deprovisioned);
        ObservedUser {
            observed: observed(mapping.user(user), user.last_updated),
            implied_groups: implied.cloned().into_iter().collect(),
        }
    }

    fn observe_group(&self, mapping: &Mapping, group: &Group) -> ObservedGroup {
        let members = if group.is_everyone() {
            // Known now, and need not be asked for. It may have been known before.
            let _ = self.everyone.set(Some(GroupId::new(&group.id)));
            Members::Implied
        } else {
            Members::Listed
        };
        ObservedGroup { observed: observed(mapping.group(group), group.last_updated), members }
    }
}

fn reading(error: okta_client::Error) -> PortError {
    okta_error("Okta could not be read", error)
}

fn observed(mapped: Mapped, last_updated: Option<jiff::Timestamp>) -> Observed {
    Observed {
        record: mapped.record,
        last_updated,
        unmapped: mapped.unmapped,
        problems: mapped.problems.iter().map(ToString::to_string).collect(),
    }
}

#[async_trait]
impl Directory for OktaDirectory {
    fn groups(&self) -> BoxStream<'static, Result<ObservedGroup, PortError>> {
        let this = self.clone();
        let groups = self.okta.groups().list(&GroupQuery::default()).map_err(reading);
        groups
            .and_then(move |group| std::future::ready(this.mapping().map(|m| this.observe_group(&m, &group))))
            .boxed()
    }

    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>> {
        let members = self.okta.groups().member_ids(group.as_str());
        members
            .map_ok(UserId::new)
            // Deleted after it was listed: it has no members.
            .filter(|item| std::future::ready(!matches!(item, Err(okta_client::Error::NotFound { .. }))))
            .map_err(reading)
            .boxed()
    }

    fn users(&self) -> BoxStream<'static, Result<ObservedUser, PortError>> {
        let this = self.clone();
        let all = self.okta.users().list_all();
        stream::once(async move {
            let everyone = this.everyone().await?;
            let mapping = this.mapping()?;
            Ok::<_, PortError>(
                all.map_err(reading)
                    .map_ok(move |user| Self::observe_user(&mapping, &user, everyone.as_ref())),
            )
        })
        .try_flatten()
        .boxed()
    }

    async fn user(&self, id: &UserId) -> Result<Option<ObservedUser>, PortError> {
        let everyone = self.everyone().await?;
        let mapping = self.mapping()?;
        let user = self.okta.urgent().users().find(id.as_str()).await.map_err(reading)?;
        Ok(user.map(|user| Self::observe_user(&mapping, &user, everyone.as_ref())))
    }

    async fn groups_of(&self, id: &UserId) -> Result<Vec<GroupId>, PortError> {
        match self.okta.urgent().users().groups(id.as_str()).await {
            Ok(groups) => {
                Ok(groups.iter().filter(|g| !g.is_everyone()).map(|g| GroupId::new(&g.id)).collect())
            }
            // Deleted between two requests: the next look will see it.
            Err(okta_client::Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(reading(error)),
        }
    }

    async fn group(&self, id: &GroupId) -> Result<Option<ObservedGroup>, PortError> {
        let mapping = self.mapping()?;
        let group = self.okta.urgent().groups().find(id.as_str()).await.map_err(reading)?;
        Ok(group.map(|group| self.observe_group(&mapping, &group)))
    }

    fn with_groups(&self, user: Record, groups: &[GroupId]) -> Record {
        match self.mapping.get() {
            Some(mapping) => mapping.with_groups(user, groups),
            None => user,
        }
    }

    fn retire(&self, last: &Record) -> Record {
        self.mapping.get().map_or_else(|| last.clone(), |mapping| mapping.retire(last))
    }

    fn requests(&self) -> u64 {
        self.okta.pacer().requests()
    }
}
