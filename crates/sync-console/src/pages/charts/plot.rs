//! Lines over the last day as SVG.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sync_engine::MetricSample;

use super::super::components::capital;

/// The drawing, in its own units.
const WIDTH: i64 = 320;
const HEIGHT: i64 = 130;
/// The area of the lines.
const LEFT: i64 = 4;
const RIGHT: i64 = WIDTH - 4;
const TOP: i64 = 18;
const BOTTOM: i64 = HEIGHT - 18;
/// Samples of one column are one point, the highest of them: there are no more points than pixels.
const COLUMNS: i64 = 288;
/// A line breaks where there was no sample for so long.
const GAP: i64 = 900;
/// A value that exceeds the usual one by this factor is left out of a truncated scale.
const FAR: u64 = 4;

/// One line.
pub(super) struct Series {
    name: &'static str,
    points: Vec<(Timestamp, u64)>,
}

impl Series {
    pub(super) fn of(
        name: &'static str,
        samples: &[MetricSample],
        value: impl Fn(&MetricSample) -> Option<u64>,
    ) -> Self {
        Self { name, points: samples.iter().filter_map(|s| Some((s.sampled_at, value(s)?))).collect() }
    }

    /// The value that 95% of the values stay below.
    fn usual(&self) -> u64 {
        let mut values: Vec<u64> = self.points.iter().map(|(_, value)| *value).collect();
        values.sort_unstable();
        values.get(values.len() * 19 / 20).copied().unwrap_or(0)
    }

    /// The same in words.
    fn range_text(&self, said: &dyn Fn(u64) -> String) -> String {
        let values = || self.points.iter().map(|(_, value)| *value);
        match (self.points.last(), values().min(), values().max()) {
            (Some((_, last)), Some(least), Some(most)) => {
                format!("{}: now {}, min {}, max {}", self.name, said(*last), said(least), said(most))
            }
            _ => format!("{}: no data yet", self.name),
        }
    }
}

/// A chart.
pub(super) struct Plot<'p> {
    pub(super) title: &'static str,
    pub(super) now: Timestamp,
    /// The displayed time in seconds.
    pub(super) seconds: i64,
    /// The scale goes up to this at least.
    pub(super) least: u64,
    /// True if the scale leaves out rare values that are far above all others.
    pub(super) cut: bool,
    /// A value in readable form.
    pub(super) said: &'p dyn Fn(u64) -> String,
    pub(super) series: &'p [Series],
    /// Marked times, and their events.
    pub(super) marks: &'p [Timestamp],
    pub(super) marked: &'static str,
}

impl Plot<'_> {
    pub(super) fn figure(&self) -> Markup {
        let top = self.top();
        let peak = self.series.iter().flat_map(|s| &s.points).max_by_key(|(_, value)| *value);
        let peak = peak.filter(|(_, value)| *value > top);
        let mut words: Vec<String> =
            self.series.iter().map(|series| capital(&series.range_text(self.said))).collect();
        if !self.marks.is_empty() {
            words.push(format!("{} {}", self.marked, times(self.marks.len())));
        }
        let alternative =
            format!("{}, from {} until now. {}.", self.title, ago(self.seconds), words.join(". "));
        html! {
            figure.card {
                figcaption {
                    strong { (self.title) }
                    @for (at, words) in words.iter().enumerate() {
                        div.small.muted { @if self.series.len() > 1 && at < self.series.len() { span class={ "key key-" (at) } aria-hidden="true" {} " " } (words) }
                    }
                }
                svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(alternative) {
                    @for y in [TOP, i64::midpoint(TOP, BOTTOM), BOTTOM] { line.rule x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) {} }
                    @for at in self.marks { @let x = self.x(*at); line.mark x1=(x) x2=(x) y1=(TOP) y2=(BOTTOM) {} }
                    @for (at, series) in self.series.iter().enumerate() {
                        @let segments = self.segments(series, top);
                        @if self.series.len() == 1 { path.area d=(area(&segments)) {} }
                        path class={ "line line-" (at) } d=(line(&segments)) {}
                    }
                    @if let Some((at, value)) = peak {
                        @let (x, anchor) = self.beside(*at);
                        text x=(x) y=(TOP - 3) text-anchor=(anchor) { "peak " ((self.said)(*value)) }
                    }
                    @for (y, value) in [(TOP, top), (i64::midpoint(TOP, BOTTOM), top / 2), (BOTTOM, 0)] { text x=(LEFT) y=(y - 3) { ((self.said)(value)) } }
                    @for (at, age, anchor) in [(LEFT, self.seconds, "start"), (i64::midpoint(LEFT, RIGHT), self.seconds / 2, "middle"), (RIGHT, 0, "end")] {
                        text x=(at) y=(HEIGHT - 4) text-anchor=(anchor) { (ago(age)) }
                    }
                }
            }
        }
    }

    /// The top of the scale.
    fn top(&self) -> u64 {
        let highest = |series: &Series| series.points.iter().map(|(_, value)| *value).max().unwrap_or(0);
        let most = self.series.iter().map(highest).max().unwrap_or(0);
        let usual = self.series.iter().map(Series::usual).max().unwrap_or(0);
        let limit = usual.max(self.least).saturating_mul(FAR);
        if !self.cut || most <= limit {
            return most.max(self.least);
        }
        let values = self.series.iter().flat_map(|s| &s.points).map(|(_, value)| *value);
        values.filter(|value| *value <= limit).max().unwrap_or(0).max(self.least)
    }

    /// The position of a label above a moment: on the side with room, and not on the scale's.
    fn beside(&self, at: Timestamp) -> (i64, &'static str) {
        match self.x(at) {
            x if x < i64::midpoint(LEFT, RIGHT) => (x.max(LEFT + 40), "start"),
            x => (x, "end"),
        }
    }

    /// The position of a moment, in whole units.
    fn x(&self, at: Timestamp) -> i64 {
        let age = self.now.duration_since(at).as_secs().clamp(0, self.seconds);
        RIGHT - age * (RIGHT - LEFT) / self.seconds
    }

    /// The points of a line, in tenths of a unit, with gaps where data is missing.
    fn segments(&self, series: &Series, top: u64) -> Vec<Vec<(i64, i64)>> {
        let mut segments: Vec<Vec<(i64, i64)>> = Vec::new();
        let mut last: Option<(Timestamp, i64)> = None;
        for &(at, value) in &series.points {
            let age = self.now.duration_since(at);
            if age > SignedDuration::from_secs(self.seconds) {
                continue;
            }
            let column = age.as_secs().max(0) * COLUMNS / self.seconds;
            let x = RIGHT * 10 - column * (RIGHT - LEFT) * 10 / COLUMNS;
            let height = u128::from(value.min(top)) * u128::from((BOTTOM - TOP).unsigned_abs()) * 10
                / u128::from(top.max(1));
            let y = BOTTOM * 10 - i64::try_from(height).unwrap_or(0);
            let goes_on =
                last.is_some_and(|(before, _)| at.duration_since(before) <= SignedDuration::from_secs(GAP));
            match (segments.last_mut(), last) {
                (Some(segment), Some((_, before))) if goes_on && before == column => {
                    if let Some(point) = segment.last_mut() {
                        point.1 = point.1.min(y);
                    }
                }
                (Some(segment), _) if goes_on => segment.push((x, y)),
                _ => segments.push(vec![(x, y)]),
            }
            last = Some((at, column));
        }
        segments
    }
}

fn ago(seconds: i64) -> String {
    match seconds {
        0 => "now".to_owned(),
        seconds if seconds % 3600 == 0 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} min ago", seconds / 60),
    }
}

fn times(n: usize) -> String {
    if n == 1 { "in 1 minute".to_owned() } else { format!("in {n} minutes") }
}

fn tenths(n: i64) -> String {
    format!("{}.{}", n / 10, n % 10)
}

fn line(segments: &[Vec<(i64, i64)>]) -> String {
    let mut path = String::new();
    for segment in segments {
        for (at, (x, y)) in segment.iter().enumerate() {
            let letter = if at == 0 { 'M' } else { 'L' };
            // Writing to a text does not fail.
            let _ = write!(path, "{letter}{} {}", tenths(*x), tenths(*y));
        }
        if segment.len() == 1 {
            path.push_str("h0.1");
        }
    }
    path
}

fn area(segments: &[Vec<(i64, i64)>]) -> String {
    let mut path = String::new();
    for segment in segments.iter().filter(|segment| segment.len() > 1) {
        if let (Some((first, _)), Some((last, _))) = (segment.first(), segment.last()) {
            path.push_str(&line(std::slice::from_ref(segment)));
            let _ = write!(path, "L{} {BOTTOM}L{} {BOTTOM}Z", tenths(*last), tenths(*first));
        }
    }
    path
}
