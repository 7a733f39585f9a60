//! One session.

use muster_contracts::v1;

use super::{caller, own_session};
use crate::state::{Done, State};

pub(super) async fn handle(state: State, request: v1::SessionRef) -> Done<v1::ChatSession> {
    let v1::SessionRef { caller: asked_by, chat_session_id } = request;
    let mut connection = state.db.pool().acquire().await?;
    let session = own_session(&mut connection, &caller(asked_by), &chat_session_id).await?;
    Ok(session.to_wire())
}
