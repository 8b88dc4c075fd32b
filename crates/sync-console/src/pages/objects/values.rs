//! The values of an object by attribute: in Okta, in the last record, and in Assets.

use admin_api::{AssetsLookup, FieldComparison, FieldMatch};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use sync_model::{ConnectionName, ObjectKind, RecordKey, is_empty};

use super::super::components::{Tone, badge, number, scroll, time};
use super::super::links::Names;
use super::super::plan::shown;

/// The maximum number of objects that are shown of a reference.
const REFERRED: usize = 10;

/// The objects that are shown of references.
pub(super) fn referred(fields: &[FieldComparison]) -> Vec<RecordKey> {
    let of = |field: &FieldComparison| -> Vec<RecordKey> {
        let Some(kind) = field.refers_to else { return Vec::new() };
        let values = field.in_okta.iter().chain(&field.in_record);
        values.flat_map(|value| ids(value).take(REFERRED)).map(|id| key(kind, id)).collect()
    };
    fields.iter().flat_map(of).collect()
}

fn ids(value: &Value) -> impl Iterator<Item = &str> {
    let one = std::slice::from_ref(value);
    value.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_str)
}

fn key(kind: ObjectKind, id: &str) -> RecordKey {
    RecordKey { kind, id: id.to_owned() }
}

/// The values by attribute; without a column for Assets if it couldn't be read.
pub(super) fn table(
    connection: &ConnectionName,
    fields: &[FieldComparison],
    assets: &AssetsLookup,
    names: &Names,
) -> Markup {
    if fields.is_empty() {
        return html! {};
    }
    let (empty, shown): (Vec<&FieldComparison>, Vec<&FieldComparison>) =
        fields.iter().partition(|f| is_empty_everywhere(f));
    let page = Page { connection, names, assets_read: !matches!(assets, AssetsLookup::Unknown { .. }) };
    let rows = html! {
        table {
            caption { "Values" }
            thead { tr {
                th scope="col" { "Attribute" } th scope="col" { "In Okta" } th scope="col" { "Last record sent" }
                @if page.assets_read { th scope="col" { "In Assets" } }
                th scope="col" { "State" }
            } }
            tbody { @for field in shown { (page.line(field)) } }
        }
    };
    html! {
        (scroll("Values", &rows))
        @if !empty.is_empty() {
            p.small.muted {
                "No value: "
                @for (at, field) in empty.iter().enumerate() { @if at > 0 { ", " } (name(field)) }
                "."
            }
        }
    }
}

fn name(field: &FieldComparison) -> &str {
    field.attribute.as_deref().or(field.okta.as_deref()).unwrap_or(&field.field)
}

fn is_empty_everywhere(field: &FieldComparison) -> bool {
    let none = |value: Option<&Value>| value.is_none_or(is_empty);
    none(field.in_record.as_ref())
        && none(field.in_okta.as_ref())
        && field.in_assets.as_ref().is_none_or(Vec::is_empty)
}

/// A value without references; a time has the same format as elsewhere on the page.
pub(super) fn plain(value: &Value) -> Markup {
    let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    html! { @match at { Some(at) => (time(at)), None => (shown(value)) } }
}

/// The page that the values are on.
struct Page<'p> {
    connection: &'p ConnectionName,
    names: &'p Names,
    /// True if Assets was read.
    assets_read: bool,
}

impl Page<'_> {
    fn line(&self, field: &FieldComparison) -> Markup {
        let (tone, word) = self.state(field);
        let in_assets = field
            .in_assets
            .as_ref()
            .map(|values| if values.is_empty() { "(empty)".to_owned() } else { values.join(", ") });
        html! {
            tr.differs[tone == Tone::Warning] {
                th scope="row" {
                    (name(field))
                    @if let Some(okta) = &field.okta { div.small.muted { code { (okta) } } }
                }
                td { (self.value(field, field.in_okta.as_ref())) }
                td { (self.value(field, field.in_record.as_ref())) }
                @if self.assets_read { td { (in_assets.as_deref().unwrap_or("–")) } }
                td.nowrap { (badge(tone, word)) }
            }
        }
    }

    fn state(&self, field: &FieldComparison) -> (Tone, &'static str) {
        let pair = field.in_record.as_ref().zip(field.in_okta.as_ref());
        let same = pair.map(|(sent, now)| sent == now || (is_empty(sent) && is_empty(now)));
        match (same, field.field_match) {
            (Some(false), _) => (Tone::Warning, "Changed in Okta"),
            (_, FieldMatch::Different) => (Tone::Warning, "Modified in Assets"),
            (_, FieldMatch::Equal) => (Tone::Good, "Matched"),
            (Some(true), FieldMatch::Unknown) if !self.assets_read => (Tone::Good, "Unchanged"),
            (_, FieldMatch::Unknown) => (Tone::Quiet, "Not compared"),
        }
    }

    fn value(&self, field: &FieldComparison, value: Option<&Value>) -> Markup {
        let Some(value) = value else { return html! { "–" } };
        let Some(kind) = field.refers_to.filter(|_| !is_empty(value)) else { return plain(value) };
        let hidden = ids(value).count().saturating_sub(REFERRED);
        html! {
            @for (at, id) in ids(value).take(REFERRED).enumerate() {
                @if at > 0 { ", " }
                (self.names.link(self.connection, &key(kind, id)))
            }
            @if hidden > 0 { ", and " (number(hidden as u64)) " more" }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sync_model::ConnectionName;

    use super::*;

    fn field(sent: Option<Value>, now: Option<Value>, agreement: FieldMatch) -> FieldComparison {
        FieldComparison {
            field: "f".into(),
            okta: None,
            attribute: None,
            in_record: sent,
            in_okta: now,
            in_assets: None,
            field_match: agreement,
            refers_to: None,
        }
    }

    #[test]
    fn unread_assets_values_are_not_compared() {
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let names = Names::default();
        let state = |assets_read, field: &FieldComparison| {
            Page { connection: &main, names: &names, assets_read }.state(field).1
        };
        let unknown = |sent: Value, now: Value| field(Some(sent), Some(now), FieldMatch::Unknown);
        assert_eq!(state(false, &unknown(json!("a"), json!("a"))), "Unchanged");
        assert_eq!(state(false, &unknown(json!(""), json!(null))), "Unchanged");
        assert_eq!(state(false, &unknown(json!("a"), json!("b"))), "Changed in Okta");
        assert_eq!(state(false, &field(Some(json!("a")), None, FieldMatch::Unknown)), "Not compared");
        assert_eq!(state(true, &unknown(json!("a"), json!("a"))), "Not compared");
        assert_eq!(state(true, &field(Some(json!("a")), Some(json!("a")), FieldMatch::Equal)), "Matched");
        let unasked = AssetsLookup::Unknown { reason: "r".into(), remedy: None };
        let page = table(&main, &[unknown(json!("a"), json!("a"))], &unasked, &names).into_string();
        assert!(!page.contains("In Assets"), "{page}");
    }

    #[test]
    fn times_and_references_are_formatted() {
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let names = Names::default();
        let page = Page { connection: &main, names: &names, assets_read: false };
        let at = json!("2026-03-01T10:30:00.000Z");
        let none = field(None, None, FieldMatch::Unknown);
        assert!(
            page.value(&none, Some(&at)).into_string().starts_with("<time datetime=\"2026-03-01T10:30:00Z\"")
        );
        let groups = FieldComparison { refers_to: Some(ObjectKind::Group), ..none };
        let many: Vec<String> = (0..12).map(|n| format!("g{n}")).collect();
        let shown = page.value(&groups, Some(&json!(many))).into_string();
        assert!(shown.contains("<a href=\"/connections/main/objects/group/g0\">g0</a>, "), "{shown}");
        assert!(shown.ends_with("and 2 more"), "{shown}");
        assert_eq!(
            referred(&[FieldComparison { in_record: Some(json!("g1")), ..groups }]),
            [key(ObjectKind::Group, "g1")]
        );
    }
}
