//! Work in the background: POST begins it, GET says what became of it.

use axum::Json;
use axum::http::StatusCode;
use sync_service::doctor::CheckReport;
use sync_service::engine::{SetupReport, VerifyReport};
use sync_service::{JobState, PlanView, SchemaView};
use utoipa_axum::routes;

use super::Routes;
use super::document::{Conflict, Unusable};
use super::extract::{Admin, At, Works};
use super::problem::{ApiError, ProblemType};
use crate::access::Identity;

pub(super) fn routes() -> Routes {
    vec![
        routes!(setup::state, setup::begin),
        routes!(verify::state, verify::begin),
        routes!(checks::state, checks::begin),
        routes!(schema::state, schema::begin),
        routes!(plan::state, plan::begin),
        routes!(forget_plan),
    ]
}

fn begun<T>(began: bool, state: T) -> Result<(StatusCode, Json<T>), ApiError> {
    if began {
        return Ok((StatusCode::ACCEPTED, Json(state)));
    }
    let hint = "see what becomes of it with GET at the same address".to_owned();
    Err(ApiError::new(ProblemType::Underway, "this is done for the connection at this moment", Some(hint)))
}

macro_rules! job {
    ($module:ident, $path:literal, $id:literal, $what:literal, $result:ty, $begin:ident, $state:ident) => {
        mod $module {
            use super::{
                Admin, ApiError, At, Conflict, Identity, JobState, Json, StatusCode, Unusable, Works, begun,
            };

            #[utoipa::path(
                        get,
                        path = $path,
                        operation_id = concat!("get_", $id),
                        tag = "set-up",
                        summary = concat!($what, ": what became of it"),
                        responses((status = 200, description = "How it stands", body = JobState<$result>)),
                    )]
            pub(super) async fn state(_identity: Identity, At(member): At) -> Json<JobState<$result>> {
                Json(member.$state())
            }

            #[utoipa::path(
                        post,
                        path = $path,
                        operation_id = $id,
                        tag = "set-up",
                        summary = $what,
                        responses(
                            (status = 202, description = "Begun", body = JobState<$result>),
                            Conflict,
                            Unusable,
                        ),
                    )]
            pub(super) async fn begin(
                _admin: Admin,
                Works(member, _): Works,
            ) -> Result<(StatusCode, Json<JobState<$result>>), ApiError> {
                begun(member.$begin(), member.$state())
            }
        }
    };
}

job!(
    setup,
    "/connections/{name}/setup",
    "setup",
    "Create object schema, mapping and event hook",
    super::SetupReport,
    set_up,
    setup
);
job!(
    verify,
    "/connections/{name}/verify",
    "verify",
    "Look whether object schema, mapping and event hook are as they should be",
    super::VerifyReport,
    verify,
    verified
);
job!(
    checks,
    "/connections/{name}/checks",
    "check",
    "Look at every precondition",
    super::CheckReport,
    examine,
    checks
);
job!(
    schema,
    "/connections/{name}/schema",
    "compare_schemas",
    "Compare Okta's schemas with those of Assets",
    super::SchemaView,
    compare_schemas,
    schemas
);
job!(
    plan,
    "/connections/{name}/plan",
    "make_plan",
    "Say what a full run would change, and change nothing",
    super::PlanView,
    make_plan,
    plan
);

/// Forget the last plan
#[utoipa::path(
    post,
    path = "/connections/{name}/plan/forget",
    operation_id = "forget_plan",
    tag = "set-up",
    responses((status = 204, description = "Forgotten, unless one is made at this moment")),
)]
async fn forget_plan(_admin: Admin, At(member): At) -> StatusCode {
    member.forget_plan();
    StatusCode::NO_CONTENT
}
