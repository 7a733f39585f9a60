//! What agents ask of the user, as JSON.

use muster_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A permission or question of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentRequest {
    request_id: String,
    revision: i64,
    chat_session_id: String,
    message_id: String,
    worker_id: String,
    kind: RequestKind,
    title: String,
    /// JSON or text that shows what is asked for.
    details: String,
    options: Vec<RequestOption>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    questions: Vec<Question>,
    asked_at: i64,
    status: RequestStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answered_by: Option<String>,
}

/// Which kind of request.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestKind {
    Permission,
    Question,
}

/// Whether it waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestStatus {
    Pending,
    Answered,
    Gone,
}

/// One way to decide on a permission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestOption {
    option_id: String,
    label: String,
    /// `allow_once`, `allow_always`, `reject_once` or `reject_always`.
    kind: String,
}

/// A question with its options.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question {
    header: String,
    question: String,
    options: Vec<QuestionOption>,
    /// Whether more than one may be chosen.
    multiple: bool,
    /// Whether an answer in the user's own words is taken.
    custom: bool,
}

/// One answer to a question.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuestionOption {
    label: String,
    description: String,
}

/// What was decided.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    option_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
    /// For questions: the chosen labels, one list a question; none at all when they were declined.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    answers: Vec<Vec<String>>,
}

impl From<v1::RequestKind> for RequestKind {
    fn from(kind: v1::RequestKind) -> Self {
        match kind {
            v1::RequestKind::Question => Self::Question,
            v1::RequestKind::Permission | v1::RequestKind::Unspecified => Self::Permission,
        }
    }
}

impl From<v1::Answer> for Answer {
    fn from(answer: v1::Answer) -> Self {
        let v1::Answer { option_id, message, answers } = answer;
        Self { option_id, message, answers: answers.into_iter().map(|v1::Labels { labels }| labels).collect() }
    }
}

impl From<v1::Question> for Question {
    fn from(question: v1::Question) -> Self {
        let v1::Question { header, question, options, multiple, custom } = question;
        let options = options
            .into_iter()
            .map(|v1::QuestionOption { label, description }| QuestionOption { label, description })
            .collect();
        Self { header, question, options, multiple, custom }
    }
}

impl From<v1::AgentRequest> for AgentRequest {
    fn from(request: v1::AgentRequest) -> Self {
        let status = request.status();
        let v1::AgentRequest {
            body,
            chat_session_id,
            message_id,
            worker_id,
            user_id: _,
            asked_at,
            status: _,
            outcome,
            answered_by,
            revision,
        } = request;
        let body = body.unwrap_or_default();
        let kind = body.kind().into();
        let v1::RequestBody { request_id, kind: _, title, details, options, questions } = body;
        Self {
            request_id,
            revision,
            chat_session_id,
            message_id,
            worker_id,
            kind,
            title,
            details,
            options: options
                .into_iter()
                .map(|v1::RequestOption { option_id, label, kind }| RequestOption { option_id, label, kind })
                .collect(),
            questions: questions.into_iter().map(Into::into).collect(),
            asked_at,
            status: match status {
                v1::RequestStatus::RequestPending | v1::RequestStatus::Unspecified => RequestStatus::Pending,
                v1::RequestStatus::RequestAnswered => RequestStatus::Answered,
                v1::RequestStatus::RequestGone => RequestStatus::Gone,
            },
            outcome: outcome.map(Into::into),
            answered_by,
        }
    }
}
