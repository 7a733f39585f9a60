//! /auth/oidc and /auth/identities

use std::sync::{Arc, atomic::Ordering};

use muster_api::{ApiConfig, RegistrationSetting};
use muster_service::Clock;
use serde_json::{Value, json};
use url::Url;

use crate::{
    provider::{CLIENT, Provider, SECRET, Script},
    support::{Browser, Stage, config},
};

const MINUTE: i64 = 60_000;

fn settings(provider: &Provider, registration: RegistrationSetting) -> ApiConfig {
    ApiConfig {
        oidc_issuer: Some(provider.url.clone()),
        oidc_client_id: Some(CLIENT.into()),
        oidc_client_secret: Some(SECRET.into()),
        oidc_name: Some("Example".into()),
        ..config(registration)
    }
}

async fn stage(registration: RegistrationSetting) -> (Stage, Arc<Provider>) {
    let provider = Provider::start().await;
    (Stage::with(settings(&provider, registration)).await, provider)
}

async fn name(browser: &Browser) -> Value {
    browser.get("/auth/me").await.1["username"].clone()
}

async fn identities(browser: &Browser) -> Vec<Value> {
    browser.get("/auth/identities").await.1["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_stranger_gets_an_account_and_the_same_one_again() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    let visitor = stage.visitor();
    let methods = visitor.get("/auth/methods").await.1;
    assert_eq!(methods["oidc"], json!([{ "provider": "sso", "name": "Example" }]));
    let first = visitor.by_provider(&provider, "?to=/app?machine=x").await;
    assert_eq!(first.to, "/app?machine=x");
    let ada = visitor.with(&first);
    let me = ada.get("/auth/me").await.1;
    assert_eq!((&me["username"], &me["role"], &me["hasPassword"]), (&json!("ada"), &json!("admin"), &json!(false)));
    // The name there changes, the person does not. The old sign-in of the browser ends.
    provider.now(|it| it.called = Some("ada.lovelace".into()));
    let again = ada.with(&ada.by_provider(&provider, "").await);
    assert_eq!(again.get("/auth/me").await.1["userId"], me["userId"]);
    assert_eq!(ada.get("/auth/me").await.0, 401);
    // No password fits an account that has none.
    for password in ["", "anything at all"] {
        let body = json!({ "username": "ada", "password": password });
        assert_eq!(visitor.send("POST", "/auth/login", body).await.0, 401);
    }
}

#[tokio::test]
async fn an_account_of_the_same_name_is_never_taken_over() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    let ada = stage.user("ada").await;
    provider.now(|it| it.called = Some("Ada@example.com".into()));
    let other = stage.visitor().with(&stage.visitor().by_provider(&provider, "").await);
    assert_eq!(name(&other).await, "ada-2");
    assert!(identities(&ada).await.is_empty());
}

#[tokio::test]
async fn accounts_are_made_only_for_whom_the_server_lets_in() {
    let (stage, provider) = stage(RegistrationSetting::Invite).await;
    let admin = stage.user("admin").await;
    let visitor = stage.visitor();
    let refused = visitor.by_provider(&provider, "?to=/settings").await;
    assert_eq!(refused.to, "/login?problem=invitation-needed&next=%2Fsettings");
    let guessed = visitor.by_provider(&provider, "?invitation=guessed").await;
    assert_eq!(guessed.to, "/login?problem=invitation-invalid&next=%2Fapp");
    let invitation = admin.send("POST", "/invitations", json!({})).await.1["secret"].clone();
    let query = format!("?invitation={}", invitation.as_str().unwrap());
    let invited = visitor.by_provider(&provider, &query).await;
    assert_eq!(name(&visitor.with(&invited)).await, "ada");
    assert_eq!(visitor.by_provider(&provider, "").await.to, "/app", "who is known needs none");
    provider.now(|it| it.subject = "2".into());
    assert_eq!(visitor.by_provider(&provider, &query).await.to, guessed.to, "it is used up");

    let (stage, provider) = self::stage(RegistrationSetting::Closed).await;
    let refused = stage.visitor().by_provider(&provider, "").await;
    assert_eq!(refused.to, "/login?problem=registration-closed&next=%2Fapp");
    assert!(!refused.signs_in());
}

#[tokio::test]
async fn what_the_provider_says_is_not_simply_believed() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    let visitor = stage.visitor();
    let good = provider.script.lock().unwrap().clone();
    type Change = fn(&mut Script);
    let table: [(&str, &str, Change); 7] = [
        ("a nonce of another attempt", "provider-untrusted", |it| it.nonce = Some("another".into())),
        ("a token for another client", "provider-untrusted", |it| it.audience = "another".into()),
        ("another issuer's token", "provider-untrusted", |it| it.issuer = Some("http://127.0.0.1:1".into())),
        ("an old token", "provider-untrusted", |it| it.lasts = -MINUTE),
        ("a token that somebody else signed", "provider-untrusted", |it| it.signs = 1),
        ("no ID token", "provider-untrusted", |it| it.no_id_token = true),
        ("no token at all", "provider-refused", |it| it.refuses = true),
    ];
    for (what, code, change) in table {
        provider.now(|it| *it = good.clone());
        provider.now(change);
        let sent = visitor.by_provider(&provider, "").await;
        assert_eq!(sent.to, format!("/login?problem={code}&next=%2Fapp"), "{what}");
        assert!(!sent.signs_in(), "{what}");
    }
    assert_eq!(visitor.get("/auth/methods").await.1["registration"], "open", "there is no account yet");
    provider.now(|it| *it = good);
    assert!(visitor.by_provider(&provider, "").await.signs_in());
}

#[tokio::test]
async fn an_answer_belongs_to_one_attempt_of_one_browser() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    let visitor = stage.visitor();
    let expired = "/login?problem=attempt-expired";
    let begin = || visitor.follow("/auth/oidc/sso/start", &[]);
    let (one, two) = (begin().await, begin().await);
    let answer = provider.agrees(&one.url());
    // Somebody else's browser has no cookie, or that of another attempt.
    assert!(visitor.back(&answer, "").await.to.starts_with(expired));
    assert!(visitor.back(&answer, &two.attempt()).await.to.starts_with(expired));
    assert!(visitor.back(&answer, "muster_oidc=guessed").await.to.starts_with(expired));
    // What was altered ends the attempt.
    let mut altered = answer.clone();
    altered[1].1 = "another".into();
    assert!(visitor.back(&altered, &one.attempt()).await.to.starts_with(expired));
    assert!(visitor.back(&answer, &one.attempt()).await.to.starts_with(expired));

    let one = begin().await;
    let answer = provider.agrees(&one.url());
    assert!(visitor.back(&answer, &one.attempt()).await.signs_in());
    assert!(visitor.back(&answer, &one.attempt()).await.to.starts_with(expired), "an answer is good once");

    let one = begin().await;
    let mut mixed = provider.agrees(&one.url());
    mixed[2].1 = "https://another.example".into();
    assert!(visitor.back(&mixed, &one.attempt()).await.to.starts_with("/login?problem=provider-untrusted"));
    for (error, code) in [("access_denied", "provider-cancelled"), ("server_error", "provider-refused")] {
        let one = begin().await;
        let state = provider.agrees(&one.url()).swap_remove(1);
        let sent = visitor.back(&[("error", error.to_owned()), state], &one.attempt()).await;
        assert!(sent.to.starts_with(&format!("/login?problem={code}&")), "{}", sent.to);
    }
}

#[tokio::test]
async fn a_sign_in_leads_back_to_this_page_and_nowhere_else() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    for to in ["https://evil.example", "//evil.example", "/\\evil.example", "/api/v1/auth/me"] {
        let query = format!("?to={}", url::form_urlencoded::byte_serialize(to.as_bytes()).collect::<String>());
        assert_eq!(stage.visitor().by_provider(&provider, &query).await.to, "/app", "{to}");
    }
    assert_eq!(stage.visitor().get("/auth/oidc/another/start").await.0, 404);
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_and_asked_again_later() {
    let provider = Provider::start().await;
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(settings(&provider, RegistrationSetting::Open), clock).await;
    provider.now(|it| it.away = true);
    let visitor = stage.visitor();
    let away = "/login?problem=provider-unreachable&next=%2Fapp";
    assert_eq!(visitor.by_provider(&provider, "").await.to, away);
    provider.now(|it| it.away = false);
    assert_eq!(visitor.by_provider(&provider, "").await.to, away, "not at every click");
    hand.fetch_add(4_000, Ordering::Relaxed);
    assert_eq!(visitor.by_provider(&provider, "").await.to, "/app");
    // It changes its key: the new one is asked for.
    provider.now(|it| (it.signs, it.publishes) = (1, 1));
    assert_eq!(visitor.by_provider(&provider, "").await.to, "/app");
}

#[tokio::test]
async fn an_attempt_ends_after_ten_minutes() {
    let provider = Provider::start().await;
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(settings(&provider, RegistrationSetting::Open), clock).await;
    let visitor = stage.visitor();
    let sent = visitor.follow("/auth/oidc/sso/start", &[]).await;
    hand.fetch_add(10 * MINUTE, Ordering::Relaxed);
    let late = visitor.back(&provider.agrees(&sent.url()), &sent.attempt()).await;
    assert!(late.to.starts_with("/login?problem=attempt-expired"));
}

#[tokio::test]
async fn a_person_links_and_unlinks_but_never_the_last_way_in() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    links_and_unlinks(stage, provider).await;
}

#[tokio::test]
async fn a_person_links_and_unlinks_on_postgresql_too() {
    let provider = Provider::start().await;
    let stage = Stage::on_postgres(settings(&provider, RegistrationSetting::Open)).await;
    links_and_unlinks(stage, provider).await;
}

async fn links_and_unlinks(stage: Stage, provider: Arc<Provider>) {
    let ada = stage.user("ada").await;
    let sent = ada.link().await;
    let answer = provider.agrees(&sent.url());
    assert_eq!(ada.back(&answer, &sent.attempt()).await.to, "/settings");
    let linked = identities(&ada).await;
    assert_eq!((&linked[0]["provider"], &linked[0]["name"]), (&json!("sso"), &json!("ada")));
    let by_provider = ada.with(&stage.visitor().by_provider(&provider, "").await);
    assert_eq!(name(&by_provider).await, "ada");
    // Somebody else may not have it too.
    let bob = stage.user("bob").await;
    let sent = bob.link().await;
    let taken = bob.back(&provider.agrees(&sent.url()), &sent.attempt()).await;
    assert_eq!(taken.to, "/settings?problem=identity-taken");
    // Who comes back must be who went.
    provider.now(|it| it.subject = "2".into());
    let sent = bob.link().await;
    let answer = provider.agrees(&sent.url());
    let swapped = ada.back(&answer, &sent.attempt()).await;
    assert_eq!(swapped.to, "/settings?problem=sign-in-again");
    assert_eq!(identities(&ada).await.len(), 1);

    let path = format!("/auth/identities/{}", linked[0]["identityId"].as_str().unwrap());
    assert_eq!(bob.send("DELETE", &path, json!({})).await.0, 404);
    assert_eq!(ada.send("DELETE", &path, json!({})).await.0, 204);
    assert_eq!(ada.send("DELETE", &path, json!({})).await.0, 404);
    let log = ada.get("/audit").await.1;
    let actions: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..1], ["account.identity_unlinked"]);
    assert!(actions.contains(&"account.identity_linked"));
    let by_ada = json!({ "userId": ada.user, "username": "ada", "address": "127.0.0.1" });
    for entry in
        log["items"].as_array().unwrap().iter().filter(|it| it["action"].as_str().unwrap().contains("identity"))
    {
        assert_eq!((&entry["objectId"], &entry["actor"]), (&json!(ada.user), &by_ada), "{entry}");
    }
    provider.now(|it| (it.subject, it.called) = ("3".into(), Some("carl".into())));
    let carl = stage.visitor().with(&stage.visitor().by_provider(&provider, "").await);
    let path = format!("/auth/identities/{}", identities(&carl).await[0]["identityId"].as_str().unwrap());
    let (status, problem) = carl.send("DELETE", &path, json!({})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/last-way-to-sign-in")));
    let first = json!({ "next": "correct horse" });
    assert_eq!(carl.send("POST", "/auth/password", first.clone()).await.0, 204);
    assert_eq!(carl.send("POST", "/auth/password", first).await.0, 422, "the second needs the first");
    assert_eq!(carl.send("DELETE", &path, json!({})).await.0, 204);
    let body = json!({ "username": "carl", "password": "correct horse" });
    assert_eq!(stage.visitor().send("POST", "/auth/login", body).await.0, 200);
}

#[tokio::test]
async fn a_lasting_way_in_needs_a_fresh_sign_in() {
    let provider = Provider::start().await;
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(settings(&provider, RegistrationSetting::Open), clock).await;
    let ada = stage.visitor().with(&stage.visitor().by_provider(&provider, "").await);
    hand.fetch_add(31 * MINUTE, Ordering::Relaxed);
    for (path, body) in [("/auth/password", json!({ "next": "correct horse" })), ("/auth/oidc/sso/link", json!({}))] {
        let (status, problem) = ada.send("POST", path, body).await;
        assert_eq!((status, &problem["type"]), (403, &json!("/problems/sign-in-again")), "{path}");
    }
}

#[tokio::test]
async fn a_disabled_account_does_not_come_in_by_its_provider() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    let admin = stage.user("admin").await;
    let ada = stage.visitor().with(&stage.visitor().by_provider(&provider, "").await);
    let user = ada.get("/auth/me").await.1["userId"].as_str().unwrap().to_owned();
    let disabled = admin.send("PATCH", &format!("/users/{user}"), json!({ "disabled": true })).await;
    assert_eq!(disabled.0, 200);
    let sent = stage.visitor().by_provider(&provider, "").await;
    assert_eq!(sent.to, "/login?problem=account-disabled&next=%2Fapp");
    assert!(!sent.signs_in());
}

#[tokio::test]
async fn linking_is_for_a_person_on_our_own_page() {
    let (stage, provider) = stage(RegistrationSetting::Open).await;
    let ada = stage.user("ada").await;
    let foreign = reqwest::Client::new()
        .post(format!("{}/api/v1/auth/oidc/sso/link", stage.base))
        .header("cookie", ada.cookie.clone().unwrap())
        .header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let body = json!({ "name": "program", "scopes": ["read", "chat", "manage"] });
    let token = ada.send("POST", "/tokens", body).await.1["secret"].as_str().unwrap().to_owned();
    for (method, path) in
        [("POST", "/auth/oidc/sso/link"), ("GET", "/auth/identities"), ("DELETE", "/auth/identities/x")]
    {
        let request = stage.visitor().ask(method, path).bearer_auth(&token);
        assert_eq!(crate::support::answer(request).await.1["type"], "/problems/missing-scope", "{method} {path}");
    }
    let departure: Url = ada.link().await.to.parse().unwrap();
    assert!(departure.as_str().starts_with(&provider.url));
}
