//! Deletes a session with its messages. A running turn is dropped at the
//! worker's next sync.

use muster_contracts::{audit::Action, v1};

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::sessions,
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::Empty> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    sessions::delete(write.connection(), &chat_session_id).await?;
    tell::session_removed(&mut write, &state.clock, &session, &Actor::user(&caller)).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::SessionDeleted).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    Ok(v1::Empty {})
}
