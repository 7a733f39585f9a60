//! Event streams. Cost follows what is watched, not who watches: a feed for
//! each watched topic, made for its first viewer, one tail, one encoding of
//! each event, and the same bytes to everybody.

mod closing;
mod follow;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
#[cfg(test)]
mod golden;
mod log;
mod position;
mod pulse;
mod told;
pub(crate) mod topic;
pub(crate) mod viewer;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use muster_bus::Bus;
use muster_service::{Clock, Db, health::Need};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use self::follow::BATCH;
use self::{
    closing::Closings,
    follow::Follow,
    log::Log,
    position::Positions,
    pulse::Pulse,
    topic::Topic,
    viewer::{OpenError, Viewer},
};
use crate::{config::ApiConfig, domain::event_id::EventId, http::caller::Caller, metric};

/// A feed without viewers is kept this long: most come back.
const LINGER: Duration = Duration::from_secs(5);
/// Frames that a viewer may have before them until runs of text are merged.
const BEHIND: usize = 64;

/// The broker does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// All feeds of this process.
#[derive(Debug)]
pub(crate) struct Feeds {
    bus: Bus,
    clock: Clock,
    positions: Arc<Positions>,
    pulse: Pulse,
    feeds: Arc<Mutex<HashMap<Topic, Arc<Feed>>>>,
    closings: Closings,
}

#[derive(Debug)]
struct Feed {
    topic: Topic,
    started: OnceCell<Started>,
    viewers: AtomicUsize,
}

#[derive(Debug)]
struct Started {
    epoch: String,
    log: Arc<Log>,
}

/// Counts a viewer for as long as it lives.
#[derive(Debug)]
pub(crate) struct Watching {
    feed: Arc<Feed>,
    started: (String, Arc<Log>),
    feeds: Arc<Mutex<HashMap<Topic, Arc<Feed>>>>,
}

impl Feeds {
    pub(crate) fn new(
        bus: Bus,
        clock: Clock,
        db: Db,
        config: watch::Receiver<ApiConfig>,
        stop: CancellationToken,
        streams: Need,
    ) -> Self {
        Self {
            positions: Arc::new(Positions::new(bus.clone())),
            pulse: Pulse::new(bus.clone(), streams),
            feeds: Arc::default(),
            closings: Closings::new(bus.clone(), clock.clone(), db, config, stop),
            bus,
            clock,
        }
    }

    /// Ends the streams of sign-ins that are over, and all of them while the broker stores nothing, until the process
    /// ends.
    pub(crate) async fn close_what_is_over(&self) {
        tokio::select! {
            () = self.closings.run() => {}
            () = self.pulse.feel() => {}
        }
    }

    /// A place for one more connection of the caller; it ends when its token is cancelled.
    pub(crate) async fn admit(&self, caller: &Caller) -> Result<closing::Open, OpenError> {
        self.closings.admit(caller).await
    }

    /// A viewer that continues after `last`, or begins now.
    pub(crate) async fn open(
        &self,
        topic: Topic,
        last: Option<&str>,
        closed: CancellationToken,
    ) -> Result<Viewer, OpenError> {
        let watching = self.watch(topic).await?;
        let (after, resync) = match last {
            None => (None, false),
            Some(text) => match text.parse::<EventId>() {
                Ok(id) if self.usable(&id, &watching).await? => (Some(id.sequence), false),
                Ok(_) | Err(_) => (None, true),
            },
        };
        Ok(Viewer::new(watching, self.bus.clone(), after, resync, closed))
    }

    async fn usable(&self, id: &EventId, watching: &Watching) -> Result<bool, Unavailable> {
        let (topic, epoch) = (watching.topic(), watching.epoch());
        if id.stream != topic.key() || id.epoch != epoch {
            return Ok(false);
        }
        // What the log covers needs no question.
        if watching.log().join(id.sequence).is_ok() && id.sequence <= watching.log().head() {
            return Ok(true);
        }
        let state = self.positions.now(topic.stream()).await?;
        Ok(viewer::usable(id, topic.key(), &state))
    }

    async fn watch(&self, topic: Topic) -> Result<Watching, Unavailable> {
        let feed = {
            let mut feeds = lock(&self.feeds);
            let feed = feeds.entry(topic).or_insert_with_key(|topic| {
                metric::FEEDS.up();
                Arc::new(Feed { topic: topic.clone(), started: OnceCell::new(), viewers: AtomicUsize::new(0) })
            });
            feed.viewers.fetch_add(1, Ordering::SeqCst);
            Arc::clone(feed)
        };
        // From here on the count is taken back when this is dropped.
        let mut watching =
            Watching { feed, started: (String::new(), Arc::new(Log::new(0))), feeds: Arc::clone(&self.feeds) };
        let feed = Arc::clone(&watching.feed);
        let started = feed.started.get_or_try_init(|| self.begin(&feed)).await?;
        watching.started = (started.epoch.clone(), Arc::clone(&started.log));
        Ok(watching)
    }

    async fn begin(&self, feed: &Arc<Feed>) -> Result<Started, Unavailable> {
        if !self.bus.connection().borrow().connected || !self.pulse.beats() {
            return Err(Unavailable);
        }
        let follow = Follow::begin(self.bus.clone(), feed.topic.clone(), &self.positions, self.clock.clone()).await?;
        let started = Started { epoch: follow.epoch().to_owned(), log: follow.log() };
        let (feed, feeds, positions) = (Arc::clone(feed), Arc::clone(&self.feeds), Arc::clone(&self.positions));
        let stopped = self.pulse.stopped();
        tokio::spawn(async move {
            tokio::select! {
                () = follow.run(&positions, stopped) => {}
                () = unwatched(&feed, &feeds) => {}
            }
            forget(&feed, &feeds);
        });
        Ok(started)
    }
}

/// Comes back once nobody has watched for a while, and the feed is forgotten.
async fn unwatched(feed: &Arc<Feed>, feeds: &Mutex<HashMap<Topic, Arc<Feed>>>) {
    let mut empty = false;
    loop {
        tokio::time::sleep(LINGER).await;
        let mut all = lock(feeds);
        let alone = feed.viewers.load(Ordering::SeqCst) == 0;
        if alone && empty {
            remove(feed, &mut all);
            return;
        }
        empty = alone;
    }
}

fn forget(feed: &Arc<Feed>, feeds: &Mutex<HashMap<Topic, Arc<Feed>>>) {
    remove(feed, &mut lock(feeds));
}

/// Takes this very feed out; another of the same topic stays.
fn remove(feed: &Arc<Feed>, all: &mut HashMap<Topic, Arc<Feed>>) {
    if all.get(&feed.topic).is_some_and(|known| Arc::ptr_eq(known, feed)) {
        all.remove(&feed.topic);
        metric::FEEDS.down();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watching {
    fn topic(&self) -> &Topic {
        &self.feed.topic
    }

    fn epoch(&self) -> &str {
        &self.started.0
    }

    const fn log(&self) -> &Arc<Log> {
        &self.started.1
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut all = lock(&self.feeds);
        let last = self.feed.viewers.fetch_sub(1, Ordering::SeqCst) == 1;
        // One that never began has no task that would forget it.
        if last && self.feed.started.get().is_none() {
            remove(&self.feed, &mut all);
        }
    }
}
