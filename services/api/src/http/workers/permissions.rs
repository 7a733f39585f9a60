//! GET /workers/{workerId}/permissions

use axum::{Json, extract::State};
use muster_contracts::{
    fingerprint::Fingerprint,
    id::{MachineId, WorkerId},
    method, permissions as rights, v1,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Where a key would stand in the subjects.
const ANY_KEY: &str = "<fingerprint>";

/// What a worker may do on the broker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Permissions {
    /// Subjects that its approved key may publish to.
    publish: Vec<String>,
    /// Subjects that its approved key may subscribe to.
    subscribe: Vec<String>,
}

/// What the worker may do on the broker once its key is approved; nothing else.
#[utoipa::path(get, path = "/workers/{workerId}/permissions", tag = "workers", params(("workerId" = String, Path)),
    responses((status = 200, body = Permissions)))]
pub(crate) async fn permissions(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
) -> Result<Json<Permissions>, Problem> {
    let request = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.to_string() };
    let v1::Worker { machine_id, .. } = api.call::<method::GetWorker>(request).await?;
    let machine = machine_id.parse::<MachineId>().map_err(|error| Problem::internal(&error))?;
    // The same function as the callout's, with a stand-in for the key.
    let stand_in = Fingerprint::of("");
    let rights::Permissions { publish, subscribe, respond: _ } = rights::worker(&machine, &worker, &stand_in);
    let shown = |subjects: Vec<String>| {
        subjects.into_iter().map(|subject| subject.replace(stand_in.as_str(), ANY_KEY)).collect()
    };
    Ok(Json(Permissions { publish: shown(publish), subscribe: shown(subscribe) }))
}
