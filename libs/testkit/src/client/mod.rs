//! Muster's HTTP API as any program would use it: with a sign-in, and nothing else.

mod error;
mod model;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use error::{ClientError, Problem};
pub use model::{Machine, Message, Registration, Session, Worker, WorkerRegistration};
use reqwest::{
    Certificate, Method, RequestBuilder, Response,
    header::{COOKIE, ORIGIN, SET_COOKIE},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Longer than an answer takes; a lost connection would never end by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser's tab, so to say: an address and the cookies that it gave.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    cookies: Arc<Mutex<Vec<(String, String)>>>,
}

impl Client {
    /// Nobody yet. `base` is the page's address without a path.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { http, base: base.into(), cookies: Arc::default() }
    }

    /// The same, where `https` is to be trusted by the certificates in `authority` too.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn trusting(base: impl Into<String>, authority: &Path) -> std::io::Result<Self> {
        let certificates = Certificate::from_pem_bundle(&std::fs::read(authority)?).map_err(std::io::Error::other)?;
        let http = reqwest::Client::builder().no_proxy().tls_certs_merge(certificates).build();
        Ok(Self { http: http.map_err(std::io::Error::other)?, base: base.into(), cookies: Arc::default() })
    }

    /// The same, where the name in `base` is that of a certificate, and the page is at `address`.
    ///
    /// # Errors
    /// When there is no TLS.
    pub fn reaching(base: impl Into<String>, name: &str, address: SocketAddr) -> std::io::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().resolve(name, address).build();
        Ok(Self { http: http.map_err(std::io::Error::other)?, base: base.into(), cookies: Arc::default() })
    }

    /// The page's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Makes an account and is signed in to it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sign_up(&self, username: &str, password: &str) -> Result<(), ClientError> {
        let body = json!({ "username": username, "password": password });
        self.send(Method::POST, "/auth/register", Some(&body)).await.map(|_| ())
    }

    /// Signs in.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<(), ClientError> {
        let body = json!({ "username": username, "password": password });
        self.send(Method::POST, "/auth/login", Some(&body)).await.map(|_| ())
    }

    /// Signs out, after which the cookie is of no use to anyone.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sign_out(&self) -> Result<(), ClientError> {
        self.send(Method::POST, "/auth/logout", None).await.map(|_| ())
    }

    /// Registers a machine.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create_machine(&self, name: &str) -> Result<Machine, ClientError> {
        self.post("/machines", &json!({ "name": name })).await
    }

    /// Makes a worker; its token is shown this once.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create_worker(&self, machine: &str, name: Option<&str>) -> Result<WorkerRegistration, ClientError> {
        let body = name.map_or_else(|| json!({}), |name| json!({ "name": name }));
        self.post(&format!("/machines/{machine}/workers"), &body).await
    }

    /// One worker, with what asks to be it.
    ///
    /// # Errors
    /// When it is not ours.
    pub async fn worker(&self, worker: &str) -> Result<Worker, ClientError> {
        self.get(&format!("/workers/{worker}")).await
    }

    /// Lets the key with this fingerprint be this worker.
    ///
    /// # Errors
    /// When it no longer asks.
    pub async fn approve(&self, worker: &str, fingerprint: &str) -> Result<Worker, ClientError> {
        self.post(&format!("/workers/{worker}/approve"), &json!({ "fingerprint": fingerprint })).await
    }

    /// Reads.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        body(self.send(Method::GET, path, None).await?).await
    }

    /// Makes something.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, json: &Value) -> Result<T, ClientError> {
        body(self.send(Method::POST, path, Some(json)).await?).await
    }

    /// Any request below `/api/v1`; an answer that is no success is an error.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn send(&self, method: Method, path: &str, json: Option<&Value>) -> Result<Response, ClientError> {
        let mut request = self.request(method, path);
        if let Some(json) = json {
            request = request.json(json);
        }
        let response = request.timeout(PATIENCE).send().await?;
        self.keep_cookies(&response);
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let problem = response.json().await.unwrap_or_default();
        Err(ClientError::Refused { status, problem })
    }

    /// A request with our cookies and origin, not yet sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base)).header(ORIGIN, &self.base);
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        if cookies.is_empty() {
            return request;
        }
        let cookies: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header(COOKIE, cookies.join("; "))
    }

    fn keep_cookies(&self, response: &Response) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for header in response.headers().get_all(SET_COOKIE) {
            let text = header.to_str().unwrap_or_default();
            let pair = text.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            cookies.retain(|(kept, _)| kept != name.trim());
            if !value.is_empty() && !text.to_ascii_lowercase().contains("max-age=0") {
                cookies.push((name.trim().to_owned(), value.to_owned()));
            }
        }
    }
}

async fn body<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    Ok(response.json().await?)
}
