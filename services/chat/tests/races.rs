//! Edit, withdraw, send-now, stop, retry, new versions, forks, start and end of the same messages, and the deaths and
//! returns of the worker, racing in orders that chance makes: whatever happens, each message has one outcome, no turn is
//! begun twice, and nothing is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, reason = "a module of a test is its own world")]

mod support;

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;
use muster_bus::CallError;
use muster_contracts::{
    id::{MessageId, SessionId},
    method, v1,
};
use muster_service::Db;
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use support::{Chat, Engine, Process, Writing};
use v1::TurnStatus::{Cancelled, Completed, Failed};

/// Interleavings that one run tries; each in a session of its own.
const CASES: u64 = 12;

/// What a user does. Numbers choose among the messages that were sent by then.
#[derive(Debug, Clone)]
enum Act {
    Send,
    Edit(usize),
    Front(usize),
    Withdraw(usize),
    SendNow(usize),
    Stop(usize),
    Retry(usize),
    Replace(usize),
    Fork(usize),
    Continue,
}

/// What becomes of the turn that runs.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It ends so, unless it was stopped.
    Ends(v1::TurnStatus),
    /// Its process dies in the middle, and another comes.
    Dies,
    /// Its process is taken for dead and is not: it goes on if it may.
    Returns,
}

/// What the process does that is told of a turn.
#[derive(Debug, Clone, Copy)]
enum Beginning {
    Prompt,
    /// It dies before it begins, and another comes.
    Never,
    /// It is taken for dead, and begins when the message is not its any more.
    Late,
}

/// What is done at the same time, and what the worker does then.
#[derive(Debug, Clone)]
struct Round {
    acts: Vec<Act>,
    fate: Fate,
    beginning: Beginning,
}

fn round() -> impl Strategy<Value = Round> {
    let some = || 0..16_usize;
    let act = prop_oneof![
        4 => Just(Act::Send),
        2 => some().prop_map(Act::Edit),
        1 => some().prop_map(Act::Front),
        2 => some().prop_map(Act::Withdraw),
        1 => some().prop_map(Act::SendNow),
        2 => some().prop_map(Act::Stop),
        2 => some().prop_map(Act::Retry),
        4 => some().prop_map(Act::Replace),
        1 => some().prop_map(Act::Fork),
        1 => Just(Act::Continue),
    ];
    let fate = prop_oneof![
        2 => Just(Fate::Ends(Completed)),
        2 => Just(Fate::Ends(Failed)),
        1 => Just(Fate::Dies),
        2 => Just(Fate::Returns),
    ];
    let beginning = prop_oneof![4 => Just(Beginning::Prompt), 1 => Just(Beginning::Never), 1 => Just(Beginning::Late)];
    (vec(act, 1..6), fate, beginning).prop_map(|(acts, fate, beginning)| Round { acts, fate, beginning })
}

/// What was promised to the user, and what the worker was told.
#[derive(Debug, Default)]
struct Record {
    /// Messages that chat took, in the order of their sending.
    sent: Vec<String>,
    /// Each text that a message may have.
    texts: HashMap<String, HashSet<String>>,
    withdrawn: HashSet<String>,
    replaces: HashMap<String, String>,
    /// How often another attempt was granted.
    retried: HashMap<String, usize>,
    /// Each turn that a process was told of, by its reply.
    told: HashMap<String, v1::TurnStart>,
    /// What was written in each that was begun.
    written: HashMap<String, String>,
}

/// What became of one act.
enum Outcome {
    Sent { id: String, text: String, replaces: Option<String> },
    Edited { id: String, text: String },
    Withdrawn(String),
    Retried(String),
    Nothing,
}

fn is_refusal<T>(result: Result<T, CallError>) -> bool {
    match result {
        Ok(_) => false,
        Err(CallError::Refused(problem)) => {
            assert_ne!(problem.slug, "internal", "{problem:?}");
            true
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn is_over(message: &v1::ChatMessage) -> bool {
    message.status() as i32 >= Completed as i32
}

/// The whole session, oldest first.
async fn all(chat: &Chat) -> Vec<v1::ChatMessage> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let request = v1::ListMessagesRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            limit: 200,
            before,
            ..Default::default()
        };
        let page = chat.call::<method::ListMessages>(request).await.unwrap();
        found.splice(..0, page.messages);
        before = page.next_before;
        if before.is_none() {
            return found;
        }
    }
}

async fn act(chat: &Chat, act: &Act, sent: &[String]) -> Outcome {
    let named = |number: &usize| sent.get(number % sent.len().max(1)).cloned();
    let fresh = || format!("text {}", MessageId::random());
    match act {
        Act::Send => {
            let request = chat.message(&fresh());
            let (id, text) = (request.message_id.clone(), request.content.clone());
            match is_refusal(chat.call::<method::SendMessage>(request).await) {
                true => Outcome::Nothing,
                false => Outcome::Sent { id, text, replaces: None },
            }
        }
        Act::Replace(number) => {
            let Some(replaces) = named(number) else { return Outcome::Nothing };
            let request = v1::SendMessageRequest { replaces: Some(replaces.clone()), ..chat.message(&fresh()) };
            let (id, text) = (request.message_id.clone(), request.content.clone());
            // Twice at once is once.
            let again = chat.call::<method::SendMessage>(request.clone());
            let (first, second) = tokio::join!(chat.call::<method::SendMessage>(request), again);
            // Whichever comes first may have come too early; one that was taken is not taken back.
            let refused = [is_refusal(first), is_refusal(second)] == [true, true];
            if refused { Outcome::Nothing } else { Outcome::Sent { id, text, replaces: Some(replaces) } }
        }
        Act::Edit(number) | Act::Front(number) => {
            let Some(id) = named(number) else { return Outcome::Nothing };
            let moves = matches!(act, Act::Front(_));
            let text = fresh();
            let request = v1::EditMessageRequest {
                caller: Some(chat.caller.clone()),
                chat_session_id: chat.session.clone(),
                message_id: id.clone(),
                content: (!moves).then(|| text.clone()),
                after: moves.then(String::new),
                ..Default::default()
            };
            let refused = is_refusal(chat.call::<method::EditMessage>(request).await);
            if refused || moves { Outcome::Nothing } else { Outcome::Edited { id, text } }
        }
        Act::Withdraw(number) => {
            let Some(id) = named(number) else { return Outcome::Nothing };
            match is_refusal(chat.call::<method::WithdrawMessage>(chat.names(&id)).await) {
                true => Outcome::Nothing,
                false => Outcome::Withdrawn(id),
            }
        }
        Act::Retry(number) => {
            let Some(id) = named(number) else { return Outcome::Nothing };
            match is_refusal(chat.call::<method::Retry>(chat.names(&id)).await) {
                true => Outcome::Nothing,
                false => Outcome::Retried(id),
            }
        }
        Act::SendNow(number) => {
            let Some(id) = named(number) else { return Outcome::Nothing };
            is_refusal(chat.call::<method::SendNow>(chat.names(&id)).await);
            Outcome::Nothing
        }
        Act::Stop(number) => {
            let Some(id) = named(number) else { return Outcome::Nothing };
            is_refusal(chat.call::<method::CancelTurn>(chat.names(&id)).await);
            Outcome::Nothing
        }
        Act::Fork(number) => {
            let Some(id) = named(number) else { return Outcome::Nothing };
            let request = v1::ForkSessionRequest {
                caller: Some(chat.caller.clone()),
                chat_session_id: chat.session.clone(),
                message_id: id,
                fork_id: SessionId::random().into(),
            };
            is_refusal(chat.call::<method::ForkSession>(request).await);
            Outcome::Nothing
        }
        Act::Continue => {
            is_refusal(chat.call::<method::ContinueQueue>(chat.session_ref()).await);
            Outcome::Nothing
        }
    }
}

impl Record {
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Sent { id, text, replaces } => {
                self.texts.entry(id.clone()).or_default().insert(text);
                if let Some(replaces) = replaces {
                    self.replaces.insert(id.clone(), replaces);
                }
                self.sent.push(id);
            }
            Outcome::Edited { id, text } => {
                self.texts.entry(id).or_default().insert(text);
            }
            Outcome::Withdrawn(id) => {
                self.withdrawn.insert(id);
            }
            Outcome::Retried(id) => *self.retried.entry(id).or_default() += 1,
            Outcome::Nothing => {}
        }
    }

    /// The worker's side of a round: it ends what runs, as asked, and begins what it is told, once, if it lives.
    async fn work<'a>(
        &mut self,
        chat: &'a Chat,
        worker: &mut Process<'a>,
        running: Option<Writing>,
        (fate, beginning): (Fate, Beginning),
    ) -> Option<Writing> {
        if let Some(writing) = running {
            match fate {
                Fate::Ends(outcome) => self.end(chat, worker, writing, outcome).await,
                Fate::Dies => *worker = chat.process_of_worker(1),
                Fate::Returns => {
                    // To whoever asks as another process of it, what this one writes is lost.
                    self.hear(&chat.process_of_worker(1), &[]).await;
                    let dropped = self.hear(worker, &[&writing]).await.drop;
                    if !dropped.contains(&writing.start.reply_id) {
                        self.end(chat, worker, writing, Completed).await;
                    }
                }
            }
        }
        let start = self.hear(worker, &[]).await.start.pop()?;
        match beginning {
            Beginning::Prompt => {}
            Beginning::Never => {
                *worker = chat.process_of_worker(1);
                return None;
            }
            Beginning::Late => {
                self.hear(&chat.process_of_worker(1), &[]).await;
                let late = worker.begin(&start).await;
                assert_eq!(self.hear(worker, &[&late]).await.drop, [start.reply_id]);
                return None;
            }
        }
        let mut writing = worker.begin(&start).await;
        worker.write(&mut writing, "half").await;
        let begun = self.written.insert(start.reply_id.clone(), "half".into());
        assert_eq!(begun, None, "a turn is begun twice");
        let told = self.told.values().filter(|told| told.message_id == start.message_id).count();
        assert!(!self.withdrawn.contains(&start.message_id) || told > 1, "{start:?}");
        Some(writing)
    }

    /// What a process of the worker is told that has these replies.
    async fn hear(&mut self, worker: &Process<'_>, open: &[&Writing]) -> v1::SyncReply {
        let told = worker.sync(open).await;
        for start in &told.start {
            let known = self.told.insert(start.reply_id.clone(), start.clone());
            assert!(known.is_none_or(|known| known == *start), "one turn, two messages: {start:?}");
        }
        told
    }

    /// Ends a turn so, or as cancelled if it is to be stopped.
    async fn end(&mut self, chat: &Chat, worker: &Process<'_>, mut writing: Writing, outcome: v1::TurnStatus) {
        let told = self.hear(worker, &[&writing]).await;
        assert_eq!(told.start, [], "a turn beside an open one");
        let stopped = told.stop.iter().any(|stop| stop.reply_id == writing.start.reply_id);
        worker.write(&mut writing, " and whole").await;
        self.written.insert(writing.start.reply_id.clone(), "half and whole".into());
        worker.end(&mut writing, if stopped { Cancelled } else { outcome }).await;
        while !all(chat).await.iter().any(|message| message.message_id == writing.start.reply_id && is_over(message)) {}
    }

    /// How often a message was begun.
    fn attempts(&self, message: &str) -> usize {
        self.written.keys().filter(|reply| self.told[*reply].message_id == message).count()
    }

    fn holds(&self, messages: &[v1::ChatMessage]) {
        let by_id = messages.iter().map(|message| (message.message_id.as_str(), message)).collect::<HashMap<_, _>>();
        let place = |id: &String| messages.iter().position(|message| message.message_id == *id).unwrap();
        for message in messages {
            if let Some(by) = &message.superseded_by {
                assert!(by_id.contains_key(by.as_str()), "superseded by nothing: {message:?}");
            }
        }
        for id in &self.sent {
            let Some(message) = by_id.get(id.as_str()) else {
                assert!(self.withdrawn.contains(id) && self.attempts(id) == 0, "lost: {id}");
                continue;
            };
            let attempts = self.attempts(id);
            assert!(attempts >= 1 || message.status() == Cancelled, "never answered: {message:?}");
            assert!(attempts <= 1 + self.retried.get(id).copied().unwrap_or_default(), "too often: {message:?}");
            assert!(self.texts[id].contains(&message.content), "another text: {message:?}");
            let replies = messages.iter().filter(|reply| reply.reply_to.as_ref() == Some(id)).collect::<Vec<_>>();
            for reply in &replies {
                assert_eq!(self.told[&reply.message_id].content, message.content, "changed: {message:?}");
            }
            // Of its attempts the newest counts. That one may be gone without its message: with what was said between the
            // two, when that was replaced.
            let [earlier @ .., current] = &replies[..] else { panic!("one outcome: {message:?}") };
            assert!(earlier.iter().all(|reply| reply.superseded_by.is_some()), "{message:?} {replies:?}");
            if current.superseded_by != message.superseded_by {
                let by = by_id[current.superseded_by.as_deref().expect("its message has a newer version")];
                let between = place(by.replaces.as_ref().unwrap());
                assert!((place(id)..place(&current.message_id)).contains(&between), "{message:?} {current:?} {by:?}");
            }
            // What was written is what stands there; one that was stopped before it was begun is empty.
            let (begun, stopped) =
                replies.into_iter().partition::<Vec<_>, _>(|reply| self.written.contains_key(&reply.message_id));
            assert!(begun.iter().all(|reply| reply.content == self.written[&reply.message_id]), "{begun:?}");
            assert!(stopped.iter().all(|reply| reply.status() == Cancelled && reply.content.is_empty()), "{stopped:?}");
            assert_eq!(begun.len(), attempts, "{message:?} {begun:?}");
            if let Some(replaced) = self.replaces.get(id) {
                let replaced = by_id[replaced.as_str()];
                assert!(replaced.superseded_by.is_some(), "{replaced:?} still has its place beside {message:?}");
                assert_eq!(message.version.unwrap_or(1), replaced.version.unwrap_or(1) + 1);
            }
        }
        // Of no message two versions have their place.
        let live = messages.iter().filter(|message| message.superseded_by.is_none());
        let live = live.map(|message| message.message_id.as_str()).collect::<HashSet<_>>();
        for id in live.iter().filter_map(|id| self.replaces.get(*id)) {
            assert!(!live.contains(id.as_str()));
        }
    }
}

/// Messages that have their place among those that wait, and do not.
async fn stranded(database: &Db) -> i64 {
    let found =
        sqlx::query_scalar("SELECT COUNT(*) FROM chat_messages WHERE position >= 1099511627776 AND status <> 1");
    found.fetch_one(database.pool()).await.unwrap()
}

async fn holds(engine: Engine) {
    let mut chat = Chat::start(engine).await;
    let _beside_it = chat.another(&[]).await;
    let database = chat.database().await;
    for seed in 0..CASES {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let rounds = vec(round(), 4..14).new_tree(&mut runner).unwrap().current();
        println!("seed {seed}: {rounds:?}");
        chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        let mut worker = chat.process_of_worker(1);
        let (mut record, mut running) = (Record::default(), None);
        for Round { acts, fate, beginning } in rounds {
            let sent = record.sent.clone();
            let acting = join_all(acts.iter().map(|one| act(&chat, one, &sent)));
            let working = record.work(&chat, &mut worker, running, (fate, beginning));
            let (outcomes, writing) = tokio::join!(acting, working);
            running = writing;
            outcomes.into_iter().for_each(|outcome| record.note(outcome));
        }
        // All that waits is answered in the end.
        loop {
            chat.call::<method::ContinueQueue>(chat.session_ref()).await.unwrap();
            let well = (Fate::Ends(Completed), Beginning::Prompt);
            running = record.work(&chat, &mut worker, running, well).await;
            if running.is_none() && all(&chat).await.iter().all(is_over) {
                break;
            }
        }
        record.holds(&all(&chat).await);
        assert_eq!(stranded(&database).await, 0, "they wait for nothing, in the way of those that do");
    }
}

#[tokio::test]
async fn whatever_races_on_sqlite_each_message_has_one_outcome() {
    holds(Engine::Sqlite).await;
}

#[tokio::test]
async fn whatever_races_on_postgres_each_message_has_one_outcome() {
    holds(Engine::Postgres).await;
}
