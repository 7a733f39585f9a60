//! A session as Markdown to keep. Whatever an agent or a person wrote stays where it stands: it neither closes what
//! it is in nor begins anything that follows.

mod part;
mod prose;
mod quote;
mod request;

use muster_contracts::v1;
use time::{OffsetDateTime, macros::format_description};

use self::quote::{code, inline};

/// What stands before the messages.
pub(crate) fn head(session: &v1::ChatSession, worker: &str, exported_at: i64) -> String {
    let title = if session.title.is_empty() { "Session without a title" } else { &session.title };
    let mut out = format!("# {}\n\n- Model: {}\n- Worker: {}\n", inline(title), code(&session.model), inline(worker));
    if !session.directory.is_empty() {
        out += &format!("- Directory: {}\n", code(&session.directory));
    }
    let usage = session.usage.unwrap_or_default();
    if usage != v1::Usage::default() {
        out += &format!("- Usage: {}\n", part::usage(&usage));
    }
    out += &format!("- Begun: {}\n- Exported: {}\n", utc(session.created_at), utc(exported_at));
    out
}

/// What stands in place of the messages when there are none.
pub(crate) const NOTHING: &str = "\n---\n\n*Nothing has been said in this session yet.*\n";

/// One message, with what was asked in it.
pub(crate) fn message(message: &v1::ChatMessage, requests: &[v1::AgentRequest]) -> String {
    let who = match message.role() {
        v1::Role::User => "You",
        v1::Role::Assistant => "Agent",
        v1::Role::System | v1::Role::Unspecified => "System",
    };
    let model = message.model.as_deref().filter(|_| message.role() == v1::Role::Assistant);
    let model = model.map_or_else(String::new, |model| format!(" · {}", code(model)));
    let mut out = format!("\n---\n\n## {who} · {}{model}\n", utc(message.timestamp));
    if message.superseded_by.is_some() {
        out += "\n> *A later version has taken the place of this message.*\n";
    }
    if message.parts.is_empty() {
        out += &prose::settled(&message.content);
    }
    for part in &message.parts {
        out += &part::markdown(part, requests);
    }
    for v1::Attachment { name, media_type, size, .. } in &message.attachments {
        out += &format!("\n> Attached: {} ({}, {size} bytes)\n", inline(name), inline(media_type));
    }
    out += &outcome(message);
    out
}

/// What became of the turn, unless it went well.
fn outcome(message: &v1::ChatMessage) -> String {
    use v1::TurnStatus as Status;
    let own = message.role() == v1::Role::User;
    let said = match message.status() {
        Status::Queued => "*Waits for the agent.*",
        Status::Delivered | Status::Streaming if !own => {
            "*This reply was still being written; this is what there was of it.*"
        }
        Status::Failed if !own => "**Failed**",
        Status::Interrupted if !own => "**Interrupted**",
        Status::Cancelled if !own => "*Stopped.*",
        _ => return String::new(),
    };
    match message.error.as_deref().filter(|_| !own) {
        Some(error) => format!("\n> {said} {}\n", inline(error)),
        None => format!("\n> {said}\n"),
    }
}

fn utc(milliseconds: i64) -> String {
    let shown = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let time = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000));
    time.ok().and_then(|time| time.format(shown).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
