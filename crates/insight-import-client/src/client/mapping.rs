//! Submitting the schema and mapping, and waiting for its end.

use std::time::Duration;

use ::http::{Method, header};
use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::source::ImportClient;
use crate::document::SchemaAndMapping;
use crate::error::{Error, Result};
use crate::http::{Answer, Repeat, backoff, below};
use crate::text::one_line;
use crate::wait::{OutcomeLimits, Patience};

const WHAT: &str = "the schema and mapping";
const PROGRESS: &str = "the progress of the mapping";
/// The maximum number of lost responses in a row.
const LOST_ANSWERS: u32 = 6;
/// The time limit of a change of the mapping.
const LIMIT: Duration = Duration::from_mins(15);

impl ImportClient {
    /// Creates schema and mapping. For the first time only.
    ///
    /// # Errors
    /// [`Error::MappingExists`] when there is one, [`Error::InvalidMapping`] when it is found wrong, and as any call.
    pub async fn put_mapping(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PUT, document, false).await
    }

    /// The same as an asynchronous job, for large documents. Waits until the job ends.
    ///
    /// # Errors
    /// As [`Self::put_mapping`].
    pub async fn put_mapping_async(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PUT, document, true).await
    }

    /// Adds to schema and mapping.
    ///
    /// # Errors
    /// [`Error::InvalidMapping`] when it is found wrong, and as any call.
    pub async fn patch_mapping(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PATCH, document, false).await
    }

    /// The same as an asynchronous job, for large documents. Waits until the job ends.
    ///
    /// # Errors
    /// As [`Self::patch_mapping`].
    pub async fn patch_mapping_async(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PATCH, document, true).await
    }

    async fn submit_mapping(
        &self,
        method: Method,
        document: &SchemaAndMapping,
        detached: bool,
    ) -> Result<()> {
        let mut url = self.links().await?.mapping;
        if detached {
            url.query_pairs_mut().append_pair("async", "true");
        }
        let body = serde_json::to_vec(document).map_err(|source| Error::Decode { what: WHAT, source })?;
        let mut lost = 0;
        let answer = loop {
            let sent = self.transport().send(
                WHAT,
                method.clone(),
                &url,
                Some(Bytes::from(body.clone())),
                Repeat::Unsafe,
            );
            match sent.await {
                // The response was lost, but Assets may have applied the change.
                Err(error) if error.is_unclear() => {
                    lost += 1;
                    if self.has_mapping(document).await? {
                        return Ok(());
                    }
                    if lost >= LOST_ANSWERS {
                        return Err(error);
                    }
                    tokio::time::sleep(backoff(lost)).await;
                }
                // Assets also rejects a repeat if the change took effect late.
                Err(Error::InvalidMapping(_) | Error::Api { .. })
                    if lost > 0 && self.reaches_mapping(document).await? =>
                {
                    return Ok(());
                }
                answer => break answer?,
            }
        };
        if answer.status.as_u16() == 409 && lost > 0 && self.reaches_mapping(document).await? {
            return Ok(());
        }
        if answer.status.as_u16() == 409 {
            return Err(Error::MappingExists);
        }
        if let Some(progress) = self.progress_of(&answer).await? {
            return self.await_mapping(&progress).await;
        }
        // A proxy that follows redirects returns the progress itself.
        match serde_json::from_slice::<Value>(&answer.body).ok().as_ref().and_then(mapping_result) {
            Some(result) => result,
            None if answer.status.as_u16() == 303 => {
                Err(Error::CrossOriginLink { link: "Location", problem: "is missing in the response".into() })
            }
            None => Ok(()),
        }
    }

    /// True if Assets has everything that a document contains.
    async fn has_mapping(&self, document: &SchemaAndMapping) -> Result<bool> {
        Ok(self.schema_and_mapping().await?.is_some_and(|current| current.holds(document)))
    }

    /// The same for a change that may be running: checked a few times.
    async fn reaches_mapping(&self, document: &SchemaAndMapping) -> Result<bool> {
        for attempt in 1..=LOST_ANSWERS {
            if self.has_mapping(document).await? {
                return Ok(true);
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
        Ok(false)
    }

    /// The URL of the progress of a detached change: in a header, or derived from an ID in the body.
    async fn progress_of(&self, answer: &Answer) -> Result<Option<Url>> {
        if let Some(location) = answer.headers.get(header::LOCATION).and_then(|v| v.to_str().ok()) {
            return self.transport().link("Location", Some(location)).map(Some);
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(id) = body.get("resourceId").and_then(Value::as_str) else { return Ok(None) };
        Ok(Some(below(&self.links().await?.source, &["mapping", "progress", id])))
    }

    async fn await_mapping(&self, progress: &Url) -> Result<()> {
        let mut patience = Patience::new(&OutcomeLimits { total: LIMIT, ..OutcomeLimits::default() });
        loop {
            let answer = self.get(PROGRESS, progress).await?;
            if let Some(result) = mapping_result(&answer.json(PROGRESS)?) {
                return result;
            }
            patience.pause("the change of the mapping").await?;
        }
    }
}

/// The result of a change of the mapping; `None` while it runs.
pub(crate) fn mapping_result(progress: &Value) -> Option<Result<()>> {
    let text = |name: &str| progress.get(name).and_then(Value::as_str);
    let status = text("progressStatus").or_else(|| text("status"))?;
    match (status, text("result")) {
        ("FINISHED" | "DONE", None | Some("OK")) => Some(Ok(())),
        ("IN_PROGRESS" | "PENDING" | "STARTED", _) => None,
        (_, result) => {
            let message = one_line(text("resultMessage").or(result).unwrap_or(status));
            Some(Err(Error::MappingFailed { message }))
        }
    }
}
