//! Renames or pins a session, or changes its model or mode.

use muster_contracts::{audit::Action, limits, name, v1};
use muster_service::problem;

use super::{caller, checked_mode, checked_model, locked_session};
use crate::{
    state::{Done, State},
    store::{
        sessions::{self, Change},
        workers,
    },
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::UpdateSessionRequest) -> Done<v1::ChatSession> {
    let v1::UpdateSessionRequest { caller: asked_by, chat_session_id, title, model, mode, pinned } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    let title = title
        .as_deref()
        .map(|title| name::parse(title, limits::TITLE_CHARS).map(str::to_owned))
        .transpose()
        .map_err(|error| problem::invalid("/title", error.to_string()))?;
    // An empty one is none: its backend's own.
    checked_mode(mode.as_deref().filter(|mode| !mode.is_empty()))?;
    if let Some(model) = &model {
        let worker = workers::of_session(write.connection(), &session).await?;
        checked_model(worker.as_ref(), model)?;
    }
    let change = Change { title, model, mode, pinned };
    sessions::update(write.connection(), &chat_session_id, &change).await?;
    let actor = Actor::user(&caller);
    let row = tell::session(&mut write, &state.clock, &chat_session_id, &actor).await?;
    if row.title != session.title {
        let renamed = Action::SessionRenamed.to(&chat_session_id, &session.title);
        let renamed = v1::Audit { detail: row.title.clone(), ..renamed };
        tell::audited(&mut write, &state.clock, &row, &actor, renamed).await?;
    }
    if (&row.model, &row.mode) != (&session.model, &session.mode) {
        let changed = Action::SessionChanged.to(&chat_session_id, &row.title);
        let changed = v1::Audit { detail: row.model.clone(), ..changed };
        tell::audited(&mut write, &state.clock, &row, &actor, changed).await?;
    }
    write.commit().await?;
    Ok(row.to_wire())
}
