//! One viewer of a feed: a beat, what they missed, then what comes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use muster_bus::Bus;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::event_id::EventId,
    feed::{
        BEHIND, Unavailable, Watching,
        follow::BATCH,
        frame,
        log::{Entry, Life, Log, Taken},
        told::{Shown, Told},
    },
    metric,
};

/// Longest silence.
const BEAT: Duration = Duration::from_secs(15);
/// A replica that lags is asked again after this.
const LAGGING: Duration = Duration::from_millis(20);
/// A read that failed is tried again after this.
const FAILED: Duration = Duration::from_millis(500);

/// The stream was cut: whoever watches shall come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event stream was cut")]
pub(crate) struct Cut;

/// See the module.
#[derive(Debug)]
pub(crate) struct Viewer {
    watching: Watching,
    bus: Bus,
    log: Arc<Log>,
    grown: watch::Receiver<()>,
    closed: CancellationToken,
    /// What the next beat says.
    after: u64,
    place: Place,
    first: Option<Bytes>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// Reads the stream.
    Replay,
    /// In the log, without what it had when it came there.
    Log { next: u64, joined_after: u64 },
}

impl Viewer {
    /// A viewer who has everything up to `after`; `None`: begins now. With
    /// `resync`, they are told that what they had is of no use.
    pub(super) fn new(
        watching: Watching,
        bus: Bus,
        after: Option<u64>,
        resync: bool,
        closed: CancellationToken,
    ) -> Self {
        let log = Arc::clone(watching.log());
        let grown = log.watch();
        let after = after.unwrap_or_else(|| log.head());
        let mut viewer = Self { watching, bus, log, grown, closed, after, place: Place::Replay, first: None };
        // Whoever is below the log reads the stream first.
        let _ = viewer.join();
        let mut first = frame::beat(&viewer.id(after)).to_vec();
        if resync {
            let data = serde_json::json!({ "stream": viewer.watching.topic().shown() });
            first.extend_from_slice(&frame::encode(&viewer.id(after), "resync", &data).unwrap_or_default());
        }
        viewer.first = Some(first.into());
        viewer
    }

    /// What to send, piece by piece; it ends when nothing can follow.
    pub(crate) fn pieces(self) -> impl Stream<Item = Result<Bytes, Cut>> + Send {
        stream::unfold(Some(self), |viewer| async move {
            let mut viewer = viewer?;
            match viewer.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(viewer))),
                Ok(None) => None,
                Err(cut) => Some((Err(cut), None)),
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let beat = Instant::now() + BEAT;
        loop {
            let place = self.place;
            let (closed, id) = (self.closed.clone(), self.id(self.after));
            let piece = async {
                match place {
                    Place::Replay => self.replay().await,
                    Place::Log { next, joined_after } => self.follow(next, joined_after).await,
                }
            };
            tokio::select! {
                biased;
                () = closed.cancelled() => return Err(Cut),
                piece = piece => match piece {
                    Step::Send(piece) => return Ok(Some(piece)),
                    Step::Again => {}
                    Step::End(Life::Gone) => return Ok(None),
                    Step::End(_) => return Err(Cut),
                },
                () = tokio::time::sleep_until(beat) => return Ok(Some(frame::beat(&id))),
            }
        }
    }

    async fn follow(&mut self, next: u64, joined_after: u64) -> Step {
        // Marked as seen before looking, so that what comes in between rings.
        self.grown.mark_unchanged();
        match self.log.take(next, joined_after) {
            Taken::Frames { entries, next, behind } => {
                self.place = Place::Log { next, joined_after };
                self.after = entries.last().map_or(self.after, |entry| entry.position.max(self.after));
                match entries.as_slice() {
                    [] => Step::Again,
                    entries if behind => Step::Send(frame::merged(entries)),
                    entries => Step::Send(frame::joined(entries)),
                }
            }
            Taken::Nothing { head } => {
                self.after = self.after.max(head);
                match self.grown.changed().await {
                    Ok(()) => Step::Again,
                    Err(_) => Step::End(Life::Broken),
                }
            }
            Taken::Below => {
                self.place = Place::Replay;
                Step::Again
            }
            Taken::Ended(life) => Step::End(life),
        }
    }

    /// One batch of what is below the log; then into the log as soon as it covers the rest.
    async fn replay(&mut self) -> Step {
        let Err(floor) = self.join() else { return Step::Again };
        let topic = self.watching.topic();
        let batch = match self.bus.read(topic.stream(), &topic.filter(), self.after + 1, BATCH).await {
            Ok(batch) => batch,
            Err(_) => {
                tokio::time::sleep(FAILED).await;
                return Step::Again;
            }
        };
        metric::REPLAYS.add(1);
        let last = batch.messages.last().map(|stored| stored.sequence);
        let mut entries = Vec::with_capacity(batch.messages.len());
        for stored in batch.messages {
            // A repeated number was not shown live, and may be shown here: viewers know numbers.
            if topic.admits(&stored)
                && let Some(told) = Told::read(&stored)
                && let Some(Shown { frame, text }) = told.show(&self.id(stored.sequence))
            {
                entries.push(Entry { sequence: stored.sequence, position: stored.sequence, frame, text });
            }
        }
        let reached = if batch.more { last } else { batch.looked_up_to.max(last) };
        self.after = self.after.max(reached.unwrap_or(0));
        self.place = Place::Replay;
        match entries.as_slice() {
            [] if !batch.more && self.after < floor => self.nothing_yet(reached, floor).await,
            [] => Step::Again,
            entries if entries.len() > BEHIND => Step::Send(frame::merged(entries)),
            entries => Step::Send(frame::joined(entries)),
        }
    }

    /// Nothing more is there, and the log begins higher: all of it has been read, or the replica lags.
    async fn nothing_yet(&mut self, reached: Option<u64>, floor: u64) -> Step {
        if reached.is_some() {
            tokio::time::sleep(LAGGING).await;
            return Step::Again;
        }
        // A plain "nothing" does not say how far it looked. The leader knows.
        let topic = self.watching.topic();
        match self.bus.last(topic.stream(), &topic.filter()).await {
            Ok(Some(last)) if last.sequence > self.after => tokio::time::sleep(LAGGING).await,
            Ok(_) => self.after = floor,
            Err(_) => tokio::time::sleep(FAILED).await,
        }
        Step::Again
    }

    /// Into the log, if it covers what is behind `after`.
    fn join(&mut self) -> Result<(), u64> {
        let next = self.log.join(self.after)?;
        self.place = Place::Log { next, joined_after: self.after };
        Ok(())
    }

    fn id(&self, sequence: u64) -> EventId {
        let (stream, epoch) = (self.watching.topic().key().to_owned(), self.watching.epoch().to_owned());
        EventId { stream, epoch, sequence }
    }
}

enum Step {
    Send(Bytes),
    Again,
    End(Life),
}

/// A position of the future, of another epoch, or too far back is of no use.
pub(super) fn usable(id: &EventId, key: &str, state: &muster_bus::StreamState) -> bool {
    let EventId { stream, epoch, sequence } = id;
    stream == key && *epoch == state.epoch && *sequence <= state.last && sequence + 1 >= state.first
}

/// Why a viewer cannot be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// The broker does not answer.
    Unavailable,
    /// The user has too many streams open.
    TooMany,
    /// The sign-in has ended meanwhile.
    SignedOut,
}

impl From<Unavailable> for OpenError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}
