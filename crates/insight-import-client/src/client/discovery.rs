//! The links of the import source that a token was generated for.

use serde::Deserialize;

use super::links::{Linked, SourceLinks};
use super::source::ImportClient;
use crate::error::{Error, Result};

/// The current path of link discovery, and the one it had before.
const INFO_PATHS: [&str; 2] = ["/jsm/assets/v1/imports/info", "/jsm/insight/v1/imports/info"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoLinks {
    get_status: Option<String>,
    start: Option<String>,
    mapping: Option<String>,
}

impl ImportClient {
    /// The links of the import source, fetched once.
    pub(super) async fn links(&self) -> Result<SourceLinks> {
        const WHAT: &str = "the import source of this token";
        let mut known = self.inner.links.lock().await;
        if let Some(links) = &*known {
            return Ok(links.clone());
        }
        let transport = self.transport();
        let mut answer = Err(Error::NotFound { what: WHAT, message: String::new() });
        for path in INFO_PATHS {
            let mut url = transport.api.clone();
            url.set_path(path);
            answer = self.get(WHAT, &url).await;
            if !matches!(answer, Err(Error::NotFound { .. } | Error::Unavailable { status: 404, .. })) {
                break;
            }
        }
        let Linked { links: InfoLinks { get_status, start, mapping } } = answer?.json(WHAT)?;
        let mapping = transport.link("mapping", mapping.as_deref())?;
        let mut source = mapping.clone();
        if let Ok(mut segments) = source.path_segments_mut() {
            segments.pop_if_empty().pop();
        }
        let links = SourceLinks {
            status: transport.link("getStatus", get_status.as_deref())?,
            start: transport.link("start", start.as_deref())?,
            mapping,
            source,
        };
        Ok(known.insert(links).clone())
    }
}
