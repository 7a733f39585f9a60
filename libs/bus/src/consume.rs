//! A durable consumer: each message is handled by one instance, at least once.

use std::{future::Future, time::Duration};

use async_nats::jetstream::{
    AckKind,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::{Bus, StreamsError, read::Stored, trace};

/// How long a message may be worked on before another instance gets it, and is given up here: what it waits for may
/// never come, and everything behind it waits as well.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Messages that may be under way at once.
const MAX_PENDING: i64 = 1024;
/// Pause after the consumer could not be had.
const RETRY: Duration = Duration::from_millis(500);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done with, or of no use to anyone.
    Ack,
    /// To be delivered again, not before this time has passed.
    Retry(Duration),
}

/// A message with how often it has been delivered.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message: Stored,
    /// 1 the first time.
    pub attempt: u64,
}

impl Bus {
    /// Handles the messages of `stream` that match one of `filters`, one after
    /// the other, from the stream's beginning, until stopped. A handler that
    /// does not return is delivered again by the broker. Comes back by itself
    /// after anything that happens to the broker.
    pub async fn consume<H, F>(
        &self,
        stream: &str,
        durable: &str,
        filters: Vec<String>,
        stop: CancellationToken,
        mut handler: H,
    ) where
        H: FnMut(Delivery) -> F + Send,
        F: Future<Output = Outcome> + Send,
    {
        while !stop.is_cancelled() {
            let messages = async {
                self.connected().await;
                self.open(stream, durable, filters.clone()).await
            };
            let messages = tokio::select! {
                messages = messages => messages,
                () = stop.cancelled() => return,
            };
            let mut messages = match messages {
                Ok(messages) => messages,
                Err(error) => {
                    tracing::debug!(%error, stream, durable, "the consumer cannot be had yet");
                    tokio::select! { () = tokio::time::sleep(RETRY) => continue, () = stop.cancelled() => return }
                }
            };
            loop {
                let next = tokio::select! { next = messages.next() => next, () = stop.cancelled() => return };
                match next {
                    Some(Ok(message)) => handle(message, &mut handler).await,
                    Some(Err(error)) => {
                        tracing::debug!(%error, stream, durable, "the consumer is opened anew");
                        break;
                    }
                    None => break,
                }
            }
        }
    }

    async fn open(&self, stream: &str, durable: &str, filters: Vec<String>) -> Result<pull::Stream, StreamsError> {
        let unavailable = |reason: String| StreamsError::Unavailable { name: format!("{stream}/{durable}"), reason };
        let config = pull::Config {
            durable_name: Some(durable.to_owned()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: MAX_PENDING,
            filter_subjects: filters,
            ..pull::Config::default()
        };
        let consumer = self
            .jetstream
            .create_consumer_on_stream(config, stream)
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        consumer
            .stream()
            .max_messages_per_batch(256)
            .expires(Duration::from_secs(10))
            .heartbeat(Duration::from_secs(2))
            .messages()
            .await
            .map_err(|error| unavailable(error.to_string()))
    }
}

async fn handle<H, F>(message: async_nats::jetstream::Message, handler: &mut H)
where
    H: FnMut(Delivery) -> F + Send,
    F: Future<Output = Outcome> + Send,
{
    let Ok(info) = message.info() else { return };
    let (sequence, attempt) = (info.stream_sequence, info.delivered);
    let outcome = match message.subject.parse() {
        Ok(subject) => {
            let id = message.headers.as_ref().and_then(|headers| headers.get("Nats-Msg-Id"));
            let id = id.map(|id| id.as_str().to_owned());
            let stored = Stored { sequence, subject, payload: message.payload.clone(), id };
            let attempt = u64::try_from(attempt).unwrap_or(1);
            let span = if trace::is_traced(message.headers.as_ref()) {
                tracing::debug_span!(
                    "process",
                    otel.kind = "consumer",
                    messaging.system = trace::SYSTEM,
                    messaging.operation.name = "process",
                    messaging.operation.type = "process",
                    messaging.destination.name = info.stream,
                    messaging.consumer.group.name = info.consumer,
                )
            } else {
                Span::none()
            };
            trace::adopt(&span, message.headers.as_ref());
            let handling = span.in_scope(|| handler(Delivery { message: stored, attempt })).instrument(span.clone());
            tokio::time::timeout(ACK_WAIT, handling).await.unwrap_or_else(|_| {
                tracing::error!(sequence, "a message was given up for now: what it needs has not answered");
                Outcome::Retry(RETRY)
            })
        }
        // Nobody can ever handle it.
        Err(_) => Outcome::Ack,
    };
    let kind = match outcome {
        Outcome::Ack => AckKind::Ack,
        Outcome::Retry(after) => AckKind::Nak(Some(after)),
    };
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, "an acknowledgement was lost; the message comes again");
    }
}
