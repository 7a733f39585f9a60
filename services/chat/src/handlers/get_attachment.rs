//! What is known of an attachment.

use muster_contracts::v1;
use muster_service::problem;

use super::caller;
use crate::{
    state::{Done, State},
    store::attachments,
};

pub(super) async fn handle(state: State, request: v1::AttachmentRef) -> Done<v1::Attachment> {
    let v1::AttachmentRef { caller: asked_by, attachment_id } = request;
    let caller = caller(asked_by);
    let row = attachments::get(state.db.pool(), &attachment_id, state.clock.now()).await?;
    let row = row.filter(|row| row.user_id == caller.user_id);
    Ok(row.ok_or_else(|| problem::not_found("attachment"))?.to_wire())
}
