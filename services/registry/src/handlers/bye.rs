//! A worker goes: offline at once, without waiting for its connection to close.

use muster_service::DbError;

use super::Speaker;
use crate::{
    domain::presence::is_of,
    presence::refresh::refresh,
    state::Shared,
    store::{connections, leases, workers},
};

pub(super) async fn handle(state: &Shared, speaker: &Speaker) -> Result<(), DbError> {
    let process = &speaker.process;
    let Some(worker) = workers::get(state.db.pool(), &process.worker).await? else { return Ok(()) };
    if !is_of(&worker, &process.instance, process.term) {
        return Ok(());
    }
    let mut write = state.db.write().await?;
    // The worker's row before its connections', as everywhere.
    leases::end(&mut write, &worker.id, process.term).await?;
    connections::close_process(&mut write, &worker.id, &process.instance, process.term, state.now()).await?;
    write.commit().await?;
    refresh(state, &worker.id).await
}
