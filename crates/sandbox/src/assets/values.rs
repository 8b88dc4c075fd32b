//! The values that Assets accepts. Other values are dropped.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use url::Url;

use super::document::{Attribute, Structure};

/// Text of a text attribute may be this long.
const TEXT_LIMIT: usize = 255;
/// Text of a textarea attribute may be this long.
const TEXTAREA_LIMIT: usize = 5000;

/// Limits the values to the cardinality of the attribute.
pub(super) fn cap(values: &mut Vec<String>, maximum: i64) {
    if let Ok(maximum) = usize::try_from(maximum) {
        values.truncate(maximum);
    }
}

/// True if an attribute can store a value.
pub(super) fn fits(value: &str, attribute: &Attribute, structure: &Structure) -> bool {
    match attribute.kind.as_str() {
        "text" => value.chars().count() <= TEXT_LIMIT && !value.contains(['\n', '\r']),
        "integer" => value.parse::<i32>().is_ok(),
        "double" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "boolean" => matches!(value, "true" | "false"),
        "date" => value.parse::<Date>().is_ok(),
        "time" => value.parse::<Time>().is_ok(),
        "date_time" => value.parse::<Timestamp>().is_ok(),
        "textarea" => value.chars().count() <= TEXTAREA_LIMIT,
        "url" => {
            let web = value.starts_with("http://") || value.starts_with("https://");
            web && value.len() <= TEXT_LIMIT && Url::parse(value).is_ok()
        }
        "email" => value.len() <= TEXT_LIMIT && is_email(value),
        "ipaddress" => value.parse::<Ipv4Addr>().is_ok(),
        "status" => match &attribute.statuses {
            Some(allowed) => allowed.iter().any(|status| status == value),
            None => structure.status_id(value).is_some(),
        },
        _ => true,
    }
}

/// True if a text is a complete address: ASCII, with a host of several labels.
fn is_email(value: &str) -> bool {
    let Some((name, host)) = value.split_once('@') else { return false };
    let fits = |c: char| c.is_ascii_graphic() && !"@<>(),;:\"[]\\".contains(c);
    let labels: Vec<&str> = host.split('.').collect();
    !name.is_empty()
        && labels.len() > 1
        && labels.iter().all(|l| !l.is_empty())
        && value.replacen('@', "", 1).chars().all(fits)
}
