//! An end for inputs that a target does not come back from.

use std::io::{Write as _, stderr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use crate::corpus::Corpus;

/// Inputs are small: a target that takes so long, even on a busy machine, does not come back.
const HANGS: Duration = Duration::from_mins(2);
/// The pause between looks.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
struct State {
    running: Option<(Instant, Vec<u8>)>,
    over: bool,
}

/// Watches one target; ends with it.
#[derive(Debug)]
pub(crate) struct Watchdog(Arc<Mutex<State>>);

impl Watchdog {
    pub(crate) fn start(corpus: &Corpus) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (watched, path) = (Arc::clone(&state), corpus.folder().join("found-hang"));
        thread::spawn(move || watch(&watched, &path));
        Self(state)
    }

    /// An input begins to run.
    pub(crate) fn watch(&self, input: &[u8]) {
        lock(&self.0).running = Some((Instant::now(), input.to_vec()));
    }

    /// It has ended.
    pub(crate) fn rest(&self) {
        lock(&self.0).running = None;
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        lock(&self.0).over = true;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(state: &Mutex<State>, path: &PathBuf) {
    loop {
        thread::sleep(PAUSE);
        let state = lock(state);
        if state.over {
            return;
        }
        if let Some((began, input)) = &state.running
            && began.elapsed() > HANGS
        {
            let _ = fs::write(path, input);
            let _ = writeln!(stderr(), "fuzz: no end after {HANGS:?} with {}", path.display());
            process::abort();
        }
    }
}
