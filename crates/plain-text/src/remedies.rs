//! Remedies in plain text.

use sync_engine::{Remedy, Service};

use crate::findings::service_name;

/// The way to a tab of the app's page.
const APP: &str = "in the Okta Admin Console, go to Applications > Applications, select the app, and open";
/// The way to the import source.
const IMPORT: &str = "in Assets, open the object schema, and go to Schema configuration > Import";
/// The mapping options of each object type.
const MAPPING: &str = "in Assets, open the object schema, and go to Schema configuration > Import; open Edit mapping, and for each object \
     type, open Edit object type mapping and set";

/// The attributes of an object type.
const ATTRIBUTES: &str = "in Assets, open the object type, and go to Attributes";
/// The settings of an attribute.
const CONFIGURE: &str = "in Assets, open the object type, and go to Attributes; in the menu (…) of the attribute, select Configure";

/// A remedy as an instruction: a lowercase fragment without a period.
#[expect(clippy::too_many_lines, reason = "one arm for each action")]
pub fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::StartDaemon => "start the daemon".to_owned(),
        Remedy::Resume => "resume the connection".to_owned(),
        Remedy::RunSetup => "run setup".to_owned(),
        Remedy::CreateEventHookManually => {
            "create the event hook with the values that setup shows for a manual event hook".to_owned()
        }
        Remedy::ExposeDaemonAndRunSetup => {
            "make the daemon reachable at the public URL, then run setup".to_owned()
        }
        Remedy::RunFullSync => "run a full sync".to_owned(),
        Remedy::ResendObjects => "resend all objects".to_owned(),
        Remedy::ReviewPlan => "review the plan; if it is correct, override the safeguard".to_owned(),
        Remedy::ReviewPrune => "review the prune plan; if it is correct, override the safeguard".to_owned(),
        Remedy::ReplayEvents => "fix the cause, then replay the failed events".to_owned(),
        Remedy::ReviewRejectedRecords => {
            "review the rejected records; correct their values in Okta or the attributes in Assets".to_owned()
        }
        Remedy::ReviewRuns => "read the findings of recent runs".to_owned(),
        Remedy::RunChecks => "run the checks to find the cause".to_owned(),
        Remedy::RepeatChecks => "run the checks again".to_owned(),
        Remedy::Wait => "wait; the daemon retries automatically".to_owned(),
        Remedy::CorrectSetting { key } => format!("correct the setting {key} of the connection"),
        Remedy::CorrectScope => "correct the scope of the connection".to_owned(),
        Remedy::AddAtlassianAccount => format!(
            "add an Atlassian account to the connection; or let the import remove empty values: \
             {IMPORT}; open Edit mapping, and set empty values to Remove"
        ),

        Remedy::GrantApiScopes { scope: Some(scope) } => {
            format!("{APP} Okta API Scopes; grant {scope}")
        }
        Remedy::GrantApiScopes { scope: None } => {
            format!("{APP} Okta API Scopes; grant the scopes that the connection requires")
        }
        Remedy::AssignAdminRole => format!("{APP} Admin roles; assign Read-only Administrator"),
        Remedy::AssignSchemaRole => format!(
            "{APP} Admin roles; add a role that can view profile schemas: Application Administrator, Organization \
             Administrator, or a custom role with okta.apps.manage"
        ),
        Remedy::RequireDpop => format!(
            "{APP} General; under Proof of possession, require the DPoP header in token requests"
        ),
        Remedy::CheckOktaCredentials => format!(
            "check that the app is an API Services app with this client ID and an active public key: {APP} General"
        ),
        Remedy::RegisterPublicKey => format!(
            "{APP} General; under Client Credentials, add the public key, or set the key ID to the ID that Okta shows"
        ),
        Remedy::AllowNetworkZone => {
            "in the Okta Admin Console, go to Security > Networks; add the IP address of this host to a zone that the \
             app allows"
                .to_owned()
        }
        Remedy::CorrectOrgUrl => {
            "set the org URL to the URL of the org, such as https://example.okta.com, without -admin".to_owned()
        }
        Remedy::RaiseRateLimit => format!("{APP} Application rate limits; raise the share of the app"),
        Remedy::EnableOktaFeature => "ask Okta Support to enable the feature for the org".to_owned(),
        Remedy::CorrectObjectInOkta => "correct the field of the object in Okta".to_owned(),
        Remedy::CheckObjectAndResourceSet => {
            "check if the object still exists in Okta; if it does, add it to the resource set of the app's admin role"
                .to_owned()
        }

        Remedy::EnableImportSource => format!("{IMPORT}; in the menu (…) of the import, select Enable"),
        Remedy::RenewImportToken => format!(
            "check that the import token is complete and from this import source; to replace a lost token: {IMPORT}; in \
             the menu (…) of the import, select Generate token, which revokes the previous token"
        ),
        Remedy::CheckAtlassianCredentials => {
            "check the email and the API token of the Atlassian account at id.atlassian.com, under Security > API tokens"
                .to_owned()
        }
        Remedy::AllowIpAddress => {
            "at admin.atlassian.com, go to Security > IP allowlists; add the IP address of this host".to_owned()
        }
        Remedy::CheckAtlassianPlan => {
            "check the plan of the Atlassian site: Assets requires Jira Service Management Premium or Enterprise"
                .to_owned()
        }
        Remedy::GrantSchemaRole => {
            "in Assets, open the object schema, and go to Schema configuration > Roles; add the account as Object schema \
             manager"
                .to_owned()
        }
        Remedy::UseOtherCredential => {
            "set the import token of this import source, or add an Atlassian account to the connection".to_owned()
        }
        Remedy::IgnoreMissingObjects => format!("{MAPPING} missing objects to Ignore"),
        Remedy::RemoveEmptyValues => format!("{MAPPING} empty values to Remove"),
        Remedy::AddUnknownValues => format!("{MAPPING} unknown values to Add; or map the attributes to text"),
        Remedy::ReviewImportSource => format!("{IMPORT}; check the state of the import"),
        Remedy::ReviewObjectLimit => {
            "in Jira, go to Settings > Products > Assets > Usage; compare the objects with the limit".to_owned()
        }
        Remedy::CorrectAttribute => "correct the attribute in Assets; its values are then sent".to_owned(),
        Remedy::RenameInAssets { name } => {
            format!("optional: rename it to \"{name}\" in Assets; the mapping works with either name")
        }
        Remedy::FreeName { name } => format!(
            "to use the name \"{name}\", rename or delete the other one in Assets, then rename this one"
        ),
        Remedy::DeleteAttributeToRecreate => {
            "to create it again, delete the attribute with its values in Assets, and run setup".to_owned()
        }
        Remedy::MapAttributeType { kind } => format!(
            "set the type of the attribute to {kind} in the mapping options; or delete the attribute with its values in \
             Assets, and run setup"
        ),
        Remedy::SetCardinality { maximum: None } => format!("{CONFIGURE}, and set Cardinality to Unlimited"),
        Remedy::SetCardinality { maximum: Some(maximum) } => {
            format!("{CONFIGURE}, and set the maximum of Cardinality to {maximum}")
        }
        Remedy::SetMinimumCardinality { minimum } => {
            format!("{CONFIGURE}, and set the minimum of Cardinality to {minimum}")
        }
        Remedy::SetLabel => format!("{ATTRIBUTES}; make the attribute the label"),
        Remedy::SetUnique { unique: true } => format!("{CONFIGURE}, and turn on Unique"),
        Remedy::SetUnique { unique: false } => format!("{CONFIGURE}, and turn off Unique"),
        Remedy::AllowStatuses { statuses } => format!("{CONFIGURE}, and allow {}", statuses.join(", ")),
        Remedy::DeleteInAssets => "if the values aren't needed, delete it in Assets".to_owned(),
        Remedy::ExcludeAttribute => {
            "to keep it out of Assets, exclude the attribute in the mapping options".to_owned()
        }
        Remedy::IncludeAttribute { attribute } => {
            format!("to map it anyway, include \"{attribute}\" in the mapping options")
        }
        Remedy::RaiseObjectLimit => {
            "delete unused objects in Assets, or raise the object limit: in Jira, go to Settings > Products > Assets > \
             Usage"
                .to_owned()
        }
        Remedy::CorrectSiteUrl => {
            "set the site URL to the URL of the Atlassian site, such as https://example.atlassian.net".to_owned()
        }
        Remedy::ReviewExecution => format!("wait for the execution to end; to cancel it: {IMPORT}"),
        Remedy::ReviewImportHistory => {
            format!("{IMPORT}; open the history of the import, correct the reported errors, then run setup")
        }

        Remedy::CheckStatus => "check the status of the connection".to_owned(),
        Remedy::CheckDaemonLog => "check the daemon's log and the status of the connection".to_owned(),
        Remedy::Repeat => "repeat the operation".to_owned(),
        Remedy::ListRuns => "list the stored runs; old runs are deleted".to_owned(),
        Remedy::ListEvents => "list the stored events; old completed events are deleted".to_owned(),
        Remedy::UseUserIdOrLogin => {
            "use an Okta user ID, such as 00u1abcd2efGHIJKL3m4, or a username".to_owned()
        }
        Remedy::UseGroupIdOrName => {
            "use an Okta group ID, such as 00g1abcd2efGHIJKL3m4, or a name".to_owned()
        }
        Remedy::UseGroupId => "use the ID of the group".to_owned(),
        Remedy::SetAtlassianAccount => {
            "add an Atlassian account to the connection: site URL, email, and API token".to_owned()
        }
        Remedy::RunSelfTest => "run the self-test".to_owned(),
        Remedy::KeepTestObjects => {
            "add an Atlassian account to the connection, or permit that the test objects remain in Assets".to_owned()
        }
        Remedy::ReportSelfTest => "report the results of the self-test to the maintainers".to_owned(),
        Remedy::ReduceRecordSize => "exclude attributes with large values from the mapping".to_owned(),

        Remedy::CorrectConfiguration { file } => format!("correct {file} or the environment variables"),
        Remedy::RemoveVariables => "remove these variables from the environment".to_owned(),
        Remedy::RequestApiScope { scope } => {
            format!("add {scope} to okta.api_scopes of the connection, or remove that setting")
        }
        Remedy::CheckAlertWebhook => {
            "check alerts.webhook_url, and the network between this host and its host".to_owned()
        }
        Remedy::ExposeDaemon { listen } => format!(
            "forward the public URL to the daemon at {listen}; check event_hook.public_url and server.listen"
        ),
        Remedy::CreateConfiguration => "create a configuration file, or name an existing one".to_owned(),
        Remedy::CreateConnection => {
            "create a connection in the configuration file, or set console.master_key and add one in the console"
                .to_owned()
        }
        Remedy::ReenterSettings => "enter the settings of the connection again, and save them".to_owned(),
        Remedy::ReenterSecrets => "enter the secrets of the connection again, and save them".to_owned(),
        Remedy::CorrectSettings => "correct the settings, and save them again".to_owned(),
        Remedy::EditConfiguration => {
            "change the connection in the configuration file and restart the daemon, or use another name".to_owned()
        }
        Remedy::UseOtherConnectionName => "use another name, or edit the connection that has it".to_owned(),
        Remedy::GenerateMasterKey => "generate a master key".to_owned(),
        Remedy::SetMasterKey => {
            "generate a master key, set console.master_key to its file or variable, and restart the daemon".to_owned()
        }
        Remedy::CorrectMasterKey => {
            "set console.master_key to the key that encrypted the secrets, or enter the secrets again".to_owned()
        }
        Remedy::UseDaemonMasterKey { server } => format!(
            "set console.master_key to the key of the daemon, or use the daemon at {}",
            server.as_deref().unwrap_or("its URL")
        ),
        Remedy::ChooseOtherAddress { key } => format!("set {key} to another address"),
        Remedy::SetTlsFiles => {
            "set server.tls_certificate to a PEM file with the certificate and its issuers, and server.tls_key to its \
             private key"
                .to_owned()
        }
        Remedy::EnableTls { key } => format!(
            "set server.tls_certificate and server.tls_key; or set server.behind_proxy = true if a proxy terminates TLS; \
             or set {key} to a loopback address"
        ),

        Remedy::CreateExport => "create a new export".to_owned(),
        Remedy::ReplaceExport => "use another folder, or replace the earlier export".to_owned(),
        Remedy::UseOtherFolder => "use another folder; this one wasn't changed".to_owned(),
        Remedy::RestartExport => "start the export again, and replace the incomplete files".to_owned(),

        Remedy::StopOtherLeader => {
            "stop the daemon that runs this connection, or use the daemon instead".to_owned()
        }
        Remedy::UseHttps => "use https://HOST[:PORT]; http:// is allowed for localhost only".to_owned(),
        Remedy::CheckDaemonReachable => {
            "check that the daemon runs, and that this host trusts its certificate".to_owned()
        }
        Remedy::CheckDaemonUrl => "check the URL of the console, and use the same version as the daemon".to_owned(),
        Remedy::SetAccessToken => "use an access token of the daemon".to_owned(),

        Remedy::ReplaceStore => {
            "stop the daemon, and replace the state store with a backup; without a backup, remove it and run a full sync"
                .to_owned()
        }
        Remedy::StopStoreReplacement => {
            "stop the program that replaces the open state store, then start again".to_owned()
        }
        Remedy::ProtectStoreFiles => {
            "keep other programs away from the files beside the state store, start again, and run a full sync: the last \
             changes may be lost"
                .to_owned()
        }
        Remedy::ReplaceForeignStore => {
            "start the version that wrote the state store; or set store.path to another file, and run a full sync"
                .to_owned()
        }
        Remedy::CheckStoreAccess => {
            "check store.path, and let this user write the file and its folder".to_owned()
        }
        Remedy::MigrateStore => "start the daemon, or read the status: both migrate the state store".to_owned(),
        Remedy::StartMigratedVersion => "start the version that migrated the state store".to_owned(),
        Remedy::ReleaseStoreLock { pid: Some(pid), is_stopped: true } => {
            format!("resume process {pid}, or end it; then repeat the operation")
        }
        Remedy::ReleaseStoreLock { pid: Some(pid), is_stopped: false } => {
            format!("wait until process {pid} has finished, or end it; then repeat the operation")
        }
        Remedy::ReleaseStoreLock { pid: None, .. } => {
            "end the program that locks the state store: a stopped daemon or a database tool with an open transaction"
                .to_owned()
        }
        Remedy::RestrictFileAccess { file } => format!("run `chmod 600 {file}`"),
        Remedy::AllowPrivateAddresses => {
            "use a public address, or set server.allow_private_addresses = true".to_owned()
        }
        Remedy::CheckCertificate { service } => format!(
            "check the clock of this host; if a proxy inspects TLS to {}, trust its certificate authority on this host",
            service_name(*service)
        ),
        Remedy::SignInToNetwork => {
            "sign in to the network of this host, or use another network".to_owned()
        }

        Remedy::SetClock => "set the clock of this host, and enable NTP".to_owned(),
        Remedy::FreeDiskSpace => {
            "free disk space; or stop the daemon, move the state store, and set store.path".to_owned()
        }
        Remedy::RestoreStore => {
            "stop the daemon, and restore the state store from a backup; without a backup, remove it and run a full sync"
                .to_owned()
        }
        Remedy::CheckProxy => {
            "check the address and the credentials of the proxy in HTTPS_PROXY, or add the host to NO_PROXY".to_owned()
        }
        Remedy::AllowRequests { service } => {
            format!("allow requests from this host to {} in the firewall or gateway", service_name(*service))
        }
        Remedy::CheckNetwork { service } => {
            format!("check the network, DNS, and firewall between this host and {}", service_name(*service))
        }
        Remedy::CheckGateway { service } => {
            format!("check if a proxy or gateway changes the responses of {}", service_name(*service))
        }
        Remedy::CheckServiceStatus { service } => format!("check {}, and retry later", status_page(*service)),
    }
}

const fn status_page(service: Service) -> &'static str {
    match service {
        Service::Okta => "https://status.okta.com",
        Service::Assets => "https://status.atlassian.com",
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
