//! Okta as the engine's directory.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use jiff::Timestamp;
use okta_client::model::{Group, OddMember, Profile, User};
use okta_client::{Error, GroupQuery, OktaClient, UserQuery};
use sync_engine::{Cursor, Directory, DirectoryObject, Page, PortError, UnreadableItem};
use sync_model::{GroupId, UserId};
use tokio::sync::Mutex;

use crate::choices::{unknown_groups, unknown_names};
use crate::errors::{okta_error, okta_page_error};
use crate::projection::Projection;
use crate::schemas::org_schemas;

const BUILT_IN: &str = "type eq \"BUILT_IN\"";

/// Okta, read through a mapping and the scope.
#[derive(Debug, Clone)]
pub(crate) struct OktaDirectory {
    okta: OktaClient,
    lens: Projection,
    /// Held while the group of all users is searched.
    search_lock: Arc<Mutex<()>>,
}

impl OktaDirectory {
    pub(crate) fn new(okta: OktaClient, lens: Projection) -> Self {
        Self { okta, lens, search_lock: Arc::default() }
    }

    fn flaw_of_user(&self, user: &User) -> Option<UnreadableItem> {
        flaw(&user.id, &user.profile, self.lens.unreadable_of_user(user))
    }

    fn flaw_of_group(&self, group: &Group) -> Option<UnreadableItem> {
        flaw(&group.id, &group.profile, self.lens.unreadable_of_group(group))
    }

    /// Finds the group of all users, once.
    async fn find_everyone(&self) -> Result<(), PortError> {
        let _search_lock = self.search_lock.lock().await;
        if !self.lens.choice().knows_everyone() {
            let query = GroupQuery::filter(BUILT_IN);
            let mut groups = std::pin::pin!(self.okta.groups().list(&query));
            let (mut everyone, mut odd): (Option<Group>, _) = (None, None);
            while let Some(group) = groups.next().await {
                match group {
                    Ok(group) if group.is_everyone() => everyone = Some(group),
                    Ok(_) => {}
                    Err(error @ Error::Item { .. }) => odd = Some(error),
                    Err(error) => return Err(reading(error)),
                }
            }
            // It may be the one that cannot be read; without it all users would lose a membership.
            if let (None, Some(error)) = (&everyone, odd) {
                return Err(reading(error));
            }
            self.lens.choice().set_everyone_group(everyone.as_ref());
        }
        Ok(())
    }
}

/// The listings of users, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserPart {
    /// All but the deactivated ones.
    Active,
    Deactivated,
    /// Those that changed since a time, deactivated ones included.
    Changed,
}

impl UserPart {
    const WORDS: [(&'static str, Self); 3] =
        [("active ", Self::Active), ("deactivated ", Self::Deactivated), ("changed ", Self::Changed)];

    /// The part and position of a cursor; no position at its start. An unknown word restarts from the first part.
    fn of(cursor: &str) -> (Self, &str) {
        let known = Self::WORDS.into_iter().find_map(|(word, part)| Some((part, cursor.strip_prefix(word)?)));
        known.unwrap_or((Self::Active, ""))
    }

    fn cursor(self, place: &str) -> Cursor {
        let word = Self::WORDS.iter().find(|(_, part)| *part == self).map_or("", |(word, _)| word);
        Cursor::new(format!("{word}{place}"))
    }

    fn query(self, since: Option<Timestamp>) -> UserQuery {
        match (self, since) {
            (Self::Active, _) => UserQuery::default(),
            (Self::Deactivated, _) => UserQuery::filter("status eq \"DEPROVISIONED\""),
            (Self::Changed, since) => {
                let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
                UserQuery::filter(format!("lastUpdated gt \"{since:.3}\""))
            }
        }
    }
}

fn changed_groups(since: Timestamp) -> GroupQuery {
    GroupQuery::filter(format!("lastUpdated gt \"{since:.3}\" or lastMembershipUpdated gt \"{since:.3}\""))
}

const READING: &str = "could not read Okta";

fn reading(error: Error) -> PortError {
    okta_error(READING, error)
}

/// A failure of one listing among others, which concerns nothing else.
fn single_record(error: PortError) -> PortError {
    error.single_record(true)
}

/// A 404 that the object itself contradicts.
fn contradicted(what: &str, kind: &str, id: &str) -> PortError {
    let message = format!("Okta returned 404 for {what} {kind} {id}, although the {kind} exists");
    PortError::new(message).transient(true).single_record(true)
}

fn unreadable(item: &okta_client::Unreadable) -> UnreadableItem {
    UnreadableItem { id: item.id.clone(), field: item.field.clone(), error: item.to_string() }
}

/// The reason for which an object has no record, if there is one: every user and group has a name, so one without
/// attributes is incomplete; and an unreadable member that the record needs must not count as empty.
fn flaw(id: &str, profile: &Profile, odd: Option<OddMember>) -> Option<UnreadableItem> {
    let (field, found) = match odd {
        Some(odd) => (odd.member.as_str(), odd.found),
        None if profile.iter().next().is_none() => ("profile", "nothing"),
        None => return None,
    };
    let error = format!("{id} has {found} in the field {field}");
    Some(UnreadableItem { id: Some(id.to_owned()), field: field.to_owned(), error })
}

/// Objects as a projection reads them, and those without a record.
fn sorted<T, O>(
    items: Vec<T>,
    flaw: impl Fn(&T) -> Option<UnreadableItem>,
    observe: impl Fn(&T) -> O,
) -> (Vec<O>, Vec<UnreadableItem>) {
    let (mut whole, mut flawed) = (Vec::new(), Vec::new());
    for item in items {
        match flaw(&item) {
            Some(flaw) => flawed.push(flaw),
            None => whole.push(observe(&item)),
        }
    }
    (whole, flawed)
}

#[async_trait]
impl Directory for OktaDirectory {
    async fn groups(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        let groups = self.okta.groups();
        let page = match from {
            Some(cursor) => match cursor.as_str().parse() {
                Ok(cursor) => groups.page_at(&cursor).await,
                Err(error) => Err(error),
            },
            None => groups.page(&since.map_or_else(GroupQuery::default, changed_groups)).await,
        };
        let page = page.map_err(|e| okta_page_error(READING, e, from.is_some()))?;
        let (items, flawed) =
            sorted(page.items, |group| self.flaw_of_group(group), |group| self.lens.group(group));
        Ok(Page {
            items,
            unreadable: page.unreadable.iter().map(unreadable).chain(flawed).collect(),
            next: page.next.map(|next| Cursor::new(next.to_string())),
        })
    }

    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>> {
        let (okta, group) = (self.okta.clone(), group.clone());
        let members = self.okta.groups().member_ids(group.as_str());
        members
            .then(move |member| {
                let (okta, group) = (okta.clone(), group.clone());
                async move {
                    match member {
                        Ok(id) => Ok(UserId::new(id)),
                        // The group was deleted after it was listed, if Okta confirms that for the group as well.
                        Err(Error::NotFound { .. }) => match okta.groups().find(group.as_str()).await {
                            Ok(None) => {
                                Err(PortError::new(format!("group {group} doesn't exist")).deleted(true))
                            }
                            Ok(Some(_)) => Err(contradicted("the members of", "group", group.as_str())),
                            Err(error) => Err(single_record(reading(error))),
                        },
                        Err(
                            error @ (Error::Misrouted { .. } | Error::Decode { .. } | Error::Item { .. }),
                        ) => Err(single_record(reading(error))),
                        Err(error) => Err(reading(error)),
                    }
                }
            })
            .boxed()
    }

    async fn users(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        self.find_everyone().await?;
        let (part, place) = match from {
            Some(cursor) => UserPart::of(cursor.as_str()),
            None if since.is_some() => (UserPart::Changed, ""),
            None => (UserPart::Active, ""),
        };
        let users = self.okta.users();
        let page = match place {
            "" => users.page(&part.query(since)).await,
            place => match place.parse() {
                Ok(cursor) => users.page_at(&cursor).await,
                Err(error) => Err(error),
            },
        };
        let page = page.map_err(|e| okta_page_error(READING, e, from.is_some()))?;
        let next = match (page.next, part) {
            (Some(next), part) => Some(part.cursor(&next.to_string())),
            // The plain listing leaves them out.
            (None, UserPart::Active) => Some(UserPart::Deactivated.cursor("")),
            (None, UserPart::Deactivated | UserPart::Changed) => None,
        };
        let (items, flawed) = sorted(page.items, |user| self.flaw_of_user(user), |user| self.lens.user(user));
        let unreadable = page.unreadable.iter().map(unreadable).chain(flawed).collect();
        Ok(Page { items, unreadable, next })
    }

    async fn user(&self, id: &UserId) -> Result<Option<DirectoryObject>, PortError> {
        self.find_everyone().await?;
        let user = self.okta.high_priority().users().find(id.as_str()).await.map_err(reading)?;
        user.map(|user| match self.flaw_of_user(&user) {
            None => Ok(self.lens.user(&user)),
            Some(flaw) => Err(PortError::new(flaw.error).single_record(true)),
        })
        .transpose()
    }

    async fn groups_of(&self, id: &UserId) -> Result<Option<Vec<GroupId>>, PortError> {
        let okta = self.okta.high_priority();
        match okta.users().groups(id.as_str()).await {
            Ok(groups) => {
                let choice = self.lens.choice();
                if let Some((group, odd)) = groups.iter().find_map(|g| Some((g, choice.odd_of_group(g)?))) {
                    let problem =
                        format!("{} has {} in the field {}", group.id, odd.found, odd.member.as_str());
                    return Err(PortError::new(problem).single_record(true));
                }
                let groups = groups.iter().filter(|g| !g.is_everyone() && choice.includes_group(g));
                Ok(Some(groups.map(|g| GroupId::new(&g.id)).collect()))
            }
            Err(Error::NotFound { .. }) => match okta.users().find(id.as_str()).await.map_err(reading)? {
                None => Ok(None),
                Some(_) => Err(contradicted("the groups of", "user", id.as_str())),
            },
            Err(error) => Err(reading(error)),
        }
    }

    async fn group(&self, id: &GroupId) -> Result<Option<DirectoryObject>, PortError> {
        let group = self.okta.high_priority().groups().find(id.as_str()).await.map_err(reading)?;
        group
            .map(|group| match self.flaw_of_group(&group) {
                None => Ok(self.lens.group(&group)),
                Some(flaw) => Err(PortError::new(flaw.error).single_record(true)),
            })
            .transpose()
    }

    async fn unknown_choices(&self) -> Result<Vec<String>, PortError> {
        let users = self.lens.choice().users();
        let mut unknown = Vec::new();
        if !users.types.is_empty() || !users.profile.is_empty() {
            unknown.extend(unknown_names(users, &org_schemas(&self.okta).await.map_err(reading)?));
        }
        unknown.extend(unknown_groups(users, &self.okta).await.map_err(reading)?);
        Ok(unknown.iter().map(ToString::to_string).collect())
    }

    fn time(&self) -> Option<Timestamp> {
        self.okta.pacer().server_time()
    }

    fn requests(&self) -> u64 {
        self.okta.pacer().requests()
    }
}
