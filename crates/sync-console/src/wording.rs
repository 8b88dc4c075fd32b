//! The engine's words for the command line, as they are said to people who have the console before them.

use sync_service::model::ConnectionName;
use sync_service::{ManagedConnection, account_keys};

/// What is said on the command line, and here. Longer commands come before those that they begin with.
const WORDS: [(&str, &str); 21] = [
    ("run `okta-insight setup`, which creates it", "press Setup, which creates it"),
    ("run `okta-insight setup`", "press Setup on the Set-up page"),
    ("`okta-insight setup --manual-hook`", "`okta-insight setup --manual-hook` on the server"),
    ("`okta-insight setup`", "Setup"),
    ("`setup`", "Setup"),
    ("run `okta-insight verify`", "press Verify Okta Hook on the Set-up page"),
    ("`okta-insight verify`", "Verify Okta Hook"),
    ("look at it with `okta-insight plan`", "look at it on the Plan page"),
    ("`okta-insight plan`", "the Plan page"),
    ("run `okta-insight sync --accept-shrink`", "accept it there and synchronize"),
    ("`okta-insight sync --accept-shrink`", "accepting it on the Plan page"),
    ("run `okta-insight sync --resend`", "press Send everything again on the Set-up page"),
    ("run `okta-insight sync`", "press Synchronize"),
    ("`okta-insight sync`", "Synchronize"),
    ("`okta-insight status`", "the Live page"),
    ("`okta-insight events`", "the Events page"),
    ("`okta-insight runs`", "the Runs page"),
    ("run `okta-insight doctor`", "look at the Checks page"),
    ("`okta-insight doctor`", "the Checks page"),
    ("run setup again", "press Setup again"),
    ("`okta-insight resume`", "Resume on the Live page"),
];

/// A text with the names of pages and buttons in the place of commands.
pub(crate) fn here(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (command, place)| text.replace(command, place))
}

/// Keys of a connection, and what they are called where its settings are edited.
const KEYS: [(&str, &str); 11] = [
    ("okta.org_url", "Organisation URL (Edit settings)"),
    ("okta.client_id", "Client ID (Edit settings)"),
    ("okta.private_key", "Private key (Edit settings)"),
    ("event_hook.public_url", "Public URL of this daemon (Edit settings)"),
    ("event_hook.secret", "Secret of the event hook (Edit settings, Optional settings)"),
    ("alerts.webhook_url", "Webhook for alerts (Edit settings, Optional settings)"),
    ("assets.import_token", "Import token (Edit settings)"),
    ("assets.api_url", "Address of the Assets API (Edit settings, Optional settings)"),
    ("assets.site_url", "Atlassian site (Edit settings, Optional settings)"),
    ("assets.email", "Mail address of the account (Edit settings, Optional settings)"),
    ("assets.api_token", "API token of the account (Edit settings, Optional settings)"),
];

/// A text with the fields of the form in the place of keys, where the settings of the connection are kept here.
pub(crate) fn settings(member: &ManagedConnection, text: &str) -> String {
    if member.saved().is_some() { fields(member.name(), text) } else { text.to_owned() }
}

fn fields(connection: &ConnectionName, text: &str) -> String {
    let account = text.replace(
        &account_keys(connection),
        "Atlassian site, mail address and API token under Edit settings, Optional settings",
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
            "give it an account (Atlassian site, mail address and API token under Edit settings, Optional settings)"
        );
        assert_eq!(
            fields(&main, "check connections.main.okta.org_url, or okta.client_id"),
            "check Organisation URL (Edit settings), or Client ID (Edit settings)"
        );
    }

    #[test]
    fn commands_become_buttons_and_pages() {
        assert_eq!(
            here(
                "look at it with `okta-insight plan`; if it is meant, run `okta-insight sync --accept-shrink`"
            ),
            "look at it on the Plan page; if it is meant, accept it there and synchronize"
        );
        assert_eq!(here("run `okta-insight setup`, or wait"), "press Setup on the Set-up page, or wait");
    }

    /// Only what has no page stays a command.
    #[test]
    fn no_text_of_the_engine_sends_people_to_a_terminal() {
        let stays = [
            "setup --manual-hook",
            "doctor --fix",
            "prune",
            "export",
            "master-key",
            "tokens",
            "init",
            "sandbox",
        ];
        let mut seen = 0;
        for source in ["sync-engine/src", "sync-service/src"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
            walk(&folder, &mut |line| {
                if line.trim_start().starts_with("//") || !line.contains("`okta-insight ") {
                    return;
                }
                seen += 1;
                let said = here(line);
                for command in said.split("`okta-insight ").skip(1) {
                    assert!(stays.iter().any(|stays| command.starts_with(stays)), "{line}");
                }
            });
        }
        assert!(seen > 20, "{seen}");
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
