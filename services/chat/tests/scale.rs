//! A worker with 250 sessions and 10,000 messages costs what one with ten sessions does: as many statements, as many
//! rows, and none that reads a whole table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

mod support;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use muster_chat::store::{
    messages::{self, Assembled, Finished},
    sessions,
};
use muster_contracts::{Message as _, id, method, subject::Entity, v1};
use muster_service::{Clock, Db};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row as _};
use support::{Chat, Engine};

const MESSAGES: i64 = 40;
/// Every statement is a line of the log, with the rows that it gave.
const STATEMENTS: &[(&str, &str)] = &[("MUSTER_LOG", "info,sqlx::query=debug"), ("MUSTER_LOG_FORMAT", "json")];

/// Sessions of the chat's worker as they are after a while: all but the newest ones sleep.
async fn fill(chat: &Chat, db: &Db, number: i64) {
    let begun = Clock::system().now() - 1_000_000;
    let mut write = db.write().await.unwrap();
    for session in 0..number {
        let at = begun + session;
        let wire = v1::ChatSession {
            chat_session_id: id::random(),
            worker_id: chat.worker.worker_id.clone(),
            user_id: chat.caller.user_id.clone(),
            title: format!("session {session}"),
            model: "demo/fast".into(),
            created_at: at,
            ..v1::ChatSession::default()
        };
        assert!(sessions::insert(write.connection(), &wire, true).await.unwrap());
        for position in 1..=MESSAGES {
            say(&mut write, &wire.chat_session_id, position, at).await;
        }
        sessions::take_positions(write.connection(), &wire.chat_session_id, MESSAGES).await.unwrap();
        let idle = v1::SessionStatus::SessionIdle;
        sessions::set_status(write.connection(), &wire.chat_session_id, idle).await.unwrap();
    }
    write.commit().await.unwrap();
    if matches!(db.engine(), muster_service::Engine::Postgres) {
        sqlx::query("ANALYZE").execute(db.pool()).await.unwrap();
    }
}

async fn say(write: &mut muster_service::Write, session: &str, position: i64, at: i64) {
    let (role, status) = if position % 2 == 1 { (v1::Role::User, 4) } else { (v1::Role::Assistant, 4) };
    let message = v1::ChatMessage {
        message_id: id::random(),
        chat_session_id: session.to_owned(),
        role: role.into(),
        content: format!("message {position} of this session, as long as people write"),
        status,
        timestamp: at,
        ..v1::ChatMessage::default()
    };
    messages::insert(write.connection(), &message, position).await.unwrap();
    if role == v1::Role::Assistant {
        let assembled = Assembled { content: message.content.clone(), parts: Vec::new(), number: 3 };
        let status = v1::TurnStatus::Completed;
        let finished = Finished { status, error: None, assembled: &assembled, content_hash: "" };
        messages::finish(write.connection(), &message.message_id, &finished).await.unwrap();
    }
}

/// What something cost.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    what: &'static str,
    statements: Vec<String>,
    rows: u64,
    bytes: usize,
}

struct Measured {
    costs: Vec<Cost>,
    /// Every statement that was seen.
    statements: BTreeSet<String>,
}

impl Measured {
    /// What the log has of statements behind this line, but for what comes by itself every now and then.
    fn take(&mut self, chat: &Chat, from: usize, what: &'static str, bytes: usize) {
        let seen = statements(chat).split_off(from);
        let asked = seen.iter().filter(|(text, _)| grows(text) && !comes_by_itself(text)).collect::<Vec<_>>();
        let rows = asked.iter().map(|(_, rows)| rows).sum();
        let mut statements = asked.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
        statements.sort_unstable();
        self.costs.push(Cost { what, statements, rows, bytes });
        self.statements.extend(seen.into_iter().map(|(text, _)| text));
    }
}

fn statements(chat: &Chat) -> Vec<(String, u64)> {
    let log = std::fs::read_to_string(chat.log()).unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let queries = lines.filter(|line| line["target"] == "sqlx::query").map(|line| {
        let fields = &line["fields"];
        let whole = fields["db.statement"].as_str().map(str::trim).filter(|text| !text.is_empty());
        let text = whole.or(fields["summary"].as_str()).unwrap().to_owned();
        (text, fields["rows_returned"].as_u64().unwrap())
    });
    queries.collect()
}

/// Whether a statement is about what there is more of with more sessions.
fn grows(statement: &str) -> bool {
    ["chat_sessions", "chat_messages", "turns", "requests"].iter().any(|table| statement.contains(table))
}

/// The outbox, the reaper, what is heard of workers, and connections that are opened.
fn comes_by_itself(statement: &str) -> bool {
    let house = [
        "outbox",
        "erasures",
        "departures",
        "withdrawn_at < $1",
        "shares WHERE expires_at",
        "last_activity < $1",
        "w.online",
        "started_at < $1",
        "storage_full = 1",
        "COUNT(*) FROM chat_messages WHERE status = 1",
    ];
    let verbs = ["BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SET", "INSERT INTO workers"];
    house.iter().any(|part| statement.contains(part)) || verbs.iter().any(|verb| statement.starts_with(verb))
}

async fn cost_with(engine: Engine, number: i64) -> (Measured, Chat) {
    let mut chat = Chat::with(engine, STATEMENTS).await;
    chat.process.kill().await;
    let db = chat.database().await;
    fill(&chat, &db, number).await;
    let mut measured = Measured { costs: Vec::new(), statements: BTreeSet::new() };

    let (from, begun) = (statements(&chat).len(), Instant::now());
    chat.process.restart().await.unwrap();
    chat.call::<method::GetSession>(chat.session_ref()).await.unwrap();
    let started = begun.elapsed();
    measured.take(&chat, from, "the start, until the first answer", 0);
    // How many connections have been opened by then, and what was heard of the worker, is a matter of moments.
    measured.costs[0].statements.clear();

    let caller = Some(chat.caller.clone());
    let mut times = Vec::new();
    macro_rules! asked {
        ($what:literal, $asking:expr) => {{
            let (from, begun) = (statements(&chat).len(), Instant::now());
            let answer = $asking;
            times.push(($what, begun.elapsed()));
            measured.take(&chat, from, $what, answer.encoded_len());
            answer
        }};
    }
    let page = Some(v1::Page { limit: 5, cursor: None });
    let list = v1::ListSessionsRequest { caller: caller.clone(), page: page.clone(), ..Default::default() };
    asked!("listing all sessions", chat.call::<method::ListSessions>(list.clone()).await.unwrap());
    let of_worker = v1::ListSessionsRequest { worker_id: Some(chat.worker.worker_id.clone()), ..list.clone() };
    asked!("listing the worker's", chat.call::<method::ListSessions>(of_worker).await.unwrap());
    let status = vec![v1::SessionStatus::SessionIdle.into()];
    let newest = v1::ListSessionsRequest { status, ..list };
    let newest = asked!("listing those that sleep", chat.call::<method::ListSessions>(newest).await.unwrap());
    chat.session = newest.sessions[0].chat_session_id.clone();
    let messages = asked!("opening the newest", chat.messages().await);
    assert_eq!(messages.messages.len(), 40);
    let list = v1::ListRequestsRequest { caller, page };
    asked!("what waits for an answer", chat.call::<method::ListRequests>(list).await.unwrap());
    let held = newest.sessions.iter().map(|session| session.chat_session_id.clone()).collect::<Vec<_>>();
    let told = {
        let worker = chat.process_of_worker(1);
        asked!("a worker's sync", worker.ask(v1::SyncRequest { held: held.clone(), ..Default::default() }).await)
    };
    assert_eq!(told.release.len(), held.len(), "what sleeps is let go");
    asked!("a message", chat.send("hello").await);
    println!("{engine:?}, {number} sessions: start {started:?}, {times:?}");
    (measured, chat)
}

/// What SQLite would do for a statement, if it reads a whole table or index for it.
async fn reads_all(db: &Db, statement: &str) -> Vec<String> {
    let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"))).fetch_all(db.pool()).await;
    let steps = explained.unwrap_or_else(|error| panic!("{statement}: {error}"));
    let steps = steps.iter().map(|step| step.try_get::<String, _>("detail").unwrap());
    steps.filter(|step| step.starts_with("SCAN") && !may_be_read_whole(step)).collect()
}

/// The first rows of the outbox in its order, what has only what is open, waits or is held back, and what stands for
/// "nothing was looked for".
fn may_be_read_whole(step: &str) -> bool {
    let small = ["outbox_by_position", "turns_open_by_worker", "turns_one_open", "chat_messages_waiting"];
    small.iter().any(|index| step.ends_with(&format!(" INDEX {index}")))
        || step == "SCAN CONSTANT ROW"
        || step == "SCAN found"
        || step.starts_with("SCAN quotas")
        // The backups that are being made.
        || step == "SCAN holds"
        // The accounts that are being deleted.
        || step.starts_with("SCAN departures")
        // All workers, every now and then, to see which are held back.
        || step == "SCAN any_worker"
}

#[tokio::test]
async fn on_sqlite_250_sessions_cost_what_ten_do() {
    let (few, _) = cost_with(Engine::Sqlite, 10).await;
    let (many, chat) = cost_with(Engine::Sqlite, 250).await;
    assert_same(&few.costs, &many.costs);
    let db = chat.database().await;
    let mut read = 0;
    for statement in many.statements.iter().filter(|text| explainable(text)) {
        assert_eq!(reads_all(&db, statement).await, Vec::<String>::new(), "{statement}");
        read += 1;
    }
    assert!(read > 20, "the statements were seen: {read}");
}

fn explainable(statement: &str) -> bool {
    ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].iter().any(|verb| statement.starts_with(verb))
        && !statement.contains("_sqlx_migrations")
}

/// Sessions have ids, titles and times of other lengths, but of the same number.
fn assert_same(few: &[Cost], many: &[Cost]) {
    for (few, many) in few.iter().zip(many) {
        println!("{}: {} statements, {} rows, {} bytes", many.what, many.statements.len(), many.rows, many.bytes);
        assert_eq!((few.what, &few.statements, few.rows), (many.what, &many.statements, many.rows));
        assert!(many.bytes <= few.bytes + few.bytes / 10 + 16, "{few:?} {many:?}");
    }
}

#[tokio::test]
async fn on_postgres_250_sessions_cost_what_ten_do() {
    let (few, _) = cost_with(Engine::Postgres, 10).await;
    let (many, chat) = cost_with(Engine::Postgres, 250).await;
    assert_same(&few.costs, &many.costs);
    // Its own count of rows that were read without an index: never those of all messages.
    let db = chat.database().await;
    let read: i64 = sqlx::query_scalar(
        "SELECT COALESCE(SUM(seq_tup_read), 0)::BIGINT FROM pg_stat_user_tables WHERE relname = 'chat_messages'",
    )
    .fetch_one(db.pool())
    .await
    .unwrap();
    println!("rows of messages that PostgreSQL read without an index: {read}");
    assert_eq!(read, 0);
}

/// Mebibytes of what the tools of each reply gave, and replies.
const TOOLS: usize = 2;
const REPLIES: i64 = 30;

/// A session of far more than what may be in memory at once.
async fn fill_with_tools(chat: &Chat, db: &Db) -> String {
    let mut write = db.write().await.unwrap();
    let message = |role: v1::Role, reply_to: Option<String>| v1::ChatMessage {
        message_id: id::random(),
        chat_session_id: chat.session.clone(),
        role: role.into(),
        content: "words".into(),
        reply_to,
        status: v1::TurnStatus::Completed.into(),
        timestamp: 1,
        ..v1::ChatMessage::default()
    };
    let tool = v1::ToolPart { output: "x".repeat(TOOLS << 20), ..v1::ToolPart::default() };
    let parts = vec![v1::Part { kind: Some(v1::part::Kind::Tool(tool)), ..v1::Part::default() }];
    let assembled = Assembled { content: "words".into(), parts, number: 1 };
    let mut first = None;
    for position in 0..REPLIES {
        let asked = message(v1::Role::User, None);
        messages::insert(write.connection(), &asked, 2 * position + 1).await.unwrap();
        let reply = message(v1::Role::Assistant, Some(asked.message_id.clone()));
        messages::insert(write.connection(), &reply, 2 * position + 2).await.unwrap();
        let status = v1::TurnStatus::Completed;
        let finished = Finished { status, error: None, assembled: &assembled, content_hash: "" };
        messages::finish(write.connection(), &reply.message_id, &finished).await.unwrap();
        first.get_or_insert(asked.message_id);
    }
    sessions::take_positions(write.connection(), &chat.session, 2 * REPLIES).await.unwrap();
    write.commit().await.unwrap();
    first.unwrap()
}

async fn a_long_session_is_forked_and_replaced_without_being_held(engine: Engine) {
    let chat = Chat::start(engine).await;
    let first = fill_with_tools(&chat, &chat.database().await).await;
    let before = chat.process.resident().unwrap();
    let last = chat.messages().await.messages.pop().unwrap().message_id;
    let fork = v1::ForkSessionRequest {
        caller: Some(chat.caller.clone()),
        chat_session_id: chat.session.clone(),
        message_id: last,
        fork_id: id::SessionId::random().into(),
    };
    let fork = chat.call::<method::ForkSession>(fork).await.unwrap();
    let db = chat.database().await;
    let (session, copy) = (held(&db, &chat.session).await, held(&db, &fork.chat_session_id).await);
    assert_eq!(copy, session);
    assert!(copy.0 == 2 * REPLIES && copy.1 > (REPLIES << 20), "{copy:?}");
    let anew = v1::SendMessageRequest { replaces: Some(first), ..chat.message("others") };
    chat.call::<method::SendMessage>(anew).await.unwrap();
    let worker = chat.process_of_worker(1);
    let writing = worker.begin(&worker.next().await).await;
    let spoken = v1::SendMessageRequest { chat_session_id: fork.chat_session_id.clone(), ..chat.message("go on") };
    chat.call::<method::SendMessage>(spoken).await.unwrap();
    let told = worker.sync(&[&writing]).await.start.remove(0);
    assert_eq!(told.chat_session_id, fork.chat_session_id);
    assert!(told.fork.unwrap().context.starts_with("User:\nwords\n\nAssistant:\nwords\n\n"));
    let mebibytes = chat.process.most_resident().unwrap().saturating_sub(before) >> 20;
    println!("{engine:?}: {mebibytes} MiB more");
    assert!(mebibytes < 120, "{mebibytes} MiB for a session of {REPLIES} times {TOOLS} MiB");
}

/// How many messages there are of a session, with how many bytes, and how many answer one of them.
async fn held(db: &Db, session: &str) -> (i64, i64, i64) {
    let held = sqlx::query_as(
        "SELECT COUNT(*), CAST(SUM(octet_length(m.content) + octet_length(m.parts)) AS BIGINT), COUNT(a.message_id)
         FROM chat_messages m LEFT JOIN chat_messages a
           ON a.message_id = m.reply_to AND a.chat_session_id = m.chat_session_id WHERE m.chat_session_id = $1",
    );
    held.bind(session).fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn on_sqlite_a_long_session_is_forked_and_replaced_without_being_held() {
    a_long_session_is_forked_and_replaced_without_being_held(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_a_long_session_is_forked_and_replaced_without_being_held() {
    a_long_session_is_forked_and_replaced_without_being_held(Engine::Postgres).await;
}

/// Of a worker of somebody else that nobody knew before.
async fn somebody_else_comes(chat: &Chat, db: &Db) {
    let worker_id = id::WorkerId::random().to_string();
    let user_id = id::UserId::random().to_string();
    let worker = v1::Worker { worker_id: worker_id.clone(), user_id, revision: 1, ..chat.worker.clone() };
    chat.tell(Entity::Worker, &worker_id, v1::event::Object::Worker(worker)).await;
    let known = "SELECT COUNT(*) FROM workers WHERE worker_id = $1";
    let heard = async {
        while sqlx::query_scalar::<_, i64>(known).bind(&worker_id).fetch_one(db.pool()).await.unwrap() == 0 {}
    };
    tokio::time::timeout(Duration::from_secs(60), heard).await.expect("it is heard of");
}

async fn sessions_of(chat: &Chat, db: &Db) -> i64 {
    let count = "SELECT COUNT(*) FROM chat_sessions WHERE user_id = $1";
    sqlx::query_scalar(count).bind(&chat.caller.user_id).fetch_one(db.pool()).await.unwrap()
}

async fn nobody_waits_until_a_large_account_is_deleted(engine: Engine) {
    let chat = Chat::start(engine).await;
    let db = chat.database().await;
    fill(&chat, &db, 250).await;
    chat.tell_account_removed().await;
    somebody_else_comes(&chat, &db).await;
    let left = sessions_of(&chat, &db).await;
    assert!(left > 0, "it was heard of only when all sessions of the account were gone");
    let gone = async { while sessions_of(&chat, &db).await > 0 {} };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("they go");
}

#[tokio::test]
async fn on_sqlite_nobody_waits_until_a_large_account_is_deleted() {
    nobody_waits_until_a_large_account_is_deleted(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_nobody_waits_until_a_large_account_is_deleted() {
    nobody_waits_until_a_large_account_is_deleted(Engine::Postgres).await;
}
