//! A run of another process, with its progress reported here.

use std::collections::HashMap;

use sync_engine::{Phase, ProgressSink, ReadPhase, SyncCheckpoint};
use sync_model::ObjectKind;

use crate::active_runs::RunPhase;

/// The progress of a phase as seen from here.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    phase: Phase,
    done: u64,
    total: Option<u64>,
    ended: bool,
}

impl Seen {
    /// The only phase of a sync that the store reports: pages that were read, and no sends.
    pub fn of_checkpoint(checkpoint: &SyncCheckpoint) -> Self {
        let read = |kind| checkpoint.read.get(&kind).copied().unwrap_or_default();
        let (phase, done) = match checkpoint.phase {
            ReadPhase::Groups => (Phase::Groups, read(ObjectKind::Group)),
            ReadPhase::Members => (Phase::Members, 0),
            ReadPhase::Users => (Phase::Users, read(ObjectKind::User)),
            ReadPhase::Unlisted => (Phase::Unlisted, 0),
            ReadPhase::Complete => (Phase::Sending, 0),
        };
        Self { phase, done, total: None, ended: false }
    }
}

impl From<&RunPhase> for Seen {
    fn from(phase: &RunPhase) -> Self {
        Self { phase: phase.phase, done: phase.done, total: phase.total, ended: phase.ended_at.is_some() }
    }
}

/// The progress that was reported so far.
#[derive(Debug, Default)]
pub struct Watched {
    reported: HashMap<Phase, PhaseProgress>,
}

#[derive(Debug, Clone, Copy)]
struct PhaseProgress {
    done: u64,
    ended: bool,
}

impl Watched {
    /// Reports new progress. A phase that is no longer reported has ended.
    pub fn report(&mut self, seen: &[Seen], progress: &dyn ProgressSink) {
        for (phase, reported) in &mut self.reported {
            if !reported.ended && seen.iter().all(|now| now.phase != *phase) {
                reported.ended = true;
                progress.end(*phase);
            }
        }
        for now in seen {
            self.report_phase(now, progress);
        }
    }

    /// Reports the end of all phases.
    pub fn end(mut self, progress: &dyn ProgressSink) {
        self.report(&[], progress);
    }

    fn report_phase(&mut self, now: &Seen, progress: &dyn ProgressSink) {
        let before = self.reported.insert(now.phase, PhaseProgress { done: now.done, ended: now.ended });
        // A repeated phase counts from zero.
        let continues = before.filter(|reported| now.done >= reported.done && (now.ended || !reported.ended));
        match (before, continues) {
            (_, Some(reported)) if reported.ended => return,
            (_, Some(reported)) => {
                if now.done > reported.done {
                    progress.advance(now.phase, now.done - reported.done);
                }
            }
            (before, None) => {
                if before.is_some_and(|reported| !reported.ended) {
                    progress.end(now.phase);
                }
                progress.begin(now.phase, now.total);
                if now.done > 0 {
                    // Progress from before the observation.
                    progress.resume(now.phase, now.done);
                }
            }
        }
        if now.ended {
            progress.end(now.phase);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use sync_engine::{Reading, SyncMode};

    use super::*;

    /// Records the reported progress.
    #[derive(Default)]
    struct Written(Mutex<Vec<String>>);

    impl Written {
        fn write(&self, line: String) {
            self.0.lock().unwrap().push(line);
        }

        fn taken(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl ProgressSink for Written {
        fn begin(&self, phase: Phase, total: Option<u64>) {
            self.write(format!("{phase:?} begins, of {total:?}"));
        }

        fn resume(&self, phase: Phase, items: u64) {
            self.write(format!("{phase:?} had {items}"));
        }

        fn advance(&self, phase: Phase, items: u64) {
            self.write(format!("{phase:?} +{items}"));
        }

        fn end(&self, phase: Phase) {
            self.write(format!("{phase:?} ends"));
        }
    }

    fn at(phase: Phase, done: u64) -> Seen {
        Seen { phase, done, total: Some(10), ended: false }
    }

    fn ended(phase: Phase, done: u64) -> Seen {
        Seen { ended: true, ..at(phase, done) }
    }

    #[test]
    fn phase_reports_only_new_progress() {
        let (mut watched, reported) = (Watched::default(), Written::default());
        watched.report(&[at(Phase::Groups, 2)], &reported);
        watched.report(&[at(Phase::Groups, 2)], &reported);
        watched.report(&[at(Phase::Groups, 5)], &reported);
        assert_eq!(reported.taken(), ["Groups begins, of Some(10)", "Groups had 2", "Groups +3"]);
        watched.report(&[ended(Phase::Groups, 6), at(Phase::Users, 0)], &reported);
        assert_eq!(reported.taken(), ["Groups +1", "Groups ends", "Users begins, of Some(10)"]);
        watched.report(&[ended(Phase::Groups, 6), at(Phase::Users, 0)], &reported);
        watched.end(&reported);
        assert_eq!(reported.taken(), ["Users ends"]);
    }

    #[test]
    fn phase_between_polls_is_reported() {
        let (mut watched, reported) = (Watched::default(), Written::default());
        watched.report(&[ended(Phase::Schema, 0), ended(Phase::Groups, 4)], &reported);
        let all = ["Schema begins, of Some(10)", "Schema ends"];
        assert_eq!(
            reported.taken(),
            [&all[..], &["Groups begins, of Some(10)", "Groups had 4", "Groups ends"]].concat()
        );
        watched.end(&reported);
        assert_eq!(reported.taken(), [""; 0]);
    }

    #[test]
    fn repeated_phase_begins_again() {
        let (mut watched, reported) = (Watched::default(), Written::default());
        watched.report(&[at(Phase::Users, 8)], &reported);
        reported.taken();
        watched.report(&[at(Phase::Users, 1)], &reported);
        assert_eq!(reported.taken(), ["Users ends", "Users begins, of Some(10)", "Users had 1"]);
        watched.report(&[ended(Phase::Users, 1)], &reported);
        reported.taken();
        watched.report(&[at(Phase::Users, 2)], &reported);
        assert_eq!(reported.taken(), ["Users begins, of Some(10)", "Users had 2"]);
    }

    #[test]
    fn checkpoint_reports_one_phase() {
        let (mut watched, reported) = (Watched::default(), Written::default());
        let mut checkpoint = SyncCheckpoint::new(SyncMode::Full, Reading::FIRST, "mapping");
        checkpoint.read.insert(ObjectKind::Group, 3);
        watched.report(&[Seen::of_checkpoint(&checkpoint)], &reported);
        checkpoint.phase = ReadPhase::Users;
        watched.report(&[Seen::of_checkpoint(&checkpoint)], &reported);
        assert_eq!(
            reported.taken(),
            ["Groups begins, of None", "Groups had 3", "Groups ends", "Users begins, of None"]
        );
    }
}
