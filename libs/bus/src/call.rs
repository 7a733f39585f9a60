//! Asking: a protobuf request and its reply, or a problem.

use std::time::Duration;

use async_nats::{HeaderMap, client::Request};
use bytes::Bytes;
use data_encoding::BASE64;
use futures_util::FutureExt as _;
use muster_contracts::{
    Message,
    fingerprint::Fingerprint,
    id::{InstanceId, WorkerId},
    method::{self, Method},
    subject::Subject,
    v1::Problem,
};
use serde::Deserialize;

use crate::{Bus, TIMEOUT, again::again, trace};

/// Carries the [`Problem`] of a refused request.
pub(crate) const PROBLEM: &str = "Muster-Problem";
/// Set by the broker on requests that cross the border between accounts.
pub(crate) const REQUEST_INFO: &str = "Nats-Request-Info";

/// Why a request has no reply.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Whoever was asked refuses, and says why.
    #[error("refused: {}", .0.detail)]
    Refused(Problem),
    /// Nobody listens.
    #[error("nobody answers on this subject")]
    NoResponder,
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The broker is not connected.
    #[error("the broker is not connected")]
    Disconnected,
    /// The request is larger than the broker carries.
    #[error("the request is too large")]
    TooLarge,
    /// The answer is not what it should be.
    #[error("the answer cannot be read")]
    Malformed,
}

impl Bus {
    /// Calls a method of registry or chat; [what may be asked twice](Method::AGAIN) once more if there is no answer
    /// soon.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<M: Method>(&self, request: &M::Request) -> Result<M::Reply, CallError> {
        let ask = |patience| self.ask(method::subject::<M>(), request, patience);
        if !M::AGAIN {
            return ask(TIMEOUT).await;
        }
        let heard = |asked| match asked {
            Err(CallError::Timeout) => Err(CallError::Timeout),
            answered => Ok(answered),
        };
        again(|silence| ask(silence).map(heard)).await.flatten()
    }

    /// Asks on a subject of a worker.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn request<Req: Message, Rep: Message + Default>(
        &self,
        subject: &Subject,
        request: &Req,
        timeout: Duration,
    ) -> Result<Rep, CallError> {
        self.ask(subject.to_string(), request, timeout).await
    }

    /// Sends a message that nobody answers.
    ///
    /// # Errors
    /// When it cannot even be queued for sending.
    pub async fn send(&self, subject: &Subject, message: &impl Message) -> Result<(), CallError> {
        let payload = Bytes::from(message.encode_to_vec());
        self.client.publish(subject.to_string(), payload).await.map_err(|_| CallError::Disconnected)
    }

    async fn ask<Req: Message, Rep: Message + Default>(
        &self,
        subject: String,
        request: &Req,
        timeout: Duration,
    ) -> Result<Rep, CallError> {
        // The client would keep it, and ask with the next connection what nobody waits for any more.
        if !self.connection.borrow().connected {
            return Err(CallError::Disconnected);
        }
        let mut headers = HeaderMap::new();
        trace::inject(&mut headers);
        let mut asked = Request::new().payload(request.encode_to_vec().into()).timeout(Some(timeout));
        if !headers.is_empty() {
            asked = asked.headers(headers);
        }
        let reply = self.client.send_request(subject, asked).await.map_err(|error| match error.kind() {
            async_nats::RequestErrorKind::MaxPayloadExceeded => CallError::TooLarge,
            async_nats::RequestErrorKind::NoResponders => CallError::NoResponder,
            async_nats::RequestErrorKind::TimedOut if !self.connection.borrow().connected => CallError::Disconnected,
            async_nats::RequestErrorKind::TimedOut => CallError::Timeout,
            _ => CallError::Disconnected,
        })?;
        if let Some(problem) = reply.headers.as_ref().and_then(|headers| headers.get(PROBLEM)) {
            let bytes = BASE64.decode(problem.as_str().as_bytes()).map_err(|_| CallError::Malformed)?;
            return Err(CallError::Refused(Problem::decode(bytes.as_slice()).map_err(|_| CallError::Malformed)?));
        }
        Rep::decode(reply.payload).map_err(|_| CallError::Malformed)
    }
}

/// Headers of a reply that refuses.
pub(crate) fn refusal(problem: &Problem) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(PROBLEM, BASE64.encode(&problem.encode_to_vec()));
    headers
}

/// Who asks across the border between accounts, as the broker tells it. A
/// header of the same name made by the asker does not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The worker.
    pub worker: WorkerId,
    /// The key that it proved.
    pub fingerprint: Fingerprint,
    /// The process.
    pub instance: InstanceId,
    /// The term of the worker's lease in which it connected; 0 when it only may register.
    pub term: i64,
}

#[derive(Deserialize)]
struct RequestInfo {
    /// The name that the callout gave; `name` beside it is the client's own choice.
    user: String,
    #[serde(default)]
    host: String,
}

impl Identity {
    /// The name of the broker's user for this identity.
    #[must_use]
    pub fn user_name(&self) -> String {
        format!("{}.{}.{}.{}", self.worker, self.fingerprint, self.instance, self.term)
    }

    /// Reads what [`Identity::user_name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let identity = Self {
            worker: parts.next()?.parse().ok()?,
            fingerprint: parts.next()?.parse().ok()?,
            instance: parts.next()?.parse().ok()?,
            term: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(identity)
    }

    /// Who asks, and from which address.
    pub(crate) fn from_headers(headers: Option<&HeaderMap>) -> Option<(Self, String)> {
        let info = headers?.get(REQUEST_INFO)?;
        let RequestInfo { user, host } = serde_json::from_str(info.as_str()).ok()?;
        Some((Self::parse(&user)?, host))
    }
}
