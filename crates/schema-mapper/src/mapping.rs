//! The whole mapping of an org: the document, and what the records need to know.

use std::collections::{BTreeMap, BTreeSet};

use insight_import_client::document::{
    Attribute, AttributeMapping, AttributeType, Mapping as MappingPart, ObjectSchema, ObjectType,
    ObjectTypeMapping, SchemaAndMapping, SchemaDefinition, StatusSchema,
};
use okta_client::model::{Schema, UserType};
use serde_json::Map;
use sync_model::ObjectKind;

use crate::attribute::{self, MappedAttribute, Source};
use crate::{ManagerBy, MappingOptions, status};

/// The version of the document's format.
const FORMAT: &str = "https://api.atlassian.com/jsm/assets/imports/external/schema/versions/2023_10_19";
const USER_ID: &str = "Okta User ID";
const GROUP_ID: &str = "Okta Group ID";

/// A user type with its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct UserTypeSchema {
    /// The type.
    pub user_type: UserType,
    /// Its schema.
    pub schema: Schema,
}

/// What an org says of its users and groups.
#[derive(Debug, Clone, PartialEq)]
pub struct OrgSchemas {
    /// Every user type; at least the default one.
    pub user_types: Vec<UserTypeSchema>,
    /// The schema of groups.
    pub group: Schema,
}

/// Choices and schemas that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// There is nothing to map.
    #[error(
        "the org has no user type; the app may lack the scopes okta.userTypes.read and okta.schemas.read"
    )]
    NoUserTypes,
    /// The label is not in the schema.
    #[error("mapping.label is \"{0}\", which no user type of the org has")]
    UnknownLabel(String),
    /// The prefix is empty or has odd characters.
    #[error("mapping.prefix \"{0}\" cannot begin external ids; use letters, digits and dashes")]
    Prefix(String),
    /// An attribute that is needed to find managers is missing.
    #[error(
        "managers are found by {0}, which no user type of the org has; set mapping.manager.by to \"off\" or another value"
    )]
    ManagerAttribute(&'static str),
}

/// How one org's objects become records.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(crate) options: MappingOptions,
    pub(crate) user: Vec<MappedAttribute>,
    pub(crate) group: Vec<MappedAttribute>,
    /// Names of user types by id.
    pub(crate) user_types: BTreeMap<String, String>,
    /// Every attribute that the schemas define, mapped or not.
    pub(crate) known: BTreeMap<ObjectKind, BTreeSet<String>>,
    document: SchemaAndMapping,
}

impl Mapping {
    /// The mapping that these schemas and choices call for.
    ///
    /// # Errors
    /// When the choices name what the schemas do not have.
    pub fn new(schemas: &OrgSchemas, options: &MappingOptions) -> Result<Self, MappingError> {
        if schemas.user_types.is_empty() {
            return Err(MappingError::NoUserTypes);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if options.prefix.is_empty() || !options.prefix.chars().all(fits) {
            return Err(MappingError::Prefix(options.prefix.clone()));
        }
        // Whatever order the API gave them in.
        let mut types: Vec<&UserTypeSchema> = schemas.user_types.iter().collect();
        types.sort_by_key(|t| (!t.user_type.default, t.user_type.id.clone()));
        let user_properties = attribute::merge(types.iter().map(|t| &t.schema));
        let group_properties = attribute::merge(std::iter::once(&schemas.group));
        if !user_properties.contains_key(&options.label) {
            return Err(MappingError::UnknownLabel(options.label.clone()));
        }
        let user = attribute::collect(
            "user",
            own_of_users(options),
            &user_properties,
            &options.user,
            &options.label,
            options,
        );
        let group =
            attribute::collect("group", own_of_groups(), &group_properties, &options.group, "name", options);
        let document = document(&user, &group, options)?;
        let known = BTreeMap::from([
            (ObjectKind::User, user_properties.into_keys().collect()),
            (ObjectKind::Group, group_properties.into_keys().collect()),
        ]);
        let user_types = types
            .iter()
            .map(|t| {
                let name = if t.user_type.display_name.is_empty() {
                    &t.user_type.name
                } else {
                    &t.user_type.display_name
                };
                (t.user_type.id.clone(), name.clone())
            })
            .collect();
        Ok(Self { options: options.clone(), user, group, user_types, known, document })
    }

    /// The document for Assets.
    pub const fn document(&self) -> &SchemaAndMapping {
        &self.document
    }

    /// A short name for this mapping: the same for the same document.
    pub fn version(&self) -> String {
        let fields = BTreeMap::from([("document".to_owned(), serde_json::json!(self.document))]);
        let mut digest = format!("{:?}", sync_model::Fingerprint::of(&fields));
        digest.truncate(12);
        digest
    }

    /// The attributes of a kind of object, in the document's order.
    pub fn attributes(&self, kind: ObjectKind) -> &[MappedAttribute] {
        match kind {
            ObjectKind::User => &self.user,
            ObjectKind::Group => &self.group,
            ObjectKind::Membership => &[],
        }
    }

    /// The key of a kind of record in the data.
    pub const fn selector(kind: ObjectKind) -> &'static str {
        match kind {
            ObjectKind::User => "users",
            ObjectKind::Group => "groups",
            ObjectKind::Membership => "memberships",
        }
    }

    /// The kind of object that an object type of the document stands for.
    pub fn kind_of(&self, object_type_name: &str) -> Option<ObjectKind> {
        let mapping = self
            .document
            .mapping
            .object_type_mappings
            .iter()
            .find(|m| m.object_type_name == object_type_name)?;
        ObjectKind::ALL.into_iter().find(|&kind| Self::selector(kind) == mapping.selector)
    }
}

fn own_of_users(options: &MappingOptions) -> Vec<attribute::Own> {
    let mut own = vec![
        (Source::Id, "id", USER_ID, AttributeType::Text, "The immutable id of the user in Okta"),
        (
            Source::Status,
            "status",
            "Okta Status",
            AttributeType::Status,
            "Where the user is in its life cycle",
        ),
        (Source::UserType, "type", "Okta User Type", AttributeType::Text, "The Okta user type"),
        (
            Source::Created,
            "created",
            "Okta Created",
            AttributeType::DateTime,
            "When the user was created in Okta",
        ),
        (
            Source::LastUpdated,
            "lastUpdated",
            "Okta Last Updated",
            AttributeType::DateTime,
            "When profile or status changed last in Okta",
        ),
        (
            Source::Groups,
            "groups",
            "Okta Groups",
            AttributeType::ReferencedObject,
            "The groups that the user is a member of",
        ),
    ];
    if options.last_login {
        own.push((
            Source::LastLogin,
            "lastLogin",
            "Okta Last Login",
            AttributeType::DateTime,
            "When the user signed in last",
        ));
    }
    if options.manager.by != ManagerBy::Off {
        own.push((
            Source::Manager,
            "manager",
            "Okta Manager",
            AttributeType::ReferencedObject,
            "The manager, as another Okta user",
        ));
    }
    own
}

fn own_of_groups() -> Vec<attribute::Own> {
    vec![
        (Source::Id, "id", GROUP_ID, AttributeType::Text, "The immutable id of the group in Okta"),
        (
            Source::Status,
            "status",
            "Okta Group Status",
            AttributeType::Status,
            "Whether the group exists in Okta",
        ),
        (Source::GroupType, "type", "Okta Group Type", AttributeType::Text, "Who manages the group"),
        (
            Source::SourceApp,
            "sourceApp",
            "Okta Source App",
            AttributeType::Text,
            "The application it comes from",
        ),
        (
            Source::Created,
            "created",
            "Okta Created",
            AttributeType::DateTime,
            "When the group was created in Okta",
        ),
        (
            Source::LastUpdated,
            "lastUpdated",
            "Okta Last Updated",
            AttributeType::DateTime,
            "When the profile changed last in Okta",
        ),
    ]
}

fn document(
    user: &[MappedAttribute],
    group: &[MappedAttribute],
    options: &MappingOptions,
) -> Result<SchemaAndMapping, MappingError> {
    let type_id = |kind: &str| format!("{}/type/{kind}", options.prefix);
    let object_type = |kind: &str, name: &str, description: &str, attributes: Vec<Attribute>| ObjectType {
        external_id: Some(type_id(kind)),
        name: name.to_owned(),
        description: description.to_owned(),
        attributes,
        children: Vec::new(),
        rest: Map::new(),
    };
    let schema_attribute = |a: &MappedAttribute, label: &str, statuses: Vec<String>| {
        let mut attribute = Attribute::new(&a.external_id, &a.name, a.kind.clone());
        attribute.description.clone_from(&a.description);
        match &a.source {
            Source::Id => {
                attribute.minimum_cardinality = Some(1);
                attribute.maximum_cardinality = Some(1);
                attribute.unique = Some(true);
            }
            Source::Status => attribute.type_values = Some(statuses),
            Source::Groups => {
                attribute.reference_object_type_external_id = Some(type_id("group"));
                attribute.minimum_cardinality = Some(0);
                attribute.maximum_cardinality = Some(-1);
            }
            Source::Manager => {
                attribute.reference_object_type_external_id = Some(type_id("user"));
                attribute.minimum_cardinality = Some(0);
                attribute.maximum_cardinality = Some(1);
            }
            Source::Profile(name) if name == label => attribute.label = Some(true),
            _ => {}
        }
        attribute
    };
    let manager_name = manager_attribute(user, options)?;
    let field = |a: &MappedAttribute| AttributeMapping {
        attribute_external_id: Some(a.external_id.clone()),
        attribute_name: a.name.clone(),
        attribute_locators: vec![a.locator.clone()],
        external_id_part: (a.source == Source::Id).then_some(true),
        object_mapping_iql: match a.source {
            Source::Groups => Some(format!("\"{GROUP_ID}\" IN (${{{}${{0}}}})", a.locator)),
            Source::Manager => Some(format!("\"{manager_name}\" = ${{{}}}", a.locator)),
            _ => None,
        },
        rest: Map::new(),
    };
    let type_mapping =
        |kind: &str, name: &str, description: &str, attributes: &[MappedAttribute], of| ObjectTypeMapping {
            object_type_external_id: Some(type_id(kind)),
            object_type_name: name.to_owned(),
            selector: Mapping::selector(of).to_owned(),
            description: description.to_owned(),
            attributes_mapping: attributes.iter().map(field).collect(),
            rest: Map::new(),
        };
    let groups = group.iter().map(|a| schema_attribute(a, "name", status::of_groups())).collect();
    let users = user.iter().map(|a| schema_attribute(a, &options.label, status::of_users())).collect();
    Ok(SchemaAndMapping {
        schema_url: Some(FORMAT.to_owned()),
        schema: SchemaDefinition {
            object_schema: ObjectSchema {
                name: options.schema_name.clone(),
                description: "Users and groups of an Okta org, kept current by okta-insight-sync".to_owned(),
                object_types: vec![
                    object_type("group", "Okta Group", "A group of the Okta org", groups),
                    object_type("user", "Okta User", "A user of the Okta org", users),
                ],
            },
            icon_schema: None,
            status_schema: Some(StatusSchema { statuses: status::all() }),
        },
        mapping: MappingPart {
            object_type_mappings: vec![
                type_mapping("group", "Okta Group", "Groups of the Okta org", group, ObjectKind::Group),
                type_mapping("user", "Okta User", "Users of the Okta org", user, ObjectKind::User),
            ],
        },
    })
}

/// The name of the attribute by which managers are found.
fn manager_attribute<'a>(
    user: &'a [MappedAttribute],
    options: &MappingOptions,
) -> Result<&'a str, MappingError> {
    let profile = match options.manager.by {
        ManagerBy::Id | ManagerBy::Off => return Ok(USER_ID),
        ManagerBy::Login => "login",
        ManagerBy::Email => "email",
        ManagerBy::EmployeeNumber => "employeeNumber",
    };
    let found = user.iter().find(|a| matches!(&a.source, Source::Profile(name) if name == profile));
    found.map(|a| a.name.as_str()).ok_or(MappingError::ManagerAttribute(profile))
}
