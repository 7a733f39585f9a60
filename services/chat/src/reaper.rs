//! What must happen without anybody asking: turns of lost workers end, long
//! replies are checkpointed, quiet sessions fall asleep, what is too old goes. Safe in any number of
//! instances: each step is conditional.

use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::Ordering,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use muster_contracts::{method, v1};
use muster_service::db::in_time;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::liveness::{self, Facts},
    metric, retention,
    state::{Done, State},
    store::{TurnRow, messages, sessions, shares, turns},
    tell::{self, Actor},
    turns::{assemble, finish},
};

/// How often turns of workers that are away are looked for. One that is found is ended when its time has come.
const LOST_EVERY: Duration = Duration::from_millis(500);
/// How often those of all workers are: that one has gone may never have been heard here.
const ALL_EVERY: Duration = Duration::from_secs(10);
/// Turns that are looked at together, and of them ended at once.
const LOOK: i64 = 200;
const AT_ONCE: usize = 8;
const HOUSE_EVERY: Duration = Duration::from_secs(20);
/// A round may take this long; the next one begins where it was given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// A reply that has been open for longer is kept up to now.
const CHECKPOINT: Duration = Duration::from_mins(1);
/// A device that did not get the answer to a send repeats it within this time. Milliseconds.
const SENT_AGAIN: i64 = 24 * 60 * 60 * 1000;
const LOST: &str = "The worker was lost while it was writing this.";

/// How long things last.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// After which a message is deleted, if ever. Milliseconds.
    pub keep_for: Option<i64>,
    /// What the stream keeps for so long is in the database well before it goes.
    pub chunks_for: Duration,
}

/// Ends the turns of workers that are lost, until stopped.
pub async fn end_lost_turns(state: State, stop: CancellationToken) {
    let mut next_all = Instant::now();
    loop {
        let all = next_all <= Instant::now();
        if all {
            next_all = Instant::now() + ALL_EVERY;
        }
        let pause = match in_time(PATIENCE, lost(&state, all)).await {
            Ok(next) => next.map_or(LOST_EVERY, |next| next.min(LOST_EVERY)),
            Err(error) => {
                tracing::warn!(%error, "turns of lost workers could not be ended");
                LOST_EVERY
            }
        };
        tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => return }
    }
}

/// Checkpoints and puts to sleep, until stopped.
pub async fn keep_house(state: State, terms: Terms, stop: CancellationToken) {
    let period = HOUSE_EVERY.min(terms.chunks_for / 4).max(Duration::from_millis(100));
    every(period, &stop, || house(&state, terms)).await;
}

/// Does something again and again until stopped; what fails is tried again the next time.
pub(crate) async fn every<F: Future<Output = Done<()>>>(
    period: Duration,
    stop: &CancellationToken,
    mut step: impl FnMut() -> F,
) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! { _ = ticks.tick() => {}, () = stop.cancelled() => return }
        if let Err(error) = in_time(PATIENCE, step()).await {
            tracing::warn!(%error, "a round of housekeeping failed");
        }
    }
}

/// Ends turns that are lost; how long until the next one is. All of them: those whose time has not come, or of which
/// nobody can tell, are in no other's way.
async fn lost(state: &State, all: bool) -> Done<Option<Duration>> {
    let (mut next, mut after) = (None, (i64::MIN, String::new()));
    loop {
        let open = turns::open(state.db.pool(), all, (after.0, &after.1), LOOK).await?;
        let Some(last) = open.last() else { return Ok(next) };
        after = (last.claimed_at, last.reply_id.clone());
        let workers = open.iter().map(|turn| turn.worker_id.clone()).collect::<BTreeSet<_>>();
        let asked = v1::PresenceRequest { worker_ids: workers.into_iter().collect() };
        // No answer means that nobody knows.
        let Ok(told) = state.bus.call::<method::Presence>(&asked).await else { return Ok(next) };
        let presence = told.workers.iter().map(|worker| (worker.worker_id.as_str(), worker)).collect::<HashMap<_, _>>();
        let mut over = Vec::new();
        for turn in &open {
            let Some(worker) = presence.get(turn.worker_id.as_str()) else { continue };
            match liveness::lost_in(facts(state, worker, turn)) {
                Some(0) => over.push(turn),
                Some(pause) => next = next.into_iter().chain([Duration::from_millis(pause.unsigned_abs())]).min(),
                None => {}
            }
        }
        stream::iter(over).for_each_concurrent(AT_ONCE, |turn| end(state, turn)).await;
    }
}

fn facts(state: &State, worker: &v1::WorkerPresence, turn: &TurnRow) -> Facts {
    let now = state.clock.now();
    let settled_since = state.settled_since.load(Ordering::Relaxed);
    Facts {
        settled_for: if settled_since == 0 { 0 } else { now - settled_since },
        known: worker.presence() == v1::Presence::Known,
        online: worker.online,
        // By the registry's own clock, which need not be ours; one of an older version tells the time alone.
        offline_for: worker.offline_for.or_else(|| worker.offline_since.map(|since| now - since)).unwrap_or(i64::MAX),
        closed: worker.closed,
        stop_asked: turn.stop_asked(),
    }
}

/// One that cannot be ended now holds up no other.
async fn end(state: &State, turn: &TurnRow) {
    if let Err(error) = finish::abandon(state, turn, LOST).await {
        tracing::warn!(%error, reply_id = turn.reply_id, "a lost turn could not be ended");
    }
}

async fn house(state: &State, terms: Terms) -> Done<()> {
    let Terms { keep_for, chunks_for } = terms;
    let idle_after = state.config.borrow().idle_after();
    let checkpoint_after = i64::try_from(CHECKPOINT.min(chunks_for / 4).as_millis()).unwrap_or(i64::MAX);
    let now = state.clock.now();
    for turn in turns::long_streaming(state.db.pool(), now - checkpoint_after).await? {
        // One that cannot be kept now holds up nothing else.
        if let Err(error) = assemble::checkpoint(state, &turn).await {
            tracing::warn!(%error, reply_id = turn.reply_id, "a reply could not be kept as far as it goes");
        }
    }
    metric::WAITING.set(messages::count_waiting(state.db.pool()).await?);
    end_links(state, now).await?;
    if let Some(keep_for) = keep_for {
        retention::round(state, keep_for).await?;
    }
    let mut write = state.write().await?;
    messages::forget_withdrawn(write.connection(), now - SENT_AGAIN).await?;
    let mut workers = Vec::new();
    for (session_id, worker_id) in sessions::fall_asleep(write.connection(), now - idle_after, 200).await? {
        tell::session(&mut write, &state.clock, &session_id, &Actor::system()).await?;
        workers.push(worker_id);
    }
    write.commit().await?;
    workers.sort_unstable();
    workers.dedup();
    for worker_id in workers {
        state.wake(&worker_id).await;
    }
    Ok(())
}

/// Links that last no longer: nobody can use them since, and pages shall not show them.
async fn end_links(state: &State, now: i64) -> Done<()> {
    let mut write = state.write().await?;
    for session_id in shares::forget_expired(write.connection(), now, 200).await? {
        tell::session(&mut write, &state.clock, &session_id, &Actor::system()).await?;
    }
    write.commit().await?;
    Ok(())
}
