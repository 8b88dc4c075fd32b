//! A fuzz target of the form that saves a connection. See tests/fuzz.

use std::collections::HashMap;

use admin_api::SavedSettings;
use fuzz::fuzz;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sync_config::{ConnectionSettings, SecretField};
use url::form_urlencoded;

use super::form::{Fields, anchor, inputs};
use crate::words::settings::label;

/// A secret that inputs hold in the fields of secrets, and that no page may show then.
const SECRET: &str = "S3cretValueOfAField";
/// An element that no input may put into the page.
const ELEMENT: &str = "<mark>";

#[test]
fn form_is_read_and_shown_again() {
    let words = [
        "private_key=",
        "import_token=",
        "further=",
        "remove_event_hook_secret=yes",
        "alert_webhook_url=",
        "alert_format=slack",
        "%22%3E%3Cmark%3E",
        "%7B%22users%22%3A",
        "&",
        "+",
        "%",
    ];
    let saved = SavedSettings {
        settings: ConnectionSettings::default(),
        secrets: vec![SecretField::PrivateKey, SecretField::AlertWebhookUrl],
        saved_at: Timestamp::UNIX_EPOCH,
    };
    fuzz("console_form", &words, |input| {
        let sent: HashMap<String, String> = form_urlencoded::parse(input).into_owned().collect();
        let is_secret = |name: &str| SecretField::named(name).is_some();
        // Outside of a secret's field, the text may be shown.
        let quoted = sent
            .iter()
            .any(|(name, text)| name.contains(SECRET) || !is_secret(name) && text.contains(SECRET));
        let fields = Fields::sent(sent.clone()).over(&saved);
        let filled = fields.filled();
        let written = serde_json::to_value(&filled.draft.settings).unwrap();
        let again: ConnectionSettings = serde_json::from_value(written).unwrap();
        assert_eq!(filled.draft.settings, again, "settings that are saved are read back");
        for (field, secret) in &filled.draft.secrets {
            let Some(secret) = secret else { continue };
            let typed = sent.get(field.as_str()).map(|text| text.trim());
            assert_eq!(Some(secret.expose_secret()), typed, "another secret than was typed");
        }
        let problems = filled.problems;
        let page = inputs(&fields, None, &problems).into_string();
        assert!(!page.contains(ELEMENT), "an input is an element of the page");
        assert!(quoted || !page.contains(SECRET), "a secret is shown");
        let told: Vec<String> = problems
            .iter()
            .map(|problem| format!("{}{}{}", label(&problem.field), anchor(&problem.field), problem.message))
            .collect();
        format!("{told:?} {}", filled.draft.secrets.len())
    });
}
