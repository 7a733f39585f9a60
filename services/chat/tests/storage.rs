//! The stream CHUNKS when it is full, when it forgets, and when it has not yet what it will have; and turns whose
//! worker is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt as _;
use muster_bus::StoreError;
use muster_contracts::{Message as _, method, stream::CHUNKS, v1};
use support::{Chat, Engine};
use v1::TurnStatus::{Cancelled, Completed, Interrupted, Queued, Streaming};

on_both! {
    a_full_stream_is_shown_and_a_turn_that_waits_for_room_can_be_stopped
    what_a_dead_process_had_begun_is_not_begun_again_although_the_stream_does_not_show_it
    a_turn_that_is_longer_than_the_stream_remembers_ends_whole
    two_instances_end_a_lost_turn_once
    a_worker_that_was_only_away_goes_on_with_what_it_had_asked
    what_a_worker_says_while_it_is_taken_for_lost_counts_when_it_goes_on
    a_turn_of_a_worker_that_nobody_knows_any_more_ends
    whoever_was_let_in_again_begins_anew_however_chat_hears_of_it
}

const REQUEST: &str = "q1StGXR8_Z5jdHi6B-myT";
/// Chat ends no turn before it has seen the broker for half a minute.
const LOST: Duration = Duration::from_secs(60);

async fn session(chat: &Chat) -> v1::ChatSession {
    chat.call::<method::GetSession>(chat.session_ref()).await.unwrap()
}

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
            let gone = |worker_id| v1::WorkerPresence {
                worker_id,
                presence: v1::Presence::Known.into(),
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

/// How often viewers were told that a reply was interrupted.
async fn ends(chat: &Chat, reply_id: &str) -> usize {
    let subject = format!("chat.v1.stream.chat.{}.{reply_id}.state", chat.session);
    let told = chat.bus.read(CHUNKS, &subject, 1, 100).await.unwrap().messages.into_iter();
    let told = told.filter(|stored| match v1::State::decode(stored.payload.clone()).unwrap().object {
        Some(v1::state::Object::Message(message)) => message.status() == Interrupted,
        _ => false,
    });
    told.count()
}

mod scenario {
    use super::*;

    pub async fn a_full_stream_is_shown_and_a_turn_that_waits_for_room_can_be_stopped(engine: Engine) {
        let chat = Chat::with(engine, &[("MUSTER_CHUNKS_MAX_BYTES", "100000")]).await;
        let sent = chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        let refused = loop {
            if let Err(error) = worker.try_write(&mut writing, &"x".repeat(5_000)).await {
                break error;
            }
        };
        assert_eq!(refused, StoreError::Full, "told apart from every other trouble");
        let full = v1::SyncRequest {
            open: vec![writing.open()],
            full: vec![told.reply_id.clone()],
            ..v1::SyncRequest::default()
        };
        for (request, shown) in
            [(full.clone(), true), (v1::SyncRequest { full: Vec::new(), ..full.clone() }, false), (full.clone(), true)]
        {
            let before = session(&chat).await.revision;
            for _ in 0..2 {
                assert!(worker.ask(request.clone()).await.drop.is_empty());
            }
            let session = session(&chat).await;
            assert_eq!((session.storage_full, session.revision), (shown, before + 1), "told once");
        }
        // Its end finds no room either: chat ends it here, with all that is stored.
        chat.call::<method::CancelTurn>(chat.names(&sent.message_id)).await.unwrap();
        assert_eq!(worker.ask(full).await.drop, std::slice::from_ref(&told.reply_id));
        let reply = chat.until(&told.reply_id, Cancelled).await;
        assert!(reply.content == writing.reply.content(), "{} bytes are not all", reply.content.len());
        assert!(!session(&chat).await.storage_full);
    }

    pub async fn what_a_dead_process_had_begun_is_not_begun_again_although_the_stream_does_not_show_it(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let told = chat.process_of_worker(1).sync(&[]).await.start.remove(0);
        // It has published the start and was killed; here nobody sees that start yet.
        let next = chat.process_of_worker(2);
        let cut = vec![told.reply_id.clone(), "no id".to_owned(), muster_contracts::id::random()];
        let request = v1::SyncRequest { cut, ..v1::SyncRequest::default() };
        let answer = next.ask(request.clone()).await;
        assert!(answer.start.is_empty(), "{answer:?}");
        assert_eq!(answer.settled, request.cut);
        let reply = chat.until(&told.reply_id, Interrupted).await;
        assert!(reply.error.unwrap().contains("restarted"));
        chat.call::<method::Retry>(chat.names(&sent.message_id)).await.unwrap();
        let again = next.ask(request).await.start.remove(0);
        assert_ne!(again.reply_id, told.reply_id);
        let mut writing = next.begin(&again).await;
        next.end(&mut writing, Completed).await;
        chat.until(&sent.message_id, Completed).await;
    }

    pub async fn a_turn_that_is_longer_than_the_stream_remembers_ends_whole(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let (mut writing, identity) = {
            let worker = chat.process_of_worker(1);
            let told = worker.sync(&[]).await.start.remove(0);
            let mut writing = worker.begin(&told).await;
            worker.write(&mut writing, "from before; ").await;
            (writing, worker.identity)
        };
        chat.until(&writing.start.reply_id, Streaming).await;
        // The setting is changed while the stream is in use, and loses nothing that is younger.
        let before = chat.bus.stream_state(CHUNKS).await.unwrap();
        chat.process.kill().await;
        let _second = chat.another(&[("MUSTER_CHUNKS_MAX_SECONDS", "12")]).await;
        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        loop {
            worker.write(&mut writing, "and so on; ").await;
            let now = chat.bus.stream_state(CHUNKS).await.unwrap();
            assert_eq!(now.epoch, before.epoch, "it is the same stream");
            if now.first > before.last + 10 {
                break;
            }
        }
        // What a worker that is in doubt is told does not hang on what is forgotten.
        let doubtful = v1::OpenReply { doubtful: true, ..writing.open() };
        let asked = v1::SyncRequest { open: vec![doubtful], ..v1::SyncRequest::default() };
        assert_eq!(worker.ask(asked).await.go_on[0].stored, Some(writing.number));
        worker.end(&mut writing, Completed).await;
        let reply = chat.until(&writing.start.reply_id, Completed).await;
        assert!(reply.content == writing.reply.content(), "{} bytes are not all", reply.content.len());
        chat.until(&sent.message_id, Completed).await;
    }

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
        let answer = v1::AnswerRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            request_id: REQUEST.into(),
            answer: Some(v1::Answer { option_id: Some("once".into()), ..Default::default() }),
        };
        chat.call::<method::Answer>(answer).await.unwrap();
        assert_eq!(worker.sync(&[&writing]).await.answers.len(), 1);
        worker.write(&mut writing, " and whole").await;
        worker.end(&mut writing, Completed).await;
        assert_eq!(chat.until(&told.reply_id, Completed).await.content, "half and whole");
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
        worker.end(&mut writing, Completed).await;
        handled(&chat).await;
        back.store(true, Relaxed);
        // It asks whether it may go on, and learns that all it has to say is stored.
        assert!(worker.sync(&[&writing]).await.drop.is_empty());
        worker.sync(&[]).await;
        assert_eq!(chat.until(&told.reply_id, Completed).await.content, "half");
        assert_eq!(pending(&chat).await, 0);
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

    pub async fn whoever_was_let_in_again_begins_anew_however_chat_hears_of_it(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let database = chat.database().await;
        sqlx::query("INSERT INTO quotas (worker_id, cut_off) VALUES ($1, 1)")
            .bind(&chat.worker.worker_id)
            .execute(database.pool())
            .await
            .unwrap();
        // The api looks a worker up for a new session, and may do so before chat is told of a change.
        chat.worker.revision += 1;
        chat.worker.readmissions += 1;
        chat.new_session("demo/fast").await.unwrap();
        let cut_off = sqlx::query_scalar::<_, i64>("SELECT cut_off FROM quotas WHERE worker_id = $1")
            .bind(&chat.worker.worker_id)
            .fetch_all(database.pool())
            .await
            .unwrap();
        assert_eq!(cut_off, [0]);
    }
}
