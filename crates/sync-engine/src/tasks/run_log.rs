//! The log lines of runs.

use crate::domain::report::{RunReport, RunState};

pub(crate) fn log_run(what: &str, report: &RunReport) {
    if report.executions == 0 && report.state == RunState::Succeeded {
        tracing::debug!(requests = report.okta_requests, "{what}; no changes");
        return;
    }
    tracing::debug!(
        result = ?report.state,
        executions = report.executions,
        execution = report.execution.as_ref().map(tracing::field::display),
        requests = report.okta_requests,
        seconds = report.duration_seconds,
        records = ?report.records,
        findings = ?report.findings,
        "{what}"
    );
}
