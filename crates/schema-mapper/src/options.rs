//! Mapping options.

use std::collections::{BTreeMap, BTreeSet};

use insight_import_client::document::AttributeType;
use serde::{Deserialize, Serialize};
use sync_model::ReferenceForm;

/// Source of attribute names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttributeNames {
    /// The title in Okta, such as "First name".
    #[default]
    Title,
    /// The name in Okta's API, such as `firstName`.
    Name,
}

/// Format of an array attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArrayFormat {
    /// One text with all values.
    #[default]
    Joined,
    /// A select attribute with any number of values. The import source must add unknown options.
    Select,
}

/// Format of an attribute with a list of allowed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EnumFormat {
    /// The attribute's own type, usually text.
    #[default]
    Text,
    /// A select attribute. The import source must add unknown options.
    Select,
}

/// Place of memberships in Assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MembershipStrategy {
    /// Each user refers to its groups.
    #[default]
    OnUsers,
    /// Each group refers to its members.
    OnGroups,
    /// Each membership is an object that refers to one user and one group.
    Objects,
}

/// The chosen form of several references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReferenceFormChoice {
    /// The form that a self-test proves; before one, the form that the mapping in Assets has, and `each_value` for a new
    /// mapping.
    #[default]
    Auto,
    /// The placeholder for each value: `IN (${groups${0}})`.
    EachValue,
    /// The placeholder for the field: `IN (${groups})`.
    JoinedValues,
    /// The record once for each reference: `= ${groups}`.
    RowPerReference,
}

impl ReferenceFormChoice {
    /// The form that the operator chose; `None` if the self-test chooses.
    pub const fn form(self) -> Option<ReferenceForm> {
        match self {
            Self::Auto => None,
            Self::EachValue => Some(ReferenceForm::EachValue),
            Self::JoinedValues => Some(ReferenceForm::JoinedValues),
            Self::RowPerReference => Some(ReferenceForm::RowPerReference),
        }
    }
}

/// Value by which a user's profile names the manager. It is resolved to the ID of the only current user with this value;
/// case and surrounding spaces don't matter. A deactivated user is found only if no other user has the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ManagerMatch {
    /// The manager's Okta user ID.
    #[default]
    Id,
    /// The manager's login.
    Login,
    /// The manager's email address.
    Email,
    /// The manager's employee number.
    EmployeeNumber,
    /// No manager reference.
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
    /// The kind of value in this attribute.
    pub match_by: ManagerMatch,
}

impl Default for Manager {
    fn default() -> Self {
        Self { attribute: "managerId".into(), match_by: ManagerMatch::default() }
    }
}

/// Link from an Okta user to an Atlassian account.
///
/// An import can't carry it: attributes of type User are set over REST with an Atlassian account, on an attribute that an
/// administrator adds to the object type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AccountAttribute {
    /// The profile attribute that holds the account's email address.
    pub email: String,
    /// The name of the attribute of type User in Assets.
    pub attribute: String,
}

impl Default for AccountAttribute {
    fn default() -> Self {
        Self { email: "email".into(), attribute: "Atlassian account".into() }
    }
}

/// Options for the profile attributes of one kind of object, by their names in Okta.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AttributeOptions {
    /// The only attributes to sync; if empty, all.
    pub include: BTreeSet<String>,
    /// Attributes that aren't synced.
    pub exclude: BTreeSet<String>,
    /// Names in Assets.
    pub rename: BTreeMap<String, String>,
    /// Types in Assets that replace the types of Okta's schema. `select` and `email` keep an array as a list; all other
    /// types join it.
    #[cfg_attr(feature = "json-schema", schemars(with = "BTreeMap<String, String>"))]
    pub types: BTreeMap<String, AttributeType>,
}

impl AttributeOptions {
    pub(crate) fn wants(&self, name: &str) -> bool {
        (self.include.is_empty() || self.include.contains(name)) && !self.exclude.contains(name)
    }
}

/// Mapping options. The defaults suit an org without special requirements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct MappingOptions {
    /// Start of all external IDs; unique on the Atlassian site. It must not change later.
    pub external_id_prefix: String,
    /// Name of the object schema in the schema document.
    pub object_schema_name: String,
    /// Source of attribute names.
    pub attribute_names: AttributeNames,
    /// Profile attribute that labels a user.
    pub user_label: String,
    /// Profile attribute that labels a group.
    pub group_label: String,
    /// True to add the last sign-in, which changes often.
    pub include_last_login: bool,
    /// Format of array attributes without an entry in `types`.
    pub array_format: ArrayFormat,
    /// Text between the values of a joined array.
    pub array_separator: String,
    /// Format of attributes with a list of allowed values and without an entry in `types`.
    pub enum_format: EnumFormat,
    /// Place of memberships in Assets.
    pub membership_strategy: MembershipStrategy,
    /// The form of several references.
    pub reference_form: ReferenceFormChoice,
    /// The manager reference.
    pub manager: Manager,
    /// The link to Atlassian accounts.
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
            reference_form: ReferenceFormChoice::default(),
            manager: Manager::default(),
            account: None,
            user: AttributeOptions::default(),
            group: AttributeOptions::default(),
        }
    }
}
