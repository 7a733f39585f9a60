//! DELETE /attachments/{attachmentId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{id::AttachmentId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Removes a file that no message has. One that a message has goes with the message: 409.
#[utoipa::path(delete, path = "/attachments/{attachmentId}", tag = "attachments",
    params(("attachmentId" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(id): At<AttachmentId>,
) -> Result<StatusCode, Problem> {
    let request = v1::AttachmentRef { caller: caller.to_bus(), attachment_id: id.into() };
    api.call::<method::DiscardAttachment>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
