//! Findings in plain text.

use sync_engine::{Fact, Finding, FindingSubject, Service, Task, UnreadableObject};

use crate::run_kinds::run_kind;
use crate::safeguards::violation;
use crate::units::{count, number, size, span};
use crate::values::value_problem;
use crate::withheld::withheld;

/// The number of names that a finding lists.
const LISTED: usize = 5;

/// A finding as a fragment, after its subject if that isn't the connection.
pub fn finding(finding: &Finding) -> String {
    let text = fact(&finding.fact);
    match &finding.subject {
        Some(about) => format!("{}: {text}", subject(about)),
        None => text,
    }
}

fn subject(subject: &FindingSubject) -> String {
    match subject {
        FindingSubject::Object { key } => key.to_string(),
        FindingSubject::ObjectType { name } => name.clone(),
        FindingSubject::Attribute { object_type, name } => format!("{object_type}: {name}"),
        FindingSubject::EventHook { url } => format!("event hook {url}"),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each code")]
fn fact(fact: &Fact) -> String {
    match fact {
        Fact::NotRunning => "no process runs this connection".to_owned(),
        Fact::Standby => "this process is a standby; another process is the leader".to_owned(),
        Fact::Unavailable { error } => format!("this process can't run the connection: {error}"),
        Fact::JobFailed { error } => error.clone(),
        Fact::JobTimedOut { seconds } => format!("not finished within {}", span(*seconds)),
        Fact::JobInterrupted => "interrupted by the end of its process".to_owned(),
        Fact::Paused { until: None } => "the connection is paused; events are stored".to_owned(),
        Fact::Paused { until: Some(until) } => {
            format!("the connection is paused until {until:.0}; events are stored")
        }
        Fact::StoreUnreadable { error } => format!("could not read the state store: {error}"),
        Fact::StoreLost { error } => format!("the state store is lost: {error}"),
        Fact::StoreSpaceLow { free_bytes } => {
            format!("the file system of the state store has only {} of free space", size(*free_bytes))
        }
        Fact::NeverSynced => "no full sync has succeeded".to_owned(),
        Fact::NeverCompared => "the schemas of Okta and Assets were never compared".to_owned(),
        Fact::DeliveriesUnproven => {
            "the System Log isn't read, so a lost delivery of the event hook goes undetected".to_owned()
        }
        Fact::EventHookUnchecked { checked_at: None } => "the event hook hasn't been checked yet".to_owned(),
        Fact::EventHookUnchecked { checked_at: Some(at) } => {
            format!("the event hook was last checked at {at:.0}")
        }
        Fact::TaskFailing { task, error, occurrences: 0 | 1 } => format!("{} failed: {error}", gerund(*task)),
        Fact::TaskFailing { task, error, occurrences } => {
            format!("{} failed {} in a row: {error}", gerund(*task), count(*occurrences, "time"))
        }
        Fact::SyncRunFailed { kind, error } => format!("the {} failed: {error}", run_kind(*kind)),
        Fact::EventsStalled { oldest_at } => {
            format!("no worker applies events; the oldest pending event is from {oldest_at:.0}")
        }
        Fact::ChangesPending { events: 0, objects } => format!("{} to read", count(*objects, "object")),
        Fact::ChangesPending { events, objects: 0 } => count(*events, "pending event"),
        Fact::ChangesPending { events, objects } => {
            format!("{} and {} to read", count(*events, "pending event"), count(*objects, "object"))
        }
        Fact::EventsFailed { events } => format!("{} failed after the last attempt", count(*events, "event")),
        Fact::ObjectsFailed { objects, attempts, error } => {
            format!("{} failed after {}: {error}", count(*objects, "object"), count(*attempts, "attempt"))
        }
        Fact::SystemLogBehind { caught_up_at: None } => {
            "the System Log hasn't been read to its end".to_owned()
        }
        Fact::SystemLogBehind { caught_up_at: Some(at) } => {
            format!("the System Log hasn't been read to its end since {at:.0}")
        }
        Fact::DeliveriesFailed { deliveries: 1 } => {
            "the System Log reports a failed delivery of the event hook".to_owned()
        }
        Fact::DeliveriesFailed { deliveries } => {
            format!("the System Log reports {} failed deliveries of the event hook", number(*deliveries))
        }
        Fact::RecordsUnconfirmed { records } => {
            format!("Assets hasn't confirmed {}", count(*records, "record"))
        }
        Fact::RecordsRejected { records, error: None } => {
            format!("Assets rejects {}", count(*records, "record"))
        }
        Fact::RecordsRejected { records, error: Some(error) } => {
            format!("Assets rejects {}, for example: {error}", count(*records, "record"))
        }
        Fact::ResendPending { objects } => {
            format!("{} to resend, because their confirmation is uncertain", count(*objects, "object"))
        }
        Fact::ObjectsUnreadable { objects } => {
            format!("{} could not be read in Okta and may be outdated in Assets", count(*objects, "object"))
        }
        Fact::ValuesWithheld { field } => withheld(field),
        Fact::StaleValues { attribute: None, values } => {
            format!("Assets still has {} that Okta cleared", count(*values, "value"))
        }
        Fact::StaleValues { attribute: Some(attribute), values } => {
            format!("{attribute}: Assets still has {} that Okta cleared", count(*values, "value"))
        }
        Fact::ChangesBlocked { objects } => {
            format!("a safeguard blocks changes to {}", count(*objects, "object"))
        }
        Fact::ObjectsDeleted { objects } => {
            format!("the import source deleted {} that the import didn't contain", count(*objects, "object"))
        }
        Fact::SafeguardTriggered { violation: found } => violation(found),
        Fact::ConfirmedObjectsLost { kind, objects } => {
            format!("Assets lost {}; all objects are resent", count(*objects, &format!("confirmed {kind}")))
        }
        Fact::RecordsUnaccounted { kind, sent, accounted } => format!(
            "Assets accounted for {} of {}; all of them remain unconfirmed and are resent",
            number(*accounted),
            count(*sent, &format!("{kind} record"))
        ),
        Fact::ImportMessage { message } => message.clone(),
        Fact::RecordUnconfirmed { attempts: 0, .. } => "the record is queued for a resend".to_owned(),
        Fact::RecordUnconfirmed { error, .. } if error.is_empty() => {
            "Assets hasn't confirmed the record, and gave no reason".to_owned()
        }
        Fact::RecordUnconfirmed { error, .. } => format!("Assets hasn't confirmed the record: {error}"),
        Fact::RecordRejected { error } if error.is_empty() => {
            "Assets rejects the record, and gave no reason".to_owned()
        }
        Fact::RecordRejected { error } => format!("Assets rejects the record: {error}"),
        Fact::DuplicatesPossible { attribute, objects } => format!(
            "{attribute} was deleted and added again in Assets, so up to {} without a value may be duplicates; \
             delete them in Assets",
            count(*objects, "object")
        ),
        Fact::ValuesInvalid { problem } => value_problem(problem),
        Fact::MoreValuesInvalid { values } => {
            format!("{} with further problems", count(*values, "value"))
        }
        Fact::ObjectUnreadable { object } => {
            format!("could not read {} in Okta: {}", unreadable(object), object.error)
        }
        Fact::MoreObjectsUnreadable { objects } => {
            format!("could not read {} in Okta", count(*objects, "more object"))
        }
        Fact::ReadsFailed { attempts } => {
            format!("reading it in Okta failed {}", count(*attempts, "time"))
        }
        Fact::RunInterrupted => "the run was interrupted".to_owned(),
        Fact::OutcomeUnknown => "the outcome of the execution is unknown; its records are resent".to_owned(),
        Fact::ListingRestarted { kind, error } => {
            format!("the listing of {kind}s restarted, because its cursor expired: {error}")
        }
        Fact::ScopeUnchecked { error } => {
            format!("could not look up the users and groups of the scope: {error}")
        }
        Fact::ScopeUnresolved { names } => {
            format!("the scope includes items that Okta doesn't have: {}", names.join(", "))
        }
        Fact::ClockSkewed { service, seconds } => {
            let direction = if *seconds > 0 { "behind" } else { "ahead of" };
            format!(
                "the clock of this host is {} {direction} the clock of {}",
                span(seconds.unsigned_abs()),
                service_name(*service)
            )
        }
        Fact::RateLimited { until } => format!("a rate limit delays requests until {until:.0}"),
        Fact::ExecutionInProgress { execution, started_at } => format!(
            "Assets has been processing execution {execution} since {started_at:.0}; other changes wait"
        ),
        Fact::EventHookMissing => "the org has no event hook with this URL".to_owned(),
        Fact::EventHookUrlDiffers { present } => format!("Okta delivers to {present} instead"),
        Fact::EventTypesMissing { event_types, required } => format!(
            "the event hook doesn't subscribe to {} of {}: {}",
            number(event_types.len() as u64),
            count(*required, "event type"),
            listed(event_types)
        ),
        Fact::EventHookSecretDiffers => {
            "Okta has another secret, so the daemon rejects deliveries".to_owned()
        }
        Fact::EventHookInactive => "the event hook is inactive, so Okta delivers no events".to_owned(),
        Fact::EventHookUnverified => "the event hook isn't verified, so Okta delivers no events".to_owned(),
        Fact::EventHookVerificationFailed => {
            "Okta couldn't verify the event hook: its URL didn't respond correctly within 3 s".to_owned()
        }
        Fact::SchemaMissing => "the import source has no object types and mapping".to_owned(),
        Fact::SchemaOutdated { object_types, attributes } => {
            let missing: Vec<String> = object_types.iter().chain(attributes).cloned().collect();
            match missing.as_slice() {
                [] => "the mapping in Assets is out of date".to_owned(),
                missing => format!("missing in Assets: {}", listed(missing)),
            }
        }
        Fact::NameDiffers { expected } => format!("the expected name is \"{expected}\""),
        Fact::NameTaken { expected } => format!("the expected name \"{expected}\" is taken in Assets"),
        Fact::TypeDiffers { present, expected, compatible: true } => {
            format!("the type is {present} instead of {expected}; values are converted")
        }
        Fact::TypeDiffers { present, expected, compatible: false } => {
            format!("the type is {present} instead of {expected}, so values aren't sent")
        }
        Fact::ReferenceDiffers { present, expected } => {
            format!("references point to {present} instead of {expected}, so values aren't sent")
        }
        Fact::CardinalityTooLow { maximum, required: None } => {
            format!("the maximum cardinality is {maximum} instead of unlimited")
        }
        Fact::CardinalityTooLow { maximum, required: Some(required) } => {
            format!("the maximum cardinality is {maximum} instead of {required}")
        }
        Fact::ValueRequired => "Assets requires a value, so objects without one are rejected".to_owned(),
        Fact::LabelDiffers => "another attribute is the label of the object type".to_owned(),
        Fact::UniqueDiffers { expected: true } => "the attribute isn't unique".to_owned(),
        Fact::UniqueDiffers { expected: false } => {
            "the attribute is unique, so objects with the same value are rejected".to_owned()
        }
        Fact::StatusesMissing { statuses } => {
            format!("the attribute doesn't allow the statuses {}", statuses.join(", "))
        }
        Fact::NoLongerMapped => "no longer mapped; values in Assets remain".to_owned(),
        Fact::DeletedInAssets => "deleted in Assets; setup or the next sync adds it again".to_owned(),
        Fact::MappingAttributeUnknown { option, attribute } => {
            format!("{option}: Okta's schemas don't define \"{attribute}\"")
        }
        Fact::MappingLabelExcluded { attribute } => {
            format!("\"{attribute}\" is excluded but still mapped, because it is the label")
        }
        Fact::MappingNameUnavailable { attribute, chosen, given } => format!(
            "\"{attribute}\" is named \"{given}\", because \"{}\" is reserved, taken, or unreadable in Assets",
            chosen.escape_default()
        ),
        Fact::MappingDefinitionsConflict { attribute } => {
            format!("user types define \"{attribute}\" differently, so it is text in Assets")
        }
        Fact::MappingAttributeUnreadable { attribute } => {
            format!("\"{attribute}\" is encrypted, hashed, or write-only in Okta, so it is excluded")
        }
    }
}

/// The first names of a list.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED) {
        Some(hidden @ 1..) => format!("{shown}, and {} more", number(hidden as u64)),
        _ => shown,
    }
}

/// The name of a service.
pub const fn service_name(service: Service) -> &'static str {
    match service {
        Service::Okta => "Okta",
        Service::Assets => "Assets",
    }
}

const fn gerund(task: Task) -> &'static str {
    match task {
        Task::Recovery => "recovering executions",
        Task::SchemaCheck => "comparing schemas",
        Task::Events => "applying events",
        Task::EventFeed => "reading the System Log",
        Task::Sync => "syncing",
        Task::EventHookCheck => "checking the event hook",
        Task::HistoryCleanup => "deleting expired history",
        Task::MetricSamples => "storing metric samples",
        Task::LeaderReport => "storing alerts for other processes",
        Task::ConnectionRetry => "opening unavailable connections",
        Task::StoreCheck => "checking the state store",
        Task::CertificateReload => "loading TLS certificates",
    }
}

/// An unreadable object, or its unreadable part.
fn unreadable(object: &UnreadableObject) -> String {
    let kind = object.kind;
    match (&object.id, object.field.as_str()) {
        (None, _) => format!("a {kind}"),
        (Some(id), UnreadableObject::MEMBERS) => format!("the members of {kind} {id}"),
        (Some(id), UnreadableObject::GROUPS) => format!("the groups of {kind} {id}"),
        (Some(id), _) => format!("{kind} {id}"),
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::{FindingCode, FindingSubject};
    use sync_model::{RecordKey, UserId};

    use super::*;

    #[test]
    fn every_code_has_words() {
        let lines: Vec<String> = Fact::samples()
            .into_iter()
            .map(|fact| format!("{}: {}", FindingCode::from(&fact).as_str(), finding(&Finding::error(fact))))
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn subject_precedes_finding() {
        let about = |subject| finding(&Finding::error(Fact::NeverSynced).about(subject));
        let key = RecordKey::user(&UserId::new("00u1"));
        let (object_type, name) = ("Okta User".to_owned(), "a; b".to_owned());
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
