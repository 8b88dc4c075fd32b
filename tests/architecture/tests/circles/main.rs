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

/// Crates whose functions stay short: every change to the rules of the sync has to be read in them.
const SHORT: &[&str] = &["sync-engine", "sync-store"];

/// Files that list data, one value after the other: steps would not make them clearer.
const DATA: &[&str] =
    &["domain/finding/defaults.rs", "domain/finding/remedy_samples.rs", "domain/finding/samples.rs"];

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
    let mut long = Vec::new();
    for package in crates().into_iter().filter(|package| SHORT.contains(&package.name.as_str())) {
        let tree = read(&package.sources, package.root);
        assert!(tree.functions.len() > 100, "{}: {} functions", package.name, tree.functions.len());
        for function in tree.functions.iter().filter(|function| function.is_large()) {
            let (file, name) = (&tree.files[function.file].path, &function.name);
            if !DATA.contains(&file.as_str()) {
                let (lines, arguments) = (function.lines, function.arguments);
                long.push(format!("{} {file}: {name}, {lines} lines, {arguments} arguments", package.name));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
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
