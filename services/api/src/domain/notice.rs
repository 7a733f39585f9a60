//! What is worth telling somebody who is not looking.

use muster_contracts::v1::{Activity, ChatSession, Event, RequestStatus, event::Object};
use serde::Serialize;

/// Events older than this, in milliseconds, are news to nobody: a broker's stream may hold many when we come.
const FRESH: i64 = 10 * 60 * 1000;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A turn has ended.
    Done,
    /// The agent asks something.
    NeedsYou,
    /// Somebody asks to be a worker.
    WorkerAsks,
}

impl Kind {
    /// Whether it still is as it was told, when somebody may have looked meanwhile.
    pub(crate) fn still_holds(self, session: &ChatSession) -> bool {
        match self {
            Self::Done => session.unread && session.activity() == Activity::Idle,
            Self::NeedsYou => session.activity() == Activity::NeedsYou,
            Self::WorkerAsks => true,
        }
    }
}

/// What a browser is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notice {
    pub(crate) kind: Kind,
    /// Of the session, or of the machine that asks.
    pub(crate) title: String,
    pub(crate) worker_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chat_session_id: Option<String>,
}

impl Notice {
    /// Names what a later notice takes the place of.
    pub(crate) fn topic(&self) -> &str {
        self.chat_session_id.as_deref().unwrap_or(&self.worker_id)
    }
}

/// What an event tells somebody who is not looking, if anything.
pub(crate) fn of(event: Event, now: i64) -> Option<Notice> {
    if now.saturating_sub(event.timestamp) > FRESH {
        return None;
    }
    // What a person does themselves is no news to them.
    let by_worker = event.actor.is_some_and(|actor| !actor.worker_id.is_empty());
    match event.object? {
        Object::Session(session) if by_worker && Kind::Done.still_holds(&session) => Some(Notice {
            kind: Kind::Done,
            title: session.title,
            worker_id: session.worker_id,
            chat_session_id: Some(session.chat_session_id),
        }),
        Object::Request(request) if request.status() == RequestStatus::RequestPending => Some(Notice {
            kind: Kind::NeedsYou,
            title: request.body.map(|body| body.title).unwrap_or_default(),
            worker_id: request.worker_id,
            chat_session_id: Some(request.chat_session_id),
        }),
        Object::Registration(asking) => Some(Notice {
            kind: Kind::WorkerAsks,
            title: asking.hostname,
            worker_id: asking.worker_id,
            chat_session_id: None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use muster_contracts::v1::{Actor, AgentRequest, Registration, Removed};

    use super::*;

    fn event(worker: &str, object: Object) -> Event {
        let actor = Some(Actor { worker_id: worker.into(), ..Actor::default() });
        Event { actor, timestamp: 0, object: Some(object) }
    }

    #[test]
    fn an_end_a_question_and_a_new_worker_are_worth_telling() {
        let session = |unread, activity: Activity| {
            Object::Session(ChatSession { unread, activity: activity.into(), ..ChatSession::default() })
        };
        let request =
            |status: RequestStatus| Object::Request(AgentRequest { status: status.into(), ..AgentRequest::default() });
        for (worker, object, expected) in [
            ("w", session(true, Activity::Idle), Some(Kind::Done)),
            ("w", session(false, Activity::Idle), None),
            ("w", session(true, Activity::Working), None),
            ("", session(true, Activity::Idle), None),
            ("w", request(RequestStatus::RequestPending), Some(Kind::NeedsYou)),
            ("", request(RequestStatus::RequestAnswered), None),
            ("", Object::Registration(Registration::default()), Some(Kind::WorkerAsks)),
            ("", Object::Removed(Removed {}), None),
        ] {
            let told = of(event(worker, object.clone()), FRESH).map(|notice| notice.kind);
            assert_eq!(told, expected, "{worker:?} {object:?}");
            assert_eq!(of(event(worker, object), FRESH + 1), None, "old news are none");
        }
    }
}
