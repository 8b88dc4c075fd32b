//! The clock of the machine that the engine runs on, which somebody sets.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sync_engine::Clock;

/// From a second to a year.
const STEPS: [i64; 8] = [1, 7, 60, 600, 3600, 86_400, 30 * 86_400, 365 * 86_400];

/// The time of day, and how many seconds it is off.
#[derive(Debug, Default)]
pub(crate) struct SetByHand(AtomicI64);

impl SetByHand {
    /// Sets it right.
    pub(crate) fn set_right(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Sets it to another time in either direction, or right again.
    pub(crate) fn step(&self, dice: &mut StdRng) {
        let by = STEPS.choose(dice).copied().unwrap_or_default();
        let off = match dice.random_range(0..3) {
            0 => 0,
            1 => by,
            _ => -by,
        };
        if std::env::var("ORACLE_CLOCK").as_deref() != Ok("off") {
            self.0.store(off, Ordering::Relaxed);
        }
    }
}

impl Clock for SetByHand {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}
