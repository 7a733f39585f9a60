//! Data of frames that are not objects.

use serde::Serialize;
use utoipa::ToSchema;

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
