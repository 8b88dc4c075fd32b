//! Remedies as sentences, with links to their pages.

mod page;

use maud::{Markup, html};
use sync_config::ManagedBy;
use sync_engine::{Remedy, Service};

pub(crate) use page::{Action, Page};

use super::findings::name;
use super::settings;
use super::text::sentence;

/// The remedy for a connection of this owner: the settings page can't change what the configuration file manages.
pub(crate) fn for_owner(remedy: &Remedy, managed_by: ManagedBy) -> Action {
    let action = self::remedy(remedy);
    match (action.page, managed_by) {
        (Some(Page::Settings), ManagedBy::File) => {
            Action::outside(html! { (sentence(&plain_text::remedy(remedy))) })
        }
        _ => action,
    }
}

/// The remedy as sentences, with its page.
#[expect(clippy::too_many_lines, reason = "one arm for each action")]
pub(crate) fn remedy(remedy: &Remedy) -> Action {
    match remedy {
        Remedy::StartDaemon => Action::outside(html! { "Start the daemon, " code { "okta-insightd" } "." }),
        Remedy::Resume => Page::Activity.shows(html! { "Resume the connection on the Activity page." }),
        Remedy::RunSetup => Page::Setup.shows(html! { "Press " b { "Setup" } " on the Setup page." }),
        Remedy::CreateEventHookManually => Action::outside(html! {
            "On the daemon's host, run " code { "okta-insight setup --manual-event-hook" }
            ", and create the event hook that it prints."
        }),
        Remedy::ExposeDaemonAndRunSetup => Page::Setup.shows(html! {
            "Make the daemon reachable at the public URL, then press " b { "Setup" } " on the Setup page."
        }),
        Remedy::RunFullSync => Page::Setup.shows(html! { "Press " b { "Synchronize" } " on the Setup page." }),
        Remedy::ResendObjects => Page::Setup.shows(html! { "Press " b { "Resend all objects" } " on the Setup page." }),
        Remedy::ReviewPlan => Page::Plan.shows(html! {
            "Review the changes on the Plan page. If they are correct, override the safeguard there."
        }),
        Remedy::ReviewPrune => Action::outside(html! {
            "Review the list. If it is correct, run " code { "okta-insight prune --override-safeguards" }
            " on the daemon's host."
        }),
        Remedy::ReplayEvents => Page::FailedEvents.shows(html! {
            "Find the reason on the Events page, fix the cause, then replay the events."
        }),
        Remedy::ReviewRejectedRecords => Page::Runs.shows(html! {
            "Find the records on the Runs page. Correct their values in Okta or the attributes in Assets. Rejected records \
             are resent automatically."
        }),
        Remedy::ReviewRuns => Page::Runs.shows(html! { "Read the findings of recent runs on the Runs page." }),
        Remedy::RunChecks => Page::Checks.shows(html! { "Find the cause on the Checks page." }),
        Remedy::RepeatChecks => Page::Checks.shows(html! { "Run the checks again." }),
        Remedy::Wait => Action::outside(html! { "No action is needed. The daemon retries automatically." }),
        Remedy::CorrectSetting { key } => Page::Settings.shows(html! {
            "Correct "
            @match settings::label_of_key(key) {
                Some(label) => b { (label) },
                None => code { (key) },
            }
            " in the settings of the connection."
        }),
        Remedy::CorrectScope => Page::Settings.shows(html! { "Correct the scope in the settings of the connection." }),
        Remedy::AddAtlassianAccount => Page::Settings.shows(html! {
            "Add an Atlassian account in the settings of the connection. Or let the import remove empty values: "
            (import("in")) ". Open " b { "Edit mapping" } ", and set empty values to " b { "Remove" } "."
        }),

        Remedy::GrantApiScopes { scope } => Action::outside(html! {
            (app("Okta API Scopes")) ". Grant "
            @match scope {
                Some(scope) => { code { (scope) } }
                None => "the scopes that the connection requires",
            }
            "."
        }),
        Remedy::AssignAdminRole => Action::outside(html! {
            (app("Admin roles")) ". Assign " b { "Read-only Administrator" } "."
        }),
        Remedy::AssignSchemaRole => Action::outside(html! {
            (app("Admin roles")) ". Add a role that can view profile schemas: " b { "Application Administrator" } ", "
            b { "Organization Administrator" } ", or a custom role with " code { "okta.apps.manage" } "."
        }),
        Remedy::RequireDpop => Action::outside(html! {
            (app("General")) ". Under " b { "Proof of possession" } ", require the DPoP header in token requests."
        }),
        Remedy::RequestApiScope { scope } => Page::Settings.shows(html! {
            "Add " code { (scope) } " to " code { "okta.api_scopes" }
            " in the settings of the connection, or remove that setting."
        }),
        Remedy::CheckOktaCredentials => Page::Settings.shows(html! {
            (app("General")) ". Check that the app is an API Services app with this client ID and an active public key."
        }),
        Remedy::RegisterPublicKey => Page::Settings.shows(html! {
            (app("General")) ". Under " b { "Client Credentials" }
            ", add the public key, or set the key ID of the connection to the ID that Okta shows."
        }),
        Remedy::AllowNetworkZone => Action::outside(html! {
            "In the Okta Admin Console, go to " b { "Security > Networks" }
            ". Add the IP address of the daemon's host to a zone that the app allows."
        }),
        Remedy::CorrectOrgUrl => Page::Settings.shows(html! {
            "Set the org URL to the URL of the org, such as " code { "https://example.okta.com" } ", without " code { "-admin" } "."
        }),
        Remedy::RaiseRateLimit => Action::outside(html! {
            (app("Application rate limits")) ". Raise the share of the app."
        }),
        Remedy::EnableOktaFeature => Action::outside(html! { "Ask Okta Support to enable the feature for the org." }),
        Remedy::CorrectObjectInOkta => Action::outside(html! { "Correct the field of the object in Okta." }),
        Remedy::CheckObjectAndResourceSet => Action::outside(html! {
            "Check if the object still exists in Okta. If it does, add it to the resource set of the app's admin role."
        }),

        Remedy::EnableImportSource => Action::outside(html! {
            (import("In")) ". In the menu (…) of the import, select " b { "Enable" } "."
        }),
        Remedy::RenewImportToken => Page::Settings.shows(html! {
            "Check that the import token is complete and from this import source. To replace a lost token: " (import("in"))
            ". In the menu (…) of the import, select " b { "Generate token" } ", which revokes the previous token."
        }),
        Remedy::CheckAtlassianCredentials => Page::Settings.shows(html! {
            "Check the email and the API token of the Atlassian account at id.atlassian.com, under "
            b { "Security > API tokens" } "."
        }),
        Remedy::AllowIpAddress => Action::outside(html! {
            "At admin.atlassian.com, go to " b { "Security > IP allowlists" }
            ". Add the IP address of the daemon's host."
        }),
        Remedy::CheckAtlassianPlan => Action::outside(html! {
            "Check the plan of the Atlassian site. Assets requires Jira Service Management Premium or Enterprise."
        }),
        Remedy::GrantSchemaRole => Action::outside(html! {
            "In Assets, open the object schema, and go to " b { "Schema configuration > Roles" }
            ". Add the account as " b { "Object schema manager" } "."
        }),
        Remedy::UseOtherCredential => Page::Settings.shows(html! {
            "Set the import token of this import source, or add an Atlassian account, in the settings of the connection."
        }),
        Remedy::IgnoreMissingObjects => Action::outside(html! { (mapping("missing objects")) b { "Ignore" } "." }),
        Remedy::RemoveEmptyValues => Action::outside(html! { (mapping("empty values")) b { "Remove" } "." }),
        Remedy::AddUnknownValues => Page::Attributes.shows(html! {
            (mapping("unknown values")) b { "Add" } ". Or map the attributes to text."
        }),
        Remedy::ReviewImportSource => Action::outside(html! { (import("In")) ". Check the state of the import." }),
        Remedy::ReviewObjectLimit => Action::outside(html! {
            "In Jira, go to " b { "Settings > Products > Assets > Usage" } ". Compare the objects with the limit."
        }),
        Remedy::CorrectAttribute => Action::outside(html! {
            "Correct the attribute in Assets. Its values are then sent automatically."
        }),
        Remedy::RenameInAssets { name } => Action::outside(html! {
            "Optional: rename it to “" (name) "” in Assets. The mapping works with either name."
        }),
        Remedy::FreeName { name } => Action::outside(html! {
            "To use the name “" (name) "”, rename or delete the other one in Assets, then rename this one."
        }),
        Remedy::DeleteAttributeToRecreate => Page::Setup.shows(html! {
            "To create it again, delete the attribute with its values in Assets, and press " b { "Setup" }
            " on the Setup page."
        }),
        Remedy::MapAttributeType { kind } => Page::Attributes.shows(html! {
            "Select the type " code { (kind) } " for the attribute. Or delete the attribute with its values in Assets, and press "
            b { "Setup" } " on the Setup page."
        }),
        Remedy::SetCardinality { maximum } => Action::outside(html! {
            (configure()) ", and set "
            @match maximum {
                Some(maximum) => { "the maximum of " b { "Cardinality" } " to " (maximum) "." }
                None => { b { "Cardinality" } " to " b { "Unlimited" } "." }
            }
        }),
        Remedy::SetMinimumCardinality { minimum } => Action::outside(html! {
            (configure()) ", and set the minimum of " b { "Cardinality" } " to " (minimum) "."
        }),
        Remedy::SetLabel => Action::outside(html! {
            "In Assets, open the object type, and go to " b { "Attributes" } ". Make the attribute the label."
        }),
        Remedy::SetUnique { unique } => Action::outside(html! {
            (configure()) ", and turn " (if *unique { "on " } else { "off " }) b { "Unique" } "."
        }),
        Remedy::AllowStatuses { statuses } => Action::outside(html! { (configure()) ", and allow " (statuses.join(", ")) "." }),
        Remedy::DeleteInAssets => Action::outside(html! { "If the values aren't needed, delete it in Assets." }),
        Remedy::ExcludeAttribute => Page::Attributes.shows(html! { "To keep it out of Assets, deselect the attribute." }),
        Remedy::IncludeAttribute { attribute } => Page::Attributes.shows(html! {
            "To map it anyway, select " code { (attribute) } "."
        }),
        Remedy::RaiseObjectLimit => Action::outside(html! {
            "Delete unused objects in Assets, or raise the object limit. In Jira, go to "
            b { "Settings > Products > Assets > Usage" } "."
        }),
        Remedy::CorrectSiteUrl => Page::Settings.shows(html! {
            "Set the Atlassian site URL to the URL of the site, such as " code { "https://example.atlassian.net" } "."
        }),
        Remedy::ReviewExecution => Action::outside(html! {
            "Wait until the execution ends; large imports take minutes. To cancel it: " (import("in")) "."
        }),
        Remedy::ReviewImportHistory => Page::Setup.shows(html! {
            (import("In")) ". Open the history of the import. Correct the reported errors, then press " b { "Setup" }
            " on the Setup page."
        }),

        Remedy::CheckStatus | Remedy::CheckDaemonLog => {
            Page::Activity.shows(html! { "Check the daemon's log and the Activity page." })
        }
        Remedy::Repeat => Action::outside(html! { "Try again." }),
        Remedy::ListRuns => Page::Runs.shows(html! { "Find the run on the Runs page. Old runs are deleted." }),
        Remedy::ListEvents => Action::outside(html! {
            "Find the event on the Events page. Old completed events are deleted."
        }),
        Remedy::SetAtlassianAccount => Page::Settings.shows(html! {
            "Add an Atlassian account in the settings of the connection: Atlassian site URL, email, and API token."
        }),
        Remedy::RunSelfTest => Page::Checks.shows(html! { "Press " b { "Run self-test" } " on the Checks page." }),
        Remedy::KeepTestObjects => Page::Checks.shows(html! {
            "Add an Atlassian account in the settings of the connection, or select " b { "Keep test objects" }
            " on the Checks page."
        }),
        Remedy::ReportSelfTest => Action::outside(html! {
            "Report the results of the self-test to the maintainers of okta-insight-sync."
        }),
        Remedy::CheckAlertWebhook => Page::Settings.shows(html! {
            "Check " b { "Alert webhook URL" }
            " in the settings of the connection, and the network between the daemon's host and the webhook."
        }),
        Remedy::ExposeDaemon { listen } => Page::Settings.shows(html! {
            "Forward the public URL to the daemon at " code { (listen) } ". Check " b { "Public URL" }
            " in the settings of the connection."
        }),
        Remedy::ReenterSettings => Page::Settings.shows(html! { "Enter the settings of the connection again." }),
        Remedy::ReenterSecrets => Page::Settings.shows(html! {
            "Enter the secrets of the connection again in its settings."
        }),
        Remedy::CorrectSettings => Action::outside(html! { "Correct the settings, and save them again." }),
        Remedy::EditConfiguration => Action::outside(html! {
            "Change the connection in the configuration file and restart the daemon. Or use another name."
        }),
        Remedy::GenerateMasterKey | Remedy::SetMasterKey => Action::outside(html! {
            "On the daemon's host, generate a master key with " code { "okta-insight master-key generate" } ". Set "
            code { "console.master_key" } " to its file or variable, and restart the daemon."
        }),
        Remedy::CorrectMasterKey => Page::Settings.shows(html! {
            "Set " code { "console.master_key" } " to the key that encrypted the secrets, and restart the daemon. Or enter the \
             secrets again in the settings of the connection."
        }),

        // The same for every reader.
        Remedy::UseUserIdOrLogin
        | Remedy::UseGroupIdOrName
        | Remedy::UseGroupId
        | Remedy::ReduceRecordSize
        | Remedy::CorrectConfiguration { .. }
        | Remedy::RemoveVariables
        | Remedy::CreateConfiguration
        | Remedy::CreateConnection
        | Remedy::UseOtherConnectionName
        | Remedy::UseDaemonMasterKey { .. }
        | Remedy::ChooseOtherAddress { .. }
        | Remedy::SetTlsFiles
        | Remedy::EnableTls { .. }
        | Remedy::CreateExport
        | Remedy::ReplaceExport
        | Remedy::UseOtherFolder
        | Remedy::RestartExport
        | Remedy::StopOtherLeader
        | Remedy::UseHttps
        | Remedy::CheckDaemonReachable
        | Remedy::CheckDaemonUrl
        | Remedy::SetAccessToken
        | Remedy::ReplaceStore
        | Remedy::StopStoreReplacement
        | Remedy::ProtectStoreFiles
        | Remedy::ReplaceForeignStore
        | Remedy::CheckStoreAccess
        | Remedy::MigrateStore
        | Remedy::StartMigratedVersion
        | Remedy::ReleaseStoreLock { .. }
        | Remedy::RestrictFileAccess { .. }
        | Remedy::AllowPrivateAddresses
        | Remedy::CheckCertificate { .. }
        | Remedy::SignInToNetwork => Action::outside(html! { (sentence(&plain_text::remedy(remedy))) }),

        Remedy::SetClock => Action::outside(html! { "Set the clock of the daemon's host, and enable NTP." }),
        Remedy::FreeDiskSpace => Action::outside(html! {
            "Free disk space on the daemon's host. Or stop the daemon, move the state store, and set " code { "store.path" } "."
        }),
        Remedy::RestoreStore => Action::outside(html! {
            "Stop the daemon, and restore the state store from a backup. Without a backup, remove the state store: the next \
             start creates an empty one and runs a full sync."
        }),
        Remedy::CheckProxy => Action::outside(html! {
            "Check the address and the credentials of the proxy in " code { "HTTPS_PROXY" } ", or add the host to "
            code { "NO_PROXY" } "."
        }),
        Remedy::AllowRequests { service } => Action::outside(html! {
            "Allow requests from the daemon's host to " (name(*service)) " in the firewall or gateway."
        }),
        Remedy::CheckNetwork { service } => Action::outside(html! {
            "Check the network, DNS, and firewall between the daemon's host and " (name(*service)) "."
        }),
        Remedy::CheckGateway { service } => Action::outside(html! {
            "Check if a proxy or gateway changes the responses of " (name(*service)) "."
        }),
        Remedy::CheckServiceStatus { service } => Action::outside({
            let host = status_page(*service);
            html! { "Check " a href={ "https://" (host) } { (host) } ", and retry later." }
        }),
    }
}

/// The way to a tab of the app's page.
fn app(tab: &str) -> Markup {
    html! {
        "In the Okta Admin Console, go to " b { "Applications > Applications" } ", select the app, and open " b { (tab) }
    }
}

/// The way to the settings of an attribute.
fn configure() -> Markup {
    html! {
        "In Assets, open the object type, and go to " b { "Attributes" }
        ". In the menu (…) of the attribute, select " b { "Configure" }
    }
}

/// The way to a mapping option of the import.
fn mapping(option: &str) -> Markup {
    html! {
        (import("In")) ". Open " b { "Edit mapping" } ". For each object type, open "
        b { "Edit object type mapping" } ", and set " (option) " to "
    }
}

/// The way to the import source.
fn import(start: &str) -> Markup {
    html! { (start) " Assets, open the object schema, and go to " b { "Schema configuration > Import" } }
}

const fn status_page(service: Service) -> &'static str {
    match service {
        Service::Okta => "status.okta.com",
        Service::Assets => "status.atlassian.com",
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
            .map(|sample| {
                let Action { text, page } = remedy(sample);
                let link = page.map(|page| {
                    let query: Vec<String> =
                        page.query().iter().map(|(key, value)| format!("?{key}={value}")).collect();
                    format!(" [{}: {}{}]", page.label(), page.path().join("/"), query.concat())
                });
                let link = link.unwrap_or_default();
                format!("{}: {}{link}", RemedyAction::from(sample).as_str(), text.into_string())
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
