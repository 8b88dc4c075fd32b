//! Edits of the structure by an administrator of Assets, and their undoing.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sandbox::ControlClient;
use serde_json::{Value, json};

const USER: &str = "Okta User";
const TYPES: [&str; 2] = [USER, "Okta Group"];
/// Attributes of text, by the end of their external ids.
const TEXTS: [&str; 3] = ["profile/city", "profile/title", "profile/department"];

/// Edits that keep values from being stored until they are undone.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<Value>);

impl Edits {
    /// True if nothing is left to be undone.
    pub(crate) const fn are_undone(&self) -> bool {
        self.0.is_empty()
    }

    /// Edits the structure at random, or undoes what was edited if it was noticed. Gives what was done; `None` when it could
    /// not be.
    pub(crate) async fn edit(
        &mut self,
        control: &ControlClient,
        noticed: bool,
        dice: &mut StdRng,
    ) -> Option<&'static str> {
        if !self.0.is_empty() && dice.random_bool(0.5) && noticed {
            self.undo(control).await;
            return Some("structure: edits undone");
        }
        if dice.random_bool(0.06) {
            let object_type = *TYPES.choose(dice)?;
            let gone = control.call("DELETE", "/insight/object-types", &json!({ "type": object_type })).await;
            return gone.is_ok().then_some("structure: object type deleted");
        }
        let text = *TEXTS.choose(dice)?;
        let (method, body, undo, done) = match dice.random_range(0..8) {
            0..2 => ("DELETE", json!({ "name": text }), None, "structure: attribute deleted"),
            2 => {
                let name = format!("By hand {}", dice.random_range(0..1000));
                ("PUT", json!({ "name": text, "newName": name }), None, "structure: attribute renamed")
            }
            3 => {
                let name = format!("By hand {}", dice.random_range(0..1000));
                let reference = *["user/id", "user/groups", "user/manager"].choose(dice)?;
                (
                    "PUT",
                    json!({ "name": reference, "newName": name }),
                    None,
                    "structure: identity or reference renamed",
                )
            }
            4..6 => {
                let undo = json!({ "name": "user/groups", "maximumCardinality": -1 });
                let maximum = *[1, 2].choose(dice)?;
                let body = json!({ "name": "user/groups", "maximumCardinality": maximum });
                ("PUT", body, Some(undo), "structure: cardinality lowered")
            }
            _ => {
                let undo = json!({ "name": text, "kind": kind(control, text).await? });
                let wrong = *["integer", "boolean", "email"].choose(dice)?;
                ("PUT", json!({ "name": text, "kind": wrong }), Some(undo), "structure: type changed")
            }
        };
        if !call(control, method, body).await {
            return None;
        }
        if let Some(undo) = undo {
            // An attribute goes back to what it was before the first edit.
            let is_edited = self.0.iter().any(|earlier| earlier["name"] == undo["name"]);
            self.0.extend((!is_edited).then_some(undo));
        }
        Some(done)
    }

    /// The object schema is made anew.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// Undoes every edit that needs it. One of an attribute that was deleted since is undone with it.
    pub(crate) async fn undo(&mut self, control: &ControlClient) {
        for undo in std::mem::take(&mut self.0) {
            call(control, "PUT", undo).await;
        }
    }
}

async fn call(control: &ControlClient, method: &str, mut body: Value) -> bool {
    body["type"] = USER.into();
    control.call(method, "/insight/attributes", &body).await.is_ok()
}

/// The type of an attribute as it is.
async fn kind(control: &ControlClient, end: &str) -> Option<Value> {
    let document = control.get("/insight/document").await.ok()?;
    let types = document.pointer("/schema/objectSchema/objectTypes")?.as_array()?;
    let mut attributes = types.iter().filter_map(|t| t["attributes"].as_array()).flatten();
    let ours = |attribute: &&Value| attribute["externalId"].as_str().is_some_and(|id| id.ends_with(end));
    Some(attributes.find(ours)?["type"].clone())
}
