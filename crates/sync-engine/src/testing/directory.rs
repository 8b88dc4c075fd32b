//! A directory in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use serde_json::json;
use sync_model::{GroupId, Record, UserId};

use crate::domain::directory::{Cursor, DirectoryObject, Page};
use crate::domain::error::PortError;
use crate::ports::clock::Clock;
use crate::ports::directory::Directory;
use crate::testing::clock::ManualClock;
use crate::testing::samples;
use crate::testing::switches::Switches;

#[derive(Debug, Clone)]
struct Group {
    name: String,
    updated: Timestamp,
    members: BTreeSet<UserId>,
    members_changed: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<UserId, (String, Timestamp)>,
    groups: BTreeMap<GroupId, Group>,
    requests: u64,
}

/// A directory in memory. Its records have the fields of [`samples::user`] and [`samples::group`], and its time is that
/// of the clock.
#[derive(Debug)]
pub struct FakeDirectory {
    clock: Arc<ManualClock>,
    state: Mutex<State>,
    page: usize,
    /// The methods that fail.
    pub switches: Switches,
}

impl FakeDirectory {
    /// An empty directory with pages of two items.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, state: Mutex::default(), page: 2, switches: Switches::default() }
    }

    /// Adds a user, or changes its login.
    pub fn put_user(&self, id: &str, login: &str) {
        let now = self.clock.now();
        self.state().users.insert(UserId::new(id), (login.to_owned(), now));
    }

    /// Deletes a user and its memberships.
    pub fn delete_user(&self, id: &str) {
        let user = UserId::new(id);
        let mut state = self.state();
        state.users.remove(&user);
        for group in state.groups.values_mut() {
            group.members.remove(&user);
        }
    }

    /// Adds a group, or replaces its members.
    pub fn put_group(&self, id: &str, members: &[&str]) {
        let now = self.clock.now();
        let members = members.iter().map(|id| UserId::new(*id)).collect();
        let group = Group { name: id.to_owned(), updated: now, members, members_changed: now };
        self.state().groups.insert(GroupId::new(id), group);
    }

    /// Deletes a group.
    pub fn delete_group(&self, id: &str) {
        self.state().groups.remove(&GroupId::new(id));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and fails if the method is switched off.
    fn request(&self, method: &'static str) -> Result<MutexGuard<'_, State>, PortError> {
        let mut state = self.state();
        state.requests += 1;
        self.switches.check(method)?;
        Ok(state)
    }

    /// The page after a cursor. Cursors are the last ID of a page.
    fn page<T>(&self, all: Vec<(String, T)>, from: Option<&Cursor>) -> Page<T> {
        let mut rest =
            all.into_iter().filter(|(id, _)| from.is_none_or(|from| id.as_str() > from.as_str())).peekable();
        let (mut items, mut last) = (Vec::new(), None);
        while items.len() < self.page
            && let Some((id, item)) = rest.next()
        {
            items.push(item);
            last = Some(id);
        }
        let next = last.filter(|_| rest.peek().is_some()).map(Cursor::new);
        Page { items, unreadable: Vec::new(), next }
    }
}

fn object(record: Record, updated: Timestamp) -> DirectoryObject {
    DirectoryObject {
        record,
        in_scope: true,
        last_updated: Some(updated),
        members_changed: None,
        unmapped: Vec::new(),
        problems: Vec::new(),
        implied_groups: Vec::new(),
    }
}

fn user(id: &UserId, (login, updated): &(String, Timestamp)) -> DirectoryObject {
    object(samples::user(id.as_str(), login, &[]), *updated)
}

fn group(id: &GroupId, group: &Group) -> DirectoryObject {
    let mut record = samples::group(id.as_str());
    record.fields.insert("name".to_owned(), json!(group.name));
    DirectoryObject { members_changed: Some(group.members_changed), ..object(record, group.updated) }
}

#[async_trait]
impl Directory for FakeDirectory {
    async fn groups(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        let state = self.request("groups")?;
        let changed =
            |group: &Group| since.is_none_or(|since| group.updated.max(group.members_changed) >= since);
        let groups = state.groups.iter().filter(|(_, group)| changed(group));
        let all = groups.map(|(id, of)| (id.as_str().to_owned(), group(id, of))).collect();
        Ok(self.page(all, from))
    }

    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>> {
        let members = self.request("members").and_then(|state| match state.groups.get(group) {
            Some(group) => Ok(group.members.clone()),
            None => Err(PortError::new("the group doesn't exist").single_record(true).deleted(true)),
        });
        match members {
            Ok(members) => stream::iter(members.into_iter().map(Ok)).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn users(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        let state = self.request("users")?;
        let users = state.users.iter().filter(|(_, (_, at))| since.is_none_or(|since| *at >= since));
        let all = users.map(|(id, of)| (id.as_str().to_owned(), user(id, of))).collect();
        Ok(self.page(all, from))
    }

    async fn user(&self, id: &UserId) -> Result<Option<DirectoryObject>, PortError> {
        Ok(self.request("user")?.users.get(id).map(|of| user(id, of)))
    }

    async fn groups_of(&self, id: &UserId) -> Result<Option<Vec<GroupId>>, PortError> {
        let state = self.request("groups_of")?;
        let groups = state.groups.iter().filter(|(_, group)| group.members.contains(id));
        let groups = groups.map(|(id, _)| id.clone()).collect();
        Ok(state.users.contains_key(id).then_some(groups))
    }

    async fn group(&self, id: &GroupId) -> Result<Option<DirectoryObject>, PortError> {
        Ok(self.request("group")?.groups.get(id).map(|of| group(id, of)))
    }

    fn time(&self) -> Option<Timestamp> {
        Some(self.clock.now())
    }

    fn requests(&self) -> u64 {
        self.state().requests
    }
}
