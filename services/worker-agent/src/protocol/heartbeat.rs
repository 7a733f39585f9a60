//! Says that the worker lives, and that it goes.

use muster_contracts::{
    limits::HEARTBEAT,
    subject::RegistryVerb,
    v1::{Bye, Heartbeat},
};
use tokio::time::{MissedTickBehavior, interval};

use super::Link;

/// Beats until it is dropped, the first time at once.
pub async fn beat(link: Link) {
    let mut ticks = interval(HEARTBEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A queue of old heartbeats is of no use to anyone.
        if link.bus.connection().borrow().connected
            && let Err(error) = link.bus.send(&link.registry(RegistryVerb::Heartbeat), &Heartbeat {}).await
        {
            tracing::debug!(%error, "a heartbeat was not sent");
        }
    }
}

/// The worker goes on purpose: it is offline at once.
pub async fn bye(link: &Link) {
    let sent = link.bus.send(&link.registry(RegistryVerb::Bye), &Bye {}).await;
    if let Err(error) = sent.and(link.bus.round_trip().await) {
        tracing::debug!(%error, "the goodbye was not heard; the broker reports the closed connection");
    }
}
