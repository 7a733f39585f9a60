//! Machines, workers, sessions: what is refused, in which order, and what is passed on.

use futures_util::future::select;
use muster_api::RegistrationSetting;
use muster_contracts::{id::WorkerId, v1};
use serde_json::json;

use crate::support::{Browser, Stage, answer, config};

fn worker(stage: &Stage, user: &Browser, models: &[&str]) -> String {
    let id = WorkerId::random().to_string();
    let models = models.iter().map(|&id| v1::Model { model_id: id.into(), ..v1::Model::default() }).collect();
    let user_id = user.user.clone();
    let worker = v1::Worker { worker_id: id.clone(), user_id, models, models_known: true, ..v1::Worker::default() };
    stage.world.workers.lock().unwrap().insert(id.clone(), worker);
    id
}

#[tokio::test]
async fn refusals_come_in_their_order() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let path = format!("/sessions/{}", stage.session(&ada).session);
    let unknown_field = json!({ "colour": "red" });
    assert_eq!(stage.visitor().send("PATCH", &path, unknown_field.clone()).await.0, 401);
    assert_eq!(bob.send("PATCH", &path, unknown_field.clone()).await.0, 404);
    assert_eq!(ada.send("PATCH", &path, unknown_field).await.0, 400);
    assert_eq!(answer(ada.ask("PATCH", &path).body("{}")).await.0, 415);
    assert_eq!(answer(ada.ask("PATCH", &path).header("content-type", "application/json").body("{")).await.0, 400);
    assert_eq!(ada.send("PATCH", &path, json!({ "title": "x".repeat(2000) })).await.0, 413);
    assert_eq!(ada.send("PATCH", &path, json!({ "title": 1 })).await.0, 422);
    assert_eq!(ada.send("PATCH", "/sessions/nonsense", json!({})).await.0, 404);
    assert_eq!(ada.get("/nothing/here").await.0, 404);
    assert_eq!(ada.send("PUT", "/machines", json!({})).await.0, 405);
}

#[tokio::test]
async fn what_is_wrong_with_an_idempotency_key_is_told_to_the_owner_alone() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let path = format!("/workers/{}/sessions", worker(&stage, &ada, &["demo/fast"]));
    let ask = async |who: &Browser, key: &str, title: &str| {
        let body = json!({ "model": "demo/fast", "title": title });
        answer(who.ask("POST", &path).header("idempotency-key", key).json(&body)).await.0
    };
    let (bad_key, too_long) = ("k".repeat(256), "x".repeat(2_000));
    assert_eq!((ask(&bob, &bad_key, "t").await, ask(&ada, &bad_key, "t").await), (404, 400));
    assert_eq!((ask(&bob, "k", &too_long).await, ask(&ada, "k", &too_long).await), (404, 413));
    for who in [&ada, &bob] {
        let machine = who.ask("POST", "/machines").header("idempotency-key", "used").json(&json!({ "name": "laptop" }));
        assert_eq!(answer(machine).await.0, 201);
    }
    assert_eq!((ask(&bob, "used", "t").await, ask(&ada, "used", "t").await), (404, 409));
}

#[tokio::test]
async fn pages_are_passed_on_and_checked() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    assert_eq!(ada.send("POST", "/machines", json!({ "name": "laptop" })).await.0, 201);
    let (status, list) = ada.get("/machines?limit=7&cursor=abc").await;
    assert_eq!((status, &list["items"][0]["name"], &list["nextCursor"]), (200, &json!("laptop"), &json!("next")));
    let page = stage.world.pages.lock().unwrap().last().cloned().unwrap();
    assert_eq!(page, v1::Page { limit: 7, cursor: Some("abc".into()) });
    assert_eq!(ada.get("/machines?limit=0").await.0, 422);
    assert_eq!(ada.get("/machines?limit=201").await.0, 422);
    assert_eq!(ada.get("/machines?size=1").await.0, 400);
}

#[tokio::test]
async fn a_session_needs_a_worker_of_the_caller_and_one_of_its_models() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let path = format!("/workers/{}/sessions", worker(&stage, &ada, &["demo/slow/with/slashes"]));
    let good = json!({ "model": "demo/slow/with/slashes" });
    assert_eq!(bob.send("POST", &path, good.clone()).await.0, 404);
    let (status, problem) = ada.send("POST", &path, json!({ "model": "other" })).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/model")));
    let (status, session) = ada.send("POST", &path, good).await;
    assert_eq!((status, &session["model"]), (201, &json!("demo/slow/with/slashes")));
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_a_503_that_says_when_to_come_back() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    // Nobody plays this method.
    let path = format!("/workers/{}", WorkerId::random());
    let answer = ada.ask("DELETE", &path).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/unavailable");
    stage.kill_broker().await;
    assert_eq!(ada.get("/auth/me").await.0, 200, "accounts need no broker");
    assert_eq!(ada.get("/machines").await.0, 503);
}

#[tokio::test]
async fn the_server_is_public() {
    let stage = Stage::start().await;
    let (status, server) = stage.visitor().get("/server").await;
    assert_eq!((status, &server["name"], &server["localOnly"]), (200, &json!("Muster"), &json!(true)));
}

#[tokio::test]
async fn a_mode_is_chosen_left_and_taken_back() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let path = format!("/sessions/{}", stage.session(&ada).session);
    let none = Some(String::new());
    let table = [
        (json!({ "mode": "plan" }), Some("plan".to_owned())),
        (json!({ "pinned": true }), None),
        (json!({ "mode": null }), none.clone()),
        (json!({ "mode": "" }), none),
    ];
    for (body, expected) in table {
        assert_eq!(ada.send("PATCH", &path, body.clone()).await.0, 200);
        let change = stage.world.changes.lock().unwrap().pop().unwrap();
        assert_eq!(change.mode, expected, "{body}");
    }
    assert_eq!(ada.send("PATCH", &path, json!({ "mode": 1 })).await.0, 422);
}

#[tokio::test]
async fn what_is_tried_again_with_its_key_is_made_under_the_same_id() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let path = format!("/workers/{}/sessions", worker(&stage, &ada, &["demo/fast"]));
    // As an answer that came too late: nothing is known of what was created.
    let body = json!({ "model": "refused" });
    for key in [Some("k1"), Some("k1"), Some("k2"), None, None] {
        let ask = ada.ask("POST", &path).json(&body);
        let ask = key.into_iter().fold(ask, |ask, key| ask.header("idempotency-key", key));
        assert_eq!(answer(ask).await.0, 422);
    }
    let ids = stage.world.asked_for.lock().unwrap().clone();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 4, "{ids:?}");
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_create_once() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let create = |who: &Browser, key: &str, name: &str| {
        answer(who.ask("POST", "/machines").header("idempotency-key", key).json(&json!({ "name": name })))
    };
    let (first, again) = (create(&ada, "k1", "laptop").await, create(&ada, "k1", "laptop").await);
    assert_eq!(first.0, 201);
    assert_eq!(again, first);
    assert_eq!(stage.world.machines.lock().unwrap().len(), 1);
    let (status, problem) = create(&ada, "k1", "server").await;
    assert_eq!((status, &problem["type"]), (409, &json!("/problems/idempotency-key-reused")));
    assert_eq!(create(&bob, "k1", "server").await.0, 201, "another user's key is another key");
    let bobs = create(&bob, "k0", "laptop").await;
    assert_ne!(create(&ada, "k0", "laptop").await.1["machineId"], bobs.1["machineId"], "nor is she told his answer");
    let (one, two) = tokio::join!(create(&ada, "k2", "twice"), create(&ada, "k2", "twice"));
    assert!([one.0, two.0].contains(&201), "{one:?} {two:?}");
    assert_eq!(stage.world.machines.lock().unwrap().len(), 5);
    assert_eq!(create(&ada, &"k".repeat(256), "x").await.0, 400);
    // What created nothing may be tried again under the same key.
    assert_eq!(answer(ada.ask("POST", "/machines").header("idempotency-key", "k3").json(&json!({}))).await.0, 422);
    assert_eq!(create(&ada, "k3", "mended").await.0, 201);
    assert_eq!(create(&stage.visitor(), "k4", "nobody").await.0, 401);
}

#[tokio::test]
async fn a_key_is_busy_until_its_first_request_is_answered() {
    a_key_is_busy(Stage::start().await).await;
}

#[tokio::test]
async fn a_key_is_busy_on_postgresql_too() {
    a_key_is_busy(Stage::on_postgres(config(RegistrationSetting::Open)).await).await;
}

async fn a_key_is_busy(stage: Stage) {
    let ada = stage.user("ada").await;
    let create = || ada.ask("POST", "/machines").header("idempotency-key", "k").json(&json!({ "name": "laptop" }));
    let held = stage.world.making.lock().await;
    // Whichever of them comes first is held up.
    let (busy, working) = select(Box::pin(create().send()), Box::pin(create().send())).await.factor_first();
    let busy = busy.unwrap();
    assert_eq!((busy.status().as_u16(), busy.headers()["retry-after"].as_bytes()), (409, b"1".as_slice()));
    assert_eq!(busy.json::<serde_json::Value>().await.unwrap()["type"], "/problems/idempotency-key-busy");
    drop(held);
    let created = working.await.unwrap();
    assert_eq!(created.status().as_u16(), 201);
    let created = created.json::<serde_json::Value>().await.unwrap();
    assert_eq!(answer(create()).await, (201, created));
    assert_eq!(stage.world.machines.lock().unwrap().len(), 1);
}
