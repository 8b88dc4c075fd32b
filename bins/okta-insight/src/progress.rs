//! Progress on standard error: bars on a terminal, a line now and then elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use sync_service::engine::{Phase, ProgressSink};

/// How often a phase is told of where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// How far a phase has come, without a terminal.
struct Line {
    began: Instant,
    told: Instant,
    done: u64,
    total: Option<u64>,
}

enum Shown {
    Bar(ProgressBar),
    Line(Line),
}

/// A bar for each phase that takes time, or lines.
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
        Some(total) => {
            (ProgressBar::new(total), "{spinner} {msg:28} {wide_bar} {pos}/{len}  {rate}  {eta} left")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {msg:28} {human_pos}  {rate}  {elapsed}"),
    };
    // The templates are fixed; a bar without style is still a bar.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // A bar that cannot be written is not worth an error.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        });
    bar.with_style(style).with_message(phase.to_string())
}

impl Line {
    fn tell(&self, phase: Phase) {
        eprintln!("{}", line(phase, self.done, self.total, self.began.elapsed()));
    }
}

/// How far a phase has come, how fast it goes, and how long it will take where that can be told.
// Counts are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn line(phase: Phase, done: u64, total: Option<u64>, time: Duration) -> String {
    let rate = done as f64 / time.as_secs_f64().max(0.001);
    match total.filter(|_| done > 0) {
        Some(total) => {
            let left = total.saturating_sub(done) as f64 / rate;
            format!("{phase}: {done} of {total}, {rate:.0}/s, about {left:.0} s left")
        }
        None => format!("{phase}: {done}, {rate:.0}/s"),
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
            None => Shown::Line(Line { began: Instant::now(), told: Instant::now(), done: 0, total }),
        };
        self.lock().insert(phase, shown);
    }

    fn advance(&self, phase: Phase, items: u64) {
        match self.lock().get_mut(&phase) {
            Some(Shown::Bar(bar)) => bar.inc(items),
            Some(Shown::Line(line)) => {
                line.done += items;
                if line.told.elapsed() >= EVERY {
                    line.told = Instant::now();
                    line.tell(phase);
                }
            }
            None => {}
        }
    }

    fn end(&self, phase: Phase) {
        match self.lock().remove(&phase) {
            Some(Shown::Bar(bar)) => bar.finish_and_clear(),
            // A phase that was told of has an end that is told of.
            Some(Shown::Line(line)) if line.began.elapsed() >= EVERY => line.tell(phase),
            _ => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // After an error bars would stay behind, half full.
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
    fn a_line_tells_rate_and_remaining_time_where_there_is_an_end() {
        let told = |done, total| line(Phase::Users, done, total, Duration::from_secs(20));
        assert_eq!(told(1000, Some(4000)), "Reading users: 1000 of 4000, 50/s, about 60 s left");
        assert_eq!(told(1000, None), "Reading users: 1000, 50/s");
        assert_eq!(told(0, Some(4000)), "Reading users: 0, 0/s", "nobody knows how long nothing takes");
    }
}
