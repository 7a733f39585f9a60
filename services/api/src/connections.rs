//! Connections to the page: bounded in number, in the time until they ask for
//! something, and in what is kept for one that does not take its answer.
//! Whoever only opens them holds up nobody.

use std::{future::pending, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{sync::Semaphore, time::timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// Connections at once; more wait in the system's queue.
const AT_ONCE: usize = 10_000;
/// Time from the connection until the head of its first request is there.
const ASK: Duration = Duration::from_secs(10);
/// Time from an answer until the head of the next request is there: longer than clients and proxies keep a connection
/// that they do not use (nginx 60 s, Go 90 s, Caddy 2 min), or one of them sends a request just when it is closed.
const NEXT: Duration = Duration::from_mins(3);
/// Time in which a client takes nothing of an answer, until it is given up: an event stream that is never read has no
/// other end.
const TAKE: Duration = Duration::from_secs(60);
/// Bytes of a request's head, and of an answer that is not sent yet.
const BUFFER: usize = 64 * 1024;
/// How often a silent HTTP/2 connection is asked whether somebody is there.
const STILL_THERE: Duration = Duration::from_secs(20);

/// Serves until `stop`, then finishes what is in hand.
pub(crate) async fn serve<L>(mut listener: L, router: Router, stop: CancellationToken)
where
    L: Listener<Addr = SocketAddr>,
{
    let (places, open) = (Arc::new(Semaphore::new(AT_ONCE)), TaskTracker::new());
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, (stream, from)) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => break,
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(TAKE));
        let answering = answer(TokioIo::new(Box::pin(stream)), from, router.clone(), stop.clone());
        open.spawn(async move {
            answering.await;
            drop(place);
        });
    }
    drop(listener);
    open.close();
    open.wait().await;
}

async fn answer<I>(stream: I, from: SocketAddr, router: Router, stop: CancellationToken)
where
    I: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let asked = CancellationToken::new();
    let first = asked.clone();
    let router = router.map_request(move |request: Request<Incoming>| {
        first.cancel();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        request
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(NEXT).max_buf_size(BUFFER);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(STILL_THERE).keep_alive_timeout(STILL_THERE);
    let mut serving = pin!(builder.serve_connection(stream, TowerToHyperService::new(router)));
    // The library has one limit for all requests, which begins once it knows which version of HTTP is spoken.
    let silent = async {
        if timeout(ASK, asked.cancelled()).await.is_ok() {
            pending::<()>().await;
        }
    };
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = silent => return tracing::debug!(%from, "a connection that asks for nothing is closed"),
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%from, %error, "a connection ended before its time");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        time::Instant,
    };

    use super::*;

    struct InMemory(UnboundedReceiver<DuplexStream>);

    impl Listener for InMemory {
        type Io = DuplexStream;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
            match self.0.recv().await {
                Some(stream) => (stream, self.local_addr().unwrap()),
                None => pending().await,
            }
        }

        fn local_addr(&self) -> std::io::Result<SocketAddr> {
            Ok(SocketAddr::from(([127, 0, 0, 1], 1)))
        }
    }

    fn served() -> UnboundedSender<DuplexStream> {
        let (connections, accepted) = unbounded_channel();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve(InMemory(accepted), router, CancellationToken::new()));
        connections
    }

    fn connect(connections: &UnboundedSender<DuplexStream>) -> DuplexStream {
        let (ours, theirs) = duplex(BUFFER);
        connections.send(theirs).unwrap();
        ours
    }

    async fn ask(connection: &mut DuplexStream) {
        connection.write_all(b"GET / HTTP/1.1\r\nHost: muster\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            assert_ne!(connection.read_buf(&mut answer).await.unwrap(), 0, "it was closed");
        }
    }

    async fn closed(mut connection: DuplexStream) -> Duration {
        let begun = Instant::now();
        let mut rest = Vec::new();
        let _ = connection.read_to_end(&mut rest).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_was_used_is_kept_longer_than_its_client_keeps_it() {
        let connections = served();
        let mut connection = connect(&connections);
        for _ in 0..3 {
            ask(&mut connection).await;
            tokio::time::sleep(Duration::from_mins(2)).await;
        }
        ask(&mut connection).await;
        let closed = closed(connection).await;
        assert!(closed >= NEXT && closed < NEXT * 2, "{closed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_for_nothing_is_closed_soon() {
        let connections = served();
        for said in ["", "GET / HTTP/1.1\r\nHost: mus", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
            let mut connection = connect(&connections);
            connection.write_all(said.as_bytes()).await.unwrap();
            let closed = closed(connection).await;
            assert!(closed >= ASK && closed < ASK * 2, "{said:?} {closed:?}");
        }
    }
}
