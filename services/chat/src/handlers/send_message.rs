//! Sends a message: it waits in its session until the worker takes it.

use muster_bus::trace;
use muster_contracts::{audit::Action, id::MessageId, limits, v1};
use muster_service::{Write, db::is_duplicate, problem};

use super::{caller, checked_content, checked_mode, checked_model, locked_session, replaceable};
use crate::{
    attach::{self, Giving},
    domain::title,
    metric,
    state::{Done, State},
    store::{MessageRow, messages, sessions, workers},
    tell::{self, Actor},
};

pub(super) async fn handle(state: State, request: v1::SendMessageRequest) -> Done<v1::ChatMessage> {
    let v1::SendMessageRequest {
        caller: asked_by,
        chat_session_id,
        message_id,
        content,
        model,
        after_message_id,
        replaces,
        attachments,
        mode,
    } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    message_id.parse::<MessageId>().map_err(|error| problem::invalid("/messageId", error.to_string()))?;
    checked_content(&content, !attachments.is_empty())?;
    checked_mode(mode.as_deref())?;
    let model = model.unwrap_or_else(|| session.model.clone());
    if let Some(sent) = messages::get(&mut *write.connection(), &message_id).await? {
        return same_again(&sent, &chat_session_id, &content, (&attachments, replaces.as_deref()));
    }
    if messages::was_withdrawn(write.connection(), &message_id).await? {
        let detail = "This message was withdrawn meanwhile; send it with a new id if it shall be said after all.";
        return Err(problem::conflict("message-withdrawn", detail).into());
    }
    if session.status() == v1::SessionStatus::SessionTerminated {
        let detail = "This session has ended; resume it before you write.";
        return Err(problem::conflict("session-terminated", detail).into());
    }
    let worker = workers::of_session(write.connection(), &session).await?;
    checked_model(worker.as_ref(), &model)?;
    let replaced = match &replaces {
        Some(replaced) => Some(replaceable::find(&mut write, &chat_session_id, replaced, worker.as_ref()).await?),
        None => None,
    };
    if let Some(expected) = after_message_id {
        let last = messages::last(write.connection(), &chat_session_id).await?;
        if last.is_none_or(|last| last.message_id != expected) {
            let detail = "Something else was said in this session meanwhile; look at it and send again.";
            return Err(problem::conflict("not-last", detail).into());
        }
    }
    let waiting = messages::waiting(write.connection(), &chat_session_id).await?;
    if waiting.count >= i64::try_from(limits::QUEUE_LENGTH).unwrap_or(i64::MAX) {
        let detail = format!("{} messages wait already; withdraw one or let the agent catch up.", limits::QUEUE_LENGTH);
        return Err(problem::limit("queue-full", detail).into());
    }
    let message = v1::ChatMessage {
        message_id: message_id.clone(),
        chat_session_id: chat_session_id.clone(),
        role: v1::Role::User.into(),
        content,
        status: v1::TurnStatus::Queued.into(),
        model: Some(model),
        mode: mode.or_else(|| session.mode.clone()),
        version: replaced.as_ref().and_then(|replaced| u32::try_from(replaced.version + 1).ok()),
        replaces,
        timestamp: state.clock.now(),
        ..v1::ChatMessage::default()
    };
    let behind = waiting.last.map_or(messages::WAITING, |last| last.max(messages::WAITING)) + 1;
    if let Err(error) = messages::insert(write.connection(), &message, behind).await {
        // Sent in another session at the same moment.
        return Err(if is_duplicate(&error) { taken().into() } else { error.into() });
    }
    messages::set_traceparent(write.connection(), &message_id, trace::traceparent()).await?;
    let giving = Giving {
        user_id: &caller.user_id,
        message_id: &message_id,
        replaces: message.replaces.as_deref(),
        worker: worker.as_ref(),
        model: message.model.as_deref().unwrap_or_default(),
    };
    let given = attach::give(&state, &mut write, &attachments, &giving).await?;
    let named = given.first().map(|first| first.name.as_str()).filter(|_| message.content.trim().is_empty());
    let title = title::from_message(named.unwrap_or(&message.content));
    if !given.is_empty() {
        messages::set_attachments(write.connection(), &message_id, given).await?;
    }
    sessions::message_sent(write.connection(), &chat_session_id, &title, message.timestamp).await?;
    let actor = Actor::user(&caller);
    let action = if replaced.is_some() {
        // What failed may have held the queue back: its new version goes before all that waits, as a retry does.
        sessions::set_paused(write.connection(), &chat_session_id, false).await?;
        for moved in messages::put_first(write.connection(), &chat_session_id, &message_id).await? {
            tell::message(&mut write, &state.clock, &moved).await?;
        }
        Action::MessageReplaced
    } else {
        let row = sent(&mut write, &message_id).await?;
        tell::message(&mut write, &state.clock, &row).await?;
        Action::MessageSent
    };
    let row = sent(&mut write, &message_id).await?;
    let session = tell::session(&mut write, &state.clock, &chat_session_id, &actor).await?;
    tell::did(&mut write, &state.clock, &session, &actor, action).await?;
    write.commit().await?;
    state.wake(&session.worker_id).await;
    metric::SENT.add(1);
    Ok(row.to_wire())
}

fn taken() -> v1::Problem {
    problem::conflict("message-exists", "There is another message with this id; send it with a new one.")
}

/// The same send once more is the same message; another under its id is refused.
fn same_again(
    sent: &MessageRow,
    session_id: &str,
    content: &str,
    (attachments, replaces): (&[String], Option<&str>),
) -> Done<v1::ChatMessage> {
    let has = sent.attachments();
    let same_files = has.iter().map(|attachment| &attachment.attachment_id).eq(attachments);
    let same_place = sent.chat_session_id == session_id && sent.replaces.as_deref() == replaces;
    if same_place && sent.content == content && same_files {
        return Ok(sent.to_wire());
    }
    Err(taken().into())
}

async fn sent(write: &mut Write, message_id: &str) -> Done<MessageRow> {
    let row = messages::get(&mut *write.connection(), message_id).await?;
    row.ok_or_else(|| problem::not_found("message").into())
}
