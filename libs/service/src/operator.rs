//! The operator's port: is it alive, is it ready, what does it count.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::health::Health;

/// A service answers within it, or is not ready.
const ANSWER: Duration = Duration::from_secs(2);

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn router(
    service: &'static str,
    version: &'static str,
    health: Health,
    metrics: PrometheusHandle,
) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(move |State(health): State<Health>| async move { ready(service, version, &health) }))
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .with_state(health)
}

/// 200 when nothing is missing, else 503 with what is.
pub fn ready(service: &str, version: &str, health: &Health) -> (StatusCode, Json<serde_json::Value>) {
    let missing = health.missing();
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({
        "service": service, "version": version, "ready": missing.is_empty(), "missing": missing,
    });
    (status, Json(body))
}

/// Whether the service that listens there says that it is ready: the health check of an image without other programs.
pub(crate) fn says_ready(listen: SocketAddr) -> io::Result<bool> {
    let host = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let mut stream = TcpStream::connect_timeout(&SocketAddr::new(host, listen.port()), ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status)?;
    Ok(status.split_whitespace().nth(1) == Some("200"))
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn a_service_is_ready_that_says_so() {
        for (answer, ready) in [("HTTP/1.0 200 OK", true), ("HTTP/1.0 503 Service Unavailable", false), ("", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let served = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = String::new();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                while lines.read_line(&mut asked).unwrap() > 2 {}
                write!(stream, "{answer}\r\n\r\n").unwrap();
                asked
            });
            assert_eq!(says_ready(SocketAddr::from(([0, 0, 0, 0], port))).unwrap(), ready, "{answer}");
            assert!(served.join().unwrap().starts_with("GET /readyz "));
        }
    }

    #[test]
    fn nobody_there_is_an_error() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(says_ready(SocketAddr::from(([127, 0, 0, 1], port))).is_err());
    }
}
