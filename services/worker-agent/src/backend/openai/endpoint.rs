//! The endpoint's two calls, and what can be wrong with them.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{RequestBuilder, Response, StatusCode, header::RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::timeout;

use super::settings::Checked;
use crate::backend::reason::reason;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the list of models may take.
const MODELS: Duration = Duration::from_secs(15);
/// Bytes of a list of models: some have thousands.
const MODELS_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of what an endpoint says about an error.
const ERROR_BYTES: usize = 64 * 1024;
/// How long it may take to say it.
const ERROR: Duration = Duration::from_secs(5);

/// Speaks to one endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    http: reqwest::Client,
    base: String,
    key: Option<SecretString>,
    silence: Duration,
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum EndpointError {
    #[error("The endpoint refuses the API key ({status}): set MUSTER_OPENAI_API_KEY, or give --openai-key-file")]
    Key { status: StatusCode },
    #[error(
        "The endpoint does not know this ({detail}): check that the model is there, and that --openai-url ends as its \
         documentation says, mostly in /v1"
    )]
    Unknown { detail: String },
    #[error("The endpoint answers {status}: {detail}")]
    Refused { status: StatusCode, detail: String, retry_after: Option<Duration> },
    #[error("The endpoint cannot be reached at {base}: check that it runs there")]
    Unreachable {
        base: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("The endpoint has been silent for {} seconds: it may be overloaded, or --openai-timeout too short", .0.as_secs())]
    Silent(Duration),
    #[error("The endpoint closed the connection in the middle of its answer")]
    Cut,
    #[error("The endpoint sends nothing that can be read: check that --openai-url names an OpenAI-compatible one")]
    Unreadable,
    #[error("The endpoint gave up in the middle of its answer: {0}")]
    GaveUp(String),
}

impl Endpoint {
    pub(super) fn new(checked: &Checked) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().connect_timeout(CONNECT);
        // A proxy for the outside must not stand between two programs of this machine.
        let builder = if checked.is_local { builder.no_proxy() } else { builder };
        let Checked { base, key, silence, .. } = checked;
        Ok(Self { http: builder.build()?, base: base.clone(), key: key.clone(), silence: *silence })
    }

    /// The list of models as it is sent.
    pub(super) async fn models(&self) -> Result<Value, EndpointError> {
        let reading = async {
            let response = self.send(self.http.get(format!("{}/models", self.base))).await?;
            let body = self.body(response, MODELS_BYTES).await?;
            serde_json::from_slice(&body).map_err(|_| EndpointError::Unreadable)
        };
        timeout(MODELS, reading).await.map_err(|_| EndpointError::Silent(MODELS))?
    }

    /// Asks for an answer. Dropping it ends the request, which stops the model.
    pub(super) async fn complete(&self, request: &Value) -> Result<Incoming, EndpointError> {
        let request = self.http.post(format!("{}/chat/completions", self.base)).json(request);
        let response = timeout(self.silence, self.send(request)).await;
        let response = response.map_err(|_| EndpointError::Silent(self.silence))??;
        Ok(Incoming { bytes: Box::pin(response.bytes_stream()), silence: self.silence })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, EndpointError> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = timeout(ERROR, self.body(response, ERROR_BYTES)).await.ok().and_then(Result::ok).unwrap_or_default();
        let detail = serde_json::from_slice(&body).ok().and_then(|body| reason(&body));
        let detail = detail.map_or_else(|| "no reason given".to_owned(), |detail| self.without_key(detail));
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => EndpointError::Key { status },
            StatusCode::NOT_FOUND => EndpointError::Unknown { detail },
            status => EndpointError::Refused { status, detail, retry_after: wait.map(Duration::from_secs) },
        })
    }

    async fn body(&self, response: Response, limit: usize) -> Result<Vec<u8>, EndpointError> {
        let mut body = Vec::new();
        let mut bytes = response.bytes_stream();
        while let Some(some) = bytes.next().await {
            body.extend_from_slice(&some.map_err(|error| self.unreachable(error))?);
            if body.len() > limit {
                return Err(EndpointError::Unreadable);
            }
        }
        Ok(body)
    }

    fn unreachable(&self, error: reqwest::Error) -> EndpointError {
        EndpointError::Unreachable { base: self.base.clone(), source: error.without_url() }
    }

    /// Some endpoints quote the key that they refuse.
    pub(super) fn without_key(&self, text: String) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose_secret(), "(the key)"),
            None => text,
        }
    }
}

/// An answer on its way.
pub(super) struct Incoming {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    silence: Duration,
}

impl Incoming {
    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<bytes::Bytes>, EndpointError> {
        match timeout(self.silence, self.bytes.next()).await {
            Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
            Ok(Some(Err(_))) => Err(EndpointError::Cut),
            Ok(None) => Ok(None),
            Err(_) => Err(EndpointError::Silent(self.silence)),
        }
    }
}
