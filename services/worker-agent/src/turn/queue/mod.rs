//! What a backend has said and the writer of its reply has not taken yet: in memory, and behind that in a file while
//! the broker is away. Nothing of it is ever dropped: when there is no room, whoever speaks waits.

mod disk;
mod overflow;
mod record;
mod room;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, io, sync::Arc};

pub use disk::Disk;
pub(super) use overflow::BLOCK;
pub(super) use room::Room;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use self::overflow::Overflow;
use crate::{
    clock::Clock,
    domain::event::{Event, Outcome},
};

/// What goes to the writer of the reply.
#[derive(Debug)]
pub(super) enum Item {
    /// The backend says something, and it takes this much room.
    Said(Event, usize),
    /// Tell when all that was said is stored.
    Settle(oneshot::Sender<()>),
    /// The turn is over.
    Finish(Outcome, Option<String>),
}

/// What both ends must know of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Phase {
    /// The broker does not answer: what finds no room in memory goes into the file.
    away: bool,
    /// Something lies in the file: what is said now comes behind it.
    filed: bool,
    /// Nobody reads any more.
    closed: bool,
}

#[derive(Debug)]
struct Shared {
    room: Room,
    phase: watch::Sender<Phase>,
    overflow: Mutex<Overflow>,
    clock: Clock,
}

/// The backend's end.
#[derive(Debug)]
pub(super) struct Sayer {
    items: mpsc::UnboundedSender<Item>,
    shared: Arc<Shared>,
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct Reader {
    items: mpsc::UnboundedReceiver<Item>,
    /// What was sent behind something that lies in the file.
    held: VecDeque<Item>,
    shared: Arc<Shared>,
}

/// A queue that takes this much memory and may use this disk.
pub(super) fn queue(room: Room, disk: Arc<Disk>, clock: Clock) -> (Sayer, Reader) {
    let (sender, items) = mpsc::unbounded_channel();
    let overflow = Mutex::new(Overflow::new(disk));
    let shared = Arc::new(Shared { room, phase: watch::Sender::default(), overflow, clock });
    (Sayer { items: sender, shared: Arc::clone(&shared) }, Reader { items, held: VecDeque::new(), shared })
}

impl Sayer {
    /// Says something; waits for room when there is none.
    pub(super) async fn say(&self, event: Event) {
        let weight = event.weight();
        if !self.shared.phase.borrow().filed
            && let Some(taken) = self.shared.room.try_take(weight)
        {
            self.send(Item::Said(event, taken));
            return;
        }
        self.say_when_there_is_room(event, weight).await;
    }

    /// Sends what takes no room.
    pub(super) fn send(&self, item: Item) {
        if let Err(mpsc::error::SendError(Item::Said(_, taken))) = self.items.send(item) {
            self.shared.room.give_back(taken);
        }
    }

    async fn say_when_there_is_room(&self, mut event: Event, weight: usize) {
        let mut phase = self.shared.phase.subscribe();
        loop {
            let now = *phase.borrow_and_update();
            if now.closed {
                return;
            }
            if now.away {
                match self.shared.file(event).await {
                    Ok(()) => return,
                    Err(refused) => event = refused,
                }
            }
            let room = async {
                if now.filed {
                    // What lies in the file comes first, whatever room there is.
                    std::future::pending().await
                } else {
                    self.shared.room.take(weight).await
                }
            };
            tokio::select! {
                taken = room => return self.send(Item::Said(event, taken)),
                // The sender is ours: it does not go away.
                _ = phase.changed() => {}
            }
        }
    }
}

impl Shared {
    /// Puts something behind what lies in the file, or gives it back when it cannot be put there.
    async fn file(&self, event: Event) -> Result<(), Event> {
        let mut overflow = self.overflow.lock().await;
        overflow.append((self.clock)(), event).await?;
        self.phase.send_if_modified(|phase| !std::mem::replace(&mut phase.filed, true));
        Ok(())
    }
}

impl Reader {
    /// The next that lies in memory, if there is something. What was sent behind something in the file stays until
    /// that is read.
    pub(super) fn try_next(&mut self) -> Option<Item> {
        if !self.is_filed()
            && let Some(item) = self.held.pop_front()
        {
            return Some(item);
        }
        loop {
            let item = self.items.try_recv().ok()?;
            if let Some(item) = self.hold(item) {
                return Some(item);
            }
        }
    }

    /// Waits for the next in memory. `None`: there will be none. What is behind something in the file is waited for
    /// without an end: the file comes first.
    pub(super) async fn next(&mut self) -> Option<Item> {
        loop {
            match self.items.recv().await {
                Some(item) => {
                    if let Some(item) = self.hold(item) {
                        return Some(item);
                    }
                }
                None if self.held.is_empty() => return None,
                None => std::future::pending().await,
            }
        }
    }

    /// Whether something lies in the file.
    pub(super) fn is_filed(&self) -> bool {
        self.shared.phase.borrow().filed
    }

    /// Waits until something lies in the file.
    pub(super) fn filed(&self) -> impl Future<Output = ()> + use<> {
        let mut phase = self.shared.phase.subscribe();
        async move {
            if phase.wait_for(|phase| phase.filed).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// A piece of what lies in the file, with the times at which it was said.
    ///
    /// # Errors
    /// When the disk does not give it back.
    pub(super) async fn read_back(&mut self) -> io::Result<Vec<(i64, Event)>> {
        let mut overflow = self.shared.overflow.lock().await;
        let piece = overflow.take().await?;
        if overflow.is_empty() {
            self.shared.phase.send_modify(|phase| phase.filed = false);
        }
        Ok(piece)
    }

    /// Tells whether the broker is away.
    pub(super) fn set_away(&self, away: bool) {
        self.shared.phase.send_if_modified(|phase| std::mem::replace(&mut phase.away, away) != away);
    }

    /// Gives back the room of what has left the queue.
    pub(super) fn give_back(&self, taken: usize) {
        self.shared.room.give_back(taken);
    }

    fn hold(&mut self, item: Item) -> Option<Item> {
        // Looked at after the item has come: whatever its sender said before is in the file by then.
        if matches!(item, Item::Settle(_) | Item::Finish(..)) && self.is_filed() {
            self.held.push_back(item);
            return None;
        }
        Some(item)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.items.close();
        while let Ok(item) = self.items.try_recv() {
            if let Item::Said(_, taken) = item {
                self.shared.room.give_back(taken);
            }
        }
        self.shared.phase.send_modify(|phase| phase.closed = true);
    }
}
