//! Starts a session.

use muster_contracts::{audit::Action, limits, name, v1};
use muster_service::problem;

use super::{caller, checked_mode, checked_model, existing};
use crate::{
    state::{Done, State, session_id},
    store::{SessionRow, sessions, workers},
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::CreateSessionRequest) -> Done<v1::ChatSession> {
    let v1::CreateSessionRequest { caller: asked_by, worker, chat_session_id, model, title, directory, mode } = request;
    let caller = caller(asked_by);
    let worker =
        worker.filter(|worker| worker.user_id == caller.user_id).ok_or_else(|| problem::not_found("worker"))?;
    session_id(&chat_session_id)?;
    checked_model(Some(&worker), &model)?;
    let title = match title.as_deref() {
        None => None,
        Some(title) => Some(
            name::parse(title, limits::TITLE_CHARS).map_err(|error| problem::invalid("/title", error.to_string()))?,
        ),
    };
    checked_mode(mode.as_deref())?;
    let is_path = |text: &String| text.len() <= limits::DIRECTORY_BYTES && !text.chars().any(char::is_control);
    if !directory.as_ref().is_none_or(is_path) {
        let detail = format!("must be at most {} bytes without control characters", limits::DIRECTORY_BYTES);
        return Err(problem::invalid("/directory", detail).into());
    }
    let session = v1::ChatSession {
        chat_session_id: chat_session_id.clone(),
        worker_id: worker.worker_id.clone(),
        user_id: caller.user_id.clone(),
        title: title.unwrap_or_default().to_owned(),
        model,
        mode,
        directory: place(worker.directory.as_deref(), directory.as_deref()),
        created_at: state.clock.now(),
        ..v1::ChatSession::default()
    };
    let mut write = state.write().await?;
    workers::keep(write.connection(), &worker).await?;
    if !sessions::insert(write.connection(), &session, title.is_some()).await? {
        let same = |existing: &SessionRow| existing.worker_id == session.worker_id && existing.forked_from().is_none();
        return existing(write.connection(), &caller, &chat_session_id, same).await;
    }
    // The registry was asked before; what was removed since stays so.
    if workers::get(&mut *write.connection(), &session.worker_id).await?.is_none() {
        return Err(problem::conflict("worker-removed", "The worker was removed; choose another one.").into());
    }
    let most = state.config.borrow().sessions_per_user;
    if sessions::count_of_user(&mut write, &caller.user_id).await? > most {
        let detail = format!("You can have at most {most} sessions here; delete one first.");
        return Err(problem::limit("too-many-sessions", detail).into());
    }
    let actor = Actor::user(&caller);
    let row = tell::session(&mut write, &state.clock, &chat_session_id, &actor).await?;
    let created = v1::Audit { detail: row.model.clone(), ..Action::SessionCreated.to(&chat_session_id, &row.title) };
    tell::audited(&mut write, &state.clock, &row, &actor, created).await?;
    write.commit().await?;
    Ok(row.to_wire())
}

/// As the worker's machine has it: what is not told from its root on is below the worker's directory.
fn place(root: Option<&str>, directory: Option<&str>) -> String {
    let directory = directory.unwrap_or_default();
    match root.map(|root| root.trim_end_matches('/')) {
        Some(root) if !directory.is_empty() && !directory.starts_with('/') => format!("{root}/{directory}"),
        Some(_) if directory.is_empty() => root.unwrap_or_default().to_owned(),
        _ => directory.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_told_from_the_root_on_where_the_workers_is_known() {
        for (root, directory, told) in [
            (Some("/work"), None, "/work"),
            (Some("/work"), Some(""), "/work"),
            (Some("/work"), Some("api/src"), "/work/api/src"),
            (Some("/"), Some("api"), "/api"),
            (Some("/"), None, "/"),
            (Some("/work"), Some("/work/api"), "/work/api"),
            (None, Some("api"), "api"),
            (None, None, ""),
        ] {
            assert_eq!(place(root, directory), told, "{root:?} {directory:?}");
        }
    }
}
