//! Folds the events of one streamed answer into what the turn says.

use std::collections::BTreeMap;

use muster_contracts::v1::{ToolPart, ToolState, Usage};

use super::wire::{Choice, Chunk, Delta, ToolCall};
use crate::domain::{
    cut,
    event::{Event, Piece, Span},
};

/// Bytes of an answer that are kept for the history.
const KEPT_BYTES: usize = 512 * 1024;
/// Tool calls of one answer that are shown.
const CALLS: u64 = 64;

/// An answer as far as it was heard.
#[derive(Debug, Default)]
pub(super) struct Answer {
    text: String,
    calls: BTreeMap<u64, Call>,
    usage: Option<Usage>,
    finish: Option<String>,
    refused: bool,
    begun: bool,
    /// Reasoning that goes on after text is a part of its own.
    thoughts: u64,
    thinking: bool,
}

#[derive(Debug, Default)]
struct Call {
    name: String,
    arguments: String,
}

impl Answer {
    /// Whether anything was said: then it cannot be asked for again.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the model is done; only usage may follow.
    pub(super) const fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// What the model is told later that it has said.
    pub(super) fn kept(&self) -> String {
        if self.text.is_empty() && !self.calls.is_empty() {
            let names = self.calls.values().map(|call| call.name.as_str()).collect::<Vec<_>>();
            return format!("(I called {}, which was not run.)", names.join(", "));
        }
        self.text.clone()
    }

    pub(super) fn take(&mut self, chunk: Chunk) -> Vec<Event> {
        let Chunk { choices, usage, error: _ } = chunk;
        if let Some(usage) = usage {
            let (input_tokens, output_tokens) = (usage.prompt_tokens, usage.completion_tokens);
            self.usage = Some(Usage { input_tokens, output_tokens, cost: usage.cost.filter(|cost| cost.is_finite()) });
        }
        let mut events = Vec::new();
        for Choice { delta, finish_reason } in choices.into_iter().take(1) {
            let Delta { content, reasoning_content, reasoning, refusal, tool_calls } = delta;
            if let Some(thought) = reasoning_content.or(reasoning).filter(|thought| !thought.is_empty()) {
                if !std::mem::replace(&mut self.thinking, true) {
                    self.thoughts += 1;
                }
                events.push(Event::Reasoning { part: format!("reasoning {}", self.thoughts), append: thought });
            }
            self.refused |= refusal.as_ref().is_some_and(|refusal| !refusal.is_empty());
            for words in [content, refusal].into_iter().flatten().filter(|words| !words.is_empty()) {
                self.thinking = false;
                if self.text.len() < KEPT_BYTES {
                    self.text.push_str(&words);
                }
                events.push(Event::Text { part: "text".to_owned(), append: words });
            }
            events.extend(tool_calls.into_iter().filter_map(|call| self.call(call)));
            self.finish = finish_reason.filter(|reason| !reason.is_empty()).or(self.finish.take());
        }
        self.begun |= !events.is_empty();
        events
    }

    /// A call comes in pieces: first its name, then its arguments.
    fn call(&mut self, piece: ToolCall) -> Option<Event> {
        let ToolCall { index, function } = piece;
        if index >= CALLS {
            return None;
        }
        let call = self.calls.entry(index).or_default();
        let is_new = call.name.is_empty();
        if is_new {
            call.name = function.name.unwrap_or_default();
        }
        if call.arguments.len() <= cut::TOOL_INPUT_BYTES {
            call.arguments.push_str(&function.arguments.unwrap_or_default());
        }
        (is_new && !call.name.is_empty()).then(|| tool(index, call, ToolState::ToolPending))
    }

    /// What is told when the answer has ended, whichever way.
    pub(super) fn end(&self) -> Vec<Event> {
        let mut events =
            self.calls.iter().map(|(index, call)| tool(*index, call, ToolState::ToolError)).collect::<Vec<_>>();
        if !self.calls.is_empty() {
            events
                .push(Event::notice("tools", "The model called a tool. This backend has none to run: it only talks."));
        }
        let told = match self.finish.as_deref() {
            _ if self.refused => Some("The model refused to answer this."),
            Some("length") => {
                Some("The answer ends here because it reached the model's limit: ask for the rest to go on.")
            }
            Some("content_filter") => Some("The endpoint's filter has kept back the rest of the answer."),
            _ => None,
        };
        events.extend(told.map(|text| Event::notice("finish", text)));
        if let Some(usage) = self.usage {
            events.push(Event::Piece { part: "usage".to_owned(), piece: Piece::Usage(usage), span: Span::default() });
        }
        events
    }
}

fn tool(index: u64, call: &Call, state: ToolState) -> Event {
    let output = if state == ToolState::ToolError { "Not run." } else { "" };
    let tool = ToolPart {
        name: call.name.clone(),
        title: call.name.clone(),
        state: state.into(),
        input: call.arguments.clone(),
        output: output.to_owned(),
        truncated: false,
    };
    Event::Piece { part: format!("tool {index}"), piece: Piece::Tool(tool), span: Span::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fold(deltas: &[Value], finish: &str) -> (Answer, Vec<Event>) {
        let mut answer = Answer::default();
        let mut events = Vec::new();
        for delta in deltas {
            events.extend(answer.take(serde_json::from_value(json!({"choices": [{"delta": delta}]})).unwrap()));
        }
        let last = json!({"choices": [{"delta": {}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3}});
        events.extend(answer.take(serde_json::from_value(last).unwrap()));
        events.extend(answer.end());
        (answer, events)
    }

    fn lines(events: &[Event]) -> Vec<String> {
        let line = |event: &Event| match event {
            Event::Text { part, append } | Event::Reasoning { part, append } => format!("{part}: {append}"),
            Event::Piece { part, piece: Piece::Tool(tool), .. } => {
                format!("{part}: {} {} {:?}", tool.name, tool.input, tool.state())
            }
            Event::Piece { part, piece: Piece::Usage(usage), .. } => {
                format!("{part}: {} {} {:?}", usage.input_tokens, usage.output_tokens, usage.cost)
            }
            Event::Piece { part, .. } => part.clone(),
            other => format!("{other:?}"),
        };
        events.iter().map(line).collect()
    }

    #[test]
    fn thoughts_and_words_keep_their_order() {
        let (answer, events) = fold(
            &[
                json!({"role": "assistant", "content": ""}),
                json!({"reasoning_content": "hm"}),
                json!({"content": "A"}),
                json!({"reasoning": "no"}),
                json!({"content": "B"}),
            ],
            "stop",
        );
        assert_eq!(lines(&events), ["reasoning 1: hm", "text: A", "reasoning 2: no", "text: B", "usage: 7 3 None"]);
        assert_eq!(answer.kept(), "AB");
    }

    #[test]
    fn a_tool_call_is_put_together_and_said_not_to_be_run() {
        let call = |call: Value| json!({"tool_calls": [call]});
        let (answer, events) = fold(
            &[
                call(json!({"index": 0, "id": "c", "function": {"name": "look", "arguments": ""}})),
                call(json!({"index": 0, "function": {"arguments": "{\"a\":"}})),
                call(json!({"index": 0, "function": {"arguments": "1}"}})),
                call(json!({"index": 1, "function": {"name": "hear"}})),
                call(json!({"index": 1_000_000, "function": {"name": "too much"}})),
            ],
            "tool_calls",
        );
        let told = lines(&events);
        assert_eq!(told[0], "tool 0: look  ToolPending");
        assert_eq!(
            told[2..],
            ["tool 0: look {\"a\":1} ToolError", "tool 1: hear  ToolError", "tools", "usage: 7 3 None"]
        );
        assert_eq!(answer.kept(), "(I called look, hear, which was not run.)");
    }

    #[test]
    fn every_unusual_end_is_told() {
        for (delta, finish, notices) in [
            (json!({"content": "a"}), "stop", 0),
            (json!({"content": "a"}), "length", 1),
            (json!({"content": "a"}), "content_filter", 1),
            (json!({"refusal": "I cannot"}), "stop", 1),
        ] {
            let (answer, events) = fold(&[delta], finish);
            assert_eq!(lines(&events).iter().filter(|line| *line == "finish").count(), notices, "{finish}");
            assert!(answer.is_finished() && !answer.kept().is_empty());
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let word = json!({"content": "x".repeat(60_000)});
        let (answer, events) = fold(&vec![word; 100], "stop");
        assert!(answer.kept().len() < KEPT_BYTES + 60_000);
        assert_eq!(events.len(), 101, "all of it is shown");
    }
}
