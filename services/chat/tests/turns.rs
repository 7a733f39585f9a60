//! Turns, from the message to the finished reply and everything in between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use muster_bus::StoreError;
use muster_contracts::{Message as _, limits, method, v1};
use support::{Chat, Engine, slug};
use v1::TurnStatus::{Cancelled, Completed, Delivered, Failed, Interrupted, Queued, Streaming};

const FIRST_REQUEST: &str = "the_first_request_001";
const SECOND_REQUEST: &str = "the_second_request_02";

on_both! {
    a_message_becomes_a_reply_that_is_stored_once
    the_costs_of_turns_are_added_whoever_tells_none
    the_same_question_gets_the_same_answer
    a_turn_that_is_begun_twice_at_once_is_begun_once
    a_question_that_comes_late_forgets_nothing
    messages_wait_in_order_and_can_be_changed_until_they_are_delivered
    a_new_process_interrupts_what_the_old_one_began_and_begins_what_it_did_not
    what_a_hostile_worker_writes_ends_its_turn_and_nothing_else
    a_reply_with_a_hole_ends_as_failed_with_the_text_found
    a_stop_reaches_the_worker_and_a_late_one_hits_nothing
    a_request_is_answered_once
    answers_and_messages_that_are_more_than_fits_at_once_are_told_one_after_the_other
    a_worker_of_an_older_term_is_refused_and_a_foreign_one_changes_nothing
    another_users_worker_with_the_same_id_gets_nothing
    bad_input_is_refused_and_loses_nothing
    chat_that_was_killed_goes_on_where_it_was
    more_questions_at_once_than_there_are_connections_are_all_answered
    a_stop_is_kept_although_the_process_dies_before_it_begins
    nothing_begins_or_goes_on_in_a_session_that_has_ended
}

mod scenario {
    use super::*;

    pub async fn a_message_becomes_a_reply_that_is_stored_once(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.send("  say\n hello ").await;
        assert_eq!(sent.status(), Queued);
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await;
        assert_eq!(told.start.len(), 1);
        assert_eq!((told.start[0].content.as_str(), told.start[0].model.as_str()), ("  say\n hello ", "demo/fast"));
        assert!(told.start[0].first);
        chat.until(&sent.message_id, Delivered).await;

        let mut writing = worker.begin(&told.start[0]).await;
        chat.until(&sent.message_id, Streaming).await;
        for text in ["Hel", "lo ", "wörld"] {
            worker.write(&mut writing, text).await;
        }
        worker.end(&mut writing, Completed).await;
        let reply = chat.until(&writing.start.reply_id, Completed).await;
        assert_eq!((reply.content.as_str(), reply.chunk_count, reply.received_number), ("Hello wörld", Some(3), 3));
        assert_eq!(reply.reply_to.as_deref(), Some(sent.message_id.as_str()));
        assert_eq!(chat.until(&sent.message_id, Completed).await.revision, 4);

        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert_eq!(session.title, "say hello");
        assert_eq!(session.backend_session_id.as_deref(), Some("backend-1"));
        assert_eq!(session.usage.unwrap(), v1::Usage { input_tokens: 3, output_tokens: 4, cost: Some(0.5) });
        assert!(session.unread);
        assert!(worker.sync(&[]).await.start.is_empty());
        let order = chat.messages().await.messages.into_iter().map(|message| message.message_id).collect::<Vec<_>>();
        assert_eq!(order, [sent.message_id, writing.start.reply_id]);
    }

    pub async fn the_costs_of_turns_are_added_whoever_tells_none(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        // More of each than chat has connections to its database.
        for cost in [None, Some(0.5)].repeat(12) {
            chat.send("one").await;
            let start = worker.next().await;
            let mut writing = worker.begin(&start).await;
            let usage = v1::Usage { input_tokens: 3, output_tokens: 4, cost };
            let end = v1::End { usage: Some(usage), ..writing.end(Completed) };
            worker.end_with(&mut writing, end).await;
            chat.until(&start.message_id, Completed).await;
        }
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert_eq!(session.usage.unwrap(), v1::Usage { input_tokens: 72, output_tokens: 96, cost: Some(6.0) });
        let log = chat.process.log_tail(1000);
        assert!(!log.contains("the database failed"), "{log}");
    }

    pub async fn the_same_question_gets_the_same_answer(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let first = worker.sync(&[]).await;
        assert_eq!(worker.sync(&[]).await.start, first.start);
        let writing = worker.begin(&first.start[0]).await;
        let known = worker.sync(&[&writing]).await;
        assert!(known.start.is_empty() && known.drop.is_empty() && known.stop.is_empty());
        let doubtful = v1::OpenReply { doubtful: true, acknowledged: None, ..writing.open() };
        let told = worker.ask(v1::SyncRequest { open: vec![doubtful], ..Default::default() }).await;
        assert_eq!(told.go_on[0].stored, Some(0));
    }

    pub async fn a_turn_that_is_begun_twice_at_once_is_begun_once(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        for _ in 0..10 {
            chat.send("one").await;
            let start = worker.next().await;
            let (first, second) = tokio::join!(worker.try_begin(&start), worker.try_begin(&start));
            let ((begun, sequence), fenced) = match (first, second) {
                (Ok(begun), Err(fenced)) | (Err(fenced), Ok(begun)) => (begun, fenced),
                both => panic!("{both:?}"),
            };
            assert_eq!(fenced, StoreError::Fenced);
            // What was refused was not the first: chat tells that it has begun, and where.
            let doubtful = v1::OpenReply { doubtful: true, acknowledged: None, ..begun.open() };
            let told = worker.ask(v1::SyncRequest { open: vec![doubtful.clone()], ..Default::default() }).await;
            let go_on = v1::GoOn { reply_id: start.reply_id.clone(), stored: Some(0), sequence: Some(sequence) };
            assert_eq!(told, v1::SyncReply { go_on: vec![go_on], ..Default::default() });
            // A process that was never told of it is not to write it, whatever it knows; ours is lost with that one.
            let twin = chat.process_of_worker(1);
            assert_eq!(twin.try_begin(&start).await.unwrap_err(), StoreError::Fenced);
            let told = twin.ask(v1::SyncRequest { open: vec![doubtful], ..Default::default() }).await;
            assert_eq!(told, v1::SyncReply { drop: vec![start.reply_id.clone()], ..Default::default() });
            chat.until(&start.reply_id, Interrupted).await;
            chat.call::<method::ContinueQueue>(chat.session_ref()).await.unwrap();
        }
    }

    pub async fn a_question_that_comes_late_forgets_nothing(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let start = worker.next().await;
        let (mut writing, begun) = worker.begin_at(&start).await;
        // It was asked before the turn was begun, and was under way while the worker asked again.
        let late = v1::SyncRequest { seen: Some(begun - 1), ..Default::default() };
        assert_eq!(worker.ask(late).await, v1::SyncReply::default());
        worker.write(&mut writing, "one").await;
        worker.end(&mut writing, Completed).await;
        chat.until(&start.message_id, Completed).await;

        chat.send("two").await;
        let start = worker.next().await;
        let (_, begun) = worker.begin_at(&start).await;
        worker.ask(v1::SyncRequest { seen: Some(begun), ..Default::default() }).await;
        chat.until(&start.message_id, Interrupted).await;
    }

    pub async fn messages_wait_in_order_and_can_be_changed_until_they_are_delivered(engine: Engine) {
        let chat = Chat::start(engine).await;
        let mut sent = Vec::new();
        for content in ["one", "two", "three", "four"] {
            sent.push(chat.send(content).await.message_id);
        }
        let edit = |id: &str, content: Option<&str>, after: Option<&str>| v1::EditMessageRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            message_id: id.into(),
            content: content.map(Into::into),
            model: None,
            after: after.map(Into::into),
            ..Default::default()
        };
        let moved = chat.call::<method::EditMessage>(edit(&sent[3], Some("4"), Some(&sent[0]))).await.unwrap();
        let mut waiting = chat.messages().await.messages;
        assert!(waiting.contains(&moved));
        waiting.sort_by_key(|message| message.queue_position);
        let order = waiting.iter().map(|message| message.content.as_str()).collect::<Vec<_>>();
        assert_eq!(order, ["one", "4", "two", "three"]);
        chat.call::<method::WithdrawMessage>(chat.names(&sent[1])).await.unwrap();
        let worker = chat.process_of_worker(1);
        for expected in ["one", "4", "three"] {
            let told = worker.sync(&[]).await;
            assert_eq!(told.start.len(), 1, "one open turn in a session");
            assert_eq!(told.start[0].content, expected);
            assert_eq!(
                slug(chat.call::<method::EditMessage>(edit(&told.start[0].message_id, Some("x"), None)).await),
                "message-delivered"
            );
            assert_eq!(
                slug(chat.call::<method::WithdrawMessage>(chat.names(&told.start[0].message_id)).await),
                "message-delivered"
            );
            let mut writing = worker.begin(&told.start[0]).await;
            worker.end(&mut writing, Completed).await;
            let done = chat.until(&told.start[0].message_id, Completed).await;
            assert_eq!(done.queue_position, None);
        }
        let contents = chat.messages().await.messages.into_iter().map(|message| message.content).collect::<Vec<_>>();
        assert_eq!(contents, ["one", "", "4", "", "three", ""]);
    }

    pub async fn a_new_process_interrupts_what_the_old_one_began_and_begins_what_it_did_not(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let old = chat.process_of_worker(1);
        let untouched = old.sync(&[]).await.start.remove(0);
        // The process dies before it begins: another gets the message, as another attempt.
        let second = chat.process_of_worker(2);
        let told = second.sync(&[]).await.start.remove(0);
        assert_eq!(told.message_id, untouched.message_id);
        assert_ne!(told.reply_id, untouched.reply_id);
        // This one dies in the middle.
        let mut writing = second.begin(&told).await;
        second.write(&mut writing, "half").await;
        let waiting = chat.send("two").await;
        let third = chat.process_of_worker(3);
        assert!(third.sync(&[]).await.start.is_empty(), "the queue pauses after a loss");
        let reply = chat.until(&writing.start.reply_id, Interrupted).await;
        assert_eq!(reply.content, "half");
        assert!(reply.error.unwrap().contains("restarted"));
        chat.until(&waiting.message_id, Queued).await;
        // Retry answers, then the queue goes on.
        chat.call::<method::Retry>(chat.names(&sent.message_id)).await.unwrap();
        let again = third.sync(&[]).await.start.remove(0);
        assert_eq!(again.message_id, sent.message_id);
        let mut writing = third.begin(&again).await;
        third.end(&mut writing, Completed).await;
        chat.until(&sent.message_id, Completed).await;
        assert_eq!(third.sync(&[]).await.start[0].content, "two");
        let superseded = chat.messages().await.messages.into_iter().find(|message| message.content == "half").unwrap();
        assert_eq!(superseded.superseded_by, Some(again.reply_id));
    }

    pub async fn a_reply_with_a_hole_ends_as_failed_with_the_text_found(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "found").await;
        let end = v1::End { number: 9, outcome: Completed.into(), chunk_count: 8, ..Default::default() };
        worker.end_with(&mut writing, end).await;
        let reply = chat.until(&writing.start.reply_id, Failed).await;
        assert_eq!(reply.content, "found");
        assert!(reply.error.is_some());
        chat.until(&sent.message_id, Failed).await;
    }

    pub async fn a_stop_reaches_the_worker_and_a_late_one_hits_nothing(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let sent = chat.send("one").await.message_id;
        let next = chat.send("two").await.message_id;
        assert_eq!(slug(chat.call::<method::CancelTurn>(chat.names(&sent)).await), "not-open");
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "so far").await;
        chat.call::<method::CancelTurn>(chat.names(&sent)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(worker.sync(&[&writing]).await.stop[0].reply_id, writing.start.reply_id);
        }
        worker.end(&mut writing, Cancelled).await;
        assert_eq!(chat.until(&writing.start.reply_id, Cancelled).await.content, "so far");
        assert_eq!(slug(chat.call::<method::CancelTurn>(chat.names(&sent)).await), "not-open");
        // After a cancelled turn the queue goes on.
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "more").await;
        chat.until(&next, Streaming).await;
        // Its connection is broken for a moment, in which it is stopped: it is back and writes on before it is told so.
        let identity = worker.identity.clone();
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        chat.new_session("demo/fast").await.unwrap();
        chat.call::<method::CancelTurn>(chat.names(&next)).await.unwrap();
        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        worker.write(&mut writing, " and more").await;
        let told = worker.sync(&[&writing]).await;
        assert_eq!((told.stop.len(), told.drop), (1, Vec::<String>::new()), "{:?}", told.stop);
        worker.end(&mut writing, Cancelled).await;
        assert_eq!(chat.until(&writing.start.reply_id, Cancelled).await.content, "more and more");
    }

    /// What a database would refuse must not be tried for ever: the turns of others wait behind it.
    pub async fn what_a_hostile_worker_writes_ends_its_turn_and_nothing_else(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        for _ in 0..2 {
            chat.send("one").await;
            let mut writing = worker.begin(&worker.sync(&[]).await.start.remove(0)).await;
            worker.write(&mut writing, "a\0b").await;
            let nameless = v1::RequestBody { request_id: "a\0".into(), ..Default::default() };
            worker.request(&mut writing, nameless).await;
            let usage = v1::Usage { input_tokens: u64::MAX, output_tokens: u64::MAX, cost: Some(f64::INFINITY) };
            let end = v1::End {
                number: writing.number + 1,
                chunk_count: writing.number,
                content_hash: writing.reply.hash().to_vec(),
                outcome: Failed.into(),
                error: Some("no\0".into()),
                usage: Some(usage),
                backend_session_id: Some("a\0".into()),
                title: Some("a\0".into()),
                ..Default::default()
            };
            worker.end_with(&mut writing, end).await;
            let reply = chat.until(&writing.start.reply_id, Failed).await;
            assert_eq!((reply.content.as_str(), reply.error.as_deref()), ("a\u{fffd}b", Some("no\u{fffd}")));
        }
        let list = v1::ListRequestsRequest { caller: Some(chat.caller.clone()), page: None };
        assert!(chat.call::<method::ListRequests>(list).await.unwrap().requests.is_empty());
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert!(session.usage.unwrap().input_tokens > 1 << 40);
        // A question that names nothing that can exist is answered like any other.
        let open = vec![v1::OpenReply { reply_id: "a\0".into(), ..Default::default() }];
        let asked = worker.ask(v1::SyncRequest { open, held: vec!["a\0".into()], ..Default::default() }).await;
        assert_eq!(asked.drop, ["a\0"]);
    }

    pub async fn a_request_is_answered_once(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        let option = |id: &str| v1::RequestOption { option_id: id.into(), label: id.into(), kind: "allow_once".into() };
        let body = v1::RequestBody {
            request_id: FIRST_REQUEST.into(),
            kind: v1::RequestKind::Permission.into(),
            title: "run".into(),
            options: vec![option("once"), option("reject")],
            ..Default::default()
        };
        worker.request(&mut writing, body).await;
        let list = v1::ListRequestsRequest { caller: Some(chat.caller.clone()), page: None };
        while chat.call::<method::ListRequests>(list.clone()).await.unwrap().requests.is_empty() {}
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert_eq!(session.activity(), v1::Activity::NeedsYou);
        let answer = |option: &str| v1::AnswerRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            request_id: FIRST_REQUEST.into(),
            answer: Some(v1::Answer { option_id: Some(option.into()), ..Default::default() }),
        };
        assert_eq!(slug(chat.call::<method::Answer>(answer("never")).await), "invalid-value");
        let (a, b) =
            tokio::join!(chat.call::<method::Answer>(answer("once")), chat.call::<method::Answer>(answer("reject")));
        let won = if a.is_ok() { "once" } else { "reject" };
        assert_eq!(slug(if a.is_ok() { b } else { a }), "request-answered");
        chat.call::<method::Answer>(answer(won)).await.unwrap();
        for _ in 0..2 {
            let given = &worker.sync(&[&writing]).await.answers[0];
            assert_eq!(given.answer.as_ref().unwrap().option_id.as_deref(), Some(won));
        }
        // What still waits when the turn is over is gone.
        let body =
            v1::RequestBody { request_id: SECOND_REQUEST.into(), options: vec![option("once")], ..Default::default() };
        worker.request(&mut writing, body).await;
        while chat.call::<method::ListRequests>(list.clone()).await.unwrap().requests.is_empty() {}
        worker.end(&mut writing, Completed).await;
        chat.until(&writing.start.reply_id, Completed).await;
        assert!(chat.call::<method::ListRequests>(list).await.unwrap().requests.is_empty());
        let late = v1::AnswerRequest { request_id: SECOND_REQUEST.into(), ..answer("once") };
        assert_eq!(slug(chat.call::<method::Answer>(late).await), "request-gone");
    }

    pub async fn answers_and_messages_that_are_more_than_fits_at_once_are_told_one_after_the_other(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let identity = worker.identity.clone();
        let mut writing = worker.begin(&worker.next().await).await;
        let requests = (0..10).map(|number| format!("the_long_request_{number:0>4}")).collect::<Vec<_>>();
        let option = v1::RequestOption { option_id: "no".into(), label: "No".into(), kind: "reject_once".into() };
        for id in &requests {
            let options = vec![option.clone()];
            let body = v1::RequestBody { request_id: id.clone(), options, ..Default::default() };
            worker.request(&mut writing, body).await;
        }
        let list = v1::ListRequestsRequest { caller: Some(chat.caller.clone()), page: None };
        while chat.call::<method::ListRequests>(list.clone()).await.unwrap().requests.len() < requests.len() {}
        for id in &requests {
            let message = Some("x".repeat(16 * 1024));
            let answer = v1::AnswerRequest {
                caller: Some(chat.caller.clone()),
                chat_session_id: chat.session.clone(),
                request_id: id.clone(),
                answer: Some(v1::Answer { option_id: Some("no".into()), message, ..Default::default() }),
            };
            chat.call::<method::Answer>(answer).await.unwrap();
        }
        chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        chat.send(&"y".repeat(128 * 1024)).await;

        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        let told = worker.sync(&[&writing]).await;
        assert!(told.encoded_len() <= limits::PAYLOAD_BYTES, "{}", told.encoded_len());
        assert!(told.start.len() == 1 && told.answers.len() < requests.len() && told.more);
        let begun = worker.begin(&told.start[0]).await;
        let told = worker.sync(&[&writing, &begun]).await;
        assert!(told.encoded_len() <= limits::PAYLOAD_BYTES, "{}", told.encoded_len());
        assert!(told.start.is_empty() && told.answers.len() == requests.len() && !told.more);
    }

    pub async fn a_worker_of_an_older_term_is_refused_and_a_foreign_one_changes_nothing(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let mut foreign = chat.process_of_worker(1);
        foreign.identity.worker = muster_contracts::id::WorkerId::random();
        assert_eq!(foreign.sync(&[]).await, v1::SyncReply::default());
        let told = chat.process_of_worker(1).sync(&[]).await.start.remove(0);
        let mut writing = foreign.begin(&told).await;
        foreign.write(&mut writing, "evil").await;
        foreign.end(&mut writing, Completed).await;
        chat.worker.term = 5;
        chat.tell_worker(v1::WorkerStatus::Online).await;
        let current = chat.process_of_worker(5);
        let told = loop {
            let told = current.sync(&[]).await;
            if let Some(start) = told.start.into_iter().next() {
                break start;
            }
        };
        let mut writing = current.begin(&told).await;
        current.write(&mut writing, "good").await;
        current.end(&mut writing, Completed).await;
        assert_eq!(chat.until(&told.reply_id, Completed).await.content, "good");
        chat.until(&sent.message_id, Completed).await;
    }

    pub async fn another_users_worker_with_the_same_id_gets_nothing(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let begun = chat.send("what is begun").await;
        let writing = worker.begin(&worker.next().await).await;
        chat.until(&begun.message_id, Streaming).await;
        let instance = worker.identity.instance.clone();
        chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        let waiting = chat.send("what waits").await;

        let theirs = v1::Worker { user_id: muster_contracts::id::random(), revision: 1_000, ..chat.worker.clone() };
        let session = v1::CreateSessionRequest {
            caller: Some(v1::Caller { user_id: theirs.user_id.clone(), ..chat.caller.clone() }),
            worker: Some(theirs),
            chat_session_id: muster_contracts::id::random(),
            model: "demo/fast".into(),
            ..Default::default()
        };
        chat.call::<method::CreateSession>(session).await.unwrap();
        let mut foreign = chat.process_of_worker(1);
        // What it may have learned.
        foreign.identity.instance = instance;
        let told = foreign.sync(&[]).await;
        assert_eq!(told, v1::SyncReply::default());
        let told = foreign.sync(&[&writing]).await;
        assert_eq!(told, v1::SyncReply { drop: vec![writing.start.reply_id.clone()], ..Default::default() });
        assert_eq!(chat.until(&waiting.message_id, Queued).await.content, "what waits");

        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        assert_eq!(slug(chat.call::<method::RestoreSession>(chat.session_ref()).await), "worker-removed");
    }

    pub async fn bad_input_is_refused_and_loses_nothing(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.message("keep me");
        chat.call::<method::SendMessage>(sent.clone()).await.unwrap();
        let same = chat.call::<method::SendMessage>(sent.clone()).await.unwrap();
        assert_eq!(same.message_id, sent.message_id);
        let other = v1::SendMessageRequest { content: "other".into(), ..sent.clone() };
        assert_eq!(slug(chat.call::<method::SendMessage>(other).await), "message-exists");
        for content in ["", " \n ", "a\0b", &"x".repeat(128 * 1024 + 1)] {
            assert_eq!(slug(chat.call::<method::SendMessage>(chat.message(content)).await), "invalid-value");
        }
        let wrong_model = v1::SendMessageRequest { model: Some("demo/none".into()), ..chat.message("x") };
        assert_eq!(slug(chat.call::<method::SendMessage>(wrong_model).await), "invalid-value");
        assert_eq!(slug(chat.new_session("demo/none").await), "invalid-value");
        let stale = v1::SendMessageRequest { after_message_id: Some("x".into()), ..chat.message("x") };
        assert_eq!(slug(chat.call::<method::SendMessage>(stale).await), "not-last");
        let stranger =
            v1::Caller { user_id: muster_contracts::id::random(), address: String::new(), token_id: String::new() };
        let foreign = v1::SendMessageRequest { caller: Some(stranger), ..chat.message("x") };
        assert_eq!(slug(chat.call::<method::SendMessage>(foreign).await), "not-found");
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        assert_eq!(slug(chat.call::<method::SendMessage>(chat.message("x")).await), "session-terminated");
        chat.call::<method::RestoreSession>(chat.session_ref()).await.unwrap();
        for number in 0..49 {
            chat.send(&format!("{number}")).await;
        }
        assert_eq!(slug(chat.call::<method::SendMessage>(chat.message("one too many")).await), "queue-full");
        let worker = chat.process_of_worker(1);
        assert_eq!(worker.sync(&[]).await.start[0].content, "keep me");
    }

    pub async fn more_questions_at_once_than_there_are_connections_are_all_answered(engine: Engine) {
        let chat = Chat::start(engine).await;
        let processes = (0..100).map(|_| chat.process_of_worker(1)).collect::<Vec<_>>();
        // One that holds a connection while it waits for another would be refused in the end.
        futures_util::future::join_all(processes.iter().map(|process| process.sync(&[]))).await;
    }

    pub async fn chat_that_was_killed_goes_on_where_it_was(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        chat.send("one").await;
        let (mut writing, identity) = {
            let worker = chat.process_of_worker(1);
            let told = worker.sync(&[]).await.start.remove(0);
            let mut writing = worker.begin(&told).await;
            worker.write(&mut writing, "before ").await;
            (writing, worker.identity)
        };
        chat.process.kill().await;
        {
            let mut worker = chat.process_of_worker(1);
            worker.identity = identity.clone();
            worker.write(&mut writing, "during ").await;
        }
        chat.process.restart().await.unwrap();
        let mut worker = chat.process_of_worker(1);
        worker.identity = identity;
        worker.write(&mut writing, "after").await;
        worker.end(&mut writing, Completed).await;
        let reply = chat.until(&writing.start.reply_id, Completed).await;
        assert_eq!(reply.content, "before during after");
    }

    pub async fn a_stop_is_kept_although_the_process_dies_before_it_begins(engine: Engine) {
        let chat = Chat::start(engine).await;
        let sent = chat.send("one").await;
        let told = chat.process_of_worker(1).sync(&[]).await.start.remove(0);
        chat.call::<method::CancelTurn>(chat.names(&sent.message_id)).await.unwrap();
        let next = chat.process_of_worker(2).sync(&[]).await;
        assert!(next.start.is_empty(), "{next:?}");
        chat.until(&sent.message_id, Cancelled).await;
        chat.until(&told.reply_id, Cancelled).await;
    }

    pub async fn nothing_begins_or_goes_on_in_a_session_that_has_ended(engine: Engine) {
        let chat = Chat::start(engine).await;
        chat.send("one").await;
        let worker = chat.process_of_worker(1);
        let told = worker.sync(&[]).await.start.remove(0);
        let mut writing = worker.begin(&told).await;
        worker.write(&mut writing, "half").await;
        // Another process: what this one wrote counts as lost.
        chat.process_of_worker(2).sync(&[]).await;
        chat.until(&told.reply_id, Interrupted).await;
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        let late = worker.sync(&[&writing]).await;
        assert_eq!(late.drop, std::slice::from_ref(&told.reply_id));
        chat.until(&told.reply_id, Interrupted).await;
    }
}
