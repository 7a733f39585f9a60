//! GET /workers/{workerId}/files

use axum::{Json, extract::State};
use muster_contracts::{
    id::WorkerId,
    v1::{self, ask::What, ask_result::Told},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        caller::Caller,
        extract::{Asked, At},
        problem::Problem,
        workers::ask::path,
    },
    state::Shared,
};

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilesQuery {
    /// What was typed of a path: its letters in their order, from anywhere in it.
    #[param(max_length = 200)]
    #[serde(default)]
    q: String,
    /// Below which directory, that of a session; the worker's unless said otherwise.
    #[param(max_length = 4096)]
    #[serde(default)]
    directory: String,
}

/// Files that a message may mention.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Files {
    /// Paths relative to the directory, the best fit first.
    items: Vec<String>,
    /// Whether there are others.
    more: bool,
}

/// Characters of what is typed at most.
const TYPED: usize = 200;

/// Files below a directory whose paths fit to what was typed. What git ignores, and what is hidden, is left out.
///
/// The worker is asked: 503 `worker-offline` when it is not there, `worker-silent` when it does not answer in time;
/// 404 when the directory is not there, or not below the worker's.
#[utoipa::path(get, path = "/workers/{workerId}/files", tag = "workers",
    params(("workerId" = String, Path), FilesQuery), responses((status = 200, body = Files)))]
pub(crate) async fn files(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    query: Result<Asked<FilesQuery>, Problem>,
) -> Result<Json<Files>, Problem> {
    let query = query.and_then(|Asked(FilesQuery { q, directory })| {
        if q.chars().count() > TYPED {
            return Err(Problem::invalid("/q", format!("must have at most {TYPED} characters")));
        }
        Ok(v1::ListFiles { directory: path("/directory", directory)?, typed: q })
    });
    let told = api.ask_about(&caller, worker, query, What::ListFiles).await?;
    let v1::Files { paths, more } = match told {
        Some(Told::Files(found)) => found,
        _ => v1::Files::default(),
    };
    Ok(Json(Files { items: paths, more }))
}
