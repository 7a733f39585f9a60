//! Looking every second: is the broker there, who has gone silent?

use std::time::Duration;

use muster_service::db::in_time;

use super::{PATIENCE, refresh::refresh};
use crate::state::Shared;

const PERIOD: Duration = Duration::from_secs(1);

/// Sweeps until stopped.
pub(crate) async fn repeat(state: Shared) {
    loop {
        let now = state.now();
        state.memory.look(now, &state.bus, &state.system);
        for worker in state.memory.silent(now) {
            if let Err(error) = in_time(PATIENCE, refresh(&state, &worker)).await {
                tracing::warn!(%worker, %error, "a silent worker could not be set offline");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = state.stop.cancelled() => return,
        }
    }
}
