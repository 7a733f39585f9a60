//! A worker asks for a piece of what is attached to the message that it answers.

use muster_bus::Identity;
use muster_contracts::{
    id::{AttachmentId, MessageId},
    objects::ATTACHMENTS,
    v1,
};
use muster_service::problem;

use crate::{
    state::{Done, State},
    store::{attachments, turns},
};

/// The piece, if it belongs to the message of an open turn of this worker; everything else does not exist.
pub(super) async fn piece(
    state: &State,
    identity: &Identity,
    request: &v1::AttachmentRequest,
) -> Done<v1::AttachmentPiece> {
    let v1::AttachmentRequest { reply_id, attachment_id, position } = request;
    let missing = || problem::not_found("attachment");
    let reply = reply_id.parse::<MessageId>().map_err(|_| missing())?;
    let turn = turns::get(state.db.pool(), reply.as_str()).await?;
    let turn = turn.filter(|turn| turn.worker_id == identity.worker.as_str() && turn.ended_at.is_none());
    let message = turn.ok_or_else(missing)?.message_id;
    let id = attachment_id.parse::<AttachmentId>().map_err(|_| missing())?;
    if !attachments::has(state.db.pool(), &message, id.as_str()).await? {
        return Err(missing().into());
    }
    let piece = state.bus.read_object(ATTACHMENTS, id.as_str(), *position).await?;
    Ok(piece.map_or_else(v1::AttachmentPiece::default, |piece| v1::AttachmentPiece {
        bytes: piece.bytes.to_vec(),
        position: piece.position,
    }))
}
