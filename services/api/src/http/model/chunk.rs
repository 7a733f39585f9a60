//! Increments of a reply as JSON.

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use utoipa::ToSchema;

use crate::http::model::part::Part;

/// One increment of a reply.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatChunk {
    /// `<messageId>:<sequence>`.
    pub(crate) chunk_id: String,
    pub(crate) message_id: String,
    pub(crate) chat_session_id: String,
    /// Counts from 1 without a hole; of several merged ones the last.
    pub(crate) sequence: u64,
    /// Of several merged ones the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) first_sequence: Option<u64>,
    pub(crate) timestamp: i64,
    pub(crate) kind: ChunkKind,
    pub(crate) part_id: String,
    /// For `text` and `reasoning`: what to append.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) chunk: Option<String>,
    /// For the other kinds: the whole new part.
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "left_out")]
    #[schema(nullable = false)]
    pub(crate) part: Option<Part>,
}

/// What the increment is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChunkKind {
    Text,
    Reasoning,
    Tool,
    Diff,
    Plan,
    Permission,
    Question,
    Usage,
    Notice,
}

/// Frames are read again only to merge text, and text has no part.
fn left_out<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Part>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| None)
}
