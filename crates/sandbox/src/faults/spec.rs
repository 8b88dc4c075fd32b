//! The configured faults, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::fault::{Fault, Side};

/// The value format of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The frequency.
    Chance,
    /// Milliseconds, one number or a range, and how often.
    Time,
    /// As a time, or `told`: until the control API releases it.
    Hold,
}

const KEYS: [(&str, Fault, Kind); 41] = [
    ("okta.latency", Fault::Latency(Side::Okta), Kind::Time),
    ("okta.429", Fault::RateLimited(Side::Okta), Kind::Chance),
    ("okta.429-no-headers", Fault::RateLimitedNoHeaders(Side::Okta), Kind::Chance),
    ("okta.concurrency", Fault::TooManyAtOnce(Side::Okta), Kind::Chance),
    ("okta.5xx", Fault::ServerError(Side::Okta), Kind::Chance),
    ("okta.reset", Fault::Reset(Side::Okta), Kind::Chance),
    ("okta.lost-response", Fault::LostResponse(Side::Okta), Kind::Chance),
    ("okta.reset-body", Fault::ResetBody(Side::Okta), Kind::Chance),
    ("okta.truncate", Fault::Truncated(Side::Okta), Kind::Chance),
    ("okta.404", Fault::NotFound(Side::Okta), Kind::Chance),
    ("okta.429-past", Fault::RateLimitedPast(Side::Okta), Kind::Chance),
    ("okta.odd", Fault::OddItem, Kind::Chance),
    ("okta.lag", Fault::ReadLag, Kind::Time),
    ("okta.search-lag", Fault::SearchLag, Kind::Time),
    ("okta.delete-lag", Fault::DeletionLag, Kind::Time),
    ("okta.log-delay", Fault::LogDelay, Kind::Time),
    ("assets.latency", Fault::Latency(Side::Assets), Kind::Time),
    ("assets.429", Fault::RateLimited(Side::Assets), Kind::Chance),
    ("assets.429-no-headers", Fault::RateLimitedNoHeaders(Side::Assets), Kind::Chance),
    ("assets.concurrency", Fault::TooManyAtOnce(Side::Assets), Kind::Chance),
    ("assets.5xx", Fault::ServerError(Side::Assets), Kind::Chance),
    ("assets.reset", Fault::Reset(Side::Assets), Kind::Chance),
    ("assets.lost-response", Fault::LostResponse(Side::Assets), Kind::Chance),
    ("assets.reset-body", Fault::ResetBody(Side::Assets), Kind::Chance),
    ("assets.truncate", Fault::Truncated(Side::Assets), Kind::Chance),
    ("assets.404", Fault::NotFound(Side::Assets), Kind::Chance),
    ("assets.429-past", Fault::RateLimitedPast(Side::Assets), Kind::Chance),
    ("assets.refused", Fault::ChunkRefused, Kind::Chance),
    ("hooks.lost", Fault::HookLost, Kind::Chance),
    ("hooks.duplicate", Fault::HookDuplicate, Kind::Chance),
    ("hooks.reorder", Fault::HookReorder, Kind::Chance),
    ("hooks.delay", Fault::HookDelay, Kind::Time),
    ("hooks.no-actor", Fault::HookNoActor, Kind::Chance),
    ("hooks.odd", Fault::HookOdd, Kind::Chance),
    ("executions.fail", Fault::ExecutionFails, Kind::Chance),
    ("executions.type-errors", Fault::ExecutionTypeErrors, Kind::Chance),
    ("executions.drop", Fault::ExecutionDrops, Kind::Chance),
    ("executions.stuck", Fault::ExecutionStuck, Kind::Hold),
    ("executions.slow-start", Fault::ExecutionSlowStart, Kind::Time),
    ("mapping.slow", Fault::MappingSlow, Kind::Hold),
    ("mapping.fail", Fault::MappingFails, Kind::Chance),
];

/// The position of a fault in the list; its dice depend on it.
pub(super) fn place(fault: Fault) -> u64 {
    KEYS.iter().position(|(_, known, _)| *known == fault).map_or(0, |at| at as u64 + 1)
}

/// The key of a fault.
pub(super) fn name(fault: Fault) -> &'static str {
    KEYS.iter().find(|(_, known, _)| *known == fault).map_or("", |(name, ..)| name)
}

/// True if a fault strikes requests on their way, so that a path can choose among them.
const fn is_on_the_way(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Latency(_)
            | Fault::Reset(_)
            | Fault::ServerError(_)
            | Fault::LostResponse(_)
            | Fault::ResetBody(_)
            | Fault::Truncated(_)
            | Fault::NotFound(_)
            | Fault::OddItem
    )
}

/// The occasions on which a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Often {
    /// Each with this probability.
    Chance(f64),
    /// The first occurrences, up to this number.
    First(u64),
}

/// The frequency of a fault, its requests, and its time in milliseconds; without a time, until its release.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub(super) often: Often,
    /// A part of the path of the requests that are concerned; without one, all are.
    pub(super) path: Option<String>,
    pub(super) time: Option<(u64, u64)>,
}

/// The faults and their frequency.
///
/// As text: `seed=7,okta.429=0.05,okta.latency=5..50@0.3,executions.stuck=told@0.1`. The crate's documentation lists
/// the keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultSpec {
    pub(super) seed: u64,
    settings: BTreeMap<&'static str, (Fault, Setting)>,
}

/// The reason for which a text is no fault specification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFault {
    /// There is no such fault.
    #[error("unknown fault \"{0}\"; must be one of seed, {known}", known = KEYS.map(|(name, ..)| name).join(", "))]
    UnknownKey(String),
    /// A key without a value.
    #[error("fault \"{0}\" has no value; use KEY=VALUE")]
    NoValue(String),
    /// The value does not fit the key.
    #[error("{key}: must be {wanted}; got \"{value}\"")]
    BadValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The expected format.
        wanted: &'static str,
    },
}

impl FaultSpec {
    /// Reads a specification from JSON: keys with dots or nested objects, values as numbers or as in the text form; a
    /// range may also be an array of two numbers. `null` switches a fault off.
    ///
    /// # Errors
    /// When a key is unknown or a value does not fit.
    pub fn from_json(value: &Value) -> Result<Self, InvalidFault> {
        Self::default().changed(value)
    }

    /// This specification with the values of a JSON document.
    ///
    /// # Errors
    /// When a key is unknown or a value is invalid.
    pub fn changed(mut self, value: &Value) -> Result<Self, InvalidFault> {
        match value {
            Value::String(text) => {
                for part in parts(text) {
                    self.read(part)?;
                }
            }
            other => self.merge("", other)?,
        }
        Ok(self)
    }

    fn merge(&mut self, prefix: &str, value: &Value) -> Result<(), InvalidFault> {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    self.merge(&key, value)?;
                }
                Ok(())
            }
            Value::Null if prefix.is_empty() => Ok(()),
            Value::Null => self.set(prefix, "0"),
            Value::String(text) => self.set(prefix, text),
            Value::Array(range) => {
                let ends: Vec<String> = range.iter().map(Value::to_string).collect();
                self.set(prefix, &ends.join(".."))
            }
            other => self.set(prefix, &other.to_string()),
        }
    }

    fn read(&mut self, part: &str) -> Result<(), InvalidFault> {
        let (key, value) = part.split_once('=').ok_or_else(|| InvalidFault::NoValue(part.to_owned()))?;
        self.set(key.trim(), value.trim())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), InvalidFault> {
        let bad = |wanted| InvalidFault::BadValue { key: key.to_owned(), value: value.to_owned(), wanted };
        if key == "seed" {
            self.seed = value.parse().map_err(|_| bad("a whole number"))?;
            return Ok(());
        }
        let (name, fault, kind) = *KEYS
            .iter()
            .find(|(name, ..)| *name == key)
            .ok_or_else(|| InvalidFault::UnknownKey(key.to_owned()))?;
        let (value, path) = match value.find('/') {
            Some(at) if is_on_the_way(fault) => (&value[..at], Some(value[at..].to_owned())),
            _ => (value, None),
        };
        let setting = match kind {
            Kind::Chance => Setting {
                path,
                often: often(value).ok_or_else(|| bad("a probability from 0 to 1, or a count such as 3x"))?,
                time: Some((0, 0)),
            },
            Kind::Time | Kind::Hold => {
                let wanted = if kind == Kind::Hold {
                    "told or milliseconds, such as 50, 5..50, 5..50@0.3, told@0.3, or told@2x"
                } else {
                    "milliseconds, such as 50, 5..50, 5..50@0.3, or 5..50@2x"
                };
                let (time, times) = value.split_once('@').unwrap_or((value, "1"));
                let often = often(times).ok_or_else(|| bad(wanted))?;
                let time = match time {
                    "told" if kind == Kind::Hold => None,
                    range => Some(milliseconds(range).ok_or_else(|| bad(wanted))?),
                };
                Setting { often, path, time }
            }
        };
        let never = matches!(setting.often, Often::First(0)) || setting.often == Often::Chance(0.0);
        let off = never || (kind != Kind::Chance && setting.time == Some((0, 0)));
        if off {
            self.settings.remove(name);
        } else {
            self.settings.insert(name, (fault, setting));
        }
        Ok(())
    }

    pub(super) fn setting(&self, fault: Fault) -> Option<Setting> {
        self.settings.get(name(fault)).map(|(_, setting)| setting.clone())
    }

    /// In the form of the control API: values by key, as in the text form.
    pub(super) fn to_json(&self) -> Value {
        let values = self.settings.iter().map(|(name, (_, s))| ((*name).to_owned(), s.to_string().into()));
        let mut shown: Map<String, Value> = values.collect();
        shown.insert("seed".into(), self.seed.into());
        shown.into()
    }
}

impl FromStr for FaultSpec {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_json(&Value::String(text.to_owned()))
    }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={}", self.seed)?;
        self.settings.iter().try_for_each(|(name, (_, setting))| write!(f, ",{name}={setting}"))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            Some((0, 0)) => write!(f, "{}", self.often),
            Some((least, most)) => write!(f, "{least}..{most}@{}", self.often),
            None => write!(f, "told@{}", self.often),
        }?;
        f.write_str(self.path.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for Often {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chance(share) => write!(f, "{share}"),
            Self::First(count) => write!(f, "{count}x"),
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty())
}

fn often(text: &str) -> Option<Often> {
    if let Some(count) = text.strip_suffix('x') {
        return count.parse().ok().map(Often::First);
    }
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).map(Often::Chance)
}

fn milliseconds(text: &str) -> Option<(u64, u64)> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let range = (least.parse().ok()?, most.parse().ok()?);
    (range.0 <= range.1).then_some(range)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_json_forms_round_trip() {
        let text: FaultSpec =
            "seed=7, okta.429=0.05,okta.5xx=2x,okta.latency=5..50@0.3/api/v1/logs,executions.stuck=told@0.1,hooks.delay=20"
                .parse()
                .unwrap();
        let json = FaultSpec::from_json(&json!({
            "seed": 7, "okta": { "429": 0.05, "5xx": "2x", "latency": "5..50@0.3/api/v1/logs" }, "executions.stuck": "told@0.1",
            "hooks": { "delay": [20, 20], "lost": null },
        }));
        assert_eq!(json, Ok(text.clone()));
        assert_eq!(text.to_string().parse(), Ok(text.clone()));
        assert_eq!(FaultSpec::from_json(&text.to_json()), Ok(text));
    }

    #[test]
    fn invalid_key_or_value_is_named() {
        for (text, told) in [
            ("okta.lateness=5", "unknown fault \"okta.lateness\"; must be one of seed, okta.latency"),
            ("okta.429=2", "okta.429: must be a probability from 0 to 1, or a count such as 3x; got \"2\""),
            ("okta.latency=9..3", "okta.latency: must be milliseconds"),
            (
                "hooks.lost=1x/api",
                "hooks.lost: must be a probability from 0 to 1, or a count such as 3x; got \"1x/api\"",
            ),
            ("hooks.delay=told", "hooks.delay: must be milliseconds"),
            ("seed=x", "seed: must be a whole number; got \"x\""),
            ("okta.reset", "fault \"okta.reset\" has no value"),
        ] {
            let error = text.parse::<FaultSpec>().unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn every_fault_has_one_key() {
        for (n, (_, fault, _)) in KEYS.iter().enumerate() {
            assert_eq!(place(*fault), n as u64 + 1);
        }
    }
}
