//! Remedies on the command line: a lowercase fragment without a period, with commands and configuration keys.

use sync_engine::Remedy;

use super::commands::{
    DAEMON, DOCTOR, EVENTS, EVENTS_FAILED, EVENTS_REPLAY, EXPORT, INIT, MASTER_KEY_GENERATE, PLAN,
    PRUNE_OVERRIDE, RESUME, RUNS, SELFTEST, SELFTEST_KEEP, SETUP, SETUP_MANUAL, STATUS, SYNC, SYNC_OVERRIDE,
    SYNC_RESEND,
};

/// The remedy as an instruction.
#[expect(clippy::too_many_lines, reason = "one arm for each action")]
pub(crate) fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::StartDaemon => format!("start `{DAEMON}`"),
        Remedy::Resume => format!("run `{RESUME}`"),
        Remedy::RunSetup => format!("run `{SETUP}`"),
        Remedy::CreateEventHookManually => {
            format!("run `{SETUP_MANUAL}`, and create the event hook that it prints")
        }
        Remedy::ExposeDaemonAndRunSetup => {
            format!("make the daemon reachable at `event_hook.public_url`, then run `{SETUP}`")
        }
        Remedy::RunFullSync => format!("run `{SYNC}`"),
        Remedy::ResendObjects => format!("run `{SYNC_RESEND}`"),
        Remedy::ReviewPlan => {
            format!("run `{PLAN}` to review the changes; if they are correct, run `{SYNC_OVERRIDE}`")
        }
        Remedy::ReviewPrune => format!("review the list; if it is correct, run `{PRUNE_OVERRIDE}`"),
        Remedy::ReplayEvents => {
            format!("run `{EVENTS_FAILED}` to find the cause; fix it, then run `{EVENTS_REPLAY}`")
        }
        Remedy::ReviewRejectedRecords => {
            format!(
                "run `{STATUS}` to list the records; correct their values in Okta or the attributes in Assets"
            )
        }
        Remedy::ReviewRuns => format!("run `{RUNS}`, and read the findings of recent runs"),
        Remedy::RunChecks => format!("run `{DOCTOR}` to find the cause"),
        Remedy::RepeatChecks => format!("run `{DOCTOR}` again"),
        Remedy::CorrectConfiguration { file } => format!("correct `{file}` or the environment variables"),
        Remedy::RequestApiScope { scope } => {
            format!("add `{scope}` to `okta.api_scopes` of the connection, or remove that setting")
        }
        Remedy::CheckAlertWebhook => {
            "check `alerts.webhook_url`, and the network between this host and its host".to_owned()
        }
        Remedy::ExposeDaemon { listen } => format!(
            "forward the public URL to `{DAEMON}` at {listen}; check `event_hook.public_url` and `server.listen`"
        ),
        Remedy::ReplaceForeignStore => format!(
            "start the version that wrote the state store; or set `store.path` to another file, and run `{SYNC}`"
        ),
        Remedy::CheckStoreAccess => {
            "check `store.path`, and let this user write the file and its folder".to_owned()
        }
        Remedy::CorrectSetting { key } => format!("correct `{key}` of the connection"),
        Remedy::CorrectScope => "correct `scope` of the connection".to_owned(),
        Remedy::DeleteAttributeToRecreate => {
            format!("to create it again, delete the attribute with its values in Assets, and run `{SETUP}`")
        }
        Remedy::MapAttributeType { kind } => format!(
            "set `mapping.user.types` or `mapping.group.types` to `{kind}` for the attribute; or delete the attribute with \
             its values in Assets, and run `{SETUP}`"
        ),
        Remedy::ExcludeAttribute => {
            "to keep it out of Assets, add it to `mapping.user.exclude` or `mapping.group.exclude`".to_owned()
        }
        Remedy::IncludeAttribute { attribute } => format!(
            "to map it anyway, add `{attribute}` to `mapping.user.include` or `mapping.group.include`"
        ),
        Remedy::CorrectOrgUrl => {
            "set `okta.org_url` to the URL of the org, such as https://example.okta.com, without -admin"
                .to_owned()
        }
        Remedy::CorrectSiteUrl => {
            "set `assets.site_url` to the URL of the Atlassian site, such as https://example.atlassian.net"
                .to_owned()
        }
        Remedy::UseOtherCredential => {
            "set `assets.import_token` to the token of this import source, or add an Atlassian account"
                .to_owned()
        }
        Remedy::ReviewImportHistory => format!(
            "in Assets, open the object schema, and go to Schema configuration > Import; open the history of the import, \
             correct the reported errors, then run `{SETUP}`"
        ),
        Remedy::FreeDiskSpace => {
            "free disk space; or stop the daemon, move the state store, and set `store.path`".to_owned()
        }
        Remedy::RestoreStore => format!(
            "stop the daemon, and restore the state store from a backup; without a backup, remove it and run `{SYNC}`"
        ),
        Remedy::CheckStatus => format!("run `{STATUS}`"),
        Remedy::MigrateStore => format!("run `{STATUS}`, which migrates the state store"),
        Remedy::CheckDaemonLog => format!("check the daemon's log, and run `{STATUS}`"),
        Remedy::Repeat => "run the command again".to_owned(),
        Remedy::ListRuns => format!("list the stored runs with `{RUNS}`; old runs are deleted"),
        Remedy::ListEvents => {
            format!("list the stored events with `{EVENTS}`; old completed events are deleted")
        }
        Remedy::SetAtlassianAccount => {
            "set `assets.site_url`, `assets.email`, and `assets.api_token` of the connection".to_owned()
        }
        Remedy::RunSelfTest => format!("run `{SELFTEST}`"),
        Remedy::KeepTestObjects => format!(
            "set `assets.site_url`, `assets.email`, and `assets.api_token` of the connection, or run `{SELFTEST_KEEP}`"
        ),
        Remedy::CreateConfiguration => {
            format!("create a configuration file with `{INIT}`, or set `--config`")
        }
        Remedy::CreateConnection => format!(
            "run `{INIT}`, or set `console.master_key` and add a connection in the console; for a remote daemon, set \
             `--server URL --token-file FILE`"
        ),
        Remedy::GenerateMasterKey => format!("generate a master key with `{MASTER_KEY_GENERATE}`"),
        Remedy::SetMasterKey => format!(
            "generate a master key with `{MASTER_KEY_GENERATE}`, set `console.master_key` to its file or variable, and \
             restart the daemon"
        ),
        Remedy::CorrectMasterKey => {
            "set `console.master_key` to the key that encrypted the secrets, or enter the secrets again".to_owned()
        }
        Remedy::UseDaemonMasterKey { server } => format!(
            "set `console.master_key` to the key of the daemon, or set `--server {} --token-file FILE`",
            server.as_deref().unwrap_or("URL")
        ),
        Remedy::ChooseOtherAddress { key } => format!("set `{key}` to another address"),
        Remedy::SetTlsFiles => {
            "set `server.tls_certificate` to a PEM file with the certificate and its issuers, and `server.tls_key` to its \
             private key"
                .to_owned()
        }
        Remedy::EnableTls { key } => format!(
            "set `server.tls_certificate` and `server.tls_key`; or set `server.behind_proxy = true` if a proxy terminates \
             TLS; or set `{key}` to a loopback address"
        ),
        Remedy::CreateExport => format!("create a new export with `{EXPORT}`"),
        Remedy::ReplaceExport => "use another folder, or replace the earlier export with `--force`".to_owned(),
        Remedy::RestartExport => "run the command again with `--force`".to_owned(),
        Remedy::UseHttps => "use `https://HOST[:PORT]`; `http://` is allowed for localhost only".to_owned(),
        Remedy::SetAccessToken => {
            "set `--token-file` or OKTA_INSIGHT_TOKEN to an access token of the daemon".to_owned()
        }
        Remedy::AllowPrivateAddresses => {
            "use a public address, or set `server.allow_private_addresses = true`".to_owned()
        }
        Remedy::ReleaseStoreLock { pid: Some(pid), is_stopped: true } => {
            format!("resume the process with `kill -CONT {pid}`, or end it; then run the command again")
        }
        Remedy::ReleaseStoreLock { pid: Some(pid), is_stopped: false } => {
            format!("wait until process {pid} has finished, or end it; then run the command again")
        }
        // In the other products and on the host, the way is the same for every reader.
        Remedy::Wait
        | Remedy::AddAtlassianAccount
        | Remedy::GrantApiScopes { .. }
        | Remedy::AssignAdminRole
        | Remedy::AssignSchemaRole
        | Remedy::RequireDpop
        | Remedy::RemoveVariables
        | Remedy::RemoveEmptyValues
        | Remedy::AddUnknownValues
        | Remedy::ReviewImportSource
        | Remedy::ReviewObjectLimit
        | Remedy::CheckOktaCredentials
        | Remedy::RegisterPublicKey
        | Remedy::AllowNetworkZone
        | Remedy::RaiseRateLimit
        | Remedy::EnableOktaFeature
        | Remedy::CorrectObjectInOkta
        | Remedy::CheckObjectAndResourceSet
        | Remedy::EnableImportSource
        | Remedy::RenewImportToken
        | Remedy::CheckAtlassianCredentials
        | Remedy::AllowIpAddress
        | Remedy::CheckAtlassianPlan
        | Remedy::GrantSchemaRole
        | Remedy::IgnoreMissingObjects
        | Remedy::CorrectAttribute
        | Remedy::RenameInAssets { .. }
        | Remedy::FreeName { .. }
        | Remedy::SetCardinality { .. }
        | Remedy::SetMinimumCardinality { .. }
        | Remedy::SetLabel
        | Remedy::SetUnique { .. }
        | Remedy::AllowStatuses { .. }
        | Remedy::DeleteInAssets
        | Remedy::RaiseObjectLimit
        | Remedy::ReviewExecution
        | Remedy::SetClock
        | Remedy::CheckProxy
        | Remedy::AllowRequests { .. }
        | Remedy::CheckNetwork { .. }
        | Remedy::CheckGateway { .. }
        | Remedy::UseUserIdOrLogin
        | Remedy::UseGroupIdOrName
        | Remedy::UseGroupId
        | Remedy::ReduceRecordSize
        | Remedy::ReportSelfTest
        | Remedy::ReenterSettings
        | Remedy::ReenterSecrets
        | Remedy::CorrectSettings
        | Remedy::EditConfiguration
        | Remedy::UseOtherConnectionName
        | Remedy::UseOtherFolder
        | Remedy::StopOtherLeader
        | Remedy::CheckDaemonReachable
        | Remedy::CheckDaemonUrl
        | Remedy::ReplaceStore
        | Remedy::StopStoreReplacement
        | Remedy::ProtectStoreFiles
        | Remedy::StartMigratedVersion
        | Remedy::ReleaseStoreLock { pid: None, .. }
        | Remedy::RestrictFileAccess { .. }
        | Remedy::CheckCertificate { .. }
        | Remedy::SignInToNetwork
        | Remedy::CheckServiceStatus { .. } => plain_text::remedy(remedy),
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::RemedyAction;

    use super::*;

    #[test]
    fn every_remedy_has_words() {
        let lines: Vec<String> = Remedy::samples()
            .iter()
            .map(|sample| format!("{}: {}", RemedyAction::from(sample).as_str(), remedy(sample)))
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
