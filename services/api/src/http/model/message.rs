//! Messages as JSON.

use muster_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::model::{attachment::Attachment, part::Part};

/// An entry of a session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatMessage {
    pub(crate) message_id: String,
    pub(crate) chat_session_id: String,
    pub(crate) role: Role,
    /// The text parts joined.
    pub(crate) content: String,
    pub(crate) parts: Vec<Part>,
    /// What the user attached to it.
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) status: TurnStatus,
    /// Whether the status is final.
    pub(crate) completed: bool,
    /// Whether more of it may come.
    pub(crate) is_streaming: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) model: Option<String>,
    /// The mode that it was sent in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) mode: Option<String>,
    /// Of the messages that wait, the one with the lowest goes first; absent once it is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub(crate) queue_position: Option<i64>,
    /// The user's message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) reply_to: Option<String>,
    /// The user's message that this one is a new version of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) replaces: Option<String>,
    /// What has taken its place: a new version of it or of a message before it, or another attempt to answer the same
    /// message. It stays readable, and is no longer part of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) superseded_by: Option<String>,
    /// Which version of the user's message it is; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[schema(minimum = 2)]
    pub(crate) version: Option<u32>,
    /// Why it failed or was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) error: Option<String>,
    /// Chunks and requests of the whole reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) chunk_count: Option<u64>,
    /// SHA-256 over the text in order, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) content_hash: Option<String>,
    pub(crate) timestamp: i64,
    pub(crate) revision: i64,
    /// Sequence of the last chunk that `content` and `parts` hold already.
    pub(crate) received_sequence: u64,
}

/// Who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MessageRole)]
pub(crate) enum Role {
    User,
    Assistant,
    System,
}

/// How far a turn is; the same for the user's message and the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TurnStatus {
    Queued,
    Delivered,
    Streaming,
    Completed,
    Failed,
    Cancelled,
    Interrupted,
}

impl TurnStatus {
    const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Interrupted)
    }
}

impl From<v1::Role> for Role {
    fn from(role: v1::Role) -> Self {
        match role {
            v1::Role::User => Self::User,
            v1::Role::Assistant => Self::Assistant,
            v1::Role::System | v1::Role::Unspecified => Self::System,
        }
    }
}

impl From<v1::TurnStatus> for TurnStatus {
    fn from(status: v1::TurnStatus) -> Self {
        match status {
            v1::TurnStatus::Queued | v1::TurnStatus::Unspecified => Self::Queued,
            v1::TurnStatus::Delivered => Self::Delivered,
            v1::TurnStatus::Streaming => Self::Streaming,
            v1::TurnStatus::Completed => Self::Completed,
            v1::TurnStatus::Failed => Self::Failed,
            v1::TurnStatus::Cancelled => Self::Cancelled,
            v1::TurnStatus::Interrupted => Self::Interrupted,
        }
    }
}

impl From<v1::ChatMessage> for ChatMessage {
    fn from(message: v1::ChatMessage) -> Self {
        let (role, status) = (Role::from(message.role()), TurnStatus::from(message.status()));
        let v1::ChatMessage {
            message_id,
            chat_session_id,
            role: _,
            content,
            parts,
            status: _,
            model,
            reply_to,
            replaces,
            superseded_by,
            error,
            chunk_count,
            content_hash,
            timestamp,
            revision,
            received_number,
            whole_bytes: _,
            attachments,
            version,
            mode,
            queue_position,
        } = message;
        Self {
            message_id,
            chat_session_id,
            role,
            content,
            parts: parts.into_iter().map(Into::into).collect(),
            attachments: attachments.into_iter().map(Into::into).collect(),
            status,
            completed: status.is_final(),
            is_streaming: role == Role::Assistant && matches!(status, TurnStatus::Delivered | TurnStatus::Streaming),
            model,
            mode,
            queue_position,
            reply_to,
            replaces,
            superseded_by,
            version,
            error,
            chunk_count,
            content_hash,
            timestamp,
            revision,
            received_sequence: received_number,
        }
    }
}
