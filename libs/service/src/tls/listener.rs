//! A port that speaks TLS. A handshake holds up nobody else, and whoever does not
//! finish theirs is bounded in time and number.

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::Certificate;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes in hand at once; one more ends the oldest, since an honest one takes milliseconds.
const HALF_OPEN: usize = 256;

type Shaken = (TlsStream<TcpStream>, SocketAddr);

/// A bound port whose connections are handed out once their handshake is done.
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    shaking: JoinSet<Option<Shaken>>,
    /// Those of `shaking` by age, the oldest first; some may have ended.
    order: VecDeque<AbortHandle>,
}

impl TlsListener {
    /// Shows this certificate on a bound port.
    ///
    /// # Errors
    /// When TLS cannot be configured.
    pub fn new(tcp: TcpListener, certificate: &Certificate) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(certificate.http().map_err(io::Error::other)?));
        Ok(Self { tcp, acceptor, shaking: JoinSet::new(), order: VecDeque::new() })
    }

    fn begin(&mut self, stream: TcpStream, from: SocketAddr) {
        if self.order.len() >= HALF_OPEN {
            self.order.retain(|handshake| !handshake.is_finished());
        }
        if self.order.len() >= HALF_OPEN
            && let Some(oldest) = self.order.pop_front()
        {
            oldest.abort();
        }
        let handshake = self.acceptor.accept(stream);
        self.order.push_back(self.shaking.spawn(async move {
            match timeout(HANDSHAKE, handshake).await {
                Ok(Ok(stream)) => Some((stream, from)),
                Ok(Err(error)) => {
                    tracing::debug!(%from, %error, "a TLS handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!(%from, "a TLS handshake took too long");
                    None
                }
            }
        }));
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Shaken {
        loop {
            tokio::select! {
                // Of the trait, which waits when the system has no more descriptors.
                (stream, from) = Listener::accept(&mut self.tcp) => self.begin(stream, from),
                Some(ended) = self.shaking.join_next() => if let Ok(Some(shaken)) = ended {
                    return shaken;
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use muster_testkit::certificates::Authority;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// As a client that trusts the authority.
    async fn connect(address: SocketAddr, authority: &Authority) -> io::Result<impl tokio::io::AsyncRead + Unpin> {
        use rustls::pki_types::{CertificateDer, pem::PemObject as _};
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority.file()).unwrap()).unwrap();
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        connector.connect("localhost".try_into().unwrap(), TcpStream::connect(address).await?).await
    }

    #[tokio::test]
    async fn whoever_does_not_finish_the_handshake_holds_up_nobody_and_is_cut() {
        let home = tempfile::tempdir().unwrap();
        let authority = Authority::new(home.path());
        let files = authority.certificate("page");
        let certificate = Certificate::configured(Some(files.certificate.as_ref()), Some(files.key.as_ref()));
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut listener = TlsListener::new(tcp, &certificate.unwrap().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await;
                assert!(listener.shaking.len() <= HALF_OPEN + 1, "{}", listener.shaking.len());
                stream.write_all(b"x").await.unwrap();
                stream.flush().await.unwrap();
            }
        });
        let mut silent = Vec::new();
        for _ in 0..HALF_OPEN + 50 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut byte = [0];
        connect(address, &authority).await.unwrap().read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"x");
        // The first is cut at once since there are too many, the last when its time is over.
        let begun = tokio::time::Instant::now();
        assert_eq!(silent[0].read(&mut byte).await.unwrap_or(0), 0);
        assert!(begun.elapsed() < HANDSHAKE, "{:?}", begun.elapsed());
        assert_eq!(silent.last_mut().unwrap().read(&mut byte).await.unwrap_or(0), 0);
        assert!(!serving.is_finished());
    }
}
