//! An attachment lies in the object store, whole.

use muster_contracts::v1;
use muster_service::problem;

use super::{caller, checked_file_name};
use crate::{
    attach::WAITS,
    state::{Done, State},
    store::attachments,
};

pub(super) async fn handle(state: State, request: v1::CommitAttachmentRequest) -> Done<v1::Attachment> {
    let v1::CommitAttachmentRequest { caller: asked_by, attachment } = request;
    let (caller, attachment) = (caller(asked_by), attachment.unwrap_or_default());
    checked_file_name(&attachment.name)?;
    let mut write = state.write().await?;
    let expires_at = state.clock.now() + WAITS;
    let row = attachments::commit(write.connection(), &caller.user_id, &attachment, expires_at).await?;
    let row = row.ok_or_else(|| problem::not_found("attachment"))?;
    write.commit().await?;
    Ok(row.to_wire())
}
