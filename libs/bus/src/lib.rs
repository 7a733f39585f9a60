//! The bus: the one crate that speaks NATS.
//!
//! Everyone else says what they want in terms of `muster_contracts`: call a
//! method, serve methods, store a message, read a stream, follow its tail.
//! Acks, inboxes, headers and reconnects stay in here.

mod again;
mod call;
mod connect;
mod connection;
mod consume;
mod erase;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod inspect;
mod objects;
mod read;
mod serve;
mod snapshot;
mod store;
mod streams;
mod system;
mod tail;
pub mod trace;
mod trust;
mod weigh;

pub use call::{CallError, Identity};
pub use connect::{ConnectError, ServiceConnect, WorkerConnect};
pub use connection::Connection;
pub use consume::{Delivery, Outcome};
pub use inspect::{Inspector, InspectorConnect, ReadFrom, Seen};
pub use objects::{ObjectWriter, Piece, Whole};
pub use read::{Batch, Found, ReadError, Stored};
pub use serve::{Endpoints, Handled, Incoming};
pub use snapshot::{Restore, Snapshot, SnapshotError};
pub use store::{Receipt, StoreError, Storing};
pub use streams::{StreamState, StreamsError};
pub use system::{BrokerEvent, Callout, Census, ClientConnection, System};
pub use tail::{Tail, TailItem};
pub use trust::CertificatesError;

use std::time::Duration;

use async_nats::jetstream;
use muster_contracts::broker::OLDEST;
use tokio::sync::watch;

/// How long a request may take.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request may be worked on. Whoever asked has given up by then, and what it waits for may never come: it
/// is dropped, as if the process had died.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Whether a line of the log would show messages as they are: at its finest level the client
/// prints every one, so whoever logs leaves these out.
#[must_use]
pub fn shows_messages(line: &tracing::Metadata<'_>) -> bool {
    *line.level() == tracing::Level::TRACE && line.target().starts_with("async_nats")
}

/// A connection to the broker. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Bus {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    connection: watch::Receiver<Connection>,
}

impl Bus {
    fn new(client: async_nats::Client, connection: watch::Receiver<Connection>) -> Self {
        let jetstream = jetstream::ContextBuilder::new()
            .timeout(TIMEOUT)
            .ack_timeout(TIMEOUT)
            .max_ack_inflight(4096)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Self { client, jetstream, connection }
    }

    /// Whether the broker is there, and how often it was connected: to be
    /// watched by whoever must look again after a gap.
    #[must_use]
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// Why the broker that is connected will not do: it is older than [`OLDEST`].
    #[must_use]
    pub fn outdated(&self) -> Option<String> {
        let (major, minor, patch) = OLDEST;
        let will_do = self.client.is_server_compatible(major.into(), minor.into(), patch.into());
        let version = self.client.server_info().version;
        (!will_do).then(|| format!("nats-server is {version}; {major}.{minor}.{patch} or newer is needed"))
    }

    /// Waits until the broker is connected, and tells which connection it is: see [`Connection::epoch`].
    pub async fn connected(&self) -> u64 {
        let mut connection = self.connection.clone();
        // The sender lives as long as the client, which lives as long as self.
        let now = connection.wait_for(|now| now.connected).await;
        now.map_or(0, |now| now.epoch)
    }

    /// Drops the connection and makes a new one, with newly asked rights.
    pub async fn reconnect(&self) {
        if let Err(error) = self.client.force_reconnect().await {
            tracing::warn!(%error, "the connection could not be made anew");
        }
    }

    /// Sends what is buffered and closes the connection.
    pub async fn close(&self) {
        if let Err(error) = self.client.drain().await {
            tracing::debug!(%error, "the connection was closed already");
        }
    }

    /// Waits until the broker has everything that was sent, and has done what was asked before.
    ///
    /// # Errors
    /// When the broker does not answer in time.
    pub async fn round_trip(&self) -> Result<(), CallError> {
        match tokio::time::timeout(TIMEOUT, self.client.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(CallError::Disconnected),
            Err(_) => Err(CallError::Timeout),
        }
    }
}
