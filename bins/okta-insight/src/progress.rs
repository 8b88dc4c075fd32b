//! Progress bars on a terminal; nothing elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use sync_service::engine::{Phase, Progress};

/// A bar for each phase that takes time.
pub(crate) struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<Phase, ProgressBar>>,
}

impl Bars {
    /// Bars on standard error when that is a terminal.
    pub(crate) fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self { all: MultiProgress::with_draw_target(target), bars: Mutex::default() }
    }

    fn with(&self, phase: Phase, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bars.lock().unwrap_or_else(PoisonError::into_inner).get(&phase) {
            act(bar);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, phase: Phase, total: Option<u64>) {
        let (bar, template) = match total {
            Some(total) => {
                (ProgressBar::new(total), "{spinner} {msg:28} {bar:30} {pos}/{len}  {rate}  {eta} left")
            }
            None => (ProgressBar::new_spinner(), "{spinner} {msg:28} {human_pos}  {elapsed}"),
        };
        // The templates are fixed; a bar without style is still a bar.
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // A bar that cannot be written is not worth an error.
                let _ = write!(out, "{:.0}/s", state.per_sec());
            });
        let bar = self.all.add(bar.with_style(style).with_message(phase.to_string()));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).insert(phase, bar);
    }

    fn advance(&self, phase: Phase, items: u64) {
        self.with(phase, |bar| bar.inc(items));
    }

    fn end(&self, phase: Phase) {
        self.with(phase, ProgressBar::finish_and_clear);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // After an error bars would stay behind, half full.
        for bar in self.bars.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bar.finish_and_clear();
        }
    }
}
