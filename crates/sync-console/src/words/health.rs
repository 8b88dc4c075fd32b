//! Labels of a connection's health, and the messages behind them.

use jiff::Timestamp;
use sync_service::engine::RunKind;

use super::labels;
use super::text::count;

pub(crate) const IN_SYNC: &str = "In sync";
pub(crate) const SYNCING: &str = "Syncing";
pub(crate) const SETTING_UP: &str = "Setting up";
pub(crate) const SETUP_INCOMPLETE: &str = "Setup incomplete";
pub(crate) const PAUSED: &str = "Paused";
pub(crate) const DEGRADED: &str = "Degraded";
pub(crate) const BLOCKED: &str = "Blocked by safeguard";
pub(crate) const FAILING: &str = "Failing";
pub(crate) const UNAVAILABLE: &str = "Unavailable";
pub(crate) const STANDBY: &str = "Standby";

/// The heading and badge of resolved alerts.
pub(crate) const RESOLVED: &str = "Resolved";

/// The message of a standby process.
pub(crate) const IS_STANDBY: &str =
    "Another process is the leader of this connection. This process takes over when the leader ends.";

pub(crate) fn unavailable(reason: &str) -> String {
    format!("This connection is unavailable: {reason}")
}

pub(crate) fn paused(until: Option<Timestamp>) -> String {
    until.map_or_else(
        || "Syncing is paused.".to_owned(),
        |until| format!("Syncing is paused until {until:.0}."),
    )
}

pub(crate) const PAUSED_REMEDY: &str = "Events are stored and will be applied after you resume.";

pub(crate) const NOT_SET_UP: &str = "Setup isn't complete.";
pub(crate) const NOT_SET_UP_REMEDY: &str = "Continue on the Setup page.";

pub(crate) fn alert(message: &str, occurrences: u64, since: Timestamp) -> String {
    if occurrences > 1 {
        format!("{message}, {} since {since:.0}", count(occurrences, "occurrence"))
    } else {
        format!("{message}, at {since:.0}")
    }
}

pub(crate) const RETRIED: &str = "The daemon retries automatically. Open the Checks page to find the cause.";

pub(crate) const IS_RETRIED: &str = "The daemon retries automatically.";

pub(crate) fn last_failed(kind: Option<RunKind>, error: &str) -> String {
    let run = kind.map_or_else(|| "run".to_owned(), |kind| labels::run_kind(kind).to_lowercase());
    format!("The last {run} failed: {error}")
}

pub(crate) fn queued(requests: u64) -> String {
    format!("Okta's rate limit delays {}, so changes arrive later.", count(requests, "request"))
}

pub(crate) const QUEUED_REMEDY: &str =
    "No action is needed. If this happens often, review the rate limits on the Checks page.";

pub(crate) fn processing(execution: &str, since: Timestamp) -> String {
    format!(
        "Assets has been processing execution {execution} since {since:.0}. Other changes wait until it ends."
    )
}

pub(crate) const PROCESSING_REMEDY: &str = "Large imports take minutes. If the execution doesn't end, open the import's history in Assets: object schema, \
     Import tab. The daemon waits for the outcome, then resends what was not confirmed.";

pub(crate) const WITHHELD_REMEDY: &str =
    "Correct the attribute in Assets. Its values are then sent automatically.";

pub(crate) fn unreadable(objects: u64) -> String {
    format!("{} couldn't be read in Okta and may be outdated in Assets.", count(objects, "object"))
}

pub(crate) const UNREADABLE_REMEDY: &str =
    "Review the messages of the recent runs. The objects are read again by ID.";

pub(crate) fn blocked(objects: u64) -> String {
    format!("A safeguard blocks changes to {}.", count(objects, "object"))
}

pub(crate) const BLOCKED_REMEDY: &str =
    "Review the changes on the Plan page. If they are correct, override the safeguard there.";

pub(crate) fn failed(events: u64) -> String {
    format!("{} failed after the last attempt.", count(events, "event"))
}

pub(crate) const FAILED_REMEDY: &str =
    "Find the reason on the Events page, fix the cause, then replay the events.";

pub(crate) fn rejected(records: u64, reason: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("Assets rejects {}{reason}", count(records, "record"))
}

pub(crate) const REJECTED_REMEDY: &str =
    "See them on the Runs page. Rejected records are resent automatically, at growing intervals.";

pub(crate) fn stale(values: u64) -> String {
    format!("Assets still has {} that Okta cleared.", count(values, "value"))
}

pub(crate) const STALE_REMEDY: &str = "Add an Atlassian account, which clears them, or let the import remove empty values: object schema, Import tab, \
     Edit mapping, empty values: Remove.";
