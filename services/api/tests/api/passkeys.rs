//! /auth/passkeys

use std::sync::atomic::Ordering;

use muster_api::RegistrationSetting;
use muster_service::Clock;
use serde_json::{Value, json};

use crate::{
    authenticator::Authenticator,
    support::{Answer, Browser, Stage, config},
};

const MINUTE: i64 = 60_000;

/// A person whose browser has the page at http://localhost.
async fn person(stage: &Stage, name: &str) -> Browser {
    let mut browser = stage.user(name).await;
    browser.base = by_name(&browser.base);
    browser
}

fn by_name(base: &str) -> String {
    base.replace("127.0.0.1", "localhost")
}

fn visitor(stage: &Stage) -> Browser {
    let mut browser = stage.visitor();
    browser.base = by_name(&browser.base);
    browser
}

async fn options(browser: &Browser, to: &str) -> Value {
    let (status, options) = browser.send("POST", &format!("/auth/passkeys/{to}/options"), json!({})).await;
    assert_eq!(status, 200, "{options}");
    options
}

async fn add(browser: &Browser, key: &mut Authenticator) -> Answer {
    let credential = key.create(&options(browser, "register").await);
    browser.send("POST", "/auth/passkeys", json!({ "name": "laptop", "credential": credential })).await
}

async fn sign_in(stage: &Stage, key: &mut Authenticator) -> Answer {
    let browser = visitor(stage);
    let credential = key.get(&options(&browser, "login").await);
    browser.send("POST", "/auth/passkeys/login", json!({ "credential": credential })).await
}

#[tokio::test]
async fn a_passkey_is_added_signs_in_and_is_removed() {
    comes_and_goes(Stage::start().await).await;
}

#[tokio::test]
async fn a_passkey_comes_and_goes_on_postgresql_too() {
    comes_and_goes(Stage::on_postgres(config(RegistrationSetting::Open)).await).await;
}

async fn comes_and_goes(stage: Stage) {
    let ada = person(&stage, "ada").await;
    let mut key = Authenticator::at(&ada.base);
    let (status, made) = add(&ada, &mut key).await;
    assert_eq!((status, &made["name"], &made["lastUsedAt"]), (201, &json!("laptop"), &Value::Null));
    let again = key.create(&options(&ada, "register").await);
    let (status, problem) = ada.send("POST", "/auth/passkeys", json!({ "name": "x", "credential": again })).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/passkey-known")));

    let mut other = visitor(&stage);
    let credential = key.get(&options(&other, "login").await);
    other.sign_in("/auth/passkeys/login", &json!({ "credential": credential })).await;
    assert_eq!(other.user, ada.user);
    let path = format!("/auth/passkeys/{}", made["passkeyId"].as_str().unwrap());
    let renamed = other.send("PATCH", &path, json!({ "name": "old laptop" })).await.1;
    assert_eq!(renamed["name"], "old laptop");
    assert!(renamed["lastUsedAt"].is_i64());
    assert_eq!(other.send("PATCH", &path, json!({ "name": " " })).await.1["errors"][0]["pointer"], "/name");

    let bob = person(&stage, "bob").await;
    for (method, body) in [("PATCH", json!({ "name": "mine" })), ("PATCH", json!({})), ("DELETE", json!({}))] {
        assert_eq!(bob.send(method, &path, body).await.0, 404, "{method}");
    }
    assert_eq!(bob.get("/auth/passkeys").await.1["items"], json!([]));
    assert_eq!(ada.send("DELETE", &path, json!({})).await.0, 204);
    let log = ada.get("/audit").await.1;
    let removed = (&log["items"][0]["action"], &log["items"][0]["detail"]);
    assert_eq!(removed, (&json!("account.passkey_removed"), &json!("old laptop")));
    let entries = log["items"].as_array().unwrap();
    let added = entries.iter().find(|entry| entry["action"] == "account.passkey_added").unwrap();
    let by_ada = json!({ "userId": ada.user, "username": "ada", "address": "127.0.0.1" });
    assert_eq!((&added["objectId"], &added["actor"], &added["detail"]), (&json!(ada.user), &by_ada, &json!("laptop")));
    assert_eq!(log["items"][0]["actor"], by_ada);
    let (status, problem) = sign_in(&stage, &mut key).await;
    assert_eq!((status, &problem["type"]), (401, &json!("/problems/passkey-unknown")));
}

#[tokio::test]
async fn what_a_passkey_answers_must_fit_in_everything() {
    let stage = Stage::start().await;
    let ada = person(&stage, "ada").await;
    let mut key = Authenticator::at(&ada.base);
    type Lie = fn(&mut Authenticator);
    let lies: [(&str, Lie); 3] = [
        ("another page's answer", |key| key.origin = "http://localhost:1".into()),
        ("another site's passkey", |key| key.domain = "evil.example".into()),
        ("nobody was verified", |key| key.verifies = false),
    ];
    for (what, lie) in lies {
        let mut lying = key.clone();
        lie(&mut lying);
        let (status, problem) = add(&ada, &mut lying).await;
        assert_eq!((status, &problem["type"]), (422, &json!("/problems/passkey-refused")), "{what}");
    }
    assert_eq!(add(&ada, &mut key).await.0, 201);
    for (what, lie) in lies {
        let mut lying = key.clone();
        lie(&mut lying);
        let (status, problem) = sign_in(&stage, &mut lying).await;
        assert_eq!((status, &problem["type"]), (401, &json!("/problems/passkey-refused")), "{what}");
    }
    let log = ada.get("/audit").await.1;
    let refused = log["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "account.passkey_refused");
    let refused = refused.map(|entry| (&entry["objectId"], &entry["actor"])).collect::<Vec<_>>();
    let nobody = json!({ "address": "127.0.0.1" });
    assert_eq!(refused, vec![(&json!(ada.user), &nobody); lies.len()], "nobody knows who it was");
    assert_eq!(sign_in(&stage, &mut key).await.0, 200);
    // A copy of it counts on its own, and is behind.
    let mut copy = key.clone();
    assert_eq!(sign_in(&stage, &mut key).await.0, 200);
    let (status, problem) = sign_in(&stage, &mut copy).await;
    assert_eq!((status, &problem["type"]), (401, &json!("/problems/passkey-refused")));
    assert_eq!(sign_in(&stage, &mut key).await.0, 200);
}

#[tokio::test]
async fn an_answer_is_for_one_ceremony_and_good_once() {
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(config(RegistrationSetting::Open), clock).await;
    let (ada, bob) = (person(&stage, "ada").await, person(&stage, "bob").await);
    let mut key = Authenticator::at(&ada.base);
    let browser = visitor(&stage);
    let expired = |(status, problem): Answer| {
        assert_eq!((status, &problem["type"]), (409, &json!("/problems/attempt-expired")));
    };
    // What ada began is not for bob to finish.
    let credential = key.create(&options(&ada, "register").await);
    let body = json!({ "name": "laptop", "credential": credential });
    assert_eq!(bob.send("POST", "/auth/passkeys", body.clone()).await.1["type"], "/problems/passkey-refused");
    expired(ada.send("POST", "/auth/passkeys", body).await);
    assert_eq!(add(&ada, &mut key).await.0, 201);

    // Made for adding one, it does not sign in; nor does one that nobody began.
    let challenge = options(&ada, "register").await["challenge"].clone();
    let asked = json!({ "challenge": challenge, "rpId": "localhost", "userVerification": "required" });
    let credential = key.get(&asked);
    expired(browser.send("POST", "/auth/passkeys/login", json!({ "credential": credential })).await);
    let asked = options(&browser, "login").await;
    let body = json!({ "credential": key.get(&asked) });
    assert_eq!(browser.send("POST", "/auth/passkeys/login", body.clone()).await.0, 200);
    expired(browser.send("POST", "/auth/passkeys/login", body).await);
    let late = json!({ "credential": key.get(&options(&browser, "login").await) });
    hand.fetch_add(10 * MINUTE, Ordering::Relaxed);
    expired(browser.send("POST", "/auth/passkeys/login", late).await);
    let nonsense = browser.send("POST", "/auth/passkeys/login", json!({ "credential": { "id": "x" } })).await;
    assert_eq!((nonsense.0, &nonsense.1["errors"][0]["pointer"]), (422, &json!("/credential")));

    hand.fetch_add(21 * MINUTE, Ordering::Relaxed);
    let old = ada.send("POST", "/auth/passkeys/register/options", json!({})).await;
    assert_eq!(old.1["type"], "/problems/sign-in-again", "a browser that was left open is not enough");
}

#[tokio::test]
async fn passkeys_are_only_where_browsers_make_them_and_for_people() {
    let stage = Stage::start().await;
    let by_number = stage.user("ada").await;
    assert_eq!(by_number.get("/auth/methods").await.1["passkeys"], false);
    let (status, problem) = by_number.send("POST", "/auth/passkeys/register/options", json!({})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/no-passkeys-here")));
    assert_eq!(visitor(&stage).get("/auth/methods").await.1["passkeys"], true);

    let body = json!({ "name": "program", "scopes": ["read", "chat", "manage"] });
    let token = by_number.send("POST", "/tokens", body).await.1["secret"].as_str().unwrap().to_owned();
    for (method, path) in [
        ("GET", "/auth/passkeys"),
        ("POST", "/auth/passkeys"),
        ("POST", "/auth/passkeys/register/options"),
        ("PATCH", "/auth/passkeys/x"),
        ("DELETE", "/auth/passkeys/x"),
    ] {
        let request = visitor(&stage).ask(method, path).bearer_auth(&token).json(&json!({}));
        assert_eq!(crate::support::answer(request).await.1["type"], "/problems/missing-scope", "{method} {path}");
    }
}

#[tokio::test]
async fn a_disabled_account_does_not_come_in_by_its_passkey() {
    let stage = Stage::start().await;
    let admin = stage.user("admin").await;
    let ada = person(&stage, "ada").await;
    let mut key = Authenticator::at(&ada.base);
    assert_eq!(add(&ada, &mut key).await.0, 201);
    let disabled = admin.send("PATCH", &format!("/users/{}", ada.user), json!({ "disabled": true })).await;
    assert_eq!(disabled.0, 200);
    let (status, problem) = sign_in(&stage, &mut key).await;
    assert_eq!((status, &problem["type"]), (403, &json!("/problems/account-disabled")));
}

#[tokio::test]
async fn tries_are_limited_by_address() {
    let (clock, _) = Clock::set(Clock::system().now());
    let stage = Stage::at(config(RegistrationSetting::Open), clock).await;
    let browser = visitor(&stage);
    let mut last = 200;
    for _ in 0..60 {
        last = browser.send("POST", "/auth/passkeys/login/options", json!({})).await.0;
    }
    assert_eq!(last, 429);
}
