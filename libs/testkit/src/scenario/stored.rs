//! What the stream has, asked of the broker itself.

use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, time::Duration};

use muster_contracts::{
    Message as _,
    permissions::ServiceUser,
    reply::Reply,
    stream::CHUNKS,
    subject::{ChunkKind, Subject, filter},
    v1,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    stack::Stack,
    wire::{Login, Wire},
};

/// Messages of one read.
const BATCH: usize = 500;
/// A copy of the stream has caught up by then.
const BEHIND: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(200);

/// A reader of the stream.
#[derive(Debug)]
pub(super) struct Stream {
    address: SocketAddr,
    login: Login,
}

/// A reply as the stream has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Kept {
    /// How often it begins.
    pub(super) starts: usize,
    /// Its text.
    pub(super) text: String,
    /// Chunks and requests, numbered without a hole.
    pub(super) chunks: u64,
}

impl Stream {
    pub(super) fn of(stack: &Stack) -> Self {
        let name = ServiceUser::Chat.name();
        let seed = must("chat's key", stack.broker().credentials().seed(ServiceUser::Chat));
        Self { address: stack.broker().address(), login: Login::service(name, &seed) }
    }

    /// A connection of its own for each question: between two of them nobody would answer the broker's pings.
    async fn connected(&self) -> Wire {
        must("reading the stream", Wire::connect(self.address, &self.login).await)
    }

    /// A reply, of which every number must be there once and in order, and that has at least so many: whoever is asked may
    /// be a copy that was halted, and is behind for a while.
    pub(super) async fn reply(&self, worker: &str, session: &str, reply: &str, at_least: u64) -> Kept {
        let patience = Instant::now() + BEHIND;
        let (worker, session) = (must("its id", worker.parse()), must("its id", session.parse()));
        let filter = filter::reply(&worker, &session, &must("its id", reply.parse()));
        let mut wire = self.connected().await;
        let (mut kept, mut whole, mut from) = (Kept::default(), Reply::default(), 1);
        loop {
            let request = json!({ "seq": from, "batch": BATCH, "next_by_subj": filter });
            let subject = format!("$JS.API.DIRECT.GET.{CHUNKS}");
            let read = must("reading the stream", wire.batch(&subject, request.to_string().as_bytes()).await);
            for message in &read {
                let Ok(Subject::Chunk(address)) = header(&message.headers, "Nats-Subject").parse() else { continue };
                let payload = message.payload.as_slice();
                match address.kind {
                    ChunkKind::Start => kept.starts += 1,
                    ChunkKind::Chunk => must("a chunk", whole.chunk(must("a chunk", v1::Chunk::decode(payload)))),
                    ChunkKind::Request => {
                        must("a request", whole.request(must("a request", v1::RequestAsked::decode(payload))));
                    }
                    ChunkKind::End | ChunkKind::State => {}
                }
                from = header(&message.headers, "Nats-Sequence").parse::<u64>().unwrap_or_default() + 1;
            }
            if read.len() < BATCH && whole.number() < at_least && Instant::now() < patience {
                tokio::time::sleep(LOOK).await;
            } else if read.len() < BATCH {
                (kept.text, kept.chunks) = (whole.content(), whole.number());
                return kept;
            }
        }
    }

    /// How often replies of a session were begun.
    pub(super) async fn starts(&self, session: &str) -> usize {
        let filter = format!("chat.v1.stream.*.{session}.*.{}", ChunkKind::Start.as_str());
        let request = json!({ "subjects_filter": filter }).to_string();
        let subject = format!("$JS.API.STREAM.INFO.{CHUNKS}");
        let answer = self.connected().await.request(&subject, request.as_bytes()).await;
        let answer: Value = must("the stream's state", serde_json::from_slice(&must("the stream", answer).payload));
        let subjects = answer.pointer("/state/subjects").cloned().unwrap_or_default();
        let subjects: BTreeMap<String, usize> = serde_json::from_value(subjects).unwrap_or_default();
        subjects.values().sum()
    }
}

fn header<'a>(headers: &'a str, name: &str) -> &'a str {
    let of = |line: &'a str| line.split_once(':').filter(|(key, _)| *key == name).map(|(_, value)| value.trim());
    headers.lines().find_map(of).unwrap_or_default()
}

fn must<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
