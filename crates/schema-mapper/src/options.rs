//! What an operator may choose.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// Where attribute names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// From what people call them in Okta.
    #[default]
    Title,
    /// From their names in the API.
    Name,
}

/// By which value a user names its manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagerBy {
    /// The manager's Okta id.
    #[default]
    Id,
    /// The manager's login.
    Login,
    /// The manager's mail address.
    Email,
    /// The manager's employee number.
    EmployeeNumber,
    /// Not at all.
    Off,
}

/// The manager reference.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manager {
    /// The profile attribute that names the manager.
    pub attribute: String,
    /// What it holds.
    pub by: ManagerBy,
}

impl Default for Manager {
    fn default() -> Self {
        Self { attribute: "managerId".into(), by: ManagerBy::default() }
    }
}

/// Choices about the profile attributes of one kind of object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attributes {
    /// Only these, when any are named.
    pub include: BTreeSet<String>,
    /// All but these.
    pub exclude: BTreeSet<String>,
    /// Names in Assets by name in Okta.
    pub rename: BTreeMap<String, String>,
}

impl Attributes {
    pub(crate) fn wants(&self, name: &str) -> bool {
        (self.include.is_empty() || self.include.contains(name)) && !self.exclude.contains(name)
    }
}

/// Choices about the mapping. The defaults serve an org that nobody has thought about yet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct MappingOptions {
    /// The beginning of every external id; unique on the Atlassian site. Must not change later.
    pub prefix: String,
    /// The name of the object schema in the document.
    pub schema_name: String,
    /// Where attribute names come from.
    pub naming: Naming,
    /// The profile attribute that names a user.
    pub label: String,
    /// Whether the last sign-in is an attribute. It changes often.
    pub last_login: bool,
    /// What goes between the values of a list.
    pub separator: String,
    /// The manager reference.
    pub manager: Manager,
    /// The attributes of users.
    pub user: Attributes,
    /// The attributes of groups.
    pub group: Attributes,
}

impl Default for MappingOptions {
    fn default() -> Self {
        Self {
            prefix: "okta-sync".into(),
            schema_name: "Okta Directory".into(),
            naming: Naming::default(),
            label: "login".into(),
            last_login: false,
            separator: ", ".into(),
            manager: Manager::default(),
            user: Attributes::default(),
            group: Attributes::default(),
        }
    }
}
