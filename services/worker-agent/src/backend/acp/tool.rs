//! A tool call as an agent tells it, piece by piece.

use std::path::Path;

use agent_client_protocol::v1::schema::{
    ContentBlock, EmbeddedResourceResource, ToolCallContent, ToolCallStatus, ToolCallUpdateFields, ToolKind,
};
use muster_contracts::v1::{ToolPart, ToolState};
use serde_json::Value;

use super::diff;
use crate::domain::{
    cut,
    event::{Event, Piece, Span},
};

#[derive(Debug)]
pub(super) struct Tool {
    part: String,
    kind: ToolKind,
    title: String,
    pub(super) state: ToolState,
    input: Option<Value>,
    output: Option<Value>,
    content: Vec<ToolCallContent>,
}

impl Tool {
    pub(super) const fn new(part: String) -> Self {
        Self {
            part,
            kind: ToolKind::Other,
            title: String::new(),
            state: ToolState::ToolPending,
            input: None,
            output: None,
            content: Vec::new(),
        }
    }

    /// Only what is told changes.
    pub(super) fn take(&mut self, fields: ToolCallUpdateFields) {
        let ToolCallUpdateFields { kind, status, title, content, raw_input, raw_output, .. } = fields;
        self.kind = kind.unwrap_or(self.kind);
        self.title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| std::mem::take(&mut self.title));
        self.state = status.map_or(self.state, |status| match status {
            ToolCallStatus::InProgress => ToolState::ToolRunning,
            ToolCallStatus::Completed => ToolState::ToolCompleted,
            ToolCallStatus::Failed => ToolState::ToolError,
            _ => ToolState::ToolPending,
        });
        self.content = content.unwrap_or_else(|| std::mem::take(&mut self.content));
        self.input = raw_input.filter(is_something).or_else(|| self.input.take());
        self.output = raw_output.filter(is_something).or_else(|| self.output.take());
    }

    /// The call itself, and once it is done what it has changed.
    pub(super) fn events(&self, directory: &Path) -> Vec<Event> {
        let text = |content: &ToolCallContent| match content {
            ToolCallContent::Content(content) => text_of(&content.content),
            _ => None,
        };
        let texts = self.content.iter().filter_map(text).collect::<Vec<_>>().join("\n");
        let tool = ToolPart {
            name: name(self.kind).to_owned(),
            title: if self.title.is_empty() { name(self.kind).to_owned() } else { self.title.clone() },
            state: self.state.into(),
            input: self.input.as_ref().map(Value::to_string).unwrap_or_default(),
            output: if texts.is_empty() { self.output.as_ref().map(raw).unwrap_or_default() } else { texts },
            truncated: false,
        };
        let whole = cut::piece(Piece::Tool(tool));
        let mut events = vec![Event::Piece { part: self.part.clone(), piece: whole, span: Span::default() }];
        if self.state == ToolState::ToolCompleted {
            let changes = self.content.iter().filter_map(|content| match content {
                ToolCallContent::Diff(change) => Some(diff::part(change, directory)),
                _ => None,
            });
            events.extend(changes.enumerate().map(|(index, change)| Event::Piece {
                part: format!("{} diff {index}", self.part),
                piece: cut::piece(Piece::Diff(change)),
                span: Span::default(),
            }));
        }
        events
    }
}

fn is_something(value: &Value) -> bool {
    !value.is_null() && value.as_object().is_none_or(|object| !object.is_empty())
}

/// What a tool gave back, in the agent's own form.
fn raw(output: &Value) -> String {
    let text = output.as_str().or_else(|| output.get("output")?.as_str());
    text.map_or_else(|| output.to_string(), str::to_owned)
}

/// The text of what may be more than text.
pub(super) fn text_of(content: &ContentBlock) -> Option<String> {
    match content {
        ContentBlock::Text(text) => Some(text.text.clone()),
        ContentBlock::ResourceLink(link) => Some(format!("[{}]({})", link.name, link.uri)),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => Some(text.text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// What a tool does, in the protocol's words.
pub(super) const fn name(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Read => "read",
        ToolKind::Edit => "edit",
        ToolKind::Delete => "delete",
        ToolKind::Move => "move",
        ToolKind::Search => "search",
        ToolKind::Execute => "execute",
        ToolKind::Think => "think",
        ToolKind::Fetch => "fetch",
        ToolKind::SwitchMode => "switch mode",
        _ => "tool",
    }
}
