//! opencode with a model's provider that behaves badly: its user is told, and the next turn is fine.

use std::time::Duration;

use muster_contracts::v1::{TurnStatus, part::Kind};
use muster_testkit::openai::Step;
use muster_worker_agent::backend::Surroundings;
use serde_json::json;

use crate::{
    stage::*,
    support::{Shelf, Told, Worker},
};

fn text(text: &str) -> Step {
    Step::Text(text.to_owned())
}

fn notices(told: &Told) -> Vec<String> {
    let notice = |part: &muster_contracts::v1::Part| match &part.kind {
        Some(Kind::Notice(notice)) => Some(notice.text.clone()),
        _ => None,
    };
    told.reply.parts().iter().filter_map(notice).collect()
}

fn impatient(surroundings: &mut Surroundings) {
    surroundings.settings.agent_silence = Some(2);
}

async fn the_next_turn_is_fine(stage: Stage, before: &Told) {
    let next = stage.go_on("next", before).await;
    assert_eq!((status(&next), next.reply.content().as_str()), (TurnStatus::Completed, "Done."), "{next:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_flood_is_taken_whole() {
    let mut stage = stage(json!("allow")).await;
    // As over a network: what comes meanwhile becomes one chunk.
    stage.worker = Worker::with(stage.backend.clone(), &stage.root(), Shelf::new(Duration::from_millis(20)));
    let tokens = (0..100_000).map(|number| format!("{number} ")).collect::<Vec<_>>();
    stage.model.reply(tokens.chunks(100).map(|tokens| text(&tokens.concat())));
    let told = stage.say("flood").await;
    assert_eq!(status(&told), TurnStatus::Completed);
    assert!(told.reply.content() == tokens.concat(), "every token, in order");
    the_next_turn_is_fine(stage, &told).await;
}

#[tokio::test]
async fn a_provider_that_stalls_or_never_answers_is_told_and_the_turn_can_be_stopped() {
    let stage = stage_with(json!("allow"), impatient).await;
    let mut before = stage.say("hello").await;
    for (steps, content) in [(vec![Step::Hang], ""), (vec![text("Half "), Step::Hang], "Half ")] {
        stage.model.reply(steps);
        let reply = stage.begin_after("go", &before);
        // On a slow computer nothing is heard for so long before the first words, too.
        let told = |told: &Told| !notices(told).is_empty() && told.reply.content() == content;
        let told = stage.worker.shelf.wait(&reply, told).await;
        assert!(notices(&told)[0].contains("Nothing was heard from opencode for 2 seconds"), "{told:?}");
        stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
        before = stage.worker.ended(&reply).await;
        assert_eq!(status(&before), TurnStatus::Cancelled);
    }
    the_next_turn_is_fine(stage, &before).await;
}

#[tokio::test]
async fn a_provider_that_asks_to_wait_or_breaks_is_asked_again_and_each_time_is_told() {
    let stage = stage(json!("allow")).await;
    for refusal in [Step::RetryAfter(0), Step::Status(429), Step::Status(500), Step::Status(503)] {
        stage.model.reply([refusal.clone()]);
        stage.model.reply([text("At last.")]);
        let told = stage.say("go").await;
        assert_eq!((status(&told), told.reply.content().as_str()), (TurnStatus::Completed, "At last."), "{told:?}");
        assert!(notices(&told).iter().any(|notice| notice.contains("attempt 1")), "{refusal:?}: {told:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn garbage_and_an_answer_that_is_cut_end_the_turn_with_a_reason_or_are_asked_for_again() {
    let stage = stage(json!("allow")).await;
    let raw = |bytes: &[u8]| Step::Raw(bytes.to_vec());
    let garbage = raw(b"\xff\x00 no stream\n\n: a comment\nevent: x\ndata: {broken\n\n");
    let error = raw(b"data: {\"error\": {\"message\": \"out of memory\"}}\n\n");
    for (steps, wanted, words) in [
        (vec![garbage, Step::Cut], TurnStatus::Failed, "opencode: JSON parsing failed"),
        (vec![error, Step::Cut], TurnStatus::Failed, "opencode: out of memory"),
        // Without a reason to end, opencode takes it for half of an answer.
        (vec![text("Half "), raw(b"data: {\"choices\": [{\"del"), Step::Cut], TurnStatus::Completed, "Done."),
        (vec![raw(b"<html>not this</html>\n"), Step::Cut], TurnStatus::Completed, "Done."),
        (vec![text("Half "), Step::Break], TurnStatus::Completed, "Done."),
    ] {
        stage.model.reply(steps.clone());
        let told = stage.say("go").await;
        let error = told.end.as_ref().unwrap().error.clone().unwrap_or_default();
        assert_eq!(status(&told), wanted, "{steps:?}: {told:?}");
        assert!(error.contains(words) || told.reply.content().ends_with(words), "{steps:?}: {told:?}");
        assert!(!error.contains('\n'), "{error}");
        assert_eq!(stage.say("again").await.reply.content(), "Done.", "the next turn is fine");
    }
    stage.end().await;
}

/// The scripted model takes 32,000 tokens: who has asked with as many has no room for another answer. opencode sums up
/// what was said, which is none of the reply, and goes on.
#[tokio::test]
async fn a_session_that_outgrows_its_model_is_compacted_and_says_so() {
    let stage = stage(json!("allow")).await;
    let outgrown = Step::Asked(31_900);
    stage.model.reply([text("One. "), outgrown.clone()]);
    stage.model.reply([text("Two.")]);
    let first = stage.say("one").await;
    stage.model.reply([text("I look. "), bash("ls"), outgrown]);
    stage.model.reply([text("Seen.")]);
    let second = stage.go_on("two", &first).await;
    for (told, content) in [(&first, "One. Two."), (&second, "I look. Seen.")] {
        assert_eq!((status(told), told.reply.content().as_str()), (TurnStatus::Completed, content), "{told:?}");
        assert_eq!(notices(told), ["opencode has compacted the session's context."]);
    }
    the_next_turn_is_fine(stage, &second).await;
}
