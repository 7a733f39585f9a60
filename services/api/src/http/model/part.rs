//! Pieces of a reply as JSON.

use muster_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::model::session::Usage;

/// A piece of a reply.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    part_id: String,
    started_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_at: Option<i64>,
    #[serde(flatten)]
    content: PartContent,
}

/// What the piece is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum PartContent {
    /// Markdown.
    Text { text: String },
    /// The model's thoughts.
    Reasoning { text: String },
    /// A tool that the agent uses.
    Tool {
        name: String,
        title: String,
        state: ToolState,
        /// JSON as the backend gave it.
        input: String,
        output: String,
        /// Whether `output` was cut.
        truncated: bool,
    },
    /// A changed file, as unified diff.
    Diff { path: String, patch: String },
    /// What the agent means to do.
    Plan { entries: Vec<PlanEntry> },
    /// The agent asks for a permission.
    Permission {
        #[serde(rename = "requestId")]
        request_id: String,
    },
    /// The agent asks a question.
    Question {
        #[serde(rename = "requestId")]
        request_id: String,
    },
    /// What it cost.
    Usage(Usage),
    /// Something to know about the turn.
    Notice { text: String },
}

/// How far a tool is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToolState {
    Pending,
    Running,
    Completed,
    Error,
}

/// A step of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanEntry {
    content: String,
    status: EntryStatus,
    /// `high`, `medium` or `low`.
    priority: String,
}

/// How far a step is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryStatus {
    Pending,
    InProgress,
    Completed,
    Cancelled,
}

impl From<v1::Part> for Part {
    fn from(part: v1::Part) -> Self {
        let v1::Part { part_id, started_at, ended_at, kind } = part;
        // A kind of a newer worker: an empty notice keeps its place.
        let content = kind.map_or_else(|| PartContent::Notice { text: String::new() }, Into::into);
        Self { part_id, started_at, ended_at, content }
    }
}

impl From<v1::part::Kind> for PartContent {
    fn from(kind: v1::part::Kind) -> Self {
        use v1::part::Kind;
        match kind {
            Kind::Text(v1::TextPart { text }) => Self::Text { text },
            Kind::Reasoning(v1::TextPart { text }) => Self::Reasoning { text },
            Kind::Tool(tool) => {
                let state = tool.state().into();
                let v1::ToolPart { name, title, state: _, input, output, truncated } = tool;
                Self::Tool { name, title, state, input, output, truncated }
            }
            Kind::Diff(v1::DiffPart { path, patch }) => Self::Diff { path, patch },
            Kind::Plan(v1::PlanPart { entries }) => {
                Self::Plan { entries: entries.into_iter().map(Into::into).collect() }
            }
            Kind::Permission(v1::RequestPart { request_id }) => Self::Permission { request_id },
            Kind::Question(v1::RequestPart { request_id }) => Self::Question { request_id },
            Kind::Usage(usage) => Self::Usage(usage.into()),
            Kind::Notice(v1::NoticePart { text }) => Self::Notice { text },
        }
    }
}

impl From<v1::ToolState> for ToolState {
    fn from(state: v1::ToolState) -> Self {
        match state {
            v1::ToolState::ToolPending | v1::ToolState::Unspecified => Self::Pending,
            v1::ToolState::ToolRunning => Self::Running,
            v1::ToolState::ToolCompleted => Self::Completed,
            v1::ToolState::ToolError => Self::Error,
        }
    }
}

impl From<v1::PlanEntry> for PlanEntry {
    fn from(entry: v1::PlanEntry) -> Self {
        let v1::PlanEntry { content, status, priority } = entry;
        let status = match status.as_str() {
            "in_progress" => EntryStatus::InProgress,
            "completed" => EntryStatus::Completed,
            "cancelled" => EntryStatus::Cancelled,
            _ => EntryStatus::Pending,
        };
        Self { content, status, priority }
    }
}
