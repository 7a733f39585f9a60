//! A turn has begun; its agent asks; a lost one goes on.

use muster_contracts::{audit::Action, v1};

use crate::{
    domain::turn::{self, Event},
    metric,
    state::{Done, State},
    store::{TurnRow, messages, requests, sessions, turns},
    tell::{self, Actor},
};

/// The worker has begun.
///
/// # Errors
/// When the database fails.
pub async fn started(state: &State, turn: &TurnRow) -> Done<()> {
    let Some(status) = turn::next(turn.status(), Event::Start) else { return Ok(()) };
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &turn.chat_session_id).await?;
    if !turns::start(write.connection(), &turn.reply_id, &turn.worker_id, state.clock.now()).await? {
        return Ok(());
    }
    // Viewers see the reply by the worker's own start; only its row follows.
    messages::set_turn_status(write.connection(), &turn.reply_id, status, None).await?;
    let message = messages::set_turn_status(write.connection(), &turn.message_id, status, None).await?;
    if let Some(message) = message {
        tell::message(&mut write, &state.clock, &message).await?;
    }
    write.commit().await?;
    metric::STARTED.add(1);
    Ok(())
}

/// The turn waits because the stream takes nothing more, or waits no longer.
///
/// # Errors
/// When the database fails.
pub async fn storage(state: &State, turn: &TurnRow, full: bool) -> Done<()> {
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &turn.chat_session_id).await?;
    if !turns::set_storage_full(write.connection(), &turn.reply_id, full).await? {
        return Ok(());
    }
    sessions::touch(write.connection(), &turn.chat_session_id, state.clock.now()).await?;
    tell::session(&mut write, &state.clock, &turn.chat_session_id, &Actor::worker(&turn.worker_id)).await?;
    write.commit().await?;
    if full {
        metric::PAUSED_BY_STORAGE.add(1);
        tracing::warn!(
            reply_id = turn.reply_id,
            "CHUNKS is full: turns wait until old chunks go or chunks_max_bytes is raised"
        );
    } else {
        tracing::info!(reply_id = turn.reply_id, "CHUNKS has room again");
    }
    Ok(())
}

/// The agent asks the user something, or has `withdrawn` it. Of a turn that was interrupted it is kept: should the turn
/// go on, it waits for its answer then.
///
/// # Errors
/// When the database fails.
pub async fn asked(state: &State, turn: &TurnRow, body: &v1::RequestBody, withdrawn: bool) -> Done<()> {
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &turn.chat_session_id).await?;
    let Some(turn) = turns::get(&mut *write.connection(), &turn.reply_id).await? else { return Ok(()) };
    let status = match turn.status() {
        _ if turn.ended_at.is_none() && !withdrawn => v1::RequestStatus::RequestPending,
        _ if turn.ended_at.is_none() => v1::RequestStatus::RequestGone,
        v1::TurnStatus::Interrupted => v1::RequestStatus::RequestGone,
        _ => return Ok(()),
    };
    let Some(session) = sessions::get(&mut *write.connection(), &turn.chat_session_id).await? else {
        return Ok(());
    };
    let now = state.clock.now();
    let told = (status, withdrawn);
    let row = requests::put(write.connection(), &turn, &session.user_id, body, told, now).await?;
    let Some(row) = row else { return Ok(()) };
    sessions::touch(write.connection(), &turn.chat_session_id, now).await?;
    let actor = Actor::worker(&turn.worker_id);
    tell::request(&mut write, &state.clock, &row, &actor).await?;
    let session = tell::session(&mut write, &state.clock, &turn.chat_session_id, &actor).await?;
    if !withdrawn {
        let audit = Action::RequestAsked.to(&row.request_id, &body.title);
        tell::audited(&mut write, &state.clock, &session, &actor, audit).await?;
    }
    write.commit().await?;
    Ok(())
}

/// A worker that was given up is back with its turn: it goes on, unless
/// something newer has happened there. False when it must not.
///
/// # Errors
/// When the database fails.
pub async fn resumed(state: &State, turn: &TurnRow) -> Done<bool> {
    let Some(status) = turn::next(turn.status(), Event::Resume) else { return Ok(false) };
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &turn.chat_session_id).await?;
    if !turns::resume(write.connection(), turn).await? {
        return Ok(false);
    }
    for message_id in [&turn.message_id, &turn.reply_id] {
        let message = messages::set_turn_status(write.connection(), message_id, status, None);
        if let Some(message) = message.await? {
            tell::message(&mut write, &state.clock, &message).await?;
        }
    }
    let actor = Actor::worker(&turn.worker_id);
    for waiting in requests::back(write.connection(), &turn.reply_id).await? {
        tell::request(&mut write, &state.clock, &waiting, &actor).await?;
    }
    sessions::touch(write.connection(), &turn.chat_session_id, state.clock.now()).await?;
    // It may have fallen asleep meanwhile.
    sessions::set_status(write.connection(), &turn.chat_session_id, v1::SessionStatus::SessionActive).await?;
    sessions::set_paused(write.connection(), &turn.chat_session_id, false).await?;
    tell::session(&mut write, &state.clock, &turn.chat_session_id, &actor).await?;
    write.commit().await?;
    Ok(true)
}
