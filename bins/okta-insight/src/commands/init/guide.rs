//! The instructions for Okta and Assets, shown before the prompts.

use sync_config::init::needed_scopes;

pub(super) const EVENTS: &str = "\
Okta reports changes in two ways. An event hook delivers events to the daemon immediately and requires a public HTTPS URL.
The System Log is read every few seconds and also reports all changes.";

pub(super) const KEY: &str = "\
The sync signs in to Okta as an app with a key pair. The private key stays on this host; the public key is added to the app.";

pub(super) const ACCOUNT: &str = "\
The import token can't clear all values or delete objects. With an Atlassian account, the sync can. The account requires the
role Object schema manager on the object schema, and an API token (id.atlassian.com: Security > API tokens).";

pub(super) const IMPORT: &str = "\
In Assets, open an object schema (preferably an empty one), and go to Schema configuration > Import. Select Create import and
External import. In the menu (…) of the import, select Generate token. Assets shows the token only once. A new token revokes
the previous one.";

/// The instructions for the app, with the public key to add.
pub(super) fn app(public_jwk: &serde_json::Value, hook: bool) -> String {
    let jwk = serde_json::to_string_pretty(public_jwk).unwrap_or_default();
    let scopes: Vec<String> = needed_scopes(hook)
        .iter()
        .map(|scope| format!("     {:<23} {}", scope.name, scope.purpose))
        .collect();
    let for_the_hook = if hook {
        "\n     To let setup create the event hook: Super Administrator, or a custom role with okta.eventhooks.manage."
    } else {
        ""
    };
    format!(
        "In the Okta Admin Console, as a Super Administrator:
  1. Go to Applications > Applications > Create App Integration, and select API Services.
  2. Under General > Client Credentials, select Public key / Private key and Add key. Paste this key:
{jwk}
  3. Under Okta API Scopes, grant these API scopes:
{}
  4. Under Admin roles, assign Read-only Administrator for all users and groups.{for_the_hook}
The client ID is shown under General.",
        scopes.join("\n"),
    )
}
