//! Charts of the last 24 hours: lines over time, each with its figures as text.

use std::sync::Arc;
use std::time::Duration;

mod plot;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::MetricSample;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::components::{number, span};
use super::stream::Part;
use crate::words::overview as words;
use plot::{Plot, Series};

/// The longest range of the charts.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The interval of metric samples, at which charts are redrawn.
const ANEW: Duration = Duration::from_mins(1);

/// The charts of a connection.
pub(super) struct Charts {
    member: Arc<ManagedConnection>,
    drawn: Mutex<Option<(Instant, Part)>>,
}

impl Charts {
    pub(super) fn new(member: Arc<ManagedConnection>) -> Self {
        Self { member, drawn: Mutex::default() }
    }

    /// The charts, at most one minute old.
    pub(super) async fn part(&self) -> Result<Part, ServiceError> {
        let mut drawn = self.drawn.lock().await;
        if let Some((at, part)) = drawn.as_ref()
            && at.elapsed() < ANEW
        {
            return Ok(part.clone());
        }
        let part = Part::new("charts", section(&self.member).await?);
        *drawn = Some((Instant::now(), part.clone()));
        Ok(part)
    }
}

async fn section(member: &ManagedConnection) -> Result<Markup, ServiceError> {
    // The reason why a connection is unavailable is shown above.
    let Ok(connection) = member.connection() else { return Ok(html! {}) };
    let now = connection.now();
    let since = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    Ok(of(&connection.metric_samples(since).await?, now))
}

fn of(samples: &[MetricSample], now: Timestamp) -> Markup {
    let charts = html! {
        div.grid {
            (lag(now, samples))
            (work(now, samples))
            (rate_limit(now, samples))
        }
    };
    html! {
        section aria-labelledby="charts" {
            h2 #charts { (words::CHARTS) }
            @if samples.is_empty() {
                p.muted { (words::NO_SAMPLES) }
            } @else { (charts) }
        }
    }
}

/// The range of the charts in seconds: to the oldest sample, rounded up to common steps, and at most 24 hours.
fn shown(samples: &[MetricSample], now: Timestamp) -> i64 {
    let age = samples.first().map_or(0, |oldest| now.duration_since(oldest.sampled_at).as_secs());
    [1, 3, 6, 12].map(|hours| hours * 3600).into_iter().find(|step| age <= *step).unwrap_or(DAY.as_secs())
}

fn lag(now: Timestamp, samples: &[MetricSample]) -> Markup {
    let lag = |sample: &MetricSample| sample.lag_seconds;
    let said = |seconds: u64| span(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
    Plot {
        title: "Lag",
        now,
        seconds: shown(samples, now),
        least: 60,
        cut: false,
        said: &said,
        series: &[Series::of("lag", samples, lag)],
        marks: &[],
        marked: "",
    }
    .figure()
}

fn work(now: Timestamp, samples: &[MetricSample]) -> Markup {
    Plot {
        title: "Applied per minute",
        now,
        seconds: shown(samples, now),
        least: 4,
        cut: true,
        said: &number,
        series: &[
            Series::of("events", samples, |sample| Some(sample.completed_events)),
            Series::of("records", samples, |sample| Some(sample.records_sent)),
        ],
        marks: &[],
        marked: "",
    }
    .figure()
}

fn rate_limit(now: Timestamp, samples: &[MetricSample]) -> Markup {
    let used = |sample: &MetricSample| sample.rate_limit_used_percent.map(tenths);
    let said = |tenths: u64| format!("{}%", tenths.div_ceil(10));
    let throttled: Vec<Timestamp> =
        samples.iter().filter(|s| s.okta_throttled_requests > 0).map(|s| s.sampled_at).collect();
    Plot {
        title: "Okta rate limit usage",
        now,
        seconds: shown(samples, now),
        least: 1000,
        cut: false,
        said: &said,
        series: &[Series::of("usage", samples, used)],
        marks: &throttled,
        marked: "Throttled requests",
    }
    .figure()
}

/// A percentage in tenths of a percent.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
fn tenths(percent: f64) -> u64 {
    (percent * 10.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_000_000, 0);

    fn sample(minutes_ago: i64) -> MetricSample {
        let n = u64::try_from(minutes_ago).unwrap();
        MetricSample {
            sampled_at: NOW.checked_sub(SignedDuration::from_mins(minutes_ago)).unwrap(),
            oldest_pending_change_seconds: None,
            lag_seconds: Some(30 + n),
            pending_events: 0,
            failed_events: 0,
            unconfirmed_records: 0,
            completed_events: n % 7,
            records_sent: n % 5,
            executions: 1,
            okta_requests: 3,
            okta_throttled_requests: u64::from(n == 300),
            rate_limit_used_percent: (n != 600).then_some(f64::from(u16::try_from(n % 500).unwrap()) / 10.0),
        }
    }

    #[test]
    fn empty_charts_explain_samples() {
        insta::assert_snapshot!(of(&[], NOW).into_string());
    }

    #[test]
    fn lines_break_without_samples() {
        // Nothing for two hours.
        let minutes = (0..1440).rev().step_by(10).filter(|n| !(600..720).contains(n));
        let mut samples: Vec<MetricSample> = minutes.map(sample).collect();
        samples.push(sample(0));
        let drawn = of(&samples, NOW).into_string();
        let age = drawn.split_once("line line-0\" d=\"").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(age.matches('M').count(), 2, "{age}");
        insta::assert_snapshot!(drawn.replace("><", ">\n<"));
    }

    #[test]
    fn range_follows_oldest_sample() {
        let hours = |minutes: i64| shown(&[sample(minutes), sample(0)], NOW) / 3600;
        assert_eq!([0, 59, 61, 400, 1000, 2000].map(hours), [1, 1, 3, 12, 24, 24]);
        let drawn = of(&[sample(30), sample(15), sample(0)], NOW).into_string();
        assert!(drawn.contains("1 h ago") && drawn.contains("30 min ago") && !drawn.contains("24 h ago"));
    }

    #[test]
    fn peak_does_not_flatten_chart() {
        let quiet: Vec<MetricSample> = (0..1000).rev().map(sample).collect();
        let mut busy = quiet.clone();
        busy[700].records_sent = 5000;
        let drawn = work(NOW, &busy).into_string();
        assert!(drawn.contains("Records: now 0, min 0, max 5,000"), "{drawn}");
        assert!(drawn.contains("peak 5,000"), "{drawn}");
        assert!(drawn.contains(">6</text>") && !drawn.contains(">5,000</text>"), "{drawn}");
        assert!(!work(NOW, &quiet).into_string().contains("peak"));
    }

    #[test]
    fn full_day_stays_small() {
        let samples: Vec<MetricSample> = (0..1500).rev().map(sample).collect();
        let drawn = of(&samples, NOW).into_string();
        assert!(drawn.len() < 40_000, "{}", drawn.len());
        assert_eq!(drawn.matches("<svg").count(), 3);
        assert_eq!(drawn.matches("class=\"mark\"").count(), 1);
    }
}
