//! A TCP proxy that does what networks do: delays, cuts, and goes silent.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

/// What the network does now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Weather {
    /// Bytes stay away and nobody is told.
    silent: bool,
    /// New connections are closed at once.
    refusing: bool,
    /// Each run of bytes arrives this much later.
    delay: Duration,
    /// Cancelled to close the connections that are open.
    cut: CancellationToken,
    /// Cancelled to lose the connections that are open.
    lost: CancellationToken,
}

/// Stands between a client and a server on loopback. Dropped, everything through it ends.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Connections that were lost and are not over for both ends.
    lost: TaskTracker,
    _accepting: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Passes everything on to `server`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn before(server: SocketAddr) -> std::io::Result<Self> {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), server).await
    }

    /// The same at an address that somebody else has chosen.
    ///
    /// # Errors
    /// When it is not free.
    pub async fn at(address: SocketAddr, server: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather {
            silent: false,
            refusing: false,
            delay: Duration::ZERO,
            cut: CancellationToken::new(),
            lost: CancellationToken::new(),
        });
        let lost = TaskTracker::new();
        lost.close();
        let losing = lost.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let refusing = seen.borrow().refusing;
                if !refusing {
                    tokio::spawn(join(client, server, seen.clone(), losing.clone()));
                }
            }
        });
        Ok(Self { address, weather, lost, _accepting: AbortOnDropHandle::new(accepting) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything arrives this much later.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }

    /// Closes all connections; new ones are taken.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| std::mem::take(&mut weather.cut).cancel());
    }

    /// Closes all connections, and new ones at once.
    pub fn refuse(&self) {
        self.weather.send_modify(|weather| weather.refusing = true);
        self.cut();
    }

    /// Nothing arrives any more, and nobody is told.
    pub fn go_silent(&self) {
        self.weather.send_modify(|weather| weather.silent = true);
    }

    /// Forgets the connections that are open, as a router does that was switched off and on: nothing of them arrives
    /// any more, and nobody is told. New ones pass.
    pub fn lose(&self) {
        self.weather.send_modify(|weather| std::mem::take(&mut weather.lost).cancel());
    }

    /// Waits until both ends have noticed of all connections that they are lost.
    pub async fn given_up(&self) {
        self.lost.wait().await;
    }

    /// As if nothing had been, but for what was lost.
    pub fn recover(&self) {
        self.weather.send_modify(|weather| {
            weather.silent = false;
            weather.refusing = false;
            weather.delay = Duration::ZERO;
        });
    }
}

async fn join(client: TcpStream, server: SocketAddr, weather: watch::Receiver<Weather>, losing: TaskTracker) {
    let (cut, lost) = {
        let now = weather.borrow();
        (now.cut.clone(), now.lost.clone())
    };
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::select! {
        () = pass(&mut from_client, &mut to_server, weather.clone()) => {}
        () = pass(&mut from_server, &mut to_client, weather.clone()) => {}
        () = cut.cancelled() => {}
        () = lost.cancelled() => tokio::select! {
            _ = losing.track_future(async { tokio::join!(swallow(&mut from_client), swallow(&mut from_server)) }) => {}
            () = cut.cancelled() => {}
        },
    }
}

/// Takes what comes until its sender closes.
async fn swallow(from: &mut OwnedReadHalf) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(1..) = from.read(&mut buffer).await {}
}

async fn pass(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Ok(now) = weather.wait_for(|weather| !weather.silent).await.map(|weather| weather.clone()) else { return };
        if !now.delay.is_zero() {
            tokio::time::sleep(now.delay).await;
        }
        let bytes = buffer.get(..length).unwrap_or_default();
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address
    }

    async fn say(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn what_is_cut_ends_and_what_comes_anew_passes() {
        let proxy = Proxy::before(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut stream).await.unwrap(), b'x');
        proxy.cut();
        assert!(stream.read_u8().await.is_err());
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut stream).await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn what_is_lost_stays_silent_and_what_comes_anew_passes() {
        let proxy = Proxy::before(echo().await).await.unwrap();
        let mut lost = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut lost).await.unwrap(), b'x');
        proxy.lose();
        proxy.recover();
        assert!(tokio::time::timeout(Duration::from_millis(50), say(&mut lost)).await.is_err());
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut new).await.unwrap(), b'x');
        assert!(tokio::time::timeout(Duration::from_millis(50), proxy.given_up()).await.is_err());
        drop(lost);
        assert!(tokio::time::timeout(Duration::from_millis(50), proxy.given_up()).await.is_err(), "one end knows");
        proxy.cut();
        proxy.given_up().await;
    }

    #[tokio::test]
    async fn silence_keeps_what_was_said_until_it_ends() {
        let proxy = Proxy::before(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(say(&mut stream).await.unwrap(), b'x');
        proxy.go_silent();
        stream.write_all(b"y").await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await.is_err());
        proxy.recover();
        assert_eq!(stream.read_u8().await.unwrap(), b'y');
    }
}
