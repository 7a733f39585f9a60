//! Makes a session with everything up to a message of another one. Its backend makes its own session from the other
//! one's when the first turn begins.

use std::collections::HashMap;

use muster_contracts::{audit::Action, id, v1};
use muster_service::{Write, problem};

use super::{caller, existing, list_messages::fitting, locked_session, message_of};
use crate::{
    domain::title,
    state::{Done, State, session_id},
    store::{
        MessageRow, SessionRow, sessions, turns,
        versions::{self, PathRow},
        workers,
    },
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::ForkSessionRequest) -> Done<v1::ChatSession> {
    let v1::ForkSessionRequest { caller: asked_by, chat_session_id, message_id, fork_id } = request;
    let caller = caller(asked_by);
    session_id(&fork_id)?;
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    let last = message_of(write.connection(), &chat_session_id, &message_id).await?;
    let open = turns::open_of_session(&mut *write.connection(), &chat_session_id).await?;
    if last.status() == v1::TurnStatus::Queued
        || open.is_some_and(|turn| turn.message_id == message_id || turn.reply_id == message_id)
    {
        let detail = "This message is not answered yet; stop it or wait, or fork from the one before.";
        return Err(problem::conflict("not-finished", detail).into());
    }
    if workers::of_session(&mut *write.connection(), &session).await?.is_none() {
        let detail = "The worker of this session was removed; start a new session with another worker.";
        return Err(problem::conflict("worker-removed", detail).into());
    }
    let fork = v1::ChatSession {
        chat_session_id: fork_id.clone(),
        title: title::of_fork(&session.title),
        created_at: state.clock.now(),
        forked_from: Some(v1::ForkedFrom { chat_session_id: chat_session_id.clone(), message_id }),
        ..session.to_wire()
    };
    if !sessions::insert(write.connection(), &fork, true).await? {
        let same = |existing: &SessionRow| existing.forked_from() == fork.forked_from;
        return existing(write.connection(), &caller, &fork_id, same).await;
    }
    let most = state.config.borrow().sessions_per_user;
    if sessions::count_of_user(&mut write, &caller.user_id).await? > most {
        let detail = format!("You can have at most {most} sessions here; delete one first.");
        return Err(problem::limit("too-many-sessions", detail).into());
    }
    let path = versions::path_to(write.connection(), &last).await?;
    let count = copy(&mut write, &last, &path, &fork_id).await?;
    let backend = origin(&session, &last, &path);
    versions::set_fork(write.connection(), &fork_id, backend, count).await?;
    let actor = Actor::user(&caller);
    let row = tell::session(&mut write, &state.clock, &fork_id, &actor).await?;
    let forked = v1::Audit { detail: session.title.clone(), ..Action::SessionForked.to(&fork_id, &row.title) };
    tell::audited(&mut write, &state.clock, &row, &actor, forked).await?;
    write.commit().await?;
    Ok(row.to_wire())
}

/// Copies the messages under ids of their own, no more at once than a page has; how many there are.
async fn copy(write: &mut Write, last: &MessageRow, path: &[PathRow], fork_id: &str) -> Done<i64> {
    let ids = path.iter().map(|row| (row.message_id.as_str(), id::random())).collect::<HashMap<_, _>>();
    let (mut rest, mut behind, mut copied) = (path, i64::MIN, 0);
    while !rest.is_empty() {
        let number = fitting(rest.iter().map(|row| row.bytes));
        let page = versions::path_behind(write.connection(), last, behind, number).await?;
        let copies = page.iter().map(|row| (row, copy_of(row, &ids, fork_id))).collect::<Vec<_>>();
        copied = versions::copy(write.connection(), &copies, copied).await?;
        rest = rest.get(page.len().max(1)..).unwrap_or_default();
        behind = page.last().map_or(i64::MAX, |row| row.position);
    }
    Ok(copied)
}

/// Without what was asked in it: a fork has no requests.
fn copy_of(row: &MessageRow, ids: &HashMap<&str, String>, fork_id: &str) -> v1::ChatMessage {
    use v1::part::Kind;
    let asks = |part: &v1::Part| matches!(part.kind, Some(Kind::Permission(_) | Kind::Question(_)));
    let mut wire = row.to_wire();
    wire.parts.retain(|part| !asks(part));
    v1::ChatMessage {
        message_id: ids.get(row.message_id.as_str()).cloned().unwrap_or_else(id::random),
        chat_session_id: fork_id.to_owned(),
        reply_to: row.reply_to.as_deref().and_then(|reply_to| ids.get(reply_to).cloned()),
        replaces: None,
        superseded_by: None,
        version: None,
        ..wire
    }
}

/// The backend's session that has what the fork begins with. None has what was replaced: it is told as text.
fn origin<'a>(session: &'a SessionRow, last: &MessageRow, path: &[PathRow]) -> Option<&'a str> {
    let spoken = path.iter().rev().find(|row| row.by_user())?;
    if spoken.superseded_by.is_some() || last.superseded_by.is_some() {
        return None;
    }
    let copied = spoken.origin_id.is_some();
    if copied { session.fork_backend_session_id.as_deref() } else { session.backend_session_id.as_deref() }
}
