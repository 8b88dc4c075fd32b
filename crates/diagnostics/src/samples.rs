//! Sample observations, for tests of their words.

use jiff::Timestamp;
use sync_engine::{Service, SiteFact};
use sync_model::{ObjectKind, ReferenceForm};

use crate::area::CheckArea;
use crate::observation::{HiddenBecause, Observation, ScopePurpose};

/// 2026-11-28T14:38:26Z.
const TIME: Timestamp = Timestamp::constant(1_795_876_706, 0);

const PURPOSES: [ScopePurpose; 7] = [
    ScopePurpose::Users,
    ScopePurpose::Groups,
    ScopePurpose::UserTypes,
    ScopePurpose::Mapping,
    ScopePurpose::SystemLog,
    ScopePurpose::EventHook,
    ScopePurpose::EventHookSetup,
];

fn text(text: &str) -> String {
    text.to_owned()
}

fn store() -> String {
    text("okta-insight.db")
}

fn address() -> String {
    text("127.0.0.1:8484")
}

fn url() -> String {
    text("https://sync.example.com/hooks/okta/main")
}

fn key() -> String {
    text("kid-1")
}

impl Observation {
    /// A realistic value of each observation, and of each variant with separate words.
    pub fn samples() -> Vec<Self> {
        let mut samples = Self::samples_of_host();
        samples.extend(Self::samples_of_org());
        samples.extend(Self::samples_of_assets());
        for purpose in PURPOSES {
            samples.push(Self::ApiScopeGranted { purpose });
            samples.push(Self::ApiScopeMissing { purpose });
            samples.push(Self::ApiScopeNotRequested { purpose });
        }
        samples.extend(SiteFact::samples().into_iter().take(2).map(|fact| Self::SiteFact { fact }));
        for because in [HiddenBecause::NoAccount, HiddenBecause::NotPermitted, HiddenBecause::NotReturned] {
            samples.push(Self::Hidden { because });
        }
        for proxy in [None, Some(text("the proxy 10.0.0.1:3128, from HTTPS_PROXY"))] {
            let host = text("example.okta.com");
            for is_encrypted in [true, false] {
                samples.push(Self::Responds { host: host.clone(), is_encrypted, proxy: proxy.clone() });
            }
            for service in [Service::Okta, Service::Assets] {
                let (host, proxy) = (host.clone(), proxy.clone());
                samples.push(Self::UnexpectedResponse { service, host, status: 404, proxy });
            }
            samples.push(Self::Redirects { host: host.clone(), proxy: proxy.clone() });
            samples.push(Self::OrgUnavailable { host, status: 503, proxy });
        }
        samples
    }

    fn samples_of_host() -> Vec<Self> {
        vec![
            Self::Requires { area: None, check: "Import token".into() },
            Self::Requires { area: Some(CheckArea::Okta), check: "Credentials".into() },
            Self::NoResponse { seconds: 20 },
            Self::Error { error: text("could not reach example.okta.com: its name does not resolve") },
            Self::InvalidUrl,
            Self::TurnedOff { setting: "console.listen".into() },
            Self::ManagedByFile { file: text("okta-insight.toml") },
            Self::ManagedByConsole,
            Self::VariableIgnored {
                name: text("OKTA_CLIENT_TOKEN"),
                reason: "API tokens aren't supported; use a private key".into(),
            },
            Self::FileExposed { file: text("okta.jwk"), mode: text("644") },
            Self::StoreSound { path: store() },
            Self::StoreMissing { path: store() },
            Self::StoreOutdated { path: store(), migrations: 3 },
            Self::StoreForeign { path: store() },
            Self::StoreLocked { path: store(), holder: Some(text("process 1234 (sqlite3)")) },
            Self::StoreLocked { path: store(), holder: None },
            Self::StoreUnusable { path: store(), error: text("permission denied") },
            Self::StoreUnread { path: store(), error: text("permission denied") },
            Self::StoreUnverified { path: store(), seconds: 10 },
            Self::StoreUnrecognized { path: store() },
            Self::Running,
            Self::LockUnreadable,
            Self::AddressFree { address: address() },
            Self::AddressOfDaemon { address: address() },
            Self::AddressInUse { address: address() },
            Self::AddressUnusable { address: address(), error: text("permission denied") },
            Self::AlertsInLog,
            Self::AlertHostMissing,
            Self::AlertHostReachable,
            Self::AlertHostUnreachable { error: text("connection refused") },
            Self::ClockCorrect,
            Self::ClockUnknown,
        ]
    }

    fn samples_of_org() -> Vec<Self> {
        vec![
            Self::Org { host: text("example.okta.com") },
            Self::OwnDomain { org: text("00o1") },
            Self::CustomDomain { org: text("00o1"), own: text("example.okta.com") },
            Self::CredentialsAccepted { client_id: text("0oa1"), key_id: Some(key()) },
            Self::CredentialsAccepted { client_id: text("0oa1"), key_id: None },
            Self::ClientUnknown { client_id: text("0oa1") },
            Self::KeyUnknown { key_id: Some(key()) },
            Self::KeyUnknown { key_id: None },
            Self::KeyDiffers { key_id: Some(key()) },
            Self::KeyDiffers { key_id: None },
            Self::TokenBound,
            Self::TokenUnbound,
            Self::ApiScopeOptional,
            Self::ApiScopeNotRequired,
            Self::DirectoryReadable { other_origins: Vec::new() },
            Self::DirectoryReadable { other_origins: vec![text("https://id.example.com")] },
            Self::NoUsers,
            Self::NoGroups,
            Self::SchemasReadable { user_types: vec![text("user"), text("contractor")] },
            Self::SystemLogReadable,
            Self::SystemLogUnused,
            Self::RateLimit { requests_per_minute: 2_599, bucket: text("/api/v1/users") },
            Self::RateLimitUnknown,
            Self::ScopeUnlimited,
            Self::ScopeResolved,
            Self::UserTypes { names: vec![text("user"), text("contractor")] },
            Self::EventHookUnused,
            Self::EventHookExists { name: text("okta-insight-sync main"), id: text("who1") },
            Self::EventHookActive,
            Self::EventHookVerified,
            Self::EventHookDelivers { url: url() },
            Self::EventHookSecretMatches,
            Self::EventTypesComplete { event_types: 23 },
            Self::EventHookResponds { url: url() },
            Self::EventHookMisdirected { url: url(), status: 502 },
        ]
    }

    fn samples_of_assets() -> Vec<Self> {
        vec![
            Self::TokenAccepted,
            Self::ImportSourceIdle,
            Self::ImportSourceBusy,
            Self::ImportSourceEmpty,
            Self::ImportSourceDisabled,
            Self::ImportSourceState { state: text("ARCHIVED") },
            Self::SchemaMatches { object_types: 2, attributes: 63 },
            Self::CardinalityUnlimited,
            Self::EmptyValuesRemoved,
            Self::EmptyValuesCleared,
            Self::EmptyValuesKept,
            Self::UnknownValuesAdded,
            Self::UnknownValuesUnused,
            Self::UnknownValuesDropped,
            Self::MissingObjectsKept,
            Self::SiteObjects { objects: 2_599, included: 50_000 },
            Self::SelfTestMissing,
            Self::SelfTested { form: ReferenceForm::EachValue, tested_at: TIME },
            Self::AccountAccepted,
            Self::AccountMissing,
            Self::WorkspaceDiffers,
            Self::ObjectsHidden,
            Self::NothingSent,
            Self::ObjectsComplete { objects: [(ObjectKind::User, 2_599), (ObjectKind::Group, 1)].into() },
            Self::ObjectsMissing { kind: ObjectKind::User, present: 7, confirmed: 2_599 },
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::super::observation::ObservationDiscriminants;
    use super::*;

    #[test]
    fn every_observation_has_sample() {
        let samples: BTreeSet<ObservationDiscriminants> =
            Observation::samples().iter().map(ObservationDiscriminants::from).collect();
        assert_eq!(samples, ObservationDiscriminants::iter().collect());
    }

    #[test]
    fn observation_survives_json() {
        for sample in Observation::samples() {
            let text = serde_json::to_string(&sample).unwrap();
            assert_eq!(serde_json::from_str::<Observation>(&text).unwrap(), sample, "{text}");
        }
    }
}
