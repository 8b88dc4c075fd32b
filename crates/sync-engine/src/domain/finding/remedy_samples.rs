//! Sample remedies, for tests of their words.

use crate::domain::finding::remedy::Remedy;
use crate::domain::finding::subject::Service;

impl Remedy {
    /// A realistic value of each action, and of each variant with separate words.
    #[expect(clippy::too_many_lines, reason = "a list of all variants")]
    pub fn samples() -> Vec<Self> {
        let mut samples = vec![
            Self::StartDaemon,
            Self::Resume,
            Self::RunSetup,
            Self::CreateEventHookManually,
            Self::ExposeDaemonAndRunSetup,
            Self::RunFullSync,
            Self::ResendObjects,
            Self::ReviewPlan,
            Self::ReviewPrune,
            Self::ReplayEvents,
            Self::ReviewRejectedRecords,
            Self::ReviewRuns,
            Self::RunChecks,
            Self::RepeatChecks,
            Self::Wait,
            Self::CorrectSetting { key: "okta.client_id".to_owned() },
            Self::CorrectSetting { key: "schedule.jitter".to_owned() },
            Self::CorrectScope,
            Self::AddAtlassianAccount,
            Self::GrantApiScopes { scope: Some("okta.eventHooks.read".to_owned()) },
            Self::GrantApiScopes { scope: None },
            Self::AssignAdminRole,
            Self::AssignSchemaRole,
            Self::RequireDpop,
            Self::CheckOktaCredentials,
            Self::RegisterPublicKey,
            Self::AllowNetworkZone,
            Self::CorrectOrgUrl,
            Self::RaiseRateLimit,
            Self::EnableOktaFeature,
            Self::CorrectObjectInOkta,
            Self::CheckObjectAndResourceSet,
            Self::EnableImportSource,
            Self::RenewImportToken,
            Self::CheckAtlassianCredentials,
            Self::AllowIpAddress,
            Self::CheckAtlassianPlan,
            Self::GrantSchemaRole,
            Self::UseOtherCredential,
            Self::IgnoreMissingObjects,
            Self::RemoveEmptyValues,
            Self::AddUnknownValues,
            Self::ReviewImportSource,
            Self::ReviewObjectLimit,
            Self::CorrectAttribute,
            Self::RenameInAssets { name: "Nickname".to_owned() },
            Self::FreeName { name: "Nickname".to_owned() },
            Self::DeleteAttributeToRecreate,
            Self::MapAttributeType { kind: "integer".to_owned() },
            Self::SetCardinality { maximum: None },
            Self::SetCardinality { maximum: Some(5) },
            Self::SetMinimumCardinality { minimum: 0 },
            Self::SetLabel,
            Self::SetUnique { unique: true },
            Self::SetUnique { unique: false },
            Self::AllowStatuses { statuses: vec!["Okta Deleted".to_owned(), "Okta Out of Scope".to_owned()] },
            Self::DeleteInAssets,
            Self::ExcludeAttribute,
            Self::IncludeAttribute { attribute: "pin".to_owned() },
            Self::RaiseObjectLimit,
            Self::CorrectSiteUrl,
            Self::ReviewExecution,
            Self::ReviewImportHistory,
            Self::CheckStatus,
            Self::CheckDaemonLog,
            Self::Repeat,
            Self::ListRuns,
            Self::ListEvents,
            Self::UseUserIdOrLogin,
            Self::UseGroupIdOrName,
            Self::UseGroupId,
            Self::SetAtlassianAccount,
            Self::RunSelfTest,
            Self::KeepTestObjects,
            Self::ReportSelfTest,
            Self::ReduceRecordSize,
            Self::CorrectConfiguration { file: "okta-insight.toml".to_owned() },
            Self::RemoveVariables,
            Self::RequestApiScope { scope: "okta.groups.read".to_owned() },
            Self::CheckAlertWebhook,
            Self::ExposeDaemon { listen: "127.0.0.1:8484".to_owned() },
            Self::CreateConfiguration,
            Self::CreateConnection,
            Self::ReenterSettings,
            Self::ReenterSecrets,
            Self::CorrectSettings,
            Self::EditConfiguration,
            Self::UseOtherConnectionName,
            Self::GenerateMasterKey,
            Self::SetMasterKey,
            Self::CorrectMasterKey,
            Self::UseDaemonMasterKey { server: Some("http://127.0.0.1:8585".to_owned()) },
            Self::UseDaemonMasterKey { server: None },
            Self::ChooseOtherAddress { key: "server.listen".to_owned() },
            Self::SetTlsFiles,
            Self::EnableTls { key: "console.listen".to_owned() },
            Self::CreateExport,
            Self::ReplaceExport,
            Self::UseOtherFolder,
            Self::RestartExport,
            Self::StopOtherLeader,
            Self::UseHttps,
            Self::CheckDaemonReachable,
            Self::CheckDaemonUrl,
            Self::SetAccessToken,
            Self::ReplaceStore,
            Self::StopStoreReplacement,
            Self::ProtectStoreFiles,
            Self::ReplaceForeignStore,
            Self::CheckStoreAccess,
            Self::MigrateStore,
            Self::StartMigratedVersion,
            Self::ReleaseStoreLock { pid: Some(1234), is_stopped: true },
            Self::ReleaseStoreLock { pid: Some(1234), is_stopped: false },
            Self::ReleaseStoreLock { pid: None, is_stopped: false },
            Self::RestrictFileAccess { file: "/etc/okta-insight/okta.jwk".to_owned() },
            Self::AllowPrivateAddresses,
            Self::SignInToNetwork,
            Self::SetClock,
            Self::FreeDiskSpace,
            Self::RestoreStore,
            Self::CheckProxy,
        ];
        for service in [Service::Okta, Service::Assets] {
            samples.push(Self::CheckCertificate { service });
            samples.push(Self::AllowRequests { service });
            samples.push(Self::CheckNetwork { service });
            samples.push(Self::CheckGateway { service });
            samples.push(Self::CheckServiceStatus { service });
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::*;
    use crate::{Fact, Finding, FindingCode, RemedyAction};

    #[test]
    fn every_code_has_sample() {
        let samples: BTreeSet<&str> =
            Fact::samples().iter().map(|fact| FindingCode::from(fact).as_str()).collect();
        let codes: BTreeSet<&str> = FindingCode::iter().map(FindingCode::as_str).collect();
        assert_eq!(samples, codes);
    }

    #[test]
    fn every_remedy_has_sample() {
        let samples: BTreeSet<&str> =
            Remedy::samples().iter().map(|remedy| RemedyAction::from(remedy).as_str()).collect();
        let actions: BTreeSet<&str> = RemedyAction::iter().map(RemedyAction::as_str).collect();
        assert_eq!(samples, actions);
    }

    #[test]
    fn finding_survives_json() {
        let facts = Fact::samples().into_iter().cycle();
        for (remedy, fact) in Remedy::samples().into_iter().zip(facts) {
            let finding = Finding::error(fact).with_remedy(remedy);
            let text = serde_json::to_string(&finding).unwrap();
            assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding, "{text}");
        }
    }
}
