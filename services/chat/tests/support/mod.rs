//! Chat's own process on a real broker and a real database; the test speaks
//! as the api, as the registry and as a worker.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test file uses its own part of it")]

mod worker;

use std::{path::PathBuf, time::Duration};

use muster_bus::{Bus, CallError, Identity, ServiceConnect, Storing};
use muster_contracts::{
    Message,
    fingerprint::Fingerprint,
    id::{InstanceId, MachineId, MessageId, SessionId, UserId, WorkerId},
    method::{self, Method},
    permissions::ServiceUser,
    stream,
    subject::{Entity, EventAddress, Subject},
    v1,
};
use muster_service::{Db, copy::Place};
use muster_testkit::{
    nats, postgres,
    process::{Child, Command},
};
use tempfile::TempDir;

pub use worker::{Process, Writing};

/// Each test runs on both databases.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn on_sqlite() { super::scenario::$name(super::Engine::Sqlite).await; }
            #[tokio::test]
            async fn on_postgres() { super::scenario::$name(super::Engine::Postgres).await; }
        }
    )*};
}

const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks: what is waited for has the computer meanwhile.
pub const LOOK: Duration = Duration::from_millis(20);

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

    /// Where its database is.
    pub fn place(&self) -> Place {
        Place { schema: "chat", url: self.database_url.clone().into() }
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
            tokio::time::sleep(LOOK).await;
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
        let message =
            Storing { subject: subject.to_string(), id, payload: payload.into(), first_only: false, traceparent: None };
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
