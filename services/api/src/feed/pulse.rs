//! Whether the broker stores anything: a cluster that has lost its majority keeps every connection, and takes nothing.
//! Whoever watches is not to be shown that as silence: their streams end, and begin again when it does.

use std::time::Duration;

use muster_bus::{Bus, StreamsError};
use muster_contracts::stream::{CHUNKS, EVENTS};
use muster_service::health::Need;
use tokio::{sync::watch, time::sleep};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// Looks in a row without an answer: once may be a leader's election.
const MISSED: u32 = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct Pulse {
    bus: Bus,
    need: Need,
    beats: watch::Sender<bool>,
}

impl Pulse {
    /// `need`: that the streams are there, and take something.
    pub(super) fn new(bus: Bus, need: Need) -> Self {
        Self { bus, need, beats: watch::Sender::new(true) }
    }

    /// Looks until it is dropped.
    pub(super) async fn feel(&self) {
        let mut missed = 0;
        loop {
            let (chunks, events) = tokio::join!(self.bus.stream_state(CHUNKS), self.bus.stream_state(EVENTS));
            match chunks.as_ref().and(events.as_ref()) {
                Ok(_) => self.need.met(),
                Err(error) => self.need.missing(error.to_string()),
            }
            missed = match chunks {
                // Chat has not made it yet: the broker answers, and a user's events are in another one.
                Ok(_) | Err(StreamsError::Missing(_)) => 0,
                Err(StreamsError::Unavailable { .. }) => missed + 1,
            };
            let beats = missed < MISSED;
            if self.beats.send_replace(beats) != beats {
                tracing::warn!(beats, "whether the broker's streams answer has changed");
            }
            sleep(LOOK).await;
        }
    }

    pub(super) fn beats(&self) -> bool {
        *self.beats.borrow()
    }

    /// Waits until it stops.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut beats = self.beats.subscribe();
        async move {
            // Its end is ours as well.
            let _ = beats.wait_for(|beats| !beats).await;
        }
    }
}
