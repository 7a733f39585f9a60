//! Gives up an attachment that no message has.

use muster_contracts::v1;
use muster_service::problem;

use super::caller;
use crate::{
    state::{Done, State},
    store::attachments,
};

pub(super) async fn handle(state: State, request: v1::AttachmentRef) -> Done<v1::Empty> {
    let v1::AttachmentRef { caller: asked_by, attachment_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    if !attachments::give_up(write.connection(), &caller.user_id, &attachment_id).await? {
        let found = attachments::get(&mut *write.connection(), &attachment_id, state.clock.now()).await?;
        return Err(match found.filter(|row| row.user_id == caller.user_id) {
            Some(_) => problem::conflict("attachment-taken", "A message has this file; it goes with the message."),
            None => problem::not_found("attachment"),
        }
        .into());
    }
    write.commit().await?;
    state.tidy.notify_one();
    Ok(v1::Empty {})
}
