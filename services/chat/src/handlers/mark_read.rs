//! The user has seen a session, up to a message.

use muster_contracts::v1;

use super::{caller, locked_session, message_of};
use crate::{
    state::{Done, State},
    store::sessions,
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    locked_session(&mut write, &caller, &chat_session_id).await?;
    let seen = message_of(write.connection(), &chat_session_id, &message_id).await?;
    if sessions::set_read(write.connection(), &chat_session_id, seen.position).await? {
        tell::session(&mut write, &state.clock, &chat_session_id, &Actor::user(&caller)).await?;
        write.commit().await?;
    }
    Ok(v1::Empty {})
}
