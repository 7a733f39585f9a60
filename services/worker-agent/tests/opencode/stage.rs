//! opencode in a directory of its own, with a scripted model.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use muster_contracts::{
    id::{MessageId, SessionId},
    v1::{Answer, GivenAnswer, ToolPart, ToolState, TurnStart, TurnStatus, part::Kind},
};
use muster_testkit::{
    openai::{OpenAi, Step},
    process::{Working, working_below},
};
use muster_worker_agent::backend::{Backend, Choice, Surroundings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Told, Worker, surroundings};
pub(crate) use crate::support::{environment_of, until};

pub(crate) struct Stage {
    pub(crate) model: OpenAi,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) worker: Worker,
    pub(crate) session: SessionId,
    pub(crate) directory: TempDir,
}

/// An image of one red dot.
pub(crate) const RED_DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// opencode in a directory of its own, with a configuration file in it: the
/// environment is shared between tests, files are not.
pub(crate) async fn stage(permission: Value) -> Stage {
    stage_with(permission, |_| {}).await
}

pub(crate) async fn stage_with(permission: Value, change: impl FnOnce(&mut Surroundings)) -> Stage {
    // Logs of a failed test; the first test of the process sets them up.
    let _ = tracing_subscriber::fmt().with_env_filter("muster_worker_agent=debug").with_test_writer().try_init();
    let directory = tempfile::tempdir().unwrap();
    let model = OpenAi::start().await.unwrap();
    let root = directory.path().join("root");
    std::fs::create_dir(&root).unwrap();
    let config = model.opencode_config(&permission);
    std::fs::write(root.join("opencode.json"), config.to_string()).unwrap();
    let backend = start_with(&directory, change).await;
    let worker = Worker::new(Arc::clone(&backend), &root);
    Stage { model, backend, worker, session: SessionId::random(), directory }
}

pub(crate) async fn start(directory: &TempDir) -> Arc<dyn Backend> {
    start_with(directory, |_| {}).await
}

async fn start_with(directory: &TempDir, change: impl FnOnce(&mut Surroundings)) -> Arc<dyn Backend> {
    let root = directory.path().join("root");
    let mut surroundings = surroundings(&root, &directory.path().join("state"));
    change(&mut surroundings);
    match Choice::Opencode.start(surroundings).await {
        Ok(backend) => backend,
        Err(error) => panic!("these tests need the real opencode (npm install opencode-ai): {error}"),
    }
}

pub(crate) fn tiny(start: &mut TurnStart) {
    start.model = "scripted/tiny".to_owned();
}

/// A turn in the session that an earlier one was in.
pub(crate) fn after(before: &Told) -> impl FnOnce(&mut TurnStart) + use<> {
    let known = before.end.as_ref().unwrap().backend_session_id.clone();
    assert!(known.is_some());
    |start| {
        tiny(start);
        start.first = false;
        start.backend_session_id = known;
    }
}

impl Stage {
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root").canonicalize().unwrap()
    }

    pub(crate) fn begin(&self, message: &str) -> MessageId {
        self.worker.begin(&self.session, message, tiny)
    }

    pub(crate) async fn say(&self, message: &str) -> Told {
        self.worker.turn(&self.session, message, tiny).await
    }

    /// Goes on in the session that an earlier turn was in.
    pub(crate) fn begin_after(&self, message: &str, before: &Told) -> MessageId {
        self.worker.begin(&self.session, message, after(before))
    }

    /// The same, to its end.
    pub(crate) async fn go_on(&self, message: &str, before: &Told) -> Told {
        let reply = self.begin_after(message, before);
        self.worker.ended(&reply).await
    }

    pub(crate) fn answer(&self, reply: &MessageId, request: &str, answer: Answer) {
        let given = GivenAnswer { reply_id: reply.to_string(), request_id: request.to_owned(), answer: Some(answer) };
        self.worker.turns.get(reply.as_str()).unwrap().answer(given);
    }

    pub(crate) async fn end(self) {
        self.backend.shutdown().await;
        assert_eq!(working_below(self.directory.path()), [], "nothing is left behind");
    }
}

pub(crate) fn status(told: &Told) -> TurnStatus {
    told.end.as_ref().unwrap().outcome()
}

pub(crate) fn kinds(told: &Told) -> Vec<&'static str> {
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

pub(crate) fn has_notice(told: &Told) -> bool {
    kinds(told).contains(&"notice")
}

pub(crate) fn has_open_tool(told: &Told) -> bool {
    let is_open = |tool: &ToolPart| matches!(tool.state(), ToolState::ToolPending | ToolState::ToolRunning);
    told.reply.parts().iter().any(|part| matches!(&part.kind, Some(Kind::Tool(tool)) if is_open(tool)))
}

/// The opencode process itself, not its guard.
pub(crate) fn opencode_of(directory: &Path) -> u32 {
    let serves = |process: &Working| process.command.contains(" serve ") && !process.command.contains(" guard ");
    let all = working_below(directory).into_iter().filter(serves).collect::<Vec<_>>();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].pid
}

pub(crate) fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

pub(crate) fn sleeps(stage: &Stage) -> bool {
    working_below(stage.directory.path()).iter().any(|process| process.command == "sleep 543")
}

pub(crate) fn sleep_tool() -> Step {
    Step::Tool { name: "bash".into(), arguments: json!({"command": "sleep 543", "description": "sleep"}) }
}

/// What the model was given the last time: who spoke, and the text.
pub(crate) fn heard(stage: &Stage) -> Vec<(String, String)> {
    let asked = stage.model.requests();
    let said = |message: &Value| {
        let role = message["role"].as_str().unwrap_or_default().to_owned();
        let text = message["content"].as_str().map_or_else(|| message["content"].to_string(), str::to_owned);
        (role != "system").then_some((role, text))
    };
    asked.last().unwrap()["messages"].as_array().unwrap().iter().filter_map(said).collect()
}

/// Only what was said, in one line.
pub(crate) fn line(heard: &[(String, String)]) -> String {
    heard.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" | ")
}

pub(crate) fn git(root: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(root).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
    assert!(git.output().unwrap().status.success(), "{arguments:?}");
}

pub(crate) fn bash(command: &str) -> Step {
    Step::Tool { name: "bash".into(), arguments: json!({ "command": command, "description": command }) }
}

pub(crate) fn option(id: &str, message: Option<&str>) -> Answer {
    Answer { option_id: Some(id.into()), message: message.map(str::to_owned), ..Answer::default() }
}
