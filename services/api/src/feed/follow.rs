//! The task behind a feed: follows the tail, finds holes, fills the log.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use futures_util::StreamExt as _;
use muster_bus::{Bus, Stored, Tail};
use muster_contracts::{
    subject::{Entity, Subject},
    v1,
};
use muster_service::{Clock, metric::Timer};
use tokio::time::Instant;
use tracing::Span;

use crate::{
    domain::{
        event_id::EventId,
        sequencer::{Sequencer, Verdict},
    },
    feed::{
        Unavailable,
        log::{Entry, Life, Log},
        position::Positions,
        told::{Shown, Told},
        topic::Topic,
    },
    metric,
};

/// How often the stream is read for lost last events while a turn is open.
const CHECK_OPEN: Duration = Duration::from_secs(5);
/// The same while none is.
const CHECK_QUIET: Duration = Duration::from_secs(30);
/// A read that failed is tried again after this.
const CHECK_FAILED: Duration = Duration::from_secs(1);
/// Messages of one read.
pub(crate) const BATCH: usize = 256;
/// How often a replica is asked for a message that the tail has brought already.
const LAGGING: u32 = 20;
/// Pause between two of these.
const LAGGING_PAUSE: Duration = Duration::from_millis(20);

/// A feed that follows its topic.
#[derive(Debug)]
pub(super) struct Follow {
    bus: Bus,
    topic: Topic,
    epoch: String,
    log: Arc<Log>,
    sequencer: Sequencer,
    tail: Tail,
    lag: Lag,
}

/// How late chunks are.
#[derive(Debug)]
struct Lag {
    clock: Clock,
    stored: Timer,
    passed_on: Timer,
}

impl Lag {
    fn new(clock: Clock) -> Self {
        Self { clock, stored: metric::LAG.of("stored"), passed_on: metric::LAG.of("passed_on") }
    }

    fn note(&self, written_at: i64, stored_at: i64) {
        self.stored.between(written_at, stored_at);
        self.passed_on.between(stored_at, self.clock.now());
    }
}

impl Follow {
    /// Joins the tail, and only then asks where the stream ends: so nothing
    /// can be stored between the two unseen.
    pub(super) async fn begin(
        bus: Bus,
        topic: Topic,
        positions: &Positions,
        clock: Clock,
    ) -> Result<Self, Unavailable> {
        let tail = bus.tail(topic.tail()).await.map_err(|_| Unavailable)?;
        let state = positions.now(topic.stream()).await?;
        let log = Arc::new(Log::new(state.last));
        let sequencer = Sequencer::new(state.last);
        Ok(Self { bus, topic, epoch: state.epoch, log, sequencer, tail, lag: Lag::new(clock) })
    }

    pub(super) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Runs until what it is about is gone, it can no longer be trusted, or the broker has stopped storing.
    pub(super) async fn run(mut self, positions: &Positions, stopped: impl Future<Output = ()>) {
        let log = self.log();
        // Whatever is being asked of the broker then: without a majority it may never answer.
        let life = tokio::select! {
            life = self.live(positions) => life,
            () = stopped => Life::Broken,
        };
        log.end(life);
    }

    async fn live(&mut self, positions: &Positions) -> Life {
        let mut connection = self.bus.connection();
        let mut known = *connection.borrow_and_update();
        let mut check = Instant::now() + CHECK_QUIET;
        loop {
            tokio::select! {
                gathered = gathered(&mut self.tail) => {
                    let Some((batch, traced)) = gathered else { return Life::Broken };
                    let life = self.pass_on(batch).await;
                    if life != Life::Open { return life }
                    drop(traced);
                    if self.sequencer.turn_open() { check = check.min(Instant::now() + CHECK_OPEN) }
                }
                changed = connection.changed() => {
                    if changed.is_err() { return Life::Broken }
                    let now = *connection.borrow_and_update();
                    // The client subscribes again by itself; what was missed meanwhile is read.
                    if now.connected && (now.epoch, now.drops) != (known.epoch, known.drops) {
                        if now.epoch != known.epoch && !self.same_stream(positions).await { return Life::Broken }
                        known = now;
                        check = Instant::now();
                    }
                }
                () = tokio::time::sleep_until(check) => {
                    let whole = self.repair().await.is_ok();
                    let pause = match (whole, self.sequencer.turn_open()) {
                        (false, _) => CHECK_FAILED,
                        (true, true) => CHECK_OPEN,
                        (true, false) => CHECK_QUIET,
                    };
                    check = Instant::now() + pause;
                }
            }
        }
    }

    /// Whether positions still mean what they did: the stream may have been
    /// made anew while the broker was away.
    async fn same_stream(&self, positions: &Positions) -> bool {
        loop {
            match positions.now(self.topic.stream()).await {
                Ok(state) => return state.epoch == self.epoch && state.last >= self.sequencer.verified(),
                Err(Unavailable) => tokio::time::sleep(CHECK_FAILED).await,
            }
        }
    }

    async fn pass_on(&mut self, batch: Vec<Stored>) -> Life {
        let (mut entries, mut life) = (Vec::with_capacity(batch.len()), Life::Open);
        let mut written_at = None;
        for stored in batch {
            if self.is_removal(&stored) {
                let id = self.id(self.sequencer.passed());
                let entry = Told::read(&stored).and_then(|told| told.show(&id)).map(|Shown { frame, text }| {
                    // Its number counts in another stream; it is for everybody.
                    Entry { sequence: u64::MAX, position: id.sequence, frame, text }
                });
                entries.extend(entry);
                life = Life::Gone;
                continue;
            }
            if !self.topic.admits(&stored) {
                continue;
            }
            let Some(told) = Told::read(&stored) else { continue };
            written_at = told.written_at().or(written_at);
            let step = told.step();
            let mut verdict = self.sequencer.live(stored.sequence, &step);
            for _ in 0..LAGGING {
                if verdict != Verdict::Hole {
                    break;
                }
                // What came before the hole is shown before what fills it.
                self.log.append(entries.drain(..), 0);
                if self.repair().await.is_err() || self.sequencer.verified() < stored.sequence {
                    tokio::time::sleep(LAGGING_PAUSE).await;
                }
                verdict = self.sequencer.live(stored.sequence, &step);
            }
            if verdict == Verdict::Hole && self.sequencer.verified() < stored.sequence {
                // The replica lags: it has what is missing. Whoever comes back reads it.
                self.log.append(entries, self.sequencer.passed());
                return Life::Broken;
            }
            if verdict == Verdict::Hole {
                // It was stored, and is not withheld for what is not there.
                tracing::warn!(sequence = stored.sequence, "a hole in a reply could not be filled");
                verdict = self.sequencer.found(stored.sequence, &step);
            }
            if let Verdict::Pass(position) = verdict {
                entries.extend(self.entry(stored.sequence, position, told));
            }
        }
        self.log.append(entries, self.sequencer.passed());
        if let Some((written_at, stored_at)) = written_at.zip(self.tail.stored_at()) {
            self.lag.note(written_at, stored_at);
        }
        life
    }

    /// Reads the stream from where all is known, and passes on what the tail has not brought.
    async fn repair(&mut self) -> Result<(), Unavailable> {
        loop {
            let from = self.sequencer.verified() + 1;
            let read = self.bus.read(self.topic.stream(), &self.topic.filter(), from, BATCH).await;
            let batch = read.map_err(|_| Unavailable)?;
            let last = batch.messages.last().map(|stored| stored.sequence);
            let mut entries = Vec::new();
            for stored in batch.messages.into_iter().filter(|stored| self.topic.admits(stored)) {
                let Some(told) = Told::read(&stored) else { continue };
                if let Verdict::Pass(position) = self.sequencer.found(stored.sequence, &told.step()) {
                    entries.extend(self.entry(stored.sequence, position, told));
                }
            }
            metric::GAPS.add(entries.len() as u64);
            let reached = if batch.more { last } else { batch.looked_up_to.max(last) };
            self.sequencer.read_up_to(reached.unwrap_or(0));
            self.log.append(entries, self.sequencer.passed());
            if !batch.more || last.is_none() {
                return Ok(());
            }
        }
    }

    fn entry(&self, sequence: u64, position: u64, told: Told) -> Option<Entry> {
        let Shown { frame, text } = told.show(&self.id(position))?;
        Some(Entry { sequence, position, frame, text })
    }

    fn id(&self, sequence: u64) -> EventId {
        EventId { stream: self.topic.key().to_owned(), epoch: self.epoch.clone(), sequence }
    }

    /// Whether a session's feed hears that the session is gone.
    fn is_removal(&self, stored: &Stored) -> bool {
        matches!((&self.topic, &stored.subject), (Topic::Session { .. }, Subject::Event(address))
            if address.entity == Entity::Session && is_removed(stored))
    }
}

fn is_removed(stored: &Stored) -> bool {
    use muster_contracts::Message as _;
    let event = v1::Event::decode(stored.payload.clone());
    event.is_ok_and(|event| matches!(event.object, Some(v1::event::Object::Removed(_))))
}

/// All that has come, with spans of what is part of a trace, in the stream's order: several subscriptions of one
/// connection are filled in order, so whatever one of them holds, the others
/// hold all that was stored before it.
async fn gathered(tail: &mut Tail) -> Option<(Vec<Stored>, Vec<Span>)> {
    let (mut batch, mut traced) = (Vec::new(), Vec::new());
    let ended = tokio::task::unconstrained(poll_fn(|context| {
        loop {
            match tail.poll_next_unpin(context) {
                Poll::Ready(Some(stored)) => {
                    batch.push(stored);
                    traced.extend(tail.span());
                }
                Poll::Ready(None) => return Poll::Ready(true),
                Poll::Pending if batch.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(false),
            }
        }
    }))
    .await;
    batch.sort_by_key(|stored| stored.sequence);
    if ended && batch.is_empty() { None } else { Some((batch, traced)) }
}
