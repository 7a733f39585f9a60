//! Withdraws a session's link. Without one it changes nothing.

use muster_contracts::{audit::Action, v1};

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::shares,
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::Empty> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    locked_session(&mut write, &caller, &chat_session_id).await?;
    if shares::forget(write.connection(), &chat_session_id).await? {
        let actor = Actor::user(&caller);
        let row = tell::session(&mut write, &state.clock, &chat_session_id, &actor).await?;
        tell::did(&mut write, &state.clock, &row, &actor, Action::SessionUnshared).await?;
        write.commit().await?;
    }
    Ok(v1::Empty {})
}
