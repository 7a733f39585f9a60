//! Lets a queue go on that was held back after a failure.

use muster_contracts::{audit::Action, v1};

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::sessions,
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::ChatSession> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    if !sessions::set_paused(write.connection(), &chat_session_id, false).await? {
        return Ok(session.to_wire());
    }
    let row = tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::QueueContinued).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(row.to_wire())
}
