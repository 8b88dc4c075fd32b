//! The checked settings of a connection in the file.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::trimmed;
use schema_mapper::{MappingOptions, MembershipStrategy};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sync_engine::{Safeguards, Schedule};
use sync_model::ConnectionName;
use url::Url;

use super::error::missing;
use super::file::RawConnection;
use super::{
    AccountConfig, AlertConfig, AssetsConfig, ConfigError, ConnectionConfig, EventHookConfig, EventSource,
    ManagedBy, OktaConfig, ScheduleConfig, ScheduleSettings, secret,
};

pub(super) fn connection(
    name: ConnectionName,
    raw: RawConnection,
    folder: &Path,
    allow_private_addresses: bool,
) -> Result<ConnectionConfig, ConfigError> {
    let key = |parts: [&str; 2]| format!("connections.{name}.{}.{}", parts[0], parts[1]);
    let needed = |parts: [&str; 2]| missing(&["connections", name.as_str(), parts[0], parts[1]]);
    let read = |parts: [&str; 2], source: Option<secret::SecretSource>| match source {
        Some(source) => {
            source.read(folder).map_err(|problem| ConfigError::Value { key: key(parts), problem })
        }
        None => Err(needed(parts)),
    };
    let okta = OktaConfig {
        org_url: pasted(raw.okta.org_url).ok_or_else(|| needed(["okta", "org_url"]))?,
        client_id: pasted(raw.okta.client_id).ok_or_else(|| needed(["okta", "client_id"]))?,
        private_key: read(["okta", "private_key"], raw.okta.private_key)?,
        key_id: pasted(raw.okta.key_id),
        api_scopes: raw.okta.api_scopes.split(),
    };
    let assets = AssetsConfig {
        api_url: pasted(raw.assets.api_url).unwrap_or_else(|| "https://api.atlassian.com".into()),
        import_token: read(["assets", "import_token"], raw.assets.import_token)?,
        account: match (pasted(raw.assets.site_url), pasted(raw.assets.email), raw.assets.api_token) {
            (None, None, None) => None,
            (site_url, email, api_token) => Some(AccountConfig {
                site_url: site_url.ok_or_else(|| needed(["assets", "site_url"]))?,
                email: email.ok_or_else(|| needed(["assets", "email"]))?,
                api_token: read(["assets", "api_token"], api_token)?,
            }),
        },
        rename_attributes: raw.assets.rename_attributes,
    };
    let hook = match raw.event_hook {
        None => None,
        Some(hook) => {
            let given = pasted(hook.public_url).ok_or_else(|| needed(["event_hook", "public_url"]))?;
            let url = hook_url(&given, &name).map_err(|problem| ConfigError::Value {
                key: key(["event_hook", "public_url"]),
                problem: problem.into(),
            })?;
            let secret = match hook.secret {
                Some(source) => read(["event_hook", "secret"], Some(source))?,
                None => derived_secret(&name, &okta.private_key),
            };
            Some(EventHookConfig { url, secret })
        }
    };
    raw.scope.check().map_err(|e| ConfigError::Value {
        key: format!("connections.{name}.{}", e.setting()),
        problem: e.to_string(),
    })?;
    let mapping = mapping_in_force(&name, raw.mapping)?;
    let events = match (raw.event_source, &hook) {
        (Some(EventSource::EventHook | EventSource::Both), None) => {
            return Err(needed(["event_hook", "public_url"]));
        }
        (Some(source), _) => source,
        (None, Some(_)) => EventSource::Both,
        (None, None) => EventSource::SystemLog,
    };
    shares(&raw.safeguards, &key)?;
    let schedule = schedule(raw.schedule, &key)?;
    let alerts = match raw.alerts {
        None => None,
        Some(alerts) => Some(AlertConfig {
            webhook_url: webhook(read(["alerts", "webhook_url"], alerts.webhook_url)?, &key)?,
            format: alerts.format,
            repeat_interval: interval(
                alerts.repeat_interval.as_deref(),
                "15m",
                &key(["alerts", "repeat_interval"]),
            )?,
        }),
    };
    Ok(ConnectionConfig {
        name,
        managed_by: ManagedBy::File,
        allow_private_addresses,
        okta,
        assets,
        event_hook: hook,
        event_source: events,
        scope: raw.scope,
        mapping,
        safeguards: raw.safeguards,
        schedule,
        alerts,
    })
}

/// A value as it was meant: [trimmed](trimmed), and none when it is blank.
fn pasted(given: Option<String>) -> Option<String> {
    given.map(|text| trimmed(&text).to_owned()).filter(|text| !text.is_empty())
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// The path below a public URL that Okta delivers to.
pub(crate) fn hook_url(public_url: &str, name: &ConnectionName) -> Result<Url, &'static str> {
    let mut url = Url::parse(public_url).map_err(|_| "is not a URL such as https://sync.example.com")?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err("must begin with https://; Okta delivers nowhere else");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have anything after the path");
    }
    let path = format!("{}/hooks/okta/{name}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// Requires that percentages are from 0 to 100, so that no typing error disables a safeguard.
fn shares(limits: &Safeguards, key: &impl Fn([&str; 2]) -> String) -> Result<(), ConfigError> {
    let Some((setting, value)) = limits.invalid_percent() else { return Ok(()) };
    let problem = format!("must be a percentage from 0 to 100; got {value}");
    Err(ConfigError::Value { key: key(["safeguards", setting]), problem })
}

/// The mapping that a connection works by when these choices are made.
pub(crate) fn mapping_in_force(
    name: &ConnectionName,
    mut mapping: MappingOptions,
) -> Result<MappingOptions, ConfigError> {
    if let Some((option, problem)) = not_carried_out(&mapping) {
        let key = format!("connections.{name}.mapping.{option}");
        return Err(ConfigError::Value { key, problem: problem.into() });
    }
    if mapping.external_id_prefix == MappingOptions::default().external_id_prefix && name.as_str() != "main" {
        // Two connections of one site must not share external ids.
        mapping.external_id_prefix = format!("{}-{name}", mapping.external_id_prefix);
    }
    Ok(mapping)
}

/// Refuses what the mapping can describe and the sync does not do yet, rather than leave it out silently.
fn not_carried_out(mapping: &MappingOptions) -> Option<(&'static str, &'static str)> {
    if mapping.membership_strategy != MembershipStrategy::OnUsers {
        return Some((
            "membership_strategy",
            "the sync stores memberships on users only; remove the key, or set \"on_users\"",
        ));
    }
    mapping
        .account
        .as_ref()
        .map(|_| ("account", "the sync does not set the link to Atlassian accounts; leave it out"))
}

/// The address of a webhook. What is wrong is told without it.
fn webhook(url: SecretString, key: &impl Fn([&str; 2]) -> String) -> Result<SecretString, ConfigError> {
    let parsed = Url::parse(url.expose_secret().trim()).ok();
    let fits = parsed.is_some_and(|url| url.scheme() == "https" || is_loopback(&url));
    if fits {
        return Ok(url);
    }
    Err(ConfigError::Value {
        key: key(["alerts", "webhook_url"]),
        problem: "is not an address that begins with https://".into(),
    })
}

fn schedule(
    raw: ScheduleSettings,
    key: &impl Fn([&str; 2]) -> String,
) -> Result<ScheduleConfig, ConfigError> {
    let parsed = |text: Option<String>, otherwise: &str, name: &str| {
        let parsed = text.as_deref().unwrap_or(otherwise).parse::<Schedule>();
        parsed.map_err(|e| ConfigError::Value { key: key(["schedule", name]), problem: e.to_string() })
    };
    let some_time = |text: Option<String>, otherwise, name| {
        some_time(text.as_deref(), otherwise, &key(["schedule", name]))
    };
    Ok(ScheduleConfig {
        full_sync: parsed(raw.full_sync, "1d", "full_sync")?,
        incremental_sync: parsed(raw.incremental_sync, "30m", "incremental_sync")?,
        schema_check: some_time(raw.schema_check, "15m", "schema_check")?,
        system_log_poll: some_time(raw.system_log_poll, "5s", "system_log_poll")?,
        jitter: interval(raw.jitter.as_deref(), "0s", &key(["schedule", "jitter"]))?,
        history_retention: some_time(raw.history_retention, "14d", "history_retention")?,
    })
}

fn interval(text: Option<&str>, otherwise: &str, key: &str) -> Result<Duration, ConfigError> {
    let text = text.unwrap_or(otherwise);
    sync_engine::interval(text).ok_or_else(|| ConfigError::Value {
        key: key.to_owned(),
        problem: format!("\"{text}\" is no interval; write it as \"30s\", \"15m\", \"6h\" or \"1d\""),
    })
}

/// The same where no time at all would be trouble.
pub(super) fn some_time(text: Option<&str>, otherwise: &str, key: &str) -> Result<Duration, ConfigError> {
    let interval = interval(text, otherwise, key)?;
    if interval < Duration::from_millis(100) {
        let problem = "is too short; 100 ms is the least".to_owned();
        return Err(ConfigError::Value { key: key.to_owned(), problem });
    }
    Ok(interval)
}

/// A secret that every process with the same settings derives, so that none has to be stored.
fn derived_secret(name: &ConnectionName, private_key: &SecretString) -> SecretString {
    let mut digest = Sha256::new();
    digest.update("okta-insight-sync event hook secret, version 1\n");
    digest.update(name.as_str());
    digest.update("\n");
    digest.update(private_key.expose_secret().trim());
    URL_SAFE_NO_PAD.encode(digest.finalize()).into()
}
