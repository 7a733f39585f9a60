//! A provider of OpenID Connect that does as it is told, also what no real one does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use openidconnect::{
    Audience, EmptyAdditionalClaims, EndUserUsername, IdTokenClaims, IssuerUrl, JsonWebKeyId, Nonce,
    PrivateSigningKey as _, StandardClaims, SubjectIdentifier,
    core::{CoreEdDsaPrivateSigningKey, CoreIdToken, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::support::Browser;

/// Made for these tests alone.
const KEYS: [&str; 2] = [
    "-----BEGIN PRIVATE KEY-----\n\
     MC4CAQAwBQYDK2VwBCIEIMiJtFjOeovP7PXRnd34Z2PAo5oVoQazCaIpLRp/E6rQ\n\
     -----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n\
     MC4CAQAwBQYDK2VwBCIEIGstha/0ba16Wybvn/3oln8lXhyfMJv6tRKiTwlktSMB\n\
     -----END PRIVATE KEY-----",
];

/// Our client's id and secret there.
pub(crate) const CLIENT: &str = "muster";
pub(crate) const SECRET: &str = "a secret with spaces & signs";

/// What it shall say.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) subject: String,
    pub(crate) called: Option<String>,
    pub(crate) away: bool,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: String,
    pub(crate) nonce: Option<String>,
    /// Milliseconds until the ID token expires.
    pub(crate) lasts: i64,
    /// Which key signs, and which is published.
    pub(crate) signs: usize,
    pub(crate) publishes: usize,
    pub(crate) no_id_token: bool,
    pub(crate) refuses: bool,
}

pub(crate) struct Provider {
    pub(crate) url: String,
    pub(crate) script: Mutex<Script>,
    /// By code: nonce and challenge of PKCE.
    codes: Mutex<HashMap<String, (String, String)>>,
}

impl Provider {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Script {
            subject: "1".into(),
            called: Some("ada".into()),
            away: false,
            issuer: None,
            audience: CLIENT.into(),
            nonce: None,
            lasts: 60_000,
            signs: 0,
            publishes: 0,
            no_id_token: false,
            refuses: false,
        };
        let provider = Arc::new(Self { url, script: Mutex::new(script), codes: Mutex::default() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&provider));
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) fn now(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// A person signs in there: what it sends the browser back with.
    pub(crate) fn agrees(&self, departure: &Url) -> Vec<(&'static str, String)> {
        let asked: HashMap<_, _> = departure.query_pairs().into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(
            (asked["code_challenge_method"].as_str(), asked["scope"].as_str()),
            ("S256", "openid profile email")
        );
        let code = format!("code-{}", self.codes.lock().unwrap().len());
        let known = (asked["nonce"].clone(), asked["code_challenge"].clone());
        self.codes.lock().unwrap().insert(code.clone(), known);
        vec![("code", code), ("state", asked["state"].clone()), ("iss", self.url.clone())]
    }

    fn id_token(&self, script: &Script, nonce: &str) -> CoreIdToken {
        let clock = muster_service::Clock::system().now();
        let time = |millis| chrono::DateTime::from_timestamp_millis(millis).unwrap();
        let issuer = IssuerUrl::new(script.issuer.clone().unwrap_or_else(|| self.url.clone())).unwrap();
        let called = script.called.clone().map(EndUserUsername::new);
        let person = StandardClaims::new(SubjectIdentifier::new(script.subject.clone())).set_preferred_username(called);
        let audience = vec![Audience::new(script.audience.clone())];
        let (until, since) = (time(clock + script.lasts), time(clock));
        let claims = IdTokenClaims::new(issuer, audience, until, since, person, EmptyAdditionalClaims {})
            .set_nonce(Some(Nonce::new(script.nonce.clone().unwrap_or_else(|| nonce.to_owned()))));
        CoreIdToken::new(claims, &key(script.signs), CoreJwsSigningAlgorithm::EdDsa, None, None).unwrap()
    }
}

fn key(number: usize) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(KEYS[number], Some(JsonWebKeyId::new(number.to_string()))).unwrap()
}

type Answer = (StatusCode, Json<Value>);

async fn describe(State(provider): State<Arc<Provider>>) -> Answer {
    let at = |path: &str| format!("{}{path}", provider.url);
    let status = if provider.script.lock().unwrap().away { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    let metadata = json!({
        "issuer": provider.url,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    });
    (status, Json(metadata))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let published = key(provider.script.lock().unwrap().publishes).as_verification_key();
    Json(json!({ "keys": [published] }))
}

async fn token(State(provider): State<Arc<Provider>>, Form(asked): Form<HashMap<String, String>>) -> Answer {
    let script = provider.script.lock().unwrap().clone();
    let known = provider.codes.lock().unwrap().remove(&asked["code"]);
    let refused = (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    let Some((nonce, challenge)) = known.filter(|_| !script.refuses) else { return refused };
    if BASE64URL_NOPAD.encode(&Sha256::digest(asked["code_verifier"].as_bytes())) != challenge {
        return refused;
    }
    let mut tokens = json!({ "access_token": "access", "token_type": "Bearer" });
    if !script.no_id_token {
        tokens["id_token"] = json!(provider.id_token(&script, &nonce));
    }
    (StatusCode::OK, Json(tokens))
}

/// What a browser is sent on with.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) to: String,
    cookies: HashMap<String, String>,
}

impl Browser {
    /// Goes to an address of the API, as a click on a link does.
    pub(crate) async fn follow(&self, path: &str, cookies: &[&str]) -> Sent {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let own = self.cookie.as_deref().into_iter();
        let cookie = cookies.iter().copied().filter(|it| !it.is_empty()).chain(own).collect::<Vec<_>>().join("; ");
        let request = client.get(format!("{}/api/v1{path}", self.base)).header("cookie", cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 302, "{path}");
        Sent::of(&answer, answer.headers()["location"].to_str().unwrap().to_owned())
    }

    /// Presses *Link* in the settings.
    pub(crate) async fn link(&self) -> Sent {
        let answer = self.ask("POST", "/auth/oidc/sso/link").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let sent = Sent::of(&answer, String::new());
        let body: Value = answer.json().await.unwrap();
        Sent { to: body["location"].as_str().unwrap().to_owned(), ..sent }
    }

    /// Comes back from the provider.
    pub(crate) async fn back(&self, answer: &[(&str, String)], attempt: &str) -> Sent {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        self.follow(&format!("/auth/oidc/sso/callback?{query}"), &[attempt]).await
    }

    /// The whole way: there, agreed, and back.
    pub(crate) async fn by_provider(&self, provider: &Provider, query: &str) -> Sent {
        let sent = self.follow(&format!("/auth/oidc/sso/start{query}"), &[]).await;
        if !sent.to.starts_with(&provider.url) {
            return sent;
        }
        self.back(&provider.agrees(&sent.url()), &sent.attempt()).await
    }

    /// The same browser, signed in by what it was sent on with.
    pub(crate) fn with(&self, sent: &Sent) -> Self {
        let mut browser = self.clone();
        browser.cookie = Some(format!("muster_session={}", sent.cookies["muster_session"]));
        browser
    }
}

impl Sent {
    fn of(answer: &reqwest::Response, to: String) -> Self {
        let set = answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let pair = |cookie: &str| {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        Self { to, cookies: set.map(pair).collect() }
    }

    pub(crate) fn url(&self) -> Url {
        self.to.parse().unwrap()
    }

    /// The cookie that binds an attempt to its browser.
    pub(crate) fn attempt(&self) -> String {
        self.cookies.get("muster_oidc").map(|value| format!("muster_oidc={value}")).unwrap_or_default()
    }

    pub(crate) fn signs_in(&self) -> bool {
        self.cookies.contains_key("muster_session")
    }
}
