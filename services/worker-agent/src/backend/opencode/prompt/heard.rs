//! What opencode says of the turn by itself.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::Talk;
use crate::{
    backend::opencode::{
        events::{Ear, Heard},
        wire::{Info, Payload},
    },
    domain::event::Outcome,
};

/// How long an answer that has ended waits for it.
const COMPARES: Duration = Duration::from_secs(1);

impl Talk<'_> {
    pub(super) async fn own(&mut self, payload: Payload) -> Option<Outcome> {
        let Payload { kind, mut properties } = self.said(payload)?;
        let mut take = |name: &str| properties.get_mut(name).map(Value::take).unwrap_or_default();
        match kind.as_str() {
            "session.error" => {
                // The second one of a turn is the same with a stack trace.
                if self.error.is_none() {
                    self.error = serde_json::from_value(take("error")).ok();
                }
                return self.look().await;
            }
            "session.status" => {
                let status = take("status");
                let text =
                    |name: &str| status.get(name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
                match status.get("type").and_then(Value::as_str) {
                    Some("idle") => return self.look().await,
                    Some("retry") => {
                        let (attempt, message) =
                            (text("attempt").unwrap_or_default(), text("message").unwrap_or_default());
                        self.transcript.notice(
                            "retry",
                            format!("The model's provider asks to wait, attempt {attempt}: {message}"),
                        );
                    }
                    _ => self.give_up = None,
                }
            }
            "permission.asked" | "permission.replied" | "question.asked" | "question.replied" | "question.rejected" => {
                self.request(&Payload { kind, properties }).await
            }
            _ => {}
        }
        None
    }

    /// Takes what is only to be shown; whatever else it is comes back.
    fn said(&mut self, payload: Payload) -> Option<Payload> {
        let Payload { kind, mut properties } = payload;
        let mut take = |name: &str| properties.get_mut(name).map(Value::take).unwrap_or_default();
        match kind.as_str() {
            "message.updated" => {
                if let Ok(info) = serde_json::from_value::<Info>(take("info")) {
                    self.transcript.message(&info);
                    self.give_up = None;
                }
            }
            "message.part.updated" => {
                if let Ok(part) = serde_json::from_value(take("part")) {
                    self.transcript.part(part);
                }
            }
            "message.part.delta" => {
                if let Ok(delta) = serde_json::from_value(properties) {
                    self.transcript.delta(delta);
                }
            }
            "todo.updated" => {
                if let Ok(todos) = serde_json::from_value(take("todos")) {
                    self.transcript.plan(todos);
                }
            }
            "session.updated" => {
                let title = take("info");
                self.transcript.title(title.get("title").and_then(Value::as_str).unwrap_or_default());
            }
            "session.compacted" => self.transcript.notice("compacted", "opencode has compacted the session's context."),
            _ => return Some(Payload { kind, properties }),
        }
        None
    }

    /// Waits for what the turn has changed, if that is not known: opencode compares beside what it says.
    pub(super) async fn hear_of_changes(&mut self) {
        let known = async {
            while !self.transcript.knows_changes() {
                match self.ear.as_mut()?.next().await? {
                    Heard::Own(payload) => drop(self.said(payload)),
                    Heard::Gap => return None,
                    Heard::Child(_) | Heard::Nothing => {}
                }
            }
            Some(())
        };
        if timeout(COMPARES, known).await.is_err() {
            tracing::debug!("opencode does not tell what has become of a file");
        }
    }

    /// Takes what was said before the end and not heard yet. There is nobody any more who could be asked about it.
    pub(super) fn hear_the_rest(&mut self) {
        while let Some(heard) = self.ear.as_mut().and_then(Ear::at_once) {
            if let Heard::Own(payload) = heard {
                self.said(payload);
            }
        }
    }
}
