//! The configuration file of the answers, and the files of its secrets.

use std::path::{Path, PathBuf};

use okta_client::trimmed;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sync_model::ConnectionName;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::client_faults::check_clients;
use crate::config::Config;
use crate::file::EventSource;
use crate::init::answers::InitAnswers;
use crate::init::error::InitError;
use crate::init::private;
use crate::small_file::read_small_text;

/// The key below `[server]` that allows private addresses.
const ALLOW_PRIVATE: &str = "allow_private_addresses";

/// The first lines of a new file.
const HEADING: &str = "\
# Configuration of okta-insight-sync. Secrets are in separate files in the same folder.
# Each key can also be an environment variable; `okta-insight config example` prints all keys.

[store]
path = \"okta-insight.db\"

[server]
listen = \"127.0.0.1:8484\"           # event hook receiver, behind your TLS proxy
metrics_listen = \"127.0.0.1:9464\"   # /metrics, /healthz, and /readyz; keep it off the internet
";

/// A configuration that a connection is added to.
#[derive(Debug)]
pub struct ConfigDraft {
    path: PathBuf,
    document: DocumentMut,
    exists: bool,
}

/// The written files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenFiles {
    /// The configuration file.
    pub config: PathBuf,
    /// True if the file existed, and one more connection was added.
    pub extended: bool,
    /// The files of the secrets.
    pub secrets: Vec<PathBuf>,
}

impl ConfigDraft {
    /// Reads the file if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or is no TOML.
    pub fn open(path: &Path) -> Result<Self, InitError> {
        let (text, exists) = match read_small_text(path) {
            Ok(text) => (text, true),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => (HEADING.to_owned(), false),
            Err(source) => return Err(InitError::Read { path: path.to_owned(), source }),
        };
        let document = text.parse().map_err(|e: toml_edit::TomlError| {
            // The rest of the message quotes the line, which may hold a secret.
            let line =
                e.span().and_then(|span| text.get(..span.start)).map_or(1, |t| t.matches('\n').count() + 1);
            not_extendable(
                path,
                &format!("line {line} is not valid TOML: {}", e.message().trim().replace('\n', "; ")),
            )
        })?;
        Ok(Self { path: path.to_owned(), document, exists })
    }

    /// True if the file existed.
    pub const fn exists(&self) -> bool {
        self.exists
    }

    /// True if the file allows private addresses of Okta, Assets, and webhooks.
    pub fn allows_private_addresses(&self) -> bool {
        let server = self.document.get("server").and_then(Item::as_table_like);
        server.and_then(|server| server.get(ALLOW_PRIVATE)?.as_bool()) == Some(true)
    }

    /// True if there is a connection of that name.
    pub fn has(&self, name: &ConnectionName) -> bool {
        let connections = self.document.get("connections").and_then(Item::as_table_like);
        connections.is_some_and(|connections| connections.contains_key(name.as_str()))
    }

    /// The paths of a connection's secrets: its private key, its import token, its API token.
    pub fn secret_file(&self, name: &ConnectionName, kind: SecretKind) -> PathBuf {
        self.path.with_file_name(format!("okta-insight-{name}.{}", kind.extension()))
    }

    /// Finds out before any other question whether the connection and the files of its tokens may be written.
    ///
    /// # Errors
    /// When something is there already and may not be replaced.
    pub fn check_name(&self, name: &ConnectionName, replace: bool) -> Result<(), InitError> {
        if self.has(name) && !replace {
            return Err(InitError::ConnectionExists { name: name.clone(), path: self.path.clone() });
        }
        let files = [SecretKind::ImportToken, SecretKind::ApiToken].map(|kind| self.secret_file(name, kind));
        match files.into_iter().find(|file| !replace && file.exists()) {
            Some(taken) => Err(InitError::Exists(taken)),
            None => Ok(()),
        }
    }

    /// The file of the key: its own path if that is next to the configuration, otherwise a copy there.
    ///
    /// # Errors
    /// When the copy would replace a file and may not.
    pub fn key_file(&self, name: &ConnectionName, key: &Path, replace: bool) -> Result<PathBuf, InitError> {
        if same_folder(&private::folder(key), &private::folder(&self.path)) {
            return Ok(self.path.with_file_name(key.file_name().unwrap_or_default()));
        }
        let copy = self.secret_file(name, SecretKind::PrivateKey);
        if copy.exists() && !replace { Err(InitError::Exists(copy)) } else { Ok(copy) }
    }

    /// Writes the connection: first the files of its secrets, each for its owner only, then the configuration. Other
    /// content of an existing file stays unchanged.
    ///
    /// # Errors
    /// When an existing item may not be replaced, the answers form no configuration, or a file can't be written.
    pub fn write(mut self, answers: &InitAnswers, replace: bool) -> Result<WrittenFiles, InitError> {
        let name = &answers.connection;
        self.check_name(name, replace)?;
        let key_file = self.key_file(name, &answers.key.path, replace)?;
        self.check(answers)?;
        let mut secrets: Vec<(PathBuf, &SecretString)> = Vec::new();
        if !same_file(&key_file, &answers.key.path) {
            secrets.push((key_file.clone(), &answers.key.text));
        }
        let token_file = self.secret_file(name, SecretKind::ImportToken);
        secrets.push((token_file.clone(), &answers.import_token));
        let account_file = self.secret_file(name, SecretKind::ApiToken);
        if let Some(account) = &answers.account {
            secrets.push((account_file.clone(), &account.api_token));
        }
        let places = [in_file(&key_file), in_file(&token_file), in_file(&account_file)];
        self.insert(answers, places)?;
        let text = self.document.to_string();
        // Some forms of tables can't be extended; this check comes before any write.
        text.parse::<DocumentMut>().map_err(|_| {
            not_extendable(
                &self.path,
                "no connection can be added to inline or dotted tables; use table headers",
            )
        })?;
        for (path, secret) in &secrets {
            private::write(path, &format!("{}\n", trimmed(secret.expose_secret())), replace)?;
        }
        if self.exists {
            private::rewrite(&self.path, &text)?;
        } else {
            private::write(&self.path, &text, false)?;
        }
        let mut secrets: Vec<PathBuf> = secrets.into_iter().map(|(path, _)| path).collect();
        if !secrets.contains(&key_file) {
            secrets.insert(0, key_file);
        }
        Ok(WrittenFiles { config: self.path, extended: self.exists, secrets })
    }

    /// Checks that the daemon would accept the connection, before anything is written.
    fn check(&self, answers: &InitAnswers) -> Result<(), InitError> {
        let mut trial =
            Self { path: self.path.clone(), document: self.document.clone(), exists: self.exists };
        let literal = |secret: &SecretString| Value::from(trimmed(secret.expose_secret()));
        let api_token = answers.account.as_ref().map_or_else(|| Value::from(""), |a| literal(&a.api_token));
        trial.insert(answers, [literal(&answers.key.text), literal(&answers.import_token), api_token])?;
        // Secrets of other connections may be in the environment of another process.
        if let Some(connections) = trial.document.get_mut("connections").and_then(Item::as_table_like_mut) {
            let others: Vec<String> = connections.iter().map(|(name, _)| name.to_owned()).collect();
            for other in others.iter().filter(|other| *other != answers.connection.as_str()) {
                connections.remove(other);
            }
        }
        let place = self.path.display().to_string();
        let config =
            Config::from_toml(&trial.document.to_string(), &place, &private::folder(&self.path), [])?;
        config.connections.values().try_for_each(check_clients).map_err(InitError::from)
    }

    fn insert(
        &mut self,
        answers: &InitAnswers,
        [key, token, api_token]: [Value; 3],
    ) -> Result<(), InitError> {
        let path = self.path.clone();
        if answers.allow_private_addresses {
            set(table(self.document.as_table_mut(), "server", &path)?, ALLOW_PRIVATE, true.into());
        }
        let connections = table(self.document.as_table_mut(), "connections", &path)?;
        let connection = table(connections, answers.connection.as_str(), &path)?;
        let okta = table(connection, "okta", &path)?;
        set(okta, "org_url", trimmed(&answers.org_url).into());
        set(okta, "client_id", trimmed(&answers.client_id).into());
        set(okta, "private_key", key);
        match answers.key_id.as_deref().map(trimmed).filter(|id| !id.is_empty()) {
            Some(id) => set(okta, "key_id", id.into()),
            None => drop(okta.remove("key_id")),
        }
        let assets = table(connection, "assets", &path)?;
        if let Some(url) = &answers.api_url {
            set(assets, "api_url", trimmed(url).into());
        }
        set(assets, "import_token", token);
        if let Some(account) = &answers.account {
            set(assets, "site_url", trimmed(&account.site_url).into());
            set(assets, "email", trimmed(&account.email).into());
            set(assets, "api_token", api_token);
        }
        match &answers.public_url {
            Some(url) => set(table(connection, "event_hook", &path)?, "public_url", trimmed(url).into()),
            None => drop(connection.remove("event_hook")),
        }
        match answers.event_source {
            Some(EventSource::Both) => drop(connection.remove("event_source")),
            Some(EventSource::EventHook) => set(connection, "event_source", "event_hook".into()),
            Some(EventSource::SystemLog) => set(connection, "event_source", "system_log".into()),
            // The System Log alone needs no public URL.
            None if connection.get("event_source").and_then(Item::as_str) == Some("system_log") => {
                connection.remove("event_source");
            }
            None => {}
        }
        Ok(())
    }
}

/// A secret of a connection that has its own file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// The app's private key.
    PrivateKey,
    /// The token of the import source.
    ImportToken,
    /// The API token of the account.
    ApiToken,
}

impl SecretKind {
    const fn extension(self) -> &'static str {
        match self {
            Self::PrivateKey => "jwk",
            Self::ImportToken => "import-token",
            Self::ApiToken => "api-token",
        }
    }
}

/// The table of that name, created if it's missing.
fn table<'t>(
    parent: &'t mut dyn TableLike,
    name: &str,
    path: &Path,
) -> Result<&'t mut dyn TableLike, InitError> {
    let mut new = Table::new();
    // Without its own keys, the table needs no heading.
    new.set_implicit(true);
    let item = parent.entry(name).or_insert(Item::Table(new));
    item.as_table_like_mut().ok_or_else(|| not_extendable(path, &format!("\"{name}\" is not a table")))
}

/// Sets a value, and leaves the comments around an existing one.
fn set(table: &mut dyn TableLike, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

/// `{ file = "NAME" }`, relative to the configuration.
fn in_file(path: &Path) -> Value {
    let mut place = InlineTable::new();
    place.insert("file", path.file_name().unwrap_or_default().to_string_lossy().as_ref().into());
    place.into()
}

fn same_file(one: &Path, other: &Path) -> bool {
    same_folder(&private::folder(one), &private::folder(other)) && one.file_name() == other.file_name()
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn not_extendable(path: &Path, problem: &str) -> InitError {
    InitError::NotExtendable { path: path.to_owned(), problem: problem.to_owned() }
}
