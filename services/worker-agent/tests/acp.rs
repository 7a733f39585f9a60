//! The backend `acp` against an agent that does as these tests say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod scripted_agent;
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use muster_contracts::{
    id::{MessageId, SessionId},
    v1::{self, Answer, GivenAnswer, ToolState, TurnStart, TurnStatus, part::Kind},
};
use muster_testkit::process::{Working, working_below};
use muster_worker_agent::backend::{Backend, BackendError, Choice, Surroundings};
use serde_json::json;
use support::{PATIENCE, Shelf, Told, Worker, environment_of, surroundings, until};
use tempfile::TempDir;
use tokio::time::Instant;

struct Stage {
    backend: Arc<dyn Backend>,
    worker: Worker,
    session: SessionId,
    directory: TempDir,
}

/// No test: the agent of the others, which call this program anew.
#[test]
fn the_scripted_agent() {
    if let Ok(can) = std::env::var(scripted_agent::VARIABLE) {
        scripted_agent::talk(can);
    }
}

async fn start(directory: &Path, can: &str) -> Result<Arc<dyn Backend>, BackendError> {
    start_with(directory, can, |_| {}).await
}

async fn start_with(
    directory: &Path,
    can: &str,
    change: impl FnOnce(&mut Surroundings),
) -> Result<Arc<dyn Backend>, BackendError> {
    let mut surroundings = surroundings(&directory.join("root"), &directory.join("state"));
    surroundings.environment.push((scripted_agent::VARIABLE.into(), can.into()));
    let program = std::env::current_exe().unwrap();
    surroundings.settings.acp.agent_words =
        [program.as_os_str(), "the_scripted_agent".as_ref(), "--exact".as_ref(), "--nocapture".as_ref()]
            .map(Into::into)
            .to_vec();
    surroundings.settings.agent_env = vec![scripted_agent::VARIABLE.to_owned()];
    change(&mut surroundings);
    Choice::Acp.start(surroundings).await
}

async fn stage(can: &str) -> Stage {
    let _ = tracing_subscriber::fmt().with_env_filter("muster_worker_agent=debug").with_test_writer().try_init();
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("root")).unwrap();
    let backend = start(directory.path(), can).await.unwrap();
    let worker = Worker::new(Arc::clone(&backend), &directory.path().join("root"));
    Stage { backend, worker, session: SessionId::random(), directory }
}

fn first(start: &mut TurnStart) {
    start.model = "default".to_owned();
}

impl Stage {
    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn begin(&self, message: &str) -> MessageId {
        self.worker.begin(&self.session, message, first)
    }

    async fn say(&self, message: &str) -> Told {
        self.worker.turn(&self.session, message, first).await
    }

    /// Goes on in the session that an earlier turn was in.
    async fn go_on(&self, message: &str, before: &Told) -> Told {
        let known = before.end.as_ref().unwrap().backend_session_id.clone();
        assert!(known.is_some());
        self.worker
            .turn(&self.session, message, |start| {
                first(start);
                start.first = false;
                start.backend_session_id = known;
            })
            .await
    }

    fn answer(&self, reply: &MessageId, told: &Told, option: &str) {
        let answer = Answer { option_id: Some(option.to_owned()), ..Answer::default() };
        let request_id = told.requests[0].request_id.clone();
        let given = GivenAnswer { reply_id: reply.to_string(), request_id, answer: Some(answer) };
        self.worker.turns.get(reply.as_str()).unwrap().answer(given);
    }

    fn stop(&self, reply: &MessageId) {
        self.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    }

    async fn end(self) {
        self.backend.shutdown().await;
        assert_eq!(working_below(self.directory.path()), [], "nothing is left behind");
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

/// The agent itself, not its guard.
fn agent_of(directory: &Path) -> u32 {
    // One that has just ended has no command any more.
    let is_agent = |process: &Working| !process.command.is_empty() && !process.command.contains("guard");
    let all = working_below(directory).into_iter().filter(is_agent).collect::<Vec<_>>();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].pid
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn every_kind_of_update_arrives_as_itself() {
    let stage = stage("models").await;
    assert_eq!(
        stage.backend.name(),
        format!("acp: {}", std::env::current_exe().unwrap().file_stem().unwrap().display())
    );
    assert_eq!(stage.backend.version(), "7");
    let told = stage.worker.turn(&stage.session, "everything", |start| start.model = "one".into()).await;
    assert_eq!(ended(&told), (TurnStatus::Completed, String::new()));
    let kinds = told.reply.parts().iter().map(|part| match part.kind.as_ref().unwrap() {
        Kind::Text(text) => format!("text {}", text.text),
        Kind::Reasoning(text) => format!("thought {}", text.text),
        Kind::Tool(tool) => format!("{} {:?} {} {} {}", tool.name, tool.state(), tool.title, tool.input, tool.output),
        Kind::Diff(diff) => format!("diff {} {}", diff.path, diff.patch.contains("-a\n+b\n")),
        Kind::Plan(plan) => format!("plan {} {}", plan.entries[0].status, plan.entries[0].content),
        Kind::Usage(usage) => format!("usage {} {} {:?}", usage.input_tokens, usage.output_tokens, usage.cost),
        other => format!("{other:?}"),
    });
    let wanted = [
        "thought Let me see.",
        "text First ",
        "plan in_progress look",
        "edit ToolCompleted Edit a.txt {\"path\":\"a.txt\"} changed",
        "diff a.txt true",
        "text then.",
        "usage 1 2 None",
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), wanted);
    assert_eq!(told.end.as_ref().unwrap().title.as_deref(), Some("A name"));
    // The protocol has no times: they are the worker's.
    let took = told.reply.parts().iter().find_map(|part| match &part.kind {
        Some(Kind::Tool(_)) => Some(part.ended_at? - part.started_at),
        _ => None,
    });
    assert!(took.is_some_and(|took| took >= 0), "{took:?}");
    stage.end().await;
}

#[tokio::test]
async fn the_models_are_the_agent_s_and_the_chosen_one_is_set() {
    let stage = stage("models").await;
    let models = stage.backend.models().await.unwrap();
    let ids = models.iter().map(|model| (model.model_id.as_str(), model.provider.as_str())).collect::<Vec<_>>();
    assert_eq!(ids, [("one", "Scripted"), ("deep/er/two", "Scripted")]);
    let choose = |start: &mut TurnStart| {
        start.model = "deep/er/two".to_owned();
        start.mode = Some("yolo".to_owned());
    };
    let told = stage.worker.turn(&stage.session, "model", choose).await;
    assert_eq!(told.reply.content(), "deep/er/two yolo");
    let told = stage.worker.turn(&stage.session, "model", |start| start.model = "none".into()).await;
    let (status, error) = ended(&told);
    assert!(status == TurnStatus::Failed && error.contains("does not offer none"), "{error}");
    stage.end().await;
    let without = self::stage("").await;
    assert_eq!(without.backend.models().await.unwrap()[0].model_id, "default");
    without.end().await;
}

#[tokio::test]
async fn what_an_agent_changes_between_turns_counts() {
    let stage = stage("models").await;
    let mut changed = stage.backend.models_changed();
    let asks = |start: &mut TurnStart| {
        start.model = "one".to_owned();
        start.mode = Some("ask".to_owned());
    };
    stage.worker.turn(&stage.session, "change afterwards", asks).await;
    fs::write(stage.root().join("change"), "").unwrap();
    let news = async {
        while stage.backend.models().await.unwrap().len() < 3 {
            changed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, news).await.expect("its new model is told");
    let modes = stage.backend.modes(&stage.root()).await.unwrap().into_iter().map(|mode| mode.mode_id);
    assert!(modes.eq(["yolo", "ask", "plan"]));
    // It went into another mode by itself: the chosen one is chosen again.
    let told = stage.worker.turn(&stage.session, "model", asks).await;
    assert_eq!(told.reply.content(), "one ask");
    stage.end().await;
}

#[tokio::test]
async fn how_hard_a_model_thinks_is_chosen_with_it() {
    let stage = stage("models thinks").await;
    let models = stage.backend.models().await.unwrap();
    assert_eq!(models[0].variants, ["medium", "high"]);
    let ask = async |model: &str, before: &Option<Told>| {
        let known = before.as_ref().and_then(|told| told.end.as_ref()?.backend_session_id.clone());
        stage
            .worker
            .turn(&stage.session, "thought", |start| {
                start.model = model.to_owned();
                start.first = known.is_none();
                start.backend_session_id = known;
            })
            .await
    };
    let mut before = None;
    for (model, answer, notices_of_it) in [
        ("one#high", "one high", 0),
        // Nothing chosen is what it was before.
        ("one", "one medium", 0),
        ("one#high", "one high", 0),
        ("deep/er/two#high", "deep/er/two high", 1),
        ("deep/er/two", "deep/er/two high", 0),
        ("one", "one medium", 0),
    ] {
        let told = ask(model, &before).await;
        assert_eq!((told.reply.content().as_str(), notices(&told).len()), (answer, notices_of_it), "{told:?}");
        before = Some(told);
    }
    // By now it is known that the other one has none.
    let models = stage.backend.models().await.unwrap();
    assert_eq!(models.iter().map(|model| model.variants.len()).collect::<Vec<_>>(), [2, 0]);
    stage.end().await;
}

#[tokio::test]
async fn what_an_agent_takes_back_is_asked_no_more() {
    let stage = stage("").await;
    let reply = stage.begin("ask and take back");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    assert!(told.withdrawn.is_empty());
    fs::write(stage.root().join("take back"), "").unwrap();
    let end = stage.worker.ended(&reply).await;
    assert_eq!((end.withdrawn, end.requests.len()), (vec![told.requests[0].request_id.clone()], 1));
    assert_eq!(end.reply.content(), "You said nothing.");
    stage.end().await;
}

/// A turn that is refused, or stopped, may have made a choice by then.
#[tokio::test]
async fn what_a_turn_that_did_not_begin_has_chosen_is_known_to_the_next() {
    let stage = stage("models").await;
    let ask = async |model: &str, mode: &str, before: Option<&Told>| {
        let known = before.and_then(|told| told.end.as_ref()?.backend_session_id.clone());
        stage
            .worker
            .turn(&stage.session, "model", |start| {
                (start.model, start.mode) = (model.to_owned(), Some(mode.to_owned()));
                start.first = known.is_none();
                start.backend_session_id = known;
            })
            .await
    };
    let begun = ask("one", "ask", None).await;
    assert_eq!(begun.reply.content(), "one ask");
    let refused = ask("deep/er/two", "nowhere", Some(&begun)).await;
    assert!(ended(&refused).1.contains("does not offer nowhere"), "{refused:?}");
    let told = ask("one", "ask", Some(&begun)).await;
    assert_eq!(told.reply.content(), "one ask");
    stage.end().await;
}

#[tokio::test]
async fn a_model_that_an_agent_calls_default_is_chosen_like_any_other() {
    let stage = stage("models default").await;
    let begun = stage.worker.turn(&stage.session, "model", |start| start.model = "one".to_owned()).await;
    assert_eq!(begun.reply.content(), "one ask");
    assert_eq!(stage.go_on("model", &begun).await.reply.content(), "default ask");
    stage.end().await;
}

#[tokio::test]
async fn what_an_agent_tells_after_its_answer_is_told_with_the_next() {
    let stage = stage("").await;
    let told = stage.say("tell afterwards").await;
    assert_eq!(told.end.as_ref().unwrap().title, None);
    fs::write(stage.root().join("tell"), "").unwrap();
    until("it has told", || stage.root().join("told").exists()).await;
    let next = stage.go_on("hello", &told).await;
    assert_eq!(next.end.as_ref().unwrap().title.as_deref(), Some("A late name"));
    let cost = |part: &v1::Part| match &part.kind {
        Some(Kind::Usage(usage)) => usage.cost,
        _ => None,
    };
    assert_eq!(next.reply.parts().iter().find_map(cost), Some(0.5), "{next:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_form_is_asked_as_questions_until_what_is_filled_in_fits() {
    let stage = stage("").await;
    let reply = stage.begin("form");
    let asked = |number: usize| stage.worker.shelf.wait(&reply, move |told| told.requests.len() == number);
    let fill = |told: &Told, labels: &[&str]| {
        let label = |&label: &&str| v1::Labels { labels: vec![label.to_owned()] };
        let answer = Answer { answers: labels.iter().map(label).collect(), ..Answer::default() };
        let request_id = told.requests.last().unwrap().request_id.clone();
        let given = GivenAnswer { reply_id: reply.to_string(), request_id, answer: Some(answer) };
        stage.worker.turns.get(reply.as_str()).unwrap().answer(given);
    };
    let told = asked(1).await;
    assert_eq!((told.requests[0].title.as_str(), told.requests[0].questions.len()), ("Before I begin:", 2));
    fill(&told, &["ten", "Europe"]);
    let told = asked(2).await;
    assert_eq!(told.requests[1].title, "“How many” takes a whole number (at most 9). Before I begin:");
    fill(&told, &["7", "Europe"]);
    let told = stage.worker.ended(&reply).await;
    assert_eq!(told.reply.content(), json!({"action": "accept", "content": {"many": 7, "where": "eu"}}).to_string());

    let reply = stage.begin("form");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    let request_id = told.requests[0].request_id.clone();
    let given = GivenAnswer { reply_id: reply.to_string(), request_id, answer: Some(Answer::default()) };
    stage.worker.turns.get(reply.as_str()).unwrap().answer(given);
    assert_eq!(stage.worker.ended(&reply).await.reply.content(), r#"{"action":"decline"}"#);

    let reply = stage.begin("form");
    stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    stage.stop(&reply);
    assert_eq!(stage.worker.ended(&reply).await.reply.content(), r#"{"action":"cancel"}"#);

    let told = stage.say("form of tomorrow").await;
    assert_eq!((told.reply.content().as_str(), notices(&told).len()), (r#"{"action":"cancel"}"#, 1));
    stage.end().await;
}

#[tokio::test]
async fn the_commands_are_the_agent_s_and_reach_it_as_they_are_typed() {
    let stage = stage("").await;
    let review = v1::Command { name: "review".to_owned(), description: "Looks at it.".to_owned() };
    assert_eq!(support::commands(&*stage.backend, &stage.root()).await, [review]);
    stage.say("/review this").await;
    assert_eq!(stage.say("before").await.reply.content(), "/review this;");
    stage.end().await;
}

#[tokio::test]
async fn a_permission_is_asked_for_and_the_answer_reaches_the_agent() {
    let stage = stage("").await;
    for (option, said) in [("yes", "You said yes."), ("no", "You said no."), ("anything", "You said no.")] {
        let reply = stage.begin("ask");
        let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
        assert_eq!(
            (told.requests[0].title.as_str(), told.requests[0].details.as_str()),
            ("Run ls", r#"{"command":"ls"}"#)
        );
        stage.answer(&reply, &told, option);
        let told = stage.worker.ended(&reply).await;
        assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, said));
    }
    stage.end().await;
}

#[tokio::test]
async fn stopping_while_a_permission_waits_withdraws_it() {
    let stage = stage("").await;
    let reply = stage.begin("ask");
    stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    stage.stop(&reply);
    assert_eq!(ended(&stage.worker.ended(&reply).await).0, TurnStatus::Cancelled);
    let outcome = fs::read_to_string(stage.root().join("outcome")).unwrap();
    assert!(outcome.contains("cancelled"), "{outcome}");
    assert_eq!(stage.say("hello").await.reply.content(), "Done.");
    stage.end().await;
}

#[tokio::test]
async fn a_stopped_turn_keeps_its_last_words() {
    let stage = stage("").await;
    let reply = stage.begin("hang");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "So far ").await;
    stage.stop(&reply);
    let told = stage.worker.ended(&reply).await;
    assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Cancelled, "So far and no further."));
    assert_eq!(stage.go_on("hello", &told).await.reply.content(), "Done.");
    stage.end().await;
}

#[tokio::test]
async fn an_agent_that_does_not_let_itself_be_stopped_is_started_anew() {
    let stage = stage("resume").await;
    let reply = stage.begin("deaf");
    stage.worker.shelf.wait(&reply, |told| !told.reply.content().is_empty()).await;
    let begun = Instant::now();
    stage.stop(&reply);
    let told = stage.worker.ended(&reply).await;
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_eq!(ended(&told).0, TurnStatus::Cancelled);
    let told = stage.go_on("before", &told).await;
    assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, "deaf;"), "{told:?}");
    assert!(notices(&told).is_empty());
    stage.end().await;
}

#[tokio::test]
async fn an_agent_that_ends_fails_the_turn_soon_and_the_next_one_goes_on() {
    for (can, context) in [("load", true), ("resume", true), ("", false)] {
        let stage = stage(can).await;
        let before = stage.say("remember").await;
        for (how, content) in [
            ("exit", "Half a "),
            ("cut", "Half a "),
            ("close", "Half a "),
            ("think", ""),
            ("hang", "So far "),
            ("ask", ""),
        ] {
            let reply = stage.worker.begin(&stage.session, how, |start| {
                first(start);
                start.first = false;
                start.backend_session_id = before.end.as_ref().unwrap().backend_session_id.clone();
            });
            let begun = Instant::now();
            if matches!(how, "think" | "hang" | "ask") {
                let is_at_it = || {
                    let told = stage.worker.shelf.reply(&reply);
                    let thinks = how == "think" && stage.root().join("thinks").exists();
                    thinks || !told.reply.content().is_empty() || !told.requests.is_empty()
                };
                until("it is at it", is_at_it).await;
                kill(agent_of(stage.directory.path()));
            }
            let told = stage.worker.ended(&reply).await;
            assert!(begun.elapsed() < Duration::from_secs(5), "{how}: {:?}", begun.elapsed());
            let (status, error) = ended(&told);
            assert!(status == TurnStatus::Failed && error.contains("has ended unexpectedly"), "{how}: {error}");
            assert_eq!(told.reply.content(), content, "{how}");
            let open = told.reply.parts().iter().any(|part| match &part.kind {
                Some(Kind::Tool(tool)) => tool.state() == ToolState::ToolRunning,
                _ => false,
            });
            assert!(!open, "no tool runs for ever");
        }
        let told = stage.go_on("before", &before).await;
        assert_eq!(ended(&told).0, TurnStatus::Completed);
        assert_eq!(told.reply.content().starts_with("remember;"), context, "{can}: {}", told.reply.content());
        assert_eq!(notices(&told).iter().any(|text| text.contains("Context was lost")), !context, "{can}");
        assert!(!told.reply.content().contains("replayed"));
        stage.end().await;
    }
}

#[tokio::test]
async fn a_restarted_worker_goes_on_or_says_what_was_lost() {
    for (can, context) in [("load", true), ("", false)] {
        let stage = stage(can).await;
        let before = stage.say("remember").await;
        stage.backend.shutdown().await;
        let again = start(stage.directory.path(), can).await.unwrap();
        let stage = Stage { worker: Worker::new(Arc::clone(&again), &stage.root()), backend: again, ..stage };
        let told = stage.go_on("before", &before).await;
        assert_eq!(told.reply.content().starts_with("remember;"), context);
        assert_eq!(notices(&told).is_empty(), context);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_mode_in_which_nobody_is_asked_does_not_come_back_by_itself() {
    let stage = stage("models load bypass").await;
    let with = |mode: Option<&str>, first: bool, known: Option<String>| {
        let mode = mode.map(str::to_owned);
        move |start: &mut TurnStart| {
            start.model = "one".to_owned();
            (start.mode, start.first, start.backend_session_id) = (mode, first, known);
        }
    };
    let before = stage.worker.turn(&stage.session, "model", with(None, true, None)).await;
    assert_eq!(before.reply.content(), "one yolo", "the user's own configuration of the agent is theirs");
    let known = before.end.unwrap().backend_session_id;
    let reply = stage.worker.begin(&stage.session, "hang", with(None, false, known.clone()));
    stage.worker.shelf.wait(&reply, |told| !told.reply.content().is_empty()).await;
    kill(agent_of(stage.directory.path()));
    assert_eq!(ended(&stage.worker.ended(&reply).await).0, TurnStatus::Failed);
    let told = stage.worker.turn(&stage.session, "model", with(None, false, known.clone())).await;
    assert_eq!(told.reply.content(), "one ask", "{told:?}");
    assert!(notices(&told)[0].contains("yolo"), "{:?}", notices(&told));
    let told = stage.worker.turn(&stage.session, "model", with(Some("yolo"), false, known.clone())).await;
    assert_eq!(told.reply.content(), "one yolo", "a person has chosen it");

    // Chat knows the mode of the session, and tells it after a restart too: a person has to say it again.
    stage.backend.shutdown().await;
    let again = start(stage.directory.path(), "models load bypass").await.unwrap();
    let stage = Stage { worker: Worker::new(Arc::clone(&again), &stage.root()), backend: again, ..stage };
    for (option, mode) in [("ask", "ask"), ("go-on", "yolo")] {
        let reply = stage.worker.begin(&stage.session, "model", with(Some("yolo"), false, known.clone()));
        let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty() || told.end.is_some()).await;
        assert_eq!(told.requests[0].title, "Go on in the mode yolo", "{told:?}");
        stage.answer(&reply, &told, option);
        assert_eq!(stage.worker.ended(&reply).await.reply.content(), format!("one {mode}"));
    }
    let told = stage.worker.turn(&stage.session, "model", with(Some("yolo"), false, known)).await;
    assert_eq!((told.reply.content().as_str(), told.requests.len()), ("one yolo", 0), "it was said once");
    stage.end().await;
}

#[tokio::test]
async fn an_agent_that_only_knows_a_mode_in_which_nobody_is_asked_goes_on_if_a_person_says_so() {
    let stage = stage("models load bypass reckless").await;
    let before = stage.worker.turn(&stage.session, "model", |start| start.model = "one".to_owned()).await;
    stage.backend.shutdown().await;
    let again = start(stage.directory.path(), "models load bypass reckless").await.unwrap();
    let stage = Stage { worker: Worker::new(Arc::clone(&again), &stage.root()), backend: again, ..stage };
    for (option, outcome) in [("ask", TurnStatus::Failed), ("go-on", TurnStatus::Completed)] {
        let reply = stage.worker.begin(&stage.session, "model", |start| {
            (start.model, start.first) = ("one".to_owned(), false);
            start.backend_session_id = before.end.as_ref().unwrap().backend_session_id.clone();
        });
        let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty() || told.end.is_some()).await;
        assert_eq!(told.requests[0].title, "Go on in the mode yolo", "{told:?}");
        stage.answer(&reply, &told, option);
        let told = stage.worker.ended(&reply).await;
        assert_eq!(ended(&told).0, outcome, "{told:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn a_session_that_only_slept_goes_on_in_its_mode() {
    let stage = stage("models resume bypass").await;
    let in_yolo = |known: Option<String>| {
        move |start: &mut TurnStart| {
            (start.model, start.mode) = ("one".to_owned(), Some("yolo".to_owned()));
            (start.first, start.backend_session_id) = (known.is_none(), known);
        }
    };
    let before = stage.worker.turn(&stage.session, "model", in_yolo(None)).await;
    let held = stage.backend.held();
    assert_eq!(held.len(), 1);
    stage.backend.release(&held[0]).await;
    let known = before.end.unwrap().backend_session_id;
    let told = stage.worker.turn(&stage.session, "model", in_yolo(known)).await;
    assert_eq!((told.reply.content().as_str(), told.requests.len()), ("one yolo", 0), "the agent was not started anew");
    stage.end().await;
}

#[tokio::test]
async fn what_was_chosen_is_chosen_again_though_the_agent_does_not_tell_what_there_is() {
    let stage = stage("models load bare").await;
    let with_two = |known: Option<String>| {
        move |start: &mut TurnStart| {
            start.model = "deep/er/two".to_owned();
            (start.first, start.backend_session_id) = (known.is_none(), known);
        }
    };
    let before = stage.worker.turn(&stage.session, "model", with_two(None)).await;
    assert_eq!(before.reply.content(), "deep/er/two ask");
    let known = before.end.unwrap().backend_session_id;
    let reply = stage.worker.begin(&stage.session, "hang", with_two(known.clone()));
    stage.worker.shelf.wait(&reply, |told| !told.reply.content().is_empty()).await;
    kill(agent_of(stage.directory.path()));
    stage.worker.ended(&reply).await;
    let told = stage.worker.turn(&stage.session, "model", with_two(known)).await;
    assert_eq!(told.reply.content(), "deep/er/two ask", "{told:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_question_without_an_answer_to_choose_is_a_no() {
    let stage = stage("").await;
    let told = stage.say("ask without a choice").await;
    assert_eq!((told.reply.content().as_str(), told.requests.len()), ("You said nothing.", 0));
    assert!(notices(&told)[0].contains("offered no answer"), "{told:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_turn_that_is_stopped_while_its_agent_starts_leaves_no_agent_behind() {
    let stage = stage("load").await;
    let reply = stage.begin("hang");
    stage.worker.shelf.wait(&reply, |told| !told.reply.content().is_empty()).await;
    fs::write(stage.root().join("slow"), "").unwrap();
    kill(agent_of(stage.directory.path()));
    // Not only is it gone: the worker knows.
    let before = stage.worker.ended(&reply).await;
    assert_eq!(ended(&before).0, TurnStatus::Failed);
    let gone = async || {
        while !working_below(stage.directory.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone()).await.expect("the killed one is gone");
    let known = before.end.unwrap().backend_session_id;
    let reply = stage.worker.begin(&stage.session, "more", |start| {
        first(start);
        (start.first, start.backend_session_id) = (false, known);
    });
    let starting = async {
        while working_below(stage.directory.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), starting).await.expect("another one is started");
    stage.stop(&reply);
    assert_eq!(ended(&stage.worker.ended(&reply).await).0, TurnStatus::Cancelled);
    tokio::time::timeout(Duration::from_secs(10), gone()).await.expect("nothing of it is left");
    stage.end().await;
}

#[tokio::test]
async fn an_agent_that_says_nothing_is_told() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("root")).unwrap();
    let backend = start_with(directory.path(), "", |surroundings| surroundings.settings.agent_silence = Some(1));
    let backend = backend.await.unwrap();
    let worker = Worker::new(Arc::clone(&backend), &directory.path().join("root"));
    let stage = Stage { backend, worker, session: SessionId::random(), directory };
    let reply = stage.begin("hang");
    let told = stage.worker.shelf.wait(&reply, |told| !notices(told).is_empty()).await;
    assert!(notices(&told)[0].contains("for 1 seconds"), "{told:?}");
    stage.stop(&reply);
    let told = stage.worker.ended(&reply).await;
    assert_eq!((ended(&told).0, notices(&told).len()), (TurnStatus::Cancelled, 1));
    stage.end().await;
}

#[tokio::test]
async fn what_is_not_understood_is_refused_or_left_out() {
    let stage = stage("").await;
    for (message, content) in [("strange", "Both were refused."), ("garbage", "Still here."), ("hello", "Done.")] {
        let told = stage.say(message).await;
        assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, content));
    }
    let told = stage.say("refuse").await;
    assert!(ended(&told).0 == TurnStatus::Completed && notices(&told)[0].contains("refused"));
    stage.end().await;
}

#[tokio::test]
async fn what_is_attached_reaches_the_agent_as_it_takes_it() {
    for (can, image, told_of_it) in [("", true, 1), ("blind", false, 2)] {
        let stage = stage(can).await;
        let files = [
            stage.worker.files.keep("dot.png", "image/png", b"\x89PNG\r\n\x1a\n and so on"),
            stage.worker.files.keep("notes.txt", "text/plain", "grün\n".as_bytes()),
            stage.worker.files.keep("long.txt", "text/plain", "x".repeat(600 * 1024).as_bytes()),
        ];
        let attach = |start: &mut TurnStart| {
            first(start);
            start.attachments = files.to_vec();
        };
        let told = stage.worker.turn(&stage.session, "image", attach).await;
        let given = serde_json::from_str::<Vec<serde_json::Value>>(&told.reply.content()).unwrap();
        let pictures = given.iter().filter(|block| block["type"] == "image").collect::<Vec<_>>();
        assert_eq!(pictures.len(), usize::from(image), "{can}");
        let whole = json!({"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgogYW5kIHNvIG9u"});
        assert!(pictures.iter().all(|&picture| *picture == whole), "{pictures:?}");
        assert!(given.contains(&json!({"type": "text", "text": "The file notes.txt:\n\ngrün\n"})), "{can}");
        // What is left out of it is said.
        assert_eq!(notices(&told).len(), told_of_it, "{:?}", notices(&told));
        stage.end().await;
    }
}

#[tokio::test]
async fn a_flood_is_taken_whole() {
    let mut stage = stage("").await;
    // As over a network: what comes meanwhile becomes one chunk.
    stage.worker = Worker::with(Arc::clone(&stage.backend), &stage.root(), Shelf::new(Duration::from_millis(20)));
    let told = stage.say("flood").await;
    assert_eq!(ended(&told).0, TurnStatus::Completed);
    assert!(told.reply.content() == (0..100_000).map(|number| format!("{number} ")).collect::<String>());
    stage.end().await;
}

#[tokio::test]
async fn sessions_have_one_agent_and_never_mix() {
    let stage = stage("resume").await;
    let sessions = (0..50).map(|_| SessionId::random()).collect::<Vec<_>>();
    for session in &sessions {
        let told = stage.worker.turn(session, &format!("I am {session}"), first).await;
        assert_eq!(ended(&told).0, TurnStatus::Completed);
    }
    for session in &sessions {
        let told = stage.worker.turn(session, "before", first).await;
        assert_eq!(told.reply.content(), format!("I am {session};"));
    }
    assert!(agent_of(stage.directory.path()) > 0);
    stage.backend.release(sessions[0].as_str()).await;
    let closed = fs::read_dir(stage.root())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("closed-"));
    assert_eq!(closed.count(), 1, "what is let go of is closed");
    stage.end().await;
}

#[tokio::test]
async fn an_agent_gets_nothing_of_the_worker_s_environment_but_what_it_needs() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("root")).unwrap();
    let starting = start_with(directory.path(), "", |surroundings| {
        let more = [("MUSTER_TOKEN", "t"), ("SECRET_OF_ANOTHER", "s"), ("LC_ALL", "C.UTF-8"), ("SOME_API_KEY", "k")];
        surroundings.environment.extend(more.map(|(name, value)| (name.into(), value.into())));
    });
    let backend = starting.await.unwrap();
    let given = environment_of(agent_of(directory.path()));
    let has = |begins: &str| given.iter().any(|variable| variable.starts_with(begins));
    assert!(["PATH=", "LC_ALL=", "SOME_API_KEY=", "SCRIPTED_AGENT="].into_iter().all(has), "{given:?}");
    assert!(!["MUSTER_", "SECRET_", "CARGO_PKG"].into_iter().any(has), "{given:?}");
    backend.shutdown().await;
}

#[tokio::test]
async fn an_agent_that_cannot_be_used_is_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("root")).unwrap();
    for (can, words) in [("dead", "No database here."), ("locked", "run scripted login")] {
        let Err(error) = start(directory.path(), can).await else { panic!("{can}") };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn an_agent_that_nobody_has_signed_in_to_is_told_to_use_the_key_that_it_has() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("root")).unwrap();
    let start = async |key: Option<&str>| {
        let changed = start_with(directory.path(), "locked", |surroundings| {
            surroundings.settings.agent_env.push("SCRIPTED_API_KEY".into());
            surroundings.environment.extend(key.map(|key| ("SCRIPTED_API_KEY".into(), key.into())));
        });
        changed.await
    };
    start(Some("fits")).await.unwrap().shutdown().await;
    for key in [None, Some(""), Some("does not")] {
        let Err(error) = start(key).await else { panic!("{key:?}") };
        assert!(error.to_string().contains("run scripted login"), "{error}");
    }
}

/// Run beside all the rest: it waits more than it works.
mod waiting {
    use super::*;

    #[tokio::test]
    async fn an_agent_that_hangs_between_turns_is_started_anew_for_the_next_session() {
        let stage = stage("").await;
        stage.say("hello").await;
        let hangs = agent_of(stage.directory.path());
        assert!(Command::new("kill").args(["-STOP", &hangs.to_string()]).status().unwrap().success());
        let told = stage.worker.turn(&SessionId::random(), "hello", first).await;
        assert_eq!((ended(&told).0, told.reply.content().as_str()), (TurnStatus::Completed, "Done."), "{told:?}");
        assert_ne!(agent_of(stage.directory.path()), hangs);
        stage.end().await;
    }

    #[tokio::test]
    async fn an_agent_that_never_answers_is_told_too() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("root")).unwrap();
        let Err(error) = start(directory.path(), "mute").await else { panic!("it has nothing to answer") };
        assert!(error.to_string().contains("does not answer"), "{error}");
        assert_eq!(working_below(directory.path()), [], "nothing is left behind");
    }
}
