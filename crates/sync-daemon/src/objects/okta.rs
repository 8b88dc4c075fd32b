//! The side of Okta.

use std::future::Future;
use std::time::Duration;

use admin_api::{ObjectMatch, OktaLookup, OktaObject, UserGroup};
use connectors::remedy;
use okta_client::model::{Group, User};
use okta_client::{GroupQuery, OktaClient, UserQuery};
use serde_json::{Map, Value};
use sync_engine::{MappingRules, Remedy};
use sync_model::{GroupId, ObjectKind, RecordKey};

use crate::objects::lookup::{Lookup, PATIENCE, Through};

/// The reason of a failed request, and its remedy.
type Failure = (String, Option<Remedy>);

/// Waits no longer than a page view permits.
pub(super) async fn in_time<T>(
    patience: Duration,
    request: impl Future<Output = okta_client::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, request).await {
        Ok(answer) => {
            answer.map_err(|error| (sync_engine::error_chain(&error), error.remedy().map(remedy::of_okta)))
        }
        Err(_) => Err((late(patience), None)),
    }
}

pub(super) fn late(patience: Duration) -> String {
    format!("no response within {} s", patience.as_secs())
}

impl Lookup {
    /// The object in Okta. If it isn't `known` here, it can be named by its login or name instead of its ID.
    pub(super) async fn okta_side(
        &self,
        key: &RecordKey,
        known: bool,
        through: Option<&Through>,
    ) -> OktaLookup {
        let found = match key.kind {
            ObjectKind::User => in_time(PATIENCE, self.user(&key.id, known, through)).await,
            ObjectKind::Group => in_time(PATIENCE, self.group(&key.id, known, through)).await,
            ObjectKind::Membership => return OktaLookup::NotRequested,
        };
        match found {
            Ok(Some(object)) => OktaLookup::Found(Box::new(object)),
            Ok(None) => OktaLookup::NotFound,
            Err((reason, remedy)) => OktaLookup::Error { reason, remedy },
        }
    }

    /// The object in Okta with this ID, login, or name.
    pub(super) async fn find_in_okta(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
    ) -> okta_client::Result<Vec<ObjectMatch>> {
        let okta = self.okta.high_priority();
        let mut found = Vec::new();
        if kind.is_none_or(|kind| kind == ObjectKind::Group)
            && let Some(group) = find_group(&okta, text, false).await?
        {
            found.push(only_in_okta(ObjectKind::Group, group.id.clone(), group.profile.name()));
        }
        if kind.is_none_or(|kind| kind == ObjectKind::User)
            && let Some(user) = find_user(&okta, text, false).await?
        {
            found.push(only_in_okta(ObjectKind::User, user.id.clone(), user.profile.login()));
        }
        Ok(found)
    }

    /// The ID of the user that has this ID or login.
    pub(crate) async fn user_named(&self, text: &str) -> okta_client::Result<Option<String>> {
        Ok(find_user(&self.okta.high_priority(), text, false).await?.map(|user| user.id))
    }

    /// The IDs of the groups that have this ID or name; of those whose name differs in case only where there is no other.
    pub(crate) async fn groups_named(&self, text: &str) -> okta_client::Result<Vec<String>> {
        let okta = self.okta.high_priority();
        if let Some(group) = by_id(okta.groups().find(text).await)? {
            return Ok(vec![group.id]);
        }
        let search = Some(format!("profile.name eq {}", quoted(text)));
        let found = okta.groups().page(&GroupQuery { search, ..GroupQuery::default() }).await?.items;
        let named = |same: fn(&str, &str) -> bool| -> Vec<String> {
            let named =
                found.iter().filter(|group| group.profile.name().is_some_and(|name| same(name, text)));
            named.map(|group| group.id.clone()).collect()
        };
        let exact = named(|name, text| name == text);
        Ok(if exact.is_empty() {
            named(|name, text| name.to_lowercase() == text.to_lowercase())
        } else {
            exact
        })
    }

    async fn user(
        &self,
        text: &str,
        known: bool,
        through: Option<&Through>,
    ) -> okta_client::Result<Option<OktaObject>> {
        let okta = self.okta.high_priority();
        let Some(user) = find_user(&okta, text, known).await? else { return Ok(None) };
        let groups = match okta.users().groups(&user.id).await {
            // The user was deleted between two requests, if Okta confirms that for the user as well.
            Err(okta_client::Error::NotFound { .. }) if okta.users().find(&user.id).await?.is_none() => {
                return Ok(None);
            }
            groups => groups?,
        };
        if let Some(everyone) = groups.iter().find(|group| group.is_everyone()) {
            self.sides.choice().set_everyone_group(Some(everyone));
        }
        // A value that cannot be read is not compared as if it were none.
        let whole = through.filter(|through| through.lens.unreadable_of_user(&user).is_none());
        let observed = whole.map(|through| {
            let mut observed = through.lens.user(&user);
            let mut of: Vec<GroupId> = groups
                .iter()
                .filter(|group| !group.is_everyone() && self.sides.choice().includes_group(group))
                .map(|group| GroupId::new(&group.id))
                .collect();
            of.append(&mut observed.implied_groups);
            through.lens.join(observed, &of)
        });
        let mapping = through.map(|through| &through.mapping);
        let type_name = mapping.and_then(|m| m.user_type_names(&user).first().map(|name| (*name).to_owned()));
        let groups = groups.iter().map(|group| UserGroup {
            id: group.id.clone(),
            name: group.profile.name().unwrap_or_default().to_owned(),
            in_scope: self.sides.choice().includes_group(group),
        });
        Ok(Some(OktaObject {
            status: Some(user.status.as_str().to_owned()),
            kind: type_name.or_else(|| user.user_type.map(|user_type| user_type.id)),
            created_at: user.created,
            activated: user.activated,
            status_changed: user.status_changed,
            last_login: user.last_login,
            last_updated: user.last_updated,
            last_membership_updated: None,
            profile: values(user.profile.iter()),
            groups: Some(groups.collect()),
            members: None,
            in_scope: observed.as_ref().map(|observed| observed.in_scope),
            record: observed.map(|observed| observed.record),
            id: user.id,
        }))
    }

    async fn group(
        &self,
        text: &str,
        known: bool,
        through: Option<&Through>,
    ) -> okta_client::Result<Option<OktaObject>> {
        let okta = self.okta.high_priority();
        let Some(group) = find_group(&okta, text, known).await? else { return Ok(None) };
        // A group that is read by ID has no statistics.
        let id = quoted(&group.id);
        let counted = GroupQuery { stats: true, limit: Some(1), ..GroupQuery::filter(format!("id eq {id}")) };
        let counted = okta.groups().page(&counted).await?.items;
        let whole = through.filter(|through| through.lens.unreadable_of_group(&group).is_none());
        let observed = whole.map(|through| through.lens.group(&group));
        Ok(Some(OktaObject {
            status: None,
            kind: Some(group.kind.as_str().to_owned()),
            created_at: group.created,
            activated: None,
            status_changed: None,
            last_login: None,
            last_updated: group.last_updated,
            last_membership_updated: group.last_membership_updated,
            profile: values(group.profile.iter()),
            groups: None,
            members: counted.first().and_then(Group::users_count),
            in_scope: observed.as_ref().map(|observed| observed.in_scope),
            record: observed.map(|observed| observed.record),
            id: group.id,
        }))
    }
}

fn only_in_okta(kind: ObjectKind, id: String, name: Option<&str>) -> ObjectMatch {
    ObjectMatch {
        key: RecordKey { kind, id },
        name: name.map(str::to_owned),
        synced: false,
        retired: false,
        confirmed_at: None,
        unconfirmed: false,
        matched_name: None,
    }
}

fn values<'p>(profile: impl Iterator<Item = (&'p str, &'p Value)>) -> Map<String, Value> {
    profile.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// A text as it stands in Okta's expressions, quotes included.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The object with an ID; nothing for an impossible one.
fn by_id<T>(found: okta_client::Result<Option<T>>) -> okta_client::Result<Option<T>> {
    match found {
        Err(okta_client::Error::InvalidId(_)) => Ok(None),
        found => found,
    }
}

async fn find_user(okta: &OktaClient, text: &str, known: bool) -> okta_client::Result<Option<User>> {
    let found = by_id(okta.users().find(text).await)?;
    if found.is_some() || known {
        return Ok(found);
    }
    let filter = UserQuery::filter(format!("profile.login eq {}", quoted(text)));
    let page = okta.users().page(&UserQuery { limit: Some(1), ..filter }).await?;
    Ok(page.items.into_iter().next())
}

async fn find_group(okta: &OktaClient, text: &str, known: bool) -> okta_client::Result<Option<Group>> {
    let found = by_id(okta.groups().find(text).await)?;
    if found.is_some() || known {
        return Ok(found);
    }
    let search = Some(format!("profile.name eq {}", quoted(text)));
    let page = okta.groups().page(&GroupQuery { search, limit: Some(1), ..GroupQuery::default() }).await?;
    Ok(page.items.into_iter().next())
}
