//! Puts a waiting message first and stops the turn that runs.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session, message_of};
use crate::{
    state::{Done, State},
    store::{messages, sessions, turns},
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    let message = message_of(write.connection(), &chat_session_id, &message_id).await?;
    if message.status() != v1::TurnStatus::Queued {
        return Err(problem::conflict("message-delivered", "This message does not wait any more.").into());
    }
    if session.status() == v1::SessionStatus::SessionTerminated {
        return Err(problem::conflict("session-terminated", "This session has ended; resume it first.").into());
    }
    let order = messages::put_first(write.connection(), &chat_session_id, &message_id).await?;
    sessions::set_paused(write.connection(), &chat_session_id, false).await?;
    if let Some(turn) = turns::open_of_session(&mut *write.connection(), &chat_session_id).await? {
        turns::ask_stop(write.connection(), &chat_session_id, &turn.message_id).await?;
    }
    for moved in order {
        tell::message(&mut write, &state.clock, &moved).await?;
    }
    tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::MessageSentNow).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(v1::Empty {})
}
