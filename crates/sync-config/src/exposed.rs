//! Files with secrets that others on this machine may read.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sync_engine::Remedy;

use crate::keys::is_secret;
use crate::small_file::read_regular_file;

/// A file with a secret that others may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExposedFile {
    /// The file.
    pub file: PathBuf,
    /// Its permissions, in octal digits.
    pub mode: String,
}

impl fmt::Display for ExposedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} contains a secret, and other users can read it (mode {})",
            self.file.display(),
            self.mode
        )
    }
}

impl ExposedFile {
    /// The action that resolves it.
    pub fn remedy(&self) -> Remedy {
        Remedy::RestrictFileAccess { file: self.file.display().to_string() }
    }
}

/// The configuration file, if it holds secrets itself, and the files that it names for secrets, such as private keys and
/// the master key, as far as others than their owner and group may read them.
pub fn exposed_files(config: &Path) -> Vec<ExposedFile> {
    // A pipe was already read and has no file permissions.
    let bytes = read_regular_file(config).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let mut held = Held::default();
    held.collect("", &table);
    let folder = config.parent().unwrap_or_else(|| Path::new(""));
    let own = held.literal.then(|| config.to_owned());
    let files = held.files.into_iter().map(|file| folder.join(file));
    let mut all: Vec<PathBuf> = own.into_iter().chain(files).collect();
    all.sort();
    all.dedup();
    all.into_iter().filter_map(exposed).collect()
}

/// Secrets that a configuration holds or points to.
#[derive(Default)]
struct Held {
    literal: bool,
    files: Vec<PathBuf>,
}

impl Held {
    fn collect(&mut self, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) if is_secret(&key) => {
                    self.files.extend(inner.get("file").and_then(toml::Value::as_str).map(PathBuf::from));
                }
                toml::Value::Table(inner) => self.collect(&key, inner),
                toml::Value::String(_) if is_secret(&key) => self.literal = true,
                toml::Value::String(file) if key == "server.tls_key" => self.files.push(file.into()),
                _ => {}
            }
        }
    }
}

#[cfg(unix)]
fn exposed(file: PathBuf) -> Option<ExposedFile> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    (mode & 0o004 != 0).then(|| ExposedFile { file, mode: format!("{mode:03o}") })
}

#[cfg(not(unix))]
fn exposed(_: PathBuf) -> Option<ExposedFile> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn exposed_secret_files_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let keys = "[console]\nmaster_key = { file = \"master.key\" }\n[connections.main.okta]\n\
                    private_key = { file = \"key.jwk\" }\n[connections.main.assets]\nimport_token = \"t\"\n";
        for (name, text, mode) in
            [("c.toml", keys, 0o644), ("master.key", "k", 0o604), ("key.jwk", "k", 0o640)]
        {
            write(at(name), text).unwrap();
            set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
        }
        let found: Vec<_> = exposed_files(&at("c.toml")).into_iter().map(|it| (it.file, it.mode)).collect();
        assert_eq!(found, [(at("c.toml"), "644".to_owned()), (at("master.key"), "604".to_owned())]);
        // Without a secret in it, it may be read.
        write(at("c.toml"), keys.replace("import_token = \"t\"", "import_token = { env = \"T\" }")).unwrap();
        assert_eq!(exposed_files(&at("c.toml")).len(), 1);
    }
}
