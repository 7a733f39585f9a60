//! Sessions as JSON.

use muster_contracts::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A conversation with a worker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSession {
    chat_session_id: String,
    worker_id: String,
    user_id: String,
    title: String,
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mode: Option<String>,
    directory: String,
    status: SessionStatus,
    activity: Activity,
    unread: bool,
    pinned: bool,
    queue: Queue,
    /// Its turn waits because the server's storage for replies is full; it goes on by itself.
    storage_full: bool,
    usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    backend_session_id: Option<String>,
    last_activity: i64,
    created_at: i64,
    revision: i64,
    /// Until when anybody with the session's link can read it; absent when there is no link.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_until: Option<i64>,
    /// The session that it is a fork of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    forked_from: Option<ForkedFrom>,
}

/// Where a fork comes from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForkedFrom {
    /// It may be deleted by now.
    chat_session_id: String,
    /// The last message that the fork took over, by its id there.
    message_id: String,
}

/// The life of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SessionStatus {
    Active,
    Idle,
    Terminated,
}

/// What goes on in a session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Activity {
    Idle,
    Working,
    NeedsYou,
}

/// Whether waiting messages go on by themselves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Queue {
    Running,
    Paused,
}

/// Tokens and money.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    input_tokens: u64,
    output_tokens: u64,
    /// In US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cost: Option<f64>,
}

impl From<v1::Usage> for Usage {
    fn from(usage: v1::Usage) -> Self {
        let v1::Usage { input_tokens, output_tokens, cost } = usage;
        Self { input_tokens, output_tokens, cost }
    }
}

impl From<SessionStatus> for v1::SessionStatus {
    fn from(status: SessionStatus) -> Self {
        match status {
            SessionStatus::Active => Self::SessionActive,
            SessionStatus::Idle => Self::SessionIdle,
            SessionStatus::Terminated => Self::SessionTerminated,
        }
    }
}

impl From<v1::ChatSession> for ChatSession {
    fn from(session: v1::ChatSession) -> Self {
        let (status, activity) = (session.status(), session.activity());
        let v1::ChatSession {
            chat_session_id,
            worker_id,
            user_id,
            title,
            model,
            mode,
            directory,
            status: _,
            activity: _,
            unread,
            pinned,
            queue_paused,
            usage,
            backend_session_id,
            last_activity,
            created_at,
            revision,
            shared_until,
            storage_full,
            forked_from,
        } = session;
        Self {
            chat_session_id,
            worker_id,
            user_id,
            title,
            model,
            mode,
            directory,
            status: match status {
                v1::SessionStatus::SessionActive | v1::SessionStatus::Unspecified => SessionStatus::Active,
                v1::SessionStatus::SessionIdle => SessionStatus::Idle,
                v1::SessionStatus::SessionTerminated => SessionStatus::Terminated,
            },
            activity: match activity {
                v1::Activity::Idle | v1::Activity::Unspecified => Activity::Idle,
                v1::Activity::Working => Activity::Working,
                v1::Activity::NeedsYou => Activity::NeedsYou,
            },
            unread,
            pinned,
            queue: if queue_paused { Queue::Paused } else { Queue::Running },
            storage_full,
            usage: usage.unwrap_or_default().into(),
            backend_session_id,
            last_activity,
            created_at,
            revision,
            shared_until,
            forked_from: forked_from
                .map(|v1::ForkedFrom { chat_session_id, message_id }| ForkedFrom { chat_session_id, message_id }),
        }
    }
}
