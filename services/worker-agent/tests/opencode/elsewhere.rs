//! opencode is asked and answered past the worker, as by its own interface on the same machine.

use std::sync::Arc;

use muster_contracts::v1::TurnStatus;
use muster_testkit::{openai::Step, process::working_below};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    stage::*,
    support::{PATIENCE, Worker},
};

/// What opencode says to a request in its own interface.
pub(crate) async fn opencode(stage: &Stage, method: Method, path: &str, body: Option<Value>) -> Value {
    let pid = opencode_of(stage.directory.path());
    let command = working_below(stage.directory.path()).into_iter().find(|process| process.pid == pid).unwrap().command;
    let port = command.split_once("--port ").unwrap().1.split(' ').next().unwrap().to_owned();
    let environment = environment_of(pid);
    let password = environment.iter().find_map(|variable| variable.strip_prefix("OPENCODE_SERVER_PASSWORD="));
    let request = Client::new()
        .request(method, format!("http://127.0.0.1:{port}{path}"))
        .query(&[("directory", stage.root())])
        .basic_auth("opencode", password);
    let request = if let Some(body) = body { request.json(&body) } else { request };
    request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

#[tokio::test]
async fn nobody_without_its_password_is_answered() {
    let stage = stage(json!("allow")).await;
    let pid = opencode_of(stage.directory.path());
    let command = working_below(stage.directory.path()).into_iter().find(|process| process.pid == pid).unwrap().command;
    // At a finer level its log grows without an end.
    assert!(command.contains("--log-level WARN"), "{command}");
    let port = command.split_once("--port ").unwrap().1.split(' ').next().unwrap().to_owned();
    for password in [None, Some("guessed")] {
        let asked = Client::new().get(format!("http://127.0.0.1:{port}/session")).basic_auth("opencode", password);
        assert_eq!(asked.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    stage.end().await;
}

#[tokio::test]
async fn stopping_while_a_permission_waits_withdraws_it() {
    let stage = stage(json!({"bash": "ask"})).await;
    stage.model.reply([bash("ls")]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    let waiting = opencode(&stage, Method::GET, "/permission", None).await;
    assert_eq!(waiting.as_array().unwrap().len(), 1);
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Cancelled);
    let withdrawn = async { while opencode(&stage, Method::GET, "/permission", None).await != json!([]) {} };
    tokio::time::timeout(PATIENCE, withdrawn).await.expect("it is withdrawn");
    let next = stage.go_on("next", &told).await;
    assert_eq!((status(&next), next.requests.len()), (TurnStatus::Completed, 0), "{next:?}");
    stage.end().await;
}

#[tokio::test]
async fn an_answer_to_what_was_answered_elsewhere_changes_nothing() {
    let stage = stage(json!({"bash": "ask"})).await;
    stage.model.reply([bash("echo ran")]);
    stage.model.reply([Step::Text("It ".into()), Step::Wait, Step::Text("ran.".into())]);
    let reply = stage.begin("go");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    let waiting = opencode(&stage, Method::GET, "/permission", None).await;
    let path = format!("/permission/{}/reply", waiting[0]["id"].as_str().unwrap());
    opencode(&stage, Method::POST, &path, Some(json!({"reply": "once"}))).await;
    let known = stage.worker.shelf.wait(&reply, |told| told.reply.content() == "It ").await;
    assert_eq!(known.withdrawn, [told.requests[0].request_id.clone()], "nobody is asked for it any more");
    stage.answer(&reply, &told.requests[0].request_id, option("reject", None));
    stage.model.go_on();
    let told = stage.worker.ended(&reply).await;
    assert_eq!((status(&told), told.reply.content().as_str()), (TurnStatus::Completed, "It ran."), "{told:?}");
    stage.end().await;
}

/// opencode takes a prompt to a busy session and answers both with one end.
#[tokio::test]
async fn a_session_that_is_busy_with_another_turn_is_stopped_before_the_prompt() {
    let stage = stage(json!("allow")).await;
    let first = stage.say("hello").await;
    stage.model.reply([Step::Text("Half a ".into()), Step::Hang]);
    let hangs = stage.begin_after("go", &first);
    stage.worker.shelf.wait(&hangs, |told| told.reply.content() == "Half a ").await;
    let other = Worker::new(Arc::clone(&stage.backend), &stage.root());
    let next = other.turn(&stage.session, "next", after(&first)).await;
    assert_eq!((status(&next), next.reply.content().as_str()), (TurnStatus::Completed, "Done."), "{next:?}");
    let stopped = stage.worker.ended(&hangs).await;
    assert_eq!(stopped.reply.content(), "Half a ");
    stage.end().await;
}
