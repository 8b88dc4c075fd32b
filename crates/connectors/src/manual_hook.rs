//! An event hook for a person to set up, where the app must not have `okta.eventHooks.manage`.

use std::fmt;

use okta_client::model::NewEventHook;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use sync_config::{ConfigError, ConnectionConfig};
use sync_model::ConnectionName;

use crate::hook::OktaEventHook;

/// The settings that a person enters to create the event hook in Okta. They contain the secret, so show them only to
/// the administrator who requests them.
#[derive(Clone, Serialize)]
pub struct ManualEventHook {
    /// The connection.
    pub connection: ConnectionName,
    /// The hook's name, by which it is found.
    pub name: String,
    /// The URL that Okta delivers to.
    pub url: String,
    /// The header that carries the secret.
    pub header: String,
    /// The secret.
    #[serde(serialize_with = "exposed")]
    pub secret: SecretString,
    /// An additional header and its value: it identifies the hook's secret without disclosing it.
    pub mark: (String, String),
    /// The event types.
    pub events: Vec<String>,
    /// The org, for the commands.
    pub org_url: String,
    /// The body of `POST /api/v1/eventHooks`; holds the secret.
    #[serde(skip)]
    body: SecretString,
}

/// The text for standard output.
fn exposed<S: serde::Serializer>(secret: &SecretString, output: S) -> Result<S::Ok, S::Error> {
    output.serialize_str(secret.expose_secret())
}

impl fmt::Debug for ManualEventHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualHook")
            .field("connection", &self.connection)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl ManualEventHook {
    /// The hook of a connection, without sending a request; `None` if the connection has none.
    ///
    /// # Errors
    /// When the settings cannot work.
    pub fn of(config: &ConnectionConfig) -> Result<Option<Self>, ConfigError> {
        let hook = match &config.event_hook {
            Some(hook) if config.wants_hook() => hook,
            _ => return Ok(None),
        };
        let okta = sync_config::okta_client(config)?;
        let org_url = okta.org_url().as_str().trim_end_matches('/').to_owned();
        let wanted = OktaEventHook::new(okta, &config.name, Some(hook.clone())).wanted(hook);
        let NewEventHook { name, events, channel } = &wanted;
        let header = channel.config.auth_scheme.as_ref().map(|scheme| scheme.key.clone()).unwrap_or_default();
        let mark =
            channel.config.headers.first().map(|h| (h.key.clone(), h.value.clone())).unwrap_or_default();
        // An object of texts: it always becomes one.
        let body = serde_json::to_string_pretty(&wanted).unwrap_or_default();
        Ok(Some(Self {
            connection: config.name.clone(),
            name: name.clone(),
            url: channel.config.uri.clone(),
            header,
            secret: hook.secret.clone(),
            mark,
            events: events.items.clone(),
            org_url,
            body: body.into(),
        }))
    }

    /// Commands that create and verify the hook, with the token of an administrator in a shell variable. They hold the
    /// secret.
    pub fn curl(&self) -> String {
        // A quoted delimiter keeps the shell from expanding the body.
        format!(
            "curl --fail-with-body -X POST {url}/api/v1/eventHooks \\\n  -H \"Authorization: SSWS $OKTA_API_TOKEN\" \\\n  \
             -H 'Content-Type: application/json' \\\n  --data-binary @- <<'JSON'\n{}\nJSON\n\
             # Then set HOOK_ID to the ID in the response. While okta-insightd runs, verify the event hook:\n\
             curl --fail-with-body -X POST \"{url}/api/v1/eventHooks/$HOOK_ID/lifecycle/verify\" \\\n  \
             -H \"Authorization: SSWS $OKTA_API_TOKEN\"\n",
            self.body.expose_secret(),
            url = self.org_url,
        )
    }

    /// The same for the official Terraform provider, `okta/okta`. It holds the secret.
    pub fn terraform(&self) -> String {
        let id = format!("okta_insight_{}", self.connection.as_str().replace('-', "_"));
        let events: Vec<String> = self.events.iter().map(|event| format!("    {},", hcl(event))).collect();
        let events = events.join("\n");
        format!(
            "resource \"okta_event_hook\" \"{id}\" {{\n  name   = {}\n  status = \"ACTIVE\"\n  events = [\n{events}\n  ]\n\n  \
             channel = {{\n    type    = \"HTTP\"\n    version = \"1.0.0\"\n    uri     = {}\n  }}\n\n  \
             auth = {{\n    type  = \"HEADER\"\n    key   = {}\n    value = {}\n  }}\n\n  \
             headers {{\n    key   = {}\n    value = {}\n  }}\n}}\n\n\
             # Okta sends a request to verify the event hook: okta-insightd must be running and reachable.\n\
             resource \"okta_event_hook_verification\" \"{id}\" {{\n  event_hook_id = okta_event_hook.{id}.id\n}}\n",
            hcl(&self.name),
            hcl(&self.url),
            hcl(&self.header),
            hcl(self.secret.expose_secret()),
            hcl(&self.mark.0),
            hcl(&self.mark.1),
        )
    }
}

/// A string in Terraform's language: JSON's escapes, and escaped templates.
fn hcl(text: &str) -> String {
    Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_text_is_escaped() {
        assert_eq!(hcl("a\"b${c}%{d}"), r#""a\"b$${c}%%{d}""#);
    }
}
