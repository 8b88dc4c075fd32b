//! The store in memory keeps the promises of the state store.

use sync_engine::testing::MemoryStore;

async fn open() -> (MemoryStore, ()) {
    (MemoryStore::default(), ())
}

sync_engine::state_store_conformance!(open);

/// A promise that isn't in the list is tested nowhere.
#[test]
fn every_promise_is_listed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/conformance");
    let list = std::fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
    let (_, list) = list.split_once("@cases $open").unwrap_or_default();
    let listed: Vec<&str> = list.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut count = 0;
    for file in files.filter(|file| file.file_name() != "mod.rs") {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        for promise in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()) {
            assert!(listed.contains(&promise), "{promise} of {} isn't listed", file.path().display());
            count += 1;
        }
    }
    assert!(count > 90, "{count} promises");
}
