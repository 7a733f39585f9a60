//! A stream or an object store that a service owns: made, kept as it is defined, and watched, so that the service says when it takes nothing.

use std::time::Duration;

use muster_bus::{Bus, StreamState, StreamsError};
use muster_contracts::{objects::ObjectsSpec, stream::StreamSpec};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{health::Need, metric};

/// Pause after it could not be had.
const RETRY: Duration = Duration::from_millis(500);
/// How often it is looked at: a cluster of brokers that has lost its majority keeps its connections, and stores nothing.
const LOOK: Duration = Duration::from_secs(2);
/// A definition that somebody changed by hand is put right by then; at once after a broker that was away.
const REDEFINE: Duration = Duration::from_mins(5);

/// What a service owns. An object store is a stream to the broker.
#[derive(Debug)]
pub(crate) enum Owned {
    Stream(StreamSpec),
    Objects(ObjectsSpec),
}

impl Owned {
    fn name(&self) -> &str {
        match self {
            Self::Stream(spec) => spec.name,
            Self::Objects(spec) => spec.store.stream,
        }
    }

    async fn define(&self, bus: &Bus) -> Result<(), StreamsError> {
        match self {
            Self::Stream(spec) => bus.define_stream(spec).await.map(|_| ()),
            Self::Objects(spec) => bus.define_objects(spec).await,
        }
    }
}

/// Keeps it until `stop`.
pub(crate) async fn keep(bus: Bus, owned: Owned, need: Need, stop: CancellationToken) {
    tokio::select! {
        () = define(&bus, &owned, &need) => {}
        () = stop.cancelled() => {}
    }
}

async fn define(bus: &Bus, owned: &Owned, need: &Need) {
    let mut connection = bus.connection();
    loop {
        bus.connected().await;
        let epoch = connection.borrow_and_update().epoch;
        match owned.define(bus).await {
            Ok(()) => {
                need.met();
                tokio::select! {
                    () = watch(bus, owned, need) => {}
                    _ = connection.wait_for(|now| now.connected && now.epoch != epoch) => {}
                }
            }
            Err(error) => {
                tracing::debug!(%error, stream = owned.name(), "the stream is not there yet");
                need.missing(error.to_string());
                sleep(RETRY).await;
            }
        }
    }
}

/// Until it is time to define it anew: at once where somebody has deleted it.
async fn watch(bus: &Bus, owned: &Owned, need: &Need) {
    let until = Instant::now() + REDEFINE;
    while Instant::now() < until {
        sleep(LOOK).await;
        match bus.stream_state(owned.name()).await {
            Ok(state) => {
                need.met();
                measure(owned, &state);
            }
            Err(error) => {
                need.missing(error.to_string());
                if matches!(error, StreamsError::Missing(_)) {
                    return;
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
fn measure(owned: &Owned, state: &StreamState) {
    metric::STREAM_BYTES.set_of(owned.name(), state.bytes as f64);
    if state.max_bytes > 0 {
        metric::STREAM_MAX_BYTES.set_of(owned.name(), state.max_bytes as f64);
    }
}
