//! What to do in Okta and in Assets, told when it is needed.

use sync_service::init::needed_scopes;

pub(super) const EVENTS: &str = "\
How Okta tells what happens: an event hook calls the daemon at once, and needs a public https address in front of it.
Without one, reading the System Log every few seconds is a complete way too.";

pub(super) const KEY: &str = "\
The sync signs in to Okta as an app with a key pair: the private key stays here, the public key goes to Okta.";

pub(super) const ACCOUNT: &str = "\
The import token cannot clear every value or delete objects. An Atlassian account can, if the sync is to do that; it needs
the role Object schema manager on the object schema, and an API token (id.atlassian.com, Security, API tokens).";

pub(super) const IMPORT: &str = "\
In Jira: Assets, the object schema (an empty one is best), Import tab, Create import: External import. Then the
import source's menu: Generate token. It is shown once; a new one ends the old one at once.";

/// How the app is made. Ends with the public key when that is not in Okta yet.
pub(super) fn app(public_jwk: &serde_json::Value, hook: bool) -> String {
    let jwk = serde_json::to_string_pretty(public_jwk).unwrap_or_default();
    let scopes: Vec<String> = needed_scopes(hook)
        .iter()
        .map(|scope| format!("     {:<23} {}", scope.name, scope.purpose))
        .collect();
    let for_the_hook = if hook {
        "\n     For setup to create the event hook: Super Administrator, or a custom role with okta.eventhooks.manage."
    } else {
        ""
    };
    format!(
        "In the Okta admin console, as a super administrator:
  1. Applications, Create App Integration, API Services.
  2. General, Client Credentials, Public key / Private key, Add key: paste
{jwk}
  3. Okta API Scopes, grant:
{}
  4. Admin roles: Read-only Administrator, over all users and groups.{for_the_hook}
The client ID is shown under General.",
        scopes.join("\n"),
    )
}
