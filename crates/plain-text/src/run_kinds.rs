//! Names of run kinds.

use sync_engine::RunKind;

/// The name of a run kind, within a sentence.
pub const fn run_kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::FullSync => "full sync",
        RunKind::TargetedSync => "targeted sync",
        RunKind::IncrementalSync => "incremental sync",
        RunKind::Backfill => "backfill",
        RunKind::EventSync => "event sync",
        RunKind::Retry => "retry",
        RunKind::Plan => "plan",
        RunKind::SelfTest => "self-test",
    }
}
