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
mod counts;
mod parts;
mod person;
mod session;
mod setup;
mod sse;
mod viewer;
mod worker;

use std::{
    collections::BTreeMap,
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use bare::Bare;
pub use counts::Counts;
use muster_contracts::permissions::ServiceUser;
pub use parts::{Instance, Link, Part};
pub use person::{Machine, Person};
pub use session::{Messages, Sent, Session};
pub use setup::Setup;
pub use sse::Frame;
use tempfile::TempDir;
pub use viewer::{Beats, Viewer};
pub use worker::{Running, Waiting};

use crate::{
    balancer::Balancer,
    broker::Broker,
    certificates::Authority,
    client::Client,
    postgres,
    process::Child,
    proxy::Proxy,
    service::{self, Service},
};

/// Password of the account `admin` of a stack.
pub const PASSWORD: &str = "correct horse battery staple";

/// Where the services keep what they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file each.
    Sqlite,
    /// One database, a schema each.
    Postgres,
}

/// A broker, the services, and nobody on them yet. Dropped, all of it is gone.
#[derive(Debug)]
pub struct Stack {
    brokers: Vec<Broker>,
    registries: Vec<Service>,
    chats: Vec<Service>,
    apis: Vec<Service>,
    balancer: Option<Balancer>,
    links: BTreeMap<Link, Vec<Proxy>>,
    postgres: Option<Arc<postgres::Cluster>>,
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

    /// The page's address, as browsers have it.
    #[must_use]
    pub fn url(&self) -> String {
        match self.links.get(&Link::BrowserApi).and_then(|proxies| proxies.first()) {
            Some(proxy) => format!("http://{}", proxy.address()),
            None => self.direct_url(),
        }
    }

    /// The page's address, where no link to it can be disturbed.
    #[must_use]
    pub fn direct_url(&self) -> String {
        match &self.balancer {
            Some(balancer) => format!("http://{}", balancer.address()),
            None => self.url_of(0),
        }
    }

    /// The page's address at one instance of the api.
    #[must_use]
    pub fn url_of(&self, number: usize) -> String {
        match self.service(Part::Api.number(number)).address(service::PAGE) {
            Some(address) if self.authority.is_some() => format!("https://{address}"),
            Some(address) => format!("http://{address}"),
            None => panic!("the api announced no address"),
        }
    }

    /// The broker; of several, the first.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        self.broker_of(0)
    }

    /// One of the broker's servers.
    #[must_use]
    pub fn broker_of(&self, number: usize) -> &Broker {
        match self.brokers.get(number) {
            Some(broker) => broker,
            None => panic!("there is no nats-server {number}"),
        }
    }

    /// The broker's servers.
    #[must_use]
    pub fn brokers(&self) -> &[Broker] {
        &self.brokers
    }

    /// One of the services; the broker is none of them.
    #[must_use]
    pub fn service(&self, instance: impl Into<Instance>) -> &Service {
        let instance = instance.into();
        match self.services(instance.part).get(instance.number) {
            Some(service) => service,
            None => panic!("there is no {instance}"),
        }
    }

    fn services(&self, part: Part) -> &[Service] {
        match part {
            Part::Registry => &self.registries,
            Part::Chat => &self.chats,
            Part::Api => &self.apis,
            Part::Nats | Part::Postgres => panic!("{part} is no service"),
        }
    }

    fn service_mut(&mut self, instance: Instance) -> &mut Service {
        let services = match instance.part {
            Part::Registry => &mut self.registries,
            Part::Chat => &mut self.chats,
            Part::Api => &mut self.apis,
            Part::Nats | Part::Postgres => panic!("{} is no service", instance.part),
        };
        match services.get_mut(instance.number) {
            Some(service) => service,
            None => panic!("there is no {instance}"),
        }
    }

    /// What disturbs a link: a proxy before each server at its end.
    #[must_use]
    pub fn link(&self, link: Link) -> &[Proxy] {
        match self.links.get(&link) {
            Some(proxies) => proxies,
            None => panic!("the stack has no link {link}: see Setup::linked"),
        }
    }

    fn postgres(&self) -> Arc<postgres::Cluster> {
        match &self.postgres {
            Some(server) => Arc::clone(server),
            None => panic!("the stack has no PostgreSQL of its own: see Setup::linked"),
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

    /// Ends a process as a power cut would.
    pub async fn kill(&self, instance: impl Into<Instance>) {
        match instance.into() {
            Instance { part: Part::Nats, number } => self.broker_of(number).kill().await,
            Instance { part: Part::Postgres, .. } => {
                let server = self.postgres();
                must("killing PostgreSQL", tokio::task::spawn_blocking(move || server.kill()).await);
            }
            service => self.service(service).process().kill().await,
        }
    }

    /// Starts a process again at its addresses, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self, instance: impl Into<Instance>) {
        let instance = instance.into();
        match instance {
            Instance { part: Part::Nats, number } => match self.brokers.get_mut(number) {
                Some(broker) => must("nats-server", broker.restart().await),
                None => panic!("there is no {instance}"),
            },
            Instance { part: Part::Postgres, .. } => self.start_again(instance).await,
            service => must("a service", self.service_mut(service).restart().await),
        }
    }

    /// Starts a process again at its addresses, and does not wait for it.
    ///
    /// # Panics
    /// When it cannot even be started.
    pub async fn start_again(&mut self, instance: impl Into<Instance>) {
        let instance = instance.into();
        match instance {
            Instance { part: Part::Nats, number } => match self.brokers.get_mut(number) {
                Some(broker) => must("nats-server", broker.start_again().await),
                None => panic!("there is no {instance}"),
            },
            Instance { part: Part::Postgres, .. } => {
                let server = self.postgres();
                let started = tokio::task::spawn_blocking(move || server.start_again()).await;
                must("PostgreSQL", must("starting it", started));
            }
            service => must("a service", self.service_mut(service).start_again().await),
        }
    }

    /// Halts a process without its knowledge.
    pub fn pause(&self, instance: impl Into<Instance>) {
        match self.process(instance.into()) {
            Some(process) => process.pause(),
            None => self.postgres().pause(),
        }
    }

    /// Lets it go on.
    pub fn resume(&self, instance: impl Into<Instance>) {
        match self.process(instance.into()) {
            Some(process) => process.resume(),
            None => self.postgres().resume(),
        }
    }

    fn process(&self, instance: Instance) -> Option<&Child> {
        match instance {
            Instance { part: Part::Nats, number } => Some(self.broker_of(number).process()),
            Instance { part: Part::Postgres, .. } => None,
            service => Some(self.service(service).process()),
        }
    }

    /// The services that do not run.
    #[must_use]
    pub fn ended(&self) -> Vec<Instance> {
        let ended = |part: Part| {
            let services = self.services(part).iter().enumerate();
            services.filter(|(_, it)| it.process().ended().is_some()).map(move |(number, _)| part.number(number))
        };
        [Part::Registry, Part::Chat, Part::Api].into_iter().flat_map(ended).collect()
    }

    /// Waits until every service is ready, as after a broker that came back.
    ///
    /// # Panics
    /// When one does not become ready.
    pub async fn ready(&mut self) {
        for service in [&mut self.registries, &mut self.chats, &mut self.apis].into_iter().flatten() {
            must("a service", service.wait_ready().await);
        }
    }
}

impl Drop for Stack {
    /// What its processes said is of use when the test has failed.
    #[expect(clippy::print_stderr, reason = "tests only: it is shown with the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.home.disable_cleanup(true);
            eprintln!("the logs of the processes are kept in {}", self.home.path().display());
        }
    }
}

/// What was to be, or the end of the test with the reason.
fn must<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
