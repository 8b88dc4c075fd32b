//! The engine acquires its locks in one order: a service that holds a lock has no way to an earlier one.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::{Source, sources};

/// The file that defines the locks.
const LOCKS: &str = "crates/sync-engine/src/engine/locks.rs";

/// The locks in their order, as that file states it.
const ORDER: [&str; 3] = ["Turns", "ExecutionLock", "SchemaLock"];

/// The asynchronous locks of tokio.
const ASYNCHRONOUS: [&str; 3] = ["Mutex", "RwLock", "Semaphore"];

fn engine() -> Vec<Source> {
    let is_engine = |path: &str| {
        path.strip_prefix("crates/sync-engine/src/").is_some_and(|path| !path.starts_with("testing/"))
    };
    let engine: Vec<Source> = sources().into_iter().filter(|source| is_engine(&source.path)).collect();
    assert!(engine.len() > 100, "only {} files were found", engine.len());
    engine
}

/// The names in the fields of each struct.
fn structs(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for source in sources {
        for part in source.text.split("struct ").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric()).collect();
            let fields = part.split("\n}").next().unwrap();
            let names = fields.split(|c: char| !c.is_alphanumeric()).filter(|word| *word != name);
            found.entry(name.clone()).or_insert_with(BTreeSet::new).extend(names.map(str::to_owned));
        }
    }
    found
}

/// The locks that a struct can reach through its fields.
fn reach(name: &str, structs: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'static str> {
    let (mut seen, mut left) = (BTreeSet::new(), vec![name]);
    while let Some(name) = left.pop() {
        if seen.insert(name) {
            left.extend(structs.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    ORDER.into_iter().filter(|lock| seen.contains(lock)).collect()
}

#[test]
fn locks_keep_their_order() {
    let structs = structs(&engine());
    for (later, lock) in ORDER.iter().enumerate() {
        let owners: Vec<&String> =
            structs.iter().filter(|(_, fields)| fields.contains(*lock)).map(|(name, _)| name).collect();
        assert!(!owners.is_empty(), "no service has the lock {lock}");
        for owner in owners {
            let reached = reach(owner, &structs);
            for earlier in &ORDER[..later] {
                assert!(!reached.contains(earlier), "{owner} has the lock {lock}, and reaches {earlier}");
            }
        }
    }
}

#[test]
fn locks_are_defined_in_order() {
    let engine = engine();
    for source in &engine {
        for line in source.text.lines().filter(|line| line.contains("tokio::sync::")) {
            let is_lock = ASYNCHRONOUS.iter().any(|lock| line.contains(lock));
            assert!(!is_lock || source.path == LOCKS, "{} has an asynchronous lock: {line}", source.path);
        }
    }
    let locks = &engine.iter().find(|source| source.path == LOCKS).unwrap().text;
    let stated: Vec<&str> = locks
        .lines()
        .filter(|line| line.starts_with("//! ") && line.as_bytes()[4].is_ascii_digit())
        .map(|line| line.split('`').nth(1).unwrap())
        .collect();
    assert_eq!(stated.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(ORDER));
    let positions: Vec<_> = ORDER.iter().map(|lock| locks.find(&format!(". [`{lock}`]")).unwrap()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
}
