//! What an operator may choose.

use std::collections::{BTreeMap, BTreeSet};

use insight_import_client::document::AttributeType;
use serde::{Deserialize, Serialize};

/// Where attribute names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AttributeNames {
    /// From what people call them in Okta.
    #[default]
    Title,
    /// From their names in the API.
    Name,
}

/// What a list of values becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ArrayFormat {
    /// One text.
    #[default]
    Joined,
    /// A select attribute with any number of values. The import source must be set to add unknown options.
    Select,
}

/// What an attribute with a list of allowed values becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EnumFormat {
    /// What its type says, text mostly.
    #[default]
    Text,
    /// A select attribute. The import source must be set to add unknown options.
    Select,
}

/// How memberships are kept in Assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MembershipStrategy {
    /// Each user refers to its groups.
    #[default]
    OnUsers,
    /// Each group refers to its members.
    OnGroups,
    /// Each membership is an object that refers to one user and one group.
    Objects,
}

/// The value by which a user names its manager. It is resolved to the id of the one living user who has it, without regard to
/// case and spaces around it. A deactivated user is found only where no other user has the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ManagerMatch {
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

impl ManagerMatch {
    /// The profile attribute of the manager that holds the value.
    pub(crate) const fn profile(self) -> Option<&'static str> {
        match self {
            Self::Id | Self::Off => None,
            Self::Login => Some("login"),
            Self::Email => Some("email"),
            Self::EmployeeNumber => Some("employeeNumber"),
        }
    }
}

/// The manager reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Manager {
    /// The profile attribute that names the manager.
    pub attribute: String,
    /// What it holds.
    pub match_by: ManagerMatch,
}

impl Default for Manager {
    fn default() -> Self {
        Self { attribute: "managerId".into(), match_by: ManagerMatch::default() }
    }
}

/// The link from an Okta user to an Atlassian account.
///
/// An import cannot carry it: attributes of type User are set over REST, with an account's credential, on an attribute
/// that an administrator has added to the object type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AccountAttribute {
    /// The profile attribute that holds the account's mail address.
    pub email: String,
    /// The name of the attribute of type User in Assets.
    pub attribute: String,
}

impl Default for AccountAttribute {
    fn default() -> Self {
        Self { email: "email".into(), attribute: "Atlassian account".into() }
    }
}

/// Choices about the profile attributes of one kind of object, by their names in Okta.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AttributeOptions {
    /// Only these, when any are named.
    pub include: BTreeSet<String>,
    /// All but these.
    pub exclude: BTreeSet<String>,
    /// Names in Assets.
    pub rename: BTreeMap<String, String>,
    /// Types in Assets, instead of those that Okta's schema calls for. `select` and `email` keep a list as a list;
    /// every other type joins it.
    #[cfg_attr(feature = "json-schema", schemars(with = "BTreeMap<String, String>"))]
    pub types: BTreeMap<String, AttributeType>,
}

impl AttributeOptions {
    pub(crate) fn wants(&self, name: &str) -> bool {
        (self.include.is_empty() || self.include.contains(name)) && !self.exclude.contains(name)
    }
}

/// Choices about the mapping. The defaults serve an org that nobody has thought about yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct MappingOptions {
    /// The beginning of every external id; unique on the Atlassian site. Must not change later.
    pub external_id_prefix: String,
    /// The name of the object schema in the document.
    pub object_schema_name: String,
    /// Where attribute names come from.
    pub attribute_names: AttributeNames,
    /// The profile attribute that names a user.
    pub user_label: String,
    /// The profile attribute that names a group.
    pub group_label: String,
    /// Whether the last sign-in is an attribute. It changes often.
    pub include_last_login: bool,
    /// What a list of values becomes, unless its type is chosen by name.
    pub array_format: ArrayFormat,
    /// What goes between the values of a list that is joined.
    pub array_separator: String,
    /// What an attribute with allowed values becomes, unless its type is chosen by name.
    pub enum_format: EnumFormat,
    /// How memberships are kept.
    pub membership_strategy: MembershipStrategy,
    /// The manager reference.
    pub manager: Manager,
    /// The link to Atlassian accounts, where one is wanted.
    pub account: Option<AccountAttribute>,
    /// The attributes of users.
    pub user: AttributeOptions,
    /// The attributes of groups.
    pub group: AttributeOptions,
}

impl Default for MappingOptions {
    fn default() -> Self {
        Self {
            external_id_prefix: "okta-sync".into(),
            object_schema_name: "Okta Directory".into(),
            attribute_names: AttributeNames::default(),
            user_label: "login".into(),
            group_label: "name".into(),
            include_last_login: false,
            array_format: ArrayFormat::default(),
            array_separator: ", ".into(),
            enum_format: EnumFormat::default(),
            membership_strategy: MembershipStrategy::default(),
            manager: Manager::default(),
            account: None,
            user: AttributeOptions::default(),
            group: AttributeOptions::default(),
        }
    }
}
