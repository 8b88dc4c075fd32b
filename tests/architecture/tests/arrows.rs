//! Which of our crates may depend on which. Vocabulary at the bottom, edges at the top, arrows only downward.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

const ALLOWED: [(&str, &[&str]); 21] = [
    ("outbound", &[]),
    ("okta-client", &["outbound"]),
    ("insight-import-client", &["outbound"]),
    ("sync-model", &[]),
    ("sandbox", &[]),
    ("schema-mapper", &["insight-import-client", "okta-client", "sync-model"]),
    ("sync-engine", &["sync-model"]),
    ("sync-store", &["sync-engine", "sync-model"]),
    (
        "sync-config",
        &["insight-import-client", "okta-client", "outbound", "schema-mapper", "sync-engine", "sync-model"],
    ),
    (
        "connectors",
        &[
            "insight-import-client",
            "okta-client",
            "outbound",
            "schema-mapper",
            "sync-config",
            "sync-engine",
            "sync-model",
        ],
    ),
    ("plain-text", &["sync-engine", "sync-model"]),
    (
        "diagnostics",
        &[
            "connectors",
            "insight-import-client",
            "okta-client",
            "outbound",
            "plain-text",
            "schema-mapper",
            "sync-config",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
    (
        "admin-api",
        &[
            "connectors",
            "diagnostics",
            "outbound",
            "plain-text",
            "schema-mapper",
            "sync-config",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
    (
        "sync-daemon",
        &[
            "admin-api",
            "connectors",
            "diagnostics",
            "insight-import-client",
            "okta-client",
            "outbound",
            "plain-text",
            "schema-mapper",
            "sync-config",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
    (
        "sync-console",
        &[
            "admin-api",
            "diagnostics",
            "outbound",
            "plain-text",
            "schema-mapper",
            "sync-config",
            "sync-daemon",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
    (
        "okta-insight",
        &[
            "admin-api",
            "connectors",
            "diagnostics",
            "plain-text",
            "sandbox",
            "schema-mapper",
            "sync-config",
            "sync-console",
            "sync-daemon",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
    ("okta-insightd", &["plain-text", "sync-config", "sync-console", "sync-daemon", "sync-engine"]),
    ("architecture", &[]),
    (
        "e2e",
        &[
            "admin-api",
            "diagnostics",
            "sandbox",
            "sync-config",
            "sync-daemon",
            "sync-engine",
            "sync-model",
            "sync-store",
        ],
    ),
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
            let name = dependency.name.as_str();
            // A crate may use its own fakes in tests.
            let free = dependency.kind == DependencyKind::Development
                && (FREE_IN_TESTS.contains(&name) || name == package.name.as_str());
            assert!(
                free || allowed[package.name.as_str()].contains(&dependency.name.as_str()),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}
