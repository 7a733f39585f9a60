//! The stream CHUNKS when it is full, when it forgets, and when it has not yet what it will have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use std::time::Duration;

use muster_bus::{Identity, StoreError};
use muster_contracts::{method, stream::CHUNKS, v1};
use support::{Chat, Engine, Process};
use v1::TurnStatus::{Cancelled, Completed, Failed, Interrupted, Streaming};

on_both! {
    a_full_stream_is_shown_and_a_turn_that_waits_for_room_can_be_stopped
    what_a_dead_process_had_begun_is_not_begun_again_although_the_stream_does_not_show_it
    a_turn_that_is_longer_than_the_stream_remembers_ends_whole
    whoever_was_let_in_again_begins_anew_however_chat_hears_of_it
    a_stream_that_somebody_deleted_is_made_anew_and_chat_goes_on
    a_turn_whose_stream_was_deleted_ends_as_failed_and_what_is_begun_later_is_whole
}

async fn session(chat: &Chat) -> v1::ChatSession {
    chat.call::<method::GetSession>(chat.session_ref()).await.unwrap()
}

/// The same process of the worker, whichever session it is about.
fn process<'a>(chat: &'a Chat, identity: &Identity) -> Process<'a> {
    let mut process = chat.process_of_worker(1);
    process.identity = identity.clone();
    process
}

/// As an operator does it; chat makes it anew.
async fn delete_stream(chat: &Chat) {
    let context = async_nats::jetstream::new(chat.client.clone());
    context.delete_stream(CHUNKS).await.unwrap();
    let again = async {
        while context.get_stream(CHUNKS).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("it is there again soon");
}

mod scenario {
    use super::*;

    pub async fn a_stream_that_somebody_deleted_is_made_anew_and_chat_goes_on(engine: Engine) {
        let chat = Chat::start(engine).await;
        delete_stream(&chat).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let reply_id = worker.answer("re: one", Completed).await.reply_id;
        assert_eq!(chat.until(&reply_id, Completed).await.content, "re: one");
    }

    pub async fn a_turn_whose_stream_was_deleted_ends_as_failed_and_what_is_begun_later_is_whole(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let elsewhere = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        let identity = chat.process_of_worker(1).identity;
        // The new stream does not come as far as the old one was.
        for number in 0..10 {
            chat.send(&format!("{number}")).await;
            chat.process_of_worker(1).answer("so", Completed).await;
        }
        chat.send("one").await;
        let mut writing = {
            let worker = process(&chat, &identity);
            let mut writing = worker.begin(&worker.next().await).await;
            worker.write(&mut writing, "what is lost").await;
            writing
        };
        chat.until(&writing.start.reply_id, Streaming).await;
        let waiting = chat.send("two").await.message_id;
        let first = std::mem::replace(&mut chat.session, elsewhere);
        chat.send("elsewhere").await;
        let worker = process(&chat, &identity);
        let told = worker.sync(&[&writing]).await.start.remove(0);
        delete_stream(&chat).await;

        worker.write(&mut writing, ", and what is not").await;
        worker.end(&mut writing, Completed).await;
        let mut begun = worker.begin(&told).await;
        worker.write(&mut begun, "whole").await;
        worker.end(&mut begun, Completed).await;
        assert_eq!(chat.until(&told.reply_id, Completed).await.content, "whole");
        chat.session = first;
        let reply = chat.until(&writing.start.reply_id, Failed).await;
        assert_eq!(reply.content, "");
        assert!(reply.error.as_ref().unwrap().contains("stream of replies was lost"), "{reply:?}");
        chat.call::<method::ContinueQueue>(chat.session_ref()).await.unwrap();
        let worker = chat.process_of_worker(1);
        let start = worker.answer("re: two", Completed).await;
        assert_eq!(
            (&start.message_id, chat.until(&start.reply_id, Completed).await.content.as_str()),
            (&waiting, "re: two")
        );
    }

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
