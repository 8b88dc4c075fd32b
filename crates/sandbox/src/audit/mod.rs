//! The comparison of Assets with Okta: read from both simulators over HTTP, compared object by object, attribute by
//! attribute, reference by reference.
//!
//! It uses nothing of the mapping except the ends of the external IDs and the target type of each reference, and
//! renders values on its own. Both sides are read in pages; the objects of Assets are kept in memory, because the two
//! sides have different orders.

mod choice;
mod differences;
mod held;
mod memberships;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::control::ControlClient;
pub use choice::Scope;
use differences::Differences;
use held::{Held, Marked, held};
use memberships::{Groups, Memberships};

/// The number of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Memberships, those of Everyone included.
    pub memberships: u64,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The objects of Okta that are in scope.
    pub okta: Counts,
    /// The objects of Assets, without retired objects.
    pub insight: Counts,
    /// Objects in Assets that are marked as deleted.
    pub marked_deleted: u64,
    /// Objects in Assets that are marked as out of scope.
    pub out_of_scope: u64,
    /// True if there are no differences.
    pub in_sync: bool,
    /// The number of differences.
    pub total_differences: u64,
    /// The first of them.
    pub differences: Vec<String>,
}

/// Compares the two sides of a sandbox.
///
/// # Errors
/// When the control API doesn't respond.
pub async fn compare(control: &ControlClient) -> Result<Comparison, reqwest::Error> {
    compare_chosen(control, &Scope::default()).await
}

/// The same with a scope: out-of-scope objects must not be current in Assets.
///
/// # Errors
/// As [`compare`].
pub async fn compare_chosen(control: &ControlClient, choice: &Scope) -> Result<Comparison, reqwest::Error> {
    let schemas = control.get("/okta/schemas").await?;
    let (mut groups, gone_groups) = held(control, "/type/group").await?;
    let (mut users, gone_users) = held(control, "/type/user").await?;
    let kept = Memberships::of(&control.get("/insight/document").await?);
    let mut memberships = kept.read(control, &users, &groups).await?;
    let insight = Counts {
        users: users.len() as u64,
        groups: groups.len() as u64,
        memberships: memberships.values().map(|groups| groups.len() as u64).sum(),
    };

    let mut audit =
        Audit { control, choice, schemas, okta: Counts::default(), differences: Differences::default() };
    let chosen_groups = audit.compare_groups(&mut groups, &gone_groups).await?;
    audit.compare_users(&mut users, &mut memberships, &gone_users, &chosen_groups).await?;
    let Audit { okta, mut differences, .. } = audit;
    // The remaining users are reported below, without their memberships.
    for user in memberships.keys().filter(|id| !users.contains_key(*id)) {
        differences.add(|| format!("user {user}: has live memberships in Assets and is not in Okta"));
    }
    for (kind, left) in [("group", groups), ("user", users)] {
        for id in left.keys() {
            differences.add(|| format!("{kind} {id}: live in Assets, not in Okta, or not chosen"));
        }
    }
    Ok(Comparison {
        okta,
        insight,
        marked_deleted: (gone_groups.deleted.len() + gone_users.deleted.len()) as u64,
        out_of_scope: (gone_groups.out_of_scope.len() + gone_users.out_of_scope.len()) as u64,
        in_sync: differences.total == 0,
        total_differences: differences.total,
        differences: differences.shown,
    })
}

/// A comparison in progress.
struct Audit<'a> {
    control: &'a ControlClient,
    choice: &'a Scope,
    schemas: Value,
    okta: Counts,
    differences: Differences,
}

impl Audit<'_> {
    /// Compares the groups of Okta and removes them from `found`. Returns the IDs of those in scope.
    async fn compare_groups(
        &mut self,
        found: &mut HashMap<String, Held>,
        gone: &Marked,
    ) -> Result<BTreeSet<String>, reqwest::Error> {
        let differences = &mut self.differences;
        let mut chosen = BTreeSet::new();
        let mut after = String::new();
        loop {
            let page = self.control.get(&format!("/okta/groups?limit=1000&after={after}")).await?;
            for group in page["groups"].as_array().into_iter().flatten() {
                let id = group["id"].as_str().unwrap_or_default();
                if !self.choice.has_group(group) {
                    gone.check_unchosen("group", id, differences);
                    continue;
                }
                self.okta.groups += 1;
                chosen.insert(id.to_owned());
                let (name, expected) = (format!("group {id}"), expected_group(group));
                compare_object(&name, &expected, found.remove(id), &self.schemas["group"], differences);
            }
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => return Ok(chosen),
            }
        }
    }

    /// Compares the users of Okta and their groups, and removes them from `found` and `memberships`.
    async fn compare_users(
        &mut self,
        found: &mut HashMap<String, Held>,
        memberships: &mut Groups,
        gone: &Marked,
        chosen_groups: &BTreeSet<String>,
    ) -> Result<(), reqwest::Error> {
        let differences = &mut self.differences;
        // A reference to a deleted user is kept, because its object still exists.
        let mut existing: BTreeSet<String> = chosen_user_ids(self.control, self.choice).await?;
        existing.extend(gone.ids().cloned());
        let mut after = String::new();
        loop {
            let page = self.control.get(&format!("/okta/users?limit=1000&after={after}")).await?;
            for user in page["users"].as_array().into_iter().flatten() {
                let id = user["id"].as_str().unwrap_or_default();
                let mut wanted: BTreeSet<String> = texts(&user["groupIds"]);
                if !self.choice.has_user(user, &wanted) {
                    gone.check_unchosen("user", id, differences);
                    continue;
                }
                wanted.retain(|group| chosen_groups.contains(group));
                self.okta.users += 1;
                self.okta.memberships += wanted.len() as u64;
                let has = memberships.remove(id).unwrap_or_default();
                let (name, expected) = (format!("user {id}"), expected_user(user, &existing));
                if found.contains_key(id) {
                    compare_references(&name, "groups", &wanted, &has, differences);
                }
                compare_object(&name, &expected, found.remove(id), &self.schemas["user"], differences);
            }
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => return Ok(()),
            }
        }
    }
}

async fn chosen_user_ids(
    control: &ControlClient,
    choice: &Scope,
) -> Result<BTreeSet<String>, reqwest::Error> {
    let mut ids = BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = control.get(&format!("/okta/users?limit=1000&after={after}")).await?;
        let users = page["users"].as_array().into_iter().flatten();
        let users = users.filter(|user| choice.has_user(user, &texts(&user["groupIds"])));
        ids.extend(users.filter_map(|u| u["id"].as_str().map(str::to_owned)));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return Ok(ids),
        }
    }
}

fn expected_user(user: &Value, existing: &BTreeSet<String>) -> Held {
    let status = match user["status"].as_str().unwrap_or_default() {
        "ACTIVE" => "Okta Active",
        "STAGED" => "Okta Staged",
        "PROVISIONED" => "Okta Provisioned",
        "RECOVERY" => "Okta Recovery",
        "LOCKED_OUT" => "Okta Locked Out",
        "PASSWORD_EXPIRED" => "Okta Password Expired",
        "SUSPENDED" => "Okta Suspended",
        "DEPROVISIONED" => "Okta Deprovisioned",
        _ => "Okta Other",
    };
    let mut expected = expected_object(user, status);
    expected.values.insert("type".into(), render(&user["userTypeName"]));
    let manager = user["profile"]["managerId"].as_str().filter(|id| existing.contains(*id));
    expected.references.insert("manager".into(), manager.map(str::to_owned).into_iter().collect());
    expected
}

fn expected_group(group: &Value) -> Held {
    let mut expected = expected_object(group, "Okta Active");
    expected.values.insert("type".into(), render(&group["type"]));
    expected.values.insert("sourceApp".into(), render(&group["source"]["id"]));
    expected
}

fn expected_object(object: &Value, status: &str) -> Held {
    let mut expected = Held::default();
    for name in ["id", "created", "lastUpdated"] {
        expected.values.insert(name.into(), render(&object[name]));
    }
    expected.values.insert("status".into(), status.into());
    for (name, value) in object["profile"].as_object().into_iter().flatten() {
        expected.values.insert(format!("profile/{name}"), render(value));
    }
    expected
}

/// Attributes of groups from Active Directory and LDAP, which the group schema does not list.
const DIRECTORY_ATTRIBUTES: [&str; 4] = ["samAccountName", "dn", "windowsDomainQualifiedName", "externalId"];

fn compare_object(
    name: &str,
    expected: &Held,
    found: Option<Held>,
    schema: &Value,
    differences: &mut Differences,
) {
    let Some(found) = found else {
        differences.add(|| format!("{name}: in Okta, not in Assets"));
        return;
    };
    let names: BTreeSet<&String> = expected.values.keys().chain(found.values.keys()).collect();
    for attribute in names {
        let wanted = expected.values.get(attribute).map(String::as_str).unwrap_or_default();
        let has = found.values.get(attribute);
        let profile = attribute.strip_prefix("profile/");
        // An attribute outside the schema is not compared; groups from a directory have some.
        if profile.is_some_and(|p| schema.get(p).is_none() && !DIRECTORY_ATTRIBUTES.contains(&p)) {
            continue;
        }
        let property = profile.map_or(&Value::Null, |p| &schema[p]);
        if !same(wanted, has.map(String::as_str).unwrap_or_default(), property) {
            // Values are invented, and still not for the log.
            let left = if wanted.is_empty() { "empty in Okta" } else { "set in Okta" };
            let right = if has.is_none_or(String::is_empty) { "empty in Assets" } else { "other in Assets" };
            differences.add(|| format!("{name}: {attribute} is {left} and {right}"));
        }
    }
    for (attribute, wanted) in &expected.references {
        let none = BTreeSet::new();
        let has = found.references.get(attribute).unwrap_or(&none);
        compare_references(name, attribute, wanted, has, differences);
    }
}

fn compare_references(
    name: &str,
    attribute: &str,
    wanted: &BTreeSet<String>,
    has: &BTreeSet<String>,
    differences: &mut Differences,
) {
    if wanted != has {
        let (missing, extra) = (wanted.difference(has).count(), has.difference(wanted).count());
        differences.add(|| format!("{name}: {attribute} lacks {missing} and has {extra} too many"));
    }
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// True if two renderings are equal: as times, as numbers, or as text.
fn same(wanted: &str, has: &str, property: &Value) -> bool {
    if wanted == has {
        return true;
    }
    if let (Ok(one), Ok(other)) = (wanted.parse::<Timestamp>(), has.parse::<Timestamp>()) {
        return one == other;
    }
    if let (Ok(one), Ok(other)) = (wanted.parse::<f64>(), has.parse::<f64>()) {
        return (one - other).abs() <= f64::EPSILON * one.abs();
    }
    // Assets has no place for more in a line of text.
    let cut: String = wanted.chars().map(|c| if c.is_control() { ' ' } else { c }).take(255).collect();
    property["maxLength"].as_u64().is_none_or(|n| n <= 255) && cut == has
}

fn render(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(render).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
