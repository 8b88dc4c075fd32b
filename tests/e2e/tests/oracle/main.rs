//! The convergence oracle: whatever happens to the org, and whatever goes wrong meanwhile, Assets equals Okta in the end.
//!
//! Each seed is a history: some hundred changes of a sandbox org while requests, deliveries and executions fail and the
//! process that synchronizes is killed and started again, while administrators edit the structure in Assets, switch to
//! another import source, and ask for plans. Then the faults end, and both simulators are asked for every attribute and
//! every reference. The engine is not asked.
//!
//! Its words are: whenever the product claims to be current, in the middle of a history or at its end, both sides are equal
//! up to the time that it names. At no time is something marked as deleted that exists in Okta.
//!
//! `ORACLE_BROKEN` chooses the rules that are switched off by a part of their names.
//! `ORACLE_SEEDS` says how many seeds are tried (50 unless set), `ORACLE_FIRST_SEED` with which to begin. To look into one:
//! `ORACLE_CLOCK=off` leaves the engine's clock alone, `ORACLE_LOG=debug` shows what the engine does, and `ORACLE_KEEP=1`
//! keeps the store of a history that ends with a difference; `ORACLE_AS` plays it, with every rule kept, as it is played
//! with the rule of that name switched off.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod circumstances;
mod clock;
mod disabled_rules;
mod fault_profile;
mod history;
mod honesty;
mod inspection;
mod manual_edits;
mod marks;
mod operator;
mod process;
mod safeguards;
mod selection;
mod tally;
mod test_env;

use std::time::Instant;

use futures::{StreamExt, stream};

use circumstances::Circumstances;
use disabled_rules::DisabledRule;
use tally::Tally;
use test_env::TestEnv;

/// How many histories run at the same time; each waits most of the time.
const AT_ONCE: usize = 10;
/// In how many histories at most a rule that is switched off is noticed.
const BOUND: u64 = 40;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// Random ones, or those of the rule that is named.
fn circumstances() -> Circumstances {
    let Ok(name) = std::env::var("ORACLE_AS") else { return Circumstances::RANDOM };
    let rule = DisabledRule::ALL.into_iter().find(|broken| format!("{broken:?}") == name).unwrap();
    rule.circumstances()
}

/// Plays one history to its end. The first difference, when there is one.
async fn play(
    seed: u64,
    circumstances: Circumstances,
    broken: Option<DisabledRule>,
    tally: Tally,
) -> Result<(), String> {
    let mut world = Box::pin(TestEnv::start(seed, circumstances, broken, tally)).await;
    let lived = world.live_through(history::STEPS).await;
    let settled = world.settle().await;
    lived.and(settled)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_ends_in_sync() {
    let (first, count) = (number("ORACLE_FIRST_SEED", 1), number("ORACLE_SEEDS", 50));
    if let Ok(filter) = std::env::var("ORACLE_LOG") {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    let began = Instant::now();
    let tally = Tally::default();
    let mut histories = stream::iter(first..first + count)
        .map(|seed| {
            let history = tokio::spawn(play(seed, circumstances(), None, tally.clone()));
            async move { (seed, history.await) }
        })
        .buffer_unordered(AT_ONCE);
    let (mut equal, mut failures) = (0, Vec::new());
    while let Some((seed, result)) = histories.next().await {
        // A history that panics is told as one, and the others go on.
        let difference = match result {
            Ok(Ok(())) => {
                equal += 1;
                if equal % 100 == 0 {
                    eprintln!("{equal} equal so far");
                }
                continue;
            }
            Ok(Err(difference)) => difference,
            Err(panic) => panic.to_string(),
        };
        eprintln!(
            "seed {seed} differs: {difference}\n  replay: ORACLE_FIRST_SEED={seed} ORACLE_SEEDS=1 cargo test --release -p \
             e2e --test oracle every_history"
        );
        failures.push(seed);
    }
    drop(histories);
    eprintln!("{equal} of {count} histories ended equal, in {:.0} s", began.elapsed().as_secs_f64());
    eprintln!("what they held:\n{tally}");
    assert!(failures.is_empty(), "seeds that did not hold: {failures:?}");
}

/// An oracle that cannot fail proves nothing: with a rule switched off, some history must end with a difference, and the
/// same history with the rule kept must not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(debug_assertions, ignore = "hundreds of histories, for a release build")]
async fn disabled_rule_is_noticed() {
    let only = std::env::var("ORACLE_BROKEN").unwrap_or_default();
    let rules = DisabledRule::ALL.into_iter().filter(|broken| format!("{broken:?}").contains(&only));
    let tried: Vec<_> = rules.map(|broken| (broken, tokio::spawn(first_notice(broken)))).collect();
    let mut missed = Vec::new();
    for (broken, trial) in tried {
        match trial.await.unwrap() {
            Ok(noticed) => eprintln!("{broken:?}: {noticed}"),
            Err(reason) => missed.push(format!("{broken:?}: {reason}")),
        }
    }
    assert!(missed.is_empty(), "rules that nothing depends on: {missed:#?}");
}

async fn first_notice(broken: DisabledRule) -> Result<String, String> {
    let began = Instant::now();
    let circumstances = broken.circumstances();
    for seed in 1..=BOUND {
        let Err(difference) = Box::pin(play(seed, circumstances, Some(broken), Tally::default())).await
        else {
            continue;
        };
        if let Err(kept) = Box::pin(play(seed, circumstances, None, Tally::default())).await {
            return Err(format!("seed {seed} differs whether the rule is kept or not: {difference}; {kept}"));
        }
        let seconds = began.elapsed().as_secs_f64();
        return Ok(format!("noticed at seed {seed} in {seconds:.0} s: {difference}"));
    }
    Err(format!("not noticed in {BOUND} seeds"))
}
