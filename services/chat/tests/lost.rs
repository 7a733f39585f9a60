//! Turns whose worker is lost: chat ends none of them before it has seen the broker for half a minute.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt as _;
use muster_bus::Identity;
use muster_chat::store::{TurnRow, messages, sessions, turns};
use muster_contracts::{
    Message as _,
    id::{self, WorkerId},
    method,
    stream::{CHUNKS, EVENTS},
    subject::Entity,
    v1,
};
use muster_service::Db;
use support::{Chat, Engine, LOOK, slug};
use v1::{
    RequestStatus::{RequestGone, RequestPending},
    TurnStatus::{Completed, Interrupted, Queued, Streaming},
};

/// Run beside all the rest: they wait more than they work.
mod waiting {
    use super::{Engine, scenario};

    on_both! {
        two_instances_end_a_lost_turn_once
        a_turn_whose_worker_went_unheard_ends
        a_worker_that_was_only_away_goes_on_with_what_it_had_asked
        what_an_agent_takes_back_waits_no_more_and_not_again_when_its_turn_goes_on
        what_a_worker_says_while_it_is_taken_for_lost_counts_when_it_goes_on
        a_session_that_fell_asleep_meanwhile_is_awake_when_its_turn_goes_on
        a_turn_of_a_worker_that_nobody_knows_any_more_ends
        what_the_agent_of_a_removed_worker_asks_waits_for_nobody
        turns_of_which_nobody_can_tell_are_in_the_way_of_none_that_is_lost
    }
}

const REQUEST: &str = "q1StGXR8_Z5jdHi6B-myT";
const LATE: &str = "q2StGXR8_Z5jdHi6B-myT";
/// How the ids of workers begin of which the registry cannot tell, and of others.
const UNKNOWN: &str = "unknown_";
const GONE: &str = "is_gone_";
/// Chat ends no turn before it has seen the broker for half a minute.
const LOST: Duration = Duration::from_secs(60);

/// Answers as the registry would, from now on: the worker's connection was closed long ago, until it is back.
async fn registry_that_saw_the_worker_go(chat: &Chat) -> Arc<AtomicBool> {
    registry_that_says(chat, Some(1)).await
}

async fn registry_that_says(chat: &Chat, offline_since: Option<i64>) -> Arc<AtomicBool> {
    let back = Arc::new(AtomicBool::new(false));
    let online = Arc::clone(&back);
    let client = chat.client.clone();
    let mut asked = client.subscribe(method::subject::<method::Presence>()).await.unwrap();
    client.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(question) = asked.next().await {
            let request = v1::PresenceRequest::decode(question.payload).unwrap();
            let known = |worker_id: &str| match worker_id.starts_with(UNKNOWN) {
                true => v1::Presence::Unknown,
                false => v1::Presence::Known,
            };
            let gone = |worker_id: String| v1::WorkerPresence {
                presence: known(&worker_id).into(),
                worker_id,
                online: online.load(Relaxed),
                offline_since,
                closed: true,
                ..Default::default()
            };
            let workers = request.worker_ids.into_iter().map(gone).collect();
            let answer = v1::PresenceReply { workers }.encode_to_vec();
            client.publish(question.reply.unwrap(), answer.into()).await.unwrap();
        }
    });
    back
}

/// What an agent asks.
fn permission() -> v1::RequestBody {
    let option = v1::RequestOption { option_id: "once".into(), label: "Once".into(), kind: "allow_once".into() };
    v1::RequestBody {
        request_id: REQUEST.into(),
        kind: v1::RequestKind::Permission.into(),
        title: "run".into(),
        options: vec![option],
        ..Default::default()
    }
}

/// The user's answer to it.
fn once(chat: &Chat) -> v1::AnswerRequest {
    v1::AnswerRequest {
        caller: Some(chat.caller.clone()),
        chat_session_id: chat.session.clone(),
        request_id: REQUEST.into(),
        answer: Some(v1::Answer { option_id: Some("once".into()), ..Default::default() }),
    }
}

/// Turns that are to be stopped, told at these times to workers that are not there: nothing is to be waited for.
async fn leave(chat: &Chat, database: &Db, workers: &str, times: Range<i64>) {
    let mut write = database.write().await.unwrap();
    for at in times {
        let worker = format!("{workers}{at:0>13}").parse::<WorkerId>().unwrap();
        let session = v1::ChatSession {
            chat_session_id: id::random(),
            worker_id: worker.to_string(),
            user_id: chat.caller.user_id.clone(),
            ..v1::ChatSession::default()
        };
        assert!(sessions::insert(write.connection(), &session, true).await.unwrap());
        let message = v1::ChatMessage {
            message_id: id::random(),
            chat_session_id: session.chat_session_id,
            role: v1::Role::User.into(),
            status: Streaming.into(),
            ..v1::ChatMessage::default()
        };
        messages::insert(write.connection(), &message, 1).await.unwrap();
        let row = messages::get(&mut *write.connection(), &message.message_id).await.unwrap().unwrap();
        let identity = Identity { worker, ..chat.process_of_worker(1).identity };
        let turn = TurnRow::claimed(&row, &identity, 0, at);
        assert!(turns::insert(write.connection(), &turn).await.unwrap());
        let (reply_id, reply_to) = (turn.reply_id, Some(message.message_id.clone()));
        let reply = v1::ChatMessage { message_id: reply_id, role: v1::Role::Assistant.into(), reply_to, ..message };
        messages::insert(write.connection(), &reply, 2).await.unwrap();
        turns::ask_stop(write.connection(), &reply.chat_session_id, &reply.message_id).await.unwrap().unwrap();
    }
    write.commit().await.unwrap();
}

/// How many turns of such workers are not over.
async fn open(database: &Db, workers: &str) -> i64 {
    let found = sqlx::query_scalar("SELECT COUNT(*) FROM turns WHERE ended_at IS NULL AND worker_id LIKE $1");
    found.bind(format!("{workers}%")).fetch_one(database.pool()).await.unwrap()
}

/// What waits for the user's answer.
async fn pending(chat: &Chat) -> usize {
    let list = v1::ListRequestsRequest { caller: Some(chat.caller.clone()), page: None };
    chat.call::<method::ListRequests>(list).await.unwrap().requests.len()
}

/// Waits until chat has handled all that workers stored.
async fn handled(chat: &Chat) {
    let context = async_nats::jetstream::new(chat.client.clone());
    let mut consumer: PullConsumer = context.get_consumer_from_stream("chat", CHUNKS).await.unwrap();
    loop {
        let info = consumer.info().await.unwrap();
        if info.num_pending == 0 && info.num_ack_pending == 0 {
            return;
        }
    }
}

/// What viewers were told about a reply.
async fn told(chat: &Chat, reply_id: &str) -> Vec<v1::state::Object> {
    let subject = format!("chat.v1.stream.chat.{}.{reply_id}.state", chat.session);
    let stored = chat.bus.read(CHUNKS, &subject, 1, 100).await.unwrap().messages.into_iter();
    stored.filter_map(|stored| v1::State::decode(stored.payload).unwrap().object).collect()
}

/// How often viewers were told that a reply was interrupted.
async fn ends(chat: &Chat, reply_id: &str) -> usize {
    let interrupted = |object: &v1::state::Object| match object {
        v1::state::Object::Message(message) => message.status() == Interrupted,
        _ => false,
    };
    told(chat, reply_id).await.iter().filter(|object| interrupted(object)).count()
}

/// What the user's pages and those of the session were told last of what an agent asks.
async fn request_as_told(chat: &Chat, reply_id: &str) -> [Option<v1::RequestStatus>; 2] {
    let of_page = told(chat, reply_id).await.into_iter().rev().find_map(|object| match object {
        v1::state::Object::Request(request) => Some(request.status()),
        _ => None,
    });
    let subject = format!("evt.v1.{}.request.{REQUEST}", chat.caller.user_id);
    let stored = chat.bus.read(EVENTS, &subject, 1, 100).await.unwrap().messages.into_iter().next_back();
    let of_user = stored.and_then(|stored| match v1::Event::decode(stored.payload).unwrap().object {
        Some(v1::event::Object::Request(request)) => Some(request.status()),
        _ => None,
    });
    [of_page, of_user]
}

mod scenario {
    use super::*;

    pub async fn two_instances_end_a_lost_turn_once(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let _second = chat.another(&[]).await;
        let sent = chat.send("one").await;
        let told = chat.process_of_worker(1).sync(&[]).await.start.remove(0);
        let worker = chat.process_of_worker(1);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "half").await;
        let waiting = chat.send("two").await;
        let back = registry_that_saw_the_worker_go(&chat).await;
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        let reply = tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
        assert_eq!(reply.content, "half");
        chat.until(&sent.message_id, Interrupted).await;
        chat.until(&waiting.message_id, Queued).await;
        while ends(&chat, &told.reply_id).await == 0 {}
        // Long after that, nothing more has been told of it.
        back.store(true, Relaxed);
        chat.call::<method::ContinueQueue>(chat.session_ref()).await.unwrap();
        let worker = chat.process_of_worker(2);
        let next = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&next).await;
        worker.end(&mut writing, Completed).await;
        chat.until(&waiting.message_id, Completed).await;
        assert_eq!(ends(&chat, &told.reply_id).await, 1);
    }

    /// The stream may have forgotten that its worker went before chat, which was away as well, came to read it.
    pub async fn a_turn_whose_worker_went_unheard_ends(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "half").await;
        registry_that_saw_the_worker_go(&chat).await;
        let reply = tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
        assert_eq!(reply.content, "half");
    }

    pub async fn a_worker_that_was_only_away_goes_on_with_what_it_had_asked(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "half").await;
        worker.request(&mut writing, permission()).await;
        while pending(&chat).await == 0 {}
        let back = registry_that_saw_the_worker_go(&chat).await;
        let identity = worker.identity.clone();
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
        assert_eq!(pending(&chat).await, 0);

        back.store(true, Relaxed);
        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        let told_again = worker.sync(&[&writing]).await;
        assert!(told_again.drop.is_empty() && told_again.start.is_empty(), "{told_again:?}");
        chat.until(&sent.message_id, Streaming).await;
        assert_eq!(pending(&chat).await, 1, "its agent still waits for an answer");
        chat.call::<method::Answer>(once(&chat)).await.unwrap();
        assert_eq!(worker.sync(&[&writing]).await.answers.len(), 1);
        worker.write(&mut writing, " and whole").await;
        worker.end(&mut writing, Completed).await;
        assert_eq!(chat.until(&told.reply_id, Completed).await.content, "half and whole");
    }

    pub async fn what_an_agent_takes_back_waits_no_more_and_not_again_when_its_turn_goes_on(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.request(&mut writing, permission()).await;
        while request_as_told(&chat, &told.reply_id).await != [Some(RequestPending); 2] {}
        worker.withdraw(&mut writing, permission()).await;
        while request_as_told(&chat, &told.reply_id).await != [Some(RequestGone); 2] {}
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert_eq!((pending(&chat).await, session.activity()), (0, v1::Activity::Working));
        assert_eq!(slug(chat.call::<method::Answer>(once(&chat)).await), "request-gone");
        // As two instances may hear of it.
        let late = v1::RequestBody { request_id: LATE.into(), ..permission() };
        worker.withdraw(&mut writing, late.clone()).await;
        worker.request(&mut writing, late).await;
        handled(&chat).await;
        assert_eq!(pending(&chat).await, 0);

        let back = registry_that_saw_the_worker_go(&chat).await;
        let identity = worker.identity.clone();
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
        back.store(true, Relaxed);
        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        worker.sync(&[&writing]).await;
        chat.until(&told.reply_id, Streaming).await;
        assert_eq!(pending(&chat).await, 0);
        worker.end(&mut writing, Completed).await;
        chat.until(&told.reply_id, Completed).await;
    }

    pub async fn what_a_worker_says_while_it_is_taken_for_lost_counts_when_it_goes_on(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "half").await;
        let back = registry_that_saw_the_worker_go(&chat).await;
        let identity = worker.identity.clone();
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        let lost = async || tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
        lost().await;

        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        worker.request(&mut writing, permission()).await;
        handled(&chat).await;
        assert_eq!(pending(&chat).await, 0);
        back.store(true, Relaxed);
        assert!(worker.sync(&[&writing]).await.drop.is_empty());
        assert_eq!(pending(&chat).await, 1);

        back.store(false, Relaxed);
        lost().await;
        // It does not have to ask: what it had to say is stored, and nothing newer has happened.
        worker.write(&mut writing, " and whole").await;
        worker.end(&mut writing, Completed).await;
        assert_eq!(chat.until(&told.reply_id, Completed).await.content, "half and whole");
        assert_eq!(pending(&chat).await, 0);
    }

    pub async fn a_session_that_fell_asleep_meanwhile_is_awake_when_its_turn_goes_on(engine: Engine) {
        let mut chat = Chat::with(engine, &[("MUSTER_IDLE_SECONDS", "1")]).await;
        let sent = chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "half").await;
        let back = registry_that_saw_the_worker_go(&chat).await;
        let identity = worker.identity.clone();
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
        let status = async || chat.call::<method::GetSession>(chat.session_ref()).await.unwrap().status();
        let asleep = async { while status().await != v1::SessionStatus::SessionIdle {} };
        tokio::time::timeout(LOST, asleep).await.expect("nothing happens in it");

        back.store(true, Relaxed);
        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        let held = vec![chat.session.clone()];
        let request = v1::SyncRequest { open: vec![writing.open()], held, ..Default::default() };
        let told_again = worker.ask(request).await;
        assert_eq!((told_again.drop, told_again.release), (Vec::<String>::new(), Vec::new()));
        chat.until(&sent.message_id, Streaming).await;
        assert_eq!(status().await, v1::SessionStatus::SessionActive);
        worker.end(&mut writing, Completed).await;
        chat.until(&told.reply_id, Completed).await;
    }

    pub async fn what_the_agent_of_a_removed_worker_asks_waits_for_nobody(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let start = worker.next().await;
        let mut writing = worker.begin(&start).await;
        worker.write(&mut writing, "half").await;
        worker.request(&mut writing, permission()).await;
        let asked = [Some(RequestPending); 2];
        while request_as_told(&chat, &start.reply_id).await != asked {}
        let removed = v1::event::Object::Removed(v1::Removed {});
        chat.tell(Entity::Worker, &chat.worker.worker_id, removed).await;
        chat.until(&sent.message_id, Interrupted).await;
        let reply = chat.until(&start.reply_id, Interrupted).await;
        assert_eq!((reply.content.as_str(), reply.error.as_deref()), ("half", Some("The worker was removed.")));
        assert_eq!(pending(&chat).await, 0);
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert_eq!((session.status(), session.activity()), (v1::SessionStatus::SessionTerminated, v1::Activity::Idle));
        assert_eq!(slug(chat.call::<method::Answer>(once(&chat)).await), "request-gone");
        let gone = [Some(RequestGone); 2];
        while request_as_told(&chat, &start.reply_id).await != gone {}
        // What its process still says comes too late.
        worker.request(&mut writing, v1::RequestBody { request_id: LATE.into(), ..permission() }).await;
        handled(&chat).await;
        assert_eq!(pending(&chat).await, 0);
    }

    pub async fn turns_of_which_nobody_can_tell_are_in_the_way_of_none_that_is_lost(engine: Engine) {
        let chat = Chat::start(engine).await;
        let database = chat.database().await;
        leave(&chat, &database, UNKNOWN, 0..250).await;
        leave(&chat, &database, GONE, 250..500).await;
        registry_that_saw_the_worker_go(&chat).await;
        while open(&database, GONE).await > 0 {
            tokio::time::sleep(LOOK).await;
        }
        assert_eq!(open(&database, UNKNOWN).await, 250);
    }

    pub async fn a_turn_of_a_worker_that_nobody_knows_any_more_ends(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        worker.begin(&told).await;
        // As the registry says it of a worker that was removed.
        registry_that_says(&chat, None).await;
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        tokio::time::timeout(LOST, chat.sees(&told.reply_id, Interrupted)).await.unwrap();
    }
}
