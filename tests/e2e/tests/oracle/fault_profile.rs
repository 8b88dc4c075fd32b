//! What goes wrong during a history.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Some of the sandbox's faults, as strong as the dice say.
pub(crate) fn faults(dice: &mut StdRng) -> String {
    const KINDS: [&str; 35] = [
        "okta.429=0.05",
        "okta.429-no-headers=0.03",
        "okta.concurrency=0.03",
        "okta.5xx=0.06",
        "okta.reset=0.04",
        "okta.lost-response=0.04",
        "okta.reset-body=0.04",
        "okta.truncate=0.03",
        "okta.404=0.04",
        "okta.429-past=0.05",
        "okta.odd=0.1",
        "okta.latency=0..40@0.3",
        "okta.lag=20..300@0.5",
        "okta.delete-lag=50..900@0.7",
        "okta.log-delay=10..400@0.3",
        "assets.429=0.05",
        "assets.429-no-headers=0.03",
        "assets.5xx=0.06",
        "assets.reset=0.04",
        "assets.lost-response=0.04",
        "assets.reset-body=0.04",
        "assets.404=0.04",
        "assets.429-past=0.05",
        "assets.refused=0.1",
        "assets.latency=0..40@0.3",
        "hooks.lost=0.3",
        "hooks.duplicate=0.3",
        "hooks.reorder=0.3",
        "hooks.delay=20..400@0.4",
        "hooks.no-actor=0.1",
        "hooks.odd=0.1",
        "executions.fail=0.15",
        "executions.type-errors=0.15",
        "executions.drop=0.2",
        "executions.stuck=100..900@0.2",
    ];
    let count = dice.random_range(4..14);
    let chosen: Vec<&str> = KINDS.sample(dice, count).copied().collect();
    format!("seed={},{}", dice.random_range(1..1_000_000), chosen.join(","))
}
