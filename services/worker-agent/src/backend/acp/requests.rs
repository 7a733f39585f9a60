//! Permissions: how an agent asks for them, and how it takes the answers.

use std::path::Path;

use agent_client_protocol::v1::schema::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SelectedPermissionOutcome, ToolCallContent, ToolCallUpdateFields, ToolKind,
};
use muster_contracts::v1::{Answer, RequestKind, RequestOption};
use serde_json::{Map, Value, json};

use super::{diff, tool};
use crate::turn::Asked;

/// Characters of a title that are shown.
const TITLE_CHARS: usize = 120;

/// What the user is asked.
pub(super) fn permission(request: &RequestPermissionRequest, directory: &Path) -> Asked {
    let ToolCallUpdateFields { title, kind, raw_input, content, .. } = &request.tool_call.fields;
    let title = title.clone().filter(|title| !title.trim().is_empty());
    let title = title.or_else(|| kind.map(|kind| tool::name(kind).to_owned()));
    let title = title.unwrap_or_else(|| "Do something".to_owned());
    let mut details = details(raw_input.as_ref(), content.as_deref().unwrap_or_default(), directory);
    // Some agents have the whole command in the title, and nothing else.
    let runs = *kind == Some(ToolKind::Execute);
    if details.is_empty() || title.chars().count() > TITLE_CHARS || (runs && raw_input.is_none()) {
        let name = if runs { "command" } else { "text" };
        details.entry(name).or_insert_with(|| json!(title));
    }
    let option = |option: &PermissionOption| RequestOption {
        option_id: option.option_id.0.to_string(),
        label: option.name.clone(),
        kind: match option.kind {
            PermissionOptionKind::AllowOnce => "allow_once",
            PermissionOptionKind::AllowAlways => "allow_always",
            PermissionOptionKind::RejectAlways => "reject_always",
            _ => "reject_once",
        }
        .to_owned(),
    };
    Asked {
        kind: RequestKind::Permission,
        title: title.chars().take(TITLE_CHARS).collect(),
        details: Value::Object(details).to_string(),
        options: request.options.iter().map(option).collect(),
        questions: Vec::new(),
    }
}

/// What a person needs to judge it: the change if there is one, else what the tool is given.
fn details(input: Option<&Value>, content: &[ToolCallContent], directory: &Path) -> Map<String, Value> {
    let mut details = Map::new();
    for content in content {
        match content {
            ToolCallContent::Diff(change) => {
                let change = diff::part(change, directory);
                let before = details.get("diff").and_then(Value::as_str).unwrap_or_default();
                let together = format!("{before}{}", change.patch);
                details.insert("path".to_owned(), json!(change.path));
                details.insert("diff".to_owned(), json!(together));
            }
            ToolCallContent::Content(content) => {
                if let Some(text) = tool::text_of(&content.content) {
                    details.insert("text".to_owned(), json!(text));
                }
            }
            _ => {}
        }
    }
    match input {
        // Old and new text are in the diff, and more legible there.
        Some(Value::Object(input)) if !details.contains_key("diff") => details.extend(input.clone()),
        Some(Value::Null | Value::Object(_)) | None => {}
        Some(other) => drop(details.insert("input".to_owned(), other.clone())),
    }
    details
}

/// What the agent is answered. Whatever is none of its options is a rejection.
pub(super) fn answer(options: &[PermissionOption], answer: &Answer) -> RequestPermissionResponse {
    let chosen = options.iter().find(|option| Some(&*option.option_id.0) == answer.option_id.as_deref());
    let rejection = || options.iter().find(|option| option.kind == PermissionOptionKind::RejectOnce);
    let outcome = match chosen.or_else(rejection) {
        Some(option) => RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone())),
        None => RequestPermissionOutcome::Cancelled,
    };
    RequestPermissionResponse::new(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(tool_call: Value) -> RequestPermissionRequest {
        let options = json!([
            {"optionId": "yes", "name": "Allow", "kind": "allow_once"},
            {"optionId": "ever", "name": "Always", "kind": "allow_always"},
            {"optionId": "no", "name": "Reject", "kind": "reject_once"},
        ]);
        serde_json::from_value(json!({"sessionId": "s", "toolCall": tool_call, "options": options})).unwrap()
    }

    #[test]
    fn a_person_sees_the_command_or_the_change() {
        let asked = permission(
            &request(
                json!({"toolCallId": "t", "title": "List files", "kind": "execute", "rawInput": {"command": "ls"}}),
            ),
            Path::new("/project"),
        );
        assert_eq!((asked.title.as_str(), asked.details.as_str()), ("List files", r#"{"command":"ls"}"#));
        let kinds = asked.options.iter().map(|option| option.kind.as_str()).collect::<Vec<_>>();
        assert_eq!(kinds, ["allow_once", "allow_always", "reject_once"]);
        let change = json!({"type": "diff", "path": "/project/a.rs", "oldText": "a\n", "newText": "b\n"});
        let asked = permission(
            &request(
                json!({"toolCallId": "t", "kind": "edit", "content": [change], "rawInput": {"old": "a", "new": "b"}}),
            ),
            Path::new("/project"),
        );
        let details = serde_json::from_str::<Value>(&asked.details).unwrap();
        assert_eq!((asked.title.as_str(), &details["path"]), ("edit", &json!("a.rs")));
        assert!(details["diff"].as_str().unwrap().contains("-a\n+b\n") && details.get("old").is_none());
    }

    #[test]
    fn a_command_that_only_the_title_tells_is_shown_whole() {
        let long = "echo ".repeat(100);
        let asked =
            permission(&request(json!({"toolCallId": "t", "title": long, "kind": "execute"})), Path::new("/project"));
        assert_eq!(asked.title.chars().count(), TITLE_CHARS);
        assert_eq!(asked.details, json!({"command": long}).to_string());
    }

    #[test]
    fn whatever_is_no_option_is_a_rejection() {
        let options = request(json!({"toolCallId": "t"})).options;
        let given = |option: Option<&str>| Answer { option_id: option.map(str::to_owned), ..Answer::default() };
        for (option, selected) in [(Some("ever"), "ever"), (Some("anything"), "no"), (None, "no")] {
            let response = serde_json::to_value(answer(&options, &given(option))).unwrap();
            assert_eq!(response["outcome"]["optionId"], json!(selected));
        }
        let response = serde_json::to_value(answer(&options[..2], &given(None))).unwrap();
        assert_eq!(response["outcome"]["outcome"], json!("cancelled"));
    }
}
