//! Which of our crates may depend on which. Vocabulary at the bottom, edges at the top, arrows only downward.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

const ALLOWED: [(&str, &[&str]); 16] = [
    ("outbound", &[]),
    ("okta-client", &["outbound"]),
    ("insight-import-client", &["outbound"]),
    ("sync-model", &[]),
    ("sandbox", &[]),
    ("schema-mapper", &["insight-import-client", "okta-client", "sync-model"]),
    ("sync-engine", &["sync-model"]),
    ("sync-store", &["sync-engine", "sync-model"]),
    (
        "sync-service",
        &[
            "insight-import-client",
            "okta-client",
            "outbound",
            "schema-mapper",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
    ("sync-console", &["outbound", "sync-service"]),
    ("okta-insight", &["sync-console", "sandbox", "sync-service"]),
    ("okta-insightd", &["sync-console", "sync-service"]),
    ("architecture", &[]),
    ("e2e", &["sandbox", "sync-service"]),
    ("fuzz", &[]),
    // It measures the programs from outside.
    ("load", &["sandbox"]),
];

/// Tests and examples may run against the sandbox, and be given mutated input.
const FREE_IN_TESTS: [&str; 2] = ["fuzz", "sandbox"];

#[test]
fn arrows_only_point_downward() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into();
    assert_eq!(ours, allowed.keys().copied().collect(), "every crate has a line in the table, and no other");
    for package in &metadata.packages {
        for dependency in package.dependencies.iter().filter(|d| ours.contains(d.name.as_str())) {
            let free = dependency.kind == DependencyKind::Development
                && FREE_IN_TESTS.contains(&dependency.name.as_str());
            assert!(
                free || allowed[package.name.as_str()].contains(&dependency.name.as_str()),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}
