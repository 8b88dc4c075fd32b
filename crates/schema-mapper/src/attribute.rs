//! One attribute on its way from Okta to Assets.

use std::collections::{BTreeMap, HashMap};

use insight_import_client::document::AttributeType;
use sync_model::ObjectKind;

use crate::attribute_type::{Merged, Shape, TEXT_LIMIT};
use crate::ids::{id_end, locator};
use crate::names::{Names, readable};
use crate::options::{AttributeNames, AttributeOptions, MappingOptions};
use crate::warning::MappingWarning;

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The immutable id.
    Id,
    /// The status.
    Status,
    /// The name of the user type.
    UserType,
    /// The type of a group.
    GroupType,
    /// The app that a group comes from.
    SourceApp,
    /// The time of creation.
    Created,
    /// When it changed last.
    LastUpdated,
    /// When it signed in last.
    LastLogin,
    /// The groups of a user.
    Groups,
    /// The members of a group.
    Members,
    /// The manager of a user.
    Manager,
    /// The name of a membership.
    MembershipName,
    /// The group of a membership.
    MembershipGroup,
    /// The user of a membership.
    MembershipUser,
    /// A profile attribute.
    Profile(String),
}

impl Source {
    /// True if the values are references to objects.
    pub(crate) const fn refers(&self) -> bool {
        matches!(
            self,
            Self::Groups | Self::Members | Self::Manager | Self::MembershipGroup | Self::MembershipUser
        )
    }
}

/// One attribute on its way from Okta to Assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedAttribute {
    /// The source of the value.
    pub source: Source,
    /// The attribute's external id.
    pub external_id: String,
    /// Its name in Assets.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its type in Assets.
    pub kind: AttributeType,
    /// True if it accepts any number of values.
    pub many: bool,
    /// The field of a record that carries it.
    pub locator: String,
}

impl MappedAttribute {
    /// True if it holds a profile attribute.
    pub(crate) fn is_profile(&self, name: &str) -> bool {
        matches!(&self.source, Source::Profile(own) if own == name)
    }
}

/// An attribute of ours, before it has a name in this document.
pub(crate) struct Own {
    pub(crate) source: Source,
    /// The end of the external id, and the field.
    pub(crate) end: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: AttributeType,
    pub(crate) description: &'static str,
}

/// The input for the attributes of one kind of object.
pub(crate) struct Ingredients<'s> {
    pub(crate) kind: ObjectKind,
    pub(crate) own: Vec<Own>,
    pub(crate) properties: &'s BTreeMap<String, Merged>,
    pub(crate) choices: &'s AttributeOptions,
    pub(crate) label: &'s str,
    /// The name of an existing or future attribute that was created manually.
    pub(crate) by_hand: Option<&'s str>,
}

/// Our own attributes, then those of the profile.
pub(crate) fn collect(
    ingredients: Ingredients<'_>,
    options: &MappingOptions,
    warnings: &mut Vec<MappingWarning>,
) -> Vec<MappedAttribute> {
    let Ingredients { kind, own, properties, choices, label, by_hand } = ingredients;
    let prefix = &options.external_id_prefix;
    let mut names = Names::in_use(by_hand.into_iter());
    let mut attributes: Vec<MappedAttribute> = own
        .into_iter()
        .map(|own| MappedAttribute {
            many: matches!(own.source, Source::Groups | Source::Members),
            source: own.source,
            external_id: format!("{prefix}/{kind}/{}", own.end),
            name: names.take(own.name, own.end),
            description: own.description.to_owned(),
            kind: own.kind,
            locator: own.end.to_owned(),
        })
        .collect();
    let mapped = |(name, merged): &(&String, &Merged)| {
        *name == label
            || choices.wants(name) && (!merged.is_unreadable() || choices.include.contains(name.as_str()))
    };
    let chosen: Vec<(&String, &Merged)> = properties.iter().filter(mapped).collect();
    let mut given = give_names(&chosen, choices, options, &mut names, warnings);
    attributes.extend(chosen.into_iter().map(|(name, merged)| {
        // Whatever the schema calls it, a label is a text.
        let shape = if name == label {
            Shape { kind: AttributeType::Text, many: false }
        } else {
            merged.shape(name, choices, options)
        };
        MappedAttribute {
            source: Source::Profile(name.clone()),
            external_id: format!("{prefix}/{kind}/profile/{}", id_end(name)),
            name: given.remove(name.as_str()).unwrap_or_default(),
            description: describe(name, merged),
            kind: shape.kind,
            many: shape.many,
            locator: locator(name),
        }
    }));
    attributes
}

/// Names the attributes: first those that an administrator has named, then the base attributes that every org has, then
/// the rest, so that a custom attribute never gets the name of an earlier one.
fn give_names<'p>(
    chosen: &[(&'p String, &Merged)],
    choices: &AttributeOptions,
    options: &MappingOptions,
    names: &mut Names,
    warnings: &mut Vec<MappingWarning>,
) -> HashMap<&'p str, String> {
    let mut order: Vec<&(&'p String, &Merged)> = chosen.iter().collect();
    order.sort_by_key(|(name, merged)| (!choices.rename.contains_key(*name), !merged.base, *name));
    let mut given = HashMap::new();
    for &(name, merged) in order {
        let renamed = choices.rename.get(name);
        let wanted = match (renamed, options.attribute_names) {
            (Some(chosen), _) => chosen,
            (None, AttributeNames::Title) => &merged.property.title,
            (None, AttributeNames::Name) => name,
        };
        let got = names.take(&readable([wanted, name]), &id_end(name));
        if let Some(wanted) = renamed.filter(|wanted| **wanted != got) {
            warnings.push(MappingWarning::NameUnavailable {
                attribute: name.clone(),
                wanted: wanted.clone(),
                given: got.clone(),
            });
        }
        given.insert(name.as_str(), got);
    }
    given
}

fn describe(name: &str, merged: &Merged) -> String {
    let words = merged.property.description.as_deref().unwrap_or_default().trim();
    let text = if words.is_empty() { format!("profile.{name}") } else { format!("profile.{name}: {words}") };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_LIMIT).collect()
}
