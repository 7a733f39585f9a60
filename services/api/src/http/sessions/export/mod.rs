//! GET /sessions/{id}/export

mod json;
mod markdown;
mod messages;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http::{HeaderValue, header};
use muster_contracts::{id::SessionId, method, v1};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::json::SessionExport;
use crate::{
    domain::file_name,
    http::{
        caller::Caller,
        extract::{Asked, At},
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// As what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Markdown to read, or JSON with everything.
    #[param(inline, nullable = false)]
    format: Option<Format>,
}

/// What the file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Markdown,
    #[default]
    Json,
}

/// The whole session as a file. A reply that is being written is in it as far as it has come.
#[utoipa::path(get, path = "/sessions/{id}/export", tag = "sessions", params(("id" = String, Path), ExportQuery),
    responses((status = 200, content((SessionExport = "application/json"), (String = "text/markdown")))))]
pub(crate) async fn export(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    query: Result<Asked<ExportQuery>, Problem>,
) -> Result<Response, Problem> {
    let format = match query {
        Ok(Asked(ExportQuery { format })) => format.unwrap_or_default(),
        Err(problem) => return Err(api.refusal(&caller, Owned::Session(&session), problem).await),
    };
    let asked = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    let session = api.call::<method::GetSession>(asked).await?;
    let title = session.title.clone();
    Ok(match format {
        Format::Markdown => {
            file(markdown::pieces(api, caller.to_bus(), session).await?, &title, "md", "text/markdown; charset=utf-8")
        }
        Format::Json => file(json::pieces(api, caller.to_bus(), session), &title, "json", "application/json"),
    })
}

/// Sent piece by piece, as the client takes them. What fails on the way cuts it: half a file is none.
fn file(
    pieces: impl Stream<Item = Result<Bytes, Problem>> + Send + 'static,
    title: &str,
    extension: &str,
    kind: &'static str,
) -> Response {
    let mut response =
        Body::from_stream(pieces.map_err(|_| std::io::Error::other("the export was cut short"))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&file_name::disposition(title, extension)) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
