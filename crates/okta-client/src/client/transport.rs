//! The HTTP client with its network settings, and the meaning of its failures.

use bytes::{Bytes, BytesMut};
use outbound::Outbound;
use url::Url;

use crate::error::{Error, Result};

/// The HTTP client, and its network settings.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(super) outbound: Outbound,
}

impl Transport {
    /// A request without a response.
    pub(crate) fn failed(&self, url: &Url, error: &reqwest::Error) -> Error {
        let reason = Box::new(self.outbound.not_reached(url, error));
        Error::Transport { reason, sent: !error.is_connect() }
    }

    /// The whole body of a response, unless it exceeds the limit.
    pub(crate) async fn body(
        &self,
        mut response: reqwest::Response,
        url: &Url,
        largest: usize,
    ) -> Result<Bytes> {
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.failed(url, &error))? {
            if body.len() + part.len() > largest {
                return Err(Error::TooLarge { path: url.path().to_owned(), megabytes: largest >> 20 });
            }
            body.extend_from_slice(&part);
        }
        Ok(body.freeze())
    }
}
