//! Giving attachments to messages.

use std::collections::HashSet;

use muster_contracts::{id::AttachmentId, limits, v1};
use muster_service::{Write, problem};

use crate::{
    domain::inputs,
    state::{Done, State},
    store::attachments,
};

/// How long a file stays without a message that has it. Milliseconds.
pub const WAITS: i64 = 24 * 60 * 60 * 1000;

/// Who gives what to which message.
#[derive(Debug)]
pub struct Giving<'a> {
    /// Whose they must be.
    pub user_id: &'a str,
    /// The message that gets them.
    pub message_id: &'a str,
    /// The message whose place it takes: what that one has, it may have too.
    pub replaces: Option<&'a str>,
    /// The worker that answers.
    pub worker: Option<&'a v1::Worker>,
    /// The model that answers.
    pub model: &'a str,
}

/// Gives attachments to a message that is in the tables already; in their order.
///
/// # Errors
/// When one is not the caller's, another message has it, or the model or the worker cannot take it.
pub async fn give(state: &State, write: &mut Write, ids: &[String], giving: &Giving<'_>) -> Done<Vec<v1::Attachment>> {
    let now = state.clock.now();
    if ids.len() > limits::ATTACHMENTS {
        let detail = format!("must be at most {} files", limits::ATTACHMENTS);
        return Err(problem::invalid("/attachments", detail).into());
    }
    let (mut seen, mut given) = (HashSet::new(), Vec::with_capacity(ids.len()));
    for (index, id) in ids.iter().enumerate() {
        let pointer = format!("/attachments/{index}");
        if !seen.insert(id) {
            return Err(problem::invalid(&pointer, "is named twice").into());
        }
        let found = match id.parse::<AttachmentId>() {
            Ok(id) => attachments::get(&mut *write.connection(), id.as_str(), now).await?,
            Err(_) => None,
        };
        let Some(row) = found.filter(|row| row.user_id == giving.user_id) else {
            return Err(problem::invalid(&pointer, "is not there any more; attach the file again").into());
        };
        given.push(row.to_wire());
    }
    inputs::check(giving.worker, giving.model, &given)?;
    for id in ids {
        if !attachments::give(write.connection(), id, giving.message_id, giving.replaces, now).await? {
            let detail = "Another message has this file already; attach it again.";
            return Err(problem::conflict("attachment-taken", detail).into());
        }
    }
    Ok(given)
}
