//! POST /machines/{machineId}/workers

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{
    id::{MachineId, WorkerId},
    method,
    token::WorkerToken,
    v1,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body, NewId},
        owned::{self, Owned},
        problem::Problem,
    },
    state::Shared,
};

/// A worker to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateWorker {
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// A nanoid; the same again is the same worker.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    worker_id: Option<String>,
}

/// A worker, and what its process is started with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerRegistration {
    worker_id: String,
    /// `machine_<machineId>:worker_<workerId>`.
    token: String,
}

/// Makes a worker without an approved key.
#[utoipa::path(post, path = "/machines/{machineId}/workers", tag = "workers", params(("machineId" = String, Path)),
    request_body = CreateWorker, responses((status = 201, body = WorkerRegistration)))]
pub(crate) async fn create(
    State(api): State<Shared>,
    caller: Caller,
    At(machine): At<MachineId>,
    new: NewId,
    body: Result<Body<CreateWorker>, Problem>,
) -> Result<(StatusCode, Json<WorkerRegistration>), Problem> {
    let of = Owned::Machine(&machine);
    let CreateWorker { name, worker_id } = api.body_for(&caller, of, body).await?;
    let worker = match owned::made_id(worker_id, "/workerId", || new.or(WorkerId::random)) {
        Ok(worker) => worker,
        Err(problem) => return Err(api.refusal(&caller, of, problem).await),
    };
    let request = v1::CreateWorkerRequest {
        caller: caller.to_bus(),
        machine_id: machine.to_string(),
        worker_id: worker.to_string(),
        name,
    };
    api.call::<method::CreateWorker>(request).await?;
    let token = WorkerToken { machine, worker: worker.clone() }.to_string();
    Ok((StatusCode::CREATED, Json(WorkerRegistration { worker_id: worker.into(), token })))
}
