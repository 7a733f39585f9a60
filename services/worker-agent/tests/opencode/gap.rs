//! The stream of opencode's events has a gap, or only falls silent.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use muster_contracts::v1::{Answer, RequestKind, TurnStatus, part::Kind};
use muster_testkit::{openai::Step, ports, proxy::Proxy, script::executable};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::{elsewhere::opencode, stage::*, support::PATIENCE};

/// A program that is opencode, but for its server being elsewhere than it was told; the port that it was told is
/// written down beside it.
fn moved(directory: &Path, port: u16) -> PathBuf {
    let opencode = std::env::var_os("MUSTER_OPENCODE").map_or_else(|| which::which("opencode").unwrap(), PathBuf::from);
    let (program, opencode, told) = (directory.join("moved"), opencode.display(), directory.join("told"));
    let told = told.display();
    let script = format!(
        "[ \"$1\" = serve ] || exec {opencode} \"$@\"\nfor port; do :; done\n\
         printf %s \"$port\" >{told}.part && mv {told}.part {told}\n\
         exec {opencode} serve --hostname 127.0.0.1 --port {port}\n"
    );
    executable(&program, &script);
    program
}

/// Stands where opencode's server was told to be.
async fn between(directory: &Path, server: SocketAddr) -> Proxy {
    loop {
        if let Ok(port) = fs::read_to_string(directory.join("told")) {
            return Proxy::at(SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())), server).await.unwrap();
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn behind_a_proxy(permission: Value) -> (TempDir, Stage, Proxy) {
    let elsewhere = tempfile::tempdir().unwrap();
    let server = ports::lasting().unwrap();
    let program = moved(elsewhere.path(), server.port());
    let starting = stage_with(permission, |surroundings| {
        surroundings.environment.push(("MUSTER_OPENCODE".into(), program.into()));
    });
    let (stage, proxy) = tokio::join!(starting, between(elsewhere.path(), server));
    (elsewhere, stage, proxy)
}

#[tokio::test]
async fn what_a_sub_agent_asks_while_nobody_hears_it_is_asked_afterwards() {
    let (_elsewhere, stage, proxy) = behind_a_proxy(json!({"bash": "ask"})).await;
    let task = json!({"description": "look", "prompt": "look around", "subagent_type": "general"});
    stage.model.reply([Step::Wait, Step::Tool { name: "task".into(), arguments: task }]);
    let bash = json!({"command": "echo made-it", "description": "say"});
    stage.model.reply([Step::Tool { name: "bash".into(), arguments: bash }]);
    let reply = stage.begin("have it looked at");
    until("it asks its model", || stage.model.requests().len() == 1).await;
    proxy.refuse();
    stage.model.go_on();
    until("its sub-agent asks the model", || stage.model.requests().len() == 2).await;
    stage.model.open().wait_for(|&open| open == 0).await.unwrap();
    proxy.recover();

    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty() || told.end.is_some()).await;
    assert_eq!(told.requests[0].kind(), RequestKind::Permission, "{told:?}");
    assert!(told.requests[0].details.contains("made-it"), "{told:?}");
    let answer = Answer { option_id: Some("once".into()), ..Answer::default() };
    stage.answer(&reply, &told.requests[0].request_id, answer);
    let told = stage.worker.ended(&reply).await;
    assert_eq!((status(&told), told.requests.len()), (TurnStatus::Completed, 1), "{told:?}");
    stage.end().await;
}

#[tokio::test]
async fn what_is_asked_unheard_in_a_turn_that_is_stopped_waits_no_more() {
    let (_elsewhere, stage, proxy) = behind_a_proxy(json!({"bash": "ask"})).await;
    stage.model.reply([Step::Wait, bash("ls")]);
    let reply = stage.begin("go");
    until("it asks its model", || stage.model.requests().len() == 1).await;
    proxy.go_silent();
    stage.model.go_on();
    let waits = async |wanted: usize| {
        let asking = async {
            while opencode(&stage, Method::GET, "/permission", None).await.as_array().unwrap().len() != wanted {}
        };
        timeout(PATIENCE, asking).await.expect("as many wait as should");
    };
    waits(1).await;
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = stage.worker.ended(&reply).await;
    assert_eq!((status(&told), told.requests.len()), (TurnStatus::Cancelled, 0), "{told:?}");
    proxy.cut();
    proxy.recover();
    waits(0).await;
    stage.end().await;
}

#[tokio::test]
async fn what_it_means_to_do_is_shown_though_nobody_heard_it_say_so() {
    let (_elsewhere, stage, proxy) = behind_a_proxy(json!("allow")).await;
    let todo = json!({"content": "look", "status": "in_progress", "priority": "high"});
    stage.model.reply([Step::Wait, Step::Tool { name: "todowrite".into(), arguments: json!({"todos": [todo]}) }]);
    stage.model.reply([Step::Wait, Step::Text("Looked.".into())]);
    let reply = stage.begin("look");
    until("it asks its model", || stage.model.requests().len() == 1).await;
    proxy.refuse();
    stage.model.go_on();
    until("it has planned", || stage.model.requests().len() == 2).await;
    proxy.recover();
    stage.worker.shelf.wait(&reply, |told| kinds(told).contains(&"plan")).await;
    stage.model.go_on();
    let told = stage.worker.ended(&reply).await;
    let plans = told.reply.parts().iter().filter_map(|part| match &part.kind {
        Some(Kind::Plan(plan)) => Some(plan.entries.iter().map(|entry| entry.content.as_str()).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!((status(&told), plans.collect::<Vec<_>>()), (TurnStatus::Completed, vec![vec!["look"]]), "{told:?}");
    // The next turn has no plan of its own.
    let next = stage.go_on("and now?", &told).await;
    assert!(!kinds(&next).contains(&"plan"), "{next:?}");
    stage.end().await;
}

#[tokio::test]
async fn words_after_a_long_silence_are_told_as_they_are_said() {
    let stage = stage(json!("allow")).await;
    let text = |text: &str| Step::Text(text.to_owned());
    let silence = Step::Pause(Duration::from_secs(32));
    stage.model.reply([text("One "), silence, text("two "), Step::Wait, text("three.")]);
    let reply = stage.begin("think before you go on");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "One two ").await;
    stage.model.go_on();
    assert_eq!(stage.worker.ended(&reply).await.reply.content(), "One two three.");
    stage.end().await;
}

#[tokio::test]
async fn a_turn_that_takes_long_to_be_stopped_ends_all_the_same_and_the_next_one_goes_on() {
    let (_elsewhere, stage, proxy) = behind_a_proxy(json!("allow")).await;
    stage.model.reply([Step::Text("So far ".into()), Step::Hang]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "So far ").await;
    proxy.go_silent();
    let begun = Instant::now();
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = stage.worker.ended(&reply).await;
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_eq!((status(&told), told.reply.content().as_str()), (TurnStatus::Cancelled, "So far "), "{told:?}");
    proxy.cut();
    proxy.recover();
    let next = stage.go_on("next", &told).await;
    assert_eq!((status(&next), next.reply.content().as_str()), (TurnStatus::Completed, "Done."), "{next:?}");
    stage.end().await;
}
