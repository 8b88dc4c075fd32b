//! The API and the metrics have no name from before the glossary.
//!
//! The snapshots are compared with the real documents by the tests of their crates.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

const OPENAPI: &str =
    "crates/sync-console/tests/api/snapshots/api__document__api_document_matches_snapshot.snap";
const METRICS: &str = "crates/sync-daemon/src/http/metrics/snapshots/\
                       sync_daemon__http__metrics__tests__metrics_match_documentation.snap";

/// Former keys of all types.
const KEYS: &[&str] = &[
    "accept_shrink",
    "age_seconds",
    "agreement",
    "also",
    "although",
    "attended",
    "began",
    "blanked",
    "broken",
    "brought_by",
    "caught_up",
    "corrected",
    "dead",
    "dead_since",
    "delta",
    "differs",
    "directory_requests",
    "dirty",
    "doing",
    "due",
    "ended",
    "evidence",
    "expires",
    "explanation",
    "fixable",
    "freshness_seconds",
    "further_refusals",
    "gone",
    "gone_since",
    "handed_over",
    "hook_secret",
    "hopeless",
    "inbox",
    "kept_attributes",
    "kept_types",
    "keeper",
    "known",
    "known_until",
    "last_delta_sync",
    "last_full_sync",
    "last_used",
    "limited",
    "live",
    "log_read",
    "looks",
    "losses",
    "lost",
    "marked",
    "named",
    "newest",
    "oldest_change_seconds",
    "per_second",
    "published",
    "put_back",
    "received",
    "refusal",
    "refused",
    "refused_count",
    "release",
    "revoked",
    "selected",
    "settled",
    "structure",
    "then",
    "twins",
    "uncleared",
    "unconfirmed_since",
    "untouched_since",
    "urgent",
    "verdict",
    "waiting_since",
    "waits_for",
    "what",
];

/// Former values of enums.
const VALUES: &[&str] = &[
    "behind",
    "dead",
    "delta",
    "differs",
    "feed_failed",
    "guard_tripped",
    "hook_unhealthy",
    "events_given_up",
    "machine",
    "no_sync_yet",
    "not_asked",
    "not_selected",
    "not_sent_yet",
    "read-only",
    "records_refused",
    "recovered",
    "run_failed",
    "stuck",
    "unclear",
    "waiting",
];

/// Former paths below a connection, and the former tag.
const PATHS: &[&str] = &[
    "/try-out",
    "/guide",
    "/synchronize",
    "/troubles",
    "/live\"",
    "/live-run",
    "/samples",
    "/plan/forget",
    "/replay-dead",
    "\"set-up\"",
];

/// Former metrics without their prefix.
const FORMER_METRICS: &[&str] = &[
    "following",
    "store_readable",
    "freshness_seconds",
    "last_pass_age_seconds",
    "log_read_age_seconds",
    "inbox_events",
    "inbox_looks",
    "failed_records",
    "okta_refused_requests_total",
    "assets_refused_requests_total",
    "okta_requests_waiting",
    "okta_rate_limit",
    "okta_rate_remaining",
    "tripped_guards_total",
];

/// Former types of problem documents.
const PROBLEMS: &[&str] = &[
    "malformed",
    "read-only",
    "csrf",
    "unknown",
    "method",
    "late",
    "under-way",
    "paused",
    "taken",
    "in-file",
    "no-secrets",
    "last-admin",
    "too-large",
    "too_large",
    "media-type",
    "invalid",
    "failed",
    "service",
    "broken",
    "busy",
    "unavailable",
    "forbidden",
    "foreign_origin",
    "timeout",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

fn found<'w>(text: &str, words: &[&'w str], form: impl Fn(&str) -> String) -> Vec<&'w str> {
    words.iter().copied().filter(|word| text.contains(&form(word))).collect()
}

#[test]
fn api_has_no_former_name() {
    let document = read(OPENAPI);
    assert_eq!(found(&document, KEYS, |key| format!("\"{key}\": {{")), [""; 0], "keys");
    for end in [",", ""] {
        assert_eq!(found(&document, VALUES, |value| format!(" \"{value}\"{end}\n")), [""; 0], "values");
    }
    assert_eq!(found(&document, PATHS, str::to_owned), [""; 0], "paths");
}

#[test]
fn metrics_have_no_former_name() {
    let metrics = read(METRICS);
    for end in ["{", " "] {
        let names = found(&metrics, FORMER_METRICS, |name| format!("okta_insight_{name}{end}"));
        assert_eq!(names, [""; 0]);
    }
    for label in ["result=", "\"done\"", "\"incomplete\"", "\"claimed\"", "\"dead\""] {
        assert!(!metrics.contains(label), "{label}");
    }
    assert_eq!(found(&metrics, VALUES, |value| format!("\"{value}\"")), [""; 0]);
}

#[test]
fn problem_types_have_no_former_name() {
    let source = read("crates/admin-api/src/problem_type.rs");
    assert_eq!(found(&source, PROBLEMS, |name| format!("(\"{name}\",")), [""; 0]);
}
