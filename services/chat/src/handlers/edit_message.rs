//! Edits or moves a message that waits.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, checked_content, checked_mode, checked_model, locked_session, message_of};
use crate::{
    attach::{self, Giving},
    domain::inputs,
    state::{Done, State},
    store::{
        MessageRow, attachments,
        messages::{self, Edit},
        turns, workers,
    },
    tell::{self, Actor},
};

const DELIVERED: &str = "The agent has this message already; it cannot be changed any more.";

pub(super) async fn handle(state: State, request: v1::EditMessageRequest) -> Done<v1::ChatMessage> {
    let v1::EditMessageRequest {
        caller: asked_by,
        chat_session_id,
        message_id,
        content,
        model,
        after,
        attachments: chosen,
        change_attachments,
        mode,
    } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    let before = message_of(write.connection(), &chat_session_id, &message_id).await?;
    let changes = content.is_some() || model.is_some() || mode.is_some() || change_attachments;
    if changes && turns::was_begun(&mut *write.connection(), &message_id).await? {
        // It waits to be answered anew: what it was answered before stands beside it.
        return Err(problem::conflict("message-delivered", DELIVERED).into());
    }
    let has_files = if change_attachments { !chosen.is_empty() } else { !before.attachments().is_empty() };
    checked_content(content.as_ref().unwrap_or(&before.content), has_files)?;
    checked_mode(mode.as_deref())?;
    let worker = workers::of_session(write.connection(), &session).await?;
    if let Some(model) = &model {
        checked_model(worker.as_ref(), model)?;
        if !change_attachments {
            inputs::check(worker.as_ref(), model, &before.attachments())?;
        }
    }
    let edit = Edit { content: content.as_deref(), model: model.as_deref(), mode: mode.as_deref() };
    let edited = messages::edit(write.connection(), &message_id, &edit).await?;
    let mut row = edited.ok_or_else(|| problem::conflict("message-delivered", DELIVERED))?;
    if change_attachments {
        attachments::take_all(write.connection(), &message_id, state.clock.now() + attach::WAITS).await?;
        let giving = Giving {
            user_id: &caller.user_id,
            message_id: &message_id,
            replaces: before.replaces.as_deref(),
            worker: worker.as_ref(),
            model: row.model.as_deref().unwrap_or_default(),
        };
        let given = attach::give(&state, &mut write, &chosen, &giving).await?;
        let changed = messages::set_attachments(write.connection(), &message_id, given).await?;
        row = changed.ok_or_else(|| problem::conflict("message-delivered", DELIVERED))?;
    }
    if let Some(after) = after {
        let waiting = messages::list_waiting(write.connection(), &chat_session_id).await?;
        for (id, position) in reordered(&waiting, &message_id, &after)? {
            messages::move_to(write.connection(), &id, position).await?;
        }
        for moved in messages::list_waiting(write.connection(), &chat_session_id).await? {
            tell::message(&mut write, &state.clock, &moved).await?;
            if moved.message_id == message_id {
                row = moved;
            }
        }
    } else {
        tell::message(&mut write, &state.clock, &row).await?;
    }
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::MessageEdited).await?;
    write.commit().await?;
    Ok(row.to_wire())
}

/// New positions behind the present ones, in the new order; so no two are equal at any moment.
fn reordered(waiting: &[MessageRow], moved: &str, after: &str) -> Done<Vec<(String, i64)>> {
    let mut order = waiting.iter().map(|row| row.message_id.as_str()).filter(|id| *id != moved).collect::<Vec<_>>();
    let place = if after.is_empty() {
        0
    } else {
        let known = order.iter().position(|id| *id == after);
        known.ok_or_else(|| problem::invalid("/after", "is not a message that waits in this session"))? + 1
    };
    order.insert(place, moved);
    let base = waiting.iter().map(|row| row.position).max().unwrap_or(messages::WAITING).max(messages::WAITING);
    Ok(order.into_iter().zip(base + 1..).map(|(id, position)| (id.to_owned(), position)).collect())
}
