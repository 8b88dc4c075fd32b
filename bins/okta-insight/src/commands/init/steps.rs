//! The prompts in their order. Each value is checked immediately, from a flag or a prompt.

use std::fmt;
use std::path::{Path, PathBuf};

use diagnostics::{
    Manner, SettingCheck, SettingFinding, check_account, check_app, check_import_token, check_org,
    hook_address,
};
use secrecy::SecretString;
use sync_config::init::{ConfigDraft, KeyFile, SecretKind, generate_key, read_key};
use sync_config::{
    AccountConfig, EventSource, KeyKind, OktaConfig, read_small_text, read_small_text_from, trimmed,
};
use sync_model::ConnectionName;

use super::args::{API_TOKEN, IMPORT_TOKEN, Init, Source};
use super::ask::{self, Next, on_terminal};
use super::guide;
use crate::failure::{ErrorCode, Failure};
use crate::words::remedies::remedy;

/// The default configuration file.
const CONFIG: &str = "okta-insight.toml";
/// The default name of the connection.
const CONNECTION: &str = "main";

/// The prompts, with their flags.
pub(super) struct Steps<'a> {
    args: &'a Init,
    terminal: bool,
    manner: Manner,
}

/// A key. A new one can't be in the app yet.
pub(super) struct Key {
    pub(super) file: KeyFile,
    new: bool,
}

/// The origin of the key.
enum KeyOrigin {
    Generate,
    Existing(PathBuf),
    Other,
}

impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generate => f.write_str("Generate a key pair"),
            Self::Existing(path) => write!(f, "Use {}", path.display()),
            Self::Other => f.write_str("Use another file (JWK or PEM)"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both => "Event hook and System Log",
            Self::SystemLog => "System Log",
            Self::EventHook => "Event hook",
        })
    }
}

impl<'a> Steps<'a> {
    pub(super) const fn new(args: &'a Init, terminal: bool) -> Self {
        let manner = Manner { ask: !args.skip_checks, allow_private_addresses: args.allow_private_addresses };
        Self { args, terminal, manner }
    }

    /// The configuration, and the name of the connection in it.
    pub(super) fn place(&mut self) -> Result<(ConfigDraft, ConnectionName), Failure> {
        let path = match &self.args.config {
            Some(path) => path.clone(),
            None if self.terminal => ask::text("Configuration file", Some(CONFIG))?.into(),
            None => CONFIG.into(),
        };
        let draft = ConfigDraft::open(&path)?;
        self.manner.allow_private_addresses |= draft.allows_private_addresses();
        if draft.exists() && self.terminal {
            ask::note("the file exists; adding the connection to it");
        }
        let mut given = self.args.connection.clone();
        loop {
            let name = match given.take() {
                Some(name) => name,
                None if self.terminal => ask::text("Name of the connection", Some(CONNECTION))?,
                None => CONNECTION.to_owned(),
            };
            let checked = ConnectionName::try_from(name)
                .map_err(|e| Failure::usage(format!("--connection: {e}")))
                .and_then(|name| {
                    draft.check_name(&name, self.args.force)?;
                    Ok(name)
                });
            match checked {
                Ok(name) => return Ok((draft, name)),
                Err(failure) if self.terminal => print_error(&failure),
                Err(failure) => return Err(failure),
            }
        }
    }

    pub(super) async fn org_url(&self) -> Result<String, Failure> {
        let ask =
            || ask::text("Org URL, such as https://example.okta.com", None).map(|url| with_scheme(&url));
        let check = async |url: &String| check_org(url, self.manner).await;
        let given = self.args.org_url.as_deref().map(with_scheme);
        self.resolve("--org-url", given, ask, check).await
    }

    /// The event source, and the public URL of the event hook if there is one.
    pub(super) async fn events(
        &self,
        connection: &ConnectionName,
    ) -> Result<(Option<EventSource>, Option<String>), Failure> {
        let source = match self.args.event_source {
            None if self.args.public_url.is_none() => {
                ask::say(guide::EVENTS);
                Some(ask::choose("Event source", vec![Source::Both, Source::SystemLog, Source::EventHook])?)
            }
            given => given,
        };
        let event_source = source.map(EventSource::from);
        if source == Some(Source::SystemLog) {
            return match &self.args.public_url {
                Some(_) => Err(Failure::usage("`--public-url` requires the event source event-hook or both")),
                None => Ok((event_source, None)),
            };
        }
        let ask = || ask::text("Public URL of the daemon, such as https://sync.example.com", None);
        let check = async |url: &String| hook_address(url, connection);
        let url = self.resolve("--public-url", self.args.public_url.clone(), ask, check).await?;
        Ok((event_source, Some(url)))
    }

    pub(super) async fn key(&self, draft: &ConfigDraft, connection: &ConnectionName) -> Result<Key, Failure> {
        let usual = draft.secret_file(connection, SecretKind::PrivateKey);
        if self.args.generate_key {
            return self.new_key(&usual).await;
        }
        if let Some(path) = &self.args.private_key_file {
            match self.existing_key(draft, connection, path) {
                Ok(file) => return Ok(Key { file, new: false }),
                Err(failure) if self.terminal => print_error(&failure),
                Err(failure) => {
                    let message = format!("--private-key-file: {}", failure.message);
                    return Err(Failure { message, ..failure });
                }
            }
        }
        ask::say(guide::KEY);
        loop {
            let mut options = vec![KeyOrigin::Other];
            if usual.exists() {
                options.insert(0, KeyOrigin::Existing(usual.clone()));
            }
            if !usual.exists() || self.args.force {
                options.insert(0, KeyOrigin::Generate);
            }
            let (path, new) = match ask::choose("Key pair", options)? {
                KeyOrigin::Generate => return self.new_key(&usual).await,
                // From an earlier, unfinished run: it may not be in the app.
                KeyOrigin::Existing(path) => (path, true),
                KeyOrigin::Other => (ask::text("Private key file", None)?.into(), false),
            };
            match self.existing_key(draft, connection, &path) {
                Ok(file) => return Ok(Key { file, new }),
                Err(failure) => print_error(&failure),
            }
        }
    }

    /// The key of a file that can be used or copied.
    fn existing_key(
        &self,
        draft: &ConfigDraft,
        connection: &ConnectionName,
        path: &Path,
    ) -> Result<KeyFile, Failure> {
        let file = read_key(path)?;
        let kept = draft.key_file(connection, path, self.args.force)?;
        let kind = file.public_jwk["alg"].as_str().unwrap_or_default();
        ask::good(&format!("{} is a private key for {kind}", path.display()));
        if file.exposed && kept.file_name() == path.file_name() {
            ask::note(&format!("other users can read {0}; run `chmod 600 {0}`", path.display()));
        }
        Ok(file)
    }

    async fn new_key(&self, path: &Path) -> Result<Key, Failure> {
        let generated = generate_key(KeyKind::default(), path, self.args.force).await?;
        ask::good(&format!("the private key is in {}", generated.private_key_file.display()));
        Ok(Key { file: read_key(path)?, new: true })
    }

    /// The client ID, checked with the key.
    pub(super) async fn client_id(&self, org_url: &str, key: &Key, hook: bool) -> Result<String, Failure> {
        if self.terminal && self.args.client_id.is_none() || key.new {
            ask::say(&guide::app(&key.file.public_jwk, hook));
        }
        let ask = || ask::text("Client ID of the app", None);
        let checks = self.manner.ask;
        let check = async |id: &String| match id.trim() {
            _ if !checks => Ok(unchecked("not checked")),
            // It can't be in the app yet.
            _ if key.new && !self.terminal => Ok(unchecked("not checked: the new key isn't in the app yet")),
            id => {
                let okta = OktaConfig {
                    org_url: org_url.to_owned(),
                    client_id: id.to_owned(),
                    private_key: key.file.text.clone(),
                    key_id: self.args.key_id.clone(),
                    api_scopes: Vec::new(),
                };
                check_app(&okta, hook, self.manner.allow_private_addresses).await
            }
        };
        self.resolve("--client-id with --private-key-file", self.args.client_id.clone(), ask, check).await
    }

    pub(super) async fn import_token(&self) -> Result<SecretString, Failure> {
        let given =
            given_secret(self.args.import_token_file.as_deref(), IMPORT_TOKEN, "--import-token-file")?;
        if given.is_none() {
            ask::say(guide::IMPORT);
        }
        let ask = || ask::secret("Import token").map(SecretString::from);
        let api_url = self.args.api_url.as_deref();
        let check = async |token: &SecretString| check_import_token(token, api_url, self.manner).await;
        self.resolve("--import-token-file", given, ask, check).await
    }

    pub(super) async fn account(&self) -> Result<Option<AccountConfig>, Failure> {
        let wanted = match self.args.account() {
            Some(wanted) => wanted,
            None if self.terminal => {
                ask::say(guide::ACCOUNT);
                let (without, with) = ("Don't use an account", "Enter an account");
                ask::choose("Atlassian account", vec![without, with])? == with
            }
            None => false,
        };
        if !wanted {
            return Ok(None);
        }
        let token = given_secret(self.args.api_token_file.as_deref(), API_TOKEN, "--api-token-file")?;
        let ask = |site_url: Option<String>, email: Option<String>, token: Option<SecretString>| {
            let or = |given: Option<String>, question| given.map_or_else(|| ask::text(question, None), Ok);
            Ok(AccountConfig {
                site_url: or(site_url, "URL of the Atlassian site, such as https://example.atlassian.net")?,
                email: or(email, "Email of the account")?,
                api_token: token.map_or_else(|| ask::secret("API token").map(SecretString::from), Ok)?,
            })
        };
        let first = ask(self.args.site_url.clone(), self.args.email.clone(), token)?;
        let api_url = self.args.api_url.as_deref();
        let check = async |account: &AccountConfig| check_account(account, api_url, self.manner).await;
        let flags = "--site-url, --email, and --api-token-file";
        self.resolve(flags, Some(first), || ask(None, None, None), check).await.map(Some)
    }

    /// Checks a value, and prompts for another one if the check fails on a terminal.
    async fn resolve<T>(
        &self,
        flag: &str,
        given: Option<T>,
        ask: impl Fn() -> Result<T, Failure>,
        check: impl AsyncFn(&T) -> SettingCheck,
    ) -> Result<T, Failure> {
        let mut answer = given.map_or_else(&ask, Ok)?;
        loop {
            match check(&answer).await {
                Ok(finding) => {
                    ask::good(&finding.message);
                    finding.notes.iter().for_each(|note| ask::note(note));
                    return Ok(answer);
                }
                Err(problem) if !self.terminal => {
                    return Err(Failure {
                        code: if problem.blocking {
                            ErrorCode::InvalidArguments
                        } else {
                            ErrorCode::CheckFailed
                        },
                        // A flag whose value was not checked is not the cause.
                        message: if problem.unreached {
                            problem.message
                        } else {
                            format!("{flag}: {}", problem.message)
                        },
                        hint: problem.remedy.as_ref().map(remedy),
                        exit: if problem.blocking { 2 } else { 1 },
                    });
                }
                Err(problem) => match ask::next(&problem)? {
                    Next::Recheck => {}
                    Next::Reenter => answer = ask()?,
                    Next::Keep => return Ok(answer),
                },
            }
        }
    }
}

/// A secret from a file, standard input, or the environment.
fn given_secret(file: Option<&Path>, variable: &str, flag: &str) -> Result<Option<SecretString>, Failure> {
    let text = match file {
        // A terminal would show it during input.
        Some(path) if is_stdin(path) && on_terminal() => return Ok(None),
        Some(path) if is_stdin(path) => read_small_text_from(std::io::stdin()),
        Some(path) => read_small_text(path),
        None => return Ok(std::env::var(variable).ok().map(|text| trimmed(&text).into())),
    };
    let failed = |e| {
        let file = file.unwrap_or(Path::new("-")).display();
        Failure::usage(format!("{flag}: could not read {file}: {e}"))
    };
    text.map(|text| Some(trimmed(&text).into())).map_err(failed)
}

/// True if the path is standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The URL of the org, with `https://` if it has no scheme.
fn with_scheme(url: &str) -> String {
    let url = url.trim();
    if url.contains("://") { url.to_owned() } else { format!("https://{url}") }
}

fn unchecked(message: &str) -> SettingFinding {
    SettingFinding { message: message.to_owned(), notes: Vec::new() }
}

/// Prints a failure that another value resolves.
fn print_error(failure: &Failure) {
    ask::print_error(&failure.message, failure.hint.as_deref());
}
