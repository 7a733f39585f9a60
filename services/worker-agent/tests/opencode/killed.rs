//! opencode is killed at each point of a turn.

use std::time::Duration;

use muster_contracts::{
    id::MessageId,
    v1::{ModelCost, TurnStatus},
};
use muster_testkit::openai::Step;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{stage::*, support::PATIENCE};

/// opencode is killed once a turn is so far: the turn ends soon and says why, with the text so far, and the next
/// message goes on with what was said before.
async fn killed_when(permission: Value, steps: Vec<Step>, text: &str, so_far: impl Fn(&Stage, &MessageId) -> bool) {
    ends_when(("-KILL", Duration::from_secs(5)), permission, steps, text, so_far).await;
}

/// The same, of what a signal does to opencode in so much time.
async fn ends_when(
    (sent, soon): (&str, Duration),
    permission: Value,
    steps: Vec<Step>,
    text: &str,
    so_far: impl Fn(&Stage, &MessageId) -> bool,
) {
    let stage = stage(permission).await;
    let before = stage.say("remember me").await;
    stage.model.reply(steps);
    let reply = stage.begin_after("go", &before);
    until("the turn is so far", || so_far(&stage, &reply)).await;
    let begun = Instant::now();
    signal(opencode_of(stage.directory.path()), sent);
    let told = stage.worker.ended(&reply).await;
    assert!(begun.elapsed() < soon, "{:?}", begun.elapsed());
    assert_eq!(status(&told), TurnStatus::Failed);
    assert!(told.end.as_ref().unwrap().error.as_ref().unwrap().contains("ended unexpectedly"), "{told:?}");
    assert_eq!(told.reply.content(), text);
    assert!(!has_open_tool(&told), "no tool runs for ever: {told:?}");
    until("what it started has ended", || !sleeps(&stage)).await;
    let next = stage.go_on("next", &before).await;
    assert_eq!(status(&next), TurnStatus::Completed, "{next:?}");
    assert!(!has_notice(&next), "the context is still there");
    let asked = stage.model.requests();
    assert!(asked.last().unwrap()["messages"].to_string().contains("remember me"));
    stage.end().await;
}

#[tokio::test]
async fn what_it_can_use_after_its_end_is_told() {
    let stage = stage(json!("allow")).await;
    let known = stage.backend.models().await.unwrap();
    let mut changed = stage.backend.models_changed();
    let file = stage.root().join("opencode.json");
    let mut config = serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap();
    config["provider"]["scripted"]["models"]["new"] = json!({"name": "New", "cost": {"input": 1.5, "output": 2}});
    std::fs::write(&file, config.to_string()).unwrap();
    signal(opencode_of(stage.directory.path()), "-KILL");
    timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
    let mut models = stage.backend.models().await.unwrap();
    models.retain(|model| !known.contains(model));
    let new = models.iter().map(|model| (model.model_id.as_str(), model.name.as_str(), model.cost));
    let cost = ModelCost { input: 1.5, output: 2.0 };
    assert_eq!(new.collect::<Vec<_>>(), [("scripted/new", "New", Some(cost))]);
    stage.end().await;
}

#[tokio::test]
async fn opencode_is_killed_before_the_first_word() {
    killed_when(json!("allow"), vec![Step::Hang], "", |stage, _| stage.model.requests().len() == 2).await;
}

#[tokio::test]
async fn opencode_is_killed_in_the_text() {
    let so_far = |stage: &Stage, reply: &MessageId| stage.worker.shelf.reply(reply).reply.content() == "Half a ";
    killed_when(json!("allow"), vec![Step::Text("Half a ".into()), Step::Hang], "Half a ", so_far).await;
}

/// One that hangs and lives on is ended after half a minute.
#[tokio::test]
async fn opencode_hangs_in_the_text() {
    let so_far = |stage: &Stage, reply: &MessageId| stage.worker.shelf.reply(reply).reply.content() == "Half a ";
    let steps = vec![Step::Text("Half a ".into()), Step::Hang];
    ends_when(("-STOP", Duration::from_secs(45)), json!("allow"), steps, "Half a ", so_far).await;
}

#[tokio::test]
async fn opencode_is_killed_in_a_tool() {
    killed_when(json!("allow"), vec![sleep_tool()], "", |stage, _| sleeps(stage)).await;
}

#[tokio::test]
async fn opencode_is_killed_while_it_waits_for_a_permission() {
    let so_far = |stage: &Stage, reply: &MessageId| !stage.worker.shelf.reply(reply).requests.is_empty();
    killed_when(json!({ "bash": "ask" }), vec![sleep_tool()], "", so_far).await;
}
