//! How a provider is asked: over our own HTTP client, within bounds.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};

/// Time for one question and its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer at most; key sets are the longest.
const LONGEST: usize = 1 << 20;

/// Asks a provider.
#[derive(Debug, Clone)]
pub(super) struct Fetch(reqwest::Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the request failed")]
    Http(#[from] reqwest::Error),
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the answer cannot be put together")]
    Answer(#[from] http::Error),
}

impl Fetch {
    /// A client that follows no redirect: the provider's own addresses are the ones it tells.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new() -> Result<Self, FetchError> {
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build()?;
        Ok(Self(client))
    }

    /// One question.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub(super) async fn send(self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > LONGEST {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        Ok(response.body(body)?)
    }
}
