//! The replies that are open in this process, as sync tells and asks about them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use muster_contracts::{
    id::{MessageId, SessionId},
    limits,
    v1::{Answer, GivenAnswer, OpenReply},
};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{begun::REMEMBERED, recent::Recent},
    state::Journal,
};

/// An open reply.
#[derive(Debug)]
pub struct Entry {
    /// Its session.
    pub session: SessionId,
    /// Its id.
    pub reply: MessageId,
    /// The user or the worker stops it.
    pub stop: CancellationToken,
    /// It is over elsewhere: nothing more may be published.
    pub dropped: CancellationToken,
    state: Mutex<State>,
    told: watch::Sender<Option<Told>>,
}

/// How far the stream has the reply, as chat says.
pub(super) type Told = Option<u64>;

#[derive(Debug, Default)]
struct State {
    acknowledged: Option<u64>,
    doubtful: bool,
    full: bool,
    reason: Option<String>,
    answers: HashMap<String, oneshot::Sender<Answer>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entry {
    pub(super) fn new(session: SessionId, reply: MessageId) -> Self {
        Self {
            session,
            reply,
            stop: CancellationToken::new(),
            dropped: CancellationToken::new(),
            state: Mutex::default(),
            told: watch::Sender::new(None),
        }
    }

    /// Stops the turn and says in its end why.
    pub fn stop_because(&self, reason: &str) {
        lock(&self.state).reason.get_or_insert_with(|| reason.to_owned());
        self.stop.cancel();
    }

    /// Stops the turn and keeps it silent.
    pub fn drop_it(&self) {
        self.dropped.cancel();
        self.stop.cancel();
    }

    pub(super) fn reason(&self) -> Option<String> {
        lock(&self.state).reason.clone()
    }

    pub(super) fn acknowledged(&self, number: Option<u64>) {
        lock(&self.state).acknowledged = number;
    }

    /// Begins to wait for chat's word on what is stored.
    pub(super) fn doubt(&self) -> watch::Receiver<Option<Told>> {
        lock(&self.state).doubtful = true;
        self.told.send_replace(None);
        self.told.subscribe()
    }

    pub(super) fn certain(&self) {
        lock(&self.state).doubtful = false;
    }

    /// Whether it waits because the stream takes nothing more; true when that is new.
    pub(super) fn set_full(&self, full: bool) -> bool {
        std::mem::replace(&mut lock(&self.state).full, full) != full
    }

    /// What chat says of a doubtful reply. A word that nobody waits for is ignored.
    pub fn go_on(&self, stored: Option<u64>) {
        if lock(&self.state).doubtful {
            self.told.send_replace(Some(stored));
        }
    }

    pub(super) fn expect_answer(&self, request: &str) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.state).answers.insert(request.to_owned(), sender);
        receiver
    }

    /// Gives the user's answer to whoever waits for it; the second time nobody does.
    pub fn answer(&self, given: GivenAnswer) {
        let GivenAnswer { reply_id: _, request_id, answer } = given;
        if let Some(waiting) = lock(&self.state).answers.remove(&request_id) {
            // Whoever asked may have stopped waiting.
            let _ = waiting.send(answer.unwrap_or_default());
        }
    }

    fn report(&self) -> OpenReply {
        let state = lock(&self.state);
        OpenReply {
            reply_id: self.reply.to_string(),
            chat_session_id: self.session.to_string(),
            acknowledged: state.acknowledged,
            doubtful: state.doubtful,
        }
    }
}

/// All open replies of this process, and those that earlier ones have left.
#[derive(Debug)]
pub struct Turns {
    open: Mutex<Table>,
    /// The highest sequence of the stream of which this process knows.
    seen: AtomicU64,
    bell: Arc<Notify>,
    journal: Option<Arc<Journal>>,
}

#[derive(Debug)]
struct Table {
    entries: BTreeMap<String, Arc<Entry>>,
    ended: Recent,
    /// Begun by an earlier process that did not end them; chat has not said yet that they are over.
    cut: Vec<MessageId>,
}

impl Turns {
    /// None yet. `bell` is rung when chat has to be asked.
    #[must_use]
    pub fn new(bell: Arc<Notify>) -> Self {
        let table = Table { entries: BTreeMap::new(), ended: Recent::new(REMEMBERED), cut: Vec::new() };
        Self { open: Mutex::new(table), seen: AtomicU64::new(0), bell, journal: None }
    }

    /// None yet, but those of this journal are known, and it learns of the ones that follow.
    #[must_use]
    pub fn with_journal(bell: Arc<Notify>, journal: Arc<Journal>) -> Self {
        let turns = Self::new(bell);
        {
            let mut table = lock(&turns.open);
            journal.known().into_iter().for_each(|reply| table.ended.insert(reply.into()));
            table.cut = journal.open_replies();
        }
        Self { journal: Some(journal), ..turns }
    }

    /// Writes down that a reply begins. It is on disk when this returns.
    pub(super) async fn note(&self, reply: &MessageId) {
        if let Some(journal) = &self.journal {
            journal.begin(reply).await;
        }
    }

    /// Replies that an earlier process was writing when it died, as many as are told at once.
    #[must_use]
    pub fn cut(&self) -> Vec<String> {
        lock(&self.open).cut.iter().take(limits::CUT_REPLIES).map(ToString::to_string).collect()
    }

    /// Chat says that these are over.
    pub fn settle(&self, replies: &[String]) {
        let mut table = lock(&self.open);
        let (settled, cut) =
            std::mem::take(&mut table.cut).into_iter().partition(|reply| replies.contains(&reply.to_string()));
        table.cut = cut;
        drop(table);
        let settled: Vec<MessageId> = settled;
        if let Some(journal) = &self.journal {
            settled.iter().for_each(|reply| journal.end(reply));
        }
    }

    /// Opens a reply, unless it is open or has ended here.
    pub fn open(&self, session: SessionId, reply: MessageId) -> Option<Arc<Entry>> {
        let mut table = lock(&self.open);
        if table.entries.contains_key(reply.as_str()) || table.ended.contains(reply.as_str()) {
            return None;
        }
        let entry = Arc::new(Entry::new(session, reply.clone()));
        table.entries.insert(reply.to_string(), Arc::clone(&entry));
        Some(entry)
    }

    /// Closes a reply and lets chat know soon.
    pub fn close(&self, reply: &MessageId) {
        let mut table = lock(&self.open);
        table.entries.remove(reply.as_str());
        table.ended.insert(reply.to_string());
        drop(table);
        if let Some(journal) = &self.journal {
            journal.end(reply);
        }
        self.bell.notify_one();
    }

    /// Asks chat soon.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// One open reply.
    #[must_use]
    pub fn get(&self, reply: &str) -> Option<Arc<Entry>> {
        lock(&self.open).entries.get(reply).cloned()
    }

    /// All open replies.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Entry>> {
        lock(&self.open).entries.values().cloned().collect()
    }

    /// Open replies that wait because the stream takes nothing more.
    #[must_use]
    pub fn full(&self) -> Vec<String> {
        let full = |entry: &Arc<Entry>| lock(&entry.state).full;
        self.all().iter().filter(|entry| full(entry)).map(|entry| entry.reply.to_string()).collect()
    }

    /// The stream has something of ours at this sequence.
    pub fn saw(&self, sequence: u64) {
        self.seen.fetch_max(sequence, Ordering::Release);
    }

    /// What chat is told of the open replies, and the highest sequence of the stream that is known with that: what began
    /// behind it may be missing, what ended before it is.
    #[must_use]
    pub fn report(&self) -> (Vec<OpenReply>, u64) {
        // With the table held, nothing that is not in it begins meanwhile.
        let table = lock(&self.open);
        let open = table.entries.values().map(|entry| entry.report()).collect();
        (open, self.seen.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_opened_once_even_after_it_has_ended() {
        let turns = Turns::new(Arc::new(Notify::new()));
        let (session, reply) = (SessionId::random(), MessageId::random());
        assert!(turns.open(session.clone(), reply.clone()).is_some());
        assert!(turns.open(session.clone(), reply.clone()).is_none());
        assert_eq!(turns.report().0.len(), 1);
        turns.close(&reply);
        assert!(turns.report().0.is_empty());
        assert!(turns.open(session, reply).is_none());
    }

    #[test]
    fn an_answer_is_applied_once() {
        let entry = Entry::new(SessionId::random(), MessageId::random());
        let mut waiting = entry.expect_answer("r");
        let given = GivenAnswer { request_id: "r".into(), ..GivenAnswer::default() };
        entry.answer(given.clone());
        entry.answer(given);
        assert!(waiting.try_recv().is_ok());
    }
}
