//! One value, converted for an attribute.

use std::net::{Ipv4Addr, Ipv6Addr};

use insight_import_client::document::AttributeType;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::Value;
use url::Url;

pub(crate) use sync_model::ValueProblemKind as Rule;

use crate::attribute::MappedAttribute;
use crate::attribute_type::{TEXT_LIMIT, TEXTAREA_LIMIT};

/// The value in the form that Assets reads, and the rule it offended, if any.
pub(crate) fn fit(
    value: Option<&Value>,
    attribute: &MappedAttribute,
    separator: &str,
) -> (Value, Option<Rule>) {
    let Some(value) = value else { return (empty(attribute.many), None) };
    if !attribute.many {
        return fit_one(value, &attribute.kind, separator);
    }
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut texts = Vec::new();
    let mut broken = None;
    for item in items.iter().filter(|item| !item.is_null()) {
        let (fitted, rule) = fit_one(item, &attribute.kind, separator);
        broken = broken.or(rule);
        texts.push(as_one_text(&fitted).trim().to_owned());
    }
    texts.retain(|text| !text.is_empty());
    // Assets stores a set, so a different order isn't a change.
    texts.sort_unstable();
    texts.dedup();
    (texts.into(), broken)
}

fn fit_one(value: &Value, kind: &AttributeType, separator: &str) -> (Value, Option<Rule>) {
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return (empty(false), None);
    }
    match kind {
        AttributeType::Boolean => typed(as_boolean(value), Rule::NoBoolean),
        AttributeType::Integer => typed(as_integer(value), Rule::NoInteger),
        AttributeType::Double => typed(as_double(value), Rule::NoNumber),
        AttributeType::Email => short(parsed(value, email, Rule::NoEmail)),
        AttributeType::Url => short(parsed(value, url, Rule::NoWebUrl)),
        AttributeType::DateTime => parsed(value, date_time, Rule::NoDateTime),
        AttributeType::Date => parsed(value, date, Rule::NoDate),
        AttributeType::Time => parsed(value, time, Rule::NoTime),
        AttributeType::IpAddress => parsed(value, ip_address, rule_of_ip(value)),
        AttributeType::Textarea => {
            let text = as_text(value, separator).replace("\r\n", "\n");
            limited(&text, true, TEXTAREA_LIMIT, Rule::TextareaCut)
        }
        _ => limited(&as_text(value, separator), false, TEXT_LIMIT, Rule::TextCut),
    }
}

/// A text without control characters, cut at a limit.
fn limited(text: &str, lines: bool, limit: usize, cut: Rule) -> (Value, Option<Rule>) {
    let fitted = plain(text, lines);
    if fitted.chars().nth(limit).is_some() {
        return (fitted.chars().take(limit).collect::<String>().into(), Some(cut));
    }
    let rule = (fitted != text).then_some(Rule::ControlCharacters);
    (fitted.into(), rule)
}

/// Omits text that exceeds the maximum length. A truncated URL would point elsewhere.
fn short((value, rule): (Value, Option<Rule>)) -> (Value, Option<Rule>) {
    let is_long = value.as_str().is_some_and(|text| text.chars().nth(TEXT_LIMIT).is_some());
    if is_long { (empty(false), Some(Rule::AddressTooLong)) } else { (value, rule) }
}

/// A moment as Assets reads it without a configured format.
pub(crate) fn moment(time: Timestamp) -> Value {
    format!("{time:.3}").into()
}

/// The empty value in the form that an attribute accepts.
pub(crate) fn empty(many: bool) -> Value {
    if many { Value::Array(Vec::new()) } else { Value::String(String::new()) }
}

/// A fitted value as the text that a search compares it with.
pub(crate) fn as_one_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.first().map(as_one_text).unwrap_or_default(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// True if a text has the form of an email address: something, one `@`, something, and no space.
pub(crate) fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let odd = |c: char| c.is_whitespace() || c.is_control();
    matches!(parts[..], [name, host] if !name.is_empty() && !host.is_empty()) && !text.contains(odd)
}

fn typed(value: Option<Value>, rule: Rule) -> (Value, Option<Rule>) {
    value.map_or_else(|| (empty(false), Some(rule)), |value| (value, None))
}

fn parsed(value: &Value, parse: impl Fn(&str) -> Option<Value>, rule: Rule) -> (Value, Option<Rule>) {
    typed(value.as_str().map(str::trim).and_then(parse), rule)
}

fn as_boolean(value: &Value) -> Option<Value> {
    let word = value.as_str().map(|text| text.trim().to_ascii_lowercase());
    value.as_bool().or_else(|| word?.parse().ok()).map(Value::Bool)
}

fn as_integer(value: &Value) -> Option<Value> {
    let whole = match value {
        // 7.0 is 7.
        Value::Number(n) => n.as_i64().or_else(|| {
            let n = n.as_f64()?;
            (n.fract() == 0.0).then(|| format!("{n:.0}").parse().ok()).flatten()
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    whole.and_then(|n: i64| i32::try_from(n).ok()).map(Value::from)
}

fn as_double(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let number: f64 = text.trim().parse().ok()?;
            serde_json::Number::from_f64(number).map(Value::Number)
        }
        _ => None,
    }
}

/// An address in the form that all mail servers accept: ASCII, a host with a dot, and neither a name nor brackets
/// around it.
fn email(text: &str) -> Option<Value> {
    let (_, host) = text.rsplit_once('@')?;
    let labels = host.split('.').all(|label| !label.is_empty());
    let fits = is_email(text)
        && text.is_ascii()
        && host.contains('.')
        && labels
        && !text.contains(['<', '>', '(', ')', ',', ';', ':', '"', '[', ']', '\\']);
    fits.then(|| text.into())
}

/// Assets accepts `http://` and `https://` only. The scheme is in lowercase, as in its page on attribute types.
fn url(text: &str) -> Option<Value> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_web = matches!(scheme.as_str(), "http" | "https") && !text.contains(char::is_control);
    let address = format!("{scheme}://{rest}");
    (is_web && Url::parse(&address).is_ok_and(|url| url.has_host())).then(|| address.into())
}

fn date_time(text: &str) -> Option<Value> {
    text.parse().ok().map(moment)
}

fn date(text: &str) -> Option<Value> {
    text.parse::<Date>().ok().map(|date| date.to_string().into())
}

fn time(text: &str) -> Option<Value> {
    text.parse::<Time>().ok().map(|time| format!("{time:.0}").into())
}

fn ip_address(text: &str) -> Option<Value> {
    text.parse::<Ipv4Addr>().ok().map(|address| address.to_string().into())
}

fn rule_of_ip(value: &Value) -> Rule {
    let is_v6 = value.as_str().is_some_and(|text| text.trim().parse::<Ipv6Addr>().is_ok());
    if is_v6 { Rule::Ipv6Address } else { Rule::NoIpAddress }
}

pub(crate) fn as_text(value: &Value, separator: &str) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .filter(|item| !item.is_null())
            .map(|item| as_text(item, separator))
            .collect::<Vec<_>>()
            .join(separator),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// Control characters become spaces; long text keeps its lines.
fn plain(text: &str, lines: bool) -> String {
    text.chars().map(|c| if c.is_control() && !(lines && c == '\n') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attribute::Source;

    fn fitted(value: &Value, kind: AttributeType, many: bool) -> (Value, Option<Rule>) {
        let attribute = MappedAttribute {
            source: Source::Profile("x".into()),
            external_id: "x".into(),
            name: "X".into(),
            description: String::new(),
            kind,
            many,
            locator: "x".into(),
        };
        fit(Some(value), &attribute, ", ")
    }

    #[test]
    fn valid_values_are_formatted_for_assets() {
        use AttributeType::{
            Boolean, Date, DateTime, Double, Email, Integer, IpAddress, Select, Text, Textarea, Time, Url,
        };
        for (value, kind, expected) in [
            (json!(["a", 1, null, true]), Text, json!("a, 1, true")),
            (json!("a\r\nb"), Textarea, json!("a\nb")),
            (json!("2026-03-01T12:30:00+02:00"), DateTime, json!("2026-03-01T10:30:00.000Z")),
            (json!("2026-03-01"), Date, json!("2026-03-01")),
            (json!("2026-03-01T12:30:00"), Date, json!("2026-03-01")),
            (json!("09:05"), Time, json!("09:05:00")),
            (json!(" ada@example.com "), Email, json!("ada@example.com")),
            (json!("https://example.com/~ada"), Url, json!("https://example.com/~ada")),
            (json!(" 10.0.0.3 "), IpAddress, json!("10.0.0.3")),
            (json!("HTTP://Example.com/A"), Url, json!("http://Example.com/A")),
            (json!("1969-07-20T20:17:40Z"), DateTime, json!("1969-07-20T20:17:40.000Z")),
            (json!(7), Integer, json!(7)),
            (json!(7.0), Integer, json!(7)),
            (json!("-7"), Integer, json!(-7)),
            (json!(i32::MIN), Integer, json!(i32::MIN)),
            (json!(0.5), Double, json!(0.5)),
            (json!("1e3"), Double, json!(1000.0)),
            (json!("TRUE"), Boolean, json!(true)),
            (json!(["b", "a", "", "b"]), Text, json!("b, a, , b")),
            (json!("S"), Select, json!("S")),
            (json!({"a": 1}), Text, json!("{\"a\":1}")),
            (json!("  "), Integer, json!("")),
        ] {
            assert_eq!(fitted(&value, kind.clone(), false), (expected, None), "{value} as {}", kind.as_str());
        }
    }

    #[test]
    fn invalid_values_are_emptied_and_reported() {
        use AttributeType::{Boolean, Date, DateTime, Double, Email, Integer, IpAddress, Time, Url};
        for (value, kind) in [
            (json!("yesterday"), DateTime),
            (json!("2026-03-01T12:30:00"), DateTime),
            (json!(1_700_000_000), DateTime),
            (json!("2026-02-30"), Date),
            (json!("25:00"), Time),
            (json!("example.com"), Url),
            (json!("example.com:443/x"), Url),
            (json!("javascript:alert(1)"), Url),
            (json!("slack://user?team=T1"), Url),
            (json!("ldaps://dc1.example.com/cn=x"), Url),
            (json!("file://server/share/x.png"), Url),
            (json!("http:example.com"), Url),
            (json!("https://"), Url),
            (json!(format!("https://example.com/{}", "x".repeat(255))), Url),
            (json!("2001:db8::1"), IpAddress),
            (json!("ada@localhost"), Email),
            (json!("müller@example.com"), Email),
            (json!("Ada Byron <ada@example.com>"), Email),
            (json!(format!("ada@{}.com", "x".repeat(255))), Email),
            (json!("ada at example"), Email),
            (json!("ada@example@com"), Email),
            (json!("@example.com"), Email),
            (json!("10.0.0.300"), IpAddress),
            (json!(2_147_483_648_i64), Integer),
            (json!(u64::MAX), Integer),
            (json!(0.5), Integer),
            (json!([7]), Integer),
            (json!("inf"), Double),
            (json!("NaN"), Double),
            (json!("seven"), Double),
            (json!("yes"), Boolean),
            (json!(1), Boolean),
        ] {
            let (fitted, rule) = fitted(&value, kind.clone(), false);
            assert_eq!(fitted, empty(false), "{value} as {}", kind.as_str());
            assert!(rule.is_some(), "{value} as {}", kind.as_str());
        }
        assert_eq!(fitted(&json!("2001:db8::1"), IpAddress, false).1, Some(Rule::Ipv6Address));
        let text = |value: Value, kind| fitted(&value, kind, false);
        assert_eq!(
            text(json!("a\tb\0"), AttributeType::Text),
            (json!("a b "), Some(Rule::ControlCharacters))
        );
        assert_eq!(
            text(json!("a\tb\nc"), AttributeType::Textarea),
            (json!("a b\nc"), Some(Rule::ControlCharacters))
        );
        assert_eq!(text(json!("é".repeat(255)), AttributeType::Text), (json!("é".repeat(255)), None));
        assert_eq!(
            text(json!("é".repeat(300)), AttributeType::Text),
            (json!("é".repeat(255)), Some(Rule::TextCut))
        );
        let area = |length| (json!("é".repeat(length)), AttributeType::Textarea);
        assert_eq!(text(area(5000).0, area(0).1), (area(5000).0, None));
        assert_eq!(text(area(5001).0, area(0).1), (area(5000).0, Some(Rule::TextareaCut)));
    }

    #[test]
    fn list_is_sorted_and_deduplicated() {
        let many = |value: Value, kind| fitted(&value, kind, true);
        let select = || AttributeType::Select;
        assert_eq!(many(json!(["b", 1, " a ", null, "", "b"]), select()), (json!(["1", "a", "b"]), None));
        assert_eq!(many(json!("alone"), select()), (json!(["alone"]), None));
        assert_eq!(many(json!([]), select()), (json!([]), None));
        let (fitted, rule) = many(json!(["ada@example.com", "nobody"]), AttributeType::Email);
        assert_eq!((fitted, rule.is_some()), (json!(["ada@example.com"]), true));
    }
}
