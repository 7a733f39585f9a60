//! Folds opencode's events and its record of a turn into what the turn says.
//!
//! The events are quick but may have gaps, the record is complete but late:
//! whatever the events did not bring is taken from the record.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt::Write as _,
    path::Path,
};

use muster_contracts::{
    Message as _,
    v1::{self, DiffPart, PlanEntry, PlanPart, ToolPart, ToolState, Usage},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    changes::Changes,
    models::whole,
    wire::{self, Delta, Info, Message, Part, PartKind, Time, Todo},
};
use crate::domain::{
    cut,
    event::{Event, Piece, Span},
};

/// One turn as far as it was heard.
#[derive(Debug)]
pub(super) struct Transcript {
    /// The user message that is answered: answers sort after it.
    prompt: String,
    answers: HashSet<String>,
    texts: HashMap<String, Heard>,
    /// Events were missed, and the record was not looked at since.
    missed: bool,
    /// What the other parts were when they were said last; not themselves, which a turn has many of, and large ones.
    pieces: HashMap<String, Fingerprint>,
    /// Tools that have not ended.
    working: HashSet<String>,
    planned: bool,
    changes: Changes,
    usage: HashMap<String, Usage>,
    said: VecDeque<Event>,
}

type Fingerprint = [u8; 32];

/// How much of a text part was heard.
#[derive(Debug)]
struct Heard {
    reasoning: bool,
    bytes: usize,
    /// A delta may be missing: only the whole text can be trusted.
    gap: bool,
}

impl Transcript {
    pub(super) fn new(prompt: String) -> Self {
        Self {
            prompt,
            answers: HashSet::new(),
            texts: HashMap::new(),
            missed: false,
            pieces: HashMap::new(),
            working: HashSet::new(),
            planned: false,
            changes: Changes::default(),
            usage: HashMap::new(),
            said: VecDeque::new(),
        }
    }

    /// What is to be said next; it stays until [`Transcript::was_said`].
    pub(super) fn next(&self) -> Option<&Event> {
        self.said.front()
    }

    pub(super) fn was_said(&mut self) {
        self.said.pop_front();
    }

    /// Whether a tool is under way: whoever waits for one says nothing.
    pub(super) fn works(&self) -> bool {
        !self.working.is_empty()
    }

    /// Whether what the session means to do is of this turn; an earlier one's is kept by opencode too.
    pub(super) fn has_planned(&self) -> bool {
        self.planned
    }

    /// Whether a message answers the prompt.
    pub(super) fn is_answer(&self, info: &Info) -> bool {
        info.role == "assistant" && info.id > self.prompt && !info.is_summary()
    }

    pub(super) fn message(&mut self, info: &Info) {
        if self.is_answer(info) {
            self.answers.insert(info.id.clone());
        }
        if info.id == self.prompt
            && let Some(diffs) = info.diffs()
        {
            self.changes.compared(diffs);
            self.show_changes();
        }
    }

    /// Whether all files are known that the turn has changed so far.
    pub(super) fn knows_changes(&self) -> bool {
        self.changes.are_known()
    }

    /// The turn is over: files are named of which opencode has not told what has become of them.
    pub(super) fn end(&mut self, directory: &Path) {
        const NAMED: usize = 10;
        let files = self.changes.unknown();
        if files.is_empty() {
            return;
        }
        let below =
            |file: &&str| Path::new(file).strip_prefix(directory).unwrap_or(Path::new(file)).display().to_string();
        let mut names = files.iter().take(NAMED).map(below).collect::<Vec<_>>().join(", ");
        if let Some(more @ 1..) = files.len().checked_sub(NAMED) {
            let _ = write!(names, " and {more} more");
        }
        self.notice("changed", format!("opencode has changed {names}, and has not told in time how."));
    }

    fn show_changes(&mut self) {
        for diff in self.changes.untold() {
            self.piece(&format!("changed {}", diff.path), Piece::Diff(diff), Span::default());
        }
    }

    /// Events were missed: no delta is trusted for the parts that are open now, known here or only in the record.
    pub(super) fn gap(&mut self) {
        self.missed = true;
        for heard in self.texts.values_mut() {
            heard.gap = true;
        }
    }

    pub(super) fn delta(&mut self, delta: Delta) {
        let Delta { message, part, field, delta } = delta;
        if field != "text" || !self.answers.contains(&message) {
            return;
        }
        // The beginning of an unknown part was missed; its whole text comes later.
        if let Some(heard) = self.texts.get_mut(&part).filter(|heard| !heard.gap) {
            heard.bytes += delta.len();
            let event = words(heard.reasoning, part, delta);
            self.said.push_back(event);
        }
    }

    pub(super) fn part(&mut self, part: Part) {
        let Part { id, message, kind } = part;
        if !self.answers.contains(&message) {
            return;
        }
        match kind {
            PartKind::Text { text, synthetic: false, time } => self.text(id, false, &text, time),
            PartKind::Reasoning { text, time } => self.text(id, true, &text, time),
            PartKind::Tool { tool, state } => self.tool(&id, &message, tool, *state),
            PartKind::Patch { files } => {
                self.changes.step_changed(message, files);
                self.show_changes();
            }
            PartKind::StepFinish { tokens, cost } => {
                let input = whole(tokens.input + tokens.cache.read + tokens.cache.write);
                let output = whole(tokens.output + tokens.reasoning);
                let usage = Usage {
                    input_tokens: input.unwrap_or_default(),
                    output_tokens: output.unwrap_or_default(),
                    cost: cost.is_finite().then_some(cost),
                };
                self.usage.insert(id, usage);
                self.piece("usage", Piece::Usage(total(self.usage.values())), Span::default());
            }
            PartKind::Compaction {} => self.notice(&id, "opencode has compacted the session's context."),
            PartKind::Text { .. } | PartKind::Other => {}
        }
    }

    pub(super) fn plan(&mut self, todos: Vec<Todo>) {
        let entry = |Todo { content, status, priority }| PlanEntry { content, status, priority };
        let entries = todos.into_iter().map(entry).collect();
        self.piece("plan", Piece::Plan(PlanPart { entries }), Span::default());
    }

    pub(super) fn notice(&mut self, part: &str, text: impl Into<String>) {
        self.said.push_back(Event::notice(part, text));
    }

    pub(super) fn title(&mut self, title: &str) {
        // What opencode calls a session before it has thought of a name.
        if !title.is_empty() && !title.starts_with("New session - ") {
            self.said.push_back(Event::Title(title.to_owned()));
        }
    }

    /// Takes from the record what was not heard.
    pub(super) fn reconcile(&mut self, record: &[Message]) {
        for Message { info, parts } in record {
            self.message(info);
            for part in parts {
                if let Ok(part) = serde_json::from_value(part.clone()) {
                    self.part(part);
                }
            }
        }
        // What has become of files is that of all steps.
        if let Some(prompt) = record.iter().find(|message| message.info.id == self.prompt) {
            self.message(&prompt.info);
        }
        self.missed = false;
    }

    fn text(&mut self, id: String, reasoning: bool, text: &str, time: Option<Time>) {
        let heard = self.texts.entry(id.clone()).or_insert(Heard { reasoning, bytes: 0, gap: self.missed });
        // While a part is open its record lags behind the deltas.
        let rest = text.get(heard.bytes..).unwrap_or_default();
        if !rest.is_empty() {
            heard.bytes += rest.len();
            self.said.push_back(words(reasoning, id.clone(), rest.to_owned()));
        }
        if time.is_some_and(|time| time.end.is_some())
            && let Some(heard) = self.texts.get_mut(&id)
        {
            heard.gap = true;
        }
    }

    fn tool(&mut self, id: &str, step: &str, name: String, state: wire::ToolState) {
        let wire::ToolState { status, input, output, error, title, metadata, time } = state;
        let state = match status.as_str() {
            "pending" => ToolState::ToolPending,
            "running" => ToolState::ToolRunning,
            "completed" => ToolState::ToolCompleted,
            _ => ToolState::ToolError,
        };
        if matches!(state, ToolState::ToolPending | ToolState::ToolRunning) {
            self.working.insert(id.to_owned());
        } else {
            self.working.remove(id);
        }
        self.planned |= name == "todowrite";
        let running = || metadata.get("output").and_then(Value::as_str).map(str::to_owned);
        let diffs = if state == ToolState::ToolCompleted { diffs(&name, &input, &metadata) } else { Vec::new() };
        let tool = ToolPart {
            title: title.filter(|title| !title.is_empty()).unwrap_or_else(|| name.clone()),
            name,
            state: state.into(),
            input: if input.is_null() { String::new() } else { input.to_string() },
            output: output.or(error).or_else(running).unwrap_or_default(),
            truncated: metadata.get("truncated") == Some(&Value::Bool(true)),
        };
        self.piece(id, Piece::Tool(tool), Span { started_at: time.start, ended_at: time.end });
        for (index, diff) in diffs.into_iter().enumerate() {
            self.changes.tool_told(step, &diff.path);
            let span = Span { started_at: time.end, ended_at: time.end };
            self.piece(&format!("{id} diff {index}"), Piece::Diff(diff), span);
        }
    }

    fn piece(&mut self, part: &str, piece: Piece, span: Span) {
        let piece = cut::piece(piece);
        let fingerprint = fingerprint(&piece);
        if self.pieces.insert(part.to_owned(), fingerprint) != Some(fingerprint) {
            self.said.push_back(Event::Piece { part: part.to_owned(), piece, span });
        }
    }
}

fn fingerprint(piece: &Piece) -> Fingerprint {
    let part = v1::Part { kind: Some(piece.clone().into()), ..v1::Part::default() };
    Sha256::digest(part.encode_to_vec()).into()
}

fn words(reasoning: bool, part: String, append: String) -> Event {
    if reasoning { Event::Reasoning { part, append } } else { Event::Text { part, append } }
}

fn total<'a>(steps: impl Iterator<Item = &'a Usage>) -> Usage {
    steps.fold(Usage::default(), |sum, step| Usage {
        input_tokens: sum.input_tokens + step.input_tokens,
        output_tokens: sum.output_tokens + step.output_tokens,
        cost: Some(sum.cost.unwrap_or_default() + step.cost.unwrap_or_default()),
    })
}

/// The files that a finished tool has changed.
fn diffs(tool: &str, input: &Value, metadata: &Value) -> Vec<DiffPart> {
    let text = |value: &Value, names: &[&str]| {
        names.iter().find_map(|name| value.get(name).and_then(Value::as_str)).map(str::to_owned)
    };
    let path = text(input, &["filePath"]).unwrap_or_default();
    if let Some(files) = metadata.get("files").and_then(Value::as_array) {
        let of_file = |file: &Value| {
            let patch = text(file, &["diff", "patch"])?;
            Some(DiffPart { path: text(file, &["relativePath", "filePath", "file"]).unwrap_or_default(), patch })
        };
        return files.iter().filter_map(of_file).collect();
    }
    if let Some(patch) = text(metadata, &["diff"]) {
        return vec![DiffPart { path, patch }];
    }
    // A new file has no diff of opencode's: all of it is new.
    let is_new = metadata.get("exists") == Some(&Value::Bool(false));
    match text(input, &["content"]) {
        Some(content) if tool == "write" && is_new => {
            let lines = content.lines().map(|line| format!("+{line}\n")).collect::<String>();
            let patch = format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{} @@\n{lines}", content.lines().count());
            vec![DiffPart { path, patch }]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(value: Value) -> Part {
        serde_json::from_value(value).unwrap()
    }

    fn text(id: &str, text: &str, ended: bool) -> Part {
        let time = if ended { json!({"start": 1, "end": 2}) } else { json!({"start": 1}) };
        part(json!({"id": id, "messageID": "msg_2", "type": "text", "text": text, "time": time}))
    }

    fn delta(id: &str, delta: &str) -> Delta {
        Delta { message: "msg_2".into(), part: id.into(), field: "text".into(), delta: delta.into() }
    }

    fn answering() -> Transcript {
        let mut transcript = Transcript::new("msg_1".into());
        transcript.message(&serde_json::from_value(json!({"id": "msg_2", "role": "assistant"})).unwrap());
        transcript
    }

    fn said(transcript: &mut Transcript) -> String {
        let mut all = String::new();
        while let Some(event) = transcript.next().cloned() {
            if let Event::Text { append, .. } = event {
                all.push_str(&append);
            }
            transcript.was_said();
        }
        all
    }

    #[test]
    fn what_has_become_of_a_file_and_was_not_told_is_named_at_the_end() {
        let mut transcript = answering();
        let files = (0..12).map(|number| format!("/project/{number:02}")).collect::<Vec<_>>();
        transcript.part(part(json!({"id": "p", "messageID": "msg_2", "type": "patch", "files": files})));
        assert!(!transcript.knows_changes());
        transcript.end(Path::new("/project"));
        let told =
            "opencode has changed 00, 01, 02, 03, 04, 05, 06, 07, 08, 09 and 2 more, and has not told in time how.";
        assert_eq!(transcript.next(), Some(&Event::notice("changed", told)));
        transcript.was_said();
        let diffs = files.iter().map(|file| json!({"file": file, "patch": "+"})).collect::<Vec<_>>();
        let prompt = json!({"id": "msg_1", "role": "user", "summary": {"diffs": diffs}});
        transcript.message(&serde_json::from_value(prompt).unwrap());
        transcript.said.clear();
        transcript.end(Path::new("/project"));
        assert_eq!(transcript.next(), None);
    }

    #[test]
    fn deltas_are_said_once_though_the_whole_text_follows() {
        let mut transcript = answering();
        transcript.part(text("p", "", false));
        transcript.delta(delta("p", "Hello "));
        transcript.delta(delta("p", "there"));
        transcript.part(text("p", "Hello there", true));
        assert_eq!(said(&mut transcript), "Hello there");
    }

    #[test]
    fn what_a_gap_swallowed_is_taken_from_the_whole_text() {
        let mut transcript = answering();
        transcript.part(text("p", "", false));
        transcript.delta(delta("p", "Hello "));
        transcript.gap();
        transcript.delta(delta("p", "friend"));
        transcript.delta(delta("unknown", "x"));
        transcript.part(text("p", "Hello my friend", true));
        transcript.delta(delta("p", "friend"));
        assert_eq!(said(&mut transcript), "Hello my friend");
    }

    #[test]
    fn a_part_that_began_in_a_gap_is_taken_from_its_whole_text() {
        let mut transcript = answering();
        transcript.gap();
        let open = json!({"info": {"id": "msg_2", "role": "assistant"},
            "parts": [{"id": "p", "messageID": "msg_2", "type": "text", "text": "", "time": {"start": 1}}]});
        transcript.reconcile(&[serde_json::from_value(open).unwrap()]);
        transcript.delta(delta("p", "lo world"));
        transcript.part(text("p", "Hello world", true));
        // The next one begins after it.
        transcript.part(text("q", "", false));
        transcript.delta(delta("q", "!"));
        assert_eq!(said(&mut transcript), "Hello world!");
    }

    #[test]
    fn only_answers_to_this_prompt_are_heard() {
        let mut transcript = answering();
        for (id, role, summary) in
            [("msg_0", "assistant", false), ("msg_3", "user", false), ("msg_4", "assistant", true)]
        {
            let info = json!({"id": id, "role": role, "summary": summary});
            transcript.message(&serde_json::from_value(info).unwrap());
            transcript.part(part(json!({"id": "x", "messageID": id, "type": "text", "text": "not this"})));
        }
        assert_eq!(said(&mut transcript), "");
    }

    #[test]
    fn a_tool_is_told_once_in_each_state_and_shows_its_diff() {
        let mut transcript = answering();
        let tool = |status: &str| {
            part(json!({"id": "t", "messageID": "msg_2", "type": "tool", "tool": "edit", "callID": "c",
                "state": {"status": status, "input": {"filePath": "a.rs"}, "metadata": {"diff": "@@\n-a\n+b\n"}, "time": {"start": 5}}}))
        };
        for status in ["running", "running", "completed"] {
            transcript.part(tool(status));
        }
        let events = std::iter::from_fn(|| {
            let event = transcript.next().cloned();
            transcript.was_said();
            event
        });
        let kinds = events
            .map(|event| match event {
                Event::Piece { piece: Piece::Tool(tool), .. } => format!("{:?}", tool.state()),
                Event::Piece { piece: Piece::Diff(diff), .. } => diff.path,
                other => format!("{other:?}"),
            })
            .collect::<Vec<_>>();
        assert_eq!(kinds, ["ToolRunning", "ToolCompleted", "a.rs"]);
    }

    #[test]
    fn the_steps_of_a_turn_are_added_up_once_each() {
        let mut transcript = answering();
        let step = |id: &str| {
            part(json!({"id": id, "messageID": "msg_2", "type": "step-finish", "cost": 0.5,
                "tokens": {"input": 10, "output": 5, "reasoning": 1, "cache": {"read": 2, "write": 0}}}))
        };
        for id in ["s1", "s2", "s1"] {
            transcript.part(step(id));
        }
        let Some(Event::Piece { piece: Piece::Usage(usage), .. }) = transcript.said.back() else { panic!("usage") };
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.cost), (24, 12, Some(1.0)));
    }
}
