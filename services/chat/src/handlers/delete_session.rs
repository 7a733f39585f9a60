//! Deletes a session with its messages. A running turn is dropped at the
//! worker's next sync.

use muster_contracts::v1;

use super::{caller, locked_session};
use crate::{
    erase,
    state::{Done, State},
    tell::Actor,
};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::Empty> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    erase::session(&mut write, &state.clock, &session, &Actor::user(&caller)).await?;
    write.commit().await?;
    state.tidy.notify_one();
    state.wake(&session.worker_id).await;
    Ok(v1::Empty {})
}
