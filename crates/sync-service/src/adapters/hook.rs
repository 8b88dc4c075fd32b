//! Okta's event hook as the engine's.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::OktaClient;
use okta_client::model::{Channel, EventHook as OktaHook, EventSubscription, HookHeader, NewEventHook};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use sync_engine::{EventHook, HookReport, PortError};
use sync_model::ConnectionName;

use super::okta_error;
use crate::config::EventHookConfig;
use crate::events::subscription;

/// Tells which secret a hook was given, without telling the secret: Okta never shows that again.
const MARK_HEADER: &str = "X-Okta-Insight-Secret-Mark";

/// In what way a hook is not the wanted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// It delivers elsewhere.
    Address { present: String },
    /// It lacks event types.
    Events { missing: Vec<&'static str> },
    /// It was given another secret, or none that we know of.
    Secret,
}

impl Deviation {
    fn tell(&self, config: &EventHookConfig) -> String {
        match self {
            Self::Address { present } => format!("it delivers to {present} instead of {}", config.url),
            Self::Events { missing } => {
                format!(
                    "it does not subscribe to {} of {} event types",
                    missing.len(),
                    subscription().count()
                )
            }
            Self::Secret => "it was given another secret".to_owned(),
        }
    }
}

/// The event hook of a connection, or that it does without.
#[derive(Debug, Clone)]
pub(crate) struct OktaEventHook {
    okta: OktaClient,
    name: String,
    config: Option<EventHookConfig>,
}

impl OktaEventHook {
    pub(crate) fn new(
        okta: OktaClient,
        connection: &ConnectionName,
        config: Option<EventHookConfig>,
    ) -> Self {
        Self { okta, name: format!("okta-insight-sync {connection}"), config }
    }

    fn config(&self) -> Result<&EventHookConfig, PortError> {
        self.config.as_ref().ok_or_else(|| PortError::new("this connection has no event_hook.public_url"))
    }

    /// The hook as Okta has it, if it has it.
    pub(crate) async fn find(&self, config: &EventHookConfig) -> okta_client::Result<Option<OktaHook>> {
        let hooks = self.okta.event_hooks().list().await?;
        let ours =
            |hook: &&OktaHook| hook.name == self.name || hook.channel.config.uri == config.url.as_str();
        Ok(hooks.iter().find(ours).cloned())
    }

    async fn found(&self, config: &EventHookConfig) -> Result<Option<OktaHook>, PortError> {
        let found = self.find(config).await;
        found.map_err(|e| okta_error("the event hooks of the org could not be read", e))
    }

    /// The hook as Okta should have it.
    pub(crate) fn wanted(&self, config: &EventHookConfig) -> NewEventHook {
        let mark = HookHeader { key: MARK_HEADER.into(), value: mark(config) };
        NewEventHook {
            name: self.name.clone(),
            events: EventSubscription::new(subscription()),
            channel: Channel::http(config.url.as_str(), config.secret.clone(), vec![mark]),
        }
    }

    /// What is wrong with a hook that setup would mend.
    pub(crate) fn deviations(hook: &OktaHook, config: &EventHookConfig) -> Vec<Deviation> {
        let mut found = Vec::new();
        if hook.channel.config.uri != config.url.as_str() {
            found.push(Deviation::Address { present: hook.channel.config.uri.clone() });
        }
        let subscribed = |kind: &str| hook.events.items.iter().any(|item| item == kind);
        let missing: Vec<_> = subscription().filter(|kind| !subscribed(kind)).collect();
        if !missing.is_empty() {
            found.push(Deviation::Events { missing });
        }
        let given = hook.channel.config.headers.iter().find(|h| h.key.eq_ignore_ascii_case(MARK_HEADER));
        if given.is_none_or(|header| header.value != mark(config)) {
            found.push(Deviation::Secret);
        }
        found
    }
}

fn mark(config: &EventHookConfig) -> String {
    let digest = Sha256::digest(format!("mark of {}", config.secret.expose_secret()));
    URL_SAFE_NO_PAD.encode(&digest[..6])
}

fn managing(error: okta_client::Error) -> PortError {
    use okta_client::Error::{MissingAdminRole, MissingScope};
    let lacks = matches!(error, MissingScope { .. } | MissingAdminRole { .. });
    let error = okta_error("the event hook could not be set up", error);
    let Some(hint) = error.hint().filter(|_| lacks) else { return error };
    let hint =
        format!("{hint}; or leave the hook to an administrator, with `okta-insight setup --manual-hook`");
    error.with_hint(Some(hint))
}

#[async_trait]
impl EventHook for OktaEventHook {
    async fn ensure(&self) -> Result<HookReport, PortError> {
        let config = self.config()?;
        let hooks = self.okta.event_hooks();
        let mut changes = Vec::new();
        let mut hook = match self.found(config).await? {
            None => {
                changes.push("created".to_owned());
                hooks.create(&self.wanted(config)).await.map_err(managing)?
            }
            Some(hook) => {
                let deviations = Self::deviations(&hook, config);
                if deviations.is_empty() {
                    hook
                } else {
                    let why: Vec<String> = deviations.iter().map(|d| d.tell(config)).collect();
                    changes.push(format!("replaced, because {}", why.join(", ")));
                    hooks.replace(&hook.id, &self.wanted(config)).await.map_err(managing)?
                }
            }
        };
        if !hook.is_active() {
            changes.push("activated".to_owned());
            hook = hooks.activate(&hook.id).await.map_err(managing)?;
        }
        let mut problems = Vec::new();
        if !hook.is_verified() {
            match hooks.verify(&hook.id).await {
                Ok(_) => changes.push("verified".to_owned()),
                Err(okta_client::Error::Api { .. }) => problems.push(format!(
                    "Okta could not verify the event hook: it got no answer from {} within 3 seconds; see that the \
                     daemon runs and can be reached there, then run setup again",
                    config.url
                )),
                Err(error) => return Err(managing(error)),
            }
        }
        Ok(HookReport { id: Some(hook.id), url: config.url.to_string(), changes, findings: problems })
    }

    async fn inspect(&self) -> Result<HookReport, PortError> {
        let config = self.config()?;
        let url = config.url.to_string();
        let Some(hook) = self.found(config).await? else {
            let problems = vec!["there is no event hook in Okta; run `okta-insight setup`".to_owned()];
            return Ok(HookReport { id: None, url, changes: Vec::new(), findings: problems });
        };
        let mut problems: Vec<String> = Self::deviations(&hook, config)
            .iter()
            .map(|deviation| {
                let what = deviation.tell(config);
                format!("the event hook is not as it should be: {what}; run `okta-insight setup`")
            })
            .collect();
        if !hook.is_active() {
            problems.push("the event hook is inactive; run `okta-insight setup`".to_owned());
        }
        if !hook.is_verified() {
            problems.push(
                "the event hook is not verified and gets no events; see that the daemon runs and can be reached, then \
                 run `okta-insight setup`"
                    .to_owned(),
            );
        }
        Ok(HookReport { id: Some(hook.id), url, changes: Vec::new(), findings: problems })
    }
}
