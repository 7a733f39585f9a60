//! Where the broker's streams end now, asked once for all who join meanwhile.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use muster_bus::{Bus, StreamState};
use muster_contracts::stream::{CHUNKS, EVENTS};
use tokio::sync::Mutex;

use crate::feed::Unavailable;

#[derive(Debug, Default)]
struct Slot {
    /// Requests that have begun.
    begun: AtomicU64,
    latest: Mutex<Option<(u64, Result<StreamState, Unavailable>)>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Positions {
    bus: Bus,
    slots: HashMap<&'static str, Slot>,
}

impl Positions {
    pub(super) fn new(bus: Bus) -> Self {
        Self { bus, slots: [CHUNKS, EVENTS].into_iter().map(|stream| (stream, Slot::default())).collect() }
    }

    /// The stream's state as its leader told it after this was called: an
    /// answer to a request that had begun before would be too old.
    pub(super) async fn now(&self, stream: &'static str) -> Result<StreamState, Unavailable> {
        let slot = self.slots.get(stream).ok_or(Unavailable)?;
        let begun = slot.begun.load(Ordering::SeqCst);
        let mut latest = slot.latest.lock().await;
        if let Some((number, state)) = &*latest
            && *number > begun
        {
            return state.clone();
        }
        let number = slot.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let state = self.bus.stream_state(stream).await.map_err(|error| {
            tracing::debug!(%error, stream, "the stream's state cannot be had");
            Unavailable
        });
        *latest = Some((number, state.clone()));
        state
    }
}
