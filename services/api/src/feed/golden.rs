//! A turn with every kind of part, as viewers get it: recorded for the page's own tests, so that both sides of the
//! language border are held to the same bytes.

use std::path::PathBuf;

use bytes::Bytes;
use muster_bus::Stored;
use muster_contracts::{
    Message as _,
    id::{MessageId, SessionId, WorkerId},
    reply::Reply,
    subject::{About, ChunkAddress, ChunkKind, Subject, Writer},
    v1::{self, chunk::Change, part::Kind, state::Object},
};

use super::{
    frame,
    log::Entry,
    told::{Shown, Told},
};
use crate::domain::event_id::EventId;

/// Writes the recordings anew.
const BLESS: &str = "MUSTER_BLESS";
const SESSION: &str = "session--------------";
const WORKER: &str = "worker---------------";
const QUESTION: &str = "user-message---------";
const REPLY: &str = "reply----------------";

/// What the worker and chat write, in the stream's order.
struct Turn {
    stored: Vec<Stored>,
    reply: Reply,
    time: i64,
}

impl Turn {
    fn new() -> Self {
        Self { stored: Vec::new(), reply: Reply::default(), time: 1_795_330_087_000 }
    }

    fn store(&mut self, writer: Writer, message: &str, kind: ChunkKind, payload: Vec<u8>) {
        let session = SESSION.parse::<SessionId>().unwrap();
        let about = About::Message(message.parse::<MessageId>().unwrap());
        self.stored.push(Stored {
            sequence: 100 + 3 * self.stored.len() as u64,
            subject: Subject::Chunk(ChunkAddress { writer, session, about, kind }),
            payload: Bytes::from(payload),
            id: None,
        });
        self.time += 40;
    }

    fn worker(&mut self, kind: ChunkKind, payload: Vec<u8>) {
        self.store(Writer::Worker(WORKER.parse::<WorkerId>().unwrap()), REPLY, kind, payload);
    }

    fn state(&mut self, about: &str, object: Object) {
        self.store(Writer::Chat, about, ChunkKind::State, v1::State { object: Some(object) }.encode_to_vec());
    }

    fn change(&mut self, change: Change) {
        let chunk = v1::Chunk { number: self.reply.number() + 1, timestamp: self.time, change: Some(change) };
        self.reply.chunk(chunk.clone()).unwrap();
        self.worker(ChunkKind::Chunk, chunk.encode_to_vec());
    }

    fn text(&mut self, part: &str, append: &str) {
        self.change(Change::Text(v1::TextDelta { part_id: part.into(), append: append.into() }));
    }

    fn part(&mut self, part: &str, kind: Kind) {
        let (started_at, ended_at) = (self.time, Some(self.time + 20));
        self.change(Change::Part(v1::Part { part_id: part.into(), started_at, ended_at, kind: Some(kind) }));
    }

    fn ask(&mut self, part: &str, body: v1::RequestBody) {
        let asked = v1::RequestAsked {
            number: self.reply.number() + 1,
            timestamp: self.time,
            part_id: part.into(),
            body: Some(body.clone()),
            withdrawn_at: None,
        };
        self.reply.request(asked.clone()).unwrap();
        self.worker(ChunkKind::Request, asked.encode_to_vec());
        self.request(body.clone(), v1::RequestStatus::RequestPending, None);
        let option_id = body.options.first().map(|option| option.option_id.clone());
        let answers = body.questions.iter().map(|_| v1::Labels { labels: vec!["Left".into()] }).collect();
        self.request(body, v1::RequestStatus::RequestAnswered, Some(v1::Answer { option_id, answers, message: None }));
    }

    fn request(&mut self, body: v1::RequestBody, status: v1::RequestStatus, outcome: Option<v1::Answer>) {
        let request = v1::AgentRequest {
            body: Some(body),
            chat_session_id: SESSION.into(),
            message_id: REPLY.into(),
            worker_id: WORKER.into(),
            user_id: "user-----------------".into(),
            asked_at: self.time,
            status: status.into(),
            answered_by: outcome.as_ref().map(|_| "user-----------------".into()),
            revision: if outcome.is_some() { 2 } else { 1 },
            outcome,
        };
        self.state(REPLY, Object::Request(request));
    }

    fn message(&mut self, message: v1::ChatMessage) {
        let id = message.message_id.clone();
        self.state(&id, Object::Message(message));
    }

    fn end(&mut self) {
        let chunk_count = self.reply.number();
        let usage = Some(v1::Usage { input_tokens: 12, output_tokens: 34, cost: Some(0.0056) });
        let end = v1::End {
            number: chunk_count + 1,
            timestamp: self.time,
            outcome: v1::TurnStatus::Completed.into(),
            chunk_count,
            content_hash: self.reply.hash().to_vec(),
            usage,
            ..v1::End::default()
        };
        self.worker(ChunkKind::End, end.encode_to_vec());
        let finished = v1::ChatMessage {
            content: self.reply.content(),
            parts: self.reply.parts().to_vec(),
            chunk_count: Some(chunk_count),
            content_hash: Some(self.reply.hash_hex()),
            received_number: chunk_count,
            ..said(v1::Role::Assistant, v1::TurnStatus::Completed, 5)
        };
        self.message(finished);
        self.message(said(v1::Role::User, v1::TurnStatus::Completed, 5));
    }
}

/// The message of the user, or the reply while nothing is in it.
fn said(role: v1::Role, status: v1::TurnStatus, revision: i64) -> v1::ChatMessage {
    let user = role == v1::Role::User;
    v1::ChatMessage {
        message_id: if user { QUESTION } else { REPLY }.into(),
        chat_session_id: SESSION.into(),
        role: role.into(),
        content: if user { "Show me everything" } else { "" }.into(),
        status: status.into(),
        model: Some("demo/slow/with/slashes".into()),
        reply_to: (!user).then(|| QUESTION.into()),
        timestamp: 1_795_330_087_000,
        revision,
        ..v1::ChatMessage::default()
    }
}

fn tool(state: v1::ToolState, output: &str) -> Kind {
    Kind::Tool(v1::ToolPart {
        name: "bash".into(),
        title: "List the files".into(),
        state: state.into(),
        input: r#"{"command":"ls"}"#.into(),
        output: output.into(),
        truncated: false,
    })
}

fn permission() -> v1::RequestBody {
    let option = |id: &str, label: &str, kind: &str| v1::RequestOption {
        option_id: id.into(),
        label: label.into(),
        kind: kind.into(),
    };
    v1::RequestBody {
        request_id: "permission-----------".into(),
        kind: v1::RequestKind::Permission.into(),
        title: "Run a command".into(),
        details: r#"{"command":"rm -r build"}"#.into(),
        options: vec![option("once", "Allow once", "allow_once"), option("reject", "Reject", "reject_once")],
        questions: Vec::new(),
    }
}

fn question() -> v1::RequestBody {
    let option = |label: &str| v1::QuestionOption { label: label.into(), description: format!("To the {label}") };
    v1::RequestBody {
        request_id: "question-------------".into(),
        kind: v1::RequestKind::Question.into(),
        title: "Which way?".into(),
        questions: vec![v1::Question {
            header: "Way".into(),
            question: "Which way?".into(),
            options: vec![option("Left"), option("Right")],
            multiple: false,
            custom: true,
        }],
        ..v1::RequestBody::default()
    }
}

fn turn() -> Vec<Stored> {
    let mut turn = Turn::new();
    turn.message(said(v1::Role::User, v1::TurnStatus::Queued, 1));
    turn.message(said(v1::Role::User, v1::TurnStatus::Delivered, 2));
    let start = v1::Start {
        instance: "instance-------------".into(),
        reply_to: QUESTION.into(),
        model: "demo/slow/with/slashes".into(),
        claimed_at: turn.time,
    };
    turn.worker(ChunkKind::Start, start.encode_to_vec());
    turn.message(said(v1::Role::Assistant, v1::TurnStatus::Streaming, 3));
    turn.change(Change::Reasoning(v1::TextDelta { part_id: "r".into(), append: "They want ".into() }));
    turn.change(Change::Reasoning(v1::TextDelta { part_id: "r".into(), append: "everything.".into() }));
    for text in ["Here ", "it ", "is: \u{1f600} <b>äöü</b>\n", "```rust\nlet half"] {
        turn.text("t1", text);
    }
    turn.part("tool", tool(v1::ToolState::ToolPending, ""));
    turn.part("tool", tool(v1::ToolState::ToolRunning, ""));
    turn.part("tool", tool(v1::ToolState::ToolCompleted, "README.md\n"));
    let patch = "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-old\n+new\n";
    turn.part("diff", Kind::Diff(v1::DiffPart { path: "README.md".into(), patch: patch.into() }));
    let entry = v1::PlanEntry { content: "Look".into(), status: "in_progress".into(), priority: "high".into() };
    turn.part("plan", Kind::Plan(v1::PlanPart { entries: vec![entry] }));
    turn.part("notice", Kind::Notice(v1::NoticePart { text: "The provider asks to wait; trying again.".into() }));
    turn.ask("permission", permission());
    turn.ask("question", question());
    turn.text("t2", "That ");
    turn.text("t2", "is all.\n");
    turn.part("usage", Kind::Usage(v1::Usage { input_tokens: 12, output_tokens: 34, cost: Some(0.0056) }));
    turn.end();
    turn.stored
}

fn entries() -> Vec<Entry> {
    let id = |sequence| EventId { stream: SESSION.into(), epoch: "c3".into(), sequence };
    let show = |stored: &Stored| {
        let Shown { frame, text } = Told::read(stored)?.show(&id(stored.sequence))?;
        Some(Entry { sequence: stored.sequence, position: stored.sequence, frame, text })
    };
    turn().iter().filter_map(show).collect()
}

fn matches_recording(name: &str, made: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../libs/contracts/tests/golden").join(name);
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let recorded = std::fs::read(&path).unwrap();
    assert!(
        recorded == made,
        "{name} is another now; if that was meant: {BLESS}=1 cargo test -p muster-api golden\n{}",
        String::from_utf8_lossy(made)
    );
}

#[test]
fn frames_are_as_recorded() {
    matches_recording("reply.sse", &frame::joined(&entries()));
}

#[test]
fn frames_for_a_slow_viewer_are_as_recorded() {
    matches_recording("reply-merged.sse", &frame::merged(&entries()));
}
