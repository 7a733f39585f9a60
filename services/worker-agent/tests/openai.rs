//! The backend `openai` against an endpoint that answers as these tests say, well and badly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod support;

use std::{os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};

use muster_contracts::{
    id::{MessageId, SessionId},
    v1::{ForkOf, ToolState, TurnStart, TurnStatus, part::Kind},
};
use muster_testkit::{
    openai::{OpenAi, Step, words},
    ports,
};
use muster_worker_agent::backend::{Backend, BackendError, Choice, Surroundings};
use serde_json::{Value, json};
use support::{PATIENCE, Shelf, Told, Worker, surroundings};
use tempfile::TempDir;
use tokio::time::timeout;

const KEY: &str = "sk-scripted-secret";

struct Stage {
    endpoint: OpenAi,
    backend: Arc<dyn Backend>,
    worker: Worker,
    session: SessionId,
    directory: TempDir,
}

fn told_of(endpoint: &str, directory: &TempDir) -> Surroundings {
    let mut surroundings = surroundings(directory.path(), directory.path());
    surroundings.environment.push(("MUSTER_OPENAI_API_KEY".into(), KEY.into()));
    surroundings.settings.openai.openai_url = Some(endpoint.to_owned());
    surroundings
}

async fn stage() -> Stage {
    stage_with(|_| {}).await
}

async fn stage_with(change: impl FnOnce(&mut Surroundings)) -> Stage {
    let endpoint = OpenAi::start().await.unwrap();
    endpoint.answer_all();
    let directory = tempfile::tempdir().unwrap();
    let mut surroundings = told_of(&endpoint.base_url(), &directory);
    change(&mut surroundings);
    let backend = Choice::Openai.start(surroundings).await.unwrap();
    let worker = Worker::new(Arc::clone(&backend), directory.path());
    Stage { endpoint, backend, worker, session: SessionId::random(), directory }
}

fn text(text: &str) -> Step {
    Step::Text(text.to_owned())
}

fn tiny(start: &mut TurnStart) {
    start.model = "tiny".to_owned();
}

fn next(start: &mut TurnStart) {
    tiny(start);
    start.first = false;
}

impl Stage {
    fn begin(&self, message: &str) -> MessageId {
        self.worker.begin(&self.session, message, tiny)
    }

    async fn say(&self, message: &str) -> Told {
        self.worker.turn(&self.session, message, tiny).await
    }

    async fn go_on(&self, message: &str) -> Told {
        self.worker.turn(&self.session, message, next).await
    }

    fn messages(&self) -> Value {
        self.endpoint.requests().last().unwrap()["messages"].clone()
    }
}

fn ended(told: &Told) -> (TurnStatus, String) {
    let end = told.end.as_ref().unwrap();
    (end.outcome(), end.error.clone().unwrap_or_default())
}

fn notices(told: &Told) -> Vec<String> {
    let notice = |part: &muster_contracts::v1::Part| match &part.kind {
        Some(Kind::Notice(notice)) => Some(notice.text.clone()),
        _ => None,
    };
    told.reply.parts().iter().filter_map(notice).collect()
}

#[tokio::test]
async fn thoughts_words_and_usage_arrive_as_themselves() {
    let stage = stage().await;
    stage.endpoint.reply([Step::Reasoning("Let me ".into()), Step::Reasoning("see.".into()), text("It "), text("is.")]);
    let told = stage.say("what is it?").await;
    assert_eq!(ended(&told), (TurnStatus::Completed, String::new()));
    assert_eq!(told.reply.content(), "It is.");
    let thought = told.reply.parts().iter().find_map(|part| match &part.kind {
        Some(Kind::Reasoning(thought)) => Some(thought.text.clone()),
        _ => None,
    });
    assert_eq!(thought.as_deref(), Some("Let me see."));
    let usage = told.end.unwrap().usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.cost), (10, 5, None));
    let request = stage.endpoint.requests().pop().unwrap();
    assert_eq!(request["stream_options"]["include_usage"], json!(true));
    assert_eq!(request["model"], json!("tiny"));
}

#[tokio::test]
async fn the_model_that_was_chosen_is_the_one_that_is_asked_for() {
    let stage = stage().await;
    stage.endpoint.list(json!([{"id": "meta/llama/70b", "max_model_len": 8192}]));
    let models = stage.backend.models().await.unwrap();
    assert_eq!((models[0].model_id.as_str(), models[0].context_tokens), ("meta/llama/70b", Some(8192)));
    let told = stage.worker.turn(&stage.session, "hi", |start| start.model = "meta/llama/70b".into()).await;
    assert_eq!(ended(&told).0, TurnStatus::Completed);
    assert_eq!(stage.endpoint.requests()[0]["model"], json!("meta/llama/70b"));
}

#[tokio::test]
async fn only_models_of_the_list_on_the_command_line_are_offered() {
    let stage = stage_with(|surroundings| surroundings.settings.openai.openai_model = vec!["mine".into()]).await;
    assert_eq!(stage.backend.models().await.unwrap()[0].model_id, "mine");
    let (status, error) = ended(&stage.say("hi").await);
    assert!(status == TurnStatus::Failed && error.contains("tiny"), "{error}");
    assert!(stage.endpoint.requests().is_empty());
}

#[tokio::test]
async fn the_endpoint_is_told_what_was_said_before_even_after_a_restart() {
    let stage = stage_with(|surroundings| surroundings.settings.openai.openai_system = Some("Be kind.".into())).await;
    stage.endpoint.reply([text("Hello Ada.")]);
    stage.say("I am Ada").await;
    let mut again = told_of(&stage.endpoint.base_url(), &stage.directory);
    again.settings.openai.openai_system = Some("Be kind.".into());
    let restarted = Worker::new(Choice::Openai.start(again).await.unwrap(), stage.directory.path());
    let told = restarted.turn(&stage.session, "who am I?", next).await;
    assert_eq!(notices(&told), Vec::<String>::new());
    let roles = |role: &str, content: &str| json!({"role": role, "content": content});
    let wanted = json!([
        roles("system", "Be kind."),
        roles("user", "I am Ada"),
        roles("assistant", "Hello Ada."),
        roles("user", "who am I?"),
    ]);
    assert_eq!(stage.messages(), wanted);
    let file = stage.directory.path().join(format!("openai/{}.json", stage.session));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_lost_history_is_told() {
    let stage = stage().await;
    stage.say("I am Ada").await;
    std::fs::remove_dir_all(stage.directory.path().join("openai")).unwrap();
    std::fs::create_dir(stage.directory.path().join("openai")).unwrap();
    let told = stage.go_on("who am I?").await;
    assert_eq!(ended(&told).0, TurnStatus::Completed);
    assert!(notices(&told)[0].contains("Context was lost"));
}

#[tokio::test]
async fn a_fork_is_given_once_what_was_said_before() {
    let stage = stage().await;
    let fork = |start: &mut TurnStart| {
        next(start);
        start.fork = Some(ForkOf { context: "User:\nI am Ada\n\n".into(), ..ForkOf::default() });
    };
    let told = stage.worker.turn(&stage.session, "who am I?", fork).await;
    assert!(stage.messages().to_string().contains("I am Ada"));
    let notices = notices(&told);
    assert!(notices.len() == 1 && notices[0].contains("as text"), "{notices:?}");
    // Whoever has a session of its own is told of no fork any more.
    assert_eq!(told.end.unwrap().backend_session_id.as_deref(), Some(stage.session.as_str()));
}

#[tokio::test]
async fn a_turn_that_died_with_its_worker_is_told_by_the_next() {
    let stage = stage().await;
    stage.say("one").await;
    stage.endpoint.reply([text("Half "), Step::Hang]);
    let reply = stage.begin("two");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "Half ").await;
    // As a worker that was killed leaves it: another process reads the same files.
    let again = Choice::Openai.start(told_of(&stage.endpoint.base_url(), &stage.directory)).await.unwrap();
    let told = Worker::new(again, stage.directory.path()).turn(&stage.session, "three", next).await;
    assert!(notices(&told)[0].contains("cut off"), "{:?}", notices(&told));
    assert_eq!(stage.messages().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_does_not_fit_the_model_any_more_is_left_out_and_told() {
    let stage = stage_with(|surroundings| surroundings.settings.openai.openai_context = Some(1000)).await;
    let mut left_out = Vec::new();
    for turn in 0..8 {
        stage.endpoint.reply([text(&format!("answer {turn} {}", "a".repeat(300)))]);
        let change = if turn == 0 { tiny } else { next };
        let told = stage.worker.turn(&stage.session, &format!("question {turn} {}", "q".repeat(300)), change).await;
        left_out.push(notices(&told).len());
        let size = stage.messages().to_string().len();
        assert!(size < 3000, "{size}");
    }
    let times = left_out.iter().sum::<usize>();
    assert!((2..6).contains(&times), "now and then, not with every turn: {left_out:?}");
    assert!(stage.messages().to_string().contains("answer 6"), "the newest stay");
}

#[tokio::test]
async fn stopping_ends_the_request_at_once_and_the_words_are_remembered() {
    let stage = stage().await;
    stage.endpoint.reply([text("So far "), Step::Hang]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "So far ").await;
    let mut open = stage.endpoint.open();
    assert_eq!(*open.borrow(), 1);
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = timeout(Duration::from_secs(3), stage.worker.ended(&reply)).await.unwrap();
    assert_eq!(ended(&told).0, TurnStatus::Cancelled);
    timeout(PATIENCE, open.wait_for(|&open| open == 0)).await.unwrap().unwrap();
    stage.go_on("and?").await;
    assert!(stage.messages().to_string().contains("So far "));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_each_time_is_told() {
    let stage = stage().await;
    stage.endpoint.reply([Step::RetryAfter(0)]);
    stage.endpoint.reply([Step::Status(500)]);
    stage.endpoint.reply([Step::Break]);
    stage.endpoint.reply([text("At last.")]);
    let told = stage.say("go").await;
    assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, "At last."));
    let notices = notices(&told);
    assert_eq!(notices.len(), 3, "{notices:?}");
    assert!(notices[0].contains("429") && notices[0].contains("attempt 2 of 5"), "{notices:?}");
    assert!(notices[1].contains("500"), "{notices:?}");
}

#[tokio::test]
async fn what_does_not_pass_fails_with_what_to_do() {
    let stage = stage().await;
    for (steps, words) in [
        (vec![Step::Status(401)], "MUSTER_OPENAI_API_KEY"),
        (vec![Step::Status(404)], "--openai-url"),
        (vec![Step::Status(400)], "scripted 400"),
        (vec![Step::RetryAfter(9_999)], "429"),
        (
            vec![Step::Raw(b"data: {\"error\": {\"message\": \"out of memory\"}}\n\n".to_vec()), Step::Cut],
            "out of memory",
        ),
        (vec![Step::Raw(b"{\"error\": \"overloaded\"}".to_vec()), Step::Cut], "overloaded"),
        (vec![Step::Raw(b"<html>not this</html>\n".to_vec()), Step::Cut], "OpenAI-compatible"),
        (vec![text("Half "), Step::Raw(b"data: {\"choices\": [{\"del".to_vec()), Step::Cut], "middle"),
    ] {
        stage.endpoint.reply(steps.clone());
        let told = stage.say("go").await;
        let (status, error) = ended(&told);
        assert_eq!(status, TurnStatus::Failed, "{steps:?}");
        assert!(error.contains(words) && !error.contains('\n') && !error.contains(KEY), "{error}");
        assert!(notices(&told).is_empty(), "{:?}", notices(&told));
        let told = stage.say("again").await;
        assert_eq!(told.reply.content(), "Done.", "the next turn is fine");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_is_not_asked_again() {
    let stage = stage().await;
    stage.endpoint.reply([text("Half "), Step::Wait, Step::Break]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "Half ").await;
    stage.endpoint.go_on();
    let told = stage.worker.ended(&reply).await;
    let (status, error) = ended(&told);
    assert!(status == TurnStatus::Failed && error.contains("middle"), "{error}");
    assert_eq!(stage.endpoint.requests().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_tried_and_then_told() {
    let stage = stage().await;
    let nobody = ports::lasting().unwrap();
    let surroundings = told_of(&format!("http://{nobody}/v1"), &stage.directory);
    let backend = Choice::Openai.start(surroundings).await.unwrap();
    assert!(backend.models().await.is_err());
    let told = Worker::new(backend, stage.directory.path()).turn(&stage.session, "go", tiny).await;
    let (status, error) = ended(&told);
    assert!(status == TurnStatus::Failed && error.contains(&nobody.to_string()), "{error}");
    assert_eq!(notices(&told).len(), 4);
}

#[tokio::test]
async fn an_endpoint_that_says_nothing_for_long_is_told() {
    let stage = stage_with(|surroundings| surroundings.settings.agent_silence = Some(1)).await;
    for steps in [vec![Step::Wait, text("There.")], vec![text("There"), Step::Wait, text(".")]] {
        stage.endpoint.reply(steps);
        let reply = stage.worker.begin(&SessionId::random(), "go", tiny);
        let told = stage.worker.shelf.wait(&reply, |told| !notices(told).is_empty()).await;
        assert!(notices(&told)[0].contains("Nothing was heard from the endpoint for 1 seconds"), "{told:?}");
        stage.endpoint.go_on();
        let told = stage.worker.ended(&reply).await;
        assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, "There."), "{told:?}");
    }
}

#[tokio::test]
async fn what_an_endpoint_says_that_it_has_cost_is_told() {
    let stage = stage().await;
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 7, "cost": 0.0125}});
    stage.endpoint.reply([text("Dear."), Step::Raw(format!("data: {usage}\n\ndata: [DONE]\n\n").into_bytes())]);
    let usage = stage.say("what is it?").await.end.unwrap().usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.cost), (20, 7, Some(0.0125)));
}

#[tokio::test]
async fn an_image_that_is_attached_reaches_the_model_as_it_was_uploaded() {
    let stage = stage().await;
    let image = stage.worker.files.keep("dot.png", "image/png", b"\x89PNG\r\n\x1a\n and so on");
    let told = stage.worker.turn(&stage.session, "what is this?", |start| {
        tiny(start);
        start.attachments = vec![image.clone()];
    });
    let told = told.await;
    assert_eq!(ended(&told).0, TurnStatus::Completed, "{told:?}");
    let request = stage.endpoint.requests().pop().unwrap();
    let content = &request["messages"].as_array().unwrap().last().unwrap()["content"];
    assert_eq!(content[0], json!({"type": "text", "text": "what is this?"}), "{content}");
    let sent = content[1]["image_url"]["url"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap();
    assert_eq!(data_encoding::BASE64.decode(sent.as_bytes()).unwrap(), b"\x89PNG\r\n\x1a\n and so on");
}

#[tokio::test]
async fn an_endpoint_that_falls_silent_fails_the_turn() {
    let stage = stage_with(|surroundings| surroundings.settings.openai.openai_timeout = Some(1)).await;
    for (steps, content) in [(vec![Step::Hang], ""), (vec![text("Half "), Step::Hang], "Half ")] {
        stage.endpoint.reply(steps);
        let told = stage.say("go").await;
        let (status, error) = ended(&told);
        assert!(status == TurnStatus::Failed && error.contains("silent for 1 seconds"), "{error}");
        assert_eq!(told.reply.content(), content);
    }
    assert_eq!(stage.say("go").await.reply.content(), "Done.");
}

#[tokio::test]
async fn a_flood_is_taken_whole_and_garbage_is_not_kept() {
    let mut stage = stage().await;
    // As over a network: what comes meanwhile becomes one chunk.
    let slow = Shelf::new(Duration::from_millis(20));
    stage.worker = Worker::with(Arc::clone(&stage.backend), stage.directory.path(), slow);
    let flood = (0..100_000).map(|number| format!("{number} ")).collect::<String>();
    stage.endpoint.reply(words(&flood, Duration::ZERO).into_iter().filter(|step| matches!(step, Step::Text(_))));
    let told = stage.say("flood").await;
    assert_eq!(ended(&told).0, TurnStatus::Completed);
    assert!(told.reply.content() == flood, "every token, in order");
    let garbage = Step::Raw(b"\xff\x00 no stream\n\n: a comment\nevent: x\ndata: {broken\n\n".to_vec());
    let endless = std::iter::repeat_n(Step::Raw(vec![b'x'; 1024 * 1024]), 3);
    let steps = [garbage.clone(), text("A")].into_iter().chain(endless).chain([garbage, text("B")]);
    stage.endpoint.reply(steps);
    let told = stage.say("garbage").await;
    assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, "AB"), "{told:?}");
    stage.endpoint.reply(std::iter::repeat_n(Step::Raw(vec![b'x'; 1024 * 1024]), 18));
    assert!(ended(&stage.say("endless").await).1.contains("nothing that can be read"));
    assert_eq!(stage.say("next").await.reply.content(), "Done.");
}

#[tokio::test]
async fn a_tool_call_is_shown_and_said_not_to_be_run() {
    let stage = stage().await;
    stage
        .endpoint
        .reply([text("Let me look. "), Step::Tool { name: "look".into(), arguments: json!({"where": "there"}) }]);
    let told = stage.say("go").await;
    assert_eq!(ended(&told).0, TurnStatus::Completed);
    let tool = told.reply.parts().iter().find_map(|part| match &part.kind {
        Some(Kind::Tool(tool)) => Some(tool.clone()),
        _ => None,
    });
    let tool = tool.unwrap();
    assert_eq!(
        (tool.name.as_str(), tool.state(), tool.input.as_str()),
        ("look", ToolState::ToolError, r#"{"where":"there"}"#)
    );
    assert_eq!(notices(&told).len(), 1);
    stage.endpoint.reply([text("Cut "), Step::Finish("length".into())]);
    assert!(notices(&stage.go_on("more").await)[0].contains("limit"));
}

#[tokio::test]
async fn the_key_goes_to_the_endpoint_and_a_wrong_one_is_told_at_the_start() {
    let stage = stage().await;
    stage.say("hi").await;
    assert!(stage.endpoint.keys().iter().all(|key| key.as_deref() == Some("Bearer sk-scripted-secret")));
    let mut surroundings = surroundings(stage.directory.path(), stage.directory.path());
    surroundings.settings.openai.openai_url = None;
    let Err(error) = Choice::Openai.start(surroundings).await else { panic!("without an address") };
    assert!(matches!(error, BackendError::Settings(_)), "{error}");
}
