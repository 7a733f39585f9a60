//! Telling a worker of a turn: queued → delivered, decided by conditional
//! updates, so that start, edit, withdraw and stop cannot both happen.

use muster_bus::{Identity, trace};
use muster_contracts::v1;
use muster_service::Write;
use tracing::Instrument as _;

use crate::{
    domain::{
        context::{self, CONTEXT_BYTES, Said},
        turn::{self, Event},
    },
    metric,
    state::{Done, State},
    store::{
        MessageRow, SessionRow, TurnRow, messages, sessions, turns,
        versions::{self, SaidRow},
    },
    tell::{self, Actor},
};

/// Opens a turn for a message that waits. `None` when it is not its turn any more: it was withdrawn, another was put
/// before it, its session has ended, was paused or has an open turn by now.
///
/// # Errors
/// When the database or the broker fails.
pub async fn claim(state: &State, worker: &Identity, next: &MessageRow) -> Done<Option<TurnRow>> {
    let span = tracing::debug_span!("claim");
    trace::continues(&span, next.traceparent.as_deref());
    open(state, worker, next).instrument(span).await
}

async fn open(state: &State, worker: &Identity, next: &MessageRow) -> Done<Option<TurnRow>> {
    // Before the transaction: what the worker stores comes behind it.
    let (position, _) = state.position().await?;
    let now = state.clock.now();
    let Some(delivered) = turn::next(next.status(), Event::Claim) else { return Ok(None) };
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &next.chat_session_id).await?;
    if !turns::is_next(write.connection(), &next.message_id).await? {
        return Ok(None);
    }
    let taken = messages::set_status(write.connection(), &next.message_id, v1::TurnStatus::Queued, delivered).await?;
    let Some(mut message) = taken else { return Ok(None) };
    let turn = TurnRow::claimed(&message, worker, position, now);
    if !turns::insert(write.connection(), &turn).await? {
        return Ok(None);
    }
    take_place_of(state, &mut write, &message).await?;
    let sent_at = (message.position >= messages::WAITING).then_some(message.timestamp);
    place(&mut write, &mut message, &turn).await?;
    for old in
        messages::supersede_replies(write.connection(), &turn.chat_session_id, &turn.message_id, &turn.reply_id).await?
    {
        tell::message(&mut write, &state.clock, &old).await?;
    }
    sessions::touch(write.connection(), &turn.chat_session_id, now).await?;
    tell::message(&mut write, &state.clock, &message).await?;
    tell::session(&mut write, &state.clock, &turn.chat_session_id, &Actor::worker(&turn.worker_id)).await?;
    write.commit().await?;
    if let Some(sent_at) = sent_at {
        metric::WAITED_FOR.between(sent_at, now);
    }
    Ok(Some(turn))
}

/// A new version of an earlier message takes its place now, and that of everything behind it: until now it could be
/// withdrawn, or others put before it.
async fn take_place_of(state: &State, write: &mut Write, message: &MessageRow) -> Done<()> {
    let Some(replaced) = &message.replaces else { return Ok(()) };
    let Some(replaced) = messages::get(&mut *write.connection(), replaced).await? else { return Ok(()) };
    let changed = versions::supersede(write.connection(), &replaced, &message.message_id).await?;
    if replaced.origin_id.is_some() && !changed.is_empty() {
        versions::forget_backend_session(write.connection(), &message.chat_session_id).await?;
    }
    tell::messages(write, &state.clock, &changed).await
}

/// Gives the message its place in the conversation, unless it has had one, and
/// the reply the place behind it.
async fn place(write: &mut Write, message: &mut MessageRow, turn: &TurnRow) -> Done<()> {
    let waits = message.position >= messages::WAITING;
    let first = sessions::take_positions(write.connection(), &turn.chat_session_id, if waits { 2 } else { 1 }).await?;
    if waits {
        message.position = first;
        messages::set_position(write.connection(), &turn.message_id, first).await?;
    }
    let reply = v1::ChatMessage {
        message_id: turn.reply_id.clone(),
        chat_session_id: turn.chat_session_id.clone(),
        role: v1::Role::Assistant.into(),
        status: v1::TurnStatus::Delivered.into(),
        model: message.model.clone(),
        reply_to: Some(turn.message_id.clone()),
        timestamp: turn.claimed_at,
        ..v1::ChatMessage::default()
    };
    messages::insert(write.connection(), &reply, if waits { first + 1 } else { first }).await?;
    Ok(())
}

/// Puts a turn that was never begun back into the queue, at its old place.
///
/// # Errors
/// When the database fails.
pub async fn release(state: &State, turn: &TurnRow) -> Done<()> {
    let Some(queued) = turn::next(turn.status(), Event::Release) else { return Ok(()) };
    let mut write = state.write().await?;
    sessions::lock(write.connection(), &turn.chat_session_id).await?;
    if !turns::release(write.connection(), &turn.reply_id).await? {
        return Ok(());
    }
    messages::delete(write.connection(), &turn.reply_id).await?;
    tell::message_removed(&mut write, &state.clock, &turn.chat_session_id, &turn.reply_id).await?;
    // The answers before it have their place again, until the next attempt takes it.
    let old = versions::restore(write.connection(), &turn.chat_session_id, &turn.reply_id).await?;
    tell::messages(&mut write, &state.clock, &old).await?;
    let waiting = messages::set_status(write.connection(), &turn.message_id, turn.status(), queued).await?;
    if let Some(message) = waiting {
        tell::message(&mut write, &state.clock, &message).await?;
    }
    sessions::touch(write.connection(), &turn.chat_session_id, state.clock.now()).await?;
    tell::session(&mut write, &state.clock, &turn.chat_session_id, &Actor::system()).await?;
    write.commit().await?;
    Ok(())
}

/// What the worker is told of a turn. It follows from the tables alone.
///
/// # Errors
/// When the database fails.
pub async fn instruction(
    state: &State,
    turn: &TurnRow,
    message: &MessageRow,
    session: &SessionRow,
) -> Done<v1::TurnStart> {
    let wire = session.to_wire();
    let fork = match session.forked_from() {
        Some(_) if wire.backend_session_id.is_none() => {
            let characters = i64::try_from(CONTEXT_BYTES).unwrap_or(i64::MAX);
            fork_of(session, &versions::said_before(state.db.pool(), message, characters).await?)
        }
        _ => None,
    };
    Ok(v1::TurnStart {
        chat_session_id: turn.chat_session_id.clone(),
        message_id: turn.message_id.clone(),
        reply_id: turn.reply_id.clone(),
        nonce: turn.nonce.clone(),
        content: message.content.clone(),
        model: message.model.clone().unwrap_or(wire.model),
        mode: message.mode.clone().or(wire.mode),
        directory: wire.directory,
        fork,
        backend_session_id: wire.backend_session_id,
        claimed_at: turn.claimed_at,
        first: versions::is_first(state.db.pool(), message).await?,
        attachments: message.attachments(),
        superseded: versions::superseded_before(state.db.pool(), message).await?,
        traceparent: message.traceparent.clone(),
    })
}

/// What a fork begins with, of what was said before, newest first: everything up to the last copy.
fn fork_of(session: &SessionRow, before: &[SaidRow]) -> Option<v1::ForkOf> {
    let copied = before.iter().find(|row| row.by_user() && row.origin_id.is_some())?;
    let replied = before.iter().any(|row| row.origin_id.is_some() && row.reply_to.as_ref() == Some(&copied.message_id));
    let said = before.iter().map(|row| Said { by_user: row.by_user(), content: &row.content });
    Some(v1::ForkOf {
        backend_session_id: session.fork_backend_session_id.clone(),
        message_id: copied.origin_id.clone().unwrap_or_default(),
        replied,
        context: context::text(said),
    })
}
