//! The links of an import source and of an execution. They are used unchanged, and only to the configured origin.

use serde::Deserialize;
use url::Url;

use super::ImportClient;
use crate::error::{Error, Result};
use crate::http::{Transport, below};

/// The current path of link discovery, and the one it had before.
const INFO_PATHS: [&str; 2] = ["/jsm/assets/v1/imports/info", "/jsm/insight/v1/imports/info"];

#[derive(Debug, Clone)]
pub(super) struct SourceLinks {
    pub(super) status: Url,
    pub(super) start: Url,
    pub(super) mapping: Url,
    /// The import source itself; other calls are below it.
    pub(super) source: Url,
}

#[derive(Debug, Clone)]
pub(crate) struct ExecutionLinks {
    pub(crate) submit_results: Url,
    pub(crate) submit_progress: Option<Url>,
    pub(crate) status: Url,
    pub(crate) cancel: Url,
}

#[derive(Deserialize)]
struct Linked<T> {
    links: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoLinks {
    get_status: Option<String>,
    start: Option<String>,
    mapping: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartLinks {
    submit_results: Option<String>,
    submit_progress: Option<String>,
    get_execution_status: Option<String>,
    cancel: Option<String>,
}

impl ExecutionLinks {
    /// The links in the response to a start.
    pub(crate) fn read(transport: &Transport, answer: &crate::http::Answer) -> Result<Self> {
        let Linked { links: StartLinks { submit_results, submit_progress, get_execution_status, cancel } } =
            answer.json("the start of an execution")?;
        Ok(Self {
            submit_results: transport.link("submitResults", submit_results.as_deref())?,
            submit_progress: submit_progress.and_then(|p| transport.link("submitProgress", Some(&p)).ok()),
            status: transport.link("getExecutionStatus", get_execution_status.as_deref())?,
            cancel: transport.link("cancel", cancel.as_deref())?,
        })
    }

    /// The links of an execution whose ID alone is known.
    pub(super) fn of(source: &SourceLinks, id: &str) -> Self {
        let at = |end: &[&str]| below(&source.source, &[&["executions", id], end].concat());
        Self {
            submit_results: at(&["data"]),
            submit_progress: Some(at(&["progress"])),
            status: at(&["status"]),
            cancel: at(&[]),
        }
    }

    /// There is no field for it: the id is a part of the links.
    pub(super) fn id(&self) -> String {
        let mut segments = self.submit_results.path_segments().into_iter().flatten().rev();
        segments.nth(1).unwrap_or_default().to_owned()
    }
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
