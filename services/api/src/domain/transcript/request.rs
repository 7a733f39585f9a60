//! What an agent asked, and what was answered.

use muster_contracts::v1;

use super::quote::{fenced, folded, inline};

/// `None`: it is no longer known what was asked.
pub(super) fn markdown(request: Option<&v1::AgentRequest>) -> String {
    let Some(request) = request else { return "\n> *The agent asked something here.*\n".to_owned() };
    let body = request.body.clone().unwrap_or_default();
    let asked = match body.kind() {
        v1::RequestKind::Question => "Asked",
        v1::RequestKind::Permission | v1::RequestKind::Unspecified => "Asked for permission",
    };
    let mut out = format!("\n> **{asked}:** {}\n", inline(&body.title));
    for (place, question) in body.questions.iter().enumerate() {
        let options = question.options.iter().map(|option| inline(&option.label)).collect::<Vec<_>>().join(" / ");
        let chosen = request.outcome.as_ref().and_then(|outcome| outcome.answers.get(place));
        let chosen =
            chosen.map(|labels| labels.labels.iter().map(|label| inline(label)).collect::<Vec<_>>().join(", "));
        out += &format!("> - {} ({options}): {}\n", inline(&question.question), chosen.unwrap_or_else(|| "—".into()));
    }
    out += &format!(">\n> {}\n", outcome(request, &body));
    if !body.details.is_empty() {
        out += &folded("What was asked for", &fenced(&body.details, "text"));
    }
    out
}

fn outcome(request: &v1::AgentRequest, body: &v1::RequestBody) -> String {
    match request.status() {
        v1::RequestStatus::RequestPending | v1::RequestStatus::Unspecified => "*Not answered yet.*".to_owned(),
        v1::RequestStatus::RequestGone => "*Never answered: the agent waits for it no more.*".to_owned(),
        v1::RequestStatus::RequestAnswered => {
            let outcome = request.outcome.clone().unwrap_or_default();
            let chosen = outcome.option_id.unwrap_or_default();
            let label = body.options.iter().find(|option| option.option_id == chosen).map(|option| &option.label);
            let label =
                label.map_or_else(|| "Answered.".to_owned(), |label| format!("Answered: **{}**", inline(label)));
            outcome.message.map_or_else(|| label.clone(), |message| format!("{label} — {}", inline(&message)))
        }
    }
}
