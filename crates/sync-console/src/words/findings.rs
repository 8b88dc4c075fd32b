//! Findings as sentences.

use maud::{Markup, html};
use plain_text::units::{size, span};
use plain_text::{run_kind, value_fault};
use sync_engine::{Fact, Finding, FindingSubject, Service, Task, UnreadableObject, ValueProblemCount};

use super::safeguards::violation;
use super::text::{count, number};
use super::values::{reason, time};
use super::withheld::withheld;

/// The number of names that a finding lists.
const LISTED: usize = 5;

/// A finding as a sentence, after its subject if that isn't the connection.
pub(crate) fn finding(finding: &Finding) -> Markup {
    html! {
        @if let Some(about) = &finding.subject { (subject(about)) ": " }
        (fact(&finding.fact))
    }
}

fn subject(subject: &FindingSubject) -> Markup {
    match subject {
        FindingSubject::Object { key } => html! { (key) },
        FindingSubject::ObjectType { name } => html! { (name) },
        FindingSubject::Attribute { object_type, name } => html! { (object_type) ": " (name) },
        FindingSubject::EventHook { url } => html! { "Event hook " (url) },
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each code")]
fn fact(fact: &Fact) -> Markup {
    match fact {
        Fact::NotRunning => html! { "No process runs this connection." },
        Fact::Standby => html! {
            "Another process is the leader of this connection. This process takes over when the leader ends."
        },
        Fact::Unavailable { error } => html! { "This connection is unavailable: " (reason(error)) },
        Fact::JobFailed { error } => reason(error),
        Fact::JobTimedOut { seconds } => html! { "The job didn't finish within " (span(*seconds)) "." },
        Fact::JobInterrupted => html! { "The job was interrupted: its process ended." },
        Fact::Paused { until } => html! {
            "Syncing is paused"
            @if let Some(until) = until { " until " (time(*until)) }
            ". Events are stored and will be applied after you resume."
        },
        Fact::StoreUnreadable { error } => html! { "The state store can't be read: " (reason(error)) },
        Fact::StoreLost { error } => html! { "The state store is lost: " (reason(error)) },
        Fact::StoreSpaceLow { free_bytes } => {
            html! { "The file system of the state store has only " (size(*free_bytes)) " of free space." }
        }
        Fact::NeverSynced => html! { "No full sync has succeeded." },
        Fact::NeverCompared => html! { "The schemas of Okta and Assets were never compared." },
        Fact::DeliveriesUnproven => {
            html! { "The System Log isn't read, so a lost delivery of the event hook goes undetected." }
        }
        Fact::EventHookUnchecked { checked_at: None } => html! { "The event hook hasn't been checked yet." },
        Fact::EventHookUnchecked { checked_at: Some(at) } => {
            html! { "The event hook was last checked at " (time(*at)) "." }
        }
        Fact::TaskFailing { task, error, occurrences } => html! {
            (gerund(*task)) " failed"
            @if *occurrences > 1 { " " (count(*occurrences, "time")) " in a row" }
            ": " (reason(error))
        },
        Fact::SyncRunFailed { kind, error } => {
            html! { "The " (run_kind(*kind)) " failed: " (reason(error)) }
        }
        Fact::EventsStalled { oldest_at } => {
            html! { "No worker applies events. The oldest pending event is from " (time(*oldest_at)) "." }
        }
        Fact::ChangesPending { events: 0, objects } => html! { (count(*objects, "object")) " to read." },
        Fact::ChangesPending { events, objects: 0 } => html! { (count(*events, "pending event")) "." },
        Fact::ChangesPending { events, objects } => {
            html! { (count(*events, "pending event")) " and " (count(*objects, "object")) " to read." }
        }
        Fact::EventsFailed { events } => {
            html! { (count(*events, "event")) " failed after the last attempt." }
        }
        Fact::ObjectsFailed { objects, attempts, error } => html! {
            (count(*objects, "object")) " failed after " (count(*attempts, "attempt")) ": " (reason(error))
        },
        Fact::SystemLogBehind { caught_up_at } => html! {
            "The System Log hasn't been read to its end"
            @if let Some(at) = caught_up_at { " since " (time(*at)) }
            "."
        },
        Fact::DeliveriesFailed { deliveries: 1 } => {
            html! { "The System Log reports a failed delivery of the event hook." }
        }
        Fact::DeliveriesFailed { deliveries } => {
            html! { "The System Log reports " (number(*deliveries)) " failed deliveries of the event hook." }
        }
        Fact::RecordsUnconfirmed { records } => {
            html! { "Assets hasn't confirmed " (count(*records, "record")) "." }
        }
        Fact::RecordsRejected { records, error } => html! {
            "Assets rejects " (count(*records, "record"))
            @match error {
                Some(error) => { ", for example: " (reason(error)) }
                None => ".",
            }
        },
        Fact::ResendPending { objects } => {
            html! { (count(*objects, "object")) " to resend, because their confirmation is uncertain." }
        }
        Fact::ObjectsUnreadable { objects } => {
            html! { (count(*objects, "object")) " couldn't be read in Okta and may be outdated in Assets." }
        }
        Fact::ValuesWithheld { field } => withheld(field),
        Fact::StaleValues { attribute, values } => html! {
            @if let Some(attribute) = attribute { (attribute) ": " }
            "Assets still has " (count(*values, "value")) " that Okta cleared."
        },
        Fact::ChangesBlocked { objects } => {
            html! { "A safeguard blocks changes to " (count(*objects, "object")) "." }
        }
        Fact::ObjectsDeleted { objects } => html! {
            "The import source deleted " (count(*objects, "object")) " that the import didn't contain."
        },
        Fact::SafeguardTriggered { violation: found } => violation(found),
        Fact::ConfirmedObjectsLost { kind, objects } => html! {
            "Assets lost " (count(*objects, &format!("confirmed {kind}"))) ". All objects are resent."
        },
        Fact::RecordsUnaccounted { kind, sent, accounted } => html! {
            "Assets accounted for " (number(*accounted)) " of " (count(*sent, &format!("{kind} record")))
            ". All of them remain unconfirmed and are resent."
        },
        Fact::ImportMessage { message } => reason(message),
        Fact::RecordUnconfirmed { attempts: 0, .. } => html! { "The record is queued for a resend." },
        Fact::RecordUnconfirmed { error, .. } => html! {
            "Assets hasn't confirmed the record" (because(error))
        },
        Fact::RecordRejected { error } => html! { "Assets rejects the record" (because(error)) },
        Fact::DuplicatesPossible { attribute, objects } => html! {
            (attribute) " was deleted and added again in Assets, so up to " (count(*objects, "object"))
            " without a value may be duplicates. Delete them in Assets."
        },
        Fact::ValuesInvalid { problem: ValueProblemCount { problem, count: values, example } } => html! {
            "A value of the " (problem.kind) " attribute " code { (problem.attribute) } " "
            (value_fault(problem.problem)) " (" (count(*values, "value")) ", for example in " (example) ")."
        },
        Fact::MoreValuesInvalid { values } => html! { (count(*values, "value")) " with further problems." },
        Fact::ObjectUnreadable { object } => html! {
            "Could not read "
            @match (&object.id, object.field.as_str()) {
                (None, _) => { "a " (object.kind) },
                (Some(id), UnreadableObject::MEMBERS) => { "the members of " (object.kind) " " (id) },
                (Some(id), UnreadableObject::GROUPS) => { "the groups of " (object.kind) " " (id) },
                (Some(id), _) => { (object.kind) " " (id) },
            }
            " in Okta: " (reason(&object.error))
        },
        Fact::MoreObjectsUnreadable { objects } => {
            html! { "Could not read " (count(*objects, "more object")) " in Okta." }
        }
        Fact::ReadsFailed { attempts } => {
            html! { "Reading it in Okta failed " (count(*attempts, "time")) "." }
        }
        Fact::RunInterrupted => html! { "The run was interrupted." },
        Fact::OutcomeUnknown => html! { "The outcome of the execution is unknown. Its records are resent." },
        Fact::ListingRestarted { kind, error } => html! {
            "The listing of " (kind) "s restarted, because its cursor expired: " (reason(error))
        },
        Fact::ScopeUnchecked { error } => {
            html! { "Could not look up the users and groups of the scope: " (reason(error)) }
        }
        Fact::ScopeUnresolved { names } => {
            html! { "The scope includes items that Okta doesn't have: " (names.join(", ")) "." }
        }
        Fact::ClockSkewed { service, seconds } => html! {
            "The clock of this host is " (span(seconds.unsigned_abs()))
            @if *seconds > 0 { " behind" } @else { " ahead of" }
            " the clock of " (name(*service)) "."
        },
        Fact::RateLimited { until } => {
            html! { "A rate limit delays requests until " (time(*until)) ", so changes arrive later." }
        }
        Fact::ExecutionInProgress { execution, started_at } => html! {
            "Assets has been processing execution " (execution) " since " (time(*started_at))
            ". Other changes wait until it ends."
        },
        Fact::EventHookMissing => html! { "The org has no event hook with this URL." },
        Fact::EventHookUrlDiffers { present } => html! { "Okta delivers to " (present) " instead." },
        Fact::EventTypesMissing { event_types, required } => html! {
            "The event hook doesn't subscribe to " (number(event_types.len() as u64)) " of "
            (count(*required, "event type")) ": " (listed(event_types)) "."
        },
        Fact::EventHookSecretDiffers => html! {
            "Okta has another secret, so the daemon rejects deliveries."
        },
        Fact::EventHookInactive => html! { "The event hook is inactive, so Okta delivers no events." },
        Fact::EventHookUnverified => html! { "The event hook isn't verified, so Okta delivers no events." },
        Fact::EventHookVerificationFailed => html! {
            "Okta couldn't verify the event hook: its URL didn't respond correctly within 3 s."
        },
        Fact::SchemaMissing => html! { "The import source has no object types and mapping." },
        Fact::SchemaOutdated { object_types, attributes } => {
            let missing: Vec<String> = object_types.iter().chain(attributes).cloned().collect();
            html! {
                @if missing.is_empty() { "The mapping in Assets is out of date." }
                @else { "Missing in Assets: " (listed(&missing)) "." }
            }
        }
        Fact::NameDiffers { expected } => html! { "The expected name is “" (expected) "”." },
        Fact::NameTaken { expected } => {
            html! { "The expected name “" (expected) "” is taken in Assets." }
        }
        Fact::TypeDiffers { present, expected, compatible } => html! {
            "The type is " (present) " instead of " (expected)
            @if *compatible { ". Values are converted." } @else { ", so values aren't sent." }
        },
        Fact::ReferenceDiffers { present, expected } => html! {
            "References point to " (present) " instead of " (expected) ", so values aren't sent."
        },
        Fact::CardinalityTooLow { maximum, required } => html! {
            "The maximum cardinality is " (maximum) " instead of "
            @match required { Some(required) => (required), None => "unlimited" }
            "."
        },
        Fact::ValueRequired => html! { "Assets requires a value, so objects without one are rejected." },
        Fact::LabelDiffers => html! { "Another attribute is the label of the object type." },
        Fact::UniqueDiffers { expected: true } => html! { "The attribute isn't unique." },
        Fact::UniqueDiffers { expected: false } => html! {
            "The attribute is unique, so objects with the same value are rejected."
        },
        Fact::StatusesMissing { statuses } => html! {
            "The attribute doesn't allow the statuses " (statuses.join(", ")) "."
        },
        Fact::NoLongerMapped => html! { "No longer mapped. Values in Assets remain." },
        Fact::DeletedInAssets => html! { "Deleted in Assets. Setup or the next sync adds it again." },
        Fact::MappingAttributeUnknown { option, attribute } => html! {
            code { (option) } ": Okta's schemas don't define " code { (attribute) } "."
        },
        Fact::MappingLabelExcluded { attribute } => html! {
            code { (attribute) } " is excluded but still mapped, because it is the label."
        },
        Fact::MappingNameUnavailable { attribute, chosen, given } => html! {
            code { (attribute) } " is named “" (given) "”, because “" (chosen.escape_default().to_string())
            "” is reserved, taken, or unreadable in Assets."
        },
        Fact::MappingDefinitionsConflict { attribute } => html! {
            "User types define " code { (attribute) } " differently, so it is text in Assets."
        },
        Fact::MappingAttributeUnreadable { attribute } => html! {
            code { (attribute) } " is encrypted, hashed, or write-only in Okta, so it is excluded."
        },
    }
}

/// The first names of a list.
fn listed(names: &[String]) -> Markup {
    html! {
        (names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", "))
        @if names.len() > LISTED { ", and " (number((names.len() - LISTED) as u64)) " more" }
    }
}

pub(super) const fn name(service: Service) -> &'static str {
    match service {
        Service::Okta => "Okta",
        Service::Assets => "Assets",
    }
}

const fn gerund(task: Task) -> &'static str {
    match task {
        Task::Recovery => "Recovering executions",
        Task::SchemaCheck => "Comparing schemas",
        Task::Events => "Applying events",
        Task::EventFeed => "Reading the System Log",
        Task::Sync => "Syncing",
        Task::EventHookCheck => "Checking the event hook",
        Task::HistoryCleanup => "Deleting expired history",
        Task::MetricSamples => "Storing metric samples",
        Task::LeaderReport => "Storing alerts for other processes",
        Task::ConnectionRetry => "Opening unavailable connections",
        Task::StoreCheck => "Checking the state store",
        Task::CertificateReload => "Loading TLS certificates",
    }
}

/// The end of a sentence: the import source's own reason, if it gave one.
fn because(error: &str) -> Markup {
    if error.is_empty() {
        html! { ". It gave no reason." }
    } else {
        html! { ": " (reason(error)) }
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::FindingCode;
    use sync_model::{RecordKey, UserId};

    use super::*;

    #[test]
    fn every_code_has_words() {
        let lines: Vec<String> = Fact::samples()
            .into_iter()
            .map(|fact| {
                let code = FindingCode::from(&fact).as_str();
                format!("{code}: {}", finding(&Finding::error(fact)).into_string())
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn subject_precedes_finding() {
        let about = |subject| finding(&Finding::error(Fact::NeverSynced).about(subject)).into_string();
        let key = RecordKey::user(&UserId::new("00u1"));
        let (object_type, name) = ("Okta User".to_owned(), "<a; b>".to_owned());
        let url = "https://sync.example.com/hooks/okta/main".to_owned();
        let lines = [
            FindingSubject::Object { key },
            FindingSubject::ObjectType { name: object_type.clone() },
            FindingSubject::Attribute { object_type, name },
            FindingSubject::EventHook { url },
        ]
        .map(about);
        insta::assert_snapshot!(lines.join("\n"));
    }
}
