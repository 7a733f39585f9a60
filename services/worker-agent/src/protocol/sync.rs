//! Asks chat what should be, and makes it so. Nothing that is pushed to the
//! worker is acted upon: a ring of the doorbell only leads to a question.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use muster_contracts::{
    limits,
    subject::{ChatVerb, filter},
    v1::{GoOn, StopTurn, SyncReply, SyncRequest},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

use super::{Link, asks::Asks};
use crate::turn::Runner;

/// At most ten questions a second.
const GAP: Duration = Duration::from_millis(100);
/// Between questions while nobody answers.
const PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(5);
/// Sessions that chat is told of at once which the backend may let go of.
const HELD: usize = 200;

/// The loop's needs.
pub struct Sync {
    /// Who asks.
    pub link: Link,
    /// Runs what chat wants.
    pub runner: Arc<Runner>,
    /// Rung when there may be something to ask.
    pub bell: Arc<Notify>,
    /// Answers what is asked of the backend.
    pub asks: Asks,
}

impl Sync {
    /// Asks and obeys until it is dropped.
    pub async fn run(self) {
        let mut connection = self.link.bus.connection();
        let mut failed = false;
        let mut held_told = None::<Instant>;
        loop {
            let begun = Instant::now();
            connection.borrow_and_update();
            let turns = &self.runner.turns;
            let mut held = Vec::new();
            if held_told.is_none_or(|told| begun - told >= limits::SYNC) {
                held = self.runner.backend.held();
                held.truncate(HELD);
                held_told = Some(begun);
            }
            let (open, seen) = turns.report();
            let request = SyncRequest { open, held, cut: turns.cut(), full: turns.full(), seen: Some(seen) };
            let subject = self.link.chat(ChatVerb::Sync);
            match self.link.bus.request::<_, SyncReply>(&subject, &request, TIMEOUT).await {
                Ok(reply) => {
                    failed = false;
                    if self.obey(reply) {
                        self.bell.notify_one();
                    }
                }
                Err(error) => {
                    if !failed {
                        tracing::warn!(%error, "chat does not answer; asking again");
                    }
                    failed = true;
                }
            }
            sleep_until(begun + GAP).await;
            let pause = if failed { PAUSE } else { limits::SYNC };
            tokio::select! {
                () = self.bell.notified() => {}
                () = sleep(pause) => {}
                Ok(()) = connection.changed() => {}
            }
        }
    }

    /// Makes it so. Returns whether to ask again at once.
    fn obey(&self, reply: SyncReply) -> bool {
        let SyncReply { start, stop, go_on, drop, answers, release, asks, more, settled } = reply;
        let turns = &self.runner.turns;
        for reply in drop {
            if let Some(entry) = turns.get(&reply) {
                entry.drop_it();
            }
        }
        for GoOn { reply_id, stored, sequence } in go_on {
            turns.saw(sequence.unwrap_or(0));
            if let Some(entry) = turns.get(&reply_id) {
                entry.go_on(stored);
            }
        }
        for StopTurn { reply_id, reason } in stop {
            match (turns.get(&reply_id), reason) {
                (Some(entry), Some(reason)) => entry.stop_because(&reason),
                (Some(entry), None) => entry.stop.cancel(),
                (None, _) => {}
            }
        }
        turns.settle(&settled);
        for answer in answers {
            if let Some(entry) = turns.get(&answer.reply_id) {
                entry.answer(answer);
            }
        }
        for turn in start {
            self.runner.start(turn);
        }
        for session in release {
            let backend = Arc::clone(&self.runner.backend);
            tokio::spawn(async move { backend.release(&session).await });
        }
        for ask in asks {
            self.asks.take(ask);
        }
        more
    }
}

/// Listens to the doorbell until it is dropped.
pub async fn doorbell(link: Link, bell: Arc<Notify>) {
    loop {
        match link.bus.doorbell(filter::wake(&link.token.worker)).await {
            Ok(mut rings) => {
                while let Some(()) = rings.next().await {
                    bell.notify_one();
                }
            }
            Err(error) => tracing::debug!(%error, "the doorbell cannot be heard; asking every now and then"),
        }
        sleep(PAUSE).await;
    }
}
