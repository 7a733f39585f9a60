//! What is asked of a worker's backend, over chat.

use muster_contracts::{
    id::WorkerId,
    method,
    v1::{self, ask::What, ask_result::Told},
};

use crate::{
    http::{caller::Caller, problem::Problem},
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
}
