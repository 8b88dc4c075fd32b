//! `/api/v1/eventHooks`

use bytes::Bytes;
use futures::TryStreamExt;
use http::Method;

use super::object::{about, checked};
use crate::client::{Call, OktaClient};
use crate::error::{Error, Result};
use crate::model::{EventHook, NewEventHook};

/// Event hooks. Reading requires the scope `okta.eventHooks.read`, everything else `okta.eventHooks.manage`.
#[derive(Debug, Clone, Copy)]
pub struct EventHooks<'c>(&'c OktaClient);

impl OktaClient {
    /// Event hooks.
    pub const fn event_hooks(&self) -> EventHooks<'_> {
        EventHooks(self)
    }
}

impl EventHooks<'_> {
    /// Every event hook.
    ///
    /// # Errors
    /// As any call.
    pub async fn list(&self) -> Result<Vec<EventHook>> {
        self.0.list(Call::get(self.0.url("/api/v1/eventHooks"), "the event hooks")).try_collect().await
    }

    /// Creates an event hook, which is active and unverified.
    ///
    /// # Errors
    /// As any call. After a lost connection or a server error, the request isn't repeated, because the event hook may exist:
    /// list the event hooks to check.
    pub async fn create(&self, hook: &NewEventHook) -> Result<EventHook> {
        let body = body("/api/v1/eventHooks", hook)?;
        // A repeated request could create two hooks.
        let call = Call::new(Method::POST, self.0.url("/api/v1/eventHooks"), "an event hook").once();
        self.0.fetch(call.with(body)).await
    }

    /// One event hook.
    ///
    /// # Errors
    /// [`OtherObject`](Error::OtherObject) if the response is for another event hook, and as any call.
    pub async fn get(&self, id: &str) -> Result<EventHook> {
        let path = format!("/api/v1/eventHooks/{}", checked(id)?);
        let hook = self.0.fetch(Call::get(self.0.url(&path), "an event hook")).await?;
        about(id, &path, hook, |hook: &EventHook| &hook.id)
    }

    /// Replaces everything about a hook. A changed channel loses its verification.
    ///
    /// # Errors
    /// As any call.
    pub async fn replace(&self, id: &str, hook: &NewEventHook) -> Result<EventHook> {
        let path = format!("/api/v1/eventHooks/{}", checked(id)?);
        let call = Call::new(Method::PUT, self.0.url(&path), "an event hook").with(body(&path, hook)?);
        self.0.fetch(call).await
    }

    /// Deletes an event hook, which must be inactive.
    ///
    /// # Errors
    /// [`Api`](Error::Api) if it is active, and as any call. [`NotFound`](Error::NotFound) may mean that an attempt with a
    /// lost response deleted it.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let url = self.0.url(&format!("/api/v1/eventHooks/{}", checked(id)?));
        self.0.send(&Call::new(Method::DELETE, url, "nothing")).await.map(drop)
    }

    /// Activates a hook.
    ///
    /// # Errors
    /// As any call.
    pub async fn activate(&self, id: &str) -> Result<EventHook> {
        self.lifecycle(id, "activate").await
    }

    /// Deactivates a hook.
    ///
    /// # Errors
    /// As any call.
    pub async fn deactivate(&self, id: &str) -> Result<EventHook> {
        self.lifecycle(id, "deactivate").await
    }

    /// Requests a verification by Okta. The endpoint must respond with the challenge within three seconds.
    ///
    /// # Errors
    /// [`Api`](Error::Api) if the verification fails, and as any call.
    pub async fn verify(&self, id: &str) -> Result<EventHook> {
        self.lifecycle(id, "verify").await
    }

    async fn lifecycle(&self, id: &str, step: &str) -> Result<EventHook> {
        let url = self.0.url(&format!("/api/v1/eventHooks/{}/lifecycle/{step}", checked(id)?));
        self.0.fetch(Call::new(Method::POST, url, "an event hook")).await
    }
}

fn body(path: &str, hook: &NewEventHook) -> Result<Bytes> {
    serde_json::to_vec(hook).map(Bytes::from).map_err(|source| Error::Decode {
        path: path.to_owned(),
        expected: "an event hook",
        well_formed: true,
        source,
    })
}
