//! A broker, an api, stand-ins for registry and chat, and a browser.

mod browser;
mod services;
mod writer;

use std::{any::Any, net::SocketAddr, sync::Arc, time::Duration};

use muster_api::{ApiConfig, RegistrationSetting, state};
use muster_bus::{Bus, ServiceConnect};
use muster_contracts::{
    broker,
    id::{SessionId, UserId, WorkerId},
    permissions::ServiceUser,
    stream,
    subject::{Entity, EventAddress, Subject},
    v1,
};
use muster_service::{Clock, Db, health::Health, tls::Certificate};
use muster_testkit::{
    credentials::Credentials,
    nats, postgres,
    process::{Child, Command},
    sqlite::Sqlite,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    browser::{Answer, Browser, Frame, Frames, answer},
    services::World,
    writer::Session,
};
use self::{
    services::{play_chat, play_registry},
    writer::store,
};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) base: String,
    pub(crate) chat: Bus,
    pub(crate) registry: Bus,
    pub(crate) world: Arc<World>,
    stop: CancellationToken,
    /// Its address, for what nobody may do by the API.
    pub(crate) database: String,
    _kept: Box<dyn Any + Send + Sync>,
    _home: tempfile::TempDir,
    broker: Child,
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
        trusted_proxies: String::new(),
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

        let db = Db::open(&database.clone().into(), "api", 4, &muster_api::MIGRATIONS).await.unwrap();
        let settings = state::Settings::new(watch::channel(config.clone()).1, &url).unwrap();
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
            database,
            _kept: kept,
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
