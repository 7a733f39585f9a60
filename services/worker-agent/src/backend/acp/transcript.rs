//! Folds an agent's updates into what the turn says.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
};

use agent_client_protocol::{
    schema::MaybeUndefined,
    v1::schema::{
        CompactionStatus, CompactionUpdate, ContentChunk, Plan, PlanEntryPriority, PlanEntryStatus, SessionUpdate,
        ToolCall, ToolCallUpdate, ToolCallUpdateFields, UsageUpdate,
    },
};
use muster_contracts::v1::{PlanEntry, PlanPart, ToolState, Usage};
use serde_json::Value;

use super::{
    options::Options,
    tool::{Tool, text_of},
};
use crate::domain::{
    event::{Event, Piece, Span},
    recent::Recent,
};

/// Tool calls that are open at a time.
const OPEN_TOOLS: usize = 128;
/// Ended ones that are remembered: what is told of them afterwards is of no use.
const ENDED_TOOLS: usize = 4096;

/// One turn as far as it was heard.
#[derive(Debug)]
pub(super) struct Transcript {
    directory: PathBuf,
    options: Options,
    said: VecDeque<Event>,
    /// Who speaks, and in which message.
    speaking: Option<(Voice, Option<String>)>,
    parts: u64,
    tools: HashMap<String, Tool>,
    ended: Recent,
    cost: Cost,
    usage: Option<Usage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Text,
    Thought,
}

/// In US dollars; the agent tells the session's.
#[derive(Debug, Clone, Copy)]
struct Cost {
    before: Option<f64>,
    now: Option<f64>,
}

impl Transcript {
    /// `cost` is that of the session so far.
    pub(super) fn new(directory: PathBuf, options: Options, cost: Option<f64>) -> Self {
        Self {
            directory,
            options,
            said: VecDeque::new(),
            speaking: None,
            parts: 0,
            tools: HashMap::new(),
            ended: Recent::new(ENDED_TOOLS),
            cost: Cost { before: cost, now: cost },
            usage: None,
        }
    }

    /// What is to be said next; it stays until [`Transcript::was_said`].
    pub(super) fn next(&self) -> Option<&Event> {
        self.said.front()
    }

    pub(super) fn was_said(&mut self) {
        self.said.pop_front();
    }

    /// The session's choices and its cost, as they are now.
    pub(super) fn session(&self) -> (&Options, Option<f64>) {
        (&self.options, self.cost.now)
    }

    pub(super) fn update(&mut self, update: SessionUpdate) {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => self.words(Voice::Text, chunk),
            SessionUpdate::AgentThoughtChunk(chunk) => self.words(Voice::Thought, chunk),
            SessionUpdate::ToolCall(call) => self.call(call),
            SessionUpdate::ToolCallUpdate(ToolCallUpdate { tool_call_id, fields, .. }) => {
                self.tool(&tool_call_id.0, fields);
            }
            SessionUpdate::Plan(plan) => self.plan(plan),
            SessionUpdate::CurrentModeUpdate(mode) => {
                let now = mode.current_mode_id.0.to_string();
                if let Some(select) = self.options.mode.as_mut().filter(|select| select.current != now) {
                    select.current.clone_from(&now);
                    self.notice("mode", format!("The agent is in its mode {now} now."));
                }
            }
            SessionUpdate::ConfigOptionUpdate(update) => self.options.configure(&update.config_options),
            SessionUpdate::SessionInfoUpdate(info) => {
                if let MaybeUndefined::Value(title) = info.title
                    && !title.is_empty()
                {
                    self.said.push_back(Event::Title(title));
                }
            }
            SessionUpdate::UsageUpdate(UsageUpdate { cost: Some(cost), .. })
                if cost.currency == "USD" && cost.amount.is_finite() =>
            {
                self.cost.now = Some(cost.amount);
            }
            SessionUpdate::Notice(notice) => {
                let more = notice.description.map(|text| format!(": {text}")).unwrap_or_default();
                let part = self.part("notice");
                self.notice(&part, notice.title + &more);
            }
            SessionUpdate::CompactionUpdate(CompactionUpdate { compaction_id, status, .. }) => {
                let text = match status {
                    CompactionStatus::InProgress => "The agent is compacting the session's context.",
                    CompactionStatus::Completed => "The agent has compacted the session's context.",
                    _ => "The agent could not compact the session's context.",
                };
                self.notice(&format!("compaction {}", compaction_id.0), text);
            }
            _ => {}
        }
    }

    pub(super) fn notice(&mut self, part: &str, text: impl Into<String>) {
        self.said.push_back(Event::notice(part, text));
    }

    /// The agent's own count of the turn's tokens, from its answer to the prompt.
    pub(super) fn usage(&mut self, answer: &Value) {
        let count = |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64).unwrap_or_default();
        let usage = Usage {
            input_tokens: count("inputTokens") + count("cachedReadTokens") + count("cachedWriteTokens"),
            output_tokens: count("outputTokens") + count("thoughtTokens"),
            cost: None,
        };
        if usage != Usage::default() {
            self.usage = Some(usage);
        }
    }

    /// Whether a tool is under way: whoever waits for one says nothing.
    pub(super) fn works(&self) -> bool {
        !self.tools.is_empty()
    }

    /// The turn is over: what it has cost is known.
    pub(super) fn end(&mut self) {
        let Cost { before, now } = self.cost;
        let cost = before.zip(now).map(|(before, now)| (now - before).max(0.0)).filter(|cost| *cost > 0.0);
        if self.usage.is_some() || cost.is_some() {
            let usage = Usage { cost, ..self.usage.unwrap_or_default() };
            self.said.push_back(Event::Piece {
                part: "usage".to_owned(),
                piece: Piece::Usage(usage),
                span: Span::default(),
            });
        }
    }

    fn words(&mut self, voice: Voice, chunk: ContentChunk) {
        let Some(append) = text_of(&chunk.content).filter(|text| !text.is_empty()) else { return };
        let speaking = Some((voice, chunk.message_id.map(|id| id.0.to_string())));
        if self.speaking != speaking {
            self.speaking = speaking;
            self.parts += 1;
        }
        let part = format!("words {}", self.parts);
        self.said.push_back(match voice {
            Voice::Text => Event::Text { part, append },
            Voice::Thought => Event::Reasoning { part, append },
        });
    }

    /// A name for a part of its own; words that follow are another part.
    fn part(&mut self, kind: &str) -> String {
        self.speaking = None;
        self.parts += 1;
        format!("{kind} {}", self.parts)
    }

    fn call(&mut self, call: ToolCall) {
        let ToolCall { tool_call_id, title, kind, status, content, raw_input, raw_output, .. } = call;
        let fields = ToolCallUpdateFields::new()
            .title(title)
            .kind(kind)
            .status(status)
            .content(content)
            .raw_input(raw_input)
            .raw_output(raw_output);
        self.tool(&tool_call_id.0, fields);
    }

    fn tool(&mut self, id: &str, fields: ToolCallUpdateFields) {
        if self.ended.contains(id) || (!self.tools.contains_key(id) && self.tools.len() >= OPEN_TOOLS) {
            return;
        }
        if !self.tools.contains_key(id) {
            let part = self.part("tool");
            self.tools.insert(id.to_owned(), Tool::new(part));
        }
        let Some(tool) = self.tools.get_mut(id) else { return };
        let plan = fields.raw_input.as_ref().and_then(todos);
        tool.take(fields);
        let events = tool.events(&self.directory);
        if matches!(tool.state, ToolState::ToolCompleted | ToolState::ToolError) {
            self.tools.remove(id);
            self.ended.insert(id.to_owned());
        }
        self.said.extend(events);
        if let Some(entries) = plan {
            self.said.push_back(plan_of(entries));
        }
    }

    fn plan(&mut self, plan: Plan) {
        let entry = |entry: agent_client_protocol::v1::schema::PlanEntry| PlanEntry {
            content: entry.content,
            status: match entry.status {
                PlanEntryStatus::InProgress => "in_progress",
                PlanEntryStatus::Completed => "completed",
                _ => "pending",
            }
            .to_owned(),
            priority: match entry.priority {
                PlanEntryPriority::High => "high",
                PlanEntryPriority::Low => "low",
                _ => "medium",
            }
            .to_owned(),
        };
        self.said.push_back(plan_of(plan.entries.into_iter().map(entry).collect()));
    }
}

fn plan_of(entries: Vec<PlanEntry>) -> Event {
    Event::Piece { part: "plan".to_owned(), piece: Piece::Plan(PlanPart { entries }), span: Span::default() }
}

/// opencode tells its plan as the call of a tool.
fn todos(input: &Value) -> Option<Vec<PlanEntry>> {
    let text = |todo: &Value, name: &str| todo.get(name).and_then(Value::as_str).map(str::to_owned);
    let entry = |todo: &Value| {
        let (content, status) = (text(todo, "content")?, text(todo, "status")?);
        Some(PlanEntry { content, status, priority: text(todo, "priority").unwrap_or_else(|| "medium".to_owned()) })
    };
    input.get("todos")?.as_array()?.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fold(updates: &[Value]) -> Transcript {
        let options = Options::of(&json!({"modes": {"currentModeId": "ask",
            "availableModes": [{"id": "ask", "name": "Ask"}, {"id": "plan", "name": "Plan"}]}}));
        let mut transcript = Transcript::new("/project".into(), options, Some(1.0));
        for update in updates {
            transcript.update(serde_json::from_value(update.clone()).unwrap());
        }
        transcript
    }

    fn lines(transcript: &Transcript) -> Vec<String> {
        let line = |event: &Event| match event {
            Event::Text { part, append } => format!("{part} says {append}"),
            Event::Reasoning { part, append } => format!("{part} thinks {append}"),
            Event::Piece { piece: Piece::Tool(tool), .. } => {
                format!("{} {:?} {} {} {}", tool.name, tool.state(), tool.title, tool.input, tool.output)
            }
            Event::Piece { piece: Piece::Diff(diff), .. } => format!("diff of {}", diff.path),
            Event::Piece { piece: Piece::Plan(plan), .. } => {
                plan.entries.iter().map(|entry| format!("{} {} ", entry.status, entry.content)).collect()
            }
            Event::Piece { piece: Piece::Usage(usage), .. } => {
                format!("{} {} {:?}", usage.input_tokens, usage.output_tokens, usage.cost)
            }
            Event::Piece { piece: Piece::Notice(notice), .. } => notice.text.clone(),
            other => format!("{other:?}"),
        };
        transcript.said.iter().map(line).collect()
    }

    fn chunk(kind: &str, text: &str) -> Value {
        json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}})
    }

    #[test]
    fn words_after_anything_else_are_a_part_of_their_own() {
        let tool = json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "Look", "kind": "read"});
        let transcript = fold(&[
            chunk("agent_thought_chunk", "hm"),
            chunk("agent_message_chunk", "A"),
            chunk("agent_message_chunk", "B"),
            tool,
            chunk("agent_message_chunk", "C"),
            chunk("user_message_chunk", "not this"),
        ]);
        assert_eq!(
            lines(&transcript),
            ["words 1 thinks hm", "words 2 says A", "words 2 says B", "read ToolPending Look  ", "words 4 says C"]
        );
    }

    #[test]
    fn a_tool_s_updates_change_only_what_they_tell_and_its_changes_follow() {
        let update = |fields: Value| {
            let mut update = json!({"sessionUpdate": "tool_call_update", "toolCallId": "t"});
            update.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            update
        };
        let call = json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "Edit a.rs", "kind": "edit", "rawInput": {}});
        let transcript = fold(&[
            call,
            update(json!({"status": "in_progress", "rawInput": {"a": 1}})),
            update(json!({"status": "completed", "rawOutput": {"output": "done"},
                "content": [{"type": "diff", "path": "/project/a.rs", "oldText": "a\n", "newText": "b\n"}]})),
            update(json!({"status": "failed"})),
        ]);
        assert_eq!(
            lines(&transcript),
            [
                "edit ToolPending Edit a.rs  ",
                "edit ToolRunning Edit a.rs {\"a\":1} ",
                "edit ToolCompleted Edit a.rs {\"a\":1} done",
                "diff of a.rs",
            ]
        );
    }

    #[test]
    fn plans_notices_modes_titles_and_compaction_are_told() {
        let transcript = fold(&[
            json!({"sessionUpdate": "plan", "entries": [{"content": "a", "priority": "high", "status": "in_progress"}]}),
            json!({"sessionUpdate": "notice", "severity": "warning", "title": "Careful", "description": "It is hot"}),
            json!({"sessionUpdate": "current_mode_update", "currentModeId": "ask"}),
            json!({"sessionUpdate": "current_mode_update", "currentModeId": "plan"}),
            json!({"sessionUpdate": "session_info_update", "title": "A name"}),
            json!({"sessionUpdate": "compaction_update", "compactionId": "c", "status": "completed"}),
            json!({"sessionUpdate": "available_commands_update", "availableCommands": []}),
        ]);
        assert_eq!(
            lines(&transcript),
            [
                "in_progress a ",
                "Careful: It is hot",
                "The agent is in its mode plan now.",
                "Title(\"A name\")",
                "The agent has compacted the session's context.",
            ]
        );
    }

    #[test]
    fn a_plan_that_is_told_as_a_tool_is_a_plan_too() {
        let input = json!({"todos": [{"content": "a", "status": "pending", "priority": "low"}]});
        let transcript =
            fold(&[json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "todowrite", "rawInput": input})]);
        assert_eq!(lines(&transcript)[1], "pending a ");
    }

    #[test]
    fn the_end_counts_tokens_and_the_turn_s_own_cost() {
        let mut transcript = fold(&[
            json!({"sessionUpdate": "usage_update", "used": 5, "size": 9, "cost": {"amount": 1.5, "currency": "USD"}}),
            json!({"sessionUpdate": "usage_update", "used": 5, "size": 9, "cost": {"amount": 9.5, "currency": "EUR"}}),
        ]);
        transcript
            .usage(&json!({"usage": {"inputTokens": 1, "outputTokens": 2, "cachedReadTokens": 3, "thoughtTokens": 4}}));
        transcript.end();
        assert_eq!(lines(&transcript), ["4 6 Some(0.5)"]);
        assert_eq!(transcript.session().1, Some(1.5));
    }

    #[test]
    fn open_tools_are_bounded() {
        let call = |id: usize| json!({"sessionUpdate": "tool_call", "toolCallId": format!("{id}"), "title": "x"});
        let transcript = fold(&(0..1000).map(call).collect::<Vec<_>>());
        assert_eq!(transcript.said.len(), OPEN_TOOLS);
    }
}
