//! GET /workers/{workerId}/modes

use axum::{Json, extract::State};
use muster_contracts::{
    id::WorkerId,
    v1::{self, ask::What, ask_result::Told},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{Asked, At},
        problem::Problem,
        workers::ask::{InDirectory, directory},
    },
    state::Shared,
};

/// What the backend offers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Modes {
    /// The one that is used when none is chosen comes first.
    items: Vec<Mode>,
}

/// A way of working: to plan, to build.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mode {
    mode_id: String,
    name: String,
    /// What it is for; may be empty.
    description: String,
}

/// The ways of working that the worker's backend offers; none when it knows no such thing.
///
/// The worker is asked: 409 `worker-offline` when it is not there, 503 `worker-silent` when it does not answer in time;
/// 404 when the directory is not there, or not below the worker's.
#[utoipa::path(get, path = "/workers/{workerId}/modes", tag = "workers", params(("workerId" = String, Path), InDirectory),
    responses((status = 200, body = Modes)))]
pub(crate) async fn modes(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    asked: Result<Asked<InDirectory>, Problem>,
) -> Result<Json<Modes>, Problem> {
    let what = |directory| What::ListModes(v1::ListModes { directory });
    let told = api.ask_about(&caller, worker, directory(asked), what).await?;
    let Some(Told::Modes(v1::Modes { modes })) = told else { return Ok(Json(Modes { items: Vec::new() })) };
    let item = |v1::Mode { mode_id, name, description }| Mode { mode_id, name, description };
    Ok(Json(Modes { items: modes.into_iter().map(item).collect() }))
}
