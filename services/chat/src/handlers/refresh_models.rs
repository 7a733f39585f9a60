//! Asks a worker to look at its backend's models anew. The api has checked
//! that the worker is the caller's.

use muster_contracts::{id, v1};

use crate::{
    state::{Done, State},
    store::asks,
};

pub(super) async fn handle(state: State, request: v1::WorkerRef) -> Done<v1::Empty> {
    let v1::WorkerRef { caller: _, worker_id } = request;
    let what = v1::ask::What::RefreshModels(v1::RefreshModels {});
    let ask = v1::Ask { ask_id: id::random(), what: Some(what) };
    let mut write = state.write().await?;
    let waiting = asks::of_worker(&mut *write.connection(), &worker_id, state.clock.now()).await?;
    if !waiting.iter().any(|waiting| waiting.what == ask.what) {
        asks::insert(write.connection(), &worker_id, &ask, state.clock.now(), None).await?;
        write.commit().await?;
    }
    state.wake(&worker_id).await;
    Ok(v1::Empty {})
}
