//! The state that reads return while the org lags.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::org::{Org, Touch};

/// The new state of a changed object.
#[derive(Debug, Clone)]
enum Patch {
    User(String, Option<Value>),
    Group(String, Option<Value>),
    Member { group: String, user: String, member: bool },
}

/// A copy of the directory that changes reach late, in their order. There is none while nothing is late.
#[derive(Default)]
pub(super) struct Replica {
    copy: Option<Org>,
    waiting: VecDeque<(Instant, Vec<Patch>)>,
}

/// The copies that reads and searches see.
#[derive(Default)]
pub(super) struct Replicas {
    pub(super) reads: Replica,
    pub(super) searches: Replica,
}

impl Replica {
    /// Before a delayed change: copies the current directory.
    pub(super) fn prepare(&mut self, org: &Org, lag: Option<Duration>) {
        if lag.is_some() {
            self.catch_up();
            self.copy.get_or_insert_with(|| org.directory());
        }
    }

    /// After a change: adds it to the queue, if there is one. The order stays.
    pub(super) fn follow(&mut self, org: &Org, touched: &[Touch], lag: Option<Duration>) {
        if self.copy.is_none() {
            return;
        }
        let due = Instant::now() + lag.unwrap_or_default();
        let due = self.waiting.back().map_or(due, |(last, _)| due.max(*last));
        let patches = touched.iter().map(|touch| match touch {
            Touch::User(id) => Patch::User(id.clone(), org.users.get(id).cloned()),
            Touch::Group(id) => Patch::Group(id.clone(), org.groups.get(id).cloned()),
            Touch::Member { group, user } => Patch::Member {
                group: group.clone(),
                user: user.clone(),
                member: org.members.get(group).is_some_and(|members| members.contains(user)),
            },
        });
        self.waiting.push_back((due, patches.collect()));
    }

    /// The readable state now; `None` for the org itself.
    pub(super) fn readable(&mut self) -> Option<&Org> {
        self.catch_up();
        self.copy.as_ref()
    }

    fn catch_up(&mut self) {
        let Some(copy) = &mut self.copy else { return };
        let now = Instant::now();
        while self.waiting.front().is_some_and(|(due, _)| *due <= now) {
            for patch in self.waiting.pop_front().into_iter().flat_map(|(_, patches)| patches) {
                apply(copy, patch);
            }
        }
        if self.waiting.is_empty() {
            self.copy = None;
        }
    }
}

fn apply(copy: &mut Org, patch: Patch) {
    match patch {
        Patch::User(id, Some(user)) => {
            copy.users.insert(id, user);
        }
        Patch::User(id, None) => copy.remove_user(&id),
        Patch::Group(id, Some(group)) => {
            copy.groups.insert(id, group);
        }
        Patch::Group(id, None) => copy.remove_group(&id),
        Patch::Member { group, user, member: true } => {
            copy.add_member(&group, &user);
        }
        Patch::Member { group, user, member: false } => {
            copy.remove_member(&group, &user);
        }
    }
}
