//! No kind of fault is left out.

use std::path::{Path, PathBuf};

use sandbox::FaultSpec;

use crate::{rows, switches};

/// The sources of the sandbox.
fn sandbox() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sandbox/src")
}

#[test]
fn every_sandbox_fault_has_row() {
    let known = "no-such-fault=1".parse::<FaultSpec>().unwrap_err().to_string();
    let (_, known) = known.split_once("must be one of seed, ").unwrap();
    let known: Vec<&str> = known.split(", ").collect();
    assert!(known.len() > 30, "{known:?}");
    let rows = rows::names();
    let missing: Vec<_> = known.iter().filter(|kind| !rows.contains(kind)).collect();
    assert!(missing.is_empty(), "no row tells how these look: {missing:?}");
}

#[test]
fn every_import_setting_has_row() {
    let settings = std::fs::read_to_string(sandbox().join("assets/settings.rs")).unwrap();
    let (_, known) = settings.split_once("fn change").unwrap();
    let known: Vec<&str> = known.split('"').skip(1).step_by(2).collect();
    assert!(known.len() > 10 && known.contains(&"chunkLimit"), "{known:?}");
    let rows = [include_str!("switches.rs"), include_str!("edits.rs")].concat();
    let missing: Vec<_> = known.iter().filter(|name| !rows.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "no row tells how these look: {missing:?}");
}

#[test]
fn every_control_route_has_row() {
    for (file, known) in [("okta.rs", switches::OKTA), ("insight.rs", switches::INSIGHT)] {
        let text = std::fs::read_to_string(sandbox().join("control").join(file)).unwrap();
        let routes: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split('"').next())
            .collect();
        assert!(routes.len() > 5, "{routes:?}");
        let missing: Vec<_> = routes.iter().filter(|route| !known.contains(route)).collect();
        assert!(missing.is_empty(), "{file}: no row tells how these look: {missing:?}");
    }
}
