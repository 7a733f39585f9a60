//! POST /sessions/{id}/requests/{requestId}

use axum::{Json, extract::State};
use muster_contracts::{
    id::{RequestId, SessionId},
    method, v1,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At2, Body},
        model::request::AgentRequest,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// A decision: `optionId` for a permission, `answers` for a question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AnswerRequest {
    option_id: Option<String>,
    /// What the user adds to a rejection.
    message: Option<String>,
    /// The chosen labels, one list a question; none at all to decline.
    answers: Option<Vec<Vec<String>>>,
}

/// Answers a request: the same answer again is taken, another is refused.
#[utoipa::path(post, path = "/sessions/{id}/requests/{requestId}", tag = "requests",
    params(("id" = String, Path), ("requestId" = String, Path)), request_body = AnswerRequest,
    responses((status = 200, body = AgentRequest)))]
pub(crate) async fn answer(
    State(api): State<Shared>,
    caller: Caller,
    At2(session, request): At2<SessionId, RequestId>,
    body: Result<Body<AnswerRequest>, Problem>,
) -> Result<Json<AgentRequest>, Problem> {
    let of = Owned::Session(&session);
    let body = api.body_for(&caller, of, body).await?;
    let answer = match v1::Answer::try_from(body) {
        Ok(answer) => answer,
        Err(problem) => return Err(api.refusal(&caller, of, problem).await),
    };
    let request = v1::AnswerRequest {
        caller: caller.to_bus(),
        chat_session_id: session.into(),
        request_id: request.into(),
        answer: Some(answer),
    };
    Ok(Json(api.call::<method::Answer>(request).await?.into()))
}

impl TryFrom<AnswerRequest> for v1::Answer {
    type Error = Problem;

    fn try_from(body: AnswerRequest) -> Result<Self, Problem> {
        match body {
            AnswerRequest { option_id: Some(option_id), message, answers: None } => {
                Ok(Self { option_id: Some(option_id), message, answers: Vec::new() })
            }
            AnswerRequest { option_id: None, message: None, answers: Some(answers) } => {
                let answers = answers.into_iter().map(|labels| v1::Labels { labels }).collect();
                Ok(Self { option_id: None, message: None, answers })
            }
            AnswerRequest { option_id: _, message: _, answers: _ } => {
                Err(Problem::invalid("", "is either optionId, with or without message, or answers"))
            }
        }
    }
}
