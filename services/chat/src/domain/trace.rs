//! What the stream EVENTS still tells of a session or a reply that was deleted.

use std::collections::HashSet;

use muster_contracts::{
    Message as _,
    audit::Action,
    subject::Entity,
    v1::{self, event::Object},
};

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// It tells nothing of what was in one of these sessions.
    None,
    /// It is to be erased.
    Erase,
    /// It is, too, but the audit log must have taken it over first.
    EraseOnceTaken,
}

/// Whether an event is a trace of one of these sessions. That a session is gone stays.
#[must_use]
pub fn of(entity: Entity, id: &str, payload: &[u8], sessions: &HashSet<&str>) -> Trace {
    let concerned = match entity {
        Entity::Session => sessions.contains(id),
        Entity::Request | Entity::Audit => true,
        _ => false,
    };
    if !concerned {
        return Trace::None;
    }
    match v1::Event::decode(payload).ok().and_then(|event| event.object) {
        Some(Object::Session(_)) => Trace::Erase,
        Some(Object::Request(request)) if sessions.contains(request.chat_session_id.as_str()) => Trace::Erase,
        Some(Object::Audit(audit)) if sessions.contains(audit.session_id.as_str()) => {
            if audit.action == Action::SessionDeleted.as_str() { Trace::None } else { Trace::EraseOnceTaken }
        }
        _ => Trace::None,
    }
}

/// Whether an event tells what was asked in a reply.
#[must_use]
pub fn is_of_reply(payload: &[u8], reply_id: &str) -> bool {
    let told = v1::Event::decode(payload).ok().and_then(|event| event.object);
    matches!(told, Some(Object::Request(request)) if request.message_id == reply_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(entity: Entity, id: &str, object: Object) -> Trace {
        let event = v1::Event { object: Some(object), ..v1::Event::default() };
        of(entity, id, &event.encode_to_vec(), &HashSet::from(["gone", "gone too"]))
    }

    #[test]
    fn what_tells_of_a_deleted_session_is_found_and_nothing_else() {
        let request = |session: &str| {
            Object::Request(v1::AgentRequest { chat_session_id: session.into(), ..v1::AgentRequest::default() })
        };
        let audit = |session: &str, action: Action| {
            Object::Audit(v1::Audit { session_id: session.into(), ..action.to("x", "its title") })
        };
        let session = || Object::Session(v1::ChatSession::default());
        for (entity, id, object, expected) in [
            (Entity::Session, "gone", session(), Trace::Erase),
            (Entity::Session, "gone", Object::Removed(v1::Removed {}), Trace::None),
            (Entity::Session, "here", session(), Trace::None),
            (Entity::Request, "r", request("gone too"), Trace::Erase),
            (Entity::Request, "r", request("here"), Trace::None),
            (Entity::Audit, "a", audit("gone", Action::MessageSent), Trace::EraseOnceTaken),
            (Entity::Audit, "a", audit("gone", Action::SessionDeleted), Trace::None),
            (Entity::Audit, "a", audit("here", Action::MessageSent), Trace::None),
            (Entity::Machine, "gone", Object::Machine(v1::Machine::default()), Trace::None),
        ] {
            assert_eq!(seen(entity, id, object.clone()), expected, "{entity:?} {id} {object:?}");
        }
        assert_eq!(of(Entity::Session, "gone", b"\xff", &HashSet::from(["gone"])), Trace::None);
    }

    #[test]
    fn what_was_asked_in_a_reply_is_told_from_what_another_asked() {
        let asked = |reply: &str| v1::AgentRequest { message_id: reply.into(), ..v1::AgentRequest::default() };
        for (object, expected) in [
            (Object::Request(asked("gone")), true),
            (Object::Request(asked("here")), false),
            (Object::Session(v1::ChatSession::default()), false),
        ] {
            let event = v1::Event { object: Some(object.clone()), ..v1::Event::default() };
            assert_eq!(is_of_reply(&event.encode_to_vec(), "gone"), expected, "{object:?}");
        }
        assert!(!is_of_reply(b"\xff", "gone"));
    }
}
