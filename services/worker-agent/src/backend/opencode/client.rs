//! opencode's calls that the worker makes.

use std::{error::Error as _, path::Path, time::Duration};

use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::wire::{Agent, Command, Message, Permission, Providers, QuestionAsked, Session, Todo};

/// How long a call may take. Prompting answers at once; aborting may take a while.
const TIMEOUT: Duration = Duration::from_secs(30);
/// An opencode that has just begun to listen may never answer its first call.
const HEALTH: Duration = Duration::from_secs(1);
/// How many of a session's newest messages are read to reconcile a turn.
const MESSAGES: u32 = 100;
/// Where the messages before a page begin.
const NEXT: &str = "x-next-cursor";

/// Speaks to one opencode process.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    password: SecretString,
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("opencode does not know it")]
    NotFound,
    #[error("opencode answers {status}: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("a file of this message cannot be read")]
    File(#[source] std::io::Error),
    #[error("opencode does not answer")]
    Unreachable(#[source] reqwest::Error),
    #[error("opencode answers what cannot be read; is this version of it newer than the worker?")]
    Unreadable(#[source] reqwest::Error),
}

impl ClientError {
    /// Whether what was asked for is not there, now or later; whatever else goes wrong may pass.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::NotFound | Self::Refused { status: StatusCode::BAD_REQUEST, .. })
    }
}

impl Client {
    pub(super) fn new(port: u16, password: SecretString) -> Result<Self, reqwest::Error> {
        // A proxy for the agent's own traffic must not stand between the two.
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, base: format!("http://127.0.0.1:{port}"), password })
    }

    /// Whether it answers.
    pub(super) async fn health(&self) -> Result<(), ClientError> {
        send(self.get("/global/health").timeout(HEALTH)).await.map(|_| ())
    }

    /// The stream of everything that happens, without an end.
    pub(super) async fn events(&self) -> Result<Response, ClientError> {
        send(self.get("/global/event")).await
    }

    pub(super) async fn providers(&self, directory: &Path) -> Result<Providers, ClientError> {
        json_of(send(at(self.get("/config/providers"), directory).timeout(TIMEOUT)).await?).await
    }

    pub(super) async fn session(&self, directory: &Path, session: &str) -> Result<Session, ClientError> {
        json_of(send(at(self.get(&format!("/session/{session}")), directory).timeout(TIMEOUT)).await?).await
    }

    pub(super) async fn create_session(&self, directory: &Path) -> Result<Session, ClientError> {
        json_of(self.post("/session", directory, &json!({})).await?).await
    }

    /// Whether a session works on something.
    pub(super) async fn busy(&self, directory: &Path, session: &str) -> Result<bool, ClientError> {
        let status = json_of::<Value>(send(at(self.get("/session/status"), directory).timeout(TIMEOUT)).await?).await?;
        Ok(status.get(session).is_some_and(|status| status.get("type").and_then(Value::as_str) != Some("idle")))
    }

    /// The newest messages of a session, oldest first.
    pub(super) async fn messages(&self, directory: &Path, session: &str) -> Result<Vec<Message>, ClientError> {
        let request = at(self.get(&format!("/session/{session}/message")), directory).query(&[("limit", MESSAGES)]);
        json_of(send(request.timeout(TIMEOUT)).await?).await
    }

    /// All messages of a session, oldest first.
    pub(super) async fn whole_record(&self, directory: &Path, session: &str) -> Result<Vec<Message>, ClientError> {
        let (mut pages, mut before) = (Vec::new(), None::<String>);
        loop {
            let mut request = at(self.get(&format!("/session/{session}/message")), directory);
            request = request.query(&[("limit", MESSAGES)]);
            if let Some(cursor) = &before {
                request = request.query(&[("before", cursor)]);
            }
            let response = send(request.timeout(TIMEOUT)).await?;
            let next = response.headers().get(NEXT).and_then(|next| next.to_str().ok()).map(str::to_owned);
            let page = json_of::<Vec<Message>>(response).await?;
            let over = page.is_empty() || next.is_none() || next == before;
            pages.push(page);
            if over {
                return Ok(pages.into_iter().rev().flatten().collect());
            }
            before = next;
        }
    }

    /// The sessions of the sub-agents that a session has started.
    pub(super) async fn children(&self, directory: &Path, session: &str) -> Result<Vec<Session>, ClientError> {
        json_of(send(at(self.get(&format!("/session/{session}/children")), directory).timeout(TIMEOUT)).await?).await
    }

    /// What a session means to do, as it stands.
    pub(super) async fn todos(&self, directory: &Path, session: &str) -> Result<Vec<Todo>, ClientError> {
        json_of(send(at(self.get(&format!("/session/{session}/todo")), directory).timeout(TIMEOUT)).await?).await
    }

    /// Has a session forget a message and everything behind it, with its next prompt.
    pub(super) async fn revert(&self, directory: &Path, session: &str, message: &str) -> Result<(), ClientError> {
        let body = json!({ "messageID": message });
        self.post(&format!("/session/{session}/revert"), directory, &body).await.map(|_| ())
    }

    /// Makes a session with everything of another one that comes before a message, or all of it.
    pub(super) async fn fork(
        &self,
        directory: &Path,
        session: &str,
        before: Option<&str>,
    ) -> Result<Session, ClientError> {
        let body = before.map_or_else(|| json!({}), |message| json!({ "messageID": message }));
        json_of(self.post(&format!("/session/{session}/fork"), directory, &body).await?).await
    }

    pub(super) async fn agents(&self, directory: &Path) -> Result<Vec<Agent>, ClientError> {
        json_of(send(at(self.get("/agent"), directory).timeout(TIMEOUT)).await?).await
    }

    pub(super) async fn commands(&self, directory: &Path) -> Result<Vec<Command>, ClientError> {
        json_of(send(at(self.get("/command"), directory).timeout(TIMEOUT)).await?).await
    }

    pub(super) async fn prompt(&self, directory: &Path, session: &str, body: &Value) -> Result<(), ClientError> {
        self.post(&format!("/session/{session}/prompt_async"), directory, body).await.map(|_| ())
    }

    /// Runs a command; comes back once all of it is done.
    pub(super) fn command(
        &self,
        directory: &Path,
        session: &str,
        body: &Value,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + use<> {
        let request = self.authorized(self.http.post(format!("{}/session/{session}/command", self.base)));
        let running = send(at(request, directory).json(body));
        async move { running.await.map(|_| ()) }
    }

    pub(super) async fn abort(&self, directory: &Path, session: &str) -> Result<(), ClientError> {
        self.post(&format!("/session/{session}/abort"), directory, &json!({})).await.map(|_| ())
    }

    /// Permissions that wait, with their sessions.
    pub(super) async fn permissions(&self, directory: &Path) -> Result<Vec<(String, Permission)>, ClientError> {
        self.waiting("/permission", directory).await
    }

    /// Questions that wait, with their sessions.
    pub(super) async fn questions(&self, directory: &Path) -> Result<Vec<(String, QuestionAsked)>, ClientError> {
        self.waiting("/question", directory).await
    }

    pub(super) async fn reply_permission(&self, directory: &Path, id: &str, body: &Value) -> Result<(), ClientError> {
        self.post(&format!("/permission/{id}/reply"), directory, body).await.map(|_| ())
    }

    pub(super) async fn reply_question(&self, directory: &Path, id: &str, body: &Value) -> Result<(), ClientError> {
        self.post(&format!("/question/{id}/reply"), directory, body).await.map(|_| ())
    }

    pub(super) async fn reject_question(&self, directory: &Path, id: &str) -> Result<(), ClientError> {
        self.post(&format!("/question/{id}/reject"), directory, &json!({})).await.map(|_| ())
    }

    async fn waiting<T: DeserializeOwned>(
        &self,
        path: &str,
        directory: &Path,
    ) -> Result<Vec<(String, T)>, ClientError> {
        let all = json_of::<Vec<Value>>(send(at(self.get(path), directory).timeout(TIMEOUT)).await?).await?;
        let read = |value: Value| {
            let session = value.get("sessionID")?.as_str()?.to_owned();
            Some((session, serde_json::from_value(value).ok()?))
        };
        Ok(all.into_iter().filter_map(read).collect())
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.authorized(self.http.get(format!("{}{path}", self.base)))
    }

    async fn post(&self, path: &str, directory: &Path, body: &Value) -> Result<Response, ClientError> {
        let request = self.authorized(self.http.post(format!("{}{path}", self.base)));
        send(at(request, directory).timeout(TIMEOUT).json(body)).await
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth("opencode", Some(self.password.expose_secret()))
    }
}

fn at(request: RequestBuilder, directory: &Path) -> RequestBuilder {
    request.query(&[("directory", directory.to_string_lossy())])
}

async fn send(request: RequestBuilder) -> Result<Response, ClientError> {
    let response = request.send().await.map_err(|error| ClientError::Unreachable(error.without_url()))?;
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(ClientError::NotFound),
        status => {
            let body = response.json::<Value>().await.unwrap_or_default();
            let detail = body.pointer("/data/message").or_else(|| body.get("message")).and_then(Value::as_str);
            Err(ClientError::Refused { status, detail: detail.unwrap_or("no reason given").to_owned() })
        }
    }
}

async fn json_of<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    // A body that breaks off is the same kind of error as one that does not fit.
    let is_read = |error: &reqwest::Error| error.source().is_some_and(|source| source.is::<serde_json::Error>());
    response.json().await.map_err(|error| match is_read(&error) {
        true => ClientError::Unreadable(error.without_url()),
        false => ClientError::Unreachable(error.without_url()),
    })
}
