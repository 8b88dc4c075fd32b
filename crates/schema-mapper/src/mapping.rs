//! The complete mapping of an org: the document, and the data for its records.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use insight_import_client::document::{AttributeType, SchemaAndMapping};
use okta_client::model::{Schema, User, UserType};
use sync_model::{ObjectKind, RetireReason};

use crate::attribute::{self, Ingredients, MappedAttribute, Source};
use crate::attribute_type::{self, Merged, VALUE_TYPES, takes_many};
use crate::builtin;
use crate::document::{self, Layout, document, type_id};
use crate::error::MappingError;
use crate::evolution::all_types;
use crate::options::{AttributeOptions, ManagerMatch, MappingOptions, MembershipStrategy};
use crate::status;
use crate::warning::MappingWarning;

/// A user type with its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct UserTypeSchema {
    /// The type.
    pub user_type: UserType,
    /// Its schema.
    pub schema: Schema,
}

/// An org's schemas of users and groups.
#[derive(Debug, Clone, PartialEq)]
pub struct OrgSchemas {
    /// Every user type; at least the default one.
    pub user_types: Vec<UserTypeSchema>,
    /// The schema of groups.
    pub group: Schema,
}

/// The rules from one org's objects to records.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(crate) layout: Layout,
    /// User types by id.
    pub(crate) user_types: BTreeMap<String, UserType>,
    /// Every attribute that the schemas define, mapped or not.
    pub(crate) known: BTreeMap<ObjectKind, BTreeSet<String>>,
    warnings: Vec<MappingWarning>,
    pub(crate) document: SchemaAndMapping,
}

impl Mapping {
    /// The mapping for these schemas and options.
    ///
    /// # Errors
    /// When there is nothing to map, or the options can't be satisfied: correct the options. Options that can be
    /// satisfied in part are in [`warnings`](Self::warnings).
    pub fn new(schemas: &OrgSchemas, options: &MappingOptions) -> Result<Self, MappingError> {
        if schemas.user_types.is_empty() {
            return Err(MappingError::NoUserTypes);
        }
        if let Some(fault) = options.faults().into_iter().next() {
            return Err(fault);
        }
        // Independent of the order in the API.
        let mut types: Vec<&UserTypeSchema> = schemas.user_types.iter().collect();
        types.sort_by_key(|t| (!t.user_type.default, t.user_type.id.clone()));
        let users = attribute_type::merge(types.iter().map(|t| &t.schema), options);
        let groups = attribute_type::of_groups(&schemas.group, options);
        check_sources(&users, &groups, options)?;
        let mut warnings = warnings(&users, &groups, options);
        let user = Ingredients {
            kind: ObjectKind::User,
            own: builtin::of_users(options),
            properties: &users,
            choices: &options.user,
            label: &options.user_label,
            by_hand: options.account.as_ref().map(|account| account.attribute.as_str()),
        };
        let group = Ingredients {
            kind: ObjectKind::Group,
            own: builtin::of_groups(options),
            properties: &groups,
            choices: &options.group,
            label: &options.group_label,
            by_hand: None,
        };
        let no_choices = AttributeOptions::default();
        let membership = Ingredients {
            kind: ObjectKind::Membership,
            own: builtin::of_memberships(options),
            properties: &BTreeMap::new(),
            choices: &no_choices,
            label: "",
            by_hand: None,
        };
        let mut attributes = BTreeMap::new();
        for ingredients in [group, user, membership] {
            attributes.insert(ingredients.kind, attribute::collect(ingredients, options, &mut warnings));
        }
        warnings.sort();
        let known = BTreeMap::from([
            (ObjectKind::User, users.into_keys().collect()),
            (ObjectKind::Group, groups.into_keys().collect()),
        ]);
        let user_types = types.iter().map(|t| (t.user_type.id.clone(), t.user_type.clone())).collect();
        let layout = Layout {
            options: options.clone(),
            attributes,
            type_names: BTreeMap::new(),
            reference_form: options.reference_form.form().unwrap_or_default(),
        };
        Ok(Self { document: document(&layout), layout, user_types, known, warnings })
    }

    /// This mapping adapted to the state of Assets: names that an administrator changed, types that Okta's schema would
    /// define differently now, and no attribute that doesn't exist yet, because Assets drops its values silently. Its
    /// records match the existing attributes, and its names are the ones that searches and REST calls need. For
    /// [`evolution::plan`](crate::evolution::plan), compare the original mapping.
    #[must_use]
    pub fn fit_to(&self, current: &SchemaAndMapping) -> Self {
        let mut settled = self.with_added(current);
        let types = all_types(&current.schema.object_schema.object_types);
        for (&kind, attributes) in &mut settled.layout.attributes {
            let id = type_id(&self.layout.options, kind);
            let Some(present) = types.iter().find(|t| t.external_id.as_ref() == Some(&id)) else { continue };
            let present: BTreeSet<&str> =
                present.attributes.iter().filter_map(|a| a.external_id.as_deref()).collect();
            attributes.retain(|attribute| present.contains(attribute.external_id.as_str()));
        }
        Self { document: document(&settled.layout), ..settled }
    }

    /// The same once what is missing in Assets was added.
    #[must_use]
    pub fn with_added(&self, current: &SchemaAndMapping) -> Self {
        let mut layout = self.layout.clone();
        let types = all_types(&current.schema.object_schema.object_types);
        for (&kind, attributes) in &mut layout.attributes {
            let id = type_id(&self.layout.options, kind);
            let Some(present) = types.iter().find(|t| t.external_id.as_ref() == Some(&id)) else { continue };
            layout.type_names.insert(kind, present.name.clone());
            let by_id: HashMap<_, _> =
                present.attributes.iter().filter_map(|a| Some((a.external_id.as_deref()?, a))).collect();
            for attribute in attributes {
                let Some(present) = by_id.get(attribute.external_id.as_str()) else { continue };
                attribute.name.clone_from(&present.name);
                if matches!(attribute.source, Source::Profile(_)) && VALUE_TYPES.contains(&present.kind) {
                    let unlimited = present.maximum_cardinality == Some(-1);
                    attribute.many = takes_many(&present.kind) && (attribute.many || unlimited);
                    attribute.kind = present.kind.clone();
                }
            }
        }
        Self { document: document(&layout), layout, ..self.clone() }
    }

    /// The document for Assets.
    pub const fn document(&self) -> &SchemaAndMapping {
        &self.document
    }

    /// Warnings about the options, sorted.
    pub fn warnings(&self) -> &[MappingWarning] {
        &self.warnings
    }

    /// The membership strategy, and thus which of [`with_groups`](Self::with_groups),
    /// [`with_members`](Self::with_members) and [`membership`](Self::membership) builds its records.
    pub const fn memberships(&self) -> MembershipStrategy {
        self.layout.options.membership_strategy
    }

    /// A short name for this mapping: the same for the same document.
    pub fn version(&self) -> String {
        let fields = BTreeMap::from([("document".to_owned(), serde_json::json!(self.document))]);
        let mut digest = format!("{:?}", sync_model::Fingerprint::of(&fields));
        digest.truncate(12);
        digest
    }

    /// The attributes of a kind of object, in the document's order. None for a kind that is not mapped.
    pub fn attributes(&self, kind: ObjectKind) -> &[MappedAttribute] {
        self.layout.attributes(kind)
    }

    /// The name of the object type of a kind of object.
    pub fn type_name(&self, kind: ObjectKind) -> &str {
        self.layout.type_name(kind)
    }

    /// The key of a kind of record in the data.
    pub const fn selector(kind: ObjectKind) -> &'static str {
        document::selector(kind)
    }

    /// The kind of the objects of an object type in the document.
    pub fn kind_of(&self, object_type_name: &str) -> Option<ObjectKind> {
        let is_it = |&kind: &ObjectKind| {
            !self.attributes(kind).is_empty() && self.type_name(kind) == object_type_name
        };
        ObjectKind::ALL.into_iter().find(is_it)
    }

    /// The attribute that marks an object as retired, and the statuses that do so.
    pub fn retired_status(&self, kind: ObjectKind) -> Option<(&MappedAttribute, [&'static str; 2])> {
        let marks = [RetireReason::Deleted, RetireReason::OutOfScope].map(status::of_departure);
        let attribute = self.attributes(kind).iter().find(|a| a.source == Source::Status)?;
        Some((attribute, marks))
    }

    /// The attribute that identifies an object.
    pub fn identity(&self, kind: ObjectKind) -> Option<&MappedAttribute> {
        self.attributes(kind).iter().find(|a| a.source == Source::Id)
    }

    /// The attribute that names an object.
    pub fn label(&self, kind: ObjectKind) -> Option<&MappedAttribute> {
        self.attributes(kind).iter().find(|a| self.layout.is_label(kind, a))
    }

    /// True if objects of a kind have an attribute from this source.
    pub fn maps(&self, kind: ObjectKind, source: &Source) -> bool {
        self.attributes(kind).iter().any(|attribute| attribute.source == *source)
    }

    /// The display name and the API name of a user's type; the ID of an unknown type.
    pub fn user_type_names<'m>(&'m self, user: &'m User) -> Vec<&'m str> {
        let Some(id) = user.user_type.as_ref().map(|user_type| user_type.id.as_str()) else {
            return Vec::new();
        };
        let Some(user_type) = self.user_types.get(id) else { return vec![id] };
        let names = [user_type.display_name.as_str(), user_type.name.as_str()];
        names.into_iter().filter(|name| !name.is_empty()).collect()
    }

    pub(crate) const fn options(&self) -> &MappingOptions {
        &self.layout.options
    }
}

impl MappingOptions {
    /// The options that no org can meet.
    pub fn faults(&self) -> Vec<MappingError> {
        let mut faults = Vec::new();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.external_id_prefix.is_empty() || !self.external_id_prefix.chars().all(fits) {
            faults.push(MappingError::Prefix(self.external_id_prefix.clone()));
        }
        let refused = |c: char| c.is_control() || "=;:?.\"".contains(c);
        if self.object_schema_name.trim().is_empty() || self.object_schema_name.contains(refused) {
            faults.push(MappingError::SchemaName(self.object_schema_name.clone()));
        }
        for (kind, choices, label) in [
            (ObjectKind::User, &self.user, &self.user_label),
            (ObjectKind::Group, &self.group, &self.group_label),
        ] {
            for (attribute, chosen) in &choices.types {
                let allowed: &[_] = if attribute == label { &VALUE_TYPES[..1] } else { &VALUE_TYPES };
                if !allowed.contains(chosen) {
                    faults.push(MappingError::Type {
                        kind,
                        attribute: attribute.clone(),
                        chosen: chosen.as_str().to_owned(),
                        valid: allowed.iter().map(AttributeType::as_str).collect::<Vec<_>>().join(", "),
                    });
                }
            }
        }
        faults
    }
}

/// The labels, and the attribute that names managers, exist.
fn check_sources(
    users: &BTreeMap<String, Merged>,
    groups: &BTreeMap<String, Merged>,
    options: &MappingOptions,
) -> Result<(), MappingError> {
    if !users.contains_key(&options.user_label) {
        return Err(MappingError::UnknownLabel(options.user_label.clone()));
    }
    if !groups.contains_key(&options.group_label) {
        return Err(MappingError::UnknownGroupLabel(options.group_label.clone()));
    }
    let manager_by = options.manager.match_by.profile();
    match manager_by.filter(|&name| !users.contains_key(name)) {
        Some(name) => Err(MappingError::ManagerAttribute(name)),
        None => Ok(()),
    }
}

/// Warnings about options for missing attributes, and about the schemas.
fn warnings(
    users: &BTreeMap<String, Merged>,
    groups: &BTreeMap<String, Merged>,
    options: &MappingOptions,
) -> Vec<MappingWarning> {
    let (u, g) = (&options.user, &options.group);
    let manager = (options.manager.match_by != ManagerMatch::Off).then_some(&options.manager.attribute);
    let named: [(&'static str, Vec<&String>, &BTreeMap<String, Merged>); 10] = [
        ("mapping.user.include", u.include.iter().collect(), users),
        ("mapping.user.exclude", u.exclude.iter().collect(), users),
        ("mapping.user.rename", u.rename.keys().collect(), users),
        ("mapping.user.types", u.types.keys().collect(), users),
        ("mapping.group.include", g.include.iter().collect(), groups),
        ("mapping.group.exclude", g.exclude.iter().collect(), groups),
        ("mapping.group.rename", g.rename.keys().collect(), groups),
        ("mapping.group.types", g.types.keys().collect(), groups),
        ("mapping.manager.attribute", manager.into_iter().collect(), users),
        ("mapping.account.email", options.account.iter().map(|a| &a.email).collect(), users),
    ];
    let unknown = named.into_iter().flat_map(|(option, names, schema)| {
        names
            .into_iter()
            .filter(|name| !schema.contains_key(*name))
            .map(move |name| MappingWarning::UnknownAttribute { option, attribute: name.clone() })
    });
    let labels = [(options.user_label.as_str(), u), (options.group_label.as_str(), g)];
    let kept = labels.into_iter().filter(|(name, choices)| !choices.wants(name));
    let kept = kept.map(|(name, _)| MappingWarning::LabelExcluded { attribute: name.to_owned() });
    let conflicts = users
        .iter()
        .filter(|(name, merged)| merged.conflict && u.wants(name) && !u.types.contains_key(*name))
        .map(|(name, _)| MappingWarning::Conflict { attribute: name.clone() });
    let unreadable = [(users, u), (groups, g)].into_iter().flat_map(|(schema, choices)| {
        schema
            .iter()
            .filter(|(name, m)| m.is_unreadable() && choices.wants(name) && !choices.include.contains(*name))
            .map(|(name, _)| MappingWarning::UnsupportedDefinition { attribute: name.clone() })
    });
    unknown.chain(kept).chain(conflicts).chain(unreadable).collect()
}
