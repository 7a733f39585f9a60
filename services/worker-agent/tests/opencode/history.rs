//! What the model is given again when a message was edited or a session forked.

use std::time::Duration;

use muster_contracts::{
    id::SessionId,
    v1::{ForkOf, TurnStart, TurnStatus},
};
use muster_testkit::openai::{Step, words};
use serde_json::json;

use crate::{stage::*, support::Told};

fn reply_to(told: &Told) -> String {
    told.start.as_ref().unwrap().reply_to.clone()
}

#[tokio::test]
async fn an_edited_message_is_answered_without_the_old_ones_and_what_they_changed() {
    let stage = stage(json!("allow")).await;
    // opencode keeps snapshots of what is under git.
    git(&stage.root(), &["init", "-q"]);
    git(&stage.root(), &["add", "."]);
    git(&stage.root(), &["commit", "-q", "-m", "first"]);
    let file = stage.root().join("made.txt");
    stage.model.reply(words("reply one", Duration::ZERO));
    let first = stage.say("one").await;
    stage.model.reply([Step::Tool { name: "write".into(), arguments: json!({"filePath": file, "content": "old\n"}) }]);
    stage.model.reply(words("reply two", Duration::ZERO));
    let second = stage.go_on("two", &first).await;
    assert!(file.exists());
    stage.model.reply(words("reply three", Duration::ZERO));
    stage.go_on("three", &second).await;
    assert_eq!(line(&heard(&stage)).matches("two").count(), 2);
    let edit = |start: &mut TurnStart| {
        tiny(start);
        start.first = false;
        start.backend_session_id = first.end.as_ref().unwrap().backend_session_id.clone();
        start.superseded = vec![reply_to(&second)];
    };
    // A worker that was stopped between going back and the prompt: the next attempt does the same again.
    stage.model.reply([Step::Hang]);
    let reply = stage.worker.begin(&stage.session, "stopped", edit);
    until("the model was asked", || line(&heard(&stage)).contains("stopped")).await;
    assert_eq!(line(&heard(&stage)), "one | reply one | stopped");
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let stopped = stage.worker.ended(&reply).await;
    assert!(!file.exists(), "what it had made is taken back");
    assert!(has_notice(&stopped), "and the user is told: {stopped:?}");
    stage.model.reply(words("reply edited", Duration::ZERO));
    let edited = stage
        .worker
        .turn(&stage.session, "two, better", |start| {
            edit(start);
            start.superseded.insert(0, reply_to(&stopped));
        })
        .await;
    assert_eq!(status(&edited), TurnStatus::Completed, "{edited:?}");
    assert_eq!(edited.reply.content(), "reply edited");
    assert_eq!(line(&heard(&stage)), "one | reply one | two, better");
    // Even the first message can be replaced.
    let told = stage
        .worker
        .turn(&stage.session, "one, better", |start| {
            edit(start);
            start.superseded = vec![reply_to(&first)];
        })
        .await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(line(&heard(&stage)), "one, better");
    stage.end().await;
}

#[tokio::test]
async fn the_first_of_more_messages_than_opencode_tells_at_once_can_be_replaced() {
    let stage = stage(json!("allow")).await;
    let first = stage.say("one").await;
    for number in 2..=52 {
        assert_eq!(status(&stage.go_on(&format!("message {number}"), &first).await), TurnStatus::Completed);
    }
    let told = stage.worker.turn(&stage.session, "one, better", |start| {
        after(&first)(start);
        start.superseded = vec![reply_to(&first)];
    });
    let told = told.await;
    assert_eq!((status(&told), line(&heard(&stage)).as_str()), (TurnStatus::Completed, "one, better"), "{told:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_fork_goes_on_from_its_message_and_else_from_the_text() {
    let stage = stage(json!("allow")).await;
    stage.model.reply(words("reply one", Duration::ZERO));
    let first = stage.say("one").await;
    stage.model.reply(words("reply two", Duration::ZERO));
    let second = stage.go_on("two", &first).await;
    let fork = |message: &Told, replied: bool| ForkOf {
        backend_session_id: message.end.as_ref().unwrap().backend_session_id.clone(),
        message_id: reply_to(message),
        replied,
        context: "User:\none, as text\n\n".into(),
    };
    for (fork, expected) in [
        (fork(&first, true), "one | reply one | three"),
        (fork(&second, true), "one | reply one | two | reply two | three"),
    ] {
        let session = SessionId::random();
        let told = stage
            .worker
            .turn(&session, "three", |start| {
                tiny(start);
                start.first = false;
                start.fork = Some(fork);
            })
            .await;
        assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
        assert_eq!(line(&heard(&stage)), expected);
        assert!(!has_notice(&told));
        let own = told.end.unwrap().backend_session_id;
        assert_ne!(own, first.end.as_ref().unwrap().backend_session_id);
    }
    // Up to a message of the user alone: what it was answered is not there.
    let session = SessionId::random();
    let unanswered = stage.worker.turn(&session, "three", |start| {
        tiny(start);
        start.fork = Some(fork(&first, false));
    });
    unanswered.await;
    assert!(!line(&heard(&stage)).contains("reply one"));
    let lost = ForkOf { backend_session_id: Some("ses_0000000000000000000000000".into()), ..fork(&first, true) };
    let told = stage
        .worker
        .turn(&SessionId::random(), "three", |start| {
            tiny(start);
            start.first = false;
            start.fork = Some(lost);
        })
        .await;
    assert!(has_notice(&told), "{told:?}");
    let given = line(&heard(&stage));
    assert!(given.contains("one, as text") && given.ends_with("three"), "{given}");
    // The session that they came from is as it was.
    stage.go_on("four", &second).await;
    assert_eq!(line(&heard(&stage)), "one | reply one | two | reply two | four");
    stage.end().await;
}
