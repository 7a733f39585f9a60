//! RFC 9457: what went wrong, as `application/problem+json`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use muster_bus::CallError;
use muster_contracts::v1;
use muster_service::db::is_passing;
use serde::Serialize;
use utoipa::ToSchema;

use crate::password::PasswordError;

/// Seconds after which it is worth asking again when a service does not answer.
const RETRY_SECONDS: u64 = 2;

/// Why a request was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// Stable slug, for example `/problems/worker-offline`.
    #[serde(rename = "type")]
    slug: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What to do, for people.
    detail: String,
    /// Fields of the body, or parameters of the query, with a bad value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u64>,
}

/// A field or parameter with a bad value.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// JSON pointer into the body, or into the query as an object of its parameters.
    pointer: String,
    /// What is wrong with it.
    detail: String,
}

impl Problem {
    /// A problem with a slug (without `/problems/`) and a sentence.
    pub(crate) fn new(status: StatusCode, slug: &str, detail: impl Into<String>) -> Self {
        Self {
            slug: format!("/problems/{slug}"),
            title: status.canonical_reason().unwrap_or("Refused").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Nobody is signed in.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Sign in first.")
    }

    /// It does not exist, or not for the caller.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing of this name.")
    }

    /// A field of the body has a bad value.
    pub(crate) fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let field = FieldProblem { pointer: pointer.to_owned(), detail: detail.clone() };
        Self { errors: vec![field], ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-value", detail) }
    }

    /// Something that is needed does not answer now.
    pub(crate) fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(RETRY_SECONDS)
    }

    /// Something is wrong with us: the cause is logged, and told to nobody.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        muster_service::problem::internal(error).into()
    }

    /// Asks to come back after so many seconds.
    pub(crate) const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Whether it says that something does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND.as_u16()
    }
}

impl From<v1::Problem> for Problem {
    fn from(problem: v1::Problem) -> Self {
        use v1::problem::Kind;
        let status = match problem.kind() {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Limit => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal | Kind::Unspecified => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let v1::Problem { kind: _, slug, detail, fields } = problem;
        let errors = fields.into_iter().map(|v1::FieldProblem { pointer, detail }| FieldProblem { pointer, detail });
        let retry = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        Self {
            errors: errors.collect(),
            retry_after: retry.then_some(RETRY_SECONDS),
            ..Self::new(status, &slug, detail)
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(problem) => problem.into(),
            CallError::NoResponder | CallError::Timeout | CallError::Disconnected => {
                tracing::debug!(%error, "a service does not answer");
                Self::unavailable("A part of the server does not answer at the moment; try again.")
            }
            CallError::TooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is larger than is taken.")
            }
            CallError::Malformed => Self::internal(&error),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable("Too many people sign in at this moment; try again."),
            PasswordError::Hash(_) | PasswordError::Lost(_) => Self::internal(&error),
        }
    }
}

impl From<muster_service::DbError> for Problem {
    fn from(error: muster_service::DbError) -> Self {
        if is_passing(&error) {
            tracing::warn!(%error, "the database does not answer");
            return Self::unavailable("The database does not answer at the moment; try again.");
        }
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
