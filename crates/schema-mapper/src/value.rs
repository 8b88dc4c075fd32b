//! One value, made to fit an attribute.

use insight_import_client::document::AttributeType;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::attribute::TEXT_LIMIT;

/// What had to be done to a value, or why it had to be left out.
pub(crate) type Rule = &'static str;

/// The value in the form that Assets reads, and the rule it offended, if any. Nothing is the empty text.
pub(crate) fn fit(value: Option<&Value>, kind: &AttributeType, separator: &str) -> (Value, Option<Rule>) {
    let Some(value) = value else { return (empty(), None) };
    match kind {
        AttributeType::Boolean => match value {
            Value::Bool(_) => (value.clone(), None),
            _ => (empty(), Some("is not true or false; left empty")),
        },
        AttributeType::Integer => match value.as_i64() {
            Some(n) if i32::try_from(n).is_ok() => (n.into(), None),
            _ => (empty(), Some("is not a whole number of 32 bits; left empty")),
        },
        AttributeType::Double => match value {
            Value::Number(_) => (value.clone(), None),
            _ => (empty(), Some("is not a number; left empty")),
        },
        AttributeType::Email => checked(value, is_email, "is not a mail address; left empty"),
        AttributeType::Url => {
            checked(value, |text| Url::parse(text).is_ok(), "is not an address with a scheme; left empty")
        }
        AttributeType::DateTime => match value.as_str() {
            Some("") => (empty(), None),
            Some(text) => match text.parse::<Timestamp>() {
                Ok(time) => (moment(time), None),
                Err(_) => (empty(), Some("is not a date and time; left empty")),
            },
            None => (empty(), Some("is not a date and time; left empty")),
        },
        AttributeType::Textarea => (as_text(value, separator, true).into(), None),
        _ => {
            let text = as_text(value, separator, false);
            if text.chars().count() > TEXT_LIMIT {
                let cut: String = text.chars().take(TEXT_LIMIT).collect();
                (cut.into(), Some("is longer than 255 characters; cut"))
            } else {
                (text.into(), None)
            }
        }
    }
}

/// A moment as Assets reads it without a configured format.
pub(crate) fn moment(time: Timestamp) -> Value {
    format!("{time:.3}").into()
}

pub(crate) fn empty() -> Value {
    Value::String(String::new())
}

fn checked(value: &Value, fits: impl Fn(&str) -> bool, rule: Rule) -> (Value, Option<Rule>) {
    match value.as_str().map(str::trim) {
        Some("") => (empty(), None),
        Some(text) if fits(text) => (text.into(), None),
        _ => (empty(), Some(rule)),
    }
}

fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let (name, host, rest) = (parts.next(), parts.next(), parts.next());
    name.is_some_and(|n| !n.is_empty())
        && host.is_some_and(|h| !h.is_empty())
        && rest.is_none()
        && !text.chars().any(char::is_whitespace)
}

fn as_text(value: &Value, separator: &str, lines: bool) -> String {
    match value {
        Value::String(text) => plain(text, lines),
        Value::Array(items) => items
            .iter()
            .filter(|item| !item.is_null())
            .map(|item| as_text(item, separator, lines))
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

    #[test]
    fn values_are_made_to_fit_by_rule() {
        let fitted = |value: Value, kind: AttributeType| fit(Some(&value), &kind, ", ").0;
        assert_eq!(fitted(json!(["a", 1, null, true]), AttributeType::Text), json!("a, 1, true"));
        assert_eq!(fitted(json!("a\tb\n"), AttributeType::Text), json!("a b "));
        assert_eq!(fitted(json!("a\tb\nc"), AttributeType::Textarea), json!("a b\nc"));
        assert_eq!(fitted(json!("é".repeat(300)), AttributeType::Text), json!("é".repeat(255)));
        assert_eq!(
            fitted(json!("2026-03-01T12:30:00Z"), AttributeType::DateTime),
            json!("2026-03-01T12:30:00.000Z")
        );
        assert_eq!(fitted(json!("ada@example.com"), AttributeType::Email), json!("ada@example.com"));
        assert_eq!(
            fitted(json!("https://example.com/~ada"), AttributeType::Url),
            json!("https://example.com/~ada")
        );
        assert_eq!(fitted(json!(7), AttributeType::Integer), json!(7));
        assert_eq!(fitted(json!(0.5), AttributeType::Double), json!(0.5));
    }

    #[test]
    fn what_does_not_fit_is_left_empty_and_reported() {
        for (value, kind) in [
            (json!("yesterday"), AttributeType::DateTime),
            (json!("example.com"), AttributeType::Url),
            (json!("ada at example"), AttributeType::Email),
            (json!(3_000_000_000_i64), AttributeType::Integer),
            (json!("7"), AttributeType::Double),
            (json!("yes"), AttributeType::Boolean),
        ] {
            let (fitted, rule) = fit(Some(&value), &kind, ", ");
            assert_eq!(fitted, empty(), "{value}");
            assert!(rule.is_some(), "{value}");
        }
    }
}
