//! Removing files that no message has: uploads that came to nothing, and what a message, a
//! session or an account left behind. Safe in any number of instances, and after any crash: a
//! file is marked first, so that no message gets it any more; then its bytes go, then its row.

use std::time::Duration;

use muster_contracts::{id::AttachmentId, objects::ATTACHMENTS};
use muster_service::db::in_time;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    state::{Done, State},
    store::attachments,
};

const EVERY: Duration = Duration::from_secs(20);
/// How often the object store is searched for files of which no row tells.
const SEARCH: Duration = Duration::from_hours(1);
/// A round, or a search, may take this long; the next one goes on with what is left.
const PATIENCE: Duration = Duration::from_mins(5);
/// Files of one round.
const ROUND: i64 = 200;

/// Removes until stopped.
pub async fn remove_what_nobody_has(state: State, stop: CancellationToken) {
    let mut next_search = Instant::now();
    loop {
        tokio::select! { _ = state.bus.connected() => {}, () = stop.cancelled() => return }
        let pause = match in_time(PATIENCE, round(&state)).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "files that nobody has could not be removed");
                EVERY
            }
        };
        if next_search <= Instant::now() {
            match in_time(PATIENCE, search(&state)).await {
                Ok(()) => next_search = Instant::now() + SEARCH,
                Err(error) => tracing::debug!(%error, "the object store could not be searched"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.tidy.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// True when there may be more.
async fn round(state: &State) -> Done<bool> {
    let mut write = state.write().await?;
    attachments::mark(write.connection(), state.clock.now()).await?;
    write.commit().await?;
    let marked = attachments::marked(state.db.pool(), ROUND).await?;
    for id in &marked {
        erase(state, id).await?;
        let mut write = state.write().await?;
        attachments::forget(write.connection(), id).await?;
        write.commit().await?;
        tracing::debug!(attachment_id = id, "a file that nobody has is removed");
    }
    Ok(i64::try_from(marked.len()).unwrap_or(ROUND) == ROUND)
}

/// Overwrites the bytes where they lie, and removes the object.
async fn erase(state: &State, id: &str) -> Done<()> {
    let mut position = 0;
    while let Some(piece) = state.bus.read_object(ATTACHMENTS, id, position).await? {
        position = piece.position;
        state.bus.erase(ATTACHMENTS.stream, position).await?;
    }
    Ok(state.bus.delete_object(ATTACHMENTS, id).await?)
}

/// A row is there before the first byte, so an object without one is what a crash has left.
async fn search(state: &State) -> Done<()> {
    for id in state.bus.list_objects(ATTACHMENTS).await? {
        if id.parse::<AttachmentId>().is_ok() && !attachments::is_known(state.db.pool(), &id).await? {
            tracing::info!(attachment_id = id, "a file of which no row tells is removed");
            erase(state, &id).await?;
        }
    }
    Ok(())
}
