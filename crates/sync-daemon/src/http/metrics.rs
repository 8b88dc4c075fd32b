//! The metrics, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use admin_api::DaemonHealth;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use sync_engine::{Condition, ConditionStatus, LATENCY_BOUNDS, Process, RecordCounts, StoreEvidence};

use super::RefusedSignIns;
use super::intake::Intake;
use crate::health_inputs::HealthInputs;

/// The media type of the metrics.
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics of the daemon without a connection.
#[derive(Debug, Default)]
pub(super) struct Daemon {
    pub(super) deliveries: Arc<Intake>,
    pub(super) sign_ins: RefusedSignIns,
    pub(super) free_space: Option<u64>,
}

/// Renders the metrics of all connections and of the daemon.
pub(super) fn render(
    inputs: Vec<HealthInputs>,
    health: DaemonHealth,
    daemon: Option<Daemon>,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("okta_insight");
    registry.register_collector(Box::new(Scrape { inputs, health, daemon }));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Scrape {
    inputs: Vec<HealthInputs>,
    health: DaemonHealth,
    daemon: Option<Daemon>,
}

type Labels = Vec<(&'static str, String)>;

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page { encoder, inputs: &self.inputs };
        if let Some(daemon) = &self.daemon {
            page.daemon(daemon)?;
        }
        page.health(&self.health)?;
        page.freshness()?;
        page.times()?;
        page.queue()?;
        page.requests()?;
        page.results()?;
        page.latency()
    }
}

struct Page<'e, 'v> {
    encoder: DescriptorEncoder<'e>,
    inputs: &'v [HealthInputs],
}

impl Page<'_, '_> {
    fn health(&mut self, health: &DaemonHealth) -> fmt::Result {
        let help = "1 if the connection makes progress, as in /readyz";
        let mut metric = self.encoder.encode_descriptor("ready", help, None, MetricType::Gauge)?;
        for (name, connection) in &health.connections {
            metric.encode_family(&[("connection", name.as_str())])?.encode_gauge(&flag(connection.ready))?;
        }
        let help = "1 for the status of each condition, 0 for the other statuses";
        self.gauges("condition", help, |v| {
            let statuses = [ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown];
            let samples = |condition: &Condition| {
                let (kind, present) = (condition.kind.as_str(), condition.status);
                statuses.map(|status| {
                    let labels = vec![("type", kind.to_owned()), ("status", status.as_str().to_owned())];
                    (labels, flag(status == present))
                })
            };
            v.conditions().iter().flat_map(samples).collect()
        })?;
        self.gauges("firing_alerts", "Firing alerts by kind", |v| {
            let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
            for alert in &v.alerts {
                *kinds.entry(alert.kind.as_str()).or_default() += 1;
            }
            kinds.into_iter().map(|(kind, n)| (vec![("kind", kind.to_owned())], number(n))).collect()
        })
    }

    fn daemon(&mut self, daemon: &Daemon) -> fmt::Result {
        let help = "Version of the daemon";
        let mut metric = self.encoder.encode_descriptor("build_info", help, None, MetricType::Gauge)?;
        metric.encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?.encode_gauge(&1.0)?;
        self.rejections(daemon)?;
        let Some(free) = daemon.free_space else { return Ok(()) };
        let help = "Free space of the state store's file system";
        let mut metric = self.encoder.encode_descriptor("store_free_bytes", help, None, MetricType::Gauge)?;
        metric.encode_gauge(&number(free))
    }

    fn rejections(&mut self, daemon: &Daemon) -> fmt::Result {
        let deliveries = daemon.deliveries.refused().map(|(reason, n)| (reason.as_str(), n));
        self.by_reason("deliveries_refused", "Rejected deliveries by reason", deliveries)?;
        let sign_ins = daemon.sign_ins.counts().map(|(reason, n)| (reason.as_str(), n));
        self.by_reason("sign_ins_refused", "Rejected sign-ins and access tokens by reason", sign_ins)
    }

    fn by_reason(
        &mut self,
        name: &str,
        help: &str,
        counts: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (reason, n) in counts {
            metric.encode_family(&[("reason", reason)])?.encode_counter::<NoLabelSet, _, f64>(&n, None)?;
        }
        Ok(())
    }

    fn freshness(&mut self) -> fmt::Result {
        self.gauges("connection_up", "1 if a task of this process runs the connection", |v| {
            vec![(vec![], flag(matches!(v.process, Process::Leader { .. })))]
        })?;
        self.gauges("store_up", "1 if the state store is readable", |v| {
            vec![(vec![], flag(v.store.is_ok()))]
        })?;
        self.stored("paused", "1 if the connection is paused", |s, _| Some(flag(s.pause.is_some())))?;
        let name = "oldest_pending_change_seconds";
        self.stored(name, "Age of the oldest unconfirmed change; 0 if there is none", |s, v| {
            Some(s.oldest_change_at().map_or(0.0, |oldest| age(v, oldest)))
        })
    }

    fn times(&mut self) -> fmt::Result {
        let name = "synced_through_timestamp_seconds";
        self.stored(name, "Time that Assets is synced through", |s, _| s.synced_through().map(unix_seconds))?;
        let name = "last_successful_sync_timestamp_seconds";
        self.stored(name, "Start of the last successful full or incremental sync", |s, _| {
            s.last_sync_at.map(unix_seconds)
        })?;
        let name = "system_log_caught_up_timestamp_seconds";
        self.stored(name, "Last time that the System Log was read to its end", |s, _| {
            s.feed.as_ref()?.caught_up_at.map(unix_seconds)
        })
    }

    fn queue(&mut self) -> fmt::Result {
        self.gauges("events", "Events by state", |v| {
            let Ok(StoreEvidence { queue, .. }) = &v.store else { return vec![] };
            let states = [
                ("pending", queue.pending),
                ("in_progress", queue.in_progress),
                ("failed", queue.failed),
                ("blocked", queue.blocked_events),
            ];
            states.map(|(state, n)| (vec![("state", state.to_owned())], number(n))).into()
        })?;
        self.stored("work_items", "Objects to read", |s, _| Some(number(s.queue.work_items)))?;
        self.stored("blocked_objects", "Objects whose changes are blocked by a safeguard", |s, _| {
            Some(number(s.queue.blocked))
        })?;
        self.stored("unconfirmed_records", "Unconfirmed records, including rejected records", |s, _| {
            Some(number(s.queue.unconfirmed_records))
        })?;
        self.stored("rejected_records", "Unconfirmed records that fail even when sent alone", |s, _| {
            Some(number(s.queue.rejected_records))
        })
    }

    fn requests(&mut self) -> fmt::Result {
        self.counters("okta_requests", "Requests to Okta, including retries", |v| {
            vec![(vec![], v.okta.requests)]
        })?;
        self.counters("okta_throttled_requests", "Requests that Okta answered with 429", |v| {
            vec![(vec![], v.okta.refused)]
        })?;
        self.gauges("okta_held_seconds", "Time until queued requests to Okta can be sent", |v| {
            vec![(vec![], number(v.okta.held_for.as_secs()))]
        })?;
        self.gauges(
            "clock_skew_seconds",
            "Offset of a service's clock to this host; negative if it is behind",
            |v| {
                let assets = v.assets.iter().find_map(|(_, pace)| pace.clock_skew_seconds);
                let skews = [("okta", v.okta.clock_skew_seconds), ("assets", assets)].into_iter();
                let known = skews.filter_map(|(service, skew)| Some((service, skew?)));
                known.map(|(service, skew)| (vec![("service", service.to_owned())], signed(skew))).collect()
            },
        )?;
        self.gauges("okta_queued_requests", "Queued requests to Okta", |v| {
            vec![(vec![], number(v.okta.queued as u64))]
        })?;
        let buckets = |v: &HealthInputs, value: fn(&okta_client::BucketState) -> u64| {
            let of = v.okta.buckets.iter();
            of.map(|(name, state)| (vec![("bucket", (*name).to_owned())], number(value(state)))).collect()
        };
        self.gauges("okta_rate_limit_requests", "Requests that Okta permits per window, by bucket", |v| {
            buckets(v, |b| b.limit)
        })?;
        self.gauges(
            "okta_rate_limit_remaining_requests",
            "Remaining requests in the current window, by bucket",
            |v| buckets(v, |b| b.remaining),
        )?;
        let by_credential = |v: &HealthInputs, value: fn(&insight_import_client::RateLimitState) -> u64| {
            let of = v.assets.iter();
            of.map(|(name, state)| (vec![("credential", (*name).to_owned())], value(state))).collect()
        };
        self.counters("assets_requests", "Requests to Assets, including retries", |v| {
            by_credential(v, |p| p.requests)
        })?;
        self.counters("assets_throttled_requests", "Requests that Assets answered with 429 or 503", |v| {
            by_credential(v, |p| p.refused)
        })
    }

    fn results(&mut self) -> fmt::Result {
        self.counters("executions", "Executions by outcome", |v| by("outcome", &v.stats.executions))?;
        let by_kind = |v: &HealthInputs, value: fn(&RecordCounts) -> u64| {
            let kinds = v.stats.records.iter();
            kinds.map(|(kind, n)| (vec![("kind", kind.to_string())], value(n))).collect()
        };
        self.counters("records_read", "Records read from Okta, by kind", |v| by_kind(v, |n| n.read))?;
        self.counters("records_sent", "Records sent to Assets, by kind", |v| by_kind(v, |n| n.sent))?;
        self.counters("records", "Processed records by kind and outcome", |v| {
            let kinds = v.stats.records.iter();
            kinds
                .flat_map(|(kind, n)| {
                    let outcomes = [
                        ("created", n.created),
                        ("updated", n.updated),
                        ("identical", n.identical),
                        ("rejected", n.rejected),
                    ];
                    outcomes.map(|(outcome, n)| {
                        (vec![("kind", kind.to_string()), ("outcome", outcome.to_owned())], n)
                    })
                })
                .collect()
        })?;
        self.counters("failed_runs", "Failed runs by kind", |v| by("kind", &v.stats.failed_runs))?;
        self.counters("safeguard_violations", "Runs that a safeguard stopped", |v| {
            vec![(vec![], v.stats.safeguard_violations)]
        })
    }

    fn latency(&mut self) -> fmt::Result {
        let help = "Time from an event to its confirmation in Assets";
        let name = "event_latency_seconds";
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for inputs in self.inputs {
            let labels = labels(inputs, vec![]);
            let counts = inputs.stats.latency_buckets;
            // Latencies above the last bound are in the total only.
            let buckets: Vec<(f64, u64)> = LATENCY_BOUNDS.into_iter().zip(counts).collect();
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                inputs.stats.latency_sum.as_secs_f64(),
                counts.iter().sum(),
                &buckets,
                None,
            )?;
        }
        Ok(())
    }

    /// A gauge from the store, for each connection with a readable store and a value.
    fn stored(
        &mut self,
        name: &str,
        help: &str,
        value: impl Fn(&StoreEvidence, &HealthInputs) -> Option<f64>,
    ) -> fmt::Result {
        self.gauges(name, help, |v| {
            let value = v.store.as_ref().ok().and_then(|store| value(store, v));
            value.into_iter().map(|value| (vec![], value)).collect()
        })
    }

    fn gauges(
        &mut self,
        name: &str,
        help: &str,
        samples: impl Fn(&HealthInputs) -> Vec<(Labels, f64)>,
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for inputs in self.inputs {
            for (more, value) in samples(inputs) {
                metric.encode_family(&labels(inputs, more))?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        samples: impl Fn(&HealthInputs) -> Vec<(Labels, u64)>,
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for inputs in self.inputs {
            for (more, value) in samples(inputs) {
                let labels = labels(inputs, more);
                metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)?;
            }
        }
        Ok(())
    }
}

fn labels(inputs: &HealthInputs, more: Labels) -> Labels {
    std::iter::once(("connection", inputs.name.to_string())).chain(more).collect()
}

fn by(label: &'static str, counts: &BTreeMap<&'static str, u64>) -> Vec<(Labels, u64)> {
    counts.iter().map(|(name, n)| (vec![(label, (*name).to_owned())], *n)).collect()
}

fn age(inputs: &HealthInputs, since: jiff::Timestamp) -> f64 {
    inputs.now.duration_since(since).as_secs_f64().max(0.0)
}

// Exact to the millisecond for thousands of years.
#[allow(clippy::cast_precision_loss)]
fn unix_seconds(time: jiff::Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

// Exact up to 2^53, far above every value here.
#[allow(clippy::cast_precision_loss)]
fn number(n: u64) -> f64 {
    n as f64
}

/// Clock offsets are limited to 68 years.
fn signed(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX }))
}

#[cfg(test)]
mod tests;
