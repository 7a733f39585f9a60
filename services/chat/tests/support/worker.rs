//! A worker's process, as chat hears it, and the reply that it writes.

use async_nats::HeaderMap;
use bytes::Bytes;
use muster_bus::{Identity, StoreError, Storing};
use muster_contracts::{
    Message,
    reply::Reply,
    subject::{About, ChatVerb, ChunkAddress, ChunkKind, Subject, Writer},
    v1,
};

use super::Chat;

/// One process of the worker.
pub struct Process<'a> {
    pub(super) chat: &'a Chat,
    pub identity: Identity,
}

impl Process<'_> {
    pub async fn sync(&self, open: &[&Writing]) -> v1::SyncReply {
        let open = open.iter().map(|writing| writing.open()).collect();
        self.ask(v1::SyncRequest { open, ..Default::default() }).await
    }

    pub async fn ask(&self, request: v1::SyncRequest) -> v1::SyncReply {
        let asked = self.asked(ChatVerb::Sync, &request).await;
        asked.unwrap_or_else(|slug| panic!("refused: {slug}\n{}", self.chat.process.log_tail(20)))
    }

    /// The result of an ask.
    pub async fn result(&self, result: v1::AskResult) {
        let told = self.asked::<v1::Empty>(ChatVerb::Result, &result).await;
        told.unwrap_or_else(|slug| panic!("refused: {slug}\n{}", self.chat.process.log_tail(20)));
    }

    /// Asks as the broker passes it on; the slug of the problem when it is refused.
    pub async fn asked<Rep: Message + Default>(&self, verb: ChatVerb, request: &impl Message) -> Result<Rep, String> {
        let subject = Subject::ChatWorker { worker: self.identity.worker.clone(), verb };
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Request-Info", format!(r#"{{"acc":"WORKERS","user":"{}"}}"#, self.identity.user_name()));
        let payload = Bytes::from(request.encode_to_vec());
        let reply = self.chat.client.request_with_headers(subject.to_string(), headers, payload).await.unwrap();
        if let Some(problem) = reply.headers.as_ref().and_then(|headers| headers.get("Muster-Problem")) {
            let problem = data_encoding::BASE64.decode(problem.as_str().as_bytes()).unwrap();
            return Err(v1::Problem::decode(problem.as_slice()).unwrap().slug);
        }
        Ok(Rep::decode(reply.payload).unwrap())
    }

    /// Begins what sync said.
    pub async fn begin(&self, start: &v1::TurnStart) -> Writing {
        self.begin_at(start).await.0
    }

    /// The same, and at which sequence of the stream.
    pub async fn begin_at(&self, start: &v1::TurnStart) -> (Writing, u64) {
        self.try_begin(start).await.unwrap()
    }

    /// The same, if nobody has begun it.
    pub async fn try_begin(&self, start: &v1::TurnStart) -> Result<(Writing, u64), StoreError> {
        let writing = Writing { start: start.clone(), number: 0, reply: Reply::default() };
        let body = v1::Start {
            instance: self.identity.instance.to_string(),
            reply_to: start.message_id.clone(),
            model: start.model.clone(),
            claimed_at: start.claimed_at,
        };
        let sequence = self.try_put(&writing, ChunkKind::Start, body.encode_to_vec()).await?;
        Ok((writing, sequence))
    }

    /// Runs the next turn of the session to its end: what it was told, and its reply.
    pub async fn answer(&self, text: &str, outcome: v1::TurnStatus) -> v1::TurnStart {
        let start = self.next().await;
        let mut writing = self.begin(&start).await;
        self.write(&mut writing, text).await;
        self.end(&mut writing, outcome).await;
        self.chat.until(&start.message_id, outcome).await;
        start
    }

    /// The turn that chat says is to begin.
    pub async fn next(&self) -> v1::TurnStart {
        loop {
            if let Some(start) = self.sync(&[]).await.start.into_iter().next() {
                return start;
            }
        }
    }

    pub async fn write(&self, writing: &mut Writing, text: &str) {
        self.try_write(writing, text).await.unwrap();
    }

    pub async fn request(&self, writing: &mut Writing, body: v1::RequestBody) {
        self.put_request(writing, body, None).await;
    }

    pub async fn withdraw(&self, writing: &mut Writing, body: v1::RequestBody) {
        self.put_request(writing, body, Some(2)).await;
    }

    async fn put_request(&self, writing: &mut Writing, body: v1::RequestBody, withdrawn_at: Option<i64>) {
        writing.number += 1;
        let (number, body) = (writing.number, Some(body));
        let asked = v1::RequestAsked { number, timestamp: 1, part_id: "q".into(), body, withdrawn_at };
        writing.reply.request(asked.clone()).unwrap();
        self.put(writing, ChunkKind::Request, asked.encode_to_vec()).await;
    }

    pub async fn end(&self, writing: &mut Writing, outcome: v1::TurnStatus) {
        let end = writing.end(outcome);
        self.end_with(writing, end).await;
    }

    pub async fn end_with(&self, writing: &mut Writing, end: v1::End) {
        writing.number += 1;
        self.put(writing, ChunkKind::End, end.encode_to_vec()).await;
    }

    async fn put(&self, writing: &mut Writing, kind: ChunkKind, payload: Vec<u8>) {
        self.try_put(writing, kind, payload).await.unwrap();
    }

    /// Text that is stored if there is room for it.
    pub async fn try_write(&self, writing: &mut Writing, text: &str) -> Result<(), StoreError> {
        let delta = v1::TextDelta { part_id: "p1".into(), append: text.into() };
        let number = writing.number + 1;
        let chunk = v1::Chunk { number, timestamp: 1, change: Some(v1::chunk::Change::Text(delta)) };
        let mut next = Writing { number, ..writing.clone() };
        self.try_put(&next, ChunkKind::Chunk, chunk.encode_to_vec()).await?;
        next.reply.chunk(chunk).unwrap();
        *writing = next;
        Ok(())
    }

    async fn try_put(&self, writing: &Writing, kind: ChunkKind, payload: Vec<u8>) -> Result<u64, StoreError> {
        let subject = Subject::Chunk(ChunkAddress {
            writer: Writer::Worker(self.identity.worker.clone()),
            session: writing.start.chat_session_id.parse().unwrap(),
            about: About::Message(writing.start.reply_id.parse().unwrap()),
            kind,
        });
        let id = format!("{}:{}", writing.start.nonce, writing.number);
        let message = Storing {
            subject: subject.to_string(),
            id,
            payload: payload.into(),
            first_only: kind == ChunkKind::Start,
            traceparent: None,
        };
        self.chat.bus.store(message).await.map(|receipt| receipt.sequence)
    }
}

/// A reply that a worker writes.
#[derive(Debug, Clone)]
pub struct Writing {
    pub start: v1::TurnStart,
    pub number: u64,
    pub reply: Reply,
}

impl Writing {
    pub fn open(&self) -> v1::OpenReply {
        v1::OpenReply {
            reply_id: self.start.reply_id.clone(),
            chat_session_id: self.start.chat_session_id.clone(),
            acknowledged: Some(self.number),
            doubtful: false,
        }
    }

    /// What ends it as it is.
    pub fn end(&self, outcome: v1::TurnStatus) -> v1::End {
        v1::End {
            number: self.number + 1,
            outcome: outcome.into(),
            chunk_count: self.number,
            content_hash: self.reply.hash().to_vec(),
            usage: Some(v1::Usage { input_tokens: 3, output_tokens: 4, cost: Some(0.5) }),
            backend_session_id: Some("backend-1".into()),
            ..Default::default()
        }
    }
}
