//! The links of an import source and of an execution. They are used unchanged, and only to the configured origin.

use serde::Deserialize;
use url::Url;

use crate::error::Result;
use crate::http::{Transport, below};

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
pub(super) struct Linked<T> {
    pub(super) links: T,
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
