//! A proxy before several instances of the api, which hands each request to the next one.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// An instance that does not even take a connection within it is passed over.
const CONNECT: Duration = Duration::from_secs(1);
/// What concerns one connection alone (RFC 9110, section 7.6.1).
const HOP: [HeaderName; 3] = [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE];

/// Where it adds whom it heard.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Hands requests on, in turn, and says whose they are. Dropped, everything through it ends.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Instances {
    addresses: Vec<SocketAddr>,
    next: AtomicUsize,
    http: reqwest::Client,
}

impl Balancer {
    /// Before these instances.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn before(addresses: Vec<SocketAddr>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .map_err(std::io::Error::other)?;
        let instances = Arc::new(Instances { addresses, next: AtomicUsize::new(0), http });
        let router = Router::new().fallback(pass_on).with_state(instances);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await;
        });
        Ok(Self { address, _serving: AbortOnDropHandle::new(serving) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pass_on(
    State(instances): State<Arc<Instances>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (mut head, body) = request.into_parts();
    if let Ok(from) = HeaderValue::from_str(&from.ip().to_string()) {
        head.headers.append(FORWARDED_FOR, from);
    }
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    for _ in 0..instances.addresses.len() {
        let turn = instances.next.fetch_add(1, Ordering::Relaxed);
        let Some(address) = instances.addresses.get(turn % instances.addresses.len()) else { break };
        let asked = instances
            .http
            .request(head.method.clone(), format!("http://{address}{path}"))
            .headers(head.headers.clone())
            .body(body.clone());
        match asked.send().await {
            Ok(answer) => return handed_back(answer),
            // It was never asked; whatever else happened is for the client to judge.
            Err(error) if error.is_connect() => {}
            Err(_) => break,
        }
    }
    StatusCode::BAD_GATEWAY.into_response()
}

fn handed_back(answer: reqwest::Response) -> Response {
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for name in HOP {
        headers.remove(name);
    }
    (status, headers, Body::from_stream(answer.bytes_stream())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    async fn saying(word: &'static str) -> (SocketAddr, AbortOnDropHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(move || async move { word }));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (address, AbortOnDropHandle::new(serving))
    }

    #[tokio::test]
    async fn each_request_goes_to_the_next_one_that_is_there() {
        let ((one, _one), (other, _other)) = (saying("one").await, saying("other").await);
        let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let balancer = Balancer::before(vec![one, nobody, other]).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut heard = Vec::new();
        for _ in 0..4 {
            let answer = http.get(format!("http://{}/", balancer.address())).send().await.unwrap();
            heard.push(answer.text().await.unwrap());
        }
        assert_eq!(heard, ["one", "other", "one", "other"]);
    }
}
