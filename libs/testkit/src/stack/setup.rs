//! What a stack shall be like, and how it comes to be.

use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, path::Path, sync::Arc};

use muster_contracts::permissions::ServiceUser;
use tempfile::TempDir;

use super::{Engine, Link, Stack, must};
use crate::{
    balancer::Balancer,
    broker::{Broker, Doors},
    certificates::Authority,
    credentials::Credentials,
    nats, ports, postgres,
    process::Command,
    proxy::Proxy,
    service::{self, Service},
    sqlite,
};

/// Servers of a cluster of brokers: the fewest of which one may die.
const NODES: usize = 3;

/// What a stack shall be like.
#[derive(Debug, Clone)]
pub struct Setup {
    engine: Engine,
    settings: Vec<(String, String)>,
    encrypted: bool,
    inspected: bool,
    linked: bool,
    clustered: bool,
    instances: usize,
}

impl Setup {
    /// On this engine.
    #[must_use]
    pub const fn on(engine: Engine) -> Self {
        Self {
            engine,
            settings: Vec::new(),
            encrypted: false,
            inspected: false,
            linked: false,
            clustered: false,
            instances: 1,
        }
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

    /// Each [`Link`] can be disturbed, and PostgreSQL, if it is that, is the stack's own. Not encrypted.
    #[must_use]
    pub const fn linked(mut self) -> Self {
        self.linked = true;
        self
    }

    /// The broker is three servers, and every stream is on each of them.
    #[must_use]
    pub const fn clustered(mut self) -> Self {
        self.clustered = true;
        self
    }

    /// So many of each service, on PostgreSQL; the api's take turns with requests.
    #[must_use]
    pub const fn instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When a part does not come up, with the end of its log.
    pub async fn start(self) -> Stack {
        let home = must("a directory for the stack", tempfile::Builder::new().prefix("muster-stack-").tempdir());
        Starting::new(self, home).await.finish().await
    }
}

/// A stack that comes to be.
struct Starting {
    setup: Setup,
    home: TempDir,
    authority: Option<Authority>,
    brokers: Vec<Broker>,
    databases: Databases,
    links: BTreeMap<Link, Vec<Proxy>>,
}

impl Starting {
    /// What the services need.
    async fn new(setup: Setup, home: TempDir) -> Self {
        let authority = setup.encrypted.then(|| Authority::new(&home.path().join("certificates")));
        let brokers = brokers(&setup, home.path(), authority.as_ref()).await;
        let databases = Databases::new(&setup, home.path());
        let mut links = BTreeMap::new();
        if setup.linked {
            for link in [Link::WorkerBroker, Link::ApiBroker, Link::ChatBroker, Link::RegistryBroker] {
                links.insert(link, proxies(brokers.iter().map(Broker::address)).await);
            }
            if let Databases::Own(server, _) = &databases {
                links.insert(Link::ChatDatabase, proxies([server.address()]).await);
            }
        }
        Self { setup, home, authority, brokers, databases, links }
    }

    /// The services, and what stands before them.
    async fn finish(mut self) -> Stack {
        let registries = self.services(ServiceUser::Registry).await;
        let chats = self.services(ServiceUser::Chat).await;
        let apis = self.services(ServiceUser::Api).await;
        let pages: Vec<SocketAddr> = apis.iter().filter_map(|api| api.address(service::PAGE)).collect();
        let balancer = match pages.as_slice() {
            [_] => None,
            _ => Some(must("a proxy before the api", Balancer::before(pages.clone()).await)),
        };
        if self.setup.linked
            && let Some(page) = balancer.as_ref().map(Balancer::address).or(pages.first().copied())
        {
            self.links.insert(Link::BrowserApi, proxies([page]).await);
        }
        let databases = [ServiceUser::Registry, ServiceUser::Chat, ServiceUser::Api];
        let databases = databases.into_iter().map(|user| (user, self.databases.url(user, self.home.path(), None)));
        Stack {
            databases: databases.collect(),
            brokers: self.brokers,
            registries,
            chats,
            apis,
            balancer,
            links: self.links,
            postgres: self.databases.own(),
            authority: self.authority,
            home: self.home,
        }
    }

    async fn services(&self, user: ServiceUser) -> Vec<Service> {
        let mut services = Vec::new();
        for number in 0..self.setup.instances {
            services.push(must(user.name(), Service::start(self.command(user, number)).await));
        }
        services
    }

    fn command(&self, user: ServiceUser, number: usize) -> Command {
        let link = match user {
            ServiceUser::Api => Link::ApiBroker,
            ServiceUser::Chat => Link::ChatBroker,
            ServiceUser::Registry | ServiceUser::System | ServiceUser::Backup => Link::RegistryBroker,
        };
        let home = match number {
            0 => self.home.path().to_owned(),
            _ => self.home.path().join(format!("instance-{}", number + 1)),
        };
        let database = (user == ServiceUser::Chat).then_some(Link::ChatDatabase);
        let database = database.and_then(|link| Some(self.links.get(&link)?.first()?.address()));
        let database = self.databases.url(user, self.home.path(), database);
        let Some(first) = self.brokers.first() else { panic!("a stack without a broker") };
        let command = service::command(user, &home, &self.nats(link), &database, first.credentials());
        let listen = must("a port", ports::lasting());
        let mut command = must(user.name(), command).without_our_settings().env("MUSTER_LISTEN", listen.to_string());
        if let Some(authority) = &self.authority {
            let page = authority.certificate("page");
            command = command.env("MUSTER_NATS_CA_FILE", authority.file());
            command = command.env("MUSTER_TLS_CERT_FILE", page.certificate).env("MUSTER_TLS_KEY_FILE", page.key);
        }
        if self.setup.linked {
            command = command.env("MUSTER_PUBLIC_NATS", self.nats(Link::WorkerBroker));
        }
        if self.setup.clustered {
            command = command.env("MUSTER_STREAM_REPLICAS", NODES.to_string());
        }
        command.envs(self.setup.settings.iter().cloned())
    }

    /// Where the broker is found over a link.
    fn nats(&self, link: Link) -> String {
        let urls: Vec<String> = match self.links.get(&link) {
            Some(proxies) => proxies.iter().map(|proxy| format!("nats://{}", proxy.address())).collect(),
            None => self.brokers.iter().map(Broker::url).collect(),
        };
        urls.join(",")
    }
}

async fn brokers(setup: &Setup, home: &Path, authority: Option<&Authority>) -> Vec<Broker> {
    let server = must("nats-server", nats::find_or_install(&|_| {}));
    let mut credentials = Credentials::generate();
    if setup.inspected {
        credentials = must("the inspector", credentials.inspected(home));
    }
    let nats = home.join("nats");
    if setup.clustered {
        let doors = (0..NODES).map(|_| doors(authority)).collect();
        return must("nats-server", Broker::cluster(&server, credentials, &nats, doors).await);
    }
    vec![must("nats-server", Broker::start_in(server, credentials, &nats, doors(authority)).await)]
}

fn doors(authority: Option<&Authority>) -> Doors {
    let mut doors = must("a port for nats-server", Doors::lasting());
    if let Some(authority) = authority {
        let certificate = authority.certificate("broker");
        doors.tls = Some(certificate.clone());
        doors.websocket = Some((must("a port for WebSocket", ports::lasting()), Some(certificate)));
    }
    doors
}

async fn proxies(servers: impl IntoIterator<Item = SocketAddr>) -> Vec<Proxy> {
    let mut proxies = Vec::new();
    for server in servers {
        proxies.push(must("a proxy", Proxy::before(server).await));
    }
    proxies
}

enum Databases {
    Sqlite,
    Shared(postgres::Database),
    Own(Arc<postgres::Cluster>, postgres::Database),
}

impl Databases {
    fn new(setup: &Setup, home: &Path) -> Self {
        match setup.engine {
            Engine::Sqlite => {
                assert!(
                    setup.instances == 1,
                    "several instances need PostgreSQL; {} is one computer's",
                    home.display()
                );
                Self::Sqlite
            }
            Engine::Postgres if setup.linked => {
                let server = must("PostgreSQL", postgres::Cluster::start());
                let database = must("a database", server.database());
                Self::Own(Arc::new(server), database)
            }
            Engine::Postgres => Self::Shared(postgres::database()),
        }
    }

    fn own(&self) -> Option<Arc<postgres::Cluster>> {
        match self {
            Self::Own(server, _) => Some(Arc::clone(server)),
            Self::Sqlite | Self::Shared(_) => None,
        }
    }

    fn url(&self, user: ServiceUser, home: &Path, through: Option<SocketAddr>) -> String {
        match (self, through) {
            (Self::Sqlite, _) => sqlite::url(&home.join(format!("{}.db", user.name()))),
            (Self::Own(_, database), Some(through)) => database.through(through).url().to_owned(),
            (Self::Shared(database) | Self::Own(_, database), _) => database.url().to_owned(),
        }
    }
}
