//! Reading a stream directly, without a consumer (ADR-31 with batches).

use std::time::Duration;

use async_nats::{
    HeaderMap, StatusCode,
    jetstream::{message::StreamMessage, stream::LastRawMessageErrorKind},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use muster_contracts::subject::Subject;
use tokio::time::{error::Elapsed, timeout};

use crate::{Bus, again::again};

/// The status that ends a batch.
const END: u16 = 204;

/// A message as the stream has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the stream.
    pub sequence: u64,
    /// Where it was stored.
    pub subject: Subject,
    /// What it says.
    pub payload: Bytes,
    /// The id that its writer gave it.
    pub id: Option<String>,
}

/// Part of what a filter matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<T = Stored> {
    /// In the order of the stream; messages that are not ours are left out.
    pub messages: Vec<T>,
    /// Everything up to here has been looked at. `None`: the replica had nothing to say.
    pub looked_up_to: Option<u64>,
    /// Whether there is more behind it.
    pub more: bool,
    /// All that was found, also what is not ours.
    pub found: Found,
}

/// How much a filter matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// Messages of the batch.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Messages behind it.
    pub pending: u64,
}

/// Why nothing could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The broker is not connected or does not answer.
    #[error("the stream does not answer")]
    Unavailable,
    /// It answers what we cannot read.
    #[error("the stream's answer cannot be read")]
    Malformed,
}

impl Bus {
    /// Up to `limit` messages that match `filter`, from the sequence `from` on.
    ///
    /// A replica may lag behind its leader: whoever knows that there is more asks again.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn read(&self, stream: &str, filter: &str, from: u64, limit: usize) -> Result<Batch, ReadError> {
        let request = serde_json::json!({ "seq": from.max(1), "batch": limit, "next_by_subj": filter });
        self.batches(stream, &request, stored).await
    }

    /// What a direct read of several messages answers, each read by `read`.
    pub(crate) async fn batches<T>(
        &self,
        stream: &str,
        request: &serde_json::Value,
        read: impl Fn(Option<&HeaderMap>, Bytes) -> Option<T>,
    ) -> Result<Batch<T>, ReadError> {
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        let request = Bytes::from(request.to_string());
        again(|silence| self.batch(&subject, &request, silence, &read)).await.unwrap_or(Err(ReadError::Unavailable))
    }

    async fn batch<T>(
        &self,
        subject: &str,
        request: &Bytes,
        silence: Duration,
        read: impl Fn(Option<&HeaderMap>, Bytes) -> Option<T>,
    ) -> Result<Result<Batch<T>, ReadError>, Elapsed> {
        let inbox = self.client.new_inbox();
        let Ok(mut answers) = self.client.subscribe(inbox.clone()).await else {
            return Ok(Err(ReadError::Unavailable));
        };
        if self.client.publish_with_reply(subject.to_owned(), inbox, request.clone()).await.is_err() {
            return Ok(Err(ReadError::Unavailable));
        }
        let (mut messages, mut found) = (Vec::new(), Found::default());
        loop {
            let Some(answer) = timeout(silence, answers.next()).await? else { return Ok(Err(ReadError::Unavailable)) };
            let headers = answer.headers.as_ref();
            let looked_up_to = match answer.status {
                None => {
                    found.messages += 1;
                    found.bytes += u64::try_from(answer.payload.len()).unwrap_or(u64::MAX);
                    messages.extend(read(headers, answer.payload));
                    continue;
                }
                Some(StatusCode::NO_RESPONDERS) => return Ok(Err(ReadError::Unavailable)),
                Some(StatusCode::NOT_FOUND) => None,
                Some(status) if status.as_u16() == END => {
                    found.pending = number(headers, "Nats-Num-Pending").unwrap_or(0);
                    number(headers, "Nats-Last-Sequence")
                }
                Some(_) => return Ok(Err(ReadError::Malformed)),
            };
            return Ok(Ok(Batch { messages, looked_up_to, more: found.pending > 0, found }));
        }
    }

    /// The newest message that matches `filter`, as the stream's leader has it: a replica may not have it yet.
    ///
    /// # Errors
    /// When the stream has no leader, or it does not answer.
    pub async fn last(&self, stream: &str, filter: &str) -> Result<Option<Stored>, ReadError> {
        let stream = self.jetstream.get_stream_no_info(stream).await.map_err(|_| ReadError::Unavailable)?;
        let asked = again(|silence| timeout(silence, stream.get_last_raw_message_by_subject(filter))).await;
        match asked.map_err(|_| ReadError::Unavailable)? {
            Ok(StreamMessage { subject, sequence, headers, payload, .. }) => {
                let subject = subject.parse().map_err(|_| ReadError::Malformed)?;
                let id = headers.get("Nats-Msg-Id").map(|id| id.as_str().to_owned());
                Ok(Some(Stored { sequence, subject, payload, id }))
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(_) => Err(ReadError::Unavailable),
        }
    }
}

/// A message with JetStream's headers, from a direct read or the live tail.
pub(crate) fn stored(headers: Option<&HeaderMap>, payload: Bytes) -> Option<Stored> {
    let subject = headers?.get("Nats-Subject")?.as_str().parse().ok()?;
    let id = headers?.get("Nats-Msg-Id").map(|id| id.as_str().to_owned());
    Some(Stored { sequence: number(headers, "Nats-Sequence")?, subject, payload, id })
}

pub(crate) fn number(headers: Option<&HeaderMap>, name: &str) -> Option<u64> {
    headers?.get(name)?.as_str().parse().ok()
}
