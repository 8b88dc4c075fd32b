//! The source files of the crates.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Texts of source files by their path in `src`.
pub(crate) type Sources = BTreeMap<String, String>;

/// A library or program of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// `lib.rs` or `main.rs`.
    pub(crate) root: &'static str,
    pub(crate) sources: Sources,
}

/// The crates and programs, without the crates that only test.
pub(crate) fn crates() -> Vec<Package> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut packages = Vec::new();
    for group in ["crates", "bins"] {
        for entry in fs::read_dir(workspace.join(group)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let mut sources = Sources::new();
            collect(&entry.path().join("src"), "", &mut sources);
            for root in ["lib.rs", "main.rs"] {
                if sources.contains_key(root) {
                    packages.push(Package { name: name.clone(), root, sources: sources.clone() });
                }
            }
        }
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(packages.len() >= 12, "only {} crates were found", packages.len());
    packages
}

fn collect(folder: &Path, prefix: &str, sources: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            sources.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}
