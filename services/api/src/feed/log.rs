//! What a feed has shown lately: one log for all its viewers, each with a
//! place in it. Nobody is waited for; who falls out at the front reads the
//! stream instead.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;

/// Frames that are kept at most.
const ENTRIES: usize = 4096;
/// Bytes of frames that are kept at most.
const BYTES: usize = 2 * 1024 * 1024;
/// What one viewer is given at a time.
const TAKE: usize = 512;
const TAKE_BYTES: usize = 256 * 1024;

/// A frame that was shown.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its place in the broker's stream.
    pub(super) sequence: u64,
    /// The position of a viewer who has it; never lower than the one before.
    pub(super) position: u64,
    /// For every viewer the same.
    pub(super) frame: Bytes,
    /// Text that may be merged.
    pub(super) text: bool,
}

/// How it is with the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Goes on.
    Open,
    /// What it is about is gone; the last frame said so.
    Gone,
    /// Cannot go on: whoever watches shall come back.
    Broken,
}

#[derive(Debug)]
struct State {
    /// Number of the first entry.
    base: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Everything behind this position is or was in the log.
    floor: u64,
    /// The position of a viewer who has everything.
    head: u64,
    life: Life,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Log {
    state: Mutex<State>,
    grown: watch::Sender<()>,
}

/// What is behind a place in the log.
#[derive(Debug)]
pub(super) enum Taken {
    /// Frames, the place behind them, and whether the viewer is far behind.
    Frames { entries: Vec<Entry>, next: u64, behind: bool },
    /// Nothing yet.
    Nothing { head: u64 },
    /// It is no longer in the log.
    Below,
    /// Nothing, ever.
    Ended(Life),
}

impl Log {
    /// Covers what is stored behind `floor`.
    pub(super) fn new(floor: u64) -> Self {
        let state = State { base: 0, entries: VecDeque::new(), bytes: 0, floor, head: floor, life: Life::Open };
        Self { state: Mutex::new(state), grown: watch::channel(()).0 }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds frames, and wakes whoever waits.
    pub(super) fn append(&self, new: impl IntoIterator<Item = Entry>, head: u64) {
        let mut state = self.state();
        let before = state.entries.len();
        for entry in new {
            state.bytes += entry.frame.len();
            state.entries.push_back(entry);
        }
        let grown = state.entries.len() > before;
        state.head = state.head.max(head);
        while state.entries.len() > ENTRIES || state.bytes > BYTES {
            let Some(oldest) = state.entries.pop_front() else { break };
            state.bytes -= oldest.frame.len();
            state.base += 1;
            state.floor = state.floor.max(oldest.position);
        }
        drop(state);
        if grown {
            self.grown.send_replace(());
        }
    }

    /// Nothing follows.
    pub(super) fn end(&self, life: Life) {
        self.state().life = life;
        self.grown.send_replace(());
    }

    /// Rings whenever there is something new.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.grown.subscribe()
    }

    /// The position of whoever has everything so far.
    pub(super) fn head(&self) -> u64 {
        self.state().head
    }

    /// The place of a viewer who has everything up to this position.
    ///
    /// # Errors
    /// The log's floor, when it lies above.
    pub(super) fn join(&self, after: u64) -> Result<u64, u64> {
        let state = self.state();
        if after < state.floor {
            return Err(state.floor);
        }
        let known = state.entries.partition_point(|entry| entry.position <= after);
        Ok(state.base + known as u64)
    }

    /// The frames behind a place, without those up to the sequence with which the viewer joined.
    pub(super) fn take(&self, place: u64, joined_after: u64) -> Taken {
        let state = self.state();
        let Some(skip) = place.checked_sub(state.base).and_then(|skip| usize::try_from(skip).ok()) else {
            return Taken::Below;
        };
        let behind = state.entries.len().saturating_sub(skip);
        if behind == 0 {
            return match state.life {
                Life::Open => Taken::Nothing { head: state.head },
                ended => Taken::Ended(ended),
            };
        }
        let (mut entries, mut bytes, mut seen) = (Vec::with_capacity(behind.min(TAKE)), 0, 0);
        for entry in state.entries.iter().skip(skip).take(TAKE) {
            if bytes > TAKE_BYTES {
                break;
            }
            seen += 1;
            if entry.sequence > joined_after {
                bytes += entry.frame.len();
                entries.push(entry.clone());
            }
        }
        Taken::Frames { entries, next: place + seen, behind: behind > super::BEHIND }
    }
}
