//! Labels and help of the settings form.

use maud::{Markup, html};

use super::text::capital;

/// The label of a field, by its name in the form or its key.
pub(crate) fn label(field: &str) -> String {
    match field {
        "name" => "Name",
        "org_url" => "Okta org URL",
        "client_id" => "Client ID",
        "private_key" => "Private key",
        "key_id" => "Key ID",
        "import_token" => "Import token",
        "public_url" => "Public URL",
        "api_url" => "Assets API URL",
        "site_url" => "Atlassian site URL",
        "email" => "Atlassian account email",
        "api_token" => "Atlassian API token",
        "event_hook_secret" => "Event hook secret",
        "alert_webhook_url" => "Alert webhook URL",
        "schedule.full_sync" | "full_sync" => "Full sync schedule",
        "schedule.incremental_sync" | "incremental_sync" => "Incremental sync schedule",
        "" | "further" => ADVANCED,
        other => return capital(other),
    }
    .to_owned()
}

/// The label of the field for a configuration key of a connection; `None` if it has no field.
pub(crate) fn label_of_key(key: &str) -> Option<String> {
    let field = match key {
        "okta.org_url" => "org_url",
        "okta.client_id" => "client_id",
        "okta.private_key" => "private_key",
        "okta.key_id" => "key_id",
        "event_hook.public_url" => "public_url",
        "event_hook.secret" => "event_hook_secret",
        "assets.import_token" => "import_token",
        "assets.api_url" => "api_url",
        "assets.site_url" => "site_url",
        "assets.email" => "email",
        "assets.api_token" => "api_token",
        "alerts.webhook_url" => "alert_webhook_url",
        "schedule.full_sync" | "schedule.incremental_sync" => key,
        _ => return None,
    };
    Some(label(field))
}

pub(crate) const OPTIONAL: &str = "Optional settings";
pub(crate) const ADVANCED: &str = "Advanced settings";
pub(crate) const ALERT_FORMAT: &str = "Alert format";

pub(crate) const NAME: &str = "1 to 40 lowercase letters, digits, and hyphens, starting with a letter. You can't change the name later. Default: \
     main.";
pub(crate) const ORG_URL: &str = "The URL of your Okta org, without -admin.";
pub(crate) const CLIENT_ID: &str = "In the Okta Admin Console, go to Applications > Applications, select the API Services app, and open General. The \
     client ID is under Client Credentials.";
pub(crate) const KEY_ID: &str = "The ID that Okta shows next to the public key. Required for a PEM key if the app has several keys; a JWK contains \
     its ID.";
pub(crate) const PUBLIC_URL: &str = "The URL at which Okta reaches this daemon from the internet, for the event hook. Without it, changes come from the \
     System Log, a few seconds later.";
pub(crate) const IMPORT_TOKEN: &str = "In Assets, open the object schema, and go to Schema configuration > Import. \
                                       In the menu (…) of the import, select Generate token. Assets shows the \
                                       token only once.";
pub(crate) const ACCOUNT: &str = "Optional. With an Atlassian account, the sync sets cardinality and clears stale values automatically. Enter all \
     three fields or none.";
pub(crate) const SITE_URL: &str = "The URL of your Atlassian site.";
pub(crate) const EMAIL: &str = "The email of an account that administers the object schema.";
pub(crate) const API_TOKEN: &str = "Create it at id.atlassian.com, under Security > API tokens.";
pub(crate) const RENAME_ATTRIBUTES: &str =
    "Rename attributes in Assets when their titles change in Okta (requires the Atlassian account)";
pub(crate) const API_URL: &str = "Required only if it differs from Atlassian's default.";
pub(crate) const HOOK_SECRET: &str =
    "The secret that Okta sends with each delivery. By default, it is derived from the private key.";
pub(crate) const FULL_SYNC: &str = "An interval such as 6h, a cron expression in UTC, or never.";
pub(crate) const INCREMENTAL_SYNC: &str = "An interval such as 30m, a cron expression in UTC, or never.";
pub(crate) const ALERT_URL: &str = "The webhook that receives alerts as JSON or Slack messages.";
pub(crate) const SAVED_SECRET: &str = "Saved; leave empty to keep it";
pub(crate) const DELETE_SAVED: &str = "Delete saved value";

pub(crate) const SAVE: &str = "Saving tests the settings in Okta and Assets. It changes nothing there.";
pub(crate) const SAVE_ANYWAY: &str = "Save anyway";
pub(crate) const READ_ONLY: &str = "You are signed in as read-only.";
pub(crate) const READ_ONLY_REMEDY: &str = "Sign in with an administrator token.";
pub(crate) const NO_MASTER_KEY: &str = "Connections can't be saved here because no master key is configured. The master key encrypts saved secrets.";
/// The way to a master key.
pub(crate) fn no_master_key_remedy() -> Markup {
    html! {
        "Run " code { "okta-insight master-key generate --out master.key" } ", set "
        code { "console.master_key = { file = \"master.key\" }" } " in the configuration file or "
        code { "OKTA_INSIGHT__CONSOLE__MASTER_KEY" } " in the environment, and restart the daemon. Or add the connection to \
         the configuration file with " code { "okta-insight init" } "."
    }
}

pub(crate) const REMOVAL: &str = "This deletes the saved settings and secrets, and changes in Okta no longer sync to Assets. Nothing is deleted in \
     Okta or Assets. To delete the event hook, use the Okta Admin Console.";

pub(crate) fn managed_by_file(file: &str) -> String {
    format!(
        "The configuration file {file} manages this connection. Change it there, then restart the daemon."
    )
}
