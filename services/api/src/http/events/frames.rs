//! What the document says of frames, and the data of those that are no objects.

use serde::Serialize;
use utoipa::ToSchema;

/// One event of a stream, whose fields are lines of text (the HTML standard, "Server-sent events").
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used: frames are written as bytes")]
pub(crate) struct StreamEvent {
    /// The stream continues after it with this as `Last-Event-ID`; absent where there is nothing to continue.
    #[schema(nullable = false)]
    id: Option<String>,
    /// `beat`, `chunk`, `message`, `session`, `request`, `machine`, `worker`, `registration`, `removed` or `resync`.
    event: String,
    /// JSON: the object that `event` names, `{}` for a beat.
    data: String,
}

/// Something is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Removed {
    /// `machine`, `worker`, `registration`, `session`, `request` or `message`.
    pub(crate) entity: String,
    pub(crate) id: String,
}

/// Events of a stream are lost: fetch its state anew.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resync {
    /// The session's id, or `user`.
    pub(crate) stream: String,
}
