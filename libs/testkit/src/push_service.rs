//! A browser and its push service: takes what is sent, and reads it as the browser would.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;
use web_push_native::{
    Auth, decrypt,
    p256::{SecretKey, elliptic_curve::sec1::ToEncodedPoint as _},
};

/// Generous: machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A notice as the browser reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// What it says.
    pub notice: Value,
    /// What it came with.
    pub headers: HeaderMap,
}

/// Dropped, nobody answers any more.
#[derive(Debug)]
pub struct PushService {
    address: SocketAddr,
    key: SecretKey,
    auth: [u8; 16],
    answer: Arc<AtomicU16>,
    received: Mutex<mpsc::UnboundedReceiver<(HeaderMap, Bytes)>>,
    _serving: AbortOnDropHandle<()>,
}

impl PushService {
    /// The origin of one that does not answer.
    pub const NOWHERE: &str = "http://127.0.0.1:1";

    /// A subscription there.
    #[must_use]
    pub fn nowhere() -> Value {
        json!({
            "endpoint": format!("{}/send/secret", Self::NOWHERE),
            // The example of RFC 8291.
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        })
    }

    /// One that takes everything.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (sender, received) = mpsc::unbounded_channel();
        let answer = Arc::new(AtomicU16::new(201));
        let take = move |State(answer): State<Arc<AtomicU16>>, headers: HeaderMap, body: Bytes| {
            let sender = sender.clone();
            async move {
                // As it is when it comes: whoever sees it may change what the next one gets.
                let status = answer.load(Ordering::SeqCst);
                // The test may be over.
                let _ = sender.send((headers, body));
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
        let router = Router::new().route("/send/secret", post(take)).with_state(Arc::clone(&answer));
        let serving = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        }));
        let (key, auth) = (SecretKey::from_slice(&rand::random::<[u8; 32]>()), rand::random());
        let key = key.map_err(std::io::Error::other)?;
        Ok(Self { address, key, auth, answer, received: Mutex::new(received), _serving: serving })
    }

    /// Its origin.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a page sends to the server when its browser subscribes here.
    #[must_use]
    pub fn subscription(&self) -> Value {
        let public = self.key.public_key().to_encoded_point(false);
        json!({
            "endpoint": format!("{}/send/secret", self.url()),
            "expirationTime": null,
            "keys": {
                "p256dh": BASE64URL_NOPAD.encode(public.as_bytes()),
                "auth": BASE64URL_NOPAD.encode(&self.auth),
            },
        })
    }

    /// From now on it answers with this status.
    pub fn answers(&self, status: u16) {
        self.answer.store(status, Ordering::SeqCst);
    }

    /// The next notice; none when nothing comes, or nothing that the browser can read.
    pub async fn next(&self) -> Option<Received> {
        let (headers, body) = timeout(PATIENCE, async { self.received.lock().await.recv().await }).await.ok()??;
        let read = decrypt(body.to_vec(), &self.key, &Auth::from(self.auth)).ok()?;
        Some(Received { notice: serde_json::from_slice(&read).ok()?, headers })
    }
}
