//! The results of validating settings.

use diagnostics::{SettingCheck, SettingProblem};
use serde::{Deserialize, Serialize};
use sync_config::ConfigError;
use sync_engine::{Remedy, error_chain};

/// An invalid setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The setting, such as `org_url`; empty if no single setting is invalid.
    pub field: String,
    /// The problem.
    pub message: String,
    /// The action that resolves it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub remedy: Option<Remedy>,
    /// True if the value is invalid; false if a check failed, perhaps temporarily.
    pub blocking: bool,
}

impl FieldError {
    /// All faults of the settings.
    pub fn all(error: &ConfigError) -> Vec<Self> {
        error.faults().into_iter().map(Self::of_config).collect()
    }

    /// A fault of the settings, without the key's table, which the form doesn't show.
    fn of_config(error: &ConfigError) -> Self {
        let (key, message) = match error {
            ConfigError::Missing { key, .. } => return Self::missing(&without_connection(key)),
            ConfigError::Value { key, problem } => (key.as_str(), problem.clone()),
            other => ("", error_chain(other)),
        };
        Self { field: field(&without_connection(key)), message, remedy: None, blocking: true }
    }

    /// A setting that is needed and not given, by its key without the connection's.
    fn missing(key: &str) -> Self {
        let field = field(key);
        let what = match field.as_str() {
            "org_url" => "the Okta org URL",
            "client_id" => "the client ID",
            "private_key" => "the private key",
            "import_token" => "the import token",
            "public_url" => "the public URL",
            "site_url" => {
                "the Atlassian site URL; an Atlassian account requires the site URL, email, and API token"
            }
            "email" => "the email; an Atlassian account requires the site URL, email, and API token",
            "api_token" => "the API token; an Atlassian account requires the site URL, email, and API token",
            "alert_webhook_url" => "the alert webhook URL",
            other => other,
        };
        let message = format!("enter {what}");
        Self { field, message, remedy: None, blocking: true }
    }

    fn of(field: &str, problem: SettingProblem) -> Self {
        let SettingProblem { message, remedy, blocking, .. } = problem;
        Self { field: field.to_owned(), message, remedy, blocking }
    }
}

fn without_connection(key: &str) -> String {
    key.split('.').skip(2).collect::<Vec<_>>().join(".")
}

/// The name of a setting in forms.
fn field(key: &str) -> String {
    match key.split_once('.') {
        Some(("event_hook", "secret")) => "event_hook_secret",
        Some(("alerts", "webhook_url")) => "alert_webhook_url",
        Some(("okta" | "assets" | "event_hook", field)) => field,
        _ => key,
    }
    .to_owned()
}

/// The results of validation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidationReport {
    /// Details of successful checks.
    pub details: Vec<String>,
    /// Problems by field.
    pub problems: Vec<FieldError>,
}

impl ValidationReport {
    /// Stores the findings of a field. If the service did not judge it, its URL is at fault.
    pub fn book(&mut self, field: &str, address: &str, check: SettingCheck) {
        match check {
            Ok(finding) => {
                self.details.push(finding.message);
                self.details.extend(finding.notes);
            }
            Err(problem) => {
                let field = if problem.unreached { address } else { field };
                let problem = FieldError::of(field, problem);
                // One way serves several settings.
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
            }
        }
    }
}
