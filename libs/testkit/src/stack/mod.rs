//! Everything together, for tests that read as sentences.
//!
//! ```no_run
//! # async fn a_reply_is_whole() {
//! use muster_testkit::stack::Stack;
//!
//! let stack = Stack::start().await;
//! let admin = stack.admin().await;
//! let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
//! let session = worker.session("demo/fast").await;
//! let mut viewer = session.view().await;
//! let sent = session.send("count 10").await;
//! viewer.cut();
//! viewer.back();
//! assert_eq!(viewer.whole_reply_to(&sent).await, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
//! # }
//! ```
#![expect(clippy::panic, reason = "tests only: each failure says what was expected and what came")]

mod bare;
mod person;
mod session;
mod sse;
mod viewer;
mod worker;

use std::{
    fmt::Display,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use bare::Bare;
use muster_contracts::permissions::ServiceUser;
pub use person::{Machine, Person};
pub use session::{Sent, Session};
pub use sse::Frame;
use tempfile::TempDir;
pub use viewer::Viewer;
pub use worker::{Running, Waiting};

use crate::{
    broker::{Broker, Doors},
    certificates::Authority,
    client::Client,
    credentials::Credentials,
    nats, postgres,
    service::{self, Service},
    sqlite,
};

/// Password of the account `admin` of a stack.
pub const PASSWORD: &str = "correct horse battery staple";

/// A process of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// nats-server.
    Nats,
    /// muster-registry.
    Registry,
    /// muster-chat.
    Chat,
    /// muster-api.
    Api,
}

/// Where the services keep what they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file each.
    Sqlite,
    /// One database, a schema each.
    Postgres,
}

/// What a stack shall be like.
#[derive(Debug, Clone)]
pub struct Setup {
    engine: Engine,
    settings: Vec<(String, String)>,
    encrypted: bool,
    inspected: bool,
}

impl Setup {
    /// On this engine.
    #[must_use]
    pub const fn on(engine: Engine) -> Self {
        Self { engine, settings: Vec::new(), encrypted: false, inspected: false }
    }

    /// A setting of the services, by its name in the environment; those that do not know it ignore it.
    #[must_use]
    pub fn setting(mut self, key: &str, value: impl Display) -> Self {
        self.settings.push((key.to_owned(), value.to_string()));
        self
    }

    /// Everything goes over TLS, with certificates of [`Stack::authority`]; the broker takes WebSockets too.
    #[must_use]
    pub const fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// The broker knows an operator who may look, with the seed in [`Stack::home`].
    #[must_use]
    pub const fn inspected(mut self) -> Self {
        self.inspected = true;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When a part does not come up, with the end of its log.
    pub async fn start(self) -> Stack {
        Stack::with(self).await
    }
}

/// A broker, the three services, and nobody on them yet. Dropped, all of it is gone.
#[derive(Debug)]
pub struct Stack {
    broker: Broker,
    registry: Service,
    chat: Service,
    api: Service,
    authority: Option<Authority>,
    databases: Vec<(ServiceUser, String)>,
    home: TempDir,
}

impl Stack {
    /// On SQLite.
    ///
    /// # Panics
    /// When a part does not come up, with the end of its log.
    pub async fn start() -> Self {
        Setup::on(Engine::Sqlite).start().await
    }

    async fn with(setup: Setup) -> Self {
        let home = must("a directory for the stack", tempfile::Builder::new().prefix("muster-stack-").tempdir());
        let server = must("nats-server", nats::find_or_install(&|_| {}));
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let nats = home.path().join("nats");
        let authority = setup.encrypted.then(|| Authority::new(&home.path().join("certificates")));
        let (mut doors, mut transport) = (Doors::from(anywhere), Vec::new());
        if let Some(authority) = &authority {
            let (broker, page) = (authority.certificate("broker"), authority.certificate("page"));
            doors.tls = Some(broker.clone());
            doors.websocket = Some((anywhere, Some(broker)));
            transport.push(("MUSTER_NATS_CA_FILE", authority.file().display().to_string()));
            transport.extend([("MUSTER_TLS_CERT_FILE", page.certificate), ("MUSTER_TLS_KEY_FILE", page.key)]);
        }
        let mut credentials = Credentials::generate();
        if setup.inspected {
            credentials = must("the inspector", credentials.inspected(home.path()));
        }
        let broker = must("nats-server", Broker::start_in(server, credentials, &nats, doors).await);
        let database = databases(setup.engine, home.path());
        let start = |user: ServiceUser| {
            let command = service::command(user, home.path(), &broker.url(), &database(user), broker.credentials());
            let command = must(user.name(), command).without_our_settings().env("MUSTER_LISTEN", "127.0.0.1:0");
            Service::start(command.envs(transport.clone()).envs(setup.settings.iter().cloned()))
        };
        let registry = must("the registry", start(ServiceUser::Registry).await);
        let chat = must("chat", start(ServiceUser::Chat).await);
        let api = must("the api", start(ServiceUser::Api).await);
        let databases = [ServiceUser::Registry, ServiceUser::Chat, ServiceUser::Api];
        let databases = databases.into_iter().map(|user| (user, database(user))).collect();
        Self { broker, registry, chat, api, authority, databases, home }
    }

    /// The page's address.
    #[must_use]
    pub fn url(&self) -> String {
        match self.api.address(service::PAGE) {
            Some(address) if self.authority.is_some() => format!("https://{address}"),
            Some(address) => format!("http://{address}"),
            None => panic!("the api announced no address"),
        }
    }

    /// The broker.
    #[must_use]
    pub const fn broker(&self) -> &Broker {
        &self.broker
    }

    /// One of the services; the broker is none of them.
    #[must_use]
    pub fn service(&self, part: Part) -> &Service {
        match part {
            Part::Registry => &self.registry,
            Part::Chat => &self.chat,
            Part::Api => &self.api,
            Part::Nats => panic!("the broker is no service: see Stack::broker"),
        }
    }

    /// The address of a service's database; on PostgreSQL its tables are in a schema of the service's name.
    #[must_use]
    pub fn database(&self, of: ServiceUser) -> &str {
        match self.databases.iter().find(|(user, _)| *user == of) {
            Some((_, url)) => url,
            None => panic!("{} has no database", of.name()),
        }
    }

    /// Whose certificates an encrypted stack has.
    ///
    /// # Panics
    /// When it is not encrypted.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        match &self.authority {
            Some(authority) => authority,
            None => panic!("this stack is not encrypted"),
        }
    }

    /// The certificate that its clients must trust, if there is one.
    fn trust(&self) -> Option<PathBuf> {
        self.authority.as_ref().map(Authority::file)
    }

    /// Files of this test.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The first account, which is made now.
    pub async fn admin(&self) -> Person {
        self.person("admin").await
    }

    /// A new account.
    pub async fn person(&self, username: &str) -> Person {
        let client = self.stranger();
        must("a new account", client.sign_up(username, PASSWORD).await);
        Person::new(client)
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub fn stranger(&self) -> Client {
        match self.trust() {
            Some(file) => must("the authority", Client::trusting(self.url(), &file)),
            None => Client::new(self.url()),
        }
    }

    /// Ends a part as a power cut would.
    pub async fn kill(&self, part: Part) {
        match part {
            Part::Nats => self.broker.kill().await,
            service => self.service(service).process().kill().await,
        }
    }

    /// Starts a part again at its addresses, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self, part: Part) {
        match part {
            Part::Nats => must("nats-server", self.broker.restart().await),
            Part::Registry => must("the registry", self.registry.restart().await),
            Part::Chat => must("chat", self.chat.restart().await),
            Part::Api => must("the api", self.api.restart().await),
        }
    }

    /// Waits until every service is ready, as after a broker that came back.
    ///
    /// # Panics
    /// When one does not become so.
    pub async fn ready(&mut self) {
        for service in [&mut self.registry, &mut self.chat, &mut self.api] {
            must("a service", service.wait_ready().await);
        }
    }
}

fn databases(engine: Engine, home: &Path) -> impl Fn(ServiceUser) -> String + use<> {
    let home = home.to_owned();
    let shared = (engine == Engine::Postgres).then(postgres::database);
    move |user| match &shared {
        Some(database) => database.url().to_owned(),
        None => sqlite::url(&home.join(format!("{}.db", user.name()))),
    }
}

/// What was to be, or the end of the test with the reason.
fn must<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
