//! No files of a crate import each other in a circle, and files and functions stay short.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod graph;
mod imports;
mod item;
mod module;
mod reader;
mod resolver;
mod samples;
mod size;
mod sources;

use graph::circles;
use imports::imports;
use reader::read;
use size::Size;
use sources::crates;

/// The most methods of a trait of the engine: a fake of it stays small.
const MOST_METHODS: usize = 15;

/// The most paths that are shown of one file in another.
const SHOWN: usize = 3;

/// The most lines of a file without its unit tests.
const MOST_LINES: usize = 400;

/// Functions that list samples, one value after the other: steps would not make them clearer.
const SAMPLES: &[&str] = &[
    "sync-engine/domain/finding/remedy_samples.rs: samples",
    "sync-engine/domain/finding/samples.rs: samples",
];

/// Functions that are one `match` with an arm for each variant, so that the compiler finds a missing one. Each arm
/// stays short.
const CATALOGS: &[&str] = &[
    "diagnostics/words.rs: observation",
    "okta-insight/words/remedies.rs: remedy",
    "plain-text/findings.rs: fact",
    "plain-text/remedies.rs: remedy",
    "sync-console/words/checks.rs: observation",
    "sync-console/words/findings.rs: fact",
    "sync-console/words/remedies.rs: remedy",
    "sync-engine/domain/finding/defaults.rs: remedy",
];

#[test]
fn no_file_is_in_a_circle() {
    let mut found = Vec::new();
    for package in crates() {
        let tree = read(&package.sources, package.root);
        let imports = imports(&tree);
        let circles = circles(&imports);
        let files: usize = circles.iter().map(Vec::len).sum();
        println!("{}: {} files, {files} in circles", package.name, tree.files.len());
        for circle in &circles {
            found.push(format!("{}, {} files:", package.name, circle.len()));
            for file in circle {
                for (used, paths) in imports[*file].iter().filter(|(used, _)| circle.contains(used)) {
                    let paths: Vec<&str> = paths.iter().take(SHOWN).map(String::as_str).collect();
                    let (file, used) = (&tree.files[*file].path, &tree.files[*used].path);
                    found.push(format!("    {file} -> {used}: {}", paths.join(", ")));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for package in crates() {
        let tree = read(&package.sources, package.root);
        println!("{}: {}", package.name, Size::of(&tree));
        for file in tree.files.iter().filter(|file| file.lines > MOST_LINES) {
            long.push(format!("{} {}: {} lines", package.name, file.path, file.lines));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn functions_stay_short() {
    let (mut large, mut count) = (Vec::new(), 0);
    for package in crates() {
        let tree = read(&package.sources, package.root);
        count += tree.functions.len();
        for function in tree.functions.iter().filter(|function| function.is_large()) {
            let file = &tree.files[function.file].path;
            let place = format!("{}/{file}: {}", package.name, function.name);
            let is_catalog = CATALOGS.contains(&place.as_str()) && function.has_short_arms();
            if !is_catalog && !SAMPLES.contains(&place.as_str()) {
                large.push(format!("{place}, {}", function.size()));
            }
        }
    }
    assert!(count > 3000, "{count} functions");
    assert!(large.is_empty(), "{}", large.join("\n"));
}

#[test]
fn ports_stay_small() {
    let engine = crates().into_iter().find(|package| package.name == "sync-engine").unwrap();
    let tree = read(&engine.sources, engine.root);
    assert!(tree.traits.len() > 20, "{} traits", tree.traits.len());
    for port in &tree.traits {
        assert!(port.methods <= MOST_METHODS, "{} has {} methods", port.name, port.methods);
    }
}
