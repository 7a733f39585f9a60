//! POST /machines

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{id::MachineId, method, v1};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{Body, NewId},
        owned,
        problem::Problem,
    },
    state::Shared,
};

/// A machine to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateMachine {
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// A nanoid; the same again with the same name is the same machine.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    machine_id: Option<String>,
}

/// A registered machine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MachineRegistration {
    machine_id: String,
    name: String,
}

/// Registers a machine.
#[utoipa::path(post, path = "/machines", tag = "machines", request_body = CreateMachine,
    responses((status = 201, body = MachineRegistration)))]
pub(crate) async fn create(
    State(api): State<Shared>,
    caller: Caller,
    new: NewId,
    Body(CreateMachine { name, machine_id }): Body<CreateMachine>,
) -> Result<(StatusCode, Json<MachineRegistration>), Problem> {
    let machine = owned::made_id(machine_id, "/machineId", || new.or(MachineId::random))?;
    let request = v1::CreateMachineRequest { caller: caller.to_bus(), machine_id: machine.into(), name };
    let v1::Machine { machine_id, name, .. } = api.call::<method::CreateMachine>(request).await?;
    Ok((StatusCode::CREATED, Json(MachineRegistration { machine_id, name })))
}
