//! What a session is told of itself: what is new in it, what goes first, what was said meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use std::time::Duration;

use muster_contracts::{
    id,
    limits::OPEN_REPLIES,
    method,
    subject::{ChatVerb, Entity},
    v1,
};
use support::{Chat, Engine, slug};
use v1::TurnStatus::{Cancelled, Completed, Delivered, Interrupted, Queued, Streaming};

on_both! {
    a_session_is_unread_until_it_is_read_and_pinned_until_it_is_not
    what_is_sent_now_goes_first_and_stops_what_runs
    what_is_sent_now_goes_on_though_the_worker_dies_before_it_has_stopped
    nothing_is_sent_now_in_a_session_that_has_ended
    a_session_is_unread_until_its_newest_reply_was_seen
    a_message_is_sent_only_if_nothing_was_said_meanwhile
    a_message_that_is_sent_in_two_sessions_at_once_is_in_one
    a_worker_that_asks_without_end_is_refused_and_another_one_is_not
    a_worker_has_so_many_open_replies_and_no_more
    what_was_withdrawn_is_not_sent_by_the_same_send_once_more
    a_limit_is_taken_from_a_changed_file
    a_session_that_is_made_again_is_the_same_one
    what_comes_late_of_a_removed_worker_brings_it_not_back
    what_waits_for_a_removed_worker_is_over_and_says_why
}

impl Chat {
    async fn session(&self) -> v1::ChatSession {
        self.call::<method::GetSession>(self.session_ref()).await.unwrap()
    }

    async fn pin(&self, pinned: bool) -> v1::ChatSession {
        let request = v1::UpdateSessionRequest {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            pinned: Some(pinned),
            ..Default::default()
        };
        self.call::<method::UpdateSession>(request).await.unwrap()
    }
}

async fn until(condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it never is so");
}

mod scenario {
    use super::*;

    pub async fn a_session_that_is_made_again_is_the_same_one(engine: Engine) {
        let chat = Chat::start(engine).await;
        let made = chat.session().await;
        let again = v1::CreateSessionRequest {
            caller: Some(chat.caller.clone()),
            worker: Some(chat.worker.clone()),
            chat_session_id: made.chat_session_id.clone(),
            model: "demo/fast".into(),
            ..Default::default()
        };
        assert_eq!(chat.call::<method::CreateSession>(again.clone()).await.unwrap(), made);
        let elsewhere = v1::Worker { worker_id: "V1StGXR8_Z5jdHi6B-myT".into(), ..chat.worker.clone() };
        let elsewhere = v1::CreateSessionRequest { worker: Some(elsewhere), ..again };
        assert_eq!(slug(chat.call::<method::CreateSession>(elsewhere).await), "id-taken");

        let worker = chat.process_of_worker(1);
        chat.send("one").await;
        let start = worker.answer("first", Completed).await;
        let fork = v1::ForkSessionRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            message_id: start.reply_id.clone(),
            fork_id: "W1StGXR8_Z5jdHi6B-myT".into(),
        };
        let forked = chat.call::<method::ForkSession>(fork.clone()).await.unwrap();
        assert_eq!(chat.call::<method::ForkSession>(fork.clone()).await.unwrap(), forked);
        let other = v1::ForkSessionRequest { message_id: start.message_id, ..fork };
        assert_eq!(slug(chat.call::<method::ForkSession>(other).await), "id-taken");
    }

    pub async fn what_comes_late_of_a_removed_worker_brings_it_not_back(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let removed = v1::event::Object::Removed(v1::Removed {});
        chat.tell(Entity::Worker, &chat.worker.worker_id, removed).await;
        until(async || chat.session().await.status() == v1::SessionStatus::SessionTerminated).await;
        chat.tell_worker(v1::WorkerStatus::Online).await;
        // Once this one has come, the one before it has.
        let last = v1::Worker { worker_id: "V1StGXR8_Z5jdHi6B-myT".into(), ..chat.worker.clone() };
        let id = last.worker_id.clone();
        chat.tell(Entity::Worker, &id, v1::event::Object::Worker(last)).await;
        let database = chat.database().await;
        until(async || {
            let known = sqlx::query("SELECT 1 FROM workers WHERE worker_id = $1").bind(&id);
            known.fetch_optional(database.pool()).await.unwrap().is_some()
        })
        .await;
        assert_eq!(slug(chat.call::<method::RestoreSession>(chat.session_ref()).await), "worker-removed");
        assert_eq!(slug(chat.new_session("demo/fast").await), "worker-removed");
    }

    pub async fn what_waits_for_a_removed_worker_is_over_and_says_why(engine: Engine) {
        let chat = Chat::start(engine).await;
        let (first, second) = (chat.send("one").await, chat.send("two").await);
        // What waits in a session that has ended waits for its worker all the same.
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        let removed = v1::event::Object::Removed(v1::Removed {});
        chat.tell(Entity::Worker, &chat.worker.worker_id, removed).await;
        for sent in [first, second] {
            let over = chat.until(&sent.message_id, Interrupted).await;
            assert!(over.revision > sent.revision);
            assert_eq!((over.content, over.error.as_deref()), (sent.content, Some("The worker was removed.")));
        }
        assert_eq!(chat.session().await.activity(), v1::Activity::Idle);
    }

    pub async fn a_session_is_unread_until_it_is_read_and_pinned_until_it_is_not(engine: Engine) {
        let chat = Chat::start(engine).await;
        let fresh = chat.session().await;
        assert!(!fresh.unread && !fresh.pinned && fresh.activity() == v1::Activity::Idle);
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let mut writing = worker.begin(&worker.next().await).await;
        worker.write(&mut writing, "half").await;
        chat.until(&writing.start.message_id, Streaming).await;
        assert_eq!(chat.session().await.activity(), v1::Activity::Working);
        worker.end(&mut writing, Completed).await;
        chat.until(&writing.start.message_id, Completed).await;
        let answered = chat.session().await;
        assert!(answered.unread && answered.activity() == v1::Activity::Idle);
        assert!(answered.last_activity > fresh.last_activity);

        for _ in 0..2 {
            chat.call::<method::MarkRead>(chat.names(&writing.start.reply_id)).await.unwrap();
        }
        let read = chat.session().await;
        assert!(!read.unread);
        assert_eq!(read.revision, answered.revision + 1, "the same again changes nothing");
        assert!(chat.pin(true).await.pinned && chat.session().await.pinned);
        chat.send("two").await;
        worker.answer("unasked", Completed).await;
        let more = chat.session().await;
        assert!(more.unread && more.pinned, "a reply changes nothing of what its owner said of the session");
        assert!(!chat.pin(false).await.pinned && chat.session().await.unread);
    }

    pub async fn what_is_sent_now_goes_first_and_stops_what_runs(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("runs").await;
        let worker = chat.process_of_worker(1);
        let mut running = worker.begin(&worker.next().await).await;
        worker.write(&mut running, "so far").await;
        let (second, third) = (chat.send("second").await, chat.send("third").await);
        assert_eq!((second.queue_position, third.queue_position), (Some(1), Some(2)));

        chat.call::<method::SendNow>(chat.names(&third.message_id)).await.unwrap();
        let place = async |sent: &v1::ChatMessage| chat.until(&sent.message_id, Queued).await.queue_position.unwrap();
        assert!(place(&third).await < place(&second).await);
        let told = worker.sync(&[&running]).await;
        assert_eq!((told.stop[0].reply_id.as_str(), told.start.len()), (running.start.reply_id.as_str(), 0));
        worker.end(&mut running, Cancelled).await;
        assert_eq!(chat.until(&running.start.reply_id, Cancelled).await.content, "so far");
        assert_eq!(worker.answer("at once", Completed).await.content, "third");
        assert_eq!(worker.answer("then", Completed).await.content, "second");

        let done = chat.call::<method::SendNow>(chat.names(&third.message_id)).await;
        assert_eq!(slug(done), "message-delivered");
        let order = chat.messages().await.messages.into_iter().map(|message| message.content).collect::<Vec<_>>();
        assert_eq!(order, ["runs", "so far", "third", "at once", "second", "then"]);
    }

    pub async fn what_is_sent_now_goes_on_though_the_worker_dies_before_it_has_stopped(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("runs").await;
        let worker = chat.process_of_worker(1);
        let mut running = worker.begin(&worker.next().await).await;
        worker.write(&mut running, "so far").await;
        let waiting = chat.send("at once").await;
        chat.call::<method::SendNow>(chat.names(&waiting.message_id)).await.unwrap();

        let told = chat.process_of_worker(2).next().await;
        assert_eq!(told.content, "at once");
        let reply = chat.until(&running.start.reply_id, Cancelled).await;
        assert_eq!((reply.content.as_str(), reply.error), ("so far", None));
    }

    pub async fn nothing_is_sent_now_in_a_session_that_has_ended(engine: Engine) {
        let chat = Chat::start(engine).await;
        let waiting = chat.send("waits").await;
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        let before = chat.session().await;
        let refused = chat.call::<method::SendNow>(chat.names(&waiting.message_id)).await;
        assert_eq!((slug(refused), chat.session().await), ("session-terminated".to_owned(), before));
    }

    pub async fn a_session_is_unread_until_its_newest_reply_was_seen(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let mut replies = Vec::new();
        for content in ["one", "two"] {
            let sent = chat.send(content).await;
            let reply_id = worker.answer("re", Completed).await.reply_id;
            replies.push((sent.message_id, reply_id));
        }
        for (seen, left) in [(&replies[0].1, true), (&replies[1].0, true), (&replies[1].1, false)] {
            chat.call::<method::MarkRead>(chat.names(seen)).await.unwrap();
            assert_eq!(chat.session().await.unread, left, "{seen}");
        }
    }

    pub async fn a_message_is_sent_only_if_nothing_was_said_meanwhile(engine: Engine) {
        let chat = Chat::start(engine).await;
        let after = |content: &str, last: &str| v1::SendMessageRequest {
            after_message_id: Some(last.to_owned()),
            ..chat.message(content)
        };
        let send = async |request: v1::SendMessageRequest| chat.call::<method::SendMessage>(request).await;
        let first = chat.send("one").await;
        let second = after("two", &first.message_id);
        assert_eq!(send(second.clone()).await.unwrap().status(), Queued);
        assert_eq!(send(second).await.unwrap().content, "two", "the same again is the same message");
        assert_eq!(slug(send(after("three", &first.message_id)).await), "not-last");
        let worker = chat.process_of_worker(1);
        worker.answer("re: one", Completed).await;
        worker.answer("re: two", Completed).await;
        let last = chat.messages().await.messages.pop().unwrap();
        assert_eq!(last.content, "re: two");
        let third = send(after("three", &last.message_id)).await.unwrap();
        worker.next().await;
        chat.until(&third.message_id, Delivered).await;
        assert_eq!(slug(send(after("four", &last.message_id)).await), "not-last", "an answer has begun meanwhile");
        let contents = chat.messages().await.messages.into_iter().map(|message| message.content).collect::<Vec<_>>();
        assert_eq!(contents, ["one", "re: one", "two", "re: two", "three", ""], "what was refused left nothing");
    }

    pub async fn a_message_that_is_sent_in_two_sessions_at_once_is_in_one(engine: Engine) {
        let chat = Chat::start(engine).await;
        let other = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        for _ in 0..10 {
            let here = chat.message("once");
            let there = v1::SendMessageRequest { chat_session_id: other.clone(), ..here.clone() };
            let sent = tokio::join!(chat.call::<method::SendMessage>(here), chat.call::<method::SendMessage>(there));
            let refused = if sent.0.is_ok() { sent.1 } else { sent.0 };
            assert_eq!(slug(refused), "message-exists");
        }
    }

    pub async fn a_worker_that_asks_without_end_is_refused_and_another_one_is_not(engine: Engine) {
        let chat = Chat::start(engine).await;
        let (bad, good) = (chat.process_of_worker(1), chat.process_of_worker(1));
        // What costs nothing but the question: no table is asked, so that all of them come faster than they may.
        let request = v1::AttachmentRequest::default();
        let asked = (0..2_000).map(|_| bad.asked::<v1::AttachmentPiece>(ChatVerb::Attachment, &request));
        let answers = futures_util::future::join_all(asked).await.into_iter().map(Result::unwrap_err);
        let (refused, answered) = answers.partition::<Vec<_>, _>(|slug| slug == "too-many-requests");
        assert!(refused.len() > 500, "{}", refused.len());
        assert!(answered.len() >= 500 && answered.iter().all(|slug| slug == "not-found"), "{answered:?}");
        good.sync(&[]).await;
    }

    pub async fn a_worker_has_so_many_open_replies_and_no_more(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let open = |number| v1::SyncRequest {
            open: std::iter::repeat_with(|| v1::OpenReply { reply_id: id::random(), ..v1::OpenReply::default() })
                .take(number)
                .collect(),
            ..v1::SyncRequest::default()
        };
        let told = worker.asked::<v1::SyncReply>(ChatVerb::Sync, &open(OPEN_REPLIES + 1)).await;
        assert_eq!(told.map(|_| ()).unwrap_err(), "too-many-replies");
        let told = worker.ask(open(OPEN_REPLIES)).await;
        assert_eq!((told.drop.len(), told.start.len(), told.more), (OPEN_REPLIES, 0, false), "there is no room");
        let told = worker.ask(open(OPEN_REPLIES - 1)).await;
        assert_eq!((told.drop.len(), told.start.len()), (OPEN_REPLIES - 1, 1), "there is room for one");
    }

    pub async fn what_was_withdrawn_is_not_sent_by_the_same_send_once_more(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.message("one");
        let send = async || chat.call::<method::SendMessage>(sent.clone()).await;
        send().await.unwrap();
        send().await.unwrap();
        chat.call::<method::WithdrawMessage>(chat.names(&sent.message_id)).await.unwrap();
        assert_eq!(slug(send().await), "message-withdrawn");
        assert!(chat.messages().await.messages.is_empty());
        assert!(chat.process_of_worker(1).sync(&[]).await.start.is_empty());
        // Said anew it is another message.
        chat.send("one").await;
        assert_eq!(chat.messages().await.messages.len(), 1);
    }

    pub async fn a_limit_is_taken_from_a_changed_file(engine: Engine) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let configure = |most: u32| std::fs::write(file.path(), format!("sessions_per_user = {most}\n")).unwrap();
        configure(1);
        let chat = Chat::with(engine, &[("MUSTER_CONFIG", file.path().to_str().unwrap())]).await;
        assert_eq!(slug(chat.new_session("demo/fast").await), "too-many-sessions");
        configure(2);
        let taken = async { while chat.new_session("demo/fast").await.is_err() {} };
        tokio::time::timeout(Duration::from_secs(20), taken).await.expect("it is taken");
    }
}
