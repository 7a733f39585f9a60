//! POST /attachments

use std::time::Duration;

use axum::{
    Json,
    extract::{
        State,
        multipart::{Multipart, MultipartRejection},
    },
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, header};
use muster_bus::{ObjectWriter, StoreError};
use muster_contracts::{id::AttachmentId, limits::ATTACHMENT_BYTES, method, objects::ATTACHMENTS, v1};
use utoipa::ToSchema;

use super::{
    FRAME_BYTES,
    receive::{self, Sink},
};
use crate::{
    http::{caller::Caller, model::attachment::Attachment, problem::Problem},
    state::Shared,
};

/// How long an upload may take, from its beginning to its end.
const UPLOAD: Duration = Duration::from_mins(10);

/// A form with one file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the document; the form is read as it comes")]
pub(crate) struct Upload {
    /// At most 10,485,760 bytes and not empty: an image (PNG, JPEG, GIF, WebP) or text in UTF-8, as its bytes say. Its
    /// name is kept without its path.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Uploads a file, to be attached to a message. One that no message has is removed after a day.
///
/// An `Idempotency-Key` does not count here: of a file that was uploaded twice, the one that is not attached is removed.
#[utoipa::path(post, path = "/attachments", tag = "attachments",
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, body = Attachment)))]
pub(crate) async fn create(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Attachment>), Problem> {
    let form = form.map_err(|_| {
        let detail = "Send the file as multipart/form-data.";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    })?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > ATTACHMENT_BYTES + FRAME_BYTES) {
        return Err(receive::too_large());
    }
    let size = announced.unwrap_or(ATTACHMENT_BYTES).min(ATTACHMENT_BYTES);
    let uploaded = tokio::time::timeout(UPLOAD, upload(&api, &caller, form, size)).await;
    let uploaded = uploaded.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The file took too long to arrive; try again.")
    })??;
    Ok((StatusCode::CREATED, Json(uploaded.into())))
}

async fn upload(api: &Shared, caller: &Caller, mut form: Multipart, size: usize) -> Result<v1::Attachment, Problem> {
    let mut unfinished = Unfinished { api: api.clone(), caller: caller.clone(), id: None };
    let kept = store(&mut unfinished, &mut form, size).await;
    let reserved = unfinished.id.take();
    // A refused file counts no more once its sender knows of it.
    if let (Err(_), Some(id)) = (&kept, reserved) {
        discard(api, caller, &id).await;
    }
    kept
}

async fn store(unfinished: &mut Unfinished, form: &mut Multipart, size: usize) -> Result<v1::Attachment, Problem> {
    let (api, caller) = (unfinished.api.clone(), unfinished.caller.to_bus());
    let (name, field) = receive::file(form).await?;
    let attachment_id = AttachmentId::random();
    let request = v1::ReserveAttachmentRequest {
        caller: caller.clone(),
        attachment_id: attachment_id.to_string(),
        name: name.clone(),
        size: size as u64,
    };
    api.call::<method::ReserveAttachment>(request).await?;
    // From here on there may be bytes in the store: they go again unless all ends well, and also when the caller does
    // not wait for it.
    unfinished.id = Some(attachment_id.clone());
    let mut object = Object(api.bus.write_object(ATTACHMENTS, attachment_id.as_str()));
    let media_type = receive::receive(field, &mut object).await?;
    receive::nothing_more(form).await?;
    let whole = object.0.finish().await.map_err(not_stored)?;
    let attachment = v1::Attachment {
        attachment_id: attachment_id.into(),
        name,
        media_type: media_type.to_owned(),
        size: whole.size,
        digest: whole.digest.to_vec(),
    };
    let request = v1::CommitAttachmentRequest { caller, attachment: Some(attachment) };
    Ok(api.call::<method::CommitAttachment>(request).await?)
}

/// Into the object store.
struct Object(ObjectWriter);

impl Sink for Object {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { self.0.write(bytes).await.map_err(not_stored) })
    }
}

fn not_stored(error: StoreError) -> Problem {
    tracing::warn!(%error, "a file could not be stored");
    Problem::unavailable("The file could not be stored at the moment; try again.")
}

/// An upload that has not ended well yet.
struct Unfinished {
    api: Shared,
    caller: Caller,
    id: Option<AttachmentId>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let (api, caller) = (self.api.clone(), self.caller.clone());
        tokio::spawn(async move { discard(&api, &caller, &id).await });
    }
}

/// Gives up what came of a file. Whatever is missed here, chat finds.
async fn discard(api: &Shared, caller: &Caller, id: &AttachmentId) {
    let request = v1::AttachmentRef { caller: caller.to_bus(), attachment_id: id.to_string() };
    let told = api.call::<method::DiscardAttachment>(request).await.map_err(Problem::from);
    if told.is_err_and(|problem| problem.is_not_found())
        && let Err(error) = api.bus.delete_object(ATTACHMENTS, id.as_str()).await
    {
        tracing::debug!(%error, "what came of a file could not be removed");
    }
}
