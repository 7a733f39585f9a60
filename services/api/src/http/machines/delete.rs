//! DELETE /machines/{machineId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{id::MachineId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Deletes a machine with its workers, and cuts them off.
#[utoipa::path(delete, path = "/machines/{machineId}", tag = "machines", params(("machineId" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(machine): At<MachineId>,
) -> Result<StatusCode, Problem> {
    let request = v1::MachineRef { caller: caller.to_bus(), machine_id: machine.into() };
    api.call::<method::DeleteMachine>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
