//! Okta's objects as the engine sees them: through the mapping in force and what the operator chooses.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use okta_client::model::{Group, User, UserStatus};
use schema_mapper::{Mapped, Mapping, Selection};
use sync_engine::{Members, Observed, ObservedGroup, ObservedUser, PortError};
use sync_model::{Departure, GroupId, Record};

use super::MappingSlot;

/// The mapping in force, the selection, and the group of all users once it is known.
#[derive(Debug, Clone)]
pub(crate) struct Lens {
    mapping: MappingSlot,
    selection: Arc<Selection>,
    everyone: Arc<OnceLock<Option<Everyone>>>,
}

/// The group of all users.
#[derive(Debug, Clone)]
struct Everyone {
    id: GroupId,
    selected: bool,
}

impl Lens {
    pub(crate) fn new(mapping: MappingSlot, selection: Selection) -> Self {
        Self { mapping, selection: Arc::new(selection), everyone: Arc::default() }
    }

    /// The mapping, made from the org's schemas the first time.
    pub(crate) fn mapping(&self) -> Result<Arc<Mapping>, PortError> {
        self.mapping.get().ok_or_else(|| PortError::new("the schemas were not compared yet").transient(true))
    }

    /// Whether the group of all users was looked for.
    pub(crate) fn knows_everyone(&self) -> bool {
        self.everyone.get().is_some()
    }

    /// Remembers the group of all users, `None` when the app does not see it.
    pub(crate) fn remember_everyone(&self, group: Option<&Group>) {
        let everyone = group.map(|group| Everyone {
            id: GroupId::new(&group.id),
            selected: self.selection.covers_group(group),
        });
        // It may have been known before.
        let _ = self.everyone.set(everyone);
    }

    fn everyone(&self) -> Option<&Everyone> {
        self.everyone.get().and_then(Option::as_ref)
    }

    pub(crate) fn is_everyone(&self, group: &GroupId) -> bool {
        self.everyone().is_some_and(|everyone| everyone.id == *group)
    }

    pub(crate) fn user(&self, mapping: &Mapping, user: &User) -> ObservedUser {
        // Okta does not count deactivated users among everyone.
        let implied =
            self.everyone().filter(|group| group.selected && user.status != UserStatus::Deprovisioned);
        let selected = self.selection.covers_user(user, mapping);
        ObservedUser {
            observed: observed(mapping.user(user), selected, user.last_updated),
            implied_groups: implied.map(|group| group.id.clone()).into_iter().collect(),
        }
    }

    pub(crate) fn group(&self, mapping: &Mapping, group: &Group) -> ObservedGroup {
        let members = if group.is_everyone() {
            // Known now, and need not be asked for.
            self.remember_everyone(Some(group));
            Members::Implied
        } else {
            Members::Listed
        };
        ObservedGroup {
            observed: observed(mapping.group(group), self.covers_group(group), group.last_updated),
            members,
            members_changed: group.last_membership_updated,
        }
    }

    pub(crate) fn covers_group(&self, group: &Group) -> bool {
        self.selection.covers_group(group)
    }

    pub(crate) fn join(&self, user: Observed, groups: &[GroupId]) -> Observed {
        let selected = user.selected && self.selection.covers_member_of(groups);
        match self.mapping.get() {
            Some(mapping) => Observed { record: mapping.with_groups(user.record, groups), selected, ..user },
            None => user,
        }
    }

    pub(crate) fn retire(&self, last: &Record, departure: Departure) -> Record {
        self.mapping.get().map_or_else(|| last.clone(), |mapping| mapping.retire(last, departure))
    }

    pub(crate) fn name(&self, record: &Record) -> Option<String> {
        let mapping = self.mapping.get()?;
        let label = mapping.label(record.key.kind)?;
        record.fields.get(&label.locator)?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
    }

    pub(crate) fn version(&self) -> String {
        self.selection.version()
    }

    pub(crate) fn brings_in(&self, group: &GroupId) -> bool {
        self.selection.brings_in(group)
    }
}

fn observed(mapped: Mapped, selected: bool, last_updated: Option<Timestamp>) -> Observed {
    Observed {
        record: mapped.record,
        selected,
        last_updated,
        unmapped: mapped.unmapped,
        problems: mapped.problems.iter().map(ToString::to_string).collect(),
    }
}
