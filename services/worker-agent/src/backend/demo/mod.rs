//! A deterministic backend that needs nothing installed: for the first look and for tests.

mod memory;
mod script;
mod tour;

use std::{path::Path, process::abort, sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use muster_contracts::v1::{
    Answer, Capabilities, DiffPart, Mode, Model, PlanEntry, PlanPart, Question, QuestionOption, RequestKind,
    RequestOption, ToolPart, ToolState, Usage,
};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use self::{memory::Memory, script::Script};
use super::{Backend, BackendError, Begin, Surroundings};
use crate::{
    clock::Clock,
    domain::event::{Event, Outcome, Piece, Span},
    turn::{Asked, Attachment, Turn, TurnIo},
};

/// Bytes of one delta of an echo, at most.
const ECHO_BYTES: usize = 16;
/// The one text part of a reply.
const TEXT: &str = "text";

/// See the module.
#[derive(Debug)]
pub struct Demo {
    memory: Memory,
    clock: Clock,
    models_changed: watch::Sender<u64>,
}

impl Begin for Demo {
    fn is_installed() -> bool {
        true
    }

    async fn begin(surroundings: Surroundings) -> Result<Arc<dyn Backend>, BackendError> {
        Ok(Arc::new(Self::start(surroundings)?))
    }
}

impl Demo {
    /// Reads nothing yet; sessions are looked up when they go on.
    ///
    /// # Errors
    /// When its directory cannot be made.
    pub fn start(surroundings: Surroundings) -> Result<Self, BackendError> {
        let Surroundings { state, clock, .. } = surroundings;
        Ok(Self { memory: Memory::open(state.join("demo"))?, clock, models_changed: watch::Sender::new(0) })
    }

    async fn answer(&self, turn: &Turn, io: &TurnIo) -> Outcome {
        let recalled = match self.memory.recall(turn) {
            Ok(recalled) => recalled,
            Err(error) => return Outcome::Failed(format!("The demo cannot keep its memory: {error}.")),
        };
        io.say(Event::SessionId(Memory::name(&turn.session))).await;
        if recalled.said.len() == 1 && !turn.first {
            io.notice("context", "The demo has no memory of what was said here before.").await;
        }
        match script::read(&turn.content) {
            Script::Count { to, every } => count(io, to, every).await,
            Script::Write { words, every } => write(io, words, every).await,
            Script::Echo(text) => echo(io, text).await,
            Script::First => io.text(TEXT, recalled.first()).await,
            Script::Said => {
                for said in recalled.said {
                    io.text(TEXT, format!("- {}\n", said.text)).await;
                }
            }
            Script::Mode => io.text(TEXT, turn.mode.clone().unwrap_or_else(|| "no mode".to_owned())).await,
            Script::Model => io.text(TEXT, turn.model.clone()).await,
            Script::Attachments => {
                if let Err(error) = attachments(io, &turn.attachments).await {
                    return Outcome::Failed(format!("The demo cannot read a file: {error}."));
                }
            }
            Script::Tool(time) => self.tool(io, time).await,
            Script::Tools(calls) => self.tools(io, calls).await,
            Script::Ask => ask(io).await,
            Script::Question => question(io).await,
            Script::Fail => {
                io.text(TEXT, "This is as far as it goes.").await;
                return Outcome::Failed("demo failure".to_owned());
            }
            Script::Hang => {
                io.text(TEXT, "Waiting until you stop me. ").await;
                std::future::pending().await
            }
            Script::Crash => crash(io).await,
            Script::Tour => self.tour(io, &turn.model).await,
        }
        Outcome::Completed
    }

    async fn tool(&self, io: &TurnIo, time: Duration) {
        let started = (self.clock)();
        let mut tool = list_files();
        let span = Span { started_at: Some(started), ended_at: None };
        io.piece("tool", Piece::Tool(tool.clone()), span).await;
        tool.state = ToolState::ToolRunning.into();
        io.piece("tool", Piece::Tool(tool.clone()), span).await;
        sleep(time).await;
        tool.state = ToolState::ToolCompleted.into();
        tool.output = FILES.to_owned();
        io.piece("tool", Piece::Tool(tool), Span { ended_at: Some((self.clock)()), ..span }).await;
        let patch = "--- a/README.md\n+++ b/README.md\n@@ -1,2 +1,2 @@\n # Demo\n-An old line.\n+A new line.\n";
        let diff = DiffPart { path: "README.md".to_owned(), patch: patch.to_owned() };
        io.piece("diff", Piece::Diff(diff), Span::default()).await;
        io.text(TEXT, "The tool ran for a second and changed one line.").await;
    }

    /// Calls that took no time, one after the other.
    async fn tools(&self, io: &TurnIo, calls: u64) {
        for call in 1..=calls {
            let now = Some((self.clock)());
            let tool = ToolPart { state: ToolState::ToolCompleted.into(), output: FILES.to_owned(), ..list_files() };
            io.piece(&format!("tool{call}"), Piece::Tool(tool), Span { started_at: now, ended_at: now }).await;
        }
        io.text(TEXT, "The tools are done.").await;
    }

    /// Everything that a reply can hold, at a pace that a person can follow.
    async fn tour(&self, io: &TurnIo, model: &str) {
        let pause = Duration::from_millis(if model == SLOW { 60 } else { 15 });
        for word in tour::REASONING.split_inclusive(' ') {
            io.reasoning("thought", word).await;
            sleep(pause).await;
        }
        for done in 0..=tour::PLAN.len() {
            let entry = |(index, content): (usize, &&str)| PlanEntry {
                content: (*content).to_owned(),
                status: if index < done { "completed" } else { "pending" }.to_owned(),
                priority: "medium".to_owned(),
            };
            let entries = tour::PLAN.iter().enumerate().map(entry).collect();
            io.piece("plan", Piece::Plan(PlanPart { entries }), Span::default()).await;
            sleep(pause).await;
        }
        for word in tour::TEXT.split_inclusive(' ') {
            io.text(TEXT, word).await;
            sleep(pause).await;
        }
        let count = |text: &str| u64::try_from(text.split_whitespace().count()).unwrap_or_default();
        let usage =
            Usage { input_tokens: 8, output_tokens: count(tour::REASONING) + count(tour::TEXT), cost: Some(0.0) };
        io.piece("usage", Piece::Usage(usage), Span::default()).await;
    }
}

/// What `list_files` lists.
const FILES: &str = "README.md\nsrc\n";

/// A tool call that has not begun.
fn list_files() -> ToolPart {
    ToolPart {
        name: "bash".to_owned(),
        title: "List the files".to_owned(),
        state: ToolState::ToolPending.into(),
        input: r#"{"command":"ls"}"#.to_owned(),
        ..ToolPart::default()
    }
}

async fn count(io: &TurnIo, to: u64, every: Duration) {
    say_paced(io, (1..=to).map(|number| format!("{number}\n")), every).await;
}

/// So many words of Markdown, as a long reply has them.
async fn write(io: &TurnIo, words: u64, every: Duration) {
    let words = tour::TEXT.split_inclusive(' ').cycle().take(usize::try_from(words).unwrap_or(usize::MAX));
    say_paced(io, words.map(str::to_owned), every).await;
}

async fn say_paced(io: &TurnIo, deltas: impl Iterator<Item = String>, every: Duration) {
    let begun = Instant::now();
    for (number, delta) in (1..).zip(deltas) {
        // Against the beginning, not against the last one: pauses do not add up.
        if !every.is_zero() {
            sleep_until(begun + every.saturating_mul(number)).await;
        }
        io.text(TEXT, delta).await;
    }
}

async fn echo(io: &TurnIo, text: &str) {
    let mut rest = text;
    while !rest.is_empty() {
        let (delta, more) = rest.split_at(rest.floor_char_boundary(ECHO_BYTES));
        io.text(TEXT, delta).await;
        rest = more;
    }
}

/// A line for each file, so that whoever sent it sees that it came whole.
async fn attachments(io: &TurnIo, attachments: &[Attachment]) -> std::io::Result<()> {
    if attachments.is_empty() {
        io.text(TEXT, "Nothing is attached.").await;
    }
    for Attachment { name, media_type, size, file } in attachments {
        let digest = HEXLOWER.encode(&Sha256::digest(tokio::fs::read(file).await?));
        io.text(TEXT, format!("{name} {media_type} {size} {digest}\n")).await;
    }
    Ok(())
}

async fn crash(io: &TurnIo) {
    for number in 1..=10 {
        io.text(TEXT, format!("{number}\n")).await;
        io.settled().await;
    }
    abort()
}

async fn ask(io: &TurnIo) {
    let option = |option_id: &str, label: &str, kind: &str| RequestOption {
        option_id: option_id.to_owned(),
        label: label.to_owned(),
        kind: kind.to_owned(),
    };
    let asked = Asked {
        kind: RequestKind::Permission,
        title: "Run a command".to_owned(),
        details: r#"{"command":"rm -r build"}"#.to_owned(),
        options: vec![
            option("once", "Allow once", "allow_once"),
            option("always", "Always allow", "allow_always"),
            option("reject", "Reject", "reject_once"),
        ],
        questions: Vec::new(),
    };
    let Ok(Answer { option_id, message, .. }) = io.ask(asked).await.answer.await else { return };
    let sentence = match (option_id.as_deref(), message) {
        (Some("once"), _) => "You allowed it once.".to_owned(),
        (Some("always"), _) => "You allowed it for good.".to_owned(),
        (_, Some(message)) if !message.is_empty() => format!("You rejected it: {message}"),
        _ => "You rejected it.".to_owned(),
    };
    io.text(TEXT, sentence).await;
}

async fn question(io: &TurnIo) {
    let option = |label: &str, description: &str| QuestionOption {
        label: label.to_owned(),
        description: description.to_owned(),
    };
    let asked = Asked {
        kind: RequestKind::Question,
        title: "A question".to_owned(),
        questions: vec![Question {
            header: "Colour".to_owned(),
            question: "Which colour shall it be?".to_owned(),
            options: vec![option("Red", "Like a fire"), option("Green", "Like a leaf"), option("Blue", "Like the sea")],
            multiple: false,
            custom: true,
        }],
        ..Asked::default()
    };
    let Ok(answer) = io.ask(asked).await.answer.await else { return };
    let chosen = answer.answers.into_iter().flat_map(|labels| labels.labels).collect::<Vec<_>>();
    let sentence =
        if chosen.is_empty() { "You chose nothing.".to_owned() } else { format!("You chose {}.", chosen.join(", ")) };
    io.text(TEXT, sentence).await;
}

const FAST: &str = "demo/fast";
const SLOW: &str = "demo/slow/with/slashes";

fn model(model_id: &str, name: &str, input: &[&str]) -> Model {
    Model {
        model_id: model_id.to_owned(),
        name: name.to_owned(),
        provider: "demo".to_owned(),
        context_tokens: Some(8_000),
        input: input.iter().map(|&kind| kind.to_owned()).collect(),
        ..Model::default()
    }
}

impl Backend for Demo {
    fn name(&self) -> &str {
        "demo"
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { rewind: true, fork: true, attachments: true }
    }

    fn modes<'a>(&'a self, _directory: &'a Path) -> BoxFuture<'a, Result<Vec<Mode>, BackendError>> {
        let mode = |mode_id: &str, name: &str, description: &str| Mode {
            mode_id: mode_id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
        };
        let modes = vec![mode("build", "Build", "Works at once"), mode("plan", "Plan", "Says first what it would do")];
        Box::pin(async { Ok(modes) })
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<Model>, BackendError>> {
        let patient = vec!["patient".to_owned()];
        let slow = Model { variants: patient, ..model(SLOW, "Demo, slow", &[]) };
        Box::pin(async { Ok(vec![model(FAST, "Demo, fast", &["image"]), slow]) })
    }

    fn models_changed(&self) -> watch::Receiver<u64> {
        self.models_changed.subscribe()
    }

    fn run<'a>(&'a self, turn: &'a Turn, io: &'a TurnIo) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            tokio::select! {
                biased;
                () = io.stopped().cancelled() => Outcome::Cancelled,
                outcome = self.answer(turn, io) => outcome,
            }
        })
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
