//! Observations of checks as sentences.

use diagnostics::{Observation, ScopePurpose};
use maud::{Markup, html};

use super::text::{count, number, sentence};

/// The observation as a sentence.
#[expect(clippy::too_many_lines, reason = "one arm for each observation")]
pub(crate) fn observation(observation: &Observation) -> Markup {
    match observation {
        Observation::TurnedOff { setting } => html! { "Turned off with " code { (setting) } "." },
        Observation::ManagedByFile { file } => {
            html! { "Managed by the configuration file " code { (file) } "." }
        }
        Observation::ManagedByConsole => html! { "Saved in the console." },
        Observation::VariableIgnored { name, reason } => {
            html! { code { (name) } " has no effect: " (reason) "." }
        }
        Observation::StoreUnread { path, error } => html! {
            (path) " is writable and up to date. Its content couldn't be checked for damage: " (error) "."
        },
        Observation::StoreUnverified { path, seconds } => html! {
            (path) " is writable and up to date. The check for damage didn't finish within " (seconds)
            " s. The daemon repeats it when it starts, and logs damage."
        },
        Observation::AlertsInLog => html! { "No webhook is configured. Alerts are written to the log." },
        Observation::AlertHostReachable => {
            html! { "The host of the alert webhook accepts connections. No alert was sent." }
        }
        Observation::CredentialsAccepted { client_id, key_id } => html! {
            "App " code { (client_id) } " signs in with "
            @match key_id {
                Some(key_id) => { "key " code { (key_id) } "." }
                None => "its only key. No key ID is sent.",
            }
        },
        Observation::ApiScopeGranted { purpose: ScopePurpose::EventHookSetup } => {
            html! { "Granted. Only " b { "Setup" } " uses it." }
        }
        Observation::ApiScopeOptional => {
            html! { "Not granted. Required only if " b { "Setup" } " creates the event hook." }
        }
        Observation::ApiScopeMissing { purpose } => {
            html! { "Not granted. Required for " (diagnostics::scope_purpose(*purpose)) "." }
        }
        Observation::ApiScopeNotRequested { purpose } => {
            html! { "Not requested. Required for " (diagnostics::scope_purpose(*purpose)) "." }
        }
        Observation::RateLimit { requests_per_minute, bucket } => html! {
            "At least " (count(*requests_per_minute, "request")) " per minute, in the bucket " code { (bucket) } "."
        },
        Observation::EmptyValuesCleared => {
            html! { "The import ignores empty values. The Atlassian account clears them." }
        }
        Observation::UnknownValuesUnused => {
            html! { "The import ignores unknown values. The mapping has no select attributes." }
        }
        Observation::SiteObjects { objects, included } => html! {
            (count(*objects, "object")) ". Premium includes " (number(*included))
            ". Atlassian's API doesn't return the limit of this site."
        },
        Observation::AccountMissing => {
            html! { "No Atlassian account. Operations that the import token doesn't permit are manual." }
        }

        // The same for every reader.
        Observation::Requires { .. }
        | Observation::NoResponse { .. }
        | Observation::Error { .. }
        | Observation::InvalidUrl
        | Observation::Responds { .. }
        | Observation::UnexpectedResponse { .. }
        | Observation::FileExposed { .. }
        | Observation::StoreSound { .. }
        | Observation::StoreMissing { .. }
        | Observation::StoreOutdated { .. }
        | Observation::StoreForeign { .. }
        | Observation::StoreLocked { .. }
        | Observation::StoreUnusable { .. }
        | Observation::StoreUnrecognized { .. }
        | Observation::Running
        | Observation::LockUnreadable
        | Observation::AddressFree { .. }
        | Observation::AddressOfDaemon { .. }
        | Observation::AddressInUse { .. }
        | Observation::AddressUnusable { .. }
        | Observation::AlertHostMissing
        | Observation::AlertHostUnreachable { .. }
        | Observation::ClockCorrect
        | Observation::ClockUnknown
        | Observation::Redirects { .. }
        | Observation::OrgUnavailable { .. }
        | Observation::Org { .. }
        | Observation::OwnDomain { .. }
        | Observation::CustomDomain { .. }
        | Observation::ClientUnknown { .. }
        | Observation::KeyUnknown { .. }
        | Observation::KeyDiffers { .. }
        | Observation::TokenBound
        | Observation::TokenUnbound
        | Observation::ApiScopeGranted { .. }
        | Observation::ApiScopeNotRequired
        | Observation::DirectoryReadable { .. }
        | Observation::NoUsers
        | Observation::NoGroups
        | Observation::SchemasReadable { .. }
        | Observation::SystemLogReadable
        | Observation::SystemLogUnused
        | Observation::RateLimitUnknown
        | Observation::ScopeUnlimited
        | Observation::ScopeResolved
        | Observation::UserTypes { .. }
        | Observation::EventHookUnused
        | Observation::EventHookExists { .. }
        | Observation::EventHookActive
        | Observation::EventHookVerified
        | Observation::EventHookDelivers { .. }
        | Observation::EventHookSecretMatches
        | Observation::EventTypesComplete { .. }
        | Observation::EventHookResponds { .. }
        | Observation::EventHookMisdirected { .. }
        | Observation::TokenAccepted
        | Observation::ImportSourceIdle
        | Observation::ImportSourceBusy
        | Observation::ImportSourceEmpty
        | Observation::ImportSourceDisabled
        | Observation::ImportSourceState { .. }
        | Observation::SchemaMatches { .. }
        | Observation::CardinalityUnlimited
        | Observation::Hidden { .. }
        | Observation::EmptyValuesRemoved
        | Observation::EmptyValuesKept
        | Observation::UnknownValuesAdded
        | Observation::UnknownValuesDropped
        | Observation::MissingObjectsKept
        | Observation::SelfTestMissing
        | Observation::SelfTested { .. }
        | Observation::SiteFact { .. }
        | Observation::AccountAccepted
        | Observation::WorkspaceDiffers
        | Observation::ObjectsHidden
        | Observation::NothingSent
        | Observation::ObjectsComplete { .. }
        | Observation::ObjectsMissing { .. } => html! { (sentence(&diagnostics::observation(observation))) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_observation_has_words() {
        let lines: Vec<String> =
            Observation::samples().iter().map(|sample| observation(sample).into_string()).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
