//! Durations of runs.

use jiff::SignedDuration;
use maud::{Markup, html};
use sync_engine::RunSummary;

use super::super::components::span;

/// The duration of a run.
pub(super) fn duration(run: &RunSummary) -> Markup {
    html! {
        @match (&run.report, run.ended_at) {
            (Some(report), _) => (length(report.duration_seconds)),
            (None, Some(ended)) => (span(ended.duration_since(run.started_at))),
            (None, None) => "–",
        }
    }
}

/// A duration with tenths of a second, as most runs are short.
pub(in super::super) fn length(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        span(SignedDuration::try_from_secs_f64(seconds).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_duration_has_tenths() {
        assert_eq!(length(0.25), "0.2 s");
        assert_eq!(length(75.0), "1 min 15 s");
        assert_eq!(length(f64::NAN), "0 s");
    }
}
