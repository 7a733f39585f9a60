//! opencode's messages as far as they are read here. What is not named is ignored,
//! so that a newer opencode does not break the worker.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What users have configured has `null` wherever they say nothing.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Message {
    pub(super) info: Info,
    #[serde(default)]
    pub(super) parts: Vec<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Info {
    pub(super) id: String,
    pub(super) role: String,
    #[serde(default)]
    pub(super) time: Time,
    pub(super) error: Option<Error>,
    /// A compaction's own message, not an answer; for user messages it is an object.
    #[serde(default)]
    summary: Value,
}

impl Info {
    /// What the answers to a user's message have changed, once opencode has compared.
    pub(super) fn diffs(&self) -> Option<Vec<FileDiff>> {
        self.summary.get("diffs").and_then(|diffs| Vec::deserialize(diffs).ok())
    }

    pub(super) fn is_summary(&self) -> bool {
        self.summary == Value::Bool(true)
    }
}

/// A file that was changed, below the directory of the repository.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FileDiff {
    #[serde(default)]
    pub(super) file: String,
    #[serde(default)]
    pub(super) patch: String,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Time {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) completed: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Error {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) data: Value,
}

impl Error {
    pub(super) fn is_abort(&self) -> bool {
        self.name == "MessageAbortedError"
    }

    /// Its first line, for people. A provider's error may be passed on as the JSON that it came in.
    pub(super) fn line(&self) -> String {
        let message = self.data.get("message").and_then(Value::as_str).unwrap_or(&self.name);
        let json = serde_json::from_str::<Value>(message).unwrap_or_default();
        let within = json.pointer("/error/message").or_else(|| json.get("message")).and_then(Value::as_str);
        within.unwrap_or(message).lines().next().unwrap_or_default().to_owned()
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Part {
    pub(super) id: String,
    #[serde(rename = "messageID")]
    pub(super) message: String,
    #[serde(flatten)]
    pub(super) kind: PartKind,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum PartKind {
    Text {
        #[serde(default)]
        text: String,
        #[serde(default)]
        synthetic: bool,
        #[serde(default)]
        time: Option<Time>,
    },
    Reasoning {
        #[serde(default)]
        text: String,
        #[serde(default)]
        time: Option<Time>,
    },
    Tool {
        #[serde(default)]
        tool: String,
        state: Box<ToolState>,
    },
    StepFinish {
        #[serde(default)]
        tokens: Tokens,
        #[serde(default)]
        cost: f64,
    },
    /// The files that a step has changed.
    Patch {
        #[serde(default)]
        files: Vec<String>,
    },
    Compaction {},
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ToolState {
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) input: Value,
    #[serde(default)]
    pub(super) output: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) metadata: Value,
    #[serde(default)]
    pub(super) time: Time,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    pub(super) input: f64,
    pub(super) output: f64,
    pub(super) reasoning: f64,
    pub(super) cache: Cache,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cache {
    pub(super) read: f64,
    pub(super) write: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Delta {
    #[serde(rename = "messageID")]
    pub(super) message: String,
    #[serde(rename = "partID")]
    pub(super) part: String,
    pub(super) field: String,
    pub(super) delta: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Permission {
    pub(super) id: String,
    #[serde(default)]
    pub(super) permission: String,
    #[serde(default)]
    pub(super) patterns: Vec<String>,
    #[serde(default)]
    pub(super) metadata: Value,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct QuestionAsked {
    pub(super) id: String,
    #[serde(default)]
    pub(super) questions: Vec<Question>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    pub(super) question: String,
    #[serde(default)]
    pub(super) header: String,
    #[serde(default)]
    pub(super) options: Vec<QuestionOption>,
    #[serde(default)]
    pub(super) multiple: Option<bool>,
    #[serde(default)]
    pub(super) custom: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct QuestionOption {
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) description: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Todo {
    #[serde(default)]
    pub(super) content: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) priority: String,
}

/// Someone who answers in a way of their own: opencode's word for a mode.
#[derive(Debug, Deserialize)]
pub(super) struct Agent {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) mode: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) hidden: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Command {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
}

/// A frame of `/global/event`.
#[derive(Debug, Deserialize)]
pub(super) struct Frame {
    pub(super) payload: Payload,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payload {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) properties: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Providers {
    #[serde(default)]
    pub(super) providers: Vec<Provider>,
}

/// Without `options`, `key` and `env`: those hold secrets.
#[derive(Debug, Deserialize)]
pub(super) struct Provider {
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) models: std::collections::BTreeMap<String, ProviderModel>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProviderModel {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) limit: Limit,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cost: Cost,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) capabilities: Value,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) variants: Value,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) status: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Limit {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) context: f64,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Cost {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) input: f64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) output: f64,
}
