//! The engine's remedies for the command line, with the console's pages and buttons instead of commands.

use sync_service::model::ConnectionName;
use sync_service::{ManagedConnection, account_keys};

/// Phrases for the command line and for the console. Longer commands come before their prefixes.
const WORDS: [(&str, &str); 25] = [
    ("run `okta-insight setup`, which creates it", "press Setup, which creates it"),
    ("run `okta-insight setup`", "press Setup on the Setup page"),
    (
        "`okta-insight setup --manual-event-hook`",
        "`okta-insight setup --manual-event-hook` on the daemon's host",
    ),
    ("`okta-insight setup`", "Setup"),
    ("`setup`", "Setup"),
    ("run `okta-insight verify`", "press Verify Okta Hook on the Setup page"),
    ("`okta-insight verify`", "Verify Okta Hook"),
    ("run `okta-insight plan` to review the changes", "review the changes on the Plan page"),
    ("run `okta-insight plan`", "open the Plan page"),
    ("`okta-insight plan`", "the Plan page"),
    ("run `okta-insight sync --override-safeguards`", "override the safeguard there"),
    ("`okta-insight sync --override-safeguards`", "overriding the safeguard on the Plan page"),
    ("run `okta-insight sync --resend`", "press Resend all objects on the Setup page"),
    ("run `okta-insight sync`", "press Synchronize"),
    ("`okta-insight sync`", "Synchronize"),
    ("run `okta-insight status`", "open the Activity page"),
    ("`okta-insight status`", "the Activity page"),
    ("run `okta-insight events replay --all-failed`", "replay the events on the Events page"),
    ("`okta-insight events`", "the Events page"),
    ("`okta-insight runs`", "the Runs page"),
    ("run `okta-insight runs`", "open the Runs page"),
    ("run `okta-insight doctor`", "run checks on the Checks page"),
    ("`okta-insight doctor`", "the Checks page"),
    ("run setup again", "press Setup again"),
    ("`okta-insight resume`", "Resume on the Activity page"),
];

/// A text with pages and buttons instead of commands.
pub(crate) fn here(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (command, place)| text.replace(command, place))
}

/// Keys of a connection, and their labels on the settings page.
const KEYS: [(&str, &str); 11] = [
    ("okta.org_url", "Okta org URL (Edit settings)"),
    ("okta.client_id", "Client ID (Edit settings)"),
    ("okta.private_key", "Private key (Edit settings)"),
    ("event_hook.public_url", "Public URL (Edit settings)"),
    ("event_hook.secret", "Event hook secret (Edit settings, Optional settings)"),
    ("alerts.webhook_url", "Alert webhook URL (Edit settings, Optional settings)"),
    ("assets.import_token", "Import token (Edit settings)"),
    ("assets.api_url", "Assets API URL (Edit settings, Optional settings)"),
    ("assets.site_url", "Atlassian site URL (Edit settings, Optional settings)"),
    ("assets.email", "Atlassian account email (Edit settings, Optional settings)"),
    ("assets.api_token", "Atlassian API token (Edit settings, Optional settings)"),
];

/// A text with fields of the form instead of keys, if the console manages the connection.
pub(crate) fn settings(member: &ManagedConnection, text: &str) -> String {
    if member.saved().is_some() { fields(member.name(), text) } else { text.to_owned() }
}

fn fields(connection: &ConnectionName, text: &str) -> String {
    let account = text.replace(
        &account_keys(connection),
        "Atlassian site URL, account email, and API token under Edit settings, Optional settings",
    );
    KEYS.iter().fold(account, |text, (key, field)| {
        text.replace(&format!("connections.{connection}.{key}"), field).replace(key, field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_fields_of_the_form() {
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        assert_eq!(
            fields(&main, &format!("give it an account ({})", account_keys(&main))),
            "give it an account (Atlassian site URL, account email, and API token under Edit settings, Optional settings)"
        );
        assert_eq!(
            fields(&main, "check connections.main.okta.org_url, or okta.client_id"),
            "check Okta org URL (Edit settings), or Client ID (Edit settings)"
        );
    }

    #[test]
    fn commands_become_buttons_and_pages() {
        assert_eq!(
            here(
                "run `okta-insight plan` to review the changes; if they are correct, run `okta-insight sync --override-safeguards`"
            ),
            "review the changes on the Plan page; if they are correct, override the safeguard there"
        );
        assert_eq!(here("run `okta-insight setup`, or wait"), "press Setup on the Setup page, or wait");
    }

    /// Only what has no page stays a command.
    #[test]
    fn no_text_of_the_engine_sends_people_to_a_terminal() {
        let stays = [
            "setup --manual-event-hook",
            "doctor --fix",
            "config example",
            "prune",
            "export",
            "master-key",
            "tokens",
            "init",
            "config example",
            "sandbox",
        ];
        for source in ["sync-engine/src", "sync-service/src"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
            walk(&folder, &mut |line| {
                if line.trim_start().starts_with("//") || !line.contains("`okta-insight ") {
                    return;
                }
                let said = here(line);
                for command in said.split("`okta-insight ").skip(1) {
                    assert!(stays.iter().any(|stays| command.starts_with(stays)), "{line}");
                }
            });
        }
    }

    fn walk(folder: &std::path::Path, read: &mut dyn FnMut(&str)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, read);
            } else {
                std::fs::read_to_string(&path).unwrap().lines().for_each(&mut *read);
            }
        }
    }
}
