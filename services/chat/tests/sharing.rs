//! Links by which anybody can read a session, and reading one from its beginning.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

mod support;

use std::time::Duration;

use muster_bus::CallError;
use muster_contracts::{method, subject::Entity, v1};
use muster_service::Clock;
use support::{Chat, Engine, slug};
use v1::TurnStatus::Completed;

const DAY: i64 = 86_400_000;

fn now() -> i64 {
    Clock::system().now()
}

fn hash(link: u8) -> String {
    format!("{link:064x}")
}

impl Chat {
    async fn share(&self, link: u8, expires_at: i64) -> Result<v1::ChatSession, CallError> {
        let (caller, chat_session_id) = (Some(self.caller.clone()), self.session.clone());
        let request = v1::ShareSessionRequest { caller, chat_session_id, secret_hash: hash(link), expires_at };
        self.call::<method::ShareSession>(request).await
    }

    async fn opened(&self, link: u8) -> Option<v1::ChatSession> {
        match self.call::<method::OpenShared>(v1::OpenSharedRequest { secret_hash: hash(link) }).await {
            Ok(session) => Some(session),
            refused => {
                assert_eq!(slug(refused), "not-found");
                None
            }
        }
    }

    /// Waits until a link is none any more, and the session shows that.
    async fn ended(&self, link: u8) {
        let looking = async {
            while self.opened(link).await.is_some() {}
            while self.call::<method::GetSession>(self.session_ref()).await.unwrap().shared_until.is_some() {}
        };
        tokio::time::timeout(Duration::from_secs(30), looking).await.expect("the link ends in time");
    }
}

async fn a_link_lasts_as_long_as_its_session_its_account_and_its_owner_want_it(engine: Engine) {
    let mut chat = Chat::start(engine).await;
    let until = now() + DAY;
    for wrong in [0, now() - 1, now() + 366 * DAY, i64::MAX, i64::MIN] {
        assert_eq!(slug(chat.share(1, wrong).await), "invalid-value", "{wrong}");
    }
    let shared = chat.share(1, until).await.unwrap();
    assert_eq!(shared.shared_until, Some(until));
    assert_eq!(chat.opened(1).await.unwrap().chat_session_id, chat.session);
    assert!(chat.opened(2).await.is_none(), "no other secret opens it");

    // One link for a session: the next one takes its place.
    chat.share(2, until).await.unwrap();
    assert!(chat.opened(1).await.is_none());
    assert!(chat.opened(2).await.is_some());
    for _ in 0..2 {
        chat.call::<method::UnshareSession>(chat.session_ref()).await.unwrap();
        chat.ended(2).await;
    }

    // It ends by itself, at once for readers and soon in the session's own data.
    chat.share(3, now() + 5_000).await.unwrap();
    chat.ended(3).await;

    // With the session's end, and with its deletion; an ended session can be shared anew.
    chat.share(4, until).await.unwrap();
    let ended = chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
    assert_eq!(ended.shared_until, None);
    assert!(chat.opened(4).await.is_none());
    chat.share(5, until).await.unwrap();
    assert!(chat.opened(5).await.is_some());
    chat.call::<method::DeleteSession>(chat.session_ref()).await.unwrap();
    assert!(chat.opened(5).await.is_none());

    // With the account: disabled, and its worker removed.
    chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
    chat.share(6, until).await.unwrap();
    chat.tell_account(true).await;
    chat.ended(6).await;
    chat.share(7, until).await.unwrap();
    let worker = chat.worker.worker_id.clone();
    chat.tell(Entity::Worker, &worker, v1::event::Object::Removed(v1::Removed {})).await;
    chat.ended(7).await;

    // Another's session does not exist, for this as for anything.
    let own = std::mem::replace(&mut chat.caller.user_id, muster_contracts::id::random());
    assert_eq!(slug(chat.share(8, until).await), "not-found");
    assert_eq!(slug(chat.call::<method::UnshareSession>(chat.session_ref()).await), "not-found");
    chat.caller.user_id = own;
}

#[tokio::test]
async fn on_sqlite_a_link_lasts_as_long_as_its_session_its_account_and_its_owner_want_it() {
    a_link_lasts_as_long_as_its_session_its_account_and_its_owner_want_it(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_a_link_lasts_as_long_as_its_session_its_account_and_its_owner_want_it() {
    a_link_lasts_as_long_as_its_session_its_account_and_its_owner_want_it(Engine::Postgres).await;
}

async fn a_session_is_read_from_its_beginning_with_what_was_asked_in_it(engine: Engine) {
    let chat = Chat::start(engine).await;
    let worker = chat.process_of_worker(1);
    let mut expected = Vec::new();
    for turn in 0..3 {
        let sent = chat.send(&format!("message {turn}")).await;
        let told = worker.sync(&[]).await;
        let mut writing = worker.begin(&told.start[0]).await;
        for asked in 0..turn {
            let body = v1::RequestBody { request_id: format!("the_request_{turn}_{asked:07}"), ..Default::default() };
            worker.request(&mut writing, body).await;
        }
        worker.end(&mut writing, Completed).await;
        chat.until(&writing.start.reply_id, Completed).await;
        expected.extend([sent.message_id, writing.start.reply_id]);
    }
    let waiting = chat.send("this one waits").await;
    expected.push(waiting.message_id);

    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let request = v1::ListMessagesRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            limit: 2,
            after: Some(after),
            before: None,
        };
        let page = chat.call::<method::ListMessages>(request).await.unwrap().messages;
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        after = last.message_id.clone();
        seen.extend(page.into_iter().map(|message| message.message_id));
    }
    assert_eq!(seen, expected);

    let asked = async |reply: &str, limit, cursor| {
        let request = v1::RequestsOfReplyRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            message_id: reply.to_owned(),
            page: Some(v1::Page { limit, cursor }),
        };
        chat.call::<method::RequestsOfReply>(request).await
    };
    let ids = |reply: &v1::ListRequestsReply| {
        reply.requests.iter().map(|it| it.body.as_ref().unwrap().request_id.clone()).collect::<Vec<_>>()
    };
    assert!(asked(&expected[1], 10, None).await.unwrap().requests.is_empty());
    let first = asked(&expected[5], 1, None).await.unwrap();
    let second = asked(&expected[5], 1, first.next_cursor.clone()).await.unwrap();
    let mut both = [ids(&first), ids(&second)].concat();
    both.sort_unstable();
    assert_eq!(both, ["the_request_2_0000000", "the_request_2_0000001"]);
    assert_eq!(second.next_cursor, None);
    assert_eq!(slug(asked(&muster_contracts::id::random(), 1, None).await), "not-found");
}

#[tokio::test]
async fn on_sqlite_a_session_is_read_from_its_beginning_with_what_was_asked_in_it() {
    a_session_is_read_from_its_beginning_with_what_was_asked_in_it(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_a_session_is_read_from_its_beginning_with_what_was_asked_in_it() {
    a_session_is_read_from_its_beginning_with_what_was_asked_in_it(Engine::Postgres).await;
}
