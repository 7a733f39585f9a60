//! Taking single messages out of a stream for good.
//!
//! A purge only marks messages as gone, and their bytes stay in the stream's files until a whole block of them goes
//! (seen on nats-server 2.15.1). Deleting by sequence overwrites them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Bus, read::ReadError};

/// JetStream's code for a message that is not there.
const NO_MESSAGE: u64 = 10043;
/// The same of a consumer.
const NO_CONSUMER: u64 = 10014;

impl Bus {
    /// Overwrites a message; false when it is gone already.
    ///
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub async fn erase(&self, stream: &str, sequence: u64) -> Result<bool, ReadError> {
        let asked = json!({ "seq": sequence });
        let answer =
            self.jetstream_api(format!("$JS.API.STREAM.MSG.DELETE.{stream}"), asked.to_string().into()).await?;
        match code(&answer) {
            None => Ok(true),
            Some(NO_MESSAGE) => Ok(false),
            Some(_) => Err(ReadError::Malformed),
        }
    }

    /// Up to which sequence a durable consumer has taken everything that it is for; `None` when there is none of this
    /// name.
    ///
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub async fn taken(&self, stream: &str, durable: &str) -> Result<Option<u64>, ReadError> {
        let answer = self.jetstream_api(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"), Bytes::new()).await?;
        match code(&answer) {
            None => {
                answer.pointer("/ack_floor/stream_seq").and_then(Value::as_u64).map(Some).ok_or(ReadError::Malformed)
            }
            Some(NO_CONSUMER) => Ok(None),
            Some(_) => Err(ReadError::Malformed),
        }
    }

    async fn jetstream_api(&self, subject: String, body: Bytes) -> Result<Value, ReadError> {
        let answer = self.inquire(&subject, &body).await?;
        serde_json::from_slice(&answer.payload).map_err(|_| ReadError::Malformed)
    }
}

fn code(answer: &Value) -> Option<u64> {
    answer.get("error").map(|error| error.get("err_code").and_then(Value::as_u64).unwrap_or_default())
}
