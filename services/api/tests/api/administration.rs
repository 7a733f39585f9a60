//! /invitations and /users: what administrators do.

use muster_api::RegistrationSetting;
use muster_contracts::{Message as _, id::UserId, subject::filter, v1};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::support::{Browser, Stage, config};

/// A stage where accounts need an invitation, and its administrator.
async fn invited_only() -> (Stage, Browser) {
    let stage = Stage::with(config(RegistrationSetting::Invite)).await;
    let admin = stage.user("admin").await;
    (stage, admin)
}

async fn invite(admin: &Browser) -> (String, String) {
    let (status, made) = admin.send("POST", "/invitations", json!({})).await;
    assert_eq!(status, 201, "{made}");
    (made["invitationId"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

fn account(name: &str, invitation: &str) -> Value {
    json!({ "username": name, "password": "correct horse", "invitation": invitation })
}

#[tokio::test]
async fn an_invitation_makes_one_account() {
    let (stage, admin) = invited_only().await;
    let (_, secret) = invite(&admin).await;
    let visitor = stage.visitor();
    assert_eq!(visitor.send("POST", "/auth/register", account("eve", "guessed")).await.0, 403);
    // A name that is taken does not use it up.
    assert_eq!(visitor.send("POST", "/auth/register", account("admin", &secret)).await.0, 409);
    let (one, two) = tokio::join!(
        visitor.send("POST", "/auth/register", account("ada", &secret)),
        visitor.send("POST", "/auth/register", account("bob", &secret)),
    );
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403]);
    assert_eq!(admin.get("/invitations").await.1["items"], json!([]));

    let (id, secret) = invite(&admin).await;
    let (_, list) = admin.get("/invitations").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains(&secret));
    assert_eq!(admin.send("DELETE", &format!("/invitations/{id}"), json!({})).await.0, 204);
    assert_eq!(admin.send("DELETE", &format!("/invitations/{id}"), json!({})).await.0, 404);
    assert_eq!(visitor.send("POST", "/auth/register", account("carl", &secret)).await.0, 403);
    for expires_at in [1, i64::MAX] {
        let (status, problem) = admin.send("POST", "/invitations", json!({ "expiresAt": expires_at })).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/expiresAt")));
    }
}

#[tokio::test]
async fn only_administrators_administer() {
    let stage = Stage::start().await;
    let (admin, ada) = (stage.user("admin").await, stage.user("ada").await);
    let own = format!("/users/{}", ada.user);
    for (method, path, body) in [
        ("GET", "/users", json!({})),
        ("PATCH", own.as_str(), json!({ "role": "admin" })),
        ("DELETE", own.as_str(), json!({})),
        ("GET", "/invitations", json!({})),
        ("POST", "/invitations", json!({})),
    ] {
        let (status, problem) = ada.send(method, path, body).await;
        assert_eq!((status, &problem["type"]), (403, &json!("/problems/missing-role")), "{method} {path}");
    }
    assert_eq!(stage.visitor().get("/users").await.0, 401);
    let (_, first) = admin.get("/users?limit=1").await;
    assert_eq!((&first["items"][0]["username"], &first["nextCursor"]), (&json!("ada"), &json!("ada")));
    let (_, second) = admin.get("/users?limit=1&cursor=ada").await;
    assert_eq!((&second["items"][0]["username"], &second["nextCursor"]), (&json!("admin"), &Value::Null));
    assert_eq!(admin.send("PATCH", &format!("/users/{}", UserId::random()), json!({})).await.0, 404);
    assert_eq!(admin.send("PATCH", &own, json!({ "role": "owner" })).await.0, 422);
    assert_eq!(admin.send("PATCH", &own, json!({ "role": "admin" })).await.1["role"], "admin");
    assert_eq!(ada.get("/users").await.0, 200, "at once");
}

#[tokio::test]
async fn somebody_always_administers() {
    let stage = Stage::start().await;
    let admin = stage.user("admin").await;
    let own = format!("/users/{}", admin.user);
    for (method, body) in
        [("PATCH", json!({ "role": "member" })), ("PATCH", json!({ "disabled": true })), ("DELETE", json!({}))]
    {
        let (status, problem) = admin.send(method, &own, body).await;
        assert_eq!((status, &problem["type"]), (409, &json!("/problems/last-administrator")), "{method}");
    }
    assert_eq!(admin.get("/auth/me").await.1["role"], "admin");
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_a_deleted_one_is_told() {
    let stage = Stage::start().await;
    let (admin, ada) = (stage.user("admin").await, stage.user("ada").await);
    let path = format!("/users/{}", ada.user);
    let mut events = ada.watch("/events", None).await;
    assert_eq!(events.next().await.unwrap().event, "beat");
    assert_eq!(admin.send("PATCH", &path, json!({ "disabled": true })).await.1["disabled"], true);
    assert!(events.event().await.is_none(), "its event stream ends");
    assert_eq!(ada.get("/auth/me").await.0, 401);
    let credentials = json!({ "username": "ada", "password": "correct horse" });
    assert_eq!(stage.visitor().send("POST", "/auth/login", credentials.clone()).await.0, 401);
    assert_eq!(admin.send("PATCH", &path, json!({ "disabled": false })).await.0, 200);
    assert_eq!(stage.visitor().send("POST", "/auth/login", credentials.clone()).await.0, 200);

    assert_eq!(admin.send("DELETE", &path, json!({})).await.0, 204);
    assert_eq!(stage.visitor().send("POST", "/auth/login", credentials).await.0, 401);
    let of_ada = filter::user(&ada.user.parse().unwrap());
    let told = stage.until_stored("EVENTS", &of_ada, |payload| {
        let event = v1::Event::decode(payload).unwrap();
        matches!(event.object, Some(v1::event::Object::Removed(_))).then_some(event)
    });
    assert_eq!(told.await.actor.unwrap().user_id, admin.user, "who did it");
}

#[tokio::test]
async fn a_stream_that_was_asked_for_before_its_sign_in_ended_does_not_open() {
    let stage = Stage::start().await;
    let (admin, ada) = (stage.user("admin").await, stage.user("ada").await);
    let mut watching = ada.watch("/events", None).await;
    assert_eq!(watching.next().await.unwrap().event, "beat");

    let address = stage.base.trim_start_matches("http://");
    let mut asked = BufReader::new(TcpStream::connect(address).await.unwrap());
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nHost: {address}\r\nOrigin: {}\r\nCookie: {}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        stage.base,
        ada.cookie.as_deref().unwrap()
    );
    asked.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    asked.read_line(&mut line).await.unwrap();
    // The api asks for a body only of somebody whom it knows.
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    admin.send("PATCH", &format!("/users/{}", ada.user), json!({ "disabled": true })).await;
    assert!(watching.event().await.is_none(), "the api has heard of it");

    asked.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") || answer.trim().is_empty() {
        assert!(asked.read_line(&mut answer).await.unwrap() > 0, "{answer}");
    }
    assert!(answer.contains("HTTP/1.1 401 "), "{answer}");
}
