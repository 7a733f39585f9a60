//! GET /workers/{workerId}/commands

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
pub(crate) struct Commands {
    items: Vec<Command>,
}

/// A command.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Command {
    /// Without its slash.
    name: String,
    /// What it does; may be empty.
    description: String,
}

/// The commands that the worker's backend takes at the beginning of a message.
///
/// The worker is asked: 409 `worker-offline` when it is not there, 503 `worker-silent` when it does not answer in time;
/// 404 when the directory is not there, or not below the worker's.
#[utoipa::path(get, path = "/workers/{workerId}/commands", tag = "workers", params(("workerId" = String, Path), InDirectory),
    responses((status = 200, body = Commands)))]
pub(crate) async fn commands(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    asked: Result<Asked<InDirectory>, Problem>,
) -> Result<Json<Commands>, Problem> {
    let what = |directory| What::ListCommands(v1::ListCommands { directory });
    let told = api.ask_about(&caller, worker, directory(asked), what).await?;
    let Some(Told::Commands(v1::Commands { commands })) = told else { return Ok(Json(Commands { items: Vec::new() })) };
    let item = |v1::Command { name, description }| Command { name, description };
    Ok(Json(Commands { items: commands.into_iter().map(item).collect() }))
}
