//! Settings: one TOML file, every key overridable from the environment, checked as a whole.

mod console;
mod describe;
mod file;
mod nearest;
mod overrides;
mod secret;
mod settings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::{UnsupportedVariable, trimmed};
use schema_mapper::{MappingOptions, Memberships, Selection};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sync_engine::{Limits, Schedule};
use sync_model::ConnectionName;
use url::Url;

use crate::vault::MasterKey;
pub use console::{ConsoleConfig, OpenIdConfig, TlsConfig};
pub use describe::{EXAMPLE, Given, InForce, Origin, json_schema};
pub use file::{AlertFormat, EventSource, ScheduleSettings};
use file::{RawConfig, RawConnection};
pub(crate) use settings::Secrets;
pub use settings::{
    AlertSettings, AssetsSettings, ConnectionSettings, HookSettings, Keeper, OktaSettings, SecretField,
};

/// Settings that cannot work. Each says where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what it should be; the message names line and key.
    #[error("{place}: {problem}")]
    Parse {
        /// The file, or what was merged into it.
        place: String,
        /// Where, and what is wrong.
        problem: String,
    },
    /// A key that is needed is missing.
    #[error("{key} is missing; set it in the configuration file, or as {variable} in the environment")]
    Missing {
        /// The key.
        key: String,
        /// The variable that would set it.
        variable: String,
    },
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A value cannot be used, and its line is known.
    #[error("{place}: {source}")]
    At {
        /// The file and the line.
        place: String,
        /// What is wrong.
        source: Box<ConfigError>,
    },
    /// There is no such connection.
    #[error("there is no connection \"{name}\"; there is {}{}", known.join(", "), nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    UnknownConnection {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
        /// What may have been meant.
        nearest: Option<String>,
    },
}

/// The Okta side of a connection.
#[derive(Debug, Clone)]
pub struct OktaConfig {
    /// The org's URL.
    pub org_url: String,
    /// The app's client ID.
    pub client_id: String,
    /// The app's private key, JWK or PEM.
    pub private_key: SecretString,
    /// The ID under which the key is registered at the app; `None` for the one in the JWK, if any.
    pub key_id: Option<String>,
    /// The scopes to ask for; all that are of use when empty.
    pub scopes: Vec<String>,
}

/// The Assets side of a connection.
#[derive(Debug, Clone)]
pub struct AssetsConfig {
    /// The address of the API.
    pub api_url: String,
    /// The token of the import source.
    pub import_token: SecretString,
    /// An account for what the token may not do: clearing values, deleting, cardinalities.
    pub account: Option<AccountConfig>,
    /// Whether attributes are renamed in Assets when their titles change in Okta. Takes the account.
    pub follow_titles: bool,
}

/// An account on the Atlassian site.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The site, such as `https://example.atlassian.net`.
    pub site_url: String,
    /// The mail address of the account.
    pub email: String,
    /// An API token of it.
    pub api_token: SecretString,
}

/// Who is told when something is wrong.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// A webhook. Its address is a secret: whoever knows it can write there.
    pub url: SecretString,
    /// What it understands.
    pub format: AlertFormat,
    /// The same alert is not sent more often.
    pub at_most_every: Duration,
}

/// When things are done that nobody asks for.
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// When everything is read.
    pub full: Schedule,
    /// When what changed lately is read.
    pub delta: Schedule,
    /// How often the schemas are compared.
    pub schema: Duration,
    /// How often the System Log is asked for more.
    pub log: Duration,
    /// Passes begin up to so much later.
    pub jitter: Duration,
    /// How long what is done is remembered.
    pub retention: Duration,
}

/// The event hook of a connection.
#[derive(Debug, Clone)]
pub struct HookConfig {
    /// Where Okta reaches this connection's receiver.
    pub url: Url,
    /// What Okta has to send in the `Authorization` header.
    pub secret: SecretString,
}

/// One org and one import source.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// What the operator calls it.
    pub name: ConnectionName,
    /// Where its settings are kept.
    pub keeper: Keeper,
    /// The Okta side.
    pub okta: OktaConfig,
    /// The Assets side.
    pub assets: AssetsConfig,
    /// The event hook; without one, the System Log tells what happens.
    pub hook: Option<HookConfig>,
    /// Where events come from.
    pub events: EventSource,
    /// Which users and groups are synchronised.
    pub selection: Selection,
    /// Choices about the mapping.
    pub mapping: MappingOptions,
    /// How much may change without consent.
    pub limits: Limits,
    /// When things are done that nobody asks for.
    pub schedule: ScheduleConfig,
    /// Who is told when something is wrong.
    pub alerts: Option<AlertConfig>,
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file of the state store.
    pub store: PathBuf,
    /// Where the hook receiver listens.
    pub listen: SocketAddr,
    /// Where metrics and health are answered; `None` when they are switched off.
    pub metrics: Option<SocketAddr>,
    /// When a connection that gets nothing done is called stuck.
    pub stuck_after: Duration,
    /// Certificate and key of what is listened on beyond this machine.
    pub tls: Option<TlsConfig>,
    /// Whether a proxy in front of this machine does TLS.
    pub behind_proxy: bool,
    /// The web console; `None` when it is switched off.
    pub console: Option<ConsoleConfig>,
    /// The connections by name.
    pub connections: BTreeMap<ConnectionName, ConnectionConfig>,
    /// Variables of Okta's SDKs that are set in the environment and have no effect.
    pub unsupported_variables: Vec<UnsupportedVariable>,
}

impl Config {
    /// Reads a file and the environment.
    ///
    /// # Errors
    /// When a key is unknown, missing or cannot be used.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::from_toml(&text, &path.display().to_string(), folder, std::env::vars())
    }

    /// The same where a file may be missing, which sets nothing then.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_if_there(path: &Path) -> Result<Self, ConfigError> {
        match Self::load(path) {
            Err(ConfigError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(Path::new("."));
                Self::from_toml("", "the environment", folder, std::env::vars())
            }
            loaded => loaded,
        }
    }

    /// The same from text; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_toml(
        text: &str,
        place: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        // Read by itself first: its errors can still point at a line.
        let invalid =
            |e: toml::de::Error| ConfigError::Parse { place: at(place, text, &e), problem: problem(&e) };
        let _: RawConfig = toml::from_str(text).map_err(invalid)?;
        let file: toml::Table = toml::from_str(text).map_err(invalid)?;
        let mut table = file.clone();
        let unsupported_variables = overrides::apply(&mut table, environment);
        let merged = table.clone();
        let raw: RawConfig = table.try_into().map_err(|e: toml::de::Error| ConfigError::Parse {
            place: format!("{place} with the environment"),
            problem: problem(&e),
        })?;
        let checked = Self::check(raw, folder).map(|config| Self { unsupported_variables, ..config });
        checked.map_err(|error| match &error {
            // A key that the environment sets is not wrong in the file.
            ConfigError::Value { key, .. } if value_at(&file, key) == value_at(&merged, key) => {
                error.at_its_line(text, place)
            }
            _ => error,
        })
    }

    /// The key that secrets are kept under, where there is one.
    pub fn master_key(&self) -> Option<&MasterKey> {
        self.console.as_ref()?.master_key.as_ref()
    }

    /// The connections that a command is about: the named one, or all.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn chosen(&self, name: Option<&str>) -> Result<Vec<&ConnectionConfig>, ConfigError> {
        let Some(name) = name else { return self.all() };
        let found = self.connections.values().find(|c| c.name.as_str() == name);
        found.map(|c| vec![c]).ok_or_else(|| ConfigError::UnknownConnection {
            name: name.to_owned(),
            known: self.connections.keys().map(|known| format!("\"{known}\"")).collect(),
            nearest: nearest::nearest(name, self.connections.keys().map(ConnectionName::as_str))
                .map(|near| format!("\"{near}\"")),
        })
    }

    /// Every connection; for whoever can do nothing without one.
    fn all(&self) -> Result<Vec<&ConnectionConfig>, ConfigError> {
        if self.connections.is_empty() {
            return Err(missing(&["connections", "main", "okta", "org_url"]));
        }
        Ok(self.connections.values().collect())
    }

    fn check(raw: RawConfig, folder: &Path) -> Result<Self, ConfigError> {
        let value = |key: &str, problem: String| ConfigError::Value { key: key.to_owned(), problem };
        let listen = address("server.listen", raw.server.listen.as_deref(), "127.0.0.1:8484")?;
        let metrics = match raw.server.metrics {
            Some(off) if off == "off" => None,
            given => Some(address("server.metrics", given.as_deref(), "127.0.0.1:9464")?),
        };
        let stuck_after = some_time(raw.server.stuck_after.as_deref(), "10m", "server.stuck_after")?;
        let tls = console::tls(raw.server.tls_certificate, raw.server.tls_key, folder)?;
        let console = console::console(raw.console, folder)?;
        let mut connections = BTreeMap::new();
        for (name, raw) in raw.connections {
            let name = ConnectionName::try_from(name).map_err(|e| value("connections", e.to_string()))?;
            let connection = connection(name.clone(), raw, folder)?;
            connections.insert(name, connection);
        }
        let store = raw.store.path.unwrap_or_else(|| PathBuf::from("okta-insight.db"));
        Ok(Self {
            store: folder.join(store),
            listen,
            metrics,
            stuck_after,
            tls,
            behind_proxy: raw.server.behind_proxy,
            console,
            connections,
            unsupported_variables: Vec::new(),
        })
    }
}

/// Where an error is: the file, the line, the column and the key.
fn at(place: &str, text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return place.to_owned() };
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let line = before.matches('\n').count();
    let key = key_at(text, line).map(|key| format!(", {key}")).unwrap_or_default();
    format!("{place}, line {}, column {column}{key}", line + 1)
}

/// The key that a line sets. A line that is no such thing may be part of a secret: only names that exist are told.
fn key_at(text: &str, line: usize) -> Option<String> {
    let (name, _) = text.lines().nth(line)?.split_once('=')?;
    let name = name.trim();
    if !describe::names().contains(name) {
        return None;
    }
    let above: Vec<&str> = text.lines().take(line).collect();
    let header = above.into_iter().rev().find_map(|line| line.trim().strip_prefix('['));
    let table = header.and_then(|header| header.split_once(']')).map(|(table, _)| table.trim().to_owned());
    Some(table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}")))
}

/// What is wrong, without what the file says there: that may be a secret.
fn problem(error: &toml::de::Error) -> String {
    let Some((_, rest)) = error.message().split_once("invalid type: string ") else {
        let message = error.message().trim().replace('\n', "; ");
        let suggestion = nearest::suggestion(&message).unwrap_or_default();
        return message + &suggestion;
    };
    let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
    let expected = match expected {
        "f64" | "u64" => "a number",
        table if table.starts_with("struct ") => "a table",
        other => other,
    };
    format!("a text stands where {expected} is expected")
}

impl ConfigError {
    /// The same with the line of the key that it is about, where the file has that.
    fn at_its_line(self, text: &str, place: &str) -> Self {
        let Self::Value { key, .. } = &self else { return self };
        match line_of(text, key) {
            Some(line) => Self::At { place: format!("{place}, line {line}"), source: Box::new(self) },
            None => self,
        }
    }
}

fn value_at<'t>(table: &'t toml::Table, key: &str) -> Option<&'t toml::Value> {
    let (first, rest) = key.split_once('.').unwrap_or((key, ""));
    rest.split('.').filter(|part| !part.is_empty()).try_fold(table.get(first)?, |value, part| value.get(part))
}

/// The line of a key, or of the last part of it that the file has; `None` when it has nothing of it but tables above.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = text.parse::<toml_edit::Document<String>>().ok()?;
    let mut item = document.as_item();
    let mut span = None;
    for part in key.split('.') {
        let Some(next) = item.get(part) else { break };
        item = next;
        // Tables in the middle of a path have no place of their own.
        span = item.span();
    }
    let before = text.get(..span?.start)?;
    Some(before.matches('\n').count() + 1)
}

fn connection(
    name: ConnectionName,
    raw: RawConnection,
    folder: &Path,
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
        scopes: raw.okta.scopes.split(),
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
        follow_titles: raw.assets.follow_titles,
    };
    let hook = match raw.hook {
        None => None,
        Some(hook) => {
            let given = pasted(hook.public_url).ok_or_else(|| needed(["hook", "public_url"]))?;
            let url = hook_url(&given, &name).map_err(|problem| ConfigError::Value {
                key: key(["hook", "public_url"]),
                problem: problem.into(),
            })?;
            let secret = match hook.secret {
                Some(source) => read(["hook", "secret"], Some(source))?,
                None => derived_secret(&name, &okta.private_key),
            };
            Some(HookConfig { url, secret })
        }
    };
    let selection = Selection { users: raw.users, groups: raw.groups };
    selection.check().map_err(|e| ConfigError::Value {
        key: format!("connections.{name}.{}", e.setting()),
        problem: e.to_string(),
    })?;
    let mapping = mapping_in_force(&name, raw.mapping)?;
    let events = match (raw.events, &hook) {
        (Some(EventSource::Hook | EventSource::Both), None) => return Err(needed(["hook", "public_url"])),
        (Some(source), _) => source,
        (None, Some(_)) => EventSource::Both,
        (None, None) => EventSource::Log,
    };
    let schedule = schedule(raw.schedule, &key)?;
    let alerts = match raw.alerts {
        None => None,
        Some(alerts) => Some(AlertConfig {
            url: webhook(read(["alerts", "url"], alerts.url)?, &key)?,
            format: alerts.format,
            at_most_every: interval(
                alerts.at_most_every.as_deref(),
                "15m",
                &key(["alerts", "at_most_every"]),
            )?,
        }),
    };
    Ok(ConnectionConfig {
        name,
        keeper: Keeper::File,
        okta,
        assets,
        hook,
        events,
        selection,
        mapping,
        limits: raw.limits,
        schedule,
        alerts,
    })
}

/// A value as it was meant: [trimmed](trimmed), and none when it is blank.
fn pasted(given: Option<String>) -> Option<String> {
    given.map(|text| trimmed(&text).to_owned()).filter(|text| !text.is_empty())
}

fn address(key: &str, given: Option<&str>, otherwise: &str) -> Result<SocketAddr, ConfigError> {
    let given = given.unwrap_or(otherwise);
    given.parse().map_err(|_| ConfigError::Value {
        key: key.to_owned(),
        problem: format!("\"{given}\" is not an address and port, such as {otherwise}"),
    })
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// Where Okta delivers to, below a public URL.
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

/// The mapping that a connection works by when these choices are made.
pub(crate) fn mapping_in_force(
    name: &ConnectionName,
    mut mapping: MappingOptions,
) -> Result<MappingOptions, ConfigError> {
    if let Some((option, problem)) = not_carried_out(&mapping) {
        let key = format!("connections.{name}.mapping.{option}");
        return Err(ConfigError::Value { key, problem: problem.into() });
    }
    if mapping.prefix == MappingOptions::default().prefix && name.as_str() != "main" {
        // Two connections of one site must not share external ids.
        mapping.prefix = format!("{}-{name}", mapping.prefix);
    }
    Ok(mapping)
}

/// What the mapping can describe and the sync does not do yet: better refused than silently left out.
fn not_carried_out(mapping: &MappingOptions) -> Option<(&'static str, &'static str)> {
    if mapping.memberships != Memberships::OnUser {
        return Some((
            "memberships",
            "the sync keeps memberships on users only; leave it out, or set \"on-user\"",
        ));
    }
    mapping
        .account
        .as_ref()
        .map(|_| ("account", "the sync does not set the link to Atlassian accounts; leave it out"))
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
        full: parsed(raw.full, "1d", "full")?,
        delta: parsed(raw.delta, "30m", "delta")?,
        schema: some_time(raw.schema, "15m", "schema")?,
        log: some_time(raw.log, "5s", "log")?,
        jitter: interval(raw.jitter.as_deref(), "0s", &key(["schedule", "jitter"]))?,
        retention: some_time(raw.retention, "14d", "retention")?,
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
fn some_time(text: Option<&str>, otherwise: &str, key: &str) -> Result<Duration, ConfigError> {
    let interval = interval(text, otherwise, key)?;
    if interval < Duration::from_millis(100) {
        let problem = "is too short; 100 ms is the least".to_owned();
        return Err(ConfigError::Value { key: key.to_owned(), problem });
    }
    Ok(interval)
}

/// The address of a webhook. What is wrong is told without it.
fn webhook(url: SecretString, key: &impl Fn([&str; 2]) -> String) -> Result<SecretString, ConfigError> {
    let parsed = Url::parse(url.expose_secret().trim()).ok();
    let fits = parsed.is_some_and(|url| url.scheme() == "https" || is_loopback(&url));
    if fits {
        return Ok(url);
    }
    Err(ConfigError::Value {
        key: key(["alerts", "url"]),
        problem: "is not an address that begins with https://".into(),
    })
}

/// A secret that every process with the same settings knows, so that nobody has to invent and store one.
fn derived_secret(name: &ConnectionName, private_key: &SecretString) -> SecretString {
    let mut digest = Sha256::new();
    digest.update("okta-insight-sync event hook secret, version 1\n");
    digest.update(name.as_str());
    digest.update("\n");
    digest.update(private_key.expose_secret().trim());
    URL_SAFE_NO_PAD.encode(digest.finalize()).into()
}

fn missing(path: &[&str]) -> ConfigError {
    ConfigError::Missing { key: path.join("."), variable: overrides::variable(path) }
}
