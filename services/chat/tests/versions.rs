//! Versions of messages, forks, and what is asked of a worker's backend.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use muster_chat::store::{messages, sessions};
use muster_contracts::{
    id::{self, SessionId},
    method,
    v1::{self, ask_result::Told},
};
use support::{Chat, Engine, Process, slug};
use v1::TurnStatus::{Cancelled, Completed, Failed, Interrupted, Queued, Streaming};

on_both! {
    a_new_version_takes_its_place_and_that_of_all_behind_it_once_it_is_delivered
    a_rewind_is_told_until_a_turn_behind_it_has_completed
    a_version_that_waits_can_be_withdrawn_and_nothing_has_changed
    what_waits_stays_behind_a_new_version
    what_cannot_be_replaced_is_refused_with_what_to_do
    a_retry_that_is_withdrawn_leaves_the_message_as_it_was
    a_retry_that_its_worker_never_began_takes_no_place
    what_is_tried_again_moved_and_withdrawn_stands_where_it_stood
    what_is_tried_again_and_withdrawn_gives_way_to_what_took_its_place_meanwhile
    what_waits_to_be_replaced_is_not_tried_again
    what_was_answered_once_is_not_edited_while_it_waits_to_be_answered_anew
    a_fork_has_all_up_to_its_message_and_its_backend_makes_it_at_the_first_turn
    a_long_conversation_is_forked_whole
    a_copied_message_is_replaced_by_forking_anew
    a_fork_of_what_was_replaced_or_is_not_finished
    a_mode_is_for_the_session_or_for_one_message
    what_a_backend_offers_is_asked_over_any_instance
    so_many_different_things_are_asked_of_a_worker_at_once_and_no_more
    only_what_failed_was_stopped_or_was_lost_is_tried_again
}

/// Questions that wait for one worker at most.
const ASKS: usize = 10;
/// Messages that are more than one statement takes, and not a multiple of what it takes.
const LONG: i64 = 1_234;

impl Chat {
    /// Sends a message and has it answered.
    async fn say(&self, worker: &Process<'_>, content: &str) -> (v1::ChatMessage, v1::TurnStart) {
        let sent = self.send(content).await;
        let start = worker.answer(&format!("re: {content}"), Completed).await;
        assert_eq!(start.message_id, sent.message_id);
        (sent, start)
    }

    fn version_of(&self, message_id: &str, content: &str) -> v1::SendMessageRequest {
        v1::SendMessageRequest { replaces: Some(message_id.into()), ..self.message(content) }
    }

    /// Each message's content and whether it has its place still.
    async fn live(&self) -> Vec<String> {
        let all = self.messages().await.messages;
        all.into_iter().filter(|message| message.superseded_by.is_none()).map(|message| message.content).collect()
    }

    fn edit_of(&self, message_id: &str, content: Option<&str>, after: Option<&str>) -> v1::EditMessageRequest {
        v1::EditMessageRequest {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            message_id: message_id.into(),
            content: content.map(Into::into),
            after: after.map(Into::into),
            ..Default::default()
        }
    }

    async fn get(&self, message_id: &str) -> v1::ChatMessage {
        self.messages().await.messages.into_iter().find(|message| message.message_id == message_id).unwrap()
    }

    async fn fork(&mut self, message_id: &str) -> v1::ChatSession {
        let request = self.fork_request(message_id);
        let fork = self.call::<method::ForkSession>(request).await.unwrap();
        self.session = fork.chat_session_id.clone();
        fork
    }

    fn fork_request(&self, message_id: &str) -> v1::ForkSessionRequest {
        v1::ForkSessionRequest {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            message_id: message_id.into(),
            fork_id: SessionId::random().into(),
        }
    }
}

mod scenario {
    use super::*;

    pub async fn a_new_version_takes_its_place_and_that_of_all_behind_it_once_it_is_delivered(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        chat.say(&worker, "one").await;
        let (two, second) = chat.say(&worker, "two").await;
        let (three, third) = chat.say(&worker, "three").await;
        assert!(second.superseded.is_empty() && third.superseded.is_empty());
        let edit = chat.version_of(&two.message_id, "two, better");
        let sent = chat.call::<method::SendMessage>(edit.clone()).await.unwrap();
        assert_eq!((sent.status(), sent.version, sent.replaces.as_deref()), (Queued, Some(2), Some(&*two.message_id)));
        assert_eq!(chat.call::<method::SendMessage>(edit.clone()).await.unwrap().message_id, sent.message_id);
        assert_eq!(chat.live().await.len(), 7, "until it is delivered, nothing has changed");
        let start = worker.next().await;
        assert_eq!((&start.message_id, &start.superseded), (&sent.message_id, &vec![two.message_id.clone()]));
        assert_eq!(start.backend_session_id.as_deref(), Some("backend-1"));
        assert_eq!(worker.next().await, start, "the same question gets the same answer");
        assert_eq!(chat.live().await, ["one", "re: one", "two, better", ""]);
        for id in [&two.message_id, &second.reply_id, &three.message_id, &third.reply_id] {
            assert_eq!(chat.get(id).await.superseded_by.as_ref(), Some(&sent.message_id));
        }
        assert_eq!(chat.get(&third.reply_id).await.content, "re: three", "the old version stays readable");
        worker.answer("better", Completed).await;
        let (_, fourth) = chat.say(&worker, "four").await;
        assert!(fourth.superseded.is_empty(), "it was done: {fourth:?}");
        // A regenerated message is a version with the same text.
        let again = chat.version_of(&sent.message_id, "two, better");
        assert_eq!(chat.call::<method::SendMessage>(again).await.unwrap().version, Some(3));
        assert_eq!(worker.answer("again", Completed).await.superseded, std::slice::from_ref(&sent.message_id));
        assert_eq!(chat.live().await, ["one", "re: one", "two, better", "again"]);
    }

    pub async fn a_rewind_is_told_until_a_turn_behind_it_has_completed(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let (one, _) = chat.say(&worker, "one").await;
        let second = chat.call::<method::SendMessage>(chat.version_of(&one.message_id, "b")).await.unwrap();
        // A process that was told and never began: the next one is told the same.
        assert_eq!(worker.next().await.superseded, std::slice::from_ref(&one.message_id));
        let worker = chat.process_of_worker(2);
        let start = worker.answer("no", Failed).await;
        assert_eq!((start.superseded, start.first), (vec![one.message_id.clone()], true));
        let third = chat.call::<method::SendMessage>(chat.version_of(&second.message_id, "c")).await.unwrap();
        let start = worker.answer("stopped", Cancelled).await;
        assert_eq!(start.superseded, [second.message_id.clone(), one.message_id.clone()]);
        chat.send("d").await;
        let start = worker.answer("done", Completed).await;
        assert_eq!(start.superseded, [second.message_id, one.message_id], "nobody has said that it was done");
        assert_eq!(chat.live().await, ["c", "stopped", "d", "done"]);
        assert_eq!(chat.get(&third.message_id).await.version, Some(3));
        chat.send("e").await;
        assert!(worker.answer("done", Completed).await.superseded.is_empty());
    }

    pub async fn a_version_that_waits_can_be_withdrawn_and_nothing_has_changed(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let (one, first) = chat.say(&worker, "one").await;
        let before = chat.messages().await.messages;
        let edit = chat.version_of(&one.message_id, "b");
        chat.call::<method::SendMessage>(edit.clone()).await.unwrap();
        chat.call::<method::WithdrawMessage>(chat.names(&edit.message_id)).await.unwrap();
        assert_eq!(chat.messages().await.messages, before);
        // It was delivered to a process that is gone, and waits again: the old version has its place back.
        let edit = chat.version_of(&one.message_id, "b");
        chat.call::<method::SendMessage>(edit.clone()).await.unwrap();
        worker.next().await;
        assert_eq!(chat.live().await, ["b", ""]);
        let withdrawn = chat.call::<method::WithdrawMessage>(chat.names(&edit.message_id)).await;
        assert_eq!(slug(withdrawn), "message-delivered");
        // The next process is told of nothing, because the worker has more than its share of CHUNKS: the user takes the
        // message back.
        sqlx::query("INSERT INTO quotas (worker_id, cut_off) VALUES ($1, 0)")
            .bind(&chat.worker.worker_id)
            .execute(chat.database().await.pool())
            .await
            .unwrap();
        chat.process_of_worker(2).sync(&[]).await;
        chat.until(&edit.message_id, Queued).await;
        chat.call::<method::WithdrawMessage>(chat.names(&edit.message_id)).await.unwrap();
        assert_eq!(chat.live().await, ["one", "re: one"]);
        assert_eq!(chat.get(&first.reply_id).await.superseded_by, None);
    }

    pub async fn what_waits_stays_behind_a_new_version(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let one = chat.send("one").await;
        chat.send("two").await;
        worker.answer("no", Failed).await;
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert!(session.queue_paused);
        chat.call::<method::SendMessage>(chat.version_of(&one.message_id, "one, better")).await.unwrap();
        let session = chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
        assert!(!session.queue_paused, "what held the queue back is replaced");
        let waiting = chat.messages().await.messages.into_iter().filter(|message| message.status() == Queued);
        assert_eq!(waiting.map(|message| message.content).collect::<Vec<_>>(), ["one, better", "two"]);
        assert_eq!(worker.answer("yes", Completed).await.content, "one, better");
        assert_eq!(worker.answer("yes", Completed).await.content, "two");
        assert_eq!(chat.live().await, ["one, better", "yes", "two", "yes"]);
    }

    pub async fn what_cannot_be_replaced_is_refused_with_what_to_do(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let home = chat.session.clone();
        chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        let elsewhere = chat.send("elsewhere").await.message_id;
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        chat.session = home;
        let worker = chat.process_of_worker(1);
        let (one, first) = chat.say(&worker, "one").await;
        let waiting = chat.send("waiting").await.message_id;
        let refused =
            async |message_id: &str| slug(chat.call::<method::SendMessage>(chat.version_of(message_id, "b")).await);
        assert_eq!(refused(&first.reply_id).await, "invalid-value");
        assert_eq!(refused(&elsewhere).await, "invalid-value");
        assert_eq!(refused("V1StGXR8_Z5jdHi6B-myT").await, "invalid-value");
        assert_eq!(refused(&waiting).await, "message-waiting");
        let mut writing = worker.begin(&worker.next().await).await;
        assert_eq!(refused(&one.message_id).await, "busy");
        worker.end(&mut writing, Completed).await;
        chat.until(&waiting, Completed).await;
        let edit = chat.version_of(&one.message_id, "b");
        chat.call::<method::SendMessage>(edit.clone()).await.unwrap();
        assert_eq!(refused(&waiting).await, "replacement-waiting");
        for other in [
            v1::SendMessageRequest { replaces: None, ..edit.clone() },
            v1::SendMessageRequest { replaces: Some(waiting.clone()), ..edit.clone() },
            v1::SendMessageRequest { content: "c".into(), ..edit.clone() },
        ] {
            assert_eq!(slug(chat.call::<method::SendMessage>(other).await), "message-exists");
        }
        worker.answer("b", Completed).await;
        assert_eq!(refused(&one.message_id).await, "message-superseded");
        assert_eq!(refused(&waiting).await, "message-superseded");
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        assert_eq!(refused(&edit.message_id).await, "session-terminated");
        chat.call::<method::RestoreSession>(chat.session_ref()).await.unwrap();
        let live = chat.live().await;
        // Another backend, which remembers everything.
        chat.worker.capabilities = None;
        chat.tell_worker(v1::WorkerStatus::Online).await;
        chat.new_session("demo/fast").await.unwrap();
        let refused = chat.call::<method::SendMessage>(chat.version_of(&edit.message_id, "c")).await;
        assert_eq!(slug(refused), "cannot-rewind");
        assert_eq!(chat.live().await, live);
    }

    pub async fn a_retry_that_is_withdrawn_leaves_the_message_as_it_was(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let one = chat.send("one").await;
        worker.answer("so far", Cancelled).await;
        chat.call::<method::Retry>(chat.names(&one.message_id)).await.unwrap();
        chat.call::<method::WithdrawMessage>(chat.names(&one.message_id)).await.unwrap();
        assert_eq!(chat.get(&one.message_id).await.status(), Cancelled);
        assert_eq!(chat.live().await, ["one", "so far"]);
        assert!(worker.sync(&[]).await.start.is_empty());
    }

    pub async fn a_retry_that_its_worker_never_began_takes_no_place(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let one = chat.send("one").await;
        worker.answer("so far", Cancelled).await;
        let before = chat.messages().await.messages.pop().unwrap();
        chat.call::<method::Retry>(chat.names(&one.message_id)).await.unwrap();
        let never = worker.next().await;
        let next = chat.process_of_worker(2).next().await;
        assert_ne!(next.reply_id, never.reply_id);
        assert_eq!(chat.get(&before.message_id).await.superseded_by, Some(next.reply_id));
    }

    pub async fn what_is_tried_again_moved_and_withdrawn_stands_where_it_stood(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let one = chat.send("one").await;
        worker.answer("so far", Cancelled).await;
        chat.say(&worker, "two").await;
        let running = chat.send("three").await;
        let mut writing = worker.begin(&worker.next().await).await;
        worker.end(&mut writing, Failed).await;
        chat.until(&running.message_id, Failed).await;
        let waits = chat.send("four").await;

        chat.call::<method::Retry>(chat.names(&one.message_id)).await.unwrap();
        chat.call::<method::EditMessage>(chat.edit_of(&waits.message_id, None, Some(""))).await.unwrap();
        chat.call::<method::WithdrawMessage>(chat.names(&one.message_id)).await.unwrap();
        assert_eq!(chat.get(&one.message_id).await.status(), Cancelled);
        assert_eq!(chat.live().await, ["one", "so far", "two", "re: two", "three", "", "four"]);

        chat.call::<method::WithdrawMessage>(chat.names(&waits.message_id)).await.unwrap();
        for content in ["five", "six"] {
            chat.say(&worker, content).await;
        }
        let live = ["one", "so far", "two", "re: two", "three", "", "five", "re: five", "six", "re: six"];
        assert_eq!(chat.live().await, live);
    }

    pub async fn what_is_tried_again_and_withdrawn_gives_way_to_what_took_its_place_meanwhile(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let (one, _) = chat.say(&worker, "one").await;
        let two = chat.send("two").await.message_id;
        worker.answer("half", Failed).await;
        chat.call::<method::Retry>(chat.names(&two)).await.unwrap();
        let version = chat.version_of(&one.message_id, "one, better");
        chat.call::<method::SendMessage>(version.clone()).await.unwrap();
        chat.call::<method::EditMessage>(chat.edit_of(&version.message_id, None, Some(""))).await.unwrap();
        let start = worker.next().await;
        assert_eq!(start.content, "one, better");
        let mut writing = worker.begin(&start).await;
        assert_eq!(chat.live().await, ["one, better", "", "two"]);
        chat.call::<method::WithdrawMessage>(chat.names(&two)).await.unwrap();
        assert_eq!(chat.get(&two).await.superseded_by.as_ref(), Some(&version.message_id));
        worker.end(&mut writing, Completed).await;
        chat.until(&version.message_id, Completed).await;
        assert_eq!(chat.live().await, ["one, better", ""]);
        assert_eq!(slug(chat.call::<method::Retry>(chat.names(&two)).await), "message-superseded");
    }

    pub async fn what_waits_to_be_replaced_is_not_tried_again(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let one = chat.send("one").await.message_id;
        worker.answer("half", Failed).await;
        let version = chat.version_of(&one, "one, better");
        chat.call::<method::SendMessage>(version.clone()).await.unwrap();
        let retry = || chat.call::<method::Retry>(chat.names(&one));
        assert_eq!(slug(retry().await), "replacement-waiting");
        chat.call::<method::WithdrawMessage>(chat.names(&version.message_id)).await.unwrap();
        retry().await.unwrap();
        worker.answer("whole", Completed).await;
        assert_eq!(chat.live().await, ["one", "whole"]);
    }

    pub async fn what_was_answered_once_is_not_edited_while_it_waits_to_be_answered_anew(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let one = chat.send("one").await;
        worker.answer("so far", Cancelled).await;
        chat.call::<method::Retry>(chat.names(&one.message_id)).await.unwrap();
        let edited = chat.call::<method::EditMessage>(chat.edit_of(&one.message_id, Some("1"), None)).await;
        assert_eq!(slug(edited), "message-delivered");
        chat.call::<method::EditMessage>(chat.edit_of(&one.message_id, None, Some(""))).await.unwrap();
        assert_eq!(worker.answer("once more", Completed).await.content, "one");
    }

    pub async fn a_fork_has_all_up_to_its_message_and_its_backend_makes_it_at_the_first_turn(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let (origin, ids) = {
            let worker = chat.process_of_worker(1);
            let (one, first) = chat.say(&worker, "one").await;
            chat.say(&worker, "two").await;
            (chat.session.clone(), (one.message_id, first.reply_id))
        };
        chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
        let fork = chat.fork(&ids.1).await;
        assert_eq!((fork.title.as_str(), fork.status()), ("one (fork)", v1::SessionStatus::SessionActive));
        let from = fork.forked_from.unwrap();
        assert_eq!((from.chat_session_id, from.message_id), (origin, ids.1.clone()));
        let copies = chat.messages().await.messages;
        assert_eq!(chat.live().await, ["one", "re: one"]);
        assert!(copies.iter().all(|copy| copy.message_id != ids.0 && copy.message_id != ids.1));
        assert_eq!(copies[1].reply_to.as_ref(), Some(&copies[0].message_id));
        assert_eq!((copies[1].chunk_count, copies[1].parts.len(), copies[1].status()), (Some(1), 1, Completed));
        let worker = chat.process_of_worker(1);
        chat.send("three").await;
        let start = worker.next().await;
        let context = "User:\none\n\nAssistant:\nre: one\n\n".to_owned();
        let expected =
            v1::ForkOf { backend_session_id: Some("backend-1".into()), message_id: ids.0, replied: true, context };
        assert_eq!(start.fork, Some(expected));
        assert!(!start.first && start.backend_session_id.is_none() && start.superseded.is_empty());
        worker.answer("re: three", Completed).await;
        let (_, start) = chat.say(&worker, "four").await;
        assert_eq!((start.fork, start.backend_session_id.as_deref()), (None, Some("backend-1")));
        assert_eq!(chat.live().await.len(), 6);
    }

    pub async fn a_long_conversation_is_forked_whole(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let (db, origin) = (chat.database().await, chat.session.clone());
        let mut write = db.write().await.unwrap();
        let first = sessions::take_positions(write.connection(), &origin, LONG).await.unwrap();
        let mut last = String::new();
        for number in 0..LONG {
            let role = if number % 2 == 0 { v1::Role::User } else { v1::Role::Assistant };
            let message = v1::ChatMessage {
                message_id: id::random(),
                chat_session_id: origin.clone(),
                role: role.into(),
                content: format!("message {number}"),
                status: Completed.into(),
                model: Some("demo/fast".into()),
                timestamp: 1_000_000 + number,
                ..v1::ChatMessage::default()
            };
            messages::insert(write.connection(), &message, first + number).await.unwrap();
            last = message.message_id;
        }
        write.commit().await.unwrap();
        chat.fork(&last).await;

        let kept = async |session: &str| {
            let statement = "SELECT position, role, content, status, model, timestamp, received_number, version
                             FROM chat_messages WHERE chat_session_id = $1 ORDER BY position";
            let rows = sqlx::query_as::<_, (i64, i64, String, i64, String, i64, i64, i64)>(statement);
            rows.bind(session.to_owned()).fetch_all(db.pool()).await.unwrap()
        };
        let copies = kept(&chat.session).await;
        assert_eq!(copies.len(), usize::try_from(LONG).unwrap());
        assert!(copies == kept(&origin).await, "in another order, or with something missing");
        assert_eq!(chat.send("goes on").await.queue_position, Some(1));
    }

    pub async fn a_copied_message_is_replaced_by_forking_anew(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let (one, third) = {
            let worker = chat.process_of_worker(1);
            let (one, _) = chat.say(&worker, "one").await;
            chat.say(&worker, "two").await;
            (one.message_id, chat.say(&worker, "three").await.1)
        };
        // Even a backend that cannot go back can begin anew.
        chat.worker.capabilities = None;
        chat.tell_worker(v1::WorkerStatus::Online).await;
        chat.new_session("demo/fast").await.unwrap();
        chat.fork(&third.reply_id).await;
        let worker = chat.process_of_worker(1);
        chat.say(&worker, "four").await;
        let copies = chat.messages().await.messages;
        let edit = chat.version_of(&copies[2].message_id, "two, better");
        chat.call::<method::SendMessage>(edit.clone()).await.unwrap();
        let start = worker.answer("better", Completed).await;
        let fork = start.fork.unwrap();
        assert_eq!((fork.backend_session_id.as_deref(), fork.message_id), (Some("backend-1"), one));
        assert!(start.superseded.is_empty() && start.backend_session_id.is_none());
        assert_eq!(chat.live().await, ["one", "re: one", "two, better", "better"]);
        // The fork of a fork has what is its own, and what it has taken over.
        let own = chat.get(&edit.message_id).await;
        let fork = chat.fork(&own.message_id).await;
        assert_eq!(fork.title, "one (fork 2)");
        chat.send("five").await;
        let fork = chat.process_of_worker(1).next().await.fork.unwrap();
        assert_eq!((fork.message_id, fork.replied), (own.message_id, false));
        assert_eq!(chat.live().await, ["one", "re: one", "two, better", "five", ""]);
    }

    pub async fn a_fork_of_what_was_replaced_or_is_not_finished(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let home = chat.session.clone();
        let (two, second, running) = {
            let worker = chat.process_of_worker(1);
            chat.say(&worker, "one").await;
            let (two, second) = chat.say(&worker, "two").await;
            let edit = chat.version_of(&two.message_id, "two, better");
            chat.call::<method::SendMessage>(edit).await.unwrap();
            let running = worker.next().await;
            worker.begin(&running).await;
            (two, second, running)
        };
        chat.until(&running.message_id, v1::TurnStatus::Streaming).await;
        let waiting = chat.send("waits").await.message_id;
        for message in [&running.message_id, &running.reply_id, &waiting] {
            let refused = chat.call::<method::ForkSession>(chat.fork_request(message)).await;
            assert_eq!(slug(refused), "not-finished");
        }
        let refused = chat.call::<method::ForkSession>(chat.fork_request("V1StGXR8_Z5jdHi6B-myT")).await;
        assert_eq!(slug(refused), "not-found");
        // The old version as it was: no backend has it any more, so it is told as text.
        chat.fork(&second.reply_id).await;
        assert_eq!(chat.live().await, ["one", "re: one", "two", "re: two"]);
        chat.send("three").await;
        let fork = chat.process_of_worker(1).sync(&[]).await.start;
        let fork = fork.into_iter().find(|start| start.content == "three").unwrap().fork.unwrap();
        assert_eq!((fork.backend_session_id, fork.message_id), (None, two.message_id));
        assert!(fork.context.ends_with("User:\ntwo\n\nAssistant:\nre: two\n\n"), "{}", fork.context);
        chat.session = home;
        assert_eq!(chat.live().await, ["one", "re: one", "two, better", "", "waits"]);
    }

    pub async fn a_mode_is_for_the_session_or_for_one_message(engine: Engine) {
        let chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        assert_eq!(chat.say(&worker, "one").await.1.mode, None);
        let choose = async |mode: Option<&str>| {
            let change = v1::UpdateSessionRequest {
                caller: Some(chat.caller.clone()),
                chat_session_id: chat.session.clone(),
                mode: mode.map(Into::into),
                ..Default::default()
            };
            chat.call::<method::UpdateSession>(change).await.map(|session| session.mode)
        };
        assert_eq!(choose(Some("plan")).await.unwrap().as_deref(), Some("plan"));
        assert_eq!(choose(None).await.unwrap().as_deref(), Some("plan"));
        let (two, second) = chat.say(&worker, "two").await;
        assert_eq!((second.mode.as_deref(), two.mode.as_deref()), (Some("plan"), Some("plan")));
        let third = v1::SendMessageRequest { mode: Some("build".into()), ..chat.message("three") };
        chat.call::<method::SendMessage>(third.clone()).await.unwrap();
        let other = |mode: &str| v1::EditMessageRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            message_id: third.message_id.clone(),
            mode: Some(mode.into()),
            ..Default::default()
        };
        let edited = chat.call::<method::EditMessage>(other("review")).await.unwrap();
        assert_eq!((edited.mode.as_deref(), edited.content.as_str()), (Some("review"), "three"));
        assert_eq!(slug(chat.call::<method::EditMessage>(other("a\0")).await), "invalid-value");
        assert_eq!(worker.answer("3", Completed).await.mode.as_deref(), Some("review"));
        let nameless = v1::SendMessageRequest { mode: Some("a\0".into()), ..chat.message("four") };
        assert_eq!(slug(chat.call::<method::SendMessage>(nameless).await), "invalid-value");
        assert_eq!(chat.say(&worker, "five").await.1.mode.as_deref(), Some("plan"));
        for nameless in [" ", "a\0"] {
            assert_eq!(slug(choose(Some(nameless)).await), "invalid-value");
        }
        assert_eq!(choose(Some("")).await.unwrap(), None);
        assert_eq!(choose(None).await.unwrap(), None);
        assert_eq!(chat.say(&worker, "six").await.1.mode, None);
    }

    pub async fn what_a_backend_offers_is_asked_over_any_instance(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let _another = chat.another(&[]).await;
        let request = |what: v1::ask::What, chat: &Chat| v1::AskWorkerRequest {
            caller: Some(chat.caller.clone()),
            worker_id: chat.worker.worker_id.clone(),
            ask: Some(v1::Ask { ask_id: String::new(), what: Some(what) }),
        };
        let modes = || v1::ask::What::ListModes(v1::ListModes::default());
        let worker = chat.process_of_worker(1);
        // Whichever instance is asked and whichever hears the result: who waits gets it.
        for round in 0..10 {
            let answer = async {
                loop {
                    let mut asks = worker.sync(&[]).await.asks;
                    let Some(ask) = asks.pop() else { continue };
                    assert!(asks.is_empty(), "two that ask the same at once share one ask");
                    assert_eq!(ask.what, Some(modes()));
                    let mode = v1::Mode { mode_id: format!("m{round}"), ..Default::default() };
                    let told = Some(Told::Modes(v1::Modes { modes: vec![mode] }));
                    worker.result(v1::AskResult { ask_id: ask.ask_id, told, ..v1::AskResult::default() }).await;
                }
            };
            let ask = || chat.call::<method::AskWorker>(request(modes(), &chat));
            // Whoever comes after the first was told asks anew.
            let told = tokio::select! {
                told = async { tokio::join!(ask(), ask()) } => told,
                () = answer => unreachable!("it answers for ever"),
            };
            for told in [told.0, told.1] {
                let Some(Told::Modes(told)) = told.unwrap().told else { panic!("modes") };
                assert_eq!(told.modes[0].mode_id, format!("m{round}"));
            }
            assert!(worker.sync(&[]).await.asks.is_empty());
            // What was told is told to whoever comes later, too, until it expires; so ask for something else.
            let commands = v1::ask::What::ListCommands(v1::ListCommands::default());
            let fail = async {
                let ask = loop {
                    if let Some(ask) = worker.sync(&[]).await.asks.pop() {
                        break ask;
                    }
                };
                worker
                    .result(v1::AskResult {
                        ask_id: ask.ask_id,
                        error: Some("it sleeps".into()),
                        ..v1::AskResult::default()
                    })
                    .await;
            };
            let (told, ()) = tokio::join!(chat.call::<method::AskWorker>(request(commands, &chat)), fail);
            assert_eq!(slug(told), "backend-unavailable");
        }
        assert_eq!(slug(chat.call::<method::AskWorker>(request(modes(), &chat)).await), "worker-silent");
        assert_eq!(worker.sync(&[]).await.asks.len(), 1, "a late answer still counts");
        chat.tell_worker(v1::WorkerStatus::Offline).await;
        chat.new_session("demo/fast").await.unwrap();
        assert_eq!(slug(chat.call::<method::AskWorker>(request(modes(), &chat)).await), "worker-offline");
    }

    pub async fn so_many_different_things_are_asked_of_a_worker_at_once_and_no_more(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let _another = chat.another(&[]).await;
        let files = |typed: String| v1::ListFiles { directory: String::new(), typed };
        let request = |files: v1::ListFiles| v1::AskWorkerRequest {
            caller: Some(chat.caller.clone()),
            worker_id: chat.worker.worker_id.clone(),
            ask: Some(v1::Ask { ask_id: String::new(), what: Some(v1::ask::What::ListFiles(files)) }),
        };
        let ask = |number: usize| chat.call::<method::AskWorker>(request(files(number.to_string())));
        // All but one wait, and nobody answers them: the first to be told anything is the one that is refused.
        let mut asking = (0..=ASKS).map(ask).collect::<FuturesUnordered<_>>();
        assert_eq!(slug(asking.next().await.unwrap()), "too-many-asks");
        let worker = chat.process_of_worker(1);
        let answer = async || {
            let asks = worker.sync(&[]).await.asks;
            for ask in &asks {
                let told = Some(Told::Files(v1::Files::default()));
                worker.result(v1::AskResult { ask_id: ask.ask_id.clone(), told, ..v1::AskResult::default() }).await;
            }
            asks.len()
        };
        let mut answered = 0;
        while answered < ASKS {
            answered += answer().await;
        }
        assert_eq!(answered, ASKS);
        assert!(asking.all(async |told| told.is_ok()).await);
        // There is room again.
        let answering = async { while answer().await == 0 {} };
        assert!(tokio::join!(ask(ASKS + 1), answering).0.is_ok());
    }

    pub async fn only_what_failed_was_stopped_or_was_lost_is_tried_again(engine: Engine) {
        let chat = Chat::start(engine).await;
        let message = chat.send("one").await.message_id;
        let retry = || chat.call::<method::Retry>(chat.names(&message));
        assert_eq!(slug(retry().await), "cannot-retry", "it waits");
        let worker = chat.process_of_worker(1);
        let start = worker.next().await;
        assert_eq!(slug(retry().await), "cannot-retry", "it is delivered");
        let mut writing = worker.begin(&start).await;
        chat.until(&message, Streaming).await;
        assert_eq!(slug(retry().await), "cannot-retry", "it is answered");
        worker.end(&mut writing, Failed).await;
        chat.until(&message, Failed).await;
        retry().await.unwrap();
        assert_eq!(slug(retry().await), "cannot-retry", "it is tried again");

        let start = worker.next().await;
        let mut writing = worker.begin(&start).await;
        chat.call::<method::CancelTurn>(chat.names(&message)).await.unwrap();
        worker.end(&mut writing, Cancelled).await;
        chat.until(&message, Cancelled).await;
        retry().await.unwrap();

        worker.begin(&worker.next().await).await;
        chat.process_of_worker(1).sync(&[]).await;
        chat.until(&message, Interrupted).await;
        retry().await.unwrap();
        worker.answer("at last", Completed).await;
        assert_eq!(slug(retry().await), "cannot-retry", "it was answered");
    }
}
