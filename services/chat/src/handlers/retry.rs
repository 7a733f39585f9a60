//! Answers a message anew whose turn failed, was stopped or was lost.

use muster_bus::trace;
use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session, message_of};
use crate::{
    domain::turn::{self, Event},
    state::{Done, State},
    store::{messages, sessions, turns, versions},
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    let named = message_of(write.connection(), &chat_session_id, &message_id).await?;
    // A reply stands for the message that it answers.
    let message = match named.to_wire().reply_to {
        Some(answered) => message_of(write.connection(), &chat_session_id, &answered).await?,
        None => named,
    };
    if session.status() == v1::SessionStatus::SessionTerminated {
        let detail = "This session has ended; resume it before you try again.";
        return Err(problem::conflict("session-terminated", detail).into());
    }
    if message.superseded_by.is_some() {
        let detail = "There is a newer version of this message; it is not answered any more.";
        return Err(problem::conflict("message-superseded", detail).into());
    }
    if versions::waits(write.connection(), &message).await? {
        let detail = "A new version of this message waits already; withdraw that one first.";
        return Err(problem::conflict("replacement-waiting", detail).into());
    }
    let Some(next) = turn::next(message.status(), Event::Retry) else {
        let detail = "Only a message that failed, was stopped or was interrupted can be tried again.";
        return Err(problem::conflict("cannot-retry", detail).into());
    };
    if turns::open_of_session(&mut *write.connection(), &chat_session_id).await?.is_some() {
        let detail = "The agent is busy with another message; stop it or wait.";
        return Err(problem::conflict("busy", detail).into());
    }
    messages::set_traceparent(write.connection(), &message.message_id, trace::traceparent()).await?;
    let queued = messages::set_status(write.connection(), &message.message_id, message.status(), next).await?;
    if let Some(row) = queued {
        tell::message(&mut write, &state.clock, &row).await?;
    }
    sessions::set_paused(write.connection(), &chat_session_id, false).await?;
    sessions::touch(write.connection(), &chat_session_id, state.clock.now()).await?;
    sessions::set_status(write.connection(), &chat_session_id, v1::SessionStatus::SessionActive).await?;
    tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::TurnRetried).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(v1::Empty {})
}
