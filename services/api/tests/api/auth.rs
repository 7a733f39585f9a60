//! /auth

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::Ordering,
};

use muster_api::RegistrationSetting;
use muster_service::Clock;
use muster_testkit::balancer::Balancer;
use serde_json::json;
use sqlx::Connection as _;

use crate::support::{Stage, config};

#[tokio::test]
async fn the_first_account_is_the_administrator_and_others_need_an_invitation() {
    let stage = Stage::with(config(RegistrationSetting::Invite)).await;
    let visitor = stage.visitor();
    assert_eq!(visitor.get("/auth/methods").await.1["registration"], "open");
    let first = stage.user("ada").await;
    assert_eq!(first.get("/auth/me").await.1["role"], "admin");
    assert_eq!(visitor.get("/auth/methods").await.1["registration"], "invite");
    let body = json!({ "username": "bob", "password": "correct horse" });
    assert_eq!(visitor.send("POST", "/auth/register", body).await.0, 403);
}

#[tokio::test]
async fn where_registration_is_closed_nobody_registers_first_or_invited() {
    let stage = Stage::with(config(RegistrationSetting::Closed)).await;
    let visitor = stage.visitor();
    assert_eq!(visitor.get("/auth/methods").await.1["registration"], "closed");
    for invitation in [json!(null), json!("an-invitation-of-another-time")] {
        let body = json!({ "username": "ada", "password": "correct horse", "invitation": invitation });
        let (status, problem) = visitor.send("POST", "/auth/register", body).await;
        assert_eq!((status, &problem["type"]), (403, &json!("/problems/registration-closed")), "{problem}");
    }
    let body = json!({ "username": "ada", "password": "correct horse" });
    assert_eq!(visitor.send("POST", "/auth/login", body).await.0, 401, "nobody was made");
}

#[tokio::test]
async fn names_and_passwords_are_checked_and_a_name_is_taken_once() {
    let stage = Stage::start().await;
    let visitor = stage.visitor();
    for (name, password, pointer) in [("x", "correct horse", "/username"), ("ada", "short", "/password")] {
        let (status, problem) =
            visitor.send("POST", "/auth/register", json!({ "username": name, "password": password })).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    stage.user("ada").await;
    let again = json!({ "username": "ada", "password": "correct horse" });
    let (status, problem) = visitor.send("POST", "/auth/register", again).await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/username-taken")));
}

#[tokio::test]
async fn a_sign_in_is_rotated_listed_and_ended() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    assert_eq!(ada.get("/auth/me").await.0, 200);
    let mut again = ada.clone();
    again.sign_in("/auth/login", &json!({ "username": "ada", "password": "correct horse" })).await;
    assert_eq!(ada.get("/auth/me").await.0, 401, "the old cookie ends with the new one");
    let bob = stage.user("bob").await;
    bob.clone().sign_in("/auth/register", &json!({ "username": "cleo", "password": "correct horse" })).await;
    assert_eq!(bob.get("/auth/me").await.0, 401, "also with that of an account that is made");
    let mut other = stage.visitor();
    other.sign_in("/auth/login", &json!({ "username": "ada", "password": "correct horse" })).await;
    let (_, devices) = again.get("/auth/devices").await;
    let device = devices["items"].as_array().unwrap().iter().find(|device| device["current"] == false).unwrap();
    let path = format!("/auth/devices/{}", device["deviceId"].as_str().unwrap());
    assert_eq!(again.send("DELETE", &path, json!({})).await.0, 204);
    assert_eq!(other.get("/auth/me").await.0, 401);
    assert_eq!(again.send("POST", "/auth/logout", json!({})).await.0, 204);
    assert_eq!(again.get("/auth/me").await.0, 401);
}

async fn the_oldest_sign_ins_give_way(stage: Stage) {
    let ada = stage.user("ada").await;
    sqlx::any::install_default_drivers();
    let mut database = sqlx::AnyConnection::connect(&stage.database).await.unwrap();
    if stage.database.starts_with("postgres") {
        sqlx::query("SET search_path TO api").execute(&mut database).await.unwrap();
    }
    let column = "device_id, user_id, secret_hash, agent, address, created_at, last_seen, expires_at";
    let older = format!(
        "INSERT INTO devices ({column}) SELECT $1 || device_id, user_id, $1, agent, address, created_at - $2, last_seen, \
         expires_at FROM devices WHERE device_id NOT LIKE 'older-%'"
    );
    for number in 1..=120_i64 {
        let name = format!("older-{number}-");
        sqlx::query(sqlx::AssertSqlSafe(older.clone())).bind(name).bind(number).execute(&mut database).await.unwrap();
    }
    stage.visitor().sign_in("/auth/login", &json!({ "username": "ada", "password": "correct horse" })).await;
    let devices = ada.get("/auth/devices").await.1["items"].as_array().unwrap().clone();
    let ids = devices.iter().map(|device| device["deviceId"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids.len(), 100);
    // The new one, the browser that looks, and of the others the newest.
    assert!(ids[2].starts_with("older-1-") && ids[99].starts_with("older-98-"), "{ids:?}");
}

#[tokio::test]
async fn a_user_has_so_many_sign_ins_and_the_oldest_give_way() {
    the_oldest_sign_ins_give_way(Stage::start().await).await;
}

#[tokio::test]
async fn a_user_has_so_many_sign_ins_on_postgresql_too() {
    the_oldest_sign_ins_give_way(Stage::on_postgres(config(RegistrationSetting::Open)).await).await;
}

#[tokio::test]
async fn a_changed_password_ends_other_sign_ins() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let mut other = stage.visitor();
    other.sign_in("/auth/login", &json!({ "username": "ada", "password": "correct horse" })).await;
    let wrong = json!({ "current": "wrong horse", "next": "another horse" });
    assert_eq!(ada.send("POST", "/auth/password", wrong).await.0, 422);
    let right = json!({ "current": "correct horse", "next": "another horse" });
    assert_eq!(ada.send("POST", "/auth/password", right).await.0, 204);
    assert_eq!(other.get("/auth/me").await.0, 401);
    assert_eq!(ada.get("/auth/me").await.0, 200);
}

#[tokio::test]
async fn wrong_passwords_are_limited_and_say_when_to_come_back() {
    let (clock, _) = Clock::set(Clock::system().now());
    let stage = Stage::at(config(RegistrationSetting::Open), clock).await;
    stage.user("ada").await;
    let visitor = stage.visitor();
    let wrong = json!({ "username": "ada", "password": "wrong horse" });
    let unknown = json!({ "username": "nobody", "password": "wrong horse" });
    assert_eq!(visitor.send("POST", "/auth/login", unknown).await.1["type"], "/problems/wrong-credentials");
    let mut last = None;
    for _ in 0..10 {
        let answer = visitor.ask("POST", "/auth/login").json(&wrong).send().await.unwrap();
        last = Some((answer.status().as_u16(), answer.headers().contains_key("retry-after")));
    }
    assert_eq!(last, Some((429, true)));
}

#[tokio::test]
async fn guesses_from_everywhere_are_few_and_keep_nobody_out_where_they_are_signed_in() {
    let mut config = config(RegistrationSetting::Open);
    config.trusted_proxies = "127.0.0.1".into();
    let (clock, hand) = Clock::set(Clock::system().now());
    let stage = Stage::at(config, clock).await;
    stage.user("ada").await;
    stage.user("bob").await;
    let try_as = async |username: &str, password: &str, address: &str| {
        let body = json!({ "username": username, "password": password });
        let request = stage.visitor().ask("POST", "/auth/login").json(&body).header("x-forwarded-for", address);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
    };
    // Whether there is such an account is not told by it.
    for username in ["ada", "nobody"] {
        for number in 0..100 {
            let guess = try_as(username, "not this one", &format!("203.0.113.{number}")).await;
            assert_eq!(guess, (401, false), "{username} {number}");
        }
        assert_eq!(try_as(username, "not this one", "203.0.113.200").await, (429, true), "{username}");
    }
    assert_eq!(try_as("ada", "correct horse", "203.0.113.201").await, (429, true), "nor is the right one told");
    assert_eq!(try_as("bob", "correct horse", "203.0.113.202").await.0, 200, "another account");
    assert_eq!(try_as("ada", "correct horse", "127.0.0.1").await.0, 200, "where she made her account");
    hand.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(try_as("ada", "correct horse", "203.0.113.203").await.0, 200, "with time");
}

#[tokio::test]
async fn a_stolen_cookie_guesses_the_password_a_few_times_wherever_it_is_taken() {
    let mut config = config(RegistrationSetting::Open);
    config.trusted_proxies = "127.0.0.1".into();
    let (clock, _) = Clock::set(Clock::system().now());
    let stage = Stage::at(config, clock).await;
    let ada = stage.user("ada").await;
    let change = async |current: &str, address: String| {
        let body = json!({ "current": current, "next": "another horse" });
        let request = ada.ask("POST", "/auth/password").json(&body).header("x-forwarded-for", address);
        request.send().await.unwrap().status().as_u16()
    };
    for number in 0..8 {
        assert_eq!(change("not this one", format!("203.0.113.{number}")).await, 422);
    }
    assert_eq!(change("correct horse", "203.0.113.200".into()).await, 429);
}

#[tokio::test]
async fn a_password_that_is_changed_rightly_may_be_changed_again() {
    let (clock, _) = Clock::set(Clock::system().now());
    let stage = Stage::at(config(RegistrationSetting::Open), clock).await;
    let ada = stage.user("ada").await;
    let mut current = "correct horse".to_owned();
    for number in 0..12 {
        let next = format!("another horse {number}");
        let body = json!({ "current": current, "next": next });
        assert_eq!(ada.send("POST", "/auth/password", body).await.0, 204, "{number}");
        current = next;
    }
}

#[tokio::test]
async fn behind_a_proxy_of_ours_each_address_has_its_own_tries() {
    let mut config = config(RegistrationSetting::Open);
    config.trusted_proxies = "127.0.0.1".into();
    let (clock, _) = Clock::set(Clock::system().now());
    let stage = Stage::at(config, clock).await;
    stage.user("ada").await;
    let proxy = Balancer::before(vec![stage.base.trim_start_matches("http://").parse().unwrap()]).await.unwrap();
    let url = format!("http://{}/api/v1/auth/login", proxy.address());
    let from = |last| {
        let address = IpAddr::V4(Ipv4Addr::new(127, 0, 1, last));
        reqwest::Client::builder().no_proxy().local_address(address).build().unwrap()
    };
    let (guesses, ada) = (from(1), from(2));
    let mut answers = Vec::new();
    for number in 0..12 {
        // What it makes up of itself helps it to nothing.
        let request = guesses.post(&url).header("x-forwarded-for", format!("203.0.113.{number}"));
        let wrong = json!({ "username": "ada", "password": "wrong horse" });
        answers.push(request.json(&wrong).send().await.unwrap().status().as_u16());
    }
    assert_eq!((answers.first(), answers.last()), (Some(&401), Some(&429)), "{answers:?}");

    let right = json!({ "username": "ada", "password": "correct horse" });
    let answer = ada.post(&url).json(&right).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let devices = ada.get(format!("{}/api/v1/auth/devices", stage.base)).header("cookie", cookie).send().await.unwrap();
    let devices = devices.json::<serde_json::Value>().await.unwrap();
    let own = devices["items"].as_array().unwrap().iter().find(|device| device["current"] == true).unwrap();
    assert_eq!(own["address"], "127.0.1.2");
}

#[tokio::test]
async fn another_page_cannot_act_with_the_cookie() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    for origin in [Some("http://evil.example"), Some("null"), None] {
        let mut request = reqwest::Client::new()
            .post(format!("{}/api/v1/machines", stage.base))
            .header("cookie", ada.cookie.clone().unwrap())
            .json(&json!({ "name": "laptop" }));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        assert_eq!(request.send().await.unwrap().status(), 403, "{origin:?}");
    }
    assert_eq!(ada.send("POST", "/machines", json!({ "name": "laptop" })).await.0, 201);
}

#[tokio::test]
async fn an_account_makes_so_many_requests_and_others_go_on() {
    let mut config = config(RegistrationSetting::Open);
    config.requests_per_minute = 100;
    let (clock, _) = Clock::set(Clock::system().now());
    let stage = Stage::at(config, clock).await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let mut refused = None;
    for _ in 0..50 {
        let response = ada.ask("GET", "/auth/me").send().await.unwrap();
        if response.status() == 429 {
            refused = response.headers().get("retry-after").cloned();
            break;
        }
    }
    let seconds = refused.expect("it is refused, and told when to come back").to_str().unwrap().parse::<u64>().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(bob.get("/auth/me").await.0, 200);
    // Before anything is looked for, and behind the question who asks.
    for (method, path) in [("PATCH", "/sessions/nonsense"), ("POST", "/machines"), ("PATCH", "/users/nonsense")] {
        let nonsense = json!({ "colour": "red" });
        assert_eq!(ada.send(method, path, nonsense.clone()).await.0, 429, "{path}");
        assert_eq!(stage.visitor().send(method, path, nonsense).await.0, 401, "{path}");
    }
}
