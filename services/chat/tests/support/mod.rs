//! Chat's own process on a real broker and a real database; the test speaks
//! as the api, as the registry and as a worker.
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::{path::PathBuf, time::Duration};

use async_nats::HeaderMap;
use bytes::Bytes;
use muster_bus::{Bus, CallError, Identity, ServiceConnect, StoreError, Storing};
use muster_contracts::{
    Message,
    fingerprint::Fingerprint,
    id::{InstanceId, MachineId, MessageId, SessionId, UserId, WorkerId},
    method::{self, Method},
    permissions::ServiceUser,
    reply::Reply,
    stream,
    subject::{About, ChatVerb, ChunkAddress, ChunkKind, Entity, EventAddress, Subject, Writer},
    v1,
};
use muster_service::Db;
use muster_testkit::{
    nats, postgres,
    process::{Child, Command},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// Which database a test runs on.
#[derive(Debug, Clone, Copy)]
pub enum Engine {
    Sqlite,
    Postgres,
}

pub struct Chat {
    pub bus: Bus,
    pub process: Child,
    pub client: async_nats::Client,
    url: String,
    others: usize,
    pub caller: v1::Caller,
    pub worker: v1::Worker,
    pub session: String,
    database_url: String,
    revision: i64,
    _broker: Child,
    home: TempDir,
    _database: Option<postgres::Database>,
}

fn seed() -> String {
    nkeys::KeyPair::new_user().seed().unwrap()
}

impl Chat {
    /// Chat with one online worker and one session.
    pub async fn start(engine: Engine) -> Self {
        Self::with(engine, &[]).await
    }

    /// The same with settings of its own.
    pub async fn with(engine: Engine, settings: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (broker, url) = plain_broker(home.path().to_owned()).await;
        let database = matches!(engine, Engine::Postgres).then(postgres::database);
        let database_url = match &database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite:{}", home.path().join("chat.db").display()),
        };
        let process = process(&home, "chat", &url, &database_url, settings).await;
        let connect =
            ServiceConnect { servers: url.clone(), user: ServiceUser::Api, seed: seed().into(), ca_file: None };
        let bus = Bus::connect_service(connect).await.unwrap();
        bus.connected().await;
        bus.define_stream(&stream::events(Duration::from_hours(1), 1 << 20, 1)).await.unwrap();
        let user = UserId::random();
        let worker = v1::Worker {
            worker_id: WorkerId::random().into(),
            machine_id: MachineId::random().into(),
            user_id: user.to_string(),
            status: v1::WorkerStatus::Online.into(),
            presence: v1::Presence::Known.into(),
            models: ["demo/fast", "demo/slow/with/slashes"].map(model).to_vec(),
            models_known: true,
            capabilities: Some(v1::Capabilities { rewind: true, fork: true, attachments: true }),
            directory: Some("/srv".into()),
            revision: 1,
            term: 1,
            ..v1::Worker::default()
        };
        let mut chat = Self {
            client: async_nats::connect(&url).await.unwrap(),
            url,
            others: 0,
            bus,
            process,
            caller: v1::Caller { user_id: user.into(), address: "127.0.0.1".into(), token_id: String::new() },
            worker,
            session: String::new(),
            database_url,
            revision: 1,
            _broker: broker,
            home,
            _database: database,
        };
        chat.tell_worker(v1::WorkerStatus::Online).await;
        chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        chat
    }

    /// Another process beside it, on the same broker and database.
    pub async fn another(&mut self, settings: &[(&str, &str)]) -> Child {
        self.others += 1;
        process(&self.home, &format!("chat-{}", self.others), &self.url, &self.database_url, settings).await
    }

    /// Asks chat; while it starts, until it hears.
    pub async fn call<M: Method>(&self, request: M::Request) -> Result<M::Reply, CallError> {
        loop {
            match self.bus.call::<M>(&request).await {
                Err(CallError::NoResponder) if self.process.ended().is_none() => tokio::task::yield_now().await,
                result => return result,
            }
        }
    }

    /// What it logs.
    pub fn log(&self) -> PathBuf {
        self.home.path().join("chat.log")
    }

    /// Its database, beside it.
    pub async fn database(&self) -> Db {
        Db::open(&self.database_url.clone().into(), "chat", 2, &muster_chat::MIGRATIONS).await.unwrap()
    }

    /// The registry's event about the worker.
    pub async fn tell_worker(&mut self, status: v1::WorkerStatus) {
        self.revision += 1;
        self.worker.revision = self.revision;
        self.worker.set_status(status);
        let (id, object) = (self.worker.worker_id.clone(), v1::event::Object::Worker(self.worker.clone()));
        self.tell(Entity::Worker, &id, object).await;
    }

    /// The api's event about the account.
    pub async fn tell_account(&self, disabled: bool) {
        let id = self.caller.user_id.clone();
        let account = v1::User { user_id: id.clone(), disabled, ..v1::User::default() };
        self.tell(Entity::User, &id, v1::event::Object::User(account)).await;
    }

    /// An event about something of the caller's.
    pub async fn tell(&self, entity: Entity, id: &str, object: v1::event::Object) {
        let user = self.caller.user_id.parse().unwrap();
        let subject = Subject::Event(EventAddress { user, entity, id: id.to_owned() });
        let event = v1::Event { actor: None, timestamp: 0, object: Some(object) };
        self.store(subject, muster_contracts::id::random(), event.encode_to_vec()).await;
    }

    /// The api's event that the account is deleted.
    pub async fn tell_account_removed(&self) {
        let user: UserId = self.caller.user_id.parse().unwrap();
        let id = user.to_string();
        let subject = Subject::Event(EventAddress { user, entity: Entity::User, id });
        let object = Some(v1::event::Object::Removed(v1::Removed {}));
        let event = v1::Event { actor: None, timestamp: 0, object };
        self.store(subject, muster_contracts::id::random(), event.encode_to_vec()).await;
    }

    pub async fn new_session(&self, model: &str) -> Result<v1::ChatSession, CallError> {
        self.call::<method::CreateSession>(v1::CreateSessionRequest {
            caller: Some(self.caller.clone()),
            worker: Some(self.worker.clone()),
            chat_session_id: SessionId::random().into(),
            model: model.into(),
            ..Default::default()
        })
        .await
    }

    pub fn message(&self, content: &str) -> v1::SendMessageRequest {
        v1::SendMessageRequest {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            message_id: MessageId::random().into(),
            content: content.into(),
            ..Default::default()
        }
    }

    pub async fn send(&self, content: &str) -> v1::ChatMessage {
        self.call::<method::SendMessage>(self.message(content)).await.unwrap()
    }

    pub fn names(&self, message_id: &str) -> v1::MessageRef {
        v1::MessageRef {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            message_id: message_id.into(),
        }
    }

    pub fn session_ref(&self) -> v1::SessionRef {
        v1::SessionRef { caller: Some(self.caller.clone()), chat_session_id: self.session.clone() }
    }

    pub async fn messages(&self) -> v1::ListMessagesReply {
        let request = v1::ListMessagesRequest {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            ..Default::default()
        };
        self.call::<method::ListMessages>(request).await.unwrap()
    }

    /// The message once it has this status, however long that takes.
    pub async fn sees(&self, message_id: &str, status: v1::TurnStatus) -> v1::ChatMessage {
        loop {
            let all = self.messages().await.messages;
            if let Some(found) = all.into_iter().find(|message| message.message_id == message_id)
                && found.status() == status
            {
                return found;
            }
        }
    }

    /// The message once it has this status.
    pub async fn until(&self, message_id: &str, status: v1::TurnStatus) -> v1::ChatMessage {
        match tokio::time::timeout(PATIENCE, self.sees(message_id, status)).await {
            Ok(found) => found,
            Err(_) => panic!("not {status:?} in time\n{:#?}\n{}", self.messages().await, self.process.log_tail(30)),
        }
    }

    pub fn process_of_worker(&self, term: i64) -> Process<'_> {
        let worker = self.worker.worker_id.parse().unwrap();
        let fingerprint = Fingerprint::of("UTEST");
        Process { chat: self, identity: Identity { worker, fingerprint, instance: InstanceId::random(), term } }
    }

    async fn store(&self, subject: Subject, id: String, payload: Vec<u8>) {
        let message = Storing { subject: subject.to_string(), id, payload: payload.into(), first_only: false };
        self.bus.store(message).await.unwrap();
    }
}

async fn process(home: &TempDir, name: &str, url: &str, database: &str, settings: &[(&str, &str)]) -> Child {
    let log = home.path().join(format!("{name}.log"));
    let command = Command::new("muster-chat", env!("CARGO_BIN_EXE_muster-chat"), log)
        .without_our_settings()
        .env("MUSTER_NATS_URL", url)
        .env("MUSTER_NATS_SEED", seed())
        .env("MUSTER_DATABASE_URL", database)
        .env("MUSTER_LOG", "info,muster_chat=debug")
        .envs(settings.iter().copied())
        .announces(home.path().join(format!("{name}.json")));
    let process = Child::spawn(command).unwrap();
    process.announced(PATIENCE).await.unwrap();
    process
}

/// One process of the worker.
pub struct Process<'a> {
    chat: &'a Chat,
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
        let mut writing = Writing { start: start.clone(), number: 0, reply: Reply::default() };
        let body = v1::Start {
            instance: self.identity.instance.to_string(),
            reply_to: start.message_id.clone(),
            model: start.model.clone(),
            claimed_at: start.claimed_at,
        };
        self.put(&mut writing, ChunkKind::Start, body.encode_to_vec()).await;
        writing
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
        writing.number += 1;
        let asked = v1::RequestAsked { number: writing.number, timestamp: 1, part_id: "q".into(), body: Some(body) };
        writing.reply.request(asked.clone()).unwrap();
        self.put(writing, ChunkKind::Request, asked.encode_to_vec()).await;
    }

    pub async fn end(&self, writing: &mut Writing, outcome: v1::TurnStatus) {
        let end = v1::End {
            number: writing.number + 1,
            outcome: outcome.into(),
            chunk_count: writing.number,
            content_hash: writing.reply.hash().to_vec(),
            usage: Some(v1::Usage { input_tokens: 3, output_tokens: 4, cost: Some(0.5) }),
            backend_session_id: Some("backend-1".into()),
            ..Default::default()
        };
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

    async fn try_put(&self, writing: &Writing, kind: ChunkKind, payload: Vec<u8>) -> Result<(), StoreError> {
        let subject = Subject::Chunk(ChunkAddress {
            writer: Writer::Worker(self.identity.worker.clone()),
            session: writing.start.chat_session_id.parse().unwrap(),
            about: About::Message(writing.start.reply_id.parse().unwrap()),
            kind,
        });
        let id = format!("{}:{}", writing.start.nonce, writing.number);
        let message = Storing { subject: subject.to_string(), id, payload: payload.into(), first_only: false };
        self.chat.bus.store(message).await.map(drop)
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
}

fn model(id: &str) -> v1::Model {
    v1::Model { model_id: id.into(), name: id.into(), provider: "demo".into(), ..Default::default() }
}

/// The slug of the problem with which a call was refused.
pub fn slug<T: std::fmt::Debug>(result: Result<T, CallError>) -> String {
    match result {
        Err(CallError::Refused(problem)) => problem.slug,
        other => panic!("not refused: {other:?}"),
    }
}

/// A broker without accounts: who may do what is tested where the registry is.
async fn plain_broker(home: PathBuf) -> (Child, String) {
    let server = nats::find_or_install(&|_| {}).unwrap();
    let child = Child::spawn(
        Command::new("nats-server", &server.path, home.join("nats.log"))
            .args(["-a", "127.0.0.1", "-p", "-1", "-js"])
            .arg("-sd")
            .arg(home.join("store"))
            .arg("--ports_file_dir")
            .arg(&home),
    )
    .unwrap();
    let file = home.join(format!("nats-server_{}.ports", child.pid()));
    let url = child
        .until(PATIENCE, || {
            let text = std::fs::read_to_string(&file).ok()?;
            let (_, rest) = text.split_once("nats://")?;
            rest.split_once('"').map(|(address, _)| format!("nats://{address}"))
        })
        .await
        .unwrap();
    (child, url)
}
