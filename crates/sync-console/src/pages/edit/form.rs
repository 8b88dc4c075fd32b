//! The fields of a connection's settings: read from saved or sent values, as a draft, and as inputs.

use std::collections::{BTreeMap, HashMap};

use admin_api::{FieldError, SavedSettings};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sync_config::{
    AlertSettings, AssetsSettings, ConnectionSettings, EventHookSettings, OktaSettings, SecretField,
};
use sync_daemon::ConnectionDraft;
use sync_engine::Remedy;
use sync_model::ConnectionName;

use super::super::components::{action, sentence};
use crate::words::settings as words;

/// The fields as text.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) name: String,
    texts: HashMap<String, String>,
    /// Settings without a field keep their saved values.
    base: ConnectionSettings,
    saved: Vec<SecretField>,
}

/// A draft, and the errors of fields that aren't settings.
pub(super) struct Filled {
    pub(super) draft: ConnectionDraft,
    pub(super) problems: Vec<FieldError>,
}

/// The field of settings in JSON.
const FURTHER: &str = "further";

impl Fields {
    /// The submitted fields.
    pub(super) fn sent(sent: HashMap<String, String>) -> Self {
        Self { name: sent.get("name").cloned().unwrap_or_default(), texts: sent, ..Self::default() }
    }

    /// The fields over the saved settings.
    pub(super) fn over(mut self, saved: &SavedSettings) -> Self {
        self.base = saved.settings.clone();
        self.saved.clone_from(&saved.secrets);
        self
    }

    /// The saved fields.
    pub(super) fn saved(saved: &SavedSettings) -> Self {
        let settings = &saved.settings;
        let mut texts = HashMap::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                texts.insert(name.to_owned(), value);
            }
        };
        put("org_url", Some(settings.okta.org_url.clone()));
        put("client_id", Some(settings.okta.client_id.clone()));
        put("key_id", settings.okta.key_id.clone());
        put("public_url", settings.event_hook.as_ref().map(|hook| hook.public_url.clone()));
        put("api_url", settings.assets.api_url.clone());
        put("site_url", settings.assets.site_url.clone());
        put("email", settings.assets.email.clone());
        put("rename_attributes", settings.assets.rename_attributes.then(|| "yes".to_owned()));
        put("alert_format", settings.alerts.as_ref().and_then(|alerts| word(&alerts.format)));
        put("full_sync", settings.schedule.full_sync.clone());
        put("incremental_sync", settings.schedule.incremental_sync.clone());
        put(FURTHER, further(settings));
        Self { texts, ..Self::default() }.over(saved)
    }

    fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", |text| text.trim())
    }

    fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// The draft of the fields.
    pub(super) fn filled(&self) -> Filled {
        let mut settings = self.base.clone();
        let mut problems = Vec::new();
        settings.okta = OktaSettings {
            org_url: self.text("org_url").to_owned(),
            client_id: self.text("client_id").to_owned(),
            key_id: self.given("key_id"),
            ..settings.okta
        };
        settings.assets = AssetsSettings {
            api_url: self.given("api_url"),
            site_url: self.given("site_url"),
            email: self.given("email"),
            rename_attributes: self.given("rename_attributes").is_some(),
        };
        settings.event_hook = self.given("public_url").map(|public_url| EventHookSettings { public_url });
        settings.schedule.full_sync = self.given("full_sync");
        settings.schedule.incremental_sync = self.given("incremental_sync");
        if let Err(problem) = self.read_further(&mut settings) {
            problems.push(problem);
        }
        let mut secrets = BTreeMap::new();
        for field in SecretField::ALL {
            if let Some(secret) = self.given(field.as_str()) {
                secrets.insert(field, Some(SecretString::from(secret)));
            } else if self.given(&format!("remove_{}", field.as_str())).is_some() {
                secrets.insert(field, None);
            }
        }
        if self.given("site_url").is_none() && self.given("email").is_none() {
            // An account has all of its fields or none.
            secrets.insert(SecretField::ApiToken, None);
        }
        let has_alerts = match secrets.get(&SecretField::AlertWebhookUrl) {
            Some(given) => given.is_some(),
            None => self.saved.contains(&SecretField::AlertWebhookUrl),
        };
        settings.alerts = has_alerts.then(|| AlertSettings {
            format: self
                .given("alert_format")
                .and_then(|text| read(&Value::from(text)).ok())
                .unwrap_or_default(),
            repeat_interval: self.base.alerts.as_ref().and_then(|alerts| alerts.repeat_interval.clone()),
        });
        let although = self.given("although").is_some();
        Filled { draft: ConnectionDraft { settings, secrets, ignore_check_failures: although }, problems }
    }

    fn read_further(&self, settings: &mut ConnectionSettings) -> Result<(), FieldError> {
        let Some(text) = self.given(FURTHER) else { return Ok(()) };
        let problem = |message: String| FieldError {
            field: FURTHER.into(),
            message,
            remedy: Some(Remedy::CorrectSettings),
            blocking: true,
        };
        let given: Map<String, Value> = serde_json::from_str(&text).map_err(|e| problem(e.to_string()))?;
        for (name, value) in &given {
            let outcome = match name.as_str() {
                "scope" => read(value).map(|read| settings.scope = read),
                "mapping" => read(value).map(|read| settings.mapping = read),
                "safeguards" => read(value).map(|read| settings.safeguards = read),
                "event_source" => read(value).map(|read| settings.event_source = read),
                _ => Err("unknown setting; must be scope, mapping, safeguards, or event_source".to_owned()),
            };
            outcome.map_err(|message| problem(format!("{name}: {message}")))?;
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|e| e.to_string())
}

fn word<T: Serialize>(value: &T) -> Option<String> {
    Some(serde_json::to_value(value).ok()?.as_str()?.to_owned())
}

/// The settings without their own field that differ from their defaults.
fn further(settings: &ConnectionSettings) -> Option<String> {
    let (all, plain) =
        (serde_json::to_value(settings).ok()?, serde_json::to_value(ConnectionSettings::default()).ok()?);
    let chosen: Map<String, Value> = ["scope", "mapping", "safeguards", "event_source"]
        .into_iter()
        .filter(|name| all.get(name) != plain.get(name))
        .filter_map(|name| Some((name.to_owned(), all.get(name)?.clone())))
        .collect();
    if chosen.is_empty() { None } else { serde_json::to_string_pretty(&chosen).ok() }
}

/// The anchor of a field on the page.
pub(super) fn anchor(field: &str) -> &str {
    match field {
        "schedule.full_sync" => "full_sync",
        "schedule.incremental_sync" => "incremental_sync",
        "name" | "org_url" | "client_id" | "private_key" | "key_id" | "import_token" | "public_url"
        | "api_url" | "site_url" | "email" | "api_token" | "event_hook_secret" | "alert_webhook_url"
        | "full_sync" | "incremental_sync" => field,
        _ => FURTHER,
    }
}

/// The kind of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Line(&'static str),
    Lines,
    Secret,
    SecretLines,
}

/// All inputs, each with its errors.
pub(super) fn inputs(fields: &Fields, existing: Option<&ConnectionName>, problems: &[FieldError]) -> Markup {
    let input = |name: &str, kind: Kind, hint: Markup| one(fields, name, kind, &hint, problems);
    let optional_open = problems.iter().any(|problem| {
        !matches!(
            anchor(&problem.field),
            "name" | "org_url" | "client_id" | "private_key" | "key_id" | "import_token" | "public_url"
        )
    });
    html! {
        @if existing.is_none() {
            (input("name", Kind::Line("main"), html! { (words::NAME) }))
        }
        fieldset {
            legend { "Okta" }
            (input("org_url", Kind::Line("https://example.okta.com"), html! { (words::ORG_URL) }))
            (input("client_id", Kind::Line("0oa1example"), html! { (words::CLIENT_ID) }))
            (input("private_key", Kind::SecretLines, html! { "The private key as JWK, from Okta or from " code { "okta-insight keygen" } ". PEM is accepted too." }))
            (input("key_id", Kind::Line("kQ7exampleKeyId"), html! { (words::KEY_ID) }))
            (input("public_url", Kind::Line("https://sync.example.com"), html! { (words::PUBLIC_URL) }))
        }
        fieldset {
            legend { "Assets" }
            (input("import_token", Kind::Secret, html! { (words::IMPORT_TOKEN) }))
        }
        details.card open[optional_open] id="optional" {
            summary { (words::OPTIONAL) }
            p.hint { (words::ACCOUNT) }
            (input("site_url", Kind::Line("https://example.atlassian.net"), html! { (words::SITE_URL) }))
            (input("email", Kind::Line("sync@example.com"), html! { (words::EMAIL) }))
            (input("api_token", Kind::Secret, html! { (words::API_TOKEN) }))
            div.check {
                input type="checkbox" name="rename_attributes" id="rename_attributes" value="yes" checked[fields.given("rename_attributes").is_some()];
                label for="rename_attributes" { (words::RENAME_ATTRIBUTES) }
            }
            (input("api_url", Kind::Line("https://api.atlassian.com"), html! { (words::API_URL) }))
            (input("event_hook_secret", Kind::Secret, html! { (words::HOOK_SECRET) }))
            (input("full_sync", Kind::Line("1d"), html! { (words::FULL_SYNC) }))
            (input("incremental_sync", Kind::Line("30m"), html! { (words::INCREMENTAL_SYNC) }))
            (input("alert_webhook_url", Kind::Secret, html! { (words::ALERT_URL) }))
            @let slack = fields.text("alert_format") == "slack";
            div.field {
                label for="alert_format" { (words::ALERT_FORMAT) }
                select name="alert_format" id="alert_format" {
                    option value="json" selected[!slack] { "JSON" }
                    option value="slack" selected[slack] { "Slack" }
                }
            }
            (input(FURTHER, Kind::Lines, html! { "JSON with any of the keys " code { "scope" } ", " code { "mapping" } ", " code { "safeguards" } ", and " code { "event_source" } ", as in the configuration file. To select attributes, use the Schema page." }))
        }
    }
}

fn one(fields: &Fields, name: &str, kind: Kind, hint: &Markup, problems: &[FieldError]) -> Markup {
    let wrong: Vec<&FieldError> = problems.iter().filter(|problem| anchor(&problem.field) == name).collect();
    let kept = SecretField::named(name).is_some_and(|field| fields.saved.contains(&field));
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described = if wrong.is_empty() { hint_id.clone() } else { format!("{hint_id} {error_id}") };
    let invalid = (!wrong.is_empty()).then_some("true");
    let placeholder = match kind {
        Kind::Secret | Kind::SecretLines if kept => words::SAVED_SECRET,
        Kind::Line(example) => example,
        _ => "",
    };
    html! {
        div.field {
            label for=(name) { (words::label(name)) }
            p.hint id=(hint_id) { (hint) }
            @match kind {
                Kind::Line(_) => input type="text" name=(name) id=(name) value=(fields.text(name)) placeholder=(placeholder) aria-describedby=(described) aria-invalid=[invalid] spellcheck="false" autocapitalize="none" autocomplete="off";,
                Kind::Secret => input type="password" name=(name) id=(name) placeholder=(placeholder) aria-describedby=(described) aria-invalid=[invalid] autocomplete="new-password";,
                Kind::Lines => textarea name=(name) id=(name) aria-describedby=(described) aria-invalid=[invalid] spellcheck="false" { (fields.text(name)) },
                Kind::SecretLines => textarea name=(name) id=(name) placeholder=(placeholder) aria-describedby=(described) aria-invalid=[invalid] spellcheck="false" autocomplete="off" {},
            }
            @if !wrong.is_empty() {
                div.error id=(error_id) {
                    @for problem in wrong { p { "✗ " (sentence(&problem.message)) @if let Some(remedy) = &problem.remedy { " " (action(remedy, None)) } } }
                }
            }
            @if kept && matches!(name, "event_hook_secret" | "alert_webhook_url") {
                div.check {
                    input type="checkbox" name={ "remove_" (name) } id={ "remove_" (name) } value="yes";
                    label for={ "remove_" (name) } { (words::DELETE_SAVED) }
                }
            }
        }
    }
}
