//! Progress on standard error: bars on a terminal, periodic lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use sync_engine::{Phase, ProgressSink};
use tokio::time::Instant;

use crate::words::units::number;

/// The time between two lines of a phase without a terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// The progress of a phase without a terminal.
struct Line {
    started: Instant,
    printed: Instant,
    done: u64,
    total: Option<u64>,
}

enum Shown {
    Bar(ProgressBar),
    Line(Line),
}

/// A bar or lines for each phase.
pub(crate) struct Bars {
    /// `None` without a terminal.
    all: Option<MultiProgress>,
    phases: Mutex<HashMap<Phase, Shown>>,
}

impl Bars {
    /// Bars where standard error is a terminal, lines elsewhere.
    pub(crate) fn new() -> Self {
        let all = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { all, phases: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Phase, Shown>> {
        self.phases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bar(total: Option<u64>, phase: Phase) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{spinner} {msg:28} {wide_bar} {human_pos}/{human_len}  {rate}  {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {msg:28} {human_pos}  {rate}  {elapsed}"),
    };
    // The templates are fixed; a bar without style is still a bar.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // A bar that cannot be written is not an error.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        });
    bar.with_style(style).with_message(plain_text::phase(phase))
}

impl Line {
    fn print(&self, phase: Phase) {
        eprintln!("{}", line(phase, self.done, self.total, self.started.elapsed()));
    }
}

/// The progress of a phase, its rate, and the remaining time if the total is known.
// Counts are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn line(phase: Phase, done: u64, total: Option<u64>, time: Duration) -> String {
    let label = plain_text::phase(phase);
    let rate = done as f64 / time.as_secs_f64().max(0.001);
    match total.filter(|_| done > 0) {
        Some(total) => {
            let left = total.saturating_sub(done) as f64 / rate;
            format!("{label}: {} of {}, {rate:.0}/s, about {left:.0} s left", number(done), number(total))
        }
        None => format!("{label}: {}, {rate:.0}/s", number(done)),
    }
}

impl ProgressSink for Bars {
    fn begin(&self, phase: Phase, total: Option<u64>) {
        let shown = match &self.all {
            Some(all) => {
                let bar = all.add(bar(total, phase));
                bar.enable_steady_tick(Duration::from_millis(120));
                Shown::Bar(bar)
            }
            None => Shown::Line(Line { started: Instant::now(), printed: Instant::now(), done: 0, total }),
        };
        self.lock().insert(phase, shown);
    }

    fn advance(&self, phase: Phase, items: u64) {
        match self.lock().get_mut(&phase) {
            Some(Shown::Bar(bar)) => bar.inc(items),
            Some(Shown::Line(line)) => {
                line.done += items;
                if line.printed.elapsed() >= INTERVAL {
                    line.printed = Instant::now();
                    line.print(phase);
                }
            }
            None => {}
        }
    }

    fn end(&self, phase: Phase) {
        match self.lock().remove(&phase) {
            Some(Shown::Bar(bar)) => bar.finish_and_clear(),
            // A phase with lines has a last line.
            Some(Shown::Line(line)) if line.started.elapsed() >= INTERVAL => line.print(phase),
            _ => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // After an error, bars would remain.
        for shown in self.lock().values() {
            if let Shown::Bar(bar) = shown {
                bar.finish_and_clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_rate_and_remaining_time() {
        let shown = |done, total| line(Phase::Users, done, total, Duration::from_secs(20));
        assert_eq!(shown(1000, Some(4000)), "Reading users: 1,000 of 4,000, 50/s, about 60 s left");
        assert_eq!(shown(1000, None), "Reading users: 1,000, 50/s");
        assert_eq!(shown(0, Some(4000)), "Reading users: 0, 0/s");
    }
}
