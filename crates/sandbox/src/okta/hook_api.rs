//! The management of event hooks. Every step is in the log, and no hook hears of it.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::Answer;
use super::changes::Refused;
use super::events::{event, failed};
use super::org::{Hook, now};
use super::server::OrgServer;

impl OrgServer {
    /// Creates a hook, or has one verified, as an administrator does with their own token.
    pub(crate) async fn administer_hook(
        self: &Arc<Self>,
        path: &[&str],
        body: &[u8],
    ) -> Result<Value, Refused> {
        let answer = event_hooks(self, &Method::POST, path, body).await;
        let made = answer.body.filter(|_| answer.status.is_success());
        made.ok_or(Refused("the org rejects it, or the endpoint didn't respond to the challenge"))
    }
}

pub(super) async fn event_hooks(org: &Arc<OrgServer>, method: &Method, rest: &[&str], body: &[u8]) -> Answer {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    match (method.as_str(), rest) {
        ("GET", []) => Answer::ok(org.org().hooks.values().map(|h| h.shown.clone()).collect()),
        ("POST", []) => {
            let id = org.org().new_id("who");
            match hook(&id, &sent, None) {
                Ok(hook) => keep(org, &id, hook, "event_hook.created"),
                Err(answer) => *answer,
            }
        }
        (_, [id, ..]) if !org.org().hooks.contains_key(*id) => Answer::not_found(id, "EventHook"),
        ("GET", [id]) => match org.org().hooks.get(*id) {
            Some(hook) => Answer::ok(hook.shown.clone()),
            None => Answer::not_found(id, "EventHook"),
        },
        ("PUT", [id]) => {
            let before = org.org().hooks.get(*id).cloned();
            match hook(id, &sent, before.as_ref()) {
                Ok(hook) => keep(org, id, hook, "event_hook.updated"),
                Err(answer) => *answer,
            }
        }
        ("DELETE", [id]) => {
            let mut state = org.org();
            if state.hooks.get(*id).is_some_and(|hook| hook.shown["status"] == "ACTIVE") {
                return Answer::error(
                    400,
                    "E0000001",
                    "Api validation failed: deactivate the event hook first",
                );
            }
            state.hooks.remove(*id);
            org.log.append(&[event("event_hook.deleted", &[("EventHook", id)])]);
            Answer { status: StatusCode::NO_CONTENT, body: None, links: Vec::new() }
        }
        ("POST", [id, "lifecycle", step]) => lifecycle(org, id, step).await,
        _ => Answer::no_method(),
    }
}

async fn lifecycle(org: &Arc<OrgServer>, id: &str, step: &str) -> Answer {
    match step {
        "verify" => {
            let Some(hook) = org.org().hooks.get(id).cloned() else {
                return Answer::not_found(id, "EventHook");
            };
            if !org.deliveries.verify(&hook).await {
                let reason = "the endpoint didn't respond to the verification challenge";
                org.log.append(&[failed("event_hook.verified", &[("EventHook", id)], reason)]);
                return Answer::error(400, "E0000001", &format!("Api validation failed: {reason}"));
            }
            set(org, id, "verificationStatus", "VERIFIED", "event_hook.verified")
        }
        "activate" => set(org, id, "status", "ACTIVE", "event_hook.activated"),
        "deactivate" => set(org, id, "status", "INACTIVE", "event_hook.deactivated"),
        _ => Answer::error(404, "E0000008", "The requested path was not found"),
    }
}

fn set(org: &OrgServer, id: &str, member: &str, value: &str, kind: &str) -> Answer {
    match org.org().hooks.get_mut(id) {
        Some(hook) => {
            hook.shown[member] = value.into();
            org.log.append(&[event(kind, &[("EventHook", id)])]);
            Answer::ok(hook.shown.clone())
        }
        None => Answer::not_found(id, "EventHook"),
    }
}

fn keep(org: &OrgServer, id: &str, hook: Hook, kind: &str) -> Answer {
    let shown = hook.shown.clone();
    org.org().hooks.insert(id.to_owned(), hook);
    org.log.append(&[event(kind, &[("EventHook", id)])]);
    Answer::ok(shown)
}

/// A hook as sent, checked. A changed channel loses its verification.
fn hook(id: &str, sent: &Value, before: Option<&Hook>) -> Result<Hook, Box<Answer>> {
    let invalid =
        |what: &str| Box::new(Answer::error(400, "E0000001", &format!("Api validation failed: {what}")));
    let uri = sent["channel"]["config"]["uri"].as_str().unwrap_or_default();
    let url = url::Url::parse(uri).map_err(|_| invalid("channel.config.uri"))?;
    let loopback = url.host_str().is_some_and(|h| h == "localhost" || h.starts_with("127.") || h == "[::1]");
    if url.scheme() != "https" && !loopback {
        return Err(invalid("channel.config.uri must be https"));
    }
    if sent["name"].as_str().is_none_or(str::is_empty) {
        return Err(invalid("name"));
    }
    let items = sent["events"]["items"].as_array().filter(|items| (1..=300).contains(&items.len()));
    if items.is_none() || sent["events"]["type"] != "EVENT_TYPE" {
        return Err(invalid("events"));
    }
    let mut channel = sent["channel"].clone();
    let scheme = channel["config"]["authScheme"].clone();
    let secret = match (scheme["key"].as_str(), scheme["value"].as_str()) {
        (Some(key), Some(value)) => Some((key.to_owned(), value.to_owned())),
        // Neither resent nor changed.
        _ => before.and_then(|hook| hook.secret.clone()),
    };
    channel["config"]["method"] = "POST".into();
    if scheme.is_object() {
        channel["config"]["authScheme"] = json!({ "type": "HEADER", "key": scheme["key"] });
    }
    let same = before.filter(|hook| hook.shown["channel"] == channel && hook.secret == secret);
    let verified = same.map_or("UNVERIFIED".into(), |hook| hook.shown["verificationStatus"].clone());
    let time = now();
    let shown = json!({
        "id": id, "status": before.map_or("ACTIVE".into(), |h| h.shown["status"].clone()),
        "verificationStatus": verified, "name": sent["name"],
        "created": before.map_or(time.clone().into(), |h| h.shown["created"].clone()),
        "createdBy": "00uadmin000000000d7", "lastUpdated": time, "events": sent["events"], "channel": channel,
    });
    Ok(Hook { shown, secret })
}
