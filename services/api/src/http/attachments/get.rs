//! GET /attachments/{attachmentId}

use std::time::Duration;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, stream};
use http::{HeaderName, header};
use muster_bus::{Piece, ReadError};
use muster_contracts::{id::AttachmentId, method, objects::ATTACHMENTS, v1};

use crate::{
    domain::attachment::{TEXT, disposition},
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// How often a piece is asked for that a lagging replica has not yet, and how long it is given each time.
const ATTEMPTS: u32 = 10;
const AGAIN: Duration = Duration::from_millis(100);

/// Whatever it is, it is no page: nothing in it runs, and nothing is loaded for it.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'";
/// It never changes under its id, and is nobody else's.
const CACHE: &str = "private, max-age=31536000, immutable";

/// The bytes of an attachment as they were uploaded. Text is never shown by the browser as more than text.
#[utoipa::path(get, path = "/attachments/{attachmentId}", tag = "attachments",
    params(("attachmentId" = String, Path)),
    responses((status = 200, content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/gif"), (Vec<u8> = "image/webp"),
        (String = "text/plain; charset=utf-8")))))]
pub(crate) async fn get(
    State(api): State<Shared>,
    caller: Caller,
    At(id): At<AttachmentId>,
) -> Result<Response, Problem> {
    let request = v1::AttachmentRef { caller: caller.to_bus(), attachment_id: id.to_string() };
    let v1::Attachment { name, media_type, size, .. } = api.call::<method::GetAttachment>(request).await?;
    let missing = |_| Problem::unavailable("The file cannot be read at the moment; try again.");
    let first = piece(&api, &id, 0).await.map_err(missing)?.ok_or_else(Problem::not_found)?;
    let is_text = media_type == TEXT;
    let shown_as = if is_text { format!("{TEXT}; charset=utf-8") } else { media_type };
    let headers: [(HeaderName, String); 5] = [
        (header::CONTENT_TYPE, shown_as),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&name, !is_text)),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::CACHE_CONTROL, CACHE.to_owned()),
    ];
    Ok((headers, Body::from_stream(rest(api, id, first, size))).into_response())
}

/// Everything from the first piece on; broken off when one is missing, so that nobody takes it for whole.
fn rest(
    api: Shared,
    id: AttachmentId,
    first: Piece,
    size: u64,
) -> impl stream::Stream<Item = Result<bytes::Bytes, ReadError>> {
    let (position, left) = (first.position, size.saturating_sub(first.bytes.len() as u64));
    let more = stream::try_unfold((position, left), move |(position, left)| {
        let (api, id) = (api.clone(), id.clone());
        async move {
            if left == 0 {
                return Ok(None);
            }
            let piece = piece(&api, &id, position).await?.ok_or(ReadError::Malformed)?;
            Ok(Some((piece.bytes.clone(), (piece.position, left.saturating_sub(piece.bytes.len() as u64)))))
        }
    });
    stream::once(async { Ok(first.bytes) }).chain(more)
}

async fn piece(api: &Shared, id: &AttachmentId, position: u64) -> Result<Option<Piece>, ReadError> {
    for _ in 0..ATTEMPTS {
        if let Some(piece) = api.bus.read_object(ATTACHMENTS, id.as_str(), position).await? {
            return Ok(Some(piece));
        }
        tokio::time::sleep(AGAIN).await;
    }
    Ok(None)
}
