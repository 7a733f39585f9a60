//! Keeps every message below the payload limit: what an agent shows may be
//! arbitrarily long, what the bus takes is not.

use muster_contracts::v1::{DiffPart, NoticePart, PlanPart, RequestBody, ToolPart};
use serde_json::Value;

use super::event::Piece;

/// Bytes of a tool call's input, as JSON.
pub const TOOL_INPUT_BYTES: usize = 64 * 1024;
/// Bytes of a tool call's output.
pub const TOOL_OUTPUT_BYTES: usize = 128 * 1024;
/// Bytes of one file's diff.
pub const DIFF_BYTES: usize = 192 * 1024;
/// Bytes of what a request shows.
pub const DETAILS_BYTES: usize = 64 * 1024;
/// Bytes of a line of text: titles, labels, plan entries.
pub const LINE_BYTES: usize = 1024;
/// Entries of a plan, questions of a request, options of a question.
pub const ENTRIES: usize = 40;
/// Questions of a request, and choices of a question.
pub const QUESTIONS: usize = 10;

/// Cuts a text at a character's border.
///
/// Returns whether anything is missing now.
pub fn text(text: &mut String, bytes: usize) -> bool {
    let cut = text.len() > bytes;
    if cut {
        text.truncate(text.floor_char_boundary(bytes));
    }
    cut
}

/// The text without NUL, which no database keeps as text: the hash is of what is kept.
#[must_use]
pub fn nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// A part that fits.
#[must_use]
pub fn piece(piece: Piece) -> Piece {
    match piece {
        Piece::Tool(tool) => Piece::Tool(cut_tool(tool)),
        Piece::Diff(diff) => Piece::Diff(cut_diff(diff)),
        Piece::Plan(plan) => Piece::Plan(cut_plan(plan)),
        Piece::Notice(NoticePart { text: mut words }) => {
            text(&mut words, DETAILS_BYTES);
            Piece::Notice(NoticePart { text: words })
        }
        Piece::Usage(usage) => Piece::Usage(usage),
    }
}

/// A request that fits.
#[must_use]
pub fn request(mut body: RequestBody) -> RequestBody {
    text(&mut body.title, LINE_BYTES);
    details(&mut body.details);
    body.options.truncate(ENTRIES);
    for option in &mut body.options {
        text(&mut option.label, LINE_BYTES);
    }
    body.questions.truncate(QUESTIONS);
    for question in &mut body.questions {
        text(&mut question.header, LINE_BYTES);
        text(&mut question.question, LINE_BYTES * 4);
        question.options.truncate(QUESTIONS);
        for option in &mut question.options {
            text(&mut option.label, LINE_BYTES / 2);
            text(&mut option.description, LINE_BYTES / 2);
        }
    }
    body
}

/// What is told as JSON stays JSON: its longest texts are cut, and it is seen that they were.
fn details(told: &mut String) {
    if told.len() > DETAILS_BYTES
        && let Ok(mut value) = serde_json::from_str::<Value>(told)
    {
        let mut most = DETAILS_BYTES;
        while told.len() > DETAILS_BYTES && most > LINE_BYTES / 4 {
            most /= 2;
            shorten(&mut value, most);
            *told = value.to_string();
        }
    }
    text(told, DETAILS_BYTES);
}

fn shorten(value: &mut Value, most: usize) {
    match value {
        Value::String(words) => {
            if text(words, most) {
                words.push_str(" […]");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shorten(value, most)),
        Value::Object(fields) => fields.values_mut().for_each(|value| shorten(value, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut_tool(mut tool: ToolPart) -> ToolPart {
    text(&mut tool.name, LINE_BYTES);
    text(&mut tool.title, LINE_BYTES);
    let input = text(&mut tool.input, TOOL_INPUT_BYTES);
    let output = text(&mut tool.output, TOOL_OUTPUT_BYTES);
    tool.truncated |= input || output;
    tool
}

/// A diff is cut between lines, so that what is left can still be shown.
fn cut_diff(mut diff: DiffPart) -> DiffPart {
    text(&mut diff.path, LINE_BYTES * 4);
    if text(&mut diff.patch, DIFF_BYTES) {
        let end = diff.patch.rfind('\n').map_or(diff.patch.len(), |newline| newline + 1);
        diff.patch.truncate(end);
        diff.patch.push_str("\\ The rest of this diff is too long to be shown\n");
    }
    diff
}

fn cut_plan(mut plan: PlanPart) -> PlanPart {
    plan.entries.truncate(ENTRIES * 3);
    for entry in &mut plan.entries {
        text(&mut entry.content, LINE_BYTES);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_splits_a_character() {
        let mut words = "aä".repeat(10);
        assert!(text(&mut words, 2));
        assert_eq!(words, "a");
    }

    #[test]
    fn a_long_tool_output_says_that_it_was_cut() {
        let tool = ToolPart { output: "x".repeat(1_000_000), ..ToolPart::default() };
        let Piece::Tool(tool) = piece(Piece::Tool(tool)) else { panic!("a tool stays a tool") };
        assert_eq!(tool.output.len(), TOOL_OUTPUT_BYTES);
        assert!(tool.truncated);
    }

    #[test]
    fn long_details_of_a_request_can_still_be_read() {
        let told = serde_json::json!({ "path": "a.rs", "lines": [1], "diff": "+ä\n".repeat(100_000) });
        let body = request(RequestBody { details: told.to_string(), ..RequestBody::default() });
        assert!(body.details.len() <= DETAILS_BYTES && body.details.len() > DETAILS_BYTES / 3);
        let read = serde_json::from_str::<Value>(&body.details).unwrap();
        assert_eq!((&read["path"], &read["lines"]), (&told["path"], &told["lines"]));
        let diff = read["diff"].as_str().unwrap();
        assert!(diff.starts_with("+ä\n+ä\n") && diff.ends_with(" […]"));
        let words = "no JSON ".repeat(20_000);
        let body = request(RequestBody { details: words.clone(), ..RequestBody::default() });
        assert_eq!(body.details, words[..DETAILS_BYTES]);
    }

    #[test]
    fn a_long_diff_ends_with_a_whole_line() {
        let diff = DiffPart { path: "a".into(), patch: "+line\n".repeat(100_000) };
        let Piece::Diff(diff) = piece(Piece::Diff(diff)) else { panic!("a diff stays a diff") };
        assert!(diff.patch.lines().rev().skip(1).all(|line| line == "+line"));
    }
}
