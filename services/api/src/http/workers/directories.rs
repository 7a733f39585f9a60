//! GET /workers/{workerId}/directories

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

/// Below which directory.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DirectoriesQuery {
    /// Relative to the worker's directory, which it is unless said otherwise.
    #[param(max_length = 4096)]
    #[serde(default)]
    path: String,
}

/// Directories that a session may work in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Directories {
    /// Git's working trees first.
    items: Vec<Directory>,
    /// Whether there are others.
    more: bool,
}

/// A directory at or below the worker's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Directory {
    /// Relative to the worker's.
    path: String,
    /// Whether it is a working tree of git.
    repository: bool,
    /// The branch that is checked out there, if it is one in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    branch: Option<String>,
}

impl From<v1::Directory> for Directory {
    fn from(directory: v1::Directory) -> Self {
        let v1::Directory { path, repository, branch } = directory;
        Self { path, repository, branch: Some(branch).filter(|branch| !branch.is_empty()) }
    }
}

/// The directories right below one of the worker's; for the worker's own also git's working trees further below. What
/// git ignores, and what is hidden, is left out.
///
/// The worker is asked: 503 `worker-offline` when it is not there, `worker-silent` when it does not answer in time;
/// 404 when the directory is not there, or not below the worker's.
#[utoipa::path(get, path = "/workers/{workerId}/directories", tag = "workers",
    params(("workerId" = String, Path), DirectoriesQuery), responses((status = 200, body = Directories)))]
pub(crate) async fn directories(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    query: Result<Asked<DirectoriesQuery>, Problem>,
) -> Result<Json<Directories>, Problem> {
    let query = query.and_then(|Asked(DirectoriesQuery { path: asked })| path("/path", asked));
    let told =
        api.ask_about(&caller, worker, query, |path| What::ListDirectories(v1::ListDirectories { path })).await?;
    let v1::Directories { directories, more } = match told {
        Some(Told::Directories(found)) => found,
        _ => v1::Directories::default(),
    };
    Ok(Json(Directories { items: directories.into_iter().map(Directory::from).collect(), more }))
}
