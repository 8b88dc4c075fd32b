//! Jobs: POST starts a job, GET returns its state, and waits for its end if asked to.

use std::time::Duration;

use admin_api::{PlanView, ProblemType, SchemaView};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use diagnostics::{CheckReport, JobState};
use serde::Deserialize;
use sync_engine::{SetupReport, VerifyReport};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::document::{Conflict, Unusable};
use super::extract::{Admin, At, Params, Works};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![
        routes!(setup::state, setup::begin),
        routes!(verify::state, verify::begin),
        routes!(checks::state, checks::begin),
        routes!(schema::state, schema::begin),
        routes!(plan::state, plan::begin, delete_plan),
    ]
}

pub(super) fn accepted<T>(started: bool, state: T) -> Result<(StatusCode, Json<T>), ApiError> {
    if started {
        return Ok((StatusCode::ACCEPTED, Json(state)));
    }
    let hint = "get its state with GET at the same path".to_owned();
    Err(ApiError::new(ProblemType::AlreadyRunning, "this job is running", Some(hint)))
}

/// The largest wait for the end of a job, in seconds: shorter than the time limits of clients and proxies.
const LONGEST_WAIT: u32 = 30;

/// The time for which a request waits for the end of the job.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// The time in seconds to wait for the end of a running job. Default: 0.
    #[param(maximum = 30, default = 0)]
    wait_seconds: u32,
}

impl Wait {
    /// The state of a job once it isn't running, or when the time is over. Changes of jobs are signaled.
    pub(super) async fn ended<T>(
        self,
        app: &App,
        state: impl Fn() -> JobState<T>,
    ) -> Result<JobState<T>, ApiError> {
        if self.wait_seconds > LONGEST_WAIT {
            return Err(ApiError::invalid(format!("wait_seconds: must be from 0 to {LONGEST_WAIT}")));
        }
        let mut changes = app.manager.store().changes().subscribe();
        let ended = async {
            loop {
                let now = state();
                if !now.is_running() || !changes.changed().await {
                    return now;
                }
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(self.wait_seconds.into()), ended).await;
        Ok(ended.unwrap_or_else(|_| state()))
    }
}

macro_rules! job {
    ($module:ident, $path:literal, $id:literal, $what:literal, $result:ty, $begin:ident, $state:ident) => {
        mod $module {
            use super::{
                Admin, ApiError, App, At, Conflict, Identity, JobState, Json, Params, State, StatusCode,
                Unusable, Wait, Works, accepted,
            };

            #[utoipa::path(
                        get,
                        path = $path,
                        operation_id = concat!("get_", $id),
                        tag = "setup",
                        summary = concat!("Get the state of the job: ", $what),
                        params(Wait),
                        responses((status = 200, description = "State of the job", body = JobState<$result>)),
                    )]
            pub(super) async fn state(
                _identity: Identity,
                State(app): State<App>,
                At(member): At,
                Params(wait): Params<Wait>,
            ) -> Result<Json<JobState<$result>>, ApiError> {
                wait.ended(&app, || member.$state()).await.map(Json)
            }

            #[utoipa::path(
                        post,
                        path = $path,
                        operation_id = $id,
                        tag = "setup",
                        summary = $what,
                        responses(
                            (status = 202, description = "Started", body = JobState<$result>),
                            Conflict,
                            Unusable,
                        ),
                    )]
            pub(super) async fn begin(
                _admin: Admin,
                Works(member, _): Works,
            ) -> Result<(StatusCode, Json<JobState<$result>>), ApiError> {
                accepted(member.$begin(), member.$state())
            }
        }
    };
}

job!(
    setup,
    "/connections/{name}/setup",
    "setup",
    "Create or update the object types, mapping, and event hook",
    super::SetupReport,
    set_up,
    setup
);
job!(
    verify,
    "/connections/{name}/verify",
    "verify",
    "Verify the object types, mapping, and event hook",
    super::VerifyReport,
    verify,
    verified
);
job!(
    checks,
    "/connections/{name}/checks",
    "run_checks",
    "Check all prerequisites",
    super::CheckReport,
    examine,
    checks
);
job!(
    schema,
    "/connections/{name}/schema",
    "compare_schemas",
    "Compare the Okta and Assets schemas",
    super::SchemaView,
    compare_schemas,
    schemas
);
job!(
    plan,
    "/connections/{name}/plan",
    "create_plan",
    "Compute the changes that a full sync would make",
    super::PlanView,
    make_plan,
    plan
);

/// Delete the last plan
#[utoipa::path(
    delete,
    path = "/connections/{name}/plan",
    operation_id = "delete_plan",
    tag = "setup",
    responses((status = 204, description = "Deleted, unless one is being created")),
)]
async fn delete_plan(_admin: Admin, At(member): At) -> StatusCode {
    member.forget_plan();
    StatusCode::NO_CONTENT
}
