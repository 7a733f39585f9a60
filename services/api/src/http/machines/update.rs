//! PATCH /machines/{machineId}

use axum::{Json, extract::State};
use muster_contracts::{id::MachineId, method, v1};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body},
        model::machine::Machine,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// What shall be different.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateMachine {
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    hidden: Option<bool>,
}

/// Renames or hides a machine.
#[utoipa::path(patch, path = "/machines/{machineId}", tag = "machines", params(("machineId" = String, Path)),
    request_body = UpdateMachine, responses((status = 200, body = Machine)))]
pub(crate) async fn update(
    State(api): State<Shared>,
    caller: Caller,
    At(machine): At<MachineId>,
    body: Result<Body<UpdateMachine>, Problem>,
) -> Result<Json<Machine>, Problem> {
    let UpdateMachine { name, hidden } = api.body_for(&caller, Owned::Machine(&machine), body).await?;
    let request = v1::UpdateMachineRequest { caller: caller.to_bus(), machine_id: machine.into(), name, hidden };
    Ok(Json(api.call::<method::UpdateMachine>(request).await?.into()))
}
