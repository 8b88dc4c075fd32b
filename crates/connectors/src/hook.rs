//! Okta's event hook as the engine's.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::OktaClient;
use okta_client::model::{Channel, EventHook as OktaHook, EventSubscription, HookHeader, NewEventHook};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use sync_config::EventHookConfig;
use sync_engine::{EventHook, Fact, Finding, FindingSubject, HookChange, HookReport, PortError, Remedy};
use sync_model::ConnectionName;

use crate::errors::okta_error;
use crate::events::subscription;

/// A header that identifies the hook's secret without disclosing it: Okta never returns the secret.
const MARK_HEADER: &str = "X-Okta-Insight-Secret-Mark";

/// The event hook of a connection, or that it does without.
#[derive(Debug, Clone)]
pub struct OktaEventHook {
    okta: OktaClient,
    name: String,
    config: Option<EventHookConfig>,
}

impl OktaEventHook {
    /// The event hook of a connection with these settings.
    pub fn new(okta: OktaClient, connection: &ConnectionName, config: Option<EventHookConfig>) -> Self {
        Self { okta, name: format!("okta-insight-sync {connection}"), config }
    }

    fn config(&self) -> Result<&EventHookConfig, PortError> {
        self.config.as_ref().ok_or_else(|| PortError::new("this connection has no event_hook.public_url"))
    }

    /// The hook as Okta has it, if it has it.
    ///
    /// # Errors
    /// When Okta fails.
    pub async fn find(&self, config: &EventHookConfig) -> okta_client::Result<Option<OktaHook>> {
        let hooks = self.okta.event_hooks().list().await?;
        let ours =
            |hook: &&OktaHook| hook.name == self.name || hook.channel.config.uri == config.url.as_str();
        Ok(hooks.iter().find(ours).cloned())
    }

    async fn found(&self, config: &EventHookConfig) -> Result<Option<OktaHook>, PortError> {
        let found = self.find(config).await;
        found.map_err(|e| okta_error("could not read the event hooks of the org", e))
    }

    /// The hook as Okta should have it.
    pub fn wanted(&self, config: &EventHookConfig) -> NewEventHook {
        let mark = HookHeader { key: MARK_HEADER.into(), value: mark(config) };
        NewEventHook {
            name: self.name.clone(),
            events: EventSubscription::new(subscription()),
            channel: Channel::http(config.url.as_str(), config.secret.clone(), vec![mark]),
        }
    }

    /// The settings of an event hook that *Setup* would replace.
    fn deviations(hook: &OktaHook, config: &EventHookConfig) -> Vec<Fact> {
        let mut found = Vec::new();
        if hook.channel.config.uri != config.url.as_str() {
            found.push(Fact::EventHookUrlDiffers { present: hook.channel.config.uri.clone() });
        }
        let subscribed = |kind: &str| hook.events.items.iter().any(|item| item == kind);
        let missing = subscription().filter(|kind| !subscribed(kind)).map(str::to_owned);
        let event_types: Vec<String> = missing.collect();
        if !event_types.is_empty() {
            let required = subscription().count() as u64;
            found.push(Fact::EventTypesMissing { event_types, required });
        }
        let given = hook.channel.config.headers.iter().find(|h| h.key.eq_ignore_ascii_case(MARK_HEADER));
        if given.is_none_or(|header| header.value != mark(config)) {
            found.push(Fact::EventHookSecretDiffers);
        }
        found
    }

    /// All reasons for which an existing event hook doesn't deliver all events.
    pub fn problems(hook: &OktaHook, config: &EventHookConfig) -> Vec<Finding> {
        let mut facts = Self::deviations(hook, config);
        if !hook.is_active() {
            facts.push(Fact::EventHookInactive);
        }
        if !hook.is_verified() {
            facts.push(Fact::EventHookUnverified);
        }
        facts.into_iter().map(|fact| finding(fact, config)).collect()
    }

    /// The finding that the event hook doesn't exist.
    pub fn missing(config: &EventHookConfig) -> Finding {
        finding(Fact::EventHookMissing, config)
    }
}

fn mark(config: &EventHookConfig) -> String {
    let digest = Sha256::digest(format!("mark of {}", config.secret.expose_secret()));
    URL_SAFE_NO_PAD.encode(&digest[..6])
}

fn managing(error: okta_client::Error) -> PortError {
    use okta_client::Error::{MissingAdminRole, MissingScope};
    let lacks = matches!(error, MissingScope { .. } | MissingAdminRole { .. });
    let error = okta_error("could not set up the event hook", error);
    if lacks { error.with_remedy(Remedy::CreateEventHookManually) } else { error }
}

#[async_trait]
impl EventHook for OktaEventHook {
    async fn ensure(&self) -> Result<HookReport, PortError> {
        let config = self.config()?;
        let hooks = self.okta.event_hooks();
        let mut changes = Vec::new();
        let mut hook = match self.found(config).await? {
            None => {
                changes.push(HookChange::Created);
                hooks.create(&self.wanted(config)).await.map_err(managing)?
            }
            Some(hook) => {
                let reasons = Self::deviations(&hook, config);
                if reasons.is_empty() {
                    hook
                } else {
                    changes.push(HookChange::Replaced { reasons });
                    hooks.replace(&hook.id, &self.wanted(config)).await.map_err(managing)?
                }
            }
        };
        if !hook.is_active() {
            changes.push(HookChange::Activated);
            hook = hooks.activate(&hook.id).await.map_err(managing)?;
        }
        let mut findings = Vec::new();
        if !hook.is_verified() {
            match hooks.verify(&hook.id).await {
                Ok(_) => changes.push(HookChange::Verified),
                Err(okta_client::Error::Api { .. }) => {
                    findings.push(finding(Fact::EventHookVerificationFailed, config));
                }
                Err(error) => return Err(managing(error)),
            }
        }
        Ok(HookReport { id: Some(hook.id), url: config.url.to_string(), changes, findings })
    }

    async fn inspect(&self) -> Result<HookReport, PortError> {
        let config = self.config()?;
        let found = self.found(config).await?;
        let findings = match &found {
            Some(hook) => Self::problems(hook, config),
            None => vec![Self::missing(config)],
        };
        let (id, url) = (found.map(|hook| hook.id), config.url.to_string());
        Ok(HookReport { id, url, changes: Vec::new(), findings })
    }
}

fn finding(fact: Fact, config: &EventHookConfig) -> Finding {
    Finding::error(fact).about(FindingSubject::EventHook { url: config.url.to_string() })
}
