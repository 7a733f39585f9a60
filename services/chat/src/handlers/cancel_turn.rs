//! Stops the turn of a message: at its worker. Where that is away, the reaper ends it.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session, message_of};
use crate::{
    state::{Done, State},
    store::turns,
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    message_of(write.connection(), &chat_session_id, &message_id).await?;
    if turns::ask_stop(write.connection(), &chat_session_id, &message_id).await?.is_none() {
        let detail = "This message is not being answered now.";
        return Err(problem::conflict("not-open", detail).into());
    }
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::TurnStopped).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(v1::Empty {})
}
