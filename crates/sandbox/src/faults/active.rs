//! The active faults and their dice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::fault::Fault;
use super::spec::{FaultSpec, Often, name, place};

/// The duration of a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    For(Duration),
    UntilTold,
}

/// The active faults. Each kind of fault has its own dice, so that its frequency doesn't change the others.
pub(crate) struct Faults {
    state: Mutex<State>,
    /// Wakes work that is delayed until its release.
    release: Arc<Notify>,
}

struct State {
    spec: FaultSpec,
    dice: BTreeMap<Fault, StdRng>,
    struck: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub(crate) fn new(spec: FaultSpec) -> Self {
        let state = State { spec, dice: BTreeMap::new(), struck: BTreeMap::new() };
        Self { state: Mutex::new(state), release: Arc::new(Notify::new()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the faults. The dice start again from the seed.
    pub(crate) fn set(&self, spec: FaultSpec) {
        let mut state = self.state();
        state.spec = spec;
        state.dice.clear();
        state.struck.clear();
    }

    /// The active faults.
    pub(crate) fn spec(&self) -> FaultSpec {
        self.state().spec.clone()
    }

    /// The active faults, and the number of times that each one occurred.
    pub(crate) fn show(&self) -> Value {
        let state = self.state();
        json!({ "spec": state.spec.to_json(), "text": state.spec.to_string(), "struck": state.struck })
    }

    /// True if a fault occurs this time.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        self.hold(fault).is_some()
    }

    /// True if a fault occurs for a request to this path.
    pub(crate) fn strikes_at(&self, fault: Fault, path: &str) -> bool {
        self.held_at(fault, path).is_some()
    }

    /// For how long a fault holds a request to this path up, if it does.
    pub(crate) fn time_at(&self, fault: Fault, path: &str) -> Option<Duration> {
        match self.held_at(fault, path)? {
            Hold::For(time) => Some(time),
            Hold::UntilTold => None,
        }
    }

    /// For how long a fault strikes this time, if it does.
    pub(crate) fn time(&self, fault: Fault) -> Option<Duration> {
        match self.hold(fault)? {
            Hold::For(time) => Some(time),
            Hold::UntilTold => None,
        }
    }

    /// The delay of this occurrence, if there is one.
    pub(crate) fn hold(&self, fault: Fault) -> Option<Hold> {
        self.held_at(fault, "")
    }

    fn held_at(&self, fault: Fault, path: &str) -> Option<Hold> {
        let mut state = self.state();
        let state = &mut *state;
        let setting = state.spec.setting(fault)?;
        if setting.path.is_some_and(|part| !path.contains(&part)) {
            return None;
        }
        let seed = state.spec.seed;
        let dice = state
            .dice
            .entry(fault)
            .or_insert_with(|| StdRng::seed_from_u64(seed.wrapping_mul(1_000_003) ^ place(fault)));
        let struck = state.struck.entry(name(fault)).or_default();
        let strikes = match setting.often {
            Often::Chance(share) => dice.random_bool(share),
            Often::First(count) => *struck < count,
        };
        if !strikes {
            return None;
        }
        *struck += 1;
        Some(match setting.time {
            Some((least, most)) => Hold::For(Duration::from_millis(dice.random_range(least..=most))),
            None => Hold::UntilTold,
        })
    }

    /// Picks one of several ways to fail, by the dice of that fault.
    pub(crate) fn pick<T: Copy>(&self, fault: Fault, from: &[T], otherwise: T) -> T {
        let mut state = self.state();
        let chosen = state.dice.get_mut(&fault).map_or(0, |dice| dice.random_range(0..from.len()));
        from.get(chosen).copied().unwrap_or(otherwise)
    }

    /// Releases all delayed work.
    pub(crate) fn release(&self) {
        self.release.notify_waiters();
    }

    /// Ends at the next release. Counts from this call, not from the first poll.
    pub(crate) fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.release).notified_owned()
    }

    /// Ends after a time, or at the next release.
    pub(crate) fn delay(&self, time: Duration) -> impl Future<Output = ()> + Send + use<> {
        let told = self.released();
        async move {
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = told => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::fault::Side;

    #[test]
    fn other_faults_leave_seeded_decisions_unchanged() {
        let decisions = |also: bool| -> Vec<bool> {
            let faults = Faults::new("seed=7,okta.429=0.5,hooks.lost=0.5".parse().unwrap());
            (0..64)
                .map(|_| {
                    if also {
                        faults.strikes(Fault::HookLost);
                    }
                    faults.strikes(Fault::RateLimited(Side::Okta))
                })
                .collect()
        };
        assert_eq!(decisions(false), decisions(true));
        assert!(decisions(false).contains(&true) && decisions(false).contains(&false));
    }

    #[test]
    fn counted_fault_stops_at_its_count() {
        let faults = Faults::new("okta.reset=2x".parse().unwrap());
        let decisions: Vec<bool> = (0..5).map(|_| faults.strikes(Fault::Reset(Side::Okta))).collect();
        assert_eq!(decisions, [true, true, false, false, false]);
    }

    #[test]
    fn fault_with_path_matches_only_it() {
        let faults = Faults::new("okta.reset=1x/api/v1/logs".parse().unwrap());
        let paths = ["/api/v1/users", "/api/v1/logs", "/api/v1/logs"];
        assert_eq!(paths.map(|path| faults.strikes_at(Fault::Reset(Side::Okta), path)), [false, true, false]);
    }

    #[test]
    fn default_spec_injects_no_faults() {
        let faults = Faults::new(FaultSpec::default());
        assert!((0..100).all(|_| !faults.strikes(Fault::Reset(Side::Okta))));
    }
}
