//! Makes room for an attachment before its bytes come.

use muster_contracts::{id::AttachmentId, v1};
use muster_service::problem;

use super::{caller, checked_file_name};
use crate::{
    state::{Done, State},
    store::attachments::{self, Reserved},
};

/// How long the bytes may take to come. Milliseconds; the api gives up long before.
const COMING: i64 = 60 * 60 * 1000;
/// The part of the store that stays free: where nothing more fits, nothing can be removed either.
const SPARE: i64 = 16;

pub(super) async fn handle(state: State, request: v1::ReserveAttachmentRequest) -> Done<v1::Empty> {
    let v1::ReserveAttachmentRequest { caller: asked_by, attachment_id, name, size } = request;
    let caller = caller(asked_by);
    attachment_id.parse::<AttachmentId>().map_err(|error| problem::invalid("/attachmentId", error.to_string()))?;
    checked_file_name(&name)?;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let limits = state.config.borrow().attachments();
    let mut write = state.write().await?;
    let now = state.clock.now();
    let used = attachments::used(&mut write, &caller.user_id, now).await?;
    if used.waiting >= limits.waiting {
        let detail = format!("{} files wait to be sent already; send or remove some first.", limits.waiting);
        return Err(problem::limit("too-many-attachments", detail).into());
    }
    if used.waiting_bytes.saturating_add(size) > limits.waiting_bytes {
        let detail = format!("The files that wait to be sent may have {} in all.", megabytes(limits.waiting_bytes));
        return Err(problem::limit("attachments-too-large", detail).into());
    }
    if used.bytes.saturating_add(size) > limits.bytes {
        let detail = format!(
            "Your files may have {} in all; delete sessions with files that you no longer need.",
            megabytes(limits.bytes)
        );
        return Err(problem::conflict("attachments-full", detail).into());
    }
    if attachments::taken(write.connection()).await?.saturating_add(size) > limits.store - limits.store / SPARE {
        tracing::warn!(limit = limits.store, "the store of attachments is full");
        return Err(problem::unavailable("The server has no room for more files; tell whoever runs it.").into());
    }
    let reserved = Reserved {
        attachment_id: &attachment_id,
        user_id: &caller.user_id,
        name: &name,
        size,
        expires_at: now + COMING,
    };
    if !attachments::reserve(write.connection(), &reserved, now).await? {
        return Err(problem::conflict("attachment-exists", "There is a file with this id already.").into());
    }
    write.commit().await?;
    Ok(v1::Empty {})
}

fn megabytes(bytes: i64) -> String {
    format!("{} MB", bytes / (1024 * 1024))
}
