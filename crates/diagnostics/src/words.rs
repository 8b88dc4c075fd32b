//! Results of checks and fixes in plain text.

use sync_engine::{Finding, Remedy, Service};

use plain_text::units::{count, number};
use plain_text::{finding, hook_change, remedy, service_name, site_fact};

use crate::change::Change;
use crate::observation::{HiddenBecause, Observation, ScopePurpose};

/// The number of statements in the text of a check.
const LISTED: usize = 5;

/// The findings and observations of a check as a fragment.
pub fn check_details(observations: &[Observation], findings: &[Finding]) -> String {
    let all: Vec<String> = findings.iter().map(finding).chain(observations.iter().map(observation)).collect();
    let mut shown: Vec<String> = all.iter().take(LISTED).cloned().collect();
    if let Some(hidden @ 1..) = all.len().checked_sub(LISTED) {
        shown.push(format!("and {hidden} more"));
    }
    shown.join("; ")
}

/// The remedies of a check as a fragment; `None` if it has none.
pub fn check_remedy(findings: &[Finding], remedies: &[Remedy]) -> Option<String> {
    let mut distinct: Vec<&Remedy> = Vec::new();
    for remedy in findings.iter().filter_map(|finding| finding.remedy.as_ref()).chain(remedies) {
        if !distinct.contains(&remedy) {
            distinct.push(remedy);
        }
    }
    let texts: Vec<String> = distinct.into_iter().take(LISTED).map(remedy).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Changes by a fix, as a fragment.
pub fn changes(changes: &[Change]) -> String {
    let changes: Vec<String> = changes.iter().map(change).collect();
    if changes.is_empty() { "no changes were necessary".to_owned() } else { changes.join("; ") }
}

fn change(change: &Change) -> String {
    match change {
        Change::StoreMigrated { path } => format!("{path} is up to date"),
        Change::ObjectTypeAdded { name } => format!("object type {name} added"),
        Change::AttributesAdded { attributes } => format!("{} added", count(*attributes, "attribute")),
        Change::AttributeCorrected { name } => format!("{name} corrected with the Atlassian account"),
        Change::EventHook { change } => hook_change(change),
    }
}

/// An observation as a fragment.
#[expect(clippy::too_many_lines, reason = "one arm for each observation")]
pub fn observation(observation: &Observation) -> String {
    match observation {
        Observation::Requires { area: None, check } => format!("requires: {check}"),
        Observation::Requires { area: Some(area), check } => format!("requires: {}, {check}", area.title()),
        Observation::NoResponse { seconds } => format!("no response within {seconds} s"),
        Observation::Error { error } => error.clone(),
        Observation::InvalidUrl => "the value isn't a URL".to_owned(),
        Observation::Responds { host, is_encrypted, proxy } => {
            let tls = if *is_encrypted { "over TLS" } else { "without TLS" };
            format!("{host} responds {tls}{}", through(proxy.as_deref()))
        }
        Observation::UnexpectedResponse { service, host, status, proxy } => {
            let expected = match service {
                Service::Okta => "an Okta org",
                Service::Assets => service_name(*service),
            };
            format!(
                "{host} doesn't respond like {expected}; it returns status {status}{}",
                through(proxy.as_deref())
            )
        }
        Observation::TurnedOff { setting } => format!("turned off with {setting}"),

        Observation::ManagedByFile { file } => format!("managed by {file}"),
        Observation::ManagedByConsole => "managed by the console".to_owned(),
        Observation::VariableIgnored { name, reason } => format!("{name} has no effect: {reason}"),
        Observation::FileExposed { file, mode } => {
            format!("{file} contains a secret, and other users can read it (mode {mode})")
        }
        Observation::StoreSound { path } => format!("{path} is writable, up to date, and undamaged"),
        Observation::StoreMissing { path } => format!("{path} doesn't exist yet"),
        Observation::StoreOutdated { path, migrations } => {
            format!("{path} is from an earlier version and lacks {}", count(*migrations, "migration"))
        }
        Observation::StoreForeign { path } => {
            format!("{path} was written by a newer version or by another program")
        }
        Observation::StoreLocked { path, holder } => {
            format!("{path} is locked by {}", holder.as_deref().unwrap_or("another process"))
        }
        Observation::StoreUnusable { path, error } => format!("could not use {path}: {error}"),
        Observation::StoreUnread { path, error } => {
            format!("{path} is writable and up to date; could not check its content for damage: {error}")
        }
        Observation::StoreUnverified { path, seconds } => format!(
            "{path} is writable and up to date; the check for damage didn't finish within {seconds} s; the daemon repeats \
             it when it starts, and logs damage"
        ),
        Observation::StoreUnrecognized { path } => {
            format!("{path} is in a state that this version doesn't support")
        }

        Observation::Running => "a process runs this connection".to_owned(),
        Observation::LockUnreadable => "could not read the lock beside the state store".to_owned(),
        Observation::AddressFree { address } => format!("{address} is free"),
        Observation::AddressOfDaemon { address } => format!("the daemon listens on {address}"),
        Observation::AddressInUse { address } => format!("another program listens on {address}"),
        Observation::AddressUnusable { address, error } => format!("could not listen on {address}: {error}"),
        Observation::AlertsInLog => "no webhook is configured; alerts are written to the log".to_owned(),
        Observation::AlertHostMissing => "the URL of the alert webhook has no host".to_owned(),
        Observation::AlertHostReachable => {
            "the host of the alert webhook accepts connections; no alert was sent".to_owned()
        }
        Observation::AlertHostUnreachable { error } => {
            format!("could not reach the host of the alert webhook: {error}")
        }

        Observation::ClockCorrect => "the clock of this host matches the clock of Okta".to_owned(),
        Observation::ClockUnknown => "the response of Okta has no date".to_owned(),
        Observation::Redirects { host, proxy } => {
            format!("{host} redirects, as the Okta Admin Console does{}", through(proxy.as_deref()))
        }
        Observation::OrgUnavailable { host, status, proxy } => {
            format!("{host} is an Okta org but returns status {status}{}", through(proxy.as_deref()))
        }
        Observation::Org { host } => format!("{host} is an Okta org"),
        Observation::OwnDomain { org } => format!("the URL of org {org}"),
        Observation::CustomDomain { org, own } => {
            format!("a custom domain of org {org}, whose own domain is {own}")
        }
        Observation::CredentialsAccepted { client_id, key_id: Some(key_id) } => {
            format!("app {client_id} signs in with key {key_id}")
        }
        Observation::CredentialsAccepted { client_id, key_id: None } => {
            format!("app {client_id} signs in with its only key; no key ID is sent")
        }
        Observation::ClientUnknown { client_id } => {
            format!("the org has no app with the client ID {client_id}")
        }
        Observation::KeyUnknown { key_id: Some(key_id) } => {
            format!("the app has no active key with the ID {key_id}")
        }
        Observation::KeyUnknown { key_id: None } => {
            "no key ID was sent, and the app has no key or several keys".to_owned()
        }
        Observation::KeyDiffers { key_id: Some(key_id) } => {
            format!("the public key with the ID {key_id} doesn't match the private key")
        }
        Observation::KeyDiffers { key_id: None } => {
            "the public key of the app doesn't match the private key".to_owned()
        }
        Observation::TokenBound => "the token is bound to a key of this process".to_owned(),
        Observation::TokenUnbound => {
            "the token isn't bound to a key, so a copy of it works anywhere".to_owned()
        }
        Observation::ApiScopeGranted { purpose: ScopePurpose::EventHookSetup } => {
            "granted; only setup uses it".to_owned()
        }
        Observation::ApiScopeGranted { .. } => "granted".to_owned(),
        Observation::ApiScopeOptional => {
            "not granted; required only if setup creates the event hook".to_owned()
        }
        Observation::ApiScopeMissing { purpose } => {
            format!("not granted; required for {}", scope_purpose(*purpose))
        }
        Observation::ApiScopeNotRequested { purpose } => {
            format!("not requested; required for {}", scope_purpose(*purpose))
        }
        Observation::ApiScopeNotRequired => "not required by this connection".to_owned(),
        Observation::DirectoryReadable { other_origins } => match other_origins.as_slice() {
            [] => "users and groups are readable".to_owned(),
            origins => format!(
                "users and groups are readable; links in Okta's lists name {}, and requests go to the org URL",
                origins.join(", ")
            ),
        },
        Observation::NoUsers => {
            "the list of users is empty; Okta returns an empty list to an app without an admin role"
                .to_owned()
        }
        Observation::NoGroups => {
            "users are readable, but the list of groups is empty, although every org has the group Everyone"
                .to_owned()
        }
        Observation::SchemasReadable { user_types } => {
            format!("the schemas of groups and of these user types are readable: {}", user_types.join(", "))
        }
        Observation::SystemLogReadable => "the System Log is readable".to_owned(),
        Observation::SystemLogUnused => "the event source is the event hook alone".to_owned(),
        Observation::RateLimit { requests_per_minute, bucket } => {
            format!("at least {} per minute, in the bucket {bucket}", count(*requests_per_minute, "request"))
        }
        Observation::RateLimitUnknown => "no response contained a rate limit".to_owned(),
        Observation::ScopeUnlimited => "all users and groups are in scope".to_owned(),
        Observation::ScopeResolved => "Okta has all items of the scope".to_owned(),
        Observation::UserTypes { names } => format!("user types in Okta: {}", names.join(", ")),

        Observation::EventHookUnused => "the event source is the System Log alone".to_owned(),
        Observation::EventHookExists { name, id } => format!("\"{name}\", {id}"),
        Observation::EventHookActive => "the event hook is active".to_owned(),
        Observation::EventHookVerified => "the event hook is verified".to_owned(),
        Observation::EventHookDelivers { url } => format!("Okta delivers to {url}"),
        Observation::EventHookSecretMatches => "Okta has the expected secret".to_owned(),
        Observation::EventTypesComplete { event_types } => {
            format!("the event hook subscribes to {}", count(*event_types, "event type"))
        }
        Observation::EventHookResponds { url } => {
            format!("{url} responds correctly to a verification request from this host")
        }
        Observation::EventHookMisdirected { url, status } => {
            format!("{url} returns status {status} instead of the daemon's response")
        }

        Observation::TokenAccepted => "Assets accepts the import token".to_owned(),
        Observation::ImportSourceIdle => "the import source is ready for an import".to_owned(),
        Observation::ImportSourceBusy => "the import source is processing an execution".to_owned(),
        Observation::ImportSourceEmpty => "the import source is enabled and has no mapping yet".to_owned(),
        Observation::ImportSourceDisabled => {
            "the import source is disabled, so Assets imports nothing".to_owned()
        }
        Observation::ImportSourceState { state } => {
            format!("this version doesn't support the state {state} of the import source")
        }
        Observation::SchemaMatches { object_types, attributes } => format!(
            "{} and {} match Okta's schemas",
            count(*object_types, "object type"),
            count(*attributes, "attribute")
        ),
        Observation::CardinalityUnlimited => {
            "attributes with several values accept any number of them".to_owned()
        }
        Observation::Hidden { because: HiddenBecause::NoAccount } => {
            "not readable without an Atlassian account".to_owned()
        }
        Observation::Hidden { because: HiddenBecause::NotPermitted } => {
            "not readable with this Atlassian account".to_owned()
        }
        Observation::Hidden { because: HiddenBecause::NotReturned } => {
            "Assets doesn't return it; this is normal before the first setup".to_owned()
        }
        Observation::EmptyValuesRemoved => "the import removes empty values".to_owned(),
        Observation::EmptyValuesCleared => {
            "the import ignores empty values; the Atlassian account clears them".to_owned()
        }
        Observation::EmptyValuesKept => {
            "the import ignores empty values, so values that Okta cleared remain in Assets".to_owned()
        }
        Observation::UnknownValuesAdded => "the import adds unknown values".to_owned(),
        Observation::UnknownValuesUnused => {
            "the import ignores unknown values; the mapping has no select attributes".to_owned()
        }
        Observation::UnknownValuesDropped => {
            "the import drops unknown values, and the mapping has select attributes".to_owned()
        }
        Observation::MissingObjectsKept => "the import keeps objects that it doesn't contain".to_owned(),
        Observation::SiteObjects { objects, included } => format!(
            "{}; Premium includes {}, and Atlassian's API doesn't return the limit of this site",
            count(*objects, "object"),
            number(*included)
        ),
        Observation::SelfTestMissing => {
            "this import source wasn't tested, so the form of several references is unproven".to_owned()
        }
        Observation::SelfTested { form, tested_at } => {
            format!("the reference form {} works; tested at {tested_at:.0}", form.as_str())
        }
        Observation::SiteFact { fact } => site_fact(fact),
        Observation::AccountAccepted => {
            "Atlassian accepts the account, and the account can read the import source".to_owned()
        }
        Observation::AccountMissing => {
            "no Atlassian account; operations that the import token doesn't permit are manual".to_owned()
        }
        Observation::WorkspaceDiffers => {
            "the Atlassian account and the import token belong to different Assets workspaces".to_owned()
        }
        Observation::ObjectsHidden => "objects aren't readable without an Atlassian account".to_owned(),
        Observation::NothingSent => "no objects were sent yet".to_owned(),
        Observation::ObjectsComplete { objects } => {
            let objects: Vec<String> =
                objects.iter().map(|(kind, objects)| count(*objects, kind.as_str())).collect();
            format!("Assets has all confirmed objects: {}", objects.join(", "))
        }
        Observation::ObjectsMissing { kind, present, confirmed } => format!(
            "Assets has {} of {}; the others were deleted there, or the account can't read them",
            number(*present),
            count(*confirmed, &format!("confirmed {}", kind.as_str()))
        ),
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy.map(|proxy| format!(", through {proxy}")).unwrap_or_default()
}

/// The purpose of an API scope as a noun.
pub const fn scope_purpose(purpose: ScopePurpose) -> &'static str {
    match purpose {
        ScopePurpose::Users => "reading users and their groups",
        ScopePurpose::Groups => "reading groups and their members",
        ScopePurpose::UserTypes => "finding the schemas of all user types",
        ScopePurpose::Mapping => "reading the schemas of users and groups",
        ScopePurpose::SystemLog => "events from the System Log",
        ScopePurpose::EventHook => "checking the event hook",
        ScopePurpose::EventHookSetup => "creating the event hook",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_observation_has_words() {
        let lines: Vec<String> = Observation::samples().iter().map(observation).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn check_names_few_findings() {
        let seen = vec![Observation::InvalidUrl; 7];
        assert!(check_details(&seen, &[]).ends_with("and 2 more"));
        assert_eq!(check_remedy(&[], &[Remedy::RunSetup, Remedy::RunSetup]).as_deref(), Some("run setup"));
        assert_eq!(check_remedy(&[], &[]), None);
    }
}
