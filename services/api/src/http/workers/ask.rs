//! What is asked of a worker's backend, over chat.

use muster_contracts::{
    id::WorkerId,
    limits::DIRECTORY_BYTES,
    method,
    v1::{self, ask::What, ask_result::Told},
};

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    http::{caller::Caller, extract::Asked, owned::Owned, problem::Problem},
    state::Shared,
};

impl Shared {
    /// Asks the caller's worker and waits for what it tells.
    pub(crate) async fn ask_worker(
        &self,
        caller: &Caller,
        worker: WorkerId,
        what: What,
    ) -> Result<Option<Told>, Problem> {
        // Chat does not know whose worker it is.
        let named = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.into() };
        self.call::<method::GetWorker>(named.clone()).await?;
        let v1::WorkerRef { caller, worker_id } = named;
        let ask = Some(v1::Ask { ask_id: String::new(), what: Some(what) });
        Ok(self.call::<method::AskWorker>(v1::AskWorkerRequest { caller, worker_id, ask }).await?.told)
    }

    /// The same with something that may be unfit: whose the worker is comes first.
    pub(crate) async fn ask_about<T>(
        &self,
        caller: &Caller,
        worker: WorkerId,
        about: Result<T, Problem>,
        what: impl FnOnce(T) -> What,
    ) -> Result<Option<Told>, Problem> {
        match about {
            Ok(about) => self.ask_worker(caller, worker, what(about)).await,
            Err(problem) => Err(self.refusal(caller, Owned::Worker(&worker), problem).await),
        }
    }
}

/// Where a session works, or would.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InDirectory {
    /// A session's directory: a project may offer more. The worker's unless said otherwise.
    #[param(max_length = 4096)]
    #[serde(default)]
    directory: String,
}

/// The directory that is asked about.
pub(crate) fn directory(asked: Result<Asked<InDirectory>, Problem>) -> Result<String, Problem> {
    asked.and_then(|Asked(InDirectory { directory })| path("/directory", directory))
}

/// A path as a worker may be asked about it.
pub(crate) fn path(pointer: &str, path: String) -> Result<String, Problem> {
    if path.len() > DIRECTORY_BYTES || path.chars().any(char::is_control) {
        let detail = format!("must be a path of at most {DIRECTORY_BYTES} bytes without control characters");
        return Err(Problem::invalid(pointer, detail));
    }
    Ok(path)
}
