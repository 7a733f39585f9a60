//! /tokens, and what a program may do with one.

use std::sync::atomic::Ordering;

use muster_api::RegistrationSetting;
use muster_contracts::id::WorkerId;
use muster_service::Clock;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Frames, Stage, answer, config};

const HOUR: i64 = 60 * 60 * 1000;

async fn make(person: &Browser, scopes: &[&str]) -> (String, String) {
    let (status, made) = person.send("POST", "/tokens", json!({ "name": "script", "scopes": scopes })).await;
    assert_eq!(status, 201, "{made}");
    (made["tokenId"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

/// A program: it sends no cookie and no origin.
async fn ask(stage: &Stage, secret: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    let request = reqwest::Client::new().request(method.parse().unwrap(), format!("{}/api/v1{path}", stage.base));
    let request = request.bearer_auth(secret);
    answer(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn a_token_does_what_its_scopes_allow_and_nothing_else() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let session = format!("/sessions/{}", stage.session(&ada).session);
    let share = format!("{session}/share");
    let link = || Some(json!({ "expiresAt": Clock::system().now() + HOUR }));
    let (_, read) = make(&ada, &["read"]).await;
    let (_, chat) = make(&ada, &["read", "chat"]).await;
    let (_, manage) = make(&ada, &["read", "manage"]).await;
    assert!(read.starts_with("muster_"));
    let machine = || Some(json!({ "name": "laptop" }));
    let table = [
        (&read, "GET", "/auth/me", None, 200),
        (&read, "GET", "/machines", None, 200),
        (&read, "POST", "/machines", machine(), 403),
        (&manage, "POST", "/machines", machine(), 201),
        (&read, "GET", session.as_str(), None, 200),
        (&manage, "PATCH", session.as_str(), Some(json!({})), 403),
        // A link would outlive the token.
        (&chat, "POST", share.as_str(), link(), 403),
        (&manage, "GET", "/audit", None, 200),
        (&read, "GET", "/audit", None, 403),
        // She is an administrator; her token is not.
        (&manage, "GET", "/audit?all=true", None, 403),
        (&manage, "GET", "/audit?all=true&format=csv", None, 403),
        (&manage, "GET", "/users", None, 403),
        (&manage, "GET", "/tokens", None, 403),
        (&manage, "POST", "/tokens", Some(json!({ "name": "more", "scopes": ["chat"] })), 403),
        (&manage, "GET", "/auth/devices", None, 403),
        (&manage, "POST", "/auth/password", Some(json!({ "current": "correct horse", "next": "x".repeat(9) })), 403),
    ];
    for (secret, method, path, body, expected) in table {
        let (status, problem) = ask(&stage, secret, method, path, body).await;
        assert_eq!(status, expected, "{method} {path}: {problem}");
    }
    // What is not the user's does not exist, before any word of scopes.
    let (_, bobs) = make(&bob, &["read"]).await;
    assert_eq!(ask(&stage, &bobs, "PATCH", &session, Some(json!({}))).await.0, 404);
    assert_eq!(ask(&stage, &bobs, "DELETE", "/workers/nonsense", None).await.0, 404);
    assert_eq!(ask(&stage, &bobs, "DELETE", &format!("/workers/{}", WorkerId::random()), None).await.0, 404);
    assert_eq!(ask(&stage, "muster_guess", "GET", "/machines", None).await.0, 401);
}

#[tokio::test]
async fn tokens_are_checked_listed_without_their_secret_and_ended() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let bad = [
        (json!({ "name": " ", "scopes": ["read"] }), 422, "/name"),
        (json!({ "name": "x", "scopes": [] }), 422, "/scopes"),
        (json!({ "name": "x", "scopes": ["read"], "expiresAt": 1 }), 422, "/expiresAt"),
    ];
    for (body, expected, pointer) in bad {
        let (status, problem) = ada.send("POST", "/tokens", body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (expected, &json!(pointer)), "{problem}");
    }
    assert_eq!(ada.send("POST", "/tokens", json!({ "name": "x", "scopes": ["all"] })).await.0, 422);

    let (id, secret) = make(&ada, &["read", "read"]).await;
    assert_eq!(ask(&stage, &secret, "GET", "/machines", None).await.0, 200);
    let (_, list) = ada.get("/tokens").await;
    assert_eq!(list["items"][0]["scopes"], json!(["read"]));
    assert!(list["items"][0]["lastUsedAt"].is_number());
    assert!(!list.to_string().contains(&secret));

    let request = reqwest::Client::new().get(format!("{}/api/v1/events", stage.base)).bearer_auth(&secret);
    let mut events = Frames::of(request).await;
    assert_eq!(events.next().await.unwrap().event, "beat");
    assert_eq!(bob.send("DELETE", &format!("/tokens/{id}"), json!({})).await.0, 404);
    assert_eq!(ada.send("DELETE", &format!("/tokens/{id}"), json!({})).await.0, 204);
    assert_eq!(ask(&stage, &secret, "GET", "/machines", None).await.0, 401);
    assert!(events.event().await.is_none(), "its event stream ends");
}

#[tokio::test]
async fn a_token_is_made_by_whoever_signed_in_lately() {
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(config(RegistrationSetting::Open), clock).await;
    let mut ada = stage.user("ada").await;
    make(&ada, &["read"]).await;
    hand.fetch_add(HOUR, Ordering::Relaxed);
    let (status, problem) = ada.send("POST", "/tokens", json!({ "name": "script", "scopes": ["read"] })).await;
    assert_eq!((status, &problem["type"]), (403, &json!("/problems/sign-in-again")), "a browser that was left open");
    ada.sign_in("/auth/login", &json!({ "username": "ada", "password": "correct horse" })).await;
    make(&ada, &["read"]).await;
}

#[tokio::test]
async fn what_has_run_out_opens_nothing() {
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(config(RegistrationSetting::Invite), clock.clone()).await;
    let admin = stage.user("admin").await;
    let soon = clock.now() + HOUR;
    let token = json!({ "name": "script", "scopes": ["read"], "expiresAt": soon });
    let (_, token) = admin.send("POST", "/tokens", token).await;
    let (_, invitation) = admin.send("POST", "/invitations", json!({ "expiresAt": soon })).await;
    let invited = json!({ "username": "ada", "password": "correct horse", "invitation": invitation["secret"] });
    let secret = token["secret"].as_str().unwrap();

    hand.fetch_add(HOUR - 1, Ordering::Relaxed);
    assert_eq!(ask(&stage, secret, "GET", "/machines", None).await.0, 200, "to the last moment");
    hand.fetch_add(1, Ordering::Relaxed);
    let (status, problem) = ask(&stage, secret, "GET", "/machines", None).await;
    assert_eq!((status, &problem["type"]), (401, &json!("/problems/not-signed-in")), "{problem}");
    assert_eq!(ask(&stage, secret, "GET", "/events", None).await.0, 401);
    let (status, problem) = stage.visitor().send("POST", "/auth/register", invited).await;
    assert_eq!(status, 403, "{problem}");
    assert_eq!(admin.get("/auth/me").await.0, 200);
    hand.fetch_add(400 * 24 * HOUR, Ordering::Relaxed);
    assert_eq!(admin.get("/auth/me").await.0, 401, "a sign-in runs out too");
}
