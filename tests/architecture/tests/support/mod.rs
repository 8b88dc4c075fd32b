//! The product's source files.

use std::fs;
use std::path::{Path, PathBuf};

/// Crates that aren't part of the product.
const NO_PRODUCT: [&str; 1] = ["sandbox"];

/// A source file without its tests.
pub(crate) struct Source {
    /// The path from the root of the repository.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The path of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of the crates and binaries, without tests.
pub(crate) fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for group in ["crates", "bins"] {
        for entry in fs::read_dir(root().join(group)).unwrap() {
            let entry = entry.unwrap();
            if !NO_PRODUCT.iter().any(|name| entry.file_name() == *name) {
                collect(&entry.path().join("src"), &mut sources);
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 300, "only {} files were found", sources.len());
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let mut text = fs::read_to_string(&path).unwrap();
            text.truncate(text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len()));
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            sources.push(Source { path, text });
        }
    }
}
