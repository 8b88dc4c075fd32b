//! The mapping calls: PUT once, PATCH from then on, at once or as a job to be watched.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};

use super::document::Structure;
use super::job::Job;
use super::reply::{empty, link, not_found, problem, reply};
use super::site::{Site, State};
use super::validation::Invalid;
use crate::faults::{Fault, Hold};

impl State {
    /// The structure with a document added, and the reason against it.
    fn with_document(&self, document: &Value) -> Result<Structure, Vec<Invalid>> {
        let next = match &self.structure {
            Some(present) => present.extended(document, &self.settings.elsewhere),
            None => Structure::create(document, &self.settings.elsewhere),
        }?;
        Ok(if self.settings.one_value_only { next.with_one_value_each() } else { next })
    }
}

pub(super) fn change(site: &Arc<Site>, method: &Method, body: &[u8], detached: bool) -> Response {
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return problem(400, "The body isn't JSON.");
    };
    let mut state = site.state();
    match (state.structure.is_some(), method) {
        (true, &Method::PUT) => return problem(409, "A mapping exists."),
        (false, &Method::PATCH) => return problem(400, "There is no mapping."),
        _ => {}
    }
    let next = match state.with_document(&document) {
        Err(errors) => {
            let shown = |Invalid(code, at)| json!({ "code": code, "path": at });
            let errors: Vec<Value> = errors.into_iter().map(shown).collect();
            return reply(400, &json!({ "dataValidationErrors": errors }));
        }
        Ok(next) => next,
    };
    if !detached {
        state.structure = Some(next);
        return empty(204);
    }
    let fails = site.faults.strikes(Fault::MappingFails);
    let number = state.jobs.len();
    if let Some(hold) = site.faults.hold(Fault::MappingSlow) {
        state.jobs.push(Job::UnderWay);
        let (told, site) = (site.faults.released(), Arc::clone(site));
        tokio::spawn(async move {
            match hold {
                Hold::UntilTold => told.await,
                Hold::For(time) => tokio::time::sleep(time).await,
            }
            let mut state = site.state();
            // The structure may have changed meanwhile.
            let next = if fails { None } else { state.with_document(&document).ok() };
            state.jobs[number] = if next.is_some() { Job::Done } else { Job::Failed };
            state.structure = next.or(state.structure.take());
        });
    } else if fails {
        state.jobs.push(Job::Failed);
    } else {
        state.jobs.push(Job::Done);
        state.structure = Some(next);
    }
    let mut response = empty(303);
    if let Ok(location) = HeaderValue::from_str(&link(site, &format!("mapping/progress/{}", number + 1))) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub(super) fn progress(site: &Site, id: &str) -> Response {
    let number = id.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let shown = match number.and_then(|n| site.state().jobs.get(n).copied()) {
        None => return not_found(),
        Some(Job::UnderWay) => {
            json!({ "progressStatus": "IN_PROGRESS", "result": null, "resultMessage": null })
        }
        Some(Job::Done) => json!({ "progressStatus": "FINISHED", "result": "OK", "resultMessage": "done" }),
        Some(Job::Failed) => {
            json!({ "progressStatus": "FINISHED", "result": "ERROR", "resultMessage": "The mapping was not saved." })
        }
    };
    reply(200, &shown)
}
