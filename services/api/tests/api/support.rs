//! A broker, an api, stand-ins for registry and chat, and a browser.

use std::{
    any::Any,
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt as _;
use muster_api::{ApiConfig, RegistrationSetting, state};
use muster_bus::{Bus, ServiceConnect, Storing};
use muster_contracts::{
    Message, broker,
    id::{self, MessageId, SessionId, UserId, WorkerId},
    method::{self, Service},
    permissions::ServiceUser,
    stream,
    subject::{About, ChunkAddress, ChunkKind, Entity, EventAddress, Subject, Writer},
    v1,
};
use muster_service::{Clock, Db, health::Health, problem, tls::Certificate};
use muster_testkit::{
    credentials::Credentials,
    nats, postgres,
    process::{Child, Command},
    sqlite::Sqlite,
};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) base: String,
    pub(crate) chat: Bus,
    pub(crate) registry: Bus,
    pub(crate) world: Arc<World>,
    stop: CancellationToken,
    _database: Box<dyn Any + Send + Sync>,
    _home: tempfile::TempDir,
    broker: Child,
}

/// What registry and chat know.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) sessions: Mutex<HashMap<String, v1::ChatSession>>,
    pub(crate) workers: Mutex<HashMap<String, v1::Worker>>,
    pub(crate) machines: Mutex<Vec<v1::Machine>>,
    pub(crate) pages: Mutex<Vec<v1::Page>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) fn config(registration: RegistrationSetting) -> ApiConfig {
    ApiConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls_cert_file: None,
        tls_key_file: None,
        public_url: None,
        public_nats: None,
        downloads_dir: None,
        server_name: "Muster".into(),
        registration,
        admin_password: None,
        oidc_issuer: None,
        oidc_client_id: None,
        oidc_client_secret: None,
        oidc_client_secret_file: None,
        oidc_name: None,
        oidc_provider: "sso".into(),
        oidc_scopes: "profile email".into(),
        push_services: String::new(),
        push_contact: None,
        body_limit: 1024,
        streams_per_user: 250,
        requests_per_minute: 100_000,
    }
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(config(RegistrationSetting::Open)).await
    }

    pub(crate) async fn with(config: ApiConfig) -> Self {
        Self::at(config, Clock::system()).await
    }

    /// By a clock of the test's.
    pub(crate) async fn at(config: ApiConfig, clock: Clock) -> Self {
        let sqlite = Sqlite::new().unwrap();
        Self::on(config, clock, sqlite.url(), Box::new(sqlite)).await
    }

    /// On PostgreSQL.
    pub(crate) async fn on_postgres(config: ApiConfig) -> Self {
        let database = postgres::database();
        let url = database.url().to_owned();
        Self::on(config, Clock::system(), url, Box::new(database)).await
    }

    async fn on(config: ApiConfig, clock: Clock, database: String, kept: Box<dyn Any + Send + Sync>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let credentials = Credentials::generate();
        let (broker, url) = broker(home.path(), &credentials).await;
        let connect = |user| connect(&url, user, &credentials);
        let (chat, registry) = (connect(ServiceUser::Chat).await, connect(ServiceUser::Registry).await);
        let bus = connect(ServiceUser::Api).await;
        for bus in [&chat, &registry, &bus] {
            bus.connected().await;
        }
        chat.define_stream(&stream::chunks(Duration::from_hours(1), 1 << 28, 1)).await.unwrap();
        registry.define_stream(&stream::events(Duration::from_hours(1), 1 << 28, 1)).await.unwrap();

        let (stop, world) = (CancellationToken::new(), Arc::new(World::default()));
        play_registry(&registry, &world, &stop).await;
        play_chat(&chat, &world, &stop).await;

        let db = Db::open(&database.into(), "api", 4, &muster_api::MIGRATIONS).await.unwrap();
        let settings = state::Settings::new(&config, &url).unwrap();
        let listener = tokio::net::TcpListener::bind(config.listen).await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let api = state::Shared::new(bus, db, clock, Health::default(), settings.bound(address), stop.clone());
        tokio::spawn(muster_api::background(api.clone(), stop.clone()));
        let certificate = Certificate::configured(config.tls_cert_file.as_deref(), config.tls_key_file.as_deref());
        let certificate = certificate.unwrap();
        let scheme = if certificate.is_some() { "https" } else { "http" };
        if let Some(certificate) = certificate.clone() {
            tokio::spawn(certificate.keep_current(stop.clone()));
        }
        tokio::spawn(muster_api::serve(listener, certificate, api, stop.clone()));
        Self {
            base: format!("{scheme}://{address}"),
            chat,
            registry,
            world,
            stop,
            _database: kept,
            _home: home,
            broker,
        }
    }

    /// What a stream has under a filter, once it answers `condition` with something.
    pub(crate) async fn until_stored<T>(
        &self,
        stream: &str,
        filter: &str,
        condition: impl Fn(bytes::Bytes) -> Option<T>,
    ) -> T {
        let looking = async {
            loop {
                let batch = self.chat.read(stream, filter, 1, 1000).await.unwrap();
                if let Some(found) = batch.messages.into_iter().rev().find_map(|stored| condition(stored.payload)) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("it is stored in time")
    }

    pub(crate) async fn kill_broker(&self) {
        self.broker.kill().await;
    }

    /// A browser without a sign-in.
    pub(crate) fn visitor(&self) -> Browser {
        Browser { base: self.base.clone(), client: reqwest::Client::new(), cookie: None, user: String::new() }
    }

    /// A browser of a new account.
    pub(crate) async fn user(&self, name: &str) -> Browser {
        let mut browser = self.visitor();
        let body = serde_json::json!({ "username": name, "password": "correct horse" });
        browser.sign_in("/auth/register", &body).await;
        browser
    }

    /// A session of this user.
    pub(crate) fn session(&self, user: &Browser) -> Session {
        let (session, worker) = (SessionId::random(), WorkerId::random());
        let object = v1::ChatSession {
            chat_session_id: session.to_string(),
            worker_id: worker.to_string(),
            user_id: user.user.clone(),
            ..v1::ChatSession::default()
        };
        self.world.sessions.lock().unwrap().insert(session.to_string(), object);
        Session { bus: self.chat.clone(), session, worker }
    }

    /// Stores an event about something of the user's.
    pub(crate) async fn tell(&self, user: &str, entity: Entity, id: &str, object: v1::event::Object) {
        let bus = if entity == Entity::Session { &self.chat } else { &self.registry };
        let user: UserId = user.parse().unwrap();
        let subject = Subject::Event(EventAddress { user, entity, id: id.into() });
        let event = v1::Event { actor: None, timestamp: 1, object: Some(object) };
        store(bus, &subject, &event).await;
    }
}

/// A session and its worker, who writes.
#[derive(Clone)]
pub(crate) struct Session {
    bus: Bus,
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

async fn store(bus: &Bus, subject: &Subject, message: &impl Message) {
    let payload = message.encode_to_vec().into();
    let storing = Storing { subject: subject.to_string(), id: id::random(), payload, first_only: false };
    bus.store(storing).await.unwrap();
}

/// A browser with its cookie.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    pub(crate) cookie: Option<String>,
    pub(crate) user: String,
}

/// Status and JSON of an answer.
pub(crate) type Answer = (u16, serde_json::Value);

impl Browser {
    pub(crate) fn ask(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base)).header("origin", &self.base);
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub(crate) async fn sign_in(&mut self, path: &str, body: &serde_json::Value) {
        let answer = self.ask("POST", path).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        let user: serde_json::Value = answer.json().await.unwrap();
        self.user = user["userId"].as_str().unwrap().to_owned();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.ask("GET", path)).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: serde_json::Value) -> Answer {
        answer(self.ask(method, path).json(&body)).await
    }

    pub(crate) async fn watch(&self, path: &str, last: Option<&str>) -> Frames {
        let mut request = self.ask("GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Frames::of(request).await
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"));
    }
    let bytes = answer.bytes().await.unwrap();
    let text = || serde_json::Value::from(String::from_utf8_lossy(&bytes));
    (
        status,
        if bytes.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        },
    )
}

/// One frame of an event stream.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    pub(crate) data: serde_json::Value,
}

/// An open event stream.
pub(crate) struct Frames {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    read: String,
}

impl Frames {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { body: answer.bytes_stream().boxed(), read: String::new() }
    }

    /// The next frame; `None` when the stream is over.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let frame = Frame {
                    id: field("id: "),
                    event: field("event: ").unwrap(),
                    data: serde_json::from_str(&field("data: ").unwrap()).unwrap(),
                };
                self.read = rest.to_owned();
                return Some(frame);
            }
            match tokio::time::timeout(PATIENCE, self.body.next()).await.expect("nothing came") {
                Some(Ok(bytes)) => self.read.push_str(std::str::from_utf8(&bytes).unwrap()),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next frame that is no beat.
    pub(crate) async fn event(&mut self) -> Option<Frame> {
        loop {
            match self.next().await {
                Some(frame) if frame.event == "beat" => {}
                other => return other,
            }
        }
    }
}

async fn broker(home: &std::path::Path, credentials: &Credentials) -> (Child, String) {
    let listen = broker::Listen {
        client: "127.0.0.1:-1".into(),
        tls: None,
        websocket: None,
        monitor: None,
        store: home.join("store").display().to_string(),
        name: "test".into(),
        cluster: None,
    };
    // Chat plays the workers as well.
    let text = broker::configuration(&listen, &credentials.identities())
        .replace("chat.v1.stream.chat.*.*.state", "chat.v1.stream.>");
    std::fs::write(home.join("nats.conf"), text).unwrap();
    let server = nats::find_or_install(&|_| {}).unwrap();
    let command = Command::new("nats-server", &server.path, home.join("nats.log"))
        .arg("--config")
        .arg(home.join("nats.conf"))
        .arg("--ports_file_dir")
        .arg(home);
    let child = Child::spawn(command).unwrap();
    let file = home.join(format!("nats-server_{}.ports", child.pid()));
    let url = child
        .until(PATIENCE, || {
            let ports: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
            Some(ports["nats"][0].as_str()?.to_owned())
        })
        .await
        .unwrap();
    (child, url)
}

async fn connect(url: &str, user: ServiceUser, credentials: &Credentials) -> Bus {
    let seed = credentials.seed(user).unwrap().into();
    Bus::connect_service(ServiceConnect { servers: url.into(), user, seed, ca_file: None }).await.unwrap()
}

fn user(caller: &Option<v1::Caller>) -> &str {
    &caller.as_ref().unwrap().user_id
}

async fn play_registry(bus: &Bus, world: &Arc<World>, stop: &CancellationToken) {
    let known = |world: &Arc<World>| {
        let world = Arc::clone(world);
        move |request: &v1::WorkerRef| {
            let found = world.workers.lock().unwrap().get(&request.worker_id).cloned();
            found.filter(|worker| worker.user_id == user(&request.caller)).ok_or_else(|| problem::not_found("worker"))
        }
    };
    let (get, machines, list) = (known(world), Arc::clone(world), Arc::clone(world));
    let endpoints = bus.announce(Service::Registry, "0.0.0", stop.clone()).await.unwrap();
    let endpoints = endpoints.method::<method::GetWorker, _, _>(move |request| std::future::ready(get(&request)));
    let endpoints = endpoints.await.unwrap().method::<method::CreateMachine, _, _>(move |request| {
        let machine = v1::Machine {
            user_id: user(&request.caller).to_owned(),
            machine_id: request.machine_id,
            name: request.name,
            ..v1::Machine::default()
        };
        machines.machines.lock().unwrap().push(machine.clone());
        std::future::ready(Ok(machine))
    });
    let endpoints = endpoints.await.unwrap().method::<method::ListMachines, _, _>(move |request| {
        let machines = list.machines.lock().unwrap();
        let own = machines.iter().filter(|machine| machine.user_id == user(&request.caller)).cloned().collect();
        list.pages.lock().unwrap().extend(request.page);
        std::future::ready(Ok(v1::ListMachinesReply { machines: own, next_cursor: Some("next".into()) }))
    });
    tokio::spawn(endpoints.await.unwrap().run());
}

async fn play_chat(bus: &Bus, world: &Arc<World>, stop: &CancellationToken) {
    let (get, list) = (Arc::clone(world), bus.clone());
    let endpoints = bus.announce(Service::Chat, "0.0.0", stop.clone()).await.unwrap();
    let endpoints = endpoints.method::<method::GetSession, _, _>(move |request| {
        let found = get.sessions.lock().unwrap().get(&request.chat_session_id).cloned();
        let own = found.filter(|session| session.user_id == user(&request.caller));
        std::future::ready(own.ok_or_else(|| problem::not_found("session")))
    });
    let endpoints = endpoints.await.unwrap().method::<method::CreateSession, _, _>(|request| {
        // Chat's own rule, which needs the worker with its models.
        let offered = request.worker.is_some_and(|worker| worker.models.iter().any(|it| it.model_id == request.model));
        let refused = muster_service::problem::invalid("/model", "is not offered");
        let session = v1::ChatSession { model: request.model, ..v1::ChatSession::default() };
        std::future::ready(if offered { Ok(session) } else { Err(refused) })
    });
    let endpoints = endpoints.await.unwrap().method::<method::ListMessages, _, _>(move |_| {
        let list = list.clone();
        async move {
            let state = list.stream_state(stream::CHUNKS).await.unwrap();
            Ok(v1::ListMessagesReply { position: state.last, epoch: state.epoch, ..v1::ListMessagesReply::default() })
        }
    });
    tokio::spawn(endpoints.await.unwrap().run());
}
