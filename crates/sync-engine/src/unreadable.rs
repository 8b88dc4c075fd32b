//! Objects of the directory that could not be read while the others could.

use serde::{Deserialize, Serialize};
use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

use crate::listing::note;
use crate::{ActiveRun, EngineError, Pass, RunReport, Subject, engine::Engine};

/// An item of a listing that could not be read. It exists all the same, so it is never taken for gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableItem {
    /// Its id, where that much can be read.
    pub id: Option<String>,
    /// The path of the field that is in the way; empty where that is not known.
    pub field: String,
    /// The problem, without values.
    pub problem: String,
}

/// An object that a run could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnreadableObject {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its id, where that much could be read.
    pub id: Option<String>,
    /// The path of the field that is in the way; empty where that is not known.
    pub field: String,
}

/// The objects that a run could not read, and left as they are in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UnreadableObjects {
    /// How many.
    pub count: u64,
    /// The first of them, at most [`RunReport::MAX_MESSAGES`].
    pub examples: Vec<UnreadableObject>,
}

impl UnreadableObjects {
    pub(crate) fn add(&mut self, object: UnreadableObject) {
        if self.examples.contains(&object) {
            return;
        }
        self.count += 1;
        if self.examples.len() < RunReport::MAX_MESSAGES {
            self.examples.push(object);
        }
    }
}

impl Engine {
    /// Leaves the items of a page as they are that could not be read: they are not missing, and are read by id later.
    pub(crate) async fn leave_unreadable(
        &self,
        run: &ActiveRun,
        kind: ObjectKind,
        items: &[UnreadableItem],
        pass: &mut Pass,
    ) -> Result<Vec<RecordKey>, EngineError> {
        let mut keys = Vec::new();
        for item in items {
            let Some(id) = &item.id else {
                tracing::warn!(%kind, problem = item.problem, "an item of a listing could not be read");
                note(&mut pass.problems, format!("a {kind} could not be read: {}", item.problem));
                pass.unreadable.add(UnreadableObject { kind, id: None, field: item.field.clone() });
                continue;
            };
            let key = RecordKey { kind, id: id.clone() };
            Self::leave_one(&key, &item.field, &item.problem, pass);
            keys.push(key);
        }
        self.ports.store.stage(run.id, &keys, &[]).await?;
        Ok(keys)
    }

    /// Leaves one object as it is.
    pub(crate) fn leave_one(key: &RecordKey, field: &str, problem: &str, pass: &mut Pass) {
        tracing::warn!(object = %key, problem, "an object could not be read");
        note(&mut pass.problems, format!("{key} could not be read: {problem}"));
        pass.unreadable.add(UnreadableObject {
            kind: key.kind,
            id: Some(key.id.clone()),
            field: field.to_owned(),
        });
    }

    /// Has what could not be read looked at by id, once a run is to be applied.
    pub(crate) async fn ask_for_unreadable(&self, pass: &Pass) -> Result<(), EngineError> {
        for object in &pass.unreadable.examples {
            let (Some(id), now) = (object.id.clone(), self.now()) else { continue };
            match object.kind {
                ObjectKind::User => self.ports.store.ask(&Subject::User(UserId::new(id)), now).await?,
                ObjectKind::Group => {
                    let group = GroupId::new(id);
                    self.ports.store.ask(&Subject::Group(group.clone()), now).await?;
                    self.ports.store.ask(&Subject::Members(group), now).await?;
                }
                ObjectKind::Membership => {}
            }
        }
        Ok(())
    }
}
