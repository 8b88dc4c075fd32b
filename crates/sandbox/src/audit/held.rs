//! The objects that Assets holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::differences::Differences;
use crate::control::ControlClient;

/// The status of an object whose original was deleted.
pub(super) const DELETED: &str = "Okta Deleted";
/// The status of an object that is out of scope.
pub(super) const OUT_OF_SCOPE: &str = "Okta Out of Scope";

/// An object of Assets by the ends of its external ids.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) values: BTreeMap<String, String>,
    pub(super) references: BTreeMap<String, BTreeSet<String>>,
}

/// Objects that are marked, by id.
#[derive(Default)]
pub(super) struct Marked {
    pub(super) deleted: BTreeSet<String>,
    pub(super) out_of_scope: BTreeSet<String>,
}

impl Marked {
    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.deleted.iter().chain(&self.out_of_scope)
    }

    /// An object that exists and is not chosen may be unknown to Assets, but is not deleted.
    pub(super) fn check_unchosen(&self, kind: &str, id: &str, differences: &mut Differences) {
        if self.deleted.contains(id) {
            differences.add(|| format!("{kind} {id}: marked as deleted, and is only not chosen"));
        }
    }
}

/// The live objects of a type by id, and those that are marked.
pub(super) async fn held(
    control: &ControlClient,
    object_type: &str,
) -> Result<(HashMap<String, Held>, Marked), reqwest::Error> {
    let mut current = HashMap::new();
    let mut retired = Marked::default();
    let mut after = 0;
    loop {
        let page =
            control.get(&format!("/insight/objects?type={object_type}&limit=1000&after={after}")).await?;
        for object in page["objects"].as_array().into_iter().flatten() {
            let mut held = Held::default();
            for (id, values) in object["attributes"].as_object().into_iter().flatten() {
                let values: Vec<&str> =
                    values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                held.values.insert(end(id), values.join("|"));
            }
            for (id, targets) in object["references"].as_object().into_iter().flatten() {
                let targets = targets.as_array().into_iter().flatten();
                held.references
                    .insert(end(id), targets.filter_map(Value::as_str).map(str::to_owned).collect());
            }
            let id = held.values.get("id").cloned().unwrap_or_default();
            match held.values.get("status").map(String::as_str) {
                Some(DELETED) => drop(retired.deleted.insert(id)),
                Some(OUT_OF_SCOPE) => drop(retired.out_of_scope.insert(id)),
                _ => drop(current.insert(id, held)),
            }
        }
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return Ok((current, retired)),
        }
    }
}

/// The part of an external ID after prefix and kind; duplicates differ by a suffix that is ignored here.
pub(super) fn end(external_id: &str) -> String {
    let end = external_id.splitn(3, '/').nth(2).unwrap_or_default();
    end.split('~').next().unwrap_or_default().to_owned()
}
