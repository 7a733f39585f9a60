//! Writes a reply into the stream: the thin part around [`Outgoing`] that waits for the network.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use muster_bus::{Receipt, StoreError, Storing};
use muster_contracts::{
    id::WorkerId,
    limits,
    subject::{About, ChunkAddress, ChunkKind, Subject, Writer as SubjectWriter},
};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    queue::{BLOCK, Item, Reader},
    table::{Entry, Turns},
};
use crate::{
    clock::Clock,
    domain::{
        event::Outcome,
        outgoing::{Outgoing, Publish},
    },
    protocol::Link,
};

/// After this long the stream may have forgotten a Msg-Id: only chat can tell
/// then what is stored. Below the duplicate window of two minutes.
const CERTAIN_FOR: Duration = Duration::from_secs(100);
/// Whoever was cut off for longer may be taken for dead by now, so it asks whether it may go on before it writes another
/// word. A little less than [`limits::BACK`]: the broker may have seen the connection end before we did.
const LONG: Duration = limits::BACK.saturating_sub(Duration::from_secs(1));
/// First pause between attempts while the stream takes nothing; they double.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest pause while a stream has no leader: it has one again in seconds, of which none is to be lost here.
const LEADERLESS: Duration = Duration::from_millis(400);
/// Longest pause while it is full, which may take hours.
const FULL: Duration = Duration::from_secs(5);
/// How a reply ends whose middle is gone.
const UNREADABLE: &str = "The disk of the worker's machine does not give back what waited there while the server was \
                          away; this is what came before.";

/// Where chunks are stored.
pub trait ChunkStore: Send + Sync + 'static {
    /// One attempt to store a message.
    fn store(&self, message: Storing) -> BoxFuture<'_, Result<Receipt, StoreError>>;

    /// Which connection there is now, if there is one.
    fn connection(&self) -> Option<u64>;

    /// Waits until there is a connection, and tells which one it is.
    fn connected(&self) -> BoxFuture<'_, u64>;
}

/// Over the worker's connection, whichever that is by then.
impl ChunkStore for watch::Receiver<Link> {
    fn store(&self, message: Storing) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        let bus = self.borrow().bus.clone();
        Box::pin(async move { bus.store(message).await })
    }

    fn connection(&self) -> Option<u64> {
        let now = *self.borrow().bus.connection().borrow();
        now.connected.then_some(now.epoch)
    }

    fn connected(&self) -> BoxFuture<'_, u64> {
        let mut link = self.clone();
        Box::pin(async move {
            loop {
                let bus = link.borrow_and_update().bus.clone();
                tokio::select! {
                    epoch = bus.connected() => return epoch,
                    changed = link.changed() => if changed.is_err() {
                        return 0;
                    },
                }
            }
        })
    }
}

/// Nothing more is to be written: chat dropped the reply, or it cannot be stored.
#[derive(Debug)]
pub(super) struct Gone;

pub(super) struct ReplyWriter {
    pub(super) worker: WorkerId,
    pub(super) entry: Arc<Entry>,
    pub(super) turns: Arc<Turns>,
    pub(super) store: Arc<dyn ChunkStore>,
    pub(super) said: Reader,
    pub(super) outgoing: Outgoing,
    pub(super) clock: Clock,
    /// Room that is taken by what waits in `outgoing`.
    pub(super) taken: usize,
    pub(super) settling: Vec<oneshot::Sender<()>>,
    /// The last attempt to store something had no answer.
    pub(super) away: bool,
    /// Whose trace the turn belongs to.
    pub(super) traceparent: Option<Arc<str>>,
    /// The connection over which the next message goes.
    pub(super) connection: u64,
    /// When it was last certain that the turn is still ours: something was stored, or chat said so.
    pub(super) certain_at: Instant,
    /// When the last message was published, if that was a chunk.
    pub(super) chunk_at: Option<Instant>,
}

impl ReplyWriter {
    /// Publishes `start` and waits until it is stored.
    pub(super) async fn begin(&mut self) -> Result<(), Gone> {
        let store = Arc::clone(&self.store);
        self.connection = self.meanwhile(store.connected()).await?;
        self.certain_at = Instant::now();
        match self.outgoing.take() {
            Some(start) => self.publish(start).await,
            None => Ok(()),
        }
    }

    /// Writes until the end is stored.
    pub(super) async fn run(&mut self) -> Result<(), Gone> {
        while !self.outgoing.is_over() {
            self.take_in().await;
            self.gather().await?;
            if let Some(publish) = self.outgoing.take() {
                self.chunk_at = (publish.kind == ChunkKind::Chunk).then(Instant::now);
                self.publish(publish).await?;
                continue;
            }
            for waiting in self.settling.drain(..) {
                // Whoever waited may have been stopped.
                let _ = waiting.send(());
            }
            let filed = self.said.filed();
            let item = tokio::select! {
                item = self.said.next() => item.ok_or(Gone)?,
                () = filed => continue,
                () = self.entry.dropped.cancelled() => return Err(Gone),
            };
            self.accept(item);
        }
        Ok(())
    }

    /// Takes what was said: all from memory, and from the file as much as goes out at once.
    async fn take_in(&mut self) {
        loop {
            while let Some(item) = self.said.try_next() {
                self.accept(item);
            }
            if !self.said.is_filed() || self.outgoing.weight() >= BLOCK {
                return;
            }
            match self.said.read_back().await {
                Ok(piece) => piece.into_iter().for_each(|(at, event)| self.outgoing.push(event, at)),
                Err(error) => {
                    tracing::error!(reply = %self.entry.reply, %error, "what waited on disk cannot be read back");
                    self.outgoing.finish(Outcome::Failed(UNREADABLE.to_owned()), None, (self.clock)());
                    self.entry.stop.cancel();
                }
            }
        }
    }

    /// Lets what may grow gather after a chunk. Anything else that is said goes out without delay, and takes what is
    /// before it along.
    async fn gather(&mut self) -> Result<(), Gone> {
        let Some(chunk_at) = self.chunk_at else { return Ok(()) };
        while self.settling.is_empty()
            && let Some(patience) = self.outgoing.patience()
        {
            let item = tokio::select! {
                biased;
                () = self.entry.dropped.cancelled() => return Err(Gone),
                () = sleep_until(chunk_at + patience) => return Ok(()),
                item = self.said.next() => item.ok_or(Gone)?,
            };
            self.accept(item);
        }
        Ok(())
    }

    fn accept(&mut self, item: Item) {
        match item {
            Item::Said(event, weight) => {
                self.outgoing.push(event, (self.clock)());
                self.taken += weight;
                self.give_back();
            }
            Item::Settle(waiting) => self.settling.push(waiting),
            Item::Finish(outcome, note) => self.outgoing.finish(outcome, note, (self.clock)()),
        }
    }

    /// Gives back the room of what no longer waits: stored, merged or cut away.
    fn give_back(&mut self) {
        let free = self.taken.saturating_sub(self.outgoing.weight());
        self.taken -= free;
        self.said.give_back(free);
    }

    /// Tells the queue whether it is worth waiting for room in memory.
    fn set_away(&mut self, away: bool) {
        if std::mem::replace(&mut self.away, away) != away {
            self.said.set_away(away);
        }
    }

    /// Tells chat, and with it the user, that the stream takes nothing more, or does again.
    fn set_full(&self, full: bool) {
        if self.entry.set_full(full) {
            let reply = &self.entry.reply;
            if full {
                tracing::warn!(%reply, "the server's storage is full: the agent waits until there is room");
            } else {
                tracing::info!(%reply, "the server's storage has room again");
            }
            self.turns.ring();
        }
    }

    async fn publish(&mut self, publish: Publish) -> Result<(), Gone> {
        let mut since = Instant::now();
        let mut pause = PAUSE;
        loop {
            let store = Arc::clone(&self.store);
            // Whoever was quiet while there was no connection does not notice that it is another one now.
            let attempt = match store.connection() == Some(self.connection) {
                true => self.meanwhile(store.store(self.storing(&publish))).await?,
                false => Err(StoreError::Doubtful),
            };
            let longest = if matches!(attempt, Err(StoreError::Full)) { FULL } else { LEADERLESS };
            let doubt = match attempt {
                Ok(receipt) => {
                    self.turns.saw(receipt.sequence);
                    self.set_away(false);
                    self.set_full(false);
                    self.outgoing.acked();
                    break;
                }
                Err(StoreError::TooLarge) => {
                    tracing::error!(reply = %self.entry.reply, number = publish.number, "a message is too large");
                    return Err(Gone);
                }
                Err(StoreError::Full) => {
                    self.set_away(false);
                    self.set_full(true);
                    false
                }
                Err(StoreError::Fenced) => true,
                Err(StoreError::Doubtful) => {
                    self.set_away(true);
                    let connection = self.meanwhile(store.connected()).await?;
                    let anew = std::mem::replace(&mut self.connection, connection) != connection;
                    since.elapsed() >= CERTAIN_FOR || anew && self.certain_at.elapsed() >= LONG
                }
            };
            if doubt {
                let stored = self.ask_chat().await?;
                if self.outgoing.told(stored) {
                    break;
                }
                (since, self.certain_at) = (Instant::now(), Instant::now());
            }
            self.meanwhile(sleep(pause)).await?;
            pause = (pause * 2).min(longest);
        }
        self.certain_at = Instant::now();
        self.entry.acknowledged(self.outgoing.acknowledged());
        self.give_back();
        Ok(())
    }

    /// Waits for chat's word, asked for by sync, on how far this reply is stored.
    async fn ask_chat(&mut self) -> Result<Option<u64>, Gone> {
        let mut told = self.entry.doubt();
        self.turns.ring();
        let word =
            self.meanwhile(async move { told.wait_for(Option::is_some).await.ok().and_then(|word| *word) }).await;
        self.entry.certain();
        word?.ok_or(Gone)
    }

    /// Takes what the backend says while something else is awaited.
    async fn meanwhile<T>(&mut self, waiting: impl Future<Output = T>) -> Result<T, Gone> {
        let mut waiting = pin!(waiting);
        let dropped = self.entry.dropped.clone();
        loop {
            let item = tokio::select! {
                biased;
                () = dropped.cancelled() => return Err(Gone),
                done = &mut waiting => return Ok(done),
                Some(item) = self.said.next() => item,
            };
            self.accept(item);
        }
    }

    fn storing(&self, publish: &Publish) -> Storing {
        let address = ChunkAddress {
            writer: SubjectWriter::Worker(self.worker.clone()),
            session: self.entry.session.clone(),
            about: About::Message(self.entry.reply.clone()),
            kind: publish.kind,
        };
        Storing {
            subject: Subject::Chunk(address).to_string(),
            id: publish.id.clone(),
            payload: publish.payload.clone(),
            first_only: publish.kind == ChunkKind::Start,
            // Chunks are counted, not traced.
            traceparent: self.traceparent.clone().filter(|_| publish.kind != ChunkKind::Chunk),
        }
    }
}

impl Drop for ReplyWriter {
    fn drop(&mut self) {
        self.said.give_back(self.taken);
    }
}
