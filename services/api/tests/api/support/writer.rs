//! What chat and a worker write into a session.

use std::time::Duration;

use muster_bus::{Bus, Storing};
use muster_contracts::{
    Message,
    id::{self, MessageId, SessionId, WorkerId},
    stream,
    subject::{About, ChunkAddress, ChunkKind, Subject, Writer},
    v1,
};

/// A session and its worker, who writes.
#[derive(Clone)]
pub(crate) struct Session {
    pub(super) bus: Bus,
    pub(crate) session: SessionId,
    pub(crate) worker: WorkerId,
}

impl Session {
    pub(crate) fn events(&self) -> String {
        format!("/sessions/{}/events", self.session)
    }

    /// Lets the stream forget all that it has, as it does with time.
    pub(crate) async fn forget_all(&self) {
        self.bus.define_stream(&stream::chunks(Duration::from_millis(200), 1 << 28, 1)).await.unwrap();
        loop {
            let now = self.bus.stream_state(stream::CHUNKS).await.unwrap();
            if now.first > now.last {
                break;
            }
        }
        self.bus.define_stream(&stream::chunks(Duration::from_hours(1), 1 << 28, 1)).await.unwrap();
    }

    pub(crate) async fn write(&self, writer: Writer, reply: &MessageId, kind: ChunkKind, message: &impl Message) {
        let about = About::Message(reply.clone());
        let address = ChunkAddress { writer, session: self.session.clone(), about, kind };
        store(&self.bus, &Subject::Chunk(address), message).await;
    }

    pub(crate) async fn start(&self, reply: &MessageId) {
        let start = v1::Start { model: "m".into(), claimed_at: 7, ..v1::Start::default() };
        self.write(Writer::Worker(self.worker.clone()), reply, ChunkKind::Start, &start).await;
    }

    pub(crate) async fn text(&self, reply: &MessageId, number: u64, text: &str) {
        self.text_by(&self.worker, reply, number, text).await;
    }

    pub(crate) async fn text_by(&self, worker: &WorkerId, reply: &MessageId, number: u64, text: &str) {
        let delta = v1::TextDelta { part_id: "p1".into(), append: text.into() };
        let chunk = v1::Chunk { number, timestamp: 1, change: Some(v1::chunk::Change::Text(delta)) };
        self.write(Writer::Worker(worker.clone()), reply, ChunkKind::Chunk, &chunk).await;
    }

    /// What chat says of the reply in the end.
    pub(crate) async fn settle(&self, reply: &MessageId, count: u64) {
        let end = v1::End { number: count + 1, chunk_count: count, ..v1::End::default() };
        self.write(Writer::Worker(self.worker.clone()), reply, ChunkKind::End, &end).await;
        let message = v1::ChatMessage {
            message_id: reply.to_string(),
            chat_session_id: self.session.to_string(),
            role: v1::Role::Assistant.into(),
            status: v1::TurnStatus::Completed.into(),
            chunk_count: Some(count),
            ..v1::ChatMessage::default()
        };
        let state = v1::State { object: Some(v1::state::Object::Message(message)) };
        self.write(Writer::Chat, reply, ChunkKind::State, &state).await;
    }
}

pub(super) async fn store(bus: &Bus, subject: &Subject, message: &impl Message) {
    let payload = message.encode_to_vec().into();
    let storing =
        Storing { subject: subject.to_string(), id: id::random(), payload, first_only: false, traceparent: None };
    bus.store(storing).await.unwrap();
}
