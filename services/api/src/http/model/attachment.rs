//! Attachments as JSON.

use muster_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A file that a user attached.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    pub(crate) attachment_id: String,
    /// Without a path.
    pub(crate) name: String,
    /// What its bytes are: image/png, image/jpeg, image/gif, image/webp, or text/plain for any text.
    pub(crate) media_type: String,
    /// Bytes.
    pub(crate) size: u64,
}

impl From<v1::Attachment> for Attachment {
    fn from(attachment: v1::Attachment) -> Self {
        let v1::Attachment { attachment_id, name, media_type, size, digest: _ } = attachment;
        Self { attachment_id, name, media_type, size }
    }
}
