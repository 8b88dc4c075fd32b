#![doc = include_str!("../README.md")]
// It serves tests, which may fail loudly.
#![allow(clippy::unwrap_used, clippy::panic)]

mod corpus;
pub mod hostile;
mod json;
mod mutate;
mod watchdog;

use std::collections::HashSet;
use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io::{Write as _, stderr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use corpus::Corpus;
use mutate::{Mutator, pick};
use watchdog::Watchdog;

/// The environment variable with the time for each target, in seconds.
const SECONDS: &str = "FUZZ_SECONDS";
/// The environment variable with the seed, which a failure names.
const SEED: &str = "FUZZ_SEED";
/// The time for each target unless it is set: long enough for the corpus and a few thousand mutations.
const USUAL: Duration = Duration::from_millis(500);
/// The most inputs that are kept because they led to a new outcome.
const MOST_KEPT: usize = 4096;
/// The length of an outcome that tells it from others, in characters.
const TOLD: usize = 300;

/// Runs a target: first with every input of `corpus/NAME`, then with mutations of them until the time is up.
///
/// `words` are texts that the parser knows, to be put into inputs. The target returns its outcome as text: an input with
/// an outcome that no other had is kept and mutated further. A target fails by a panic.
///
/// # Panics
/// When the target panics. The input is saved to the corpus, and the message names it and the seed.
pub fn fuzz(name: &str, words: &[&str], target: impl Fn(&[u8]) -> String) {
    let time =
        env::var(SECONDS).ok().and_then(|text| text.parse().ok()).map_or(USUAL, Duration::from_secs_f64);
    let seed = env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    let corpus = Corpus::open(name);
    let watchdog = Watchdog::start(&corpus);
    let run = |input: &[u8]| {
        watchdog.watch(input);
        let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
        watchdog.rest();
        outcome.unwrap_or_else(|cause| {
            let text = cause.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or_default();
            let path = corpus.save(input);
            panic!("{name}: {text}\n  input: {}\n  {SEED}={seed}", path.display());
        })
    };

    let mut inputs = corpus.inputs().to_vec();
    assert!(!inputs.is_empty(), "{name} has no corpus");
    let (hasher, mut outcomes) = (RandomState::new(), HashSet::new());
    let mut is_new = |outcome: &str| {
        let told: String = outcome.chars().filter(|c| !c.is_ascii_digit()).take(TOLD).collect();
        outcomes.len() < MOST_KEPT && outcomes.insert(hasher.hash_one(told))
    };
    for input in &inputs {
        is_new(&run(input));
    }
    let mutator = Mutator::new(words, &inputs);
    let mut random = StdRng::seed_from_u64(seed);
    let (began, mut executions) = (Instant::now(), inputs.len() as u64);
    while began.elapsed() < time {
        // The newest inputs are the least explored.
        let at = if random.random_bool(0.3) {
            inputs.len() - 1 - random.random_range(0..inputs.len().min(16))
        } else {
            random.random_range(0..inputs.len())
        };
        let other = pick(&mut random, &inputs);
        let input = mutator.mutated(&mut random, &inputs[at], other);
        let outcome = run(&input);
        executions += 1;
        if is_new(&outcome) {
            inputs.push(input);
        }
    }
    let (seconds, kept) = (began.elapsed().as_secs(), inputs.len());
    // Not a macro: those are captured.
    let told =
        format!("fuzz {name}: {executions} executions in {seconds} s, {kept} inputs kept, seed {seed}\n");
    let _ = stderr().write_all(told.as_bytes());
}

/// Fails when a text for people holds a character that a terminal takes for a command or that changes the direction of
/// text, or is longer than `most` characters.
///
/// # Panics
/// When it does.
pub fn assert_shown(text: &str, most: usize) {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.chars().any(hidden), "control characters are shown: {text:?}");
    let length = text.chars().count();
    assert!(
        length <= most,
        "a text of {length} characters is shown: {:?}",
        text.chars().take(100).collect::<String>()
    );
}
