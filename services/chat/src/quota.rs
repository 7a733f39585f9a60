//! Keeps every worker to its share of the stream CHUNKS. Safe in any number of instances: what one does, the others
//! find done.

use std::time::Duration;

use muster_bus::StreamState;
use muster_contracts::{limits::PAYLOAD_BYTES, stream::CHUNKS, subject::filter};
use muster_service::db::in_time;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::quota::{self, Share, Verdict},
    metric, restriction,
    state::{Done, State},
    store::{quotas, turns, workers},
};

/// What a turn's reply says when it was stopped.
const STOPPED: &str = "This worker has filled its share of the server's storage: its turns are stopped until what it \
                       wrote is old enough to be removed there.";

/// A round may take this long; the next one begins anew.
const PATIENCE: Duration = Duration::from_mins(1);

/// What one worker may have.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Of the bytes that the stream may take.
    pub percent: u64,
    /// Messages.
    pub messages: u64,
    /// How often it is looked at.
    pub every: Duration,
}

/// Looks again and again, until stopped.
pub async fn watch(state: State, stop: CancellationToken) {
    let mut config = state.config.clone();
    loop {
        let allowance = config.borrow_and_update().allowance();
        if let Err(error) = in_time(PATIENCE, round(&state, allowance)).await {
            tracing::warn!(%error, "the shares of workers in the stream could not be looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(allowance.every) => {}
            Ok(()) = config.changed() => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn round(state: &State, allowance: Allowance) -> Done<()> {
    let stream = state.bus.stream_state(CHUNKS).await?;
    let bytes = u64::try_from(stream.max_bytes).unwrap_or(u64::MAX).saturating_mul(allowance.percent) / 100;
    let may = Share { messages: allowance.messages, bytes };
    // Whoever is part of this has less still: mostly one question is all that is asked.
    if stream.bytes <= may.bytes && stream.messages <= may.messages {
        for worker_id in quotas::all(state.db.pool()).await? {
            lift(state, &worker_id).await?;
        }
    } else {
        for worker_id in workers::all(state.db.pool()).await? {
            look_at(state, &worker_id, &stream, may).await?;
        }
    }
    restriction::tell_all(state).await
}

async fn look_at(state: &State, worker_id: &str, stream: &StreamState, may: Share) -> Done<()> {
    let has = share(state, worker_id, stream, may).await?;
    let known = quotas::get(state.db.pool(), worker_id).await?;
    match quota::judge(has, may, known.and_then(|known| known.held)) {
        Verdict::Within => lift(state, worker_id).await,
        Verdict::Stop => stop(state, worker_id, has).await,
        Verdict::CutOff => cut_off(state, worker_id, has).await,
    }
}

/// What a worker has. The broker counts messages at once, but not bytes: these are estimated from some of the
/// messages, and only if they could be too many.
async fn share(state: &State, worker_id: &str, stream: &StreamState, may: Share) -> Done<Share> {
    let filter = filter::writer(&worker_id.parse()?);
    let messages = state.bus.count(CHUNKS, &filter, stream.first).await?;
    let largest = u64::try_from(PAYLOAD_BYTES).unwrap_or(u64::MAX);
    if messages.saturating_mul(largest) <= may.bytes {
        return Ok(Share { messages, bytes: 0 });
    }
    let mean = state.bus.mean_size(CHUNKS, &filter, (stream.first, stream.last)).await?;
    Ok(Share { messages, bytes: messages.saturating_mul(mean) })
}

async fn lift(state: &State, worker_id: &str) -> Done<()> {
    let mut write = state.write().await?;
    let lifted = quotas::lift(write.connection(), worker_id).await?;
    write.commit().await?;
    if lifted {
        tracing::info!(worker_id, "a worker is within its share of the storage again");
        restriction::tell(state, worker_id).await?;
        state.wake(worker_id).await;
    }
    Ok(())
}

async fn stop(state: &State, worker_id: &str, has: Share) -> Done<()> {
    let mut write = state.write().await?;
    let new = quotas::stop(write.connection(), worker_id, i64::try_from(has.messages).unwrap_or(i64::MAX)).await?;
    turns::stop_all(write.connection(), worker_id, STOPPED).await?;
    write.commit().await?;
    if new {
        metric::OVER_QUOTA.add(1);
        tracing::warn!(
            worker_id,
            messages = has.messages,
            bytes = has.bytes,
            "a worker has more than its share of CHUNKS"
        );
        restriction::tell(state, worker_id).await?;
    }
    state.wake(worker_id).await;
    Ok(())
}

async fn cut_off(state: &State, worker_id: &str, has: Share) -> Done<()> {
    let mut write = state.write().await?;
    let new = quotas::cut_off(write.connection(), worker_id).await?;
    write.commit().await?;
    if new {
        metric::CUT_OFF.add(1);
        tracing::error!(
            worker_id,
            messages = has.messages,
            bytes = has.bytes,
            "a worker writes on although it was told to stop: it is cut off; its messages stay until they are old \
             (chunks_max_seconds), and chunks_max_bytes can be raised until then"
        );
        restriction::tell(state, worker_id).await?;
    }
    Ok(())
}
