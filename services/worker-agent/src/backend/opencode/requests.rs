//! Permissions and questions: how opencode asks them, and how it takes the answers.

use std::{path::Path, time::Duration};

use muster_contracts::v1::{Answer, Question, QuestionOption, RequestKind, RequestOption};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    client::{Client, ClientError},
    wire::{self, Permission, QuestionAsked},
};
use crate::turn::Asked;

const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// Characters of a title that are shown.
const TITLE_CHARS: usize = 120;

/// What waits for an answer, by opencode's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Waiting {
    Permission(String),
    Question(String),
}

impl Waiting {
    /// What an event says that nobody waits for any more.
    pub(super) fn settled(event: &str, properties: &Value) -> Option<Self> {
        let id = properties.get("requestID")?.as_str()?.to_owned();
        match event {
            "permission.replied" => Some(Self::Permission(id)),
            "question.replied" | "question.rejected" => Some(Self::Question(id)),
            _ => None,
        }
    }

    pub(super) const fn is_permission(&self) -> bool {
        matches!(self, Self::Permission(_))
    }

    pub(super) fn is(&self, permission: &Permission) -> bool {
        matches!(self, Self::Permission(id) if *id == permission.id)
    }
}

pub(super) fn permission(permission: Permission) -> (Waiting, Asked) {
    let Permission { id, permission, patterns, metadata } = permission;
    let option = |option_id: &str, label: &str, kind: &str| RequestOption {
        option_id: option_id.to_owned(),
        label: label.to_owned(),
        kind: kind.to_owned(),
    };
    let title = title(&permission, &metadata);
    let details = if metadata.as_object().is_none_or(serde_json::Map::is_empty) {
        json!({ "patterns": patterns })
    } else {
        metadata
    };
    let asked = Asked {
        kind: RequestKind::Permission,
        title,
        details: details.to_string(),
        options: vec![
            option("once", "Allow once", "allow_once"),
            option("always", "Always allow", "allow_always"),
            option("reject", "Reject", "reject_once"),
        ],
        questions: Vec::new(),
    };
    (Waiting::Permission(id), asked)
}

/// What opencode wants to do, in words; a kind that is not known here says so itself.
fn title(kind: &str, metadata: &Value) -> String {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    let path = text("filepath").or_else(|| text("filePath")).or_else(|| text("path"));
    let file = path.and_then(|path| Path::new(path).file_name()).map(|name| name.to_string_lossy());
    let title = match (kind, file, text("url")) {
        ("bash", _, _) => "Run a command".to_owned(),
        ("edit" | "write" | "patch", Some(file), _) => format!("Change {file}"),
        ("edit" | "write" | "patch", None, _) => "Change files".to_owned(),
        ("read", Some(file), _) => format!("Read {file}"),
        ("webfetch", _, Some(url)) => format!("Fetch {url}"),
        ("websearch", _, _) => "Search the web".to_owned(),
        ("task", _, _) => "Start a sub-agent".to_owned(),
        ("external_directory", _, _) => "Work outside of its directory".to_owned(),
        ("doom_loop", _, _) => "Do the same once more".to_owned(),
        (kind, _, _) => kind.to_owned(),
    };
    title.chars().take(TITLE_CHARS).collect()
}

pub(super) fn question(asked: QuestionAsked) -> (Waiting, Asked) {
    let QuestionAsked { id, questions } = asked;
    let option = |wire::QuestionOption { label, description }| QuestionOption { label, description };
    let questions = questions
        .into_iter()
        .map(|wire::Question { question, header, options, multiple, custom }| Question {
            header,
            question,
            options: options.into_iter().map(option).collect(),
            multiple: multiple.unwrap_or(false),
            custom: custom.unwrap_or(true),
        })
        .collect::<Vec<_>>();
    let title = questions.first().map(|first| first.header.clone()).unwrap_or_default();
    (Waiting::Question(id), Asked { kind: RequestKind::Question, title, questions, ..Asked::default() })
}

/// Gives the user's answer to opencode. One that opencode no longer waits for is of no use.
pub(super) async fn answer(client: &Client, directory: &Path, waiting: &Waiting, answer: &Answer) {
    for _ in 0..ATTEMPTS {
        match give(client, directory, waiting, answer).await {
            Ok(()) | Err(ClientError::NotFound) => return,
            Err(error) => tracing::warn!(%error, "an answer could not be given to opencode"),
        }
        sleep(PAUSE).await;
    }
}

/// Nobody will answer any more: opencode would wait for ever.
pub(super) async fn withdraw(client: &Client, directory: &Path, waiting: &Waiting) {
    if let Err(error) = give(client, directory, waiting, &Answer::default()).await {
        tracing::debug!(%error, "a request that was withdrawn is gone already");
    }
}

async fn give(client: &Client, directory: &Path, waiting: &Waiting, answer: &Answer) -> Result<(), ClientError> {
    match waiting {
        Waiting::Permission(id) => client.reply_permission(directory, id, &permission_reply(answer)).await,
        Waiting::Question(id) => match question_reply(answer) {
            Some(body) => client.reply_question(directory, id, &body).await,
            None => client.reject_question(directory, id).await,
        },
    }
}

fn permission_reply(answer: &Answer) -> Value {
    let message = answer.message.as_deref().filter(|message| !message.is_empty());
    match (answer.option_id.as_deref(), message) {
        (Some(reply @ ("once" | "always")), _) => json!({ "reply": reply }),
        (_, Some(message)) => json!({ "reply": "reject", "message": message }),
        (_, None) => json!({ "reply": "reject" }),
    }
}

fn question_reply(answer: &Answer) -> Option<Value> {
    if answer.answers.is_empty() {
        return None;
    }
    let labels = answer.answers.iter().map(|labels| &labels.labels).collect::<Vec<_>>();
    Some(json!({ "answers": labels }))
}

#[cfg(test)]
mod tests {
    use muster_contracts::v1::Labels;

    use super::*;

    #[test]
    fn a_permission_says_in_words_what_for() {
        for (kind, metadata, title_of_it) in [
            ("bash", json!({"command": "ls"}), "Run a command"),
            ("edit", json!({"filepath": "/home/ada/src/price.ts", "diff": "-"}), "Change price.ts"),
            ("edit", json!({}), "Change files"),
            ("webfetch", json!({"url": "https://example.org/"}), "Fetch https://example.org/"),
            ("something_new", json!({}), "something_new"),
        ] {
            assert_eq!(title(kind, &metadata), title_of_it);
        }
        assert_eq!(title("webfetch", &json!({"url": "x".repeat(9_000)})).chars().count(), TITLE_CHARS);
    }

    #[test]
    fn whatever_is_not_a_permission_is_a_rejection() {
        let answer = |option: Option<&str>, message: Option<&str>| Answer {
            option_id: option.map(str::to_owned),
            message: message.map(str::to_owned),
            answers: Vec::new(),
        };
        assert_eq!(permission_reply(&answer(Some("always"), None)), json!({"reply": "always"}));
        assert_eq!(permission_reply(&answer(Some("reject"), Some("no"))), json!({"reply": "reject", "message": "no"}));
        assert_eq!(permission_reply(&answer(Some("anything"), None)), json!({"reply": "reject"}));
        assert_eq!(permission_reply(&answer(None, Some(""))), json!({"reply": "reject"}));
    }

    #[test]
    fn a_question_without_labels_is_rejected() {
        assert_eq!(question_reply(&Answer::default()), None);
        let answer = Answer { answers: vec![Labels { labels: vec!["A".into()] }], ..Answer::default() };
        assert_eq!(question_reply(&answer), Some(json!({"answers": [["A"]]})));
    }
}
