//! Withdraws a message that waits.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session, message_of};
use crate::{
    state::{Done, State},
    store::messages,
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    message_of(write.connection(), &chat_session_id, &message_id).await?;
    if !messages::withdraw(write.connection(), &message_id).await? {
        let detail = "The agent has this message already; stop it instead.";
        return Err(problem::conflict("message-delivered", detail).into());
    }
    tell::message_removed(&mut write, &state.clock, &chat_session_id, &message_id).await?;
    tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::MessageWithdrawn).await?;
    write.commit().await?;
    state.tidy.notify_one();
    Ok(v1::Empty {})
}
