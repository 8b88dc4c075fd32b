//! The selection of profile attributes: as a form, and from a form.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use admin_api::{AttributeComparison, TypeComparison};
use maud::{Markup, html};
use schema_mapper::{AttributeOptions, MappingOptions, OktaAttribute, VALUE_TYPES};
use sync_model::{ConnectionName, ObjectKind};

use super::super::components::scroll;
use crate::words::{labels, mapping as words};

/// A submitted form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choices {
    /// The options with this selection.
    pub(super) options: MappingOptions,
    /// The invalid parts of the selection.
    pub(super) problems: Vec<String>,
}

/// The kinds that have profiles.
const KINDS: [ObjectKind; 2] = [ObjectKind::User, ObjectKind::Group];

impl Choices {
    /// Reads a form over the saved selection. Attributes that aren't on the form stay unchanged.
    pub(super) fn sent(base: &MappingOptions, sent: &HashMap<String, String>) -> Self {
        let mut choices = Self { options: base.clone(), problems: Vec::new() };
        choices.options.user = choices.of(&base.user, ObjectKind::User, sent);
        choices.options.group = choices.of(&base.group, ObjectKind::Group, sent);
        choices
    }

    fn of(
        &mut self,
        base: &AttributeOptions,
        kind: ObjectKind,
        sent: &HashMap<String, String>,
    ) -> AttributeOptions {
        let seen: BTreeSet<&str> =
            sent.keys().filter_map(|key| key.strip_prefix(&format!("seen:{kind}:"))).collect();
        if seen.is_empty() {
            return base.clone();
        }
        let text = |what: &str, name: &str| {
            sent.get(&format!("{what}:{kind}:{name}")).map(|text| text.trim()).filter(|text| !text.is_empty())
        };
        let others = |set: &BTreeSet<String>| -> BTreeSet<String> {
            set.iter().filter(|name| !seen.contains(name.as_str())).cloned().collect()
        };
        let (used, left): (BTreeSet<&str>, BTreeSet<&str>) =
            seen.iter().partition(|name| text("use", name).is_some());
        let mut attributes = AttributeOptions {
            include: BTreeSet::new(),
            exclude: others(&base.exclude),
            rename: without(&base.rename, &seen),
            types: without(&base.types, &seen),
        };
        if text("others", "").is_some_and(|word| word == "out") {
            attributes.include = others(&base.include);
            attributes.include.extend(used.iter().map(|name| (*name).to_owned()));
            if attributes.include.is_empty() {
                self.problems.push(words::select_one(kind.as_str()));
            }
        } else {
            attributes.exclude.extend(left.iter().map(|name| (*name).to_owned()));
        }
        for name in &seen {
            if let Some(given) = text("name", name) {
                attributes.rename.insert((*name).to_owned(), given.to_owned());
            }
            if let Some(given) = text("type", name) {
                match VALUE_TYPES.iter().find(|kind| kind.as_str() == given) {
                    Some(kind) => {
                        attributes.types.insert((*name).to_owned(), kind.clone());
                    }
                    None => self.problems.push(words::wrong_type(name, kind.as_str(), given)),
                }
            }
        }
        attributes
    }
}

fn without<T: Clone>(map: &BTreeMap<String, T>, seen: &BTreeSet<&str>) -> BTreeMap<String, T> {
    map.iter()
        .filter(|(name, _)| !seen.contains(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn of_kind(options: &MappingOptions, kind: ObjectKind) -> Option<(&AttributeOptions, &str)> {
    match kind {
        ObjectKind::User => Some((&options.user, &options.user_label)),
        ObjectKind::Group => Some((&options.group, &options.group_label)),
        ObjectKind::Membership => None,
    }
}

/// The selection as inputs, one row for each attribute.
pub(super) fn inputs(types: &[TypeComparison], options: &MappingOptions) -> Markup {
    html! {
        @for object_type in types {
            @if let Some((chosen, label)) = of_kind(options, object_type.kind) { (kind_inputs(object_type, chosen, label)) }
        }
    }
}

fn kind_inputs(object_type: &TypeComparison, chosen: &AttributeOptions, label: &str) -> Markup {
    let kind = object_type.kind;
    let mut profile: Vec<(&OktaAttribute, &AttributeComparison)> =
        object_type.attributes.iter().filter_map(|view| Some((view.okta.as_ref()?, view))).collect();
    profile.sort_by_key(|(okta, _)| okta.title.to_lowercase());
    let only = !chosen.include.is_empty();
    let others = format!("others:{kind}:");
    let table = html! {
        table.choices {
            caption { (labels::objects(kind)) }
            thead { tr {
                th scope="col" { "Sync" } th scope="col" { "Okta attribute" } th scope="col" { "Okta type" }
                th scope="col" { "Name in Assets" } th scope="col" { "Type in Assets" }
            } }
            tbody { @for (okta, view) in profile { (line(kind, okta, view, chosen, okta.name == label)) } }
        }
    };
    html! {
        (scroll(&format!("Attributes of {kind}s"), &table))
        div.field {
            label for=(others) { "New Okta attributes" }
            select name=(others) id=(others) {
                option value="in" selected[!only] { "Add automatically" }
                option value="out" selected[only] { "Exclude until selected" }
            }
        }
    }
}

fn line(
    kind: ObjectKind,
    okta: &OktaAttribute,
    view: &AttributeComparison,
    chosen: &AttributeOptions,
    is_label: bool,
) -> Markup {
    let name = &okta.name;
    let field = |what: &str| format!("{what}:{kind}:{name}");
    let used = (chosen.include.is_empty() || chosen.include.contains(name)) && !chosen.exclude.contains(name);
    let present = view.assets.as_ref().map_or("", |assets| assets.name.as_str());
    let types = if is_label { &VALUE_TYPES[..1] } else { &VALUE_TYPES[..] };
    html! {
        tr {
            td {
                input type="hidden" name=(field("seen")) value="1";
                input type="checkbox" name=(field("use")) value="1" checked[used] aria-label={ "Sync " (okta.title) };
            }
            th scope="row" { (okta.title) div.small.muted { code { (name) } @if is_label { " (object label)" } } }
            td { (okta.kind) }
            td { input type="text" name=(field("name")) value=(chosen.rename.get(name).map_or("", String::as_str)) placeholder=(present) aria-label={ "Name of " (okta.title) " in Assets" } spellcheck="false" autocomplete="off"; }
            td {
                select name=(field("type")) aria-label={ "Type of " (okta.title) " in Assets" } {
                    option value="" { "Same as Okta" }
                    @for choice in types {
                        option value=(choice.as_str()) selected[chosen.types.get(name) == Some(choice)] { (choice.as_str()) }
                    }
                }
            }
        }
    }
}

/// The selection as lines of the configuration file; `None` if all settings are defaults.
pub(super) fn lines(connection: &ConnectionName, options: &MappingOptions) -> Option<String> {
    let mut mapping = toml::Table::new();
    for kind in KINDS {
        let Some((chosen, _)) = of_kind(options, kind) else { continue };
        let names = |set: &BTreeSet<String>| set.iter().cloned().map(toml::Value::String).collect();
        let mut table = toml::Table::new();
        for (key, set) in [("include", &chosen.include), ("exclude", &chosen.exclude)] {
            if !set.is_empty() {
                table.insert(key.into(), toml::Value::Array(names(set)));
            }
        }
        let rename = chosen.rename.iter().map(|(name, new)| (name.clone(), new.clone().into())).collect();
        let types =
            chosen.types.iter().map(|(name, kind)| (name.clone(), kind.as_str().to_owned().into())).collect();
        for (key, map) in [("rename", rename), ("types", types)] {
            let map: toml::Table = map;
            if !map.is_empty() {
                table.insert(key.into(), map.into());
            }
        }
        if !table.is_empty() {
            mapping.insert(kind.as_str().into(), table.into());
        }
    }
    if mapping.is_empty() {
        return None;
    }
    let within = |key: &str, table: toml::Table| toml::Table::from_iter([(key.to_owned(), table.into())]);
    let whole = within("connections", within(connection.as_str(), within("mapping", mapping)));
    toml::to_string(&whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> HashMap<String, String> {
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn unselected_attribute_is_excluded() {
        let mut base = MappingOptions::default();
        base.user.exclude = set(&["gone", "city"]);
        base.user.rename = BTreeMap::from([("gone".into(), "Gone".into()), ("city".into(), "Town".into())]);
        base.group.exclude = set(&["notes"]);
        let form = sent(&[
            ("others:user:", "in"),
            ("seen:user:city", "1"),
            ("use:user:city", "1"),
            ("name:user:city", " "),
            ("type:user:city", "textarea"),
            ("seen:user:title", "1"),
            ("name:user:title", " Role "),
        ]);
        let Choices { options, problems } = Choices::sent(&base, &form);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(options.user.exclude, set(&["gone", "title"]));
        assert_eq!(options.user.include, set(&[]));
        let names: Vec<_> = options.user.rename.into_iter().collect();
        assert_eq!(names, [("gone".to_owned(), "Gone".to_owned()), ("title".to_owned(), "Role".to_owned())]);
        assert_eq!(options.user.types["city"].as_str(), "textarea");
        assert_eq!(options.group, base.group, "there was no group on the form");
    }

    #[test]
    fn excluding_new_attributes_lists_selected_ones() {
        let form =
            sent(&[("others:user:", "out"), ("seen:user:a", "1"), ("seen:user:b", "1"), ("use:user:b", "1")]);
        let base = MappingOptions::default();
        let attributes = Choices::sent(&base, &form).options.user;
        assert_eq!((attributes.include, attributes.exclude), (set(&["b"]), set(&[])));
        let none = sent(&[("others:user:", "out"), ("seen:user:a", "1")]);
        assert_eq!(Choices::sent(&base, &none).problems.len(), 1);
        let odd = sent(&[("seen:user:a", "1"), ("type:user:a", "status")]);
        assert_eq!(
            Choices::sent(&base, &odd).problems,
            ["the attribute a of users doesn't support the type status"]
        );
    }

    #[test]
    fn selection_becomes_configuration() {
        let name = ConnectionName::try_from("main".to_owned()).unwrap();
        let mut options = MappingOptions::default();
        assert_eq!(lines(&name, &options), None);
        options.user.exclude = set(&["city"]);
        options.user.rename = BTreeMap::from([("title".into(), "Role \"x\"".into())]);
        let lines = lines(&name, &options).unwrap();
        assert_eq!(
            lines,
            "[connections.main.mapping.user]\nexclude = [\"city\"]\n\n[connections.main.mapping.user.rename]\ntitle = 'Role \"x\"'\n"
        );
    }
}
