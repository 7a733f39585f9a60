//! Storing: a message is kept once the stream has acknowledged it.

use std::{future::IntoFuture as _, sync::Arc, time::Duration};

use async_nats::jetstream::{self, ErrorCode, context::PublishErrorKind, message::PublishMessage};
use bytes::Bytes;
use tokio::time::{error::Elapsed, timeout};

use crate::{Bus, again::again, trace};

/// JetStream's codes for a stream that takes nothing more.
const STORE_FAILED: u64 = 10077;
const TOO_LARGE: u64 = 10054;

/// A message to be stored.
#[derive(Debug, Clone)]
pub struct Storing {
    /// Where.
    pub subject: String,
    /// The stream takes a message with the same id once, within its duplicate window.
    pub id: String,
    /// What.
    pub payload: Bytes,
    /// Only if nothing was ever stored on this very subject.
    pub first_only: bool,
    /// W3C traceparent of whoever stores it.
    pub traceparent: Option<Arc<str>>,
}

/// The stream has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which stream.
    pub stream: String,
    /// Its sequence; for a duplicate, that of the first.
    pub sequence: u64,
    /// It was there already.
    pub duplicate: bool,
}

/// The stream has not said that it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Something was stored on the subject before.
    #[error("something was stored there before")]
    Fenced,
    /// The stream is full and loses nothing for it: try later.
    #[error("the stream is full")]
    Full,
    /// The message is larger than the stream takes.
    #[error("the message is too large")]
    TooLarge,
    /// Nobody answered: it may be stored or not.
    #[error("no acknowledgement")]
    Doubtful,
}

impl Bus {
    /// Stores a message and waits until the stream has it. Whoever repeats it after [`StoreError::Doubtful`] does so
    /// with the same id, as it is done here while nobody answers: what is under way when a stream's leader changes is
    /// never acknowledged.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn store(&self, message: Storing) -> Result<Receipt, StoreError> {
        let epoch = self.connection.borrow().epoch;
        again(|silence| self.attempt(&message, epoch, silence)).await.unwrap_or(Err(StoreError::Doubtful))
    }

    async fn attempt(
        &self,
        message: &Storing,
        epoch: u64,
        silence: Duration,
    ) -> Result<Result<Receipt, StoreError>, Elapsed> {
        let mut connection = self.connection.clone();
        let now = *connection.borrow_and_update();
        // The client would keep it, and send it with the next connection, whatever was decided meanwhile.
        if !now.connected || now.epoch != epoch {
            return Ok(Err(StoreError::Doubtful));
        }
        let mut publish = PublishMessage::build().payload(message.payload.clone()).message_id(&message.id);
        if let Some(traceparent) = &message.traceparent {
            publish = publish.header(trace::TRACEPARENT, traceparent.as_ref());
        }
        if message.first_only {
            publish = publish.expected_last_subject_sequence(0);
        }
        let sent = match self.jetstream.send_publish(message.subject.clone(), publish).await {
            Ok(sent) => sent,
            Err(error) => return Ok(Err(classify(&error))),
        };
        // An answer to what was asked on an earlier connection never comes.
        let reconnected = async move {
            if connection.wait_for(|now| now.epoch != epoch).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            ack = timeout(silence, sent.into_future()) => Ok(match ack? {
                Ok(ack) => Ok(Receipt { stream: ack.stream, sequence: ack.sequence, duplicate: ack.duplicate }),
                Err(error) => Err(classify(&error)),
            }),
            () = reconnected => Ok(Err(StoreError::Doubtful)),
        }
    }
}

pub(crate) fn classify(error: &jetstream::context::PublishError) -> StoreError {
    match error.kind() {
        PublishErrorKind::WrongLastSequence => return StoreError::Fenced,
        PublishErrorKind::MaxPayloadExceeded => return StoreError::TooLarge,
        _ => {}
    }
    let code = std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<jetstream::Error>())
        .map_or(0, |error| error.error_code().0);
    match code {
        STORE_FAILED => StoreError::Full,
        TOO_LARGE => StoreError::TooLarge,
        code if ErrorCode(code) == ErrorCode::STREAM_WRONG_LAST_SEQUENCE => StoreError::Fenced,
        _ => StoreError::Doubtful,
    }
}
