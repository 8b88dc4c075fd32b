//! Charts of the last day, drawn here: lines over time, each with the same in words.

use std::sync::Arc;
use std::time::Duration;

mod plot;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sync_service::engine::MetricSample;
use sync_service::{ManagedConnection, ServiceError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::components::{number, span};
use super::stream::Part;
use plot::{Plot, Series};

/// What the charts are about.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Figures come so often, and charts are drawn no more often.
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

    /// The charts, as they are now or were less than a minute ago.
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
    // Why a connection cannot work is said above.
    let Ok(connection) = member.connection() else { return Ok(html! {}) };
    let now = Timestamp::now();
    let since = now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    Ok(of(&connection.samples(since).await?, now))
}

fn of(samples: &[MetricSample], now: Timestamp) -> Markup {
    let charts = html! {
        div.grid {
            (freshness(now, samples))
            (work(now, samples))
            (rate_limit(now, samples))
        }
    };
    html! {
        section aria-labelledby="charts" {
            h2 #charts { "The last day" }
            @if samples.is_empty() {
                p.muted { "Figures come once a minute while the daemon runs." }
            } @else { (charts) }
        }
    }
}

/// How far the charts go back, in seconds: to the oldest sample, in steps that people know, and a day at most.
fn shown(samples: &[MetricSample], now: Timestamp) -> i64 {
    let age = samples.first().map_or(0, |oldest| now.duration_since(oldest.sampled_at).as_secs());
    [1, 3, 6, 12].map(|hours| hours * 3600).into_iter().find(|step| age <= *step).unwrap_or(DAY.as_secs())
}

fn freshness(now: Timestamp, samples: &[MetricSample]) -> Markup {
    let age = |sample: &MetricSample| sample.lag_seconds;
    let said = |seconds: u64| span(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
    Plot {
        title: "Age of what Assets knows",
        now,
        seconds: shown(samples, now),
        least: 60,
        cut: false,
        said: &said,
        series: &[Series::of("age", samples, age)],
        marks: &[],
        marked: "",
    }
    .figure()
}

fn work(now: Timestamp, samples: &[MetricSample]) -> Markup {
    Plot {
        title: "Applied each minute",
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
    let used = |sample: &MetricSample| sample.rate_limit_permille.map(u64::from);
    let said = |permille: u64| format!("{} %", permille.div_ceil(10));
    let refused: Vec<Timestamp> =
        samples.iter().filter(|s| s.okta_throttled_requests > 0).map(|s| s.sampled_at).collect();
    Plot {
        title: "Use of Okta's rate limits",
        now,
        seconds: shown(samples, now),
        least: 1000,
        cut: false,
        said: &said,
        series: &[Series::of("use", samples, used)],
        marks: &refused,
        marked: "Okta refused requests",
    }
    .figure()
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
            rate_limit_permille: (n != 600).then_some(u16::try_from(n % 500).unwrap()),
        }
    }

    #[test]
    fn without_samples_it_is_said_when_there_are_some() {
        insta::assert_snapshot!(of(&[], NOW).into_string());
    }

    #[test]
    fn lines_break_where_nobody_took_samples_and_words_say_the_same() {
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
    fn a_young_daemon_is_not_drawn_as_a_dot_at_the_end_of_a_day() {
        let hours = |minutes: i64| shown(&[sample(minutes), sample(0)], NOW) / 3600;
        assert_eq!([0, 59, 61, 400, 1000, 2000].map(hours), [1, 1, 3, 12, 24, 24]);
        let drawn = of(&[sample(30), sample(15), sample(0)], NOW).into_string();
        assert!(drawn.contains("1 h ago") && drawn.contains("30 min ago") && !drawn.contains("24 h ago"));
    }

    #[test]
    fn a_first_load_does_not_flatten_the_rest_of_the_day() {
        let quiet: Vec<MetricSample> = (0..1000).rev().map(sample).collect();
        let mut busy = quiet.clone();
        busy[700].records_sent = 5000;
        let drawn = work(NOW, &busy).into_string();
        assert!(drawn.contains("Records: now 0, least 0, most 5\u{202f}000"), "{drawn}");
        assert!(drawn.contains("peak 5\u{202f}000"), "{drawn}");
        assert!(drawn.contains(">6</text>") && !drawn.contains(">5\u{202f}000</text>"), "{drawn}");
        assert!(!work(NOW, &quiet).into_string().contains("peak"));
    }

    #[test]
    fn a_whole_day_stays_small() {
        let samples: Vec<MetricSample> = (0..1500).rev().map(sample).collect();
        let drawn = of(&samples, NOW).into_string();
        assert!(drawn.len() < 40_000, "{}", drawn.len());
        assert_eq!(drawn.matches("<svg").count(), 3);
        assert_eq!(drawn.matches("class=\"mark\"").count(), 1);
    }
}
