//! A real nats-server with our accounts, streams and rights.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use muster_contracts::broker::{Listen, configuration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    credentials::Credentials,
    nats::{self, NatsError, NatsServer},
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
    /// It runs and does not serve.
    #[error("nats-server at {address} does not serve: {reason}")]
    Mute {
        /// Where.
        address: SocketAddr,
        /// What was seen.
        reason: String,
    },
}

/// A running nats-server. Dropped, it is killed.
#[derive(Debug)]
pub struct Broker {
    server: NatsServer,
    credentials: Credentials,
    home: PathBuf,
    address: SocketAddr,
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
        let anywhere = ([127, 0, 0, 1], 0).into();
        let mut broker = Self::start_in(server, Credentials::generate(), temporary.path(), anywhere).await?;
        broker._temporary = Some(temporary);
        Ok(broker)
    }

    /// One whose configuration, store and log stand in `home`. Port 0 takes any free one.
    ///
    /// # Errors
    /// See [`BrokerError`].
    pub async fn start_in(
        server: NatsServer,
        credentials: Credentials,
        home: &Path,
        listen: SocketAddr,
    ) -> Result<Self, BrokerError> {
        let home = home.to_owned();
        configure(&home, &credentials, listen)?;
        let child = Child::spawn(command(&server, &home))?;
        let address = ready(&child, &home, listen).await?;
        Ok(Self { server, credentials, home, address, child, _temporary: None })
    }

    /// For clients: `nats://ADDR:PORT`. It stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The keys that it knows.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
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
        self.child.kill().await;
        configure(&self.home, &self.credentials, self.address)?;
        self.child = Child::spawn(command(&self.server, &self.home))?;
        ready(&self.child, &self.home, self.address).await.map(|_| ())
    }

    /// Ends it in order.
    pub async fn stop(&self) {
        self.child.stop(GRACE).await;
    }
}

fn configure(home: &Path, credentials: &Credentials, listen: SocketAddr) -> Result<(), BrokerError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BrokerError::File { path, source }
    };
    fs::create_dir_all(home).map_err(failed(home))?;
    // nats-server says -1 for any free port.
    let port = if listen.port() == 0 { "-1".to_owned() } else { listen.port().to_string() };
    let host = match listen.ip() {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    };
    let text = configuration(
        &Listen {
            client: format!("{host}:{port}"),
            monitor: None,
            store: home.join("store").display().to_string(),
            name: "muster".to_owned(),
        },
        &credentials.identities(),
    );
    let path = home.join("nats.conf");
    fs::write(&path, text).map_err(failed(&path))
}

fn command(server: &NatsServer, home: &Path) -> Command {
    Command::new("nats-server", &server.path, home.join("nats-server.log"))
        .arg("--config")
        .arg(home.join("nats.conf"))
        .arg("--ports_file_dir")
        .arg(home)
}

/// Where it listens, once it lets clients in, which it does after its store is read.
async fn ready(child: &Child, home: &Path, listen: SocketAddr) -> Result<SocketAddr, BrokerError> {
    let file = home.join(format!("nats-server_{}.ports", child.pid()));
    let port = child.until(PATIENCE, || announced_port(&file)).await?;
    let _ = fs::remove_file(&file);
    let mut address = listen;
    address.set_port(port);
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    greeting(reachable).await.map_err(|reason| BrokerError::Mute { address: reachable, reason })?;
    Ok(address)
}

fn announced_port(file: &Path) -> Option<u16> {
    #[derive(serde::Deserialize)]
    struct Ports {
        nats: Vec<String>,
    }
    let ports: Ports = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    ports.nats.iter().find_map(|url| url.rsplit(':').next()?.parse().ok())
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
