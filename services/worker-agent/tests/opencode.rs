//! The real opencode, with a scripted model. Its program is named by
//! MUSTER_OPENCODE or found on the PATH; without it these tests fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use data_encoding::BASE64;
use muster_contracts::{
    id::{MessageId, SessionId},
    v1::{Answer, ForkOf, GivenAnswer, Labels, RequestKind, ToolState, TurnStart, TurnStatus, part::Kind},
};
use muster_testkit::openai::{OpenAi, Step, words};
use muster_worker_agent::backend::{Backend, Choice};
use serde_json::{Value, json};
use support::{PATIENCE, Told, Worker, surroundings, surroundings_with};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

struct Stage {
    model: OpenAi,
    backend: Arc<dyn Backend>,
    worker: Worker,
    session: SessionId,
    directory: TempDir,
}

/// An image of one red dot.
const RED_DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// opencode in a directory of its own, with a configuration file in it: the
/// environment is shared between tests, files are not.
async fn stage(permission: Value) -> Stage {
    // Logs of a failed test; the first test of the process sets them up.
    let _ = tracing_subscriber::fmt().with_env_filter("muster_worker_agent=debug").with_test_writer().try_init();
    let directory = tempfile::tempdir().unwrap();
    let model = OpenAi::start().await.unwrap();
    let root = directory.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let config = model.opencode_config(&permission);
    std::fs::write(root.join("opencode.json"), config.to_string()).unwrap();
    let backend = start(&directory).await;
    let worker = Worker::new(Arc::clone(&backend), &root);
    Stage { model, backend, worker, session: SessionId::random(), directory }
}

async fn start(directory: &TempDir) -> Arc<dyn Backend> {
    let root = directory.path().join("root");
    match Choice::Opencode.start(surroundings(&root, &directory.path().join("state"))).await {
        Ok(backend) => backend,
        Err(error) => panic!("these tests need the real opencode (npm install opencode-ai): {error}"),
    }
}

fn tiny(start: &mut TurnStart) {
    start.model = "scripted/tiny".to_owned();
}

impl Stage {
    fn root(&self) -> PathBuf {
        self.directory.path().join("root").canonicalize().unwrap()
    }

    fn begin(&self, message: &str) -> MessageId {
        self.worker.begin(&self.session, message, tiny)
    }

    async fn say(&self, message: &str) -> Told {
        self.worker.turn(&self.session, message, tiny).await
    }

    /// Goes on in the session that an earlier turn was in.
    async fn go_on(&self, message: &str, before: &Told) -> Told {
        let known = before.end.as_ref().unwrap().backend_session_id.clone();
        assert!(known.is_some());
        self.worker
            .turn(&self.session, message, |start| {
                tiny(start);
                start.first = false;
                start.backend_session_id = known;
            })
            .await
    }

    fn answer(&self, reply: &MessageId, request: &str, answer: Answer) {
        let given = GivenAnswer { reply_id: reply.to_string(), request_id: request.to_owned(), answer: Some(answer) };
        self.worker.turns.get(reply.as_str()).unwrap().answer(given);
    }

    async fn end(self) {
        self.backend.shutdown().await;
        assert_eq!(processes(self.directory.path()), Vec::<i32>::new(), "nothing is left behind");
    }
}

fn status(told: &Told) -> TurnStatus {
    told.end.as_ref().unwrap().outcome()
}

fn kinds(told: &Told) -> Vec<&'static str> {
    let kind = |part: &muster_contracts::v1::Part| match part.kind {
        Some(Kind::Text(_)) => "text",
        Some(Kind::Reasoning(_)) => "reasoning",
        Some(Kind::Tool(_)) => "tool",
        Some(Kind::Diff(_)) => "diff",
        Some(Kind::Plan(_)) => "plan",
        Some(Kind::Permission(_)) => "permission",
        Some(Kind::Question(_)) => "question",
        Some(Kind::Usage(_)) => "usage",
        Some(Kind::Notice(_)) => "notice",
        None => "none",
    };
    told.reply.parts().iter().map(kind).collect()
}

fn has_notice(told: &Told) -> bool {
    kinds(told).contains(&"notice")
}

/// Processes that work in or below a directory.
fn processes(directory: &Path) -> Vec<i32> {
    let directory = directory.canonicalize().unwrap();
    let own = i32::try_from(std::process::id()).unwrap();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|&pid| pid != own)
        .filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&directory)))
        .collect()
}

/// The opencode process itself, not its guard.
fn opencode_of(directory: &Path) -> i32 {
    let serves = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(" serve ") && !line.contains(" guard ")
    };
    let all = processes(directory).into_iter().filter(serves).collect::<Vec<_>>();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]
}

fn kill(pid: i32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn several_that_start_at_once_on_a_new_machine_all_start() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let starts = (0..6).map(|number| {
        let root = directory.path().join(number.to_string());
        std::fs::create_dir(&root).unwrap();
        Choice::Opencode.start(surroundings_with(&data, &root, &root.join("state")))
    });
    for started in futures_util::future::join_all(starts).await {
        started.unwrap_or_else(|error| panic!("{error}")).shutdown().await;
    }
    assert_eq!(processes(directory.path()), Vec::<i32>::new(), "nothing is left behind");
}

#[tokio::test]
async fn each_word_of_a_reply_is_told_before_the_next_is_said() {
    let stage = stage(json!("allow")).await;
    let text = "One two three four five six seven eight nine ten eleven twelve.";
    let mut steps = vec![Step::Reasoning("Let me ".into()), Step::Reasoning("think.".into())];
    steps.extend(text.split_inclusive(' ').flat_map(|word| [Step::Wait, Step::Text(word.to_owned())]));
    stage.model.reply(steps);
    let reply = stage.begin("count in words");
    let mut said = String::new();
    for word in text.split_inclusive(' ') {
        stage.model.go_on();
        said.push_str(word);
        stage.worker.shelf.wait(&reply, |told| told.reply.content() == said).await;
    }
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(kinds(&told), ["reasoning", "text", "usage"]);
    let end = told.end.unwrap();
    assert_eq!(end.usage.unwrap().input_tokens, 10);
    stage.end().await;
}

#[tokio::test]
async fn models_have_their_slashes_and_no_keys_and_the_chosen_one_is_asked() {
    let stage = stage(json!("allow")).await;
    let models = stage.backend.models().await.unwrap();
    let ids = models.iter().map(|model| model.model_id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids, ["scripted/deep/er/tiny", "scripted/seeing", "scripted/tiny"]);
    assert_eq!((models[1].input.as_slice(), models[2].input.as_slice()), (&["image".to_owned()][..], &[][..]));
    assert!(!format!("{models:?}").contains("secret"));
    let told = stage.worker.turn(&stage.session, "hello", |start| start.model = "scripted/deep/er/tiny".into()).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(stage.model.requests()[0]["model"], "deep/er/tiny");
    stage.end().await;
}

#[tokio::test]
async fn what_is_attached_reaches_the_model_as_it_was_uploaded() {
    let stage = stage(json!("allow")).await;
    let files = [
        stage.worker.files.keep("red \"dot\".png", "image/png", RED_DOT),
        stage.worker.files.keep("notes.md", "text/plain", "# Notes\n\nThe word is Möwe.\n".as_bytes()),
    ];
    let attach = |start: &mut TurnStart| {
        start.model = "scripted/seeing".to_owned();
        start.attachments = files.to_vec();
    };
    let told = stage.worker.turn(&stage.session, "what is this?", attach).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(kinds(&told), ["text", "usage"], "what the user sent is no part of the reply");
    let request = stage.model.requests().remove(0);
    let messages = request["messages"].as_array().unwrap();
    let user = messages.iter().filter(|message| message["role"] == "user").collect::<Vec<_>>();
    let sent = json!(user).to_string();
    let image = format!("data:image/png;base64,{}", BASE64.encode(RED_DOT));
    assert!(sent.contains(&image), "the very bytes: {sent}");
    assert!(
        sent.contains("what is this?") && sent.contains("The word is Möwe.") && sent.contains("notes.md"),
        "{sent}"
    );

    // Without a word, the files are the message.
    let told = stage.worker.turn(&SessionId::random(), "", attach).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert!(stage.model.requests().last().unwrap().to_string().contains(&image));
    stage.end().await;
}

#[tokio::test]
async fn a_session_goes_on_with_its_context_and_after_a_restart() {
    let stage = stage(json!("allow")).await;
    let first = stage.say("my name is Ada").await;
    let second = stage.go_on("again", &first).await;
    assert_eq!(status(&second), TurnStatus::Completed, "{second:?}");
    stage.backend.shutdown().await;
    let backend = start(&stage.directory).await;
    let restarted = Worker::new(Arc::clone(&backend), &stage.root());
    let known = first.end.unwrap().backend_session_id;
    let third = restarted
        .turn(&stage.session, "and again", |start| {
            tiny(start);
            start.first = false;
            start.backend_session_id = known;
        })
        .await;
    assert_eq!(status(&third), TurnStatus::Completed, "{third:?}");
    assert!(!has_notice(&third));
    let asked = stage.model.requests();
    let messages = asked.last().unwrap()["messages"].to_string();
    assert!(messages.contains("my name is Ada") && messages.contains("and again"), "{messages}");
    backend.shutdown().await;
    stage.end().await;
}

#[tokio::test]
async fn a_session_that_opencode_has_lost_begins_anew_and_says_so() {
    let stage = stage(json!("allow")).await;
    let told = stage
        .worker
        .turn(&stage.session, "hello", |start| {
            tiny(start);
            start.first = false;
            start.backend_session_id = Some("ses_0000000000000000000000000".into());
        })
        .await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert!(has_notice(&told));
    stage.end().await;
}

#[tokio::test]
async fn a_tool_asks_for_permission_runs_and_shows_its_output_and_diff() {
    let stage = stage(json!({"bash": "ask"})).await;
    let file = stage.root().join("new.txt");
    stage.model.reply([
        Step::Text("I run it. ".into()),
        Step::Tool { name: "bash".into(), arguments: json!({"command": "echo made-it", "description": "say"}) },
    ]);
    stage.model.reply([Step::Tool {
        name: "write".into(),
        arguments: json!({"filePath": file.to_str().unwrap(), "content": "one\ntwo\n"}),
    }]);
    stage.model.reply([Step::Tool {
        name: "todowrite".into(),
        arguments: json!({"todos": [{"content": "look", "status": "pending", "priority": "high"}]}),
    }]);
    stage.model.reply([Step::Text("All done.".into())]);
    let reply = stage.begin("do it");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    assert_eq!(told.requests[0].kind(), RequestKind::Permission);
    assert!(told.requests[0].details.contains("echo made-it"), "{:?}", told.requests);
    let answer = Answer { option_id: Some("once".into()), ..Answer::default() };
    stage.answer(&reply, &told.requests[0].request_id, answer);
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(told.reply.content(), "I run it. All done.");
    let kinds = kinds(&told);
    for kind in ["tool", "permission", "diff", "plan", "usage"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let outputs = told.reply.parts().iter().filter_map(|part| match &part.kind {
        Some(Kind::Tool(tool)) => Some((tool.state(), tool.output.clone())),
        _ => None,
    });
    let outputs = outputs.collect::<Vec<_>>();
    assert!(outputs.iter().all(|(state, _)| *state == ToolState::ToolCompleted), "{outputs:?}");
    assert!(outputs[0].1.contains("made-it"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "one\ntwo\n");
    stage.end().await;
}

#[tokio::test]
async fn a_question_is_answered() {
    let stage = stage(json!("allow")).await;
    let question = json!({"question": "Which?", "header": "Pick", "options": [
        {"label": "Left", "description": "l"}, {"label": "Right", "description": "r"}]});
    stage.model.reply([Step::Tool { name: "question".into(), arguments: json!({"questions": [question]}) }]);
    let reply = stage.begin("ask me");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    assert_eq!(told.requests[0].kind(), RequestKind::Question);
    assert_eq!(told.requests[0].questions[0].options[1].label, "Right");
    let answer = Answer { answers: vec![Labels { labels: vec!["Right".into()] }], ..Answer::default() };
    stage.answer(&reply, &told.requests[0].request_id, answer);
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert!(stage.model.requests()[1]["messages"].to_string().contains("Right"));
    stage.end().await;
}

#[tokio::test]
async fn a_stopped_turn_keeps_its_text_and_the_next_one_goes_on() {
    let stage = stage(json!("allow")).await;
    stage.model.reply([Step::Text("So far ".into()), Step::Text("so good ".into()), Step::Hang]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "So far so good ").await;
    let begun = Instant::now();
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = stage.worker.ended(&reply).await;
    // The runner does not wait longer for a backend, however busy the machine is.
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_eq!(status(&told), TurnStatus::Cancelled);
    assert_eq!(told.reply.content(), "So far so good ");
    let next = stage.go_on("next", &told).await;
    assert_eq!((status(&next), next.reply.content().as_str()), (TurnStatus::Completed, "Done."), "{next:?}");
    stage.end().await;
}

#[tokio::test]
async fn stopping_while_a_permission_waits_withdraws_it() {
    let stage = stage(json!({"bash": "ask"})).await;
    let tool = Step::Tool { name: "bash".into(), arguments: json!({"command": "ls", "description": "list"}) };
    stage.model.reply([tool]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Cancelled);
    let next = stage.go_on("next", &told).await;
    assert_eq!(status(&next), TurnStatus::Completed, "{next:?}");
    assert!(next.requests.is_empty());
    stage.end().await;
}

#[tokio::test]
async fn a_wrong_model_and_a_failing_provider_fail_the_turn_with_a_line() {
    let stage = stage(json!("allow")).await;
    let told = stage.worker.turn(&stage.session, "hello", |start| start.model = "scripted/none".into()).await;
    assert_eq!(status(&told), TurnStatus::Failed);
    let error = told.end.as_ref().unwrap().error.clone().unwrap();
    assert!(error.contains("scripted/none") && !error.contains('\n'), "{error}");
    stage.model.reply([Step::Status(400)]);
    let told = stage.say("hello").await;
    assert_eq!(status(&told), TurnStatus::Failed, "{told:?}");
    assert_eq!(status(&stage.say("hello").await), TurnStatus::Completed);
    stage.end().await;
}

fn sleeps(stage: &Stage) -> bool {
    processes(stage.directory.path())
        .iter()
        .any(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep\x00543")))
}

/// opencode is killed once a turn is so far: the turn ends soon and says why, with the text so far, and the next
/// message goes on with what was said before.
async fn killed_when(permission: Value, steps: Vec<Step>, text: &str, so_far: impl Fn(&Stage, &MessageId) -> bool) {
    let stage = stage(permission).await;
    let before = stage.say("remember me").await;
    stage.model.reply(steps);
    let known = before.end.as_ref().unwrap().backend_session_id.clone();
    let reply = stage.worker.begin(&stage.session, "go", |start| {
        tiny(start);
        start.first = false;
        start.backend_session_id = known;
    });
    until("the turn is so far", || so_far(&stage, &reply)).await;
    let begun = Instant::now();
    kill(opencode_of(stage.directory.path()));
    let told = stage.worker.ended(&reply).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(status(&told), TurnStatus::Failed);
    assert!(told.end.as_ref().unwrap().error.as_ref().unwrap().contains("ended unexpectedly"), "{told:?}");
    assert_eq!(told.reply.content(), text);
    until("what it started has ended", || !sleeps(&stage)).await;
    let next = stage.go_on("next", &before).await;
    assert_eq!(status(&next), TurnStatus::Completed, "{next:?}");
    assert!(!has_notice(&next), "the context is still there");
    let asked = stage.model.requests();
    assert!(asked.last().unwrap()["messages"].to_string().contains("remember me"));
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

#[tokio::test]
async fn opencode_is_killed_in_a_tool() {
    killed_when(json!("allow"), vec![sleep_tool()], "", |stage, _| sleeps(stage)).await;
}

#[tokio::test]
async fn opencode_is_killed_while_it_waits_for_a_permission() {
    let so_far = |stage: &Stage, reply: &MessageId| !stage.worker.shelf.reply(reply).requests.is_empty();
    killed_when(json!({ "bash": "ask" }), vec![sleep_tool()], "", so_far).await;
}

fn sleep_tool() -> Step {
    Step::Tool { name: "bash".into(), arguments: json!({"command": "sleep 543", "description": "sleep"}) }
}

#[tokio::test]
async fn two_sessions_at_once_never_mix() {
    let stage = stage(json!("allow")).await;
    // Which session gets which script is up to the order of arrival; no reply may hold words of two.
    for name in ["alpha", "beta"] {
        stage.model.reply(words(&format!("{name} ").repeat(30), Duration::from_millis(10)));
    }
    let other = SessionId::random();
    let replies = [stage.begin("one"), stage.worker.begin(&other, "two", tiny)];
    let mut contents = Vec::new();
    for reply in &replies {
        contents.push(stage.worker.ended(reply).await.reply.content());
    }
    contents.sort();
    assert_eq!(contents, ["alpha ".repeat(30), "beta ".repeat(30)]);
    stage.end().await;
}

#[tokio::test]
async fn what_a_tool_started_ends_with_the_worker() {
    let stage = stage(json!("allow")).await;
    stage.model.reply([sleep_tool()]);
    stage.begin("go");
    until("the tool runs", || sleeps(&stage)).await;
    timeout(Duration::from_secs(9), stage.worker.runner.close("the worker was stopped")).await.unwrap();
    stage.end().await;
}

/// What the model was given the last time: who spoke, and the text.
fn heard(stage: &Stage) -> Vec<(String, String)> {
    let asked = stage.model.requests();
    let said = |message: &Value| {
        let role = message["role"].as_str().unwrap_or_default().to_owned();
        let text = message["content"].as_str().map_or_else(|| message["content"].to_string(), str::to_owned);
        (role != "system").then_some((role, text))
    };
    asked.last().unwrap()["messages"].as_array().unwrap().iter().filter_map(said).collect()
}

/// Only what was said, in one line.
fn line(heard: &[(String, String)]) -> String {
    heard.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" | ")
}

fn reply_to(told: &Told) -> String {
    told.start.as_ref().unwrap().reply_to.clone()
}

fn git(root: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(root).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
    assert!(git.output().unwrap().status.success(), "{arguments:?}");
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

#[tokio::test]
async fn a_command_at_the_beginning_of_a_message_is_run_and_any_other_slash_is_said() {
    let stage = stage(json!("allow")).await;
    let commands = stage.root().join(".opencode/command");
    std::fs::create_dir_all(&commands).unwrap();
    std::fs::write(commands.join("greet.md"), "---\ndescription: Greets\n---\nSay hello to $ARGUMENTS, please.")
        .unwrap();
    for (typed, said) in
        [("/greet  Ada Lovelace", "Say hello to Ada Lovelace, please."), ("/usr/bin is what?", "/usr/bin is what?")]
    {
        let told = stage.say(typed).await;
        assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
        assert_eq!(heard(&stage).last().unwrap().1, said);
    }
    stage.end().await;
}

#[tokio::test]
async fn its_agents_are_modes_and_its_commands_are_told() {
    let stage = stage(json!("allow")).await;
    let modes = stage.backend.modes().await.unwrap();
    let modes = modes.iter().map(|mode| mode.mode_id.as_str()).collect::<Vec<_>>();
    assert_eq!(modes, ["build", "plan"]);
    let commands = stage.backend.commands().await.unwrap();
    assert!(commands.iter().any(|command| command.name == "init" && !command.description.is_empty()));
    let told = stage
        .worker
        .turn(&stage.session, "think", |start| {
            tiny(start);
            start.mode = Some("plan".into());
        })
        .await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    let asked = stage.model.requests();
    assert!(asked.last().unwrap()["messages"].to_string().contains("Plan Mode"), "opencode tells its agent to plan");
    stage.end().await;
}
