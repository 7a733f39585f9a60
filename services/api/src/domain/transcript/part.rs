//! The pieces of a reply.

use muster_contracts::v1::{self, part::Kind};

use super::{
    prose,
    quote::{code, fenced, folded, inline},
    request,
};

pub(super) fn markdown(part: &v1::Part, requests: &[v1::AgentRequest]) -> String {
    let asked = |id: &str| requests.iter().find(|it| it.body.as_ref().is_some_and(|body| body.request_id == id));
    match &part.kind {
        Some(Kind::Text(v1::TextPart { text })) => prose::settled(text),
        Some(Kind::Reasoning(v1::TextPart { text })) => folded("Reasoning", &fenced(text, "text")),
        Some(Kind::Tool(part_of_tool)) => tool(part_of_tool, part),
        Some(Kind::Diff(v1::DiffPart { path, patch })) => {
            format!("\nChanged {}:\n{}", code(path), fenced(patch, "diff"))
        }
        Some(Kind::Plan(v1::PlanPart { entries })) => plan(entries),
        Some(Kind::Permission(v1::RequestPart { request_id }) | Kind::Question(v1::RequestPart { request_id })) => {
            request::markdown(asked(request_id))
        }
        Some(Kind::Usage(spent)) => format!("\n*{}*\n", usage(spent)),
        Some(Kind::Notice(v1::NoticePart { text })) => format!("\n> *{}*\n", inline(text)),
        None => String::new(),
    }
}

fn tool(tool: &v1::ToolPart, part: &v1::Part) -> String {
    let state = match tool.state() {
        v1::ToolState::ToolCompleted => "",
        v1::ToolState::ToolError => ", failed",
        v1::ToolState::ToolRunning => ", running",
        v1::ToolState::ToolPending | v1::ToolState::Unspecified => ", not begun",
    };
    let took = part.ended_at.map(|ended| ended.saturating_sub(part.started_at)).filter(|took| *took >= 100);
    let took = took.map_or_else(String::new, |took| format!(", {}.{} s", took / 1000, took % 1000 / 100));
    let title = if tool.title.is_empty() { String::new() } else { format!(" — {}", tool.title) };
    let mut body = String::new();
    if !tool.input.is_empty() {
        body += &fenced(&tool.input, "json");
    }
    if !tool.output.is_empty() {
        body += &fenced(&tool.output, "text");
    }
    if tool.truncated {
        body += "\n*The output was longer; the rest is not kept.*\n";
    }
    folded(&format!("Tool: {}{title}{state}{took}", tool.name), &body)
}

fn plan(entries: &[v1::PlanEntry]) -> String {
    let lines = entries.iter().map(|v1::PlanEntry { content, status, priority: _ }| {
        let (mark, note) = match status.as_str() {
            "completed" => ("x", ""),
            "in_progress" => (" ", " *(in progress)*"),
            "cancelled" => (" ", " *(cancelled)*"),
            _ => (" ", ""),
        };
        format!("- [{mark}] {}{note}\n", inline(content))
    });
    format!("\nPlan:\n\n{}", lines.collect::<String>())
}

/// Tokens and money in words.
pub(super) fn usage(usage: &v1::Usage) -> String {
    let v1::Usage { input_tokens, output_tokens, cost } = usage;
    let cost = cost.map_or_else(String::new, |cost| format!(", {cost:.4} US dollars"));
    format!("{input_tokens} tokens in, {output_tokens} out{cost}")
}
