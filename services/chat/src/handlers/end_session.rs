//! Ends a session: what runs is stopped, what waits stays, everything stays readable.

use muster_contracts::{audit::Action, v1};

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::{sessions, turns},
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::ChatSession> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    if !sessions::set_status(write.connection(), &chat_session_id, v1::SessionStatus::SessionTerminated).await? {
        return Ok(session.to_wire());
    }
    if let Some(turn) = turns::open_of_session(&mut *write.connection(), &chat_session_id).await? {
        turns::ask_stop(write.connection(), &chat_session_id, &turn.message_id).await?;
    }
    let row = tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::SessionEnded).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(row.to_wire())
}
