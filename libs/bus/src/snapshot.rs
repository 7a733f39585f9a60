//! A stream as a whole: taken while it goes on, and made again where there is none (ADR-15, and what nats-server does).
//!
//! Written here, because async-nats has no word for it. The bytes are the broker's own affair.

use std::time::Duration;

use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt as _;
use muster_contracts::stream::EPOCH;
use serde_json::{Value, json};

use crate::{Bus, streams::fresh_epoch};

/// Bytes of a piece; the broker sends some of them before the first is acknowledged.
const PIECE: usize = 256 * 1024;
/// What is under way without an acknowledgement.
const WINDOW: usize = 4 * 1024 * 1024;
/// The broker gives up who is silent for five seconds; reading a large stream from a busy disk takes its time.
const PATIENCE: Duration = Duration::from_secs(30);
/// A large stream is read through before it serves.
const LONG: Duration = Duration::from_secs(600);
/// From this status on something went wrong.
const BAD: u16 = 400;
/// JetStream's codes: there is no such stream; there is one already.
const NO_STREAM: u64 = 10059;
const TAKEN: [u64; 2] = [10058, 10130];

/// Why a stream is not taken, or not made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A restore makes a stream, and never takes the place of one.
    #[error("there is a stream {0} already")]
    Exists(String),
    /// The broker does not answer.
    #[error("the broker does not answer")]
    Silent,
    /// The broker does not do it, and says why.
    #[error("the broker refuses: {0}")]
    Refused(String),
}

/// A stream while it is taken.
#[derive(Debug)]
pub struct Snapshot {
    bus: Bus,
    pieces: Subscriber,
    /// The stream's definition and state when it began, as the broker told them.
    about: Value,
}

impl Snapshot {
    /// What [`Bus::restore`] wants to know beside the bytes.
    #[must_use]
    pub const fn about(&self) -> &Value {
        &self.about
    }

    /// How many bytes its messages take, roughly what is to come.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.about.pointer("/state/bytes").and_then(Value::as_u64).unwrap_or_default()
    }

    /// The next bytes; `None` after the last.
    ///
    /// # Errors
    /// When the rest does not come: what came so far is of no use.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SnapshotError> {
        let piece = tokio::time::timeout(PATIENCE, self.pieces.next()).await.map_err(|_| SnapshotError::Silent)?;
        let piece = piece.ok_or(SnapshotError::Silent)?;
        if let Some(status) = piece.status.filter(|status| status.as_u16() >= BAD) {
            let said = piece.description.unwrap_or_default();
            return Err(SnapshotError::Refused(format!("{status} {said}")));
        }
        if piece.payload.is_empty() {
            return Ok(None);
        }
        if let Some(reply) = piece.reply {
            self.bus.client.publish(reply, Bytes::new()).await.map_err(|_| SnapshotError::Silent)?;
        }
        Ok(Some(piece.payload))
    }
}

/// A stream while it is made again.
#[derive(Debug)]
pub struct Restore {
    bus: Bus,
    subject: String,
}

impl Restore {
    /// Takes the next bytes, of the size in which they came at most.
    ///
    /// # Errors
    /// When the broker does not take them. It may keep what it has so far as a stream (nats-server 2.15.1 does).
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), SnapshotError> {
        let answer = tokio::time::timeout(PATIENCE, self.bus.client.request(self.subject.clone(), bytes)).await;
        let answer = answer.map_err(|_| SnapshotError::Silent)?.map_err(|_| SnapshotError::Silent)?;
        if answer.payload.is_empty() { Ok(()) } else { read(&answer.payload).map(|_| ()) }
    }

    /// That was all: the stream is there when this returns, up to the last sequence that it has.
    ///
    /// # Errors
    /// When the broker cannot make it of what it was given; see [`Restore::write`].
    pub async fn finish(self) -> Result<u64, SnapshotError> {
        let request = async_nats::Request::new().payload(Bytes::new()).timeout(Some(LONG));
        let answer = self.bus.client.send_request(self.subject, request).await.map_err(|_| SnapshotError::Silent)?;
        let made = read(&answer.payload)?;
        Ok(made.pointer("/state/last_seq").and_then(Value::as_u64).unwrap_or_default())
    }
}

impl Bus {
    /// Begins to take a stream, without its consumers: whoever reads it begins at its beginning then. `None`: there is
    /// no such stream.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn snapshot(&self, stream: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let inbox = self.client.new_inbox();
        let pieces = self.client.subscribe(inbox.clone()).await.map_err(|_| SnapshotError::Silent)?;
        let asked = json!({
            "deliver_subject": inbox, "no_consumers": true, "jsck": true, "chunk_size": PIECE, "window_size": WINDOW,
        });
        match self.asked(&format!("$JS.API.STREAM.SNAPSHOT.{stream}"), &asked).await {
            Ok(about) => Ok(Some(Snapshot { bus: self.clone(), pieces, about })),
            Err(Answer { code: NO_STREAM, .. }) => Ok(None),
            Err(answer) => Err(answer.error),
        }
    }

    /// Begins to make a stream again of what [`Bus::snapshot`] gave, on one server: whose it is brings its definition up
    /// to date. Its epoch is a new one, so that a position in the stream that it was is not taken for one in this.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn restore(&self, stream: &str, about: &Value) -> Result<Restore, SnapshotError> {
        let mut asked = json!({ "config": about.get("config"), "state": about.get("state") });
        if let Some(config) = asked.get_mut("config").and_then(Value::as_object_mut) {
            config.insert("num_replicas".to_owned(), 1.into());
            if let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut)
                && metadata.contains_key(EPOCH)
            {
                metadata.insert(EPOCH.to_owned(), fresh_epoch().into());
            }
        }
        let answer = match self.asked(&format!("$JS.API.STREAM.RESTORE.{stream}"), &asked).await {
            Ok(answer) => answer,
            Err(Answer { code, .. }) if TAKEN.contains(&code) => return Err(SnapshotError::Exists(stream.to_owned())),
            Err(answer) => return Err(answer.error),
        };
        let subject = answer.get("deliver_subject").and_then(Value::as_str);
        let subject = subject.ok_or_else(|| SnapshotError::Refused("no subject for the bytes".to_owned()))?.to_owned();
        Ok(Restore { bus: self.clone(), subject })
    }

    async fn asked(&self, subject: &str, body: &Value) -> Result<Value, Answer> {
        let request = async_nats::Request::new().payload(body.to_string().into()).timeout(Some(PATIENCE));
        let answer = self.client.send_request(subject.to_owned(), request).await;
        let answer = answer.map_err(|_| Answer { code: 0, error: SnapshotError::Silent })?;
        checked(&answer.payload)
    }
}

/// An answer that is no yes.
struct Answer {
    code: u64,
    error: SnapshotError,
}

fn read(answer: &[u8]) -> Result<Value, SnapshotError> {
    checked(answer).map_err(|answer| answer.error)
}

fn checked(answer: &[u8]) -> Result<Value, Answer> {
    let unreadable = |_| Answer { code: 0, error: SnapshotError::Refused("its answer cannot be read".to_owned()) };
    let answer = serde_json::from_slice::<Value>(answer).map_err(unreadable)?;
    let Some(error) = answer.get("error") else { return Ok(answer) };
    let said = error.get("description").and_then(Value::as_str).unwrap_or("no reason is given");
    let code = error.get("err_code").and_then(Value::as_u64).unwrap_or_default();
    Err(Answer { code, error: SnapshotError::Refused(said.to_owned()) })
}
