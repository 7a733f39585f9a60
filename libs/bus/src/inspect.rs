//! Looking at what is stored and what is live, as an operator who can change nothing.

use std::path::PathBuf;

use async_nats::{ConnectOptions, HeaderMap};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use muster_contracts::permissions::INSPECTOR;
use nkeys::KeyPair;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Batch, Bus, CallError, ConnectError, Connection, ReadError, connect::connect_with, read::number};

/// An operator who may look.
#[derive(Debug)]
pub struct InspectorConnect {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`, more than one separated by commas.
    pub servers: String,
    /// Seed of the operator's NKey (`SU…`).
    pub seed: SecretString,
    /// Certificates to trust beside the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// A connection of theirs.
#[derive(Debug, Clone)]
pub struct Inspector(Bus);

/// A message of a stream, as it lies there or just when it was stored; also one that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The stream.
    pub stream: String,
    /// Its place in it.
    pub sequence: u64,
    /// When it was stored, as RFC 3339.
    pub time: String,
    /// Where it was stored.
    pub subject: String,
    /// The id that its writer gave it.
    pub id: Option<String>,
    /// What it says.
    pub payload: Bytes,
}

/// Where a stream is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFrom {
    /// This sequence and what is behind it.
    Sequence(u64),
    /// What was stored at this time or later, as RFC 3339.
    Time(String),
}

impl Inspector {
    /// Connects.
    ///
    /// # Errors
    /// When the seed or an address is not valid, or nothing lets the operator in.
    pub async fn connect(connect: InspectorConnect) -> Result<Self, ConnectError> {
        let InspectorConnect { servers, seed, ca_file } = connect;
        KeyPair::from_seed(seed.expose_secret()).map_err(|_| ConnectError::Seed)?;
        let servers = servers.split(',').map(|server| server.trim().to_owned()).collect::<Vec<_>>();
        let options = ConnectOptions::with_nkey(seed.expose_secret().to_owned())
            .name(INSPECTOR)
            .require_tls(servers.iter().any(|server| server.starts_with("tls://")));
        let bus = connect_with(options, servers, ca_file).await?;
        // What is heard of the connection comes a moment later; only what changes behind that is a loss.
        bus.connected().await;
        Ok(Self(bus))
    }

    /// Up to `limit` messages of a stream that match `filter`.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn read(
        &self,
        stream: &str,
        filter: &str,
        from: &ReadFrom,
        limit: usize,
    ) -> Result<Batch<Seen>, ReadError> {
        let request = match from {
            ReadFrom::Sequence(sequence) => {
                serde_json::json!({ "seq": (*sequence).max(1), "batch": limit, "next_by_subj": filter })
            }
            ReadFrom::Time(time) => serde_json::json!({ "start_time": time, "batch": limit, "next_by_subj": filter }),
        };
        self.0.batches(stream, &request, seen).await
    }

    /// Follows what streams republish on these live subjects. When this returns, the broker has the subscription.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn follow(&self, live: String) -> Result<impl Stream<Item = Seen> + Send + Unpin + use<>, CallError> {
        let messages = self.0.client.subscribe(live).await.map_err(|_| CallError::Disconnected)?;
        self.0.round_trip().await?;
        Ok(messages.filter_map(|message| std::future::ready(seen(message.headers.as_ref(), message.payload))))
    }

    /// The connection as it is now: whether something may be missing of what was followed.
    #[must_use]
    pub fn connection(&self) -> Connection {
        *self.0.connection().borrow()
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

/// From the headers of a direct read or of a republished message.
fn seen(headers: Option<&HeaderMap>, payload: Bytes) -> Option<Seen> {
    let text = |name: &str| headers?.get(name).map(|value| value.as_str().to_owned());
    Some(Seen {
        stream: text("Nats-Stream")?,
        sequence: number(headers, "Nats-Sequence")?,
        time: text("Nats-Time-Stamp").unwrap_or_default(),
        subject: text("Nats-Subject")?,
        id: text("Nats-Msg-Id"),
        payload,
    })
}
