//! The checked settings of a connection.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::trimmed;
use schema_mapper::{MappingError, MappingOptions, MembershipStrategy};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sync_engine::{Safeguards, Schedule};
use sync_model::ConnectionName;
use url::Url;

use crate::clients::API_URL;
use crate::connection::{
    AccountConfig, AlertConfig, AssetsConfig, ConnectionConfig, EventHookConfig, ManagedBy, OktaConfig,
    ScheduleConfig,
};
use crate::error::{ConfigError, missing};
use crate::faults::Faults;
use crate::file::{
    EventSource, RawAlerts, RawAssets, RawConnection, RawEventHook, RawOkta, ScheduleSettings,
};
use crate::secret::SecretSource;

/// The settings of a connection, with placeholders for those that have faults.
pub(super) fn connection(
    name: ConnectionName,
    raw: RawConnection,
    folder: &Path,
    allow_private_addresses: bool,
    faults: &mut Faults,
) -> ConnectionConfig {
    let keys = Keys { name: &name, folder };
    let (okta, assets) = (keys.okta(raw.okta, faults), keys.assets(raw.assets, faults));
    let has_hook = raw.event_hook.is_some();
    let event_hook = raw.event_hook.and_then(|hook| keys.event_hook(hook, &okta.private_key, faults));
    let event_source = match (raw.event_source, has_hook) {
        (Some(source), _) => source,
        (None, true) => EventSource::Both,
        (None, false) => EventSource::SystemLog,
    };
    if !has_hook && event_source != EventSource::SystemLog {
        faults.push(keys.missing(["event_hook", "public_url"]));
    }
    raw.scope.check().unwrap_or_else(|e| faults.push(keys.value(e.setting(), e.to_string())));
    let mapping = faults.or_default(active_mapping_version(&name, raw.mapping));
    percentages(&raw.safeguards, &keys, faults);
    let schedule = keys.schedule(raw.schedule, faults);
    let alerts = raw.alerts.map(|alerts| keys.alerts(alerts, faults));
    ConnectionConfig {
        name,
        managed_by: ManagedBy::File,
        allow_private_addresses,
        okta,
        assets,
        event_hook,
        event_source,
        scope: raw.scope,
        mapping,
        safeguards: raw.safeguards,
        schedule,
        alerts,
    }
}

/// The keys of a connection.
struct Keys<'a> {
    name: &'a ConnectionName,
    folder: &'a Path,
}

impl Keys<'_> {
    fn value(&self, key: &str, problem: String) -> ConfigError {
        ConfigError::Value { key: format!("connections.{}.{key}", self.name), problem }
    }

    fn missing(&self, [table, key]: [&str; 2]) -> ConfigError {
        missing(&["connections", self.name.as_str(), table, key])
    }

    /// A value of one line.
    fn line(&self, at: [&str; 2], given: Option<String>) -> Result<Option<String>, ConfigError> {
        match pasted(given) {
            Some(text) if text.contains(char::is_control) => {
                Err(self.value(&at.join("."), "must be one line without control characters".into()))
            }
            line => Ok(line),
        }
    }

    fn required_line(&self, at: [&str; 2], given: Option<String>) -> Result<String, ConfigError> {
        self.line(at, given)?.ok_or_else(|| self.missing(at))
    }

    fn secret(&self, at: [&str; 2], source: Option<SecretSource>) -> Result<SecretString, ConfigError> {
        let source = source.ok_or_else(|| self.missing(at))?;
        source.read(self.folder).map_err(|problem| self.value(&at.join("."), problem))
    }

    fn interval(&self, at: [&str; 2], text: Option<&str>, otherwise: &str) -> Result<Duration, ConfigError> {
        interval(text, otherwise, &format!("connections.{}.{}", self.name, at.join(".")))
    }

    fn okta(&self, raw: RawOkta, faults: &mut Faults) -> OktaConfig {
        OktaConfig {
            org_url: faults.or_default(self.required_line(["okta", "org_url"], raw.org_url)),
            client_id: faults.or_default(self.required_line(["okta", "client_id"], raw.client_id)),
            private_key: faults.or_default(self.secret(["okta", "private_key"], raw.private_key)),
            key_id: faults.or_default(self.line(["okta", "key_id"], raw.key_id)),
            api_scopes: raw.api_scopes.split(),
        }
    }

    fn assets(&self, raw: RawAssets, faults: &mut Faults) -> AssetsConfig {
        let [site_url, email] = [("site_url", raw.site_url), ("email", raw.email)]
            .map(|(key, given)| (key, faults.or_default(self.line(["assets", key], given))));
        let has_account = site_url.1.is_some() || email.1.is_some() || raw.api_token.is_some();
        let account = has_account.then(|| {
            let [site_url, email] = [site_url, email]
                .map(|(key, given)| faults.or_default(given.ok_or_else(|| self.missing(["assets", key]))));
            let api_token = faults.or_default(self.secret(["assets", "api_token"], raw.api_token));
            AccountConfig { site_url, email, api_token }
        });
        let api_url = faults.or_default(self.line(["assets", "api_url"], raw.api_url));
        AssetsConfig {
            api_url: api_url.unwrap_or_else(|| API_URL.into()),
            import_token: faults.or_default(self.secret(["assets", "import_token"], raw.import_token)),
            account,
            rename_attributes: raw.rename_attributes,
        }
    }

    /// The event hook; `None` if it has a fault.
    fn event_hook(
        &self,
        raw: RawEventHook,
        private_key: &SecretString,
        faults: &mut Faults,
    ) -> Option<EventHookConfig> {
        let at = ["event_hook", "public_url"];
        let url = pasted(raw.public_url).ok_or_else(|| self.missing(at)).and_then(|given| {
            hook_url(&given, self.name).map_err(|problem| self.value(&at.join("."), problem.into()))
        });
        let secret = match raw.secret {
            Some(source) => self.secret(["event_hook", "secret"], Some(source)),
            None => Ok(derived_secret(self.name, private_key)),
        };
        let url = faults.or_default(url.map(Some));
        let secret = faults.or_default(secret.map(Some));
        Some(EventHookConfig { url: url?, secret: secret? })
    }

    fn alerts(&self, raw: RawAlerts, faults: &mut Faults) -> AlertConfig {
        let at = ["alerts", "webhook_url"];
        let url = self
            .secret(at, raw.webhook_url)
            .and_then(|url| webhook(url).map_err(|problem| self.value(&at.join("."), problem.into())));
        let repeat_interval =
            self.interval(["alerts", "repeat_interval"], raw.repeat_interval.as_deref(), "15m");
        AlertConfig {
            webhook_url: faults.or_default(url),
            format: raw.format,
            repeat_interval: faults.or_default(repeat_interval),
        }
    }

    fn schedule(&self, raw: ScheduleSettings, faults: &mut Faults) -> ScheduleConfig {
        let parsed = |text: Option<String>, otherwise: &str, name: &str| {
            let parsed = text.as_deref().unwrap_or(otherwise).parse::<Schedule>();
            parsed.map_err(|e| self.value(&format!("schedule.{name}"), e.to_string()))
        };
        let full_sync = faults.or(Schedule::Never, parsed(raw.full_sync, "1d", "full_sync"));
        let incremental_sync =
            faults.or(Schedule::Never, parsed(raw.incremental_sync, "30m", "incremental_sync"));
        let mut time = |text: Option<String>, otherwise, name| {
            let key = format!("connections.{}.schedule.{name}", self.name);
            faults.or_default(some_time(text.as_deref(), otherwise, &key))
        };
        let schema_check = time(raw.schema_check, "15m", "schema_check");
        let system_log_poll = time(raw.system_log_poll, "5s", "system_log_poll");
        let history_retention = time(raw.history_retention, "14d", "history_retention");
        let jitter = self.interval(["schedule", "jitter"], raw.jitter.as_deref(), "0s");
        ScheduleConfig {
            full_sync,
            incremental_sync,
            schema_check,
            system_log_poll,
            jitter: faults.or_default(jitter),
            history_retention,
        }
    }
}

/// A pasted value, [trimmed](trimmed); `None` if it is blank.
fn pasted(given: Option<String>) -> Option<String> {
    given.map(|text| trimmed(&text).to_owned()).filter(|text| !text.is_empty())
}

/// True if the URL names this machine.
pub fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// The URL below the public URL that Okta delivers to.
///
/// # Errors
/// If Okta couldn't deliver there.
pub fn hook_url(public_url: &str, name: &ConnectionName) -> Result<Url, &'static str> {
    let mut url = Url::parse(public_url).map_err(|_| "must be a URL, such as https://sync.example.com")?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err("must start with https://, because Okta delivers to no other URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the host, the port, or a path");
    }
    let path = format!("{}/hooks/okta/{name}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// Requires that percentages are from 0 to 100, so that no typing error disables a safeguard.
fn percentages(safeguards: &Safeguards, keys: &Keys<'_>, faults: &mut Faults) {
    for (setting, value) in safeguards.invalid_percentages() {
        let problem = format!("must be a percentage from 0 to 100; got {value}");
        faults.push(keys.value(&format!("safeguards.{setting}"), problem));
    }
}

/// The effective mapping options of a connection.
///
/// # Errors
/// For each option that no org can meet.
pub fn active_mapping_version(
    name: &ConnectionName,
    mut mapping: MappingOptions,
) -> Result<MappingOptions, ConfigError> {
    let mut faults = Faults::default();
    for (option, problem) in mapping_faults(&mapping) {
        faults.push(ConfigError::Value { key: format!("connections.{name}.mapping.{option}"), problem });
    }
    faults.finish(|fault| fault)?;
    if mapping.external_id_prefix == MappingOptions::default().external_id_prefix && name.as_str() != "main" {
        // Two connections of one site must not share external IDs.
        mapping.external_id_prefix = format!("{}-{name}", mapping.external_id_prefix);
    }
    Ok(mapping)
}

/// The options that no org can meet, and those that the sync doesn't support.
fn mapping_faults(mapping: &MappingOptions) -> Vec<(String, String)> {
    let mut faults: Vec<(String, String)> = Vec::new();
    for error in mapping.faults() {
        let fault = match error {
            MappingError::Prefix(given) => (
                "external_id_prefix".to_owned(),
                format!("must be letters, digits, and hyphens, at least one; got \"{given}\""),
            ),
            MappingError::SchemaName(given) => (
                "object_schema_name".to_owned(),
                format!("must be a name without = ; : ? . or \"; got \"{given}\""),
            ),
            MappingError::Type { kind, attribute, chosen, valid } => {
                (format!("{kind}.types.{attribute}"), format!("must be one of {valid}; got \"{chosen}\""))
            }
            _ => continue,
        };
        faults.push(fault);
    }
    for (option, name) in [("user_label", &mapping.user_label), ("group_label", &mapping.group_label)] {
        if name.trim().is_empty() {
            faults.push((option.to_owned(), "must be the name of a profile attribute; got \"\"".to_owned()));
        }
    }
    if mapping.membership_strategy != MembershipStrategy::OnUsers {
        let problem = "must be \"on_users\", the only strategy that the sync supports";
        faults.push(("membership_strategy".to_owned(), problem.to_owned()));
    }
    if mapping.account.is_some() {
        let problem = "must not be set; the sync doesn't link Atlassian accounts";
        faults.push(("account".to_owned(), problem.to_owned()));
    }
    faults
}

/// Requires an address that a webhook can have. The problem doesn't show it, because it is a secret.
fn webhook(url: SecretString) -> Result<SecretString, &'static str> {
    let parsed = Url::parse(url.expose_secret().trim()).ok();
    match parsed {
        Some(address) if address.scheme() == "https" || is_loopback(&address) => Ok(url),
        _ => Err("must be a URL that starts with https://"),
    }
}

fn interval(text: Option<&str>, otherwise: &str, key: &str) -> Result<Duration, ConfigError> {
    let text = text.unwrap_or(otherwise);
    sync_engine::interval(text).ok_or_else(|| ConfigError::Value {
        key: key.to_owned(),
        problem: format!("must be an interval, such as \"30s\", \"15m\", \"6h\", or \"1d\"; got \"{text}\""),
    })
}

/// The same for a key that must not be zero.
pub(super) fn some_time(text: Option<&str>, otherwise: &str, key: &str) -> Result<Duration, ConfigError> {
    let interval = interval(text, otherwise, key)?;
    if interval < Duration::from_millis(100) {
        let text = text.unwrap_or(otherwise);
        let problem = format!("must be at least 100 ms; got \"{text}\"");
        return Err(ConfigError::Value { key: key.to_owned(), problem });
    }
    Ok(interval)
}

/// The secret that each process with the same settings derives, so that none is stored.
fn derived_secret(name: &ConnectionName, private_key: &SecretString) -> SecretString {
    let mut digest = Sha256::new();
    digest.update("okta-insight-sync event hook secret, version 1\n");
    digest.update(name.as_str());
    digest.update("\n");
    digest.update(private_key.expose_secret().trim());
    URL_SAFE_NO_PAD.encode(digest.finalize()).into()
}
