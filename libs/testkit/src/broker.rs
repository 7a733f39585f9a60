//! A real nats-server with our accounts, streams and rights.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::try_join_all;
use muster_contracts::{
    broker::{Cluster, Listen, Tls, Websocket, configuration},
    id,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    credentials::Credentials,
    nats::{self, NatsError, NatsServer},
    ports,
    process::{Child, Command, ProcessError},
};

/// A large store is read again at a start, so this is generous.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for an orderly end; nats-server closes its store within it.
const GRACE: Duration = Duration::from_secs(5);

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// There is no nats-server.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// It does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its files cannot be written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no port for it.
    #[error("looking for a free port: {0}")]
    Port(io::Error),
    /// It runs and does not serve.
    #[error("nats-server at {address} does not serve: {reason}")]
    Mute {
        /// Where.
        address: SocketAddr,
        /// What was seen.
        reason: String,
    },
}

/// Where a broker listens. Port 0 takes any free one.
#[derive(Debug, Clone)]
pub struct Doors {
    /// For clients.
    pub client: SocketAddr,
    /// The certificate there; none: no TLS.
    pub tls: Option<Tls>,
    /// For workers that come by WebSocket, if they may, with the certificate there.
    pub websocket: Option<(SocketAddr, Option<Tls>)>,
    /// For the other servers of its cluster, if it is one of several.
    pub seat: Option<Seat>,
}

/// A server's place in a cluster.
#[derive(Clone)]
pub struct Seat {
    /// Which one it is, from 0.
    number: usize,
    /// Where each of them listens for the others.
    all: Arc<[SocketAddr]>,
    /// What they show each other.
    secret: String,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Seat {
    /// So many, on ports of loopback.
    fn several(size: usize) -> io::Result<Vec<Self>> {
        let all: Arc<[SocketAddr]> = (0..size).map(|_| ports::lasting()).collect::<io::Result<_>>()?;
        let secret = id::random();
        Ok((0..size).map(|number| Self { number, all: Arc::clone(&all), secret: secret.clone() }).collect())
    }

    fn name(&self) -> String {
        format!("muster-{}", self.number)
    }

    fn cluster(&self) -> Cluster {
        const USER: &str = "route";
        let route = |address: &SocketAddr| format!("nats-route://{USER}:{}@{address}", self.secret);
        Cluster {
            listen: self.all.get(self.number).map(ToString::to_string).unwrap_or_default(),
            user: USER.to_owned(),
            password: self.secret.clone(),
            routes: self.all.iter().map(route).collect(),
        }
    }
}

impl From<SocketAddr> for Doors {
    /// One, without TLS.
    fn from(client: SocketAddr) -> Self {
        Self { client, tls: None, websocket: None, seat: None }
    }
}

impl Doors {
    /// On ports of loopback that stay free while the server is down.
    ///
    /// # Errors
    /// See [`ports::lasting`].
    pub fn lasting() -> io::Result<Self> {
        Ok(Self::from(ports::lasting()?))
    }
}

/// A running nats-server. Dropped, it is killed.
#[derive(Debug)]
pub struct Broker {
    server: NatsServer,
    credentials: Arc<Credentials>,
    home: PathBuf,
    doors: Doors,
    child: Child,
    _temporary: Option<TempDir>,
}

impl Broker {
    /// One for a test: new keys, a free port of loopback, and a store that is gone afterwards.
    ///
    /// # Errors
    /// See [`BrokerError`].
    pub async fn start() -> Result<Self, BrokerError> {
        let temporary = tempfile::Builder::new()
            .prefix("muster-broker-")
            .tempdir()
            .map_err(|source| BrokerError::File { path: std::env::temp_dir(), source })?;
        let server = nats::find_or_install(&|_| {})?;
        let doors = Doors::lasting().map_err(BrokerError::Port)?;
        let mut broker = Self::start_in(server, Credentials::generate(), temporary.path(), doors).await?;
        broker._temporary = Some(temporary);
        Ok(broker)
    }

    /// One whose configuration, store and log stand in `home`.
    ///
    /// # Errors
    /// See [`BrokerError`].
    pub async fn start_in(
        server: NatsServer,
        credentials: impl Into<Arc<Credentials>>,
        home: &Path,
        doors: impl Into<Doors>,
    ) -> Result<Self, BrokerError> {
        let (home, credentials, doors) = (home.to_owned(), credentials.into(), doors.into());
        configure(&home, &credentials, &doors)?;
        let child = Child::spawn(command(&server, &home))?;
        let doors = ready(&child, &home, doors).await?;
        Ok(Self { server, credentials, home, doors, child, _temporary: None })
    }

    /// Several that are one, each in a directory of its own below `home` and with doors of its own.
    ///
    /// # Errors
    /// See [`BrokerError`].
    pub async fn cluster(
        server: &NatsServer,
        credentials: impl Into<Arc<Credentials>>,
        home: &Path,
        doors: Vec<Doors>,
    ) -> Result<Vec<Self>, BrokerError> {
        let credentials = credentials.into();
        let seats = Seat::several(doors.len()).map_err(BrokerError::Port)?;
        // At once: they wait for each other.
        try_join_all(seats.into_iter().zip(doors).map(|(seat, doors)| {
            let (home, credentials) = (home.join(seat.name()), Arc::clone(&credentials));
            let doors = Doors { seat: Some(seat), ..doors };
            async move { Self::start_in(server.clone(), credentials, &home, doors).await }
        }))
        .await
    }

    /// Its name in its cluster.
    #[must_use]
    pub fn name(&self) -> String {
        self.doors.seat.as_ref().map_or_else(|| "muster".to_owned(), Seat::name)
    }

    /// For clients: `nats://ADDR:PORT`, or `tls://`. It stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.doors.tls.is_some() { "tls" } else { "nats" };
        format!("{scheme}://{}", self.doors.client)
    }

    /// For workers that come by WebSocket: `ws://ADDR:PORT`, or `wss://`.
    #[must_use]
    pub fn websocket_url(&self) -> Option<String> {
        let (address, tls) = self.doors.websocket.as_ref()?;
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        Some(format!("{scheme}://{address}"))
    }

    /// Where it listens for workers that come by WebSocket, if it does.
    #[must_use]
    pub fn websocket_address(&self) -> Option<SocketAddr> {
        self.doors.websocket.as_ref().map(|(address, _)| *address)
    }

    /// Where it listens for clients.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.doors.client
    }

    /// The keys that it knows.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Its process.
    #[must_use]
    pub const fn process(&self) -> &Child {
        &self.child
    }

    /// Ends it as a power cut would.
    pub async fn kill(&self) {
        self.child.kill().await;
    }

    /// Starts it again on the same port and store, and waits until it serves.
    ///
    /// # Errors
    /// See [`BrokerError`].
    pub async fn restart(&mut self) -> Result<(), BrokerError> {
        self.start_again().await?;
        ready(&self.child, &self.home, self.doors.clone()).await.map(|_| ())
    }

    /// Starts it again on the same port and store, and does not wait for it.
    ///
    /// # Errors
    /// When it cannot even be started.
    pub async fn start_again(&mut self) -> Result<(), BrokerError> {
        self.child.kill().await;
        configure(&self.home, &self.credentials, &self.doors)?;
        self.child = Child::spawn(command(&self.server, &self.home))?;
        Ok(())
    }

    /// Ends it in order.
    pub async fn stop(&self) {
        self.child.stop(GRACE).await;
    }
}

fn configure(home: &Path, credentials: &Credentials, doors: &Doors) -> Result<(), BrokerError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BrokerError::File { path, source }
    };
    fs::create_dir_all(home).map_err(failed(home))?;
    let Doors { client, tls, websocket, seat } = doors;
    let websocket = websocket.as_ref().map(|(address, tls)| Websocket { listen: listen(*address), tls: tls.clone() });
    let text = configuration(
        &Listen {
            client: listen(*client),
            tls: tls.clone(),
            websocket,
            monitor: None,
            store: home.join("store").display().to_string(),
            name: seat.as_ref().map_or_else(|| "muster".to_owned(), Seat::name),
            cluster: seat.as_ref().map(Seat::cluster),
        },
        &credentials.identities(),
    );
    let path = home.join("nats.conf");
    fs::write(&path, text).map_err(failed(&path))
}

/// As nats-server reads it, which says -1 for any free port.
fn listen(address: SocketAddr) -> String {
    let host = match address.ip() {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    };
    let port = if address.port() == 0 { "-1".to_owned() } else { address.port().to_string() };
    format!("{host}:{port}")
}

fn command(server: &NatsServer, home: &Path) -> Command {
    Command::new("nats-server", &server.path, home.join("nats-server.log"))
        .arg("--config")
        .arg(home.join("nats.conf"))
        .arg("--ports_file_dir")
        .arg(home)
}

/// Where it listens, once it lets clients in, which it does after its store is read.
async fn ready(child: &Child, home: &Path, mut doors: Doors) -> Result<Doors, BrokerError> {
    let file = home.join(format!("nats-server_{}.ports", child.pid()));
    let ports = child.until(PATIENCE, || Ports::announced(&file, doors.websocket.is_some())).await?;
    let _ = fs::remove_file(&file);
    doors.client.set_port(ports.client);
    if let Some((address, _)) = &mut doors.websocket {
        address.set_port(ports.websocket);
    }
    let mut reachable = doors.client;
    if reachable.ip().is_unspecified() {
        reachable.set_ip(match reachable {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    greeting(reachable).await.map_err(|reason| BrokerError::Mute { address: reachable, reason })?;
    Ok(doors)
}

#[derive(Debug, Default)]
struct Ports {
    client: u16,
    websocket: u16,
}

impl Ports {
    fn announced(file: &Path, with_websocket: bool) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Announced {
            nats: Vec<String>,
            #[serde(default)]
            websocket: Vec<String>,
        }
        let Announced { nats, websocket } = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let port = |urls: &[String]| urls.iter().find_map(|url| url.rsplit(':').next()?.parse().ok());
        let websocket = if with_websocket { port(&websocket)? } else { 0 };
        Some(Self { client: port(&nats)?, websocket })
    }
}

async fn greeting(address: SocketAddr) -> Result<(), String> {
    let hello = async {
        let stream = TcpStream::connect(address).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        io::Result::Ok(line)
    };
    match tokio::time::timeout(PATIENCE, hello).await {
        Ok(Ok(line)) if line.starts_with("INFO ") && line.contains("\"jetstream\":true") => Ok(()),
        Ok(Ok(line)) => Err(format!("it says {:?}", line.chars().take(80).collect::<String>())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it says nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_broker_that_was_killed_is_back_at_the_same_address() {
        let mut broker = Broker::start().await.unwrap();
        let (address, first) = (broker.address(), broker.process().pid());
        broker.kill().await;
        assert!(TcpStream::connect(address).await.is_err());
        broker.restart().await.unwrap();
        assert_eq!(broker.address(), address);
        assert_ne!(broker.process().pid(), first);
        greeting(address).await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_broker_that_was_dropped() {
        let broker = Broker::start().await.unwrap();
        let (address, home) = (broker.address(), broker.home.clone());
        drop(broker);
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!home.exists());
    }
}
