//! Makes a terminated session active again; elsewhere it changes nothing.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::{sessions, workers},
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::ChatSession> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    if session.status() != v1::SessionStatus::SessionTerminated {
        return Ok(session.to_wire());
    }
    if workers::of_session(write.connection(), &session).await?.is_none() {
        let detail = "The worker of this session was removed; start a new session with another worker.";
        return Err(problem::conflict("worker-removed", detail).into());
    }
    sessions::set_status(write.connection(), &chat_session_id, v1::SessionStatus::SessionActive).await?;
    sessions::touch(write.connection(), &chat_session_id, state.clock.now()).await?;
    let row = tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::SessionRestored).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(row.to_wire())
}
