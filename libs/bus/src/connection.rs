//! What is known of the connection to the broker.

use async_nats::{Event, ServerError};
use tokio::sync::watch;

/// The connection as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connection {
    /// Whether the broker is connected.
    pub connected: bool,
    /// How often it has been connected; a change means that core messages may be missing.
    pub epoch: u64,
    /// How often a subscription was too slow; a change means the same.
    pub drops: u64,
    /// How often the broker has refused something since it was last connected.
    pub refusals: u64,
}

/// Folds an event of the client into the [`Connection`].
pub(crate) fn observe(sender: &watch::Sender<Connection>, event: &Event) {
    match event {
        Event::Connected => sender.send_modify(|now| {
            now.connected = true;
            now.refusals = 0;
            now.epoch += 1;
        }),
        Event::Disconnected | Event::Closed => sender.send_modify(|now| now.connected = false),
        Event::SlowConsumer(subscription) => {
            tracing::warn!(subscription, "a subscription is too slow, messages were dropped");
            sender.send_modify(|now| now.drops += 1);
        }
        Event::ServerError(error) => {
            tracing::warn!(%error, "the broker refuses something");
            if matches!(error, ServerError::AuthorizationViolation | ServerError::Other(_)) {
                sender.send_modify(|now| now.refusals += 1);
            }
        }
        Event::ClientError(error) => {
            tracing::debug!(%error, "the broker cannot be reached");
            sender.send_modify(|now| now.refusals += 1);
        }
        Event::LameDuckMode | Event::Draining => {}
    }
}
