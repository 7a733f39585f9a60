//! What a message on a subject says: the type of its body, for whoever looks at any of them.
//! A new kind of subject, and a new verb of one, does not compile until it is here.

use prost::Name;

use super::{ChatVerb, ChunkKind, RegistryVerb, Subject};
use crate::{method, v1};

/// The full name of the message on a subject. `None`: it is none of ours, or says nothing.
#[must_use]
pub fn type_of(subject: &str) -> Option<String> {
    match subject.parse() {
        Ok(subject) => of(&subject),
        Err(_) => method::request_type(subject),
    }
}

fn of(subject: &Subject) -> Option<String> {
    let name = match subject {
        Subject::RegistryWorker { verb, .. } => match verb {
            RegistryVerb::Register => v1::RegisterRequest::full_name(),
            RegistryVerb::Models => v1::ModelsRequest::full_name(),
            RegistryVerb::Heartbeat => v1::Heartbeat::full_name(),
            RegistryVerb::Bye => v1::Bye::full_name(),
        },
        Subject::ChatWorker { verb, .. } => match verb {
            ChatVerb::Sync => v1::SyncRequest::full_name(),
            ChatVerb::Result => v1::AskResult::full_name(),
            ChatVerb::Attachment => v1::AttachmentRequest::full_name(),
        },
        Subject::Wake(_) => return None,
        Subject::Chunk(address) | Subject::LiveChunk(address) => match address.kind {
            ChunkKind::Start => v1::Start::full_name(),
            ChunkKind::Chunk => v1::Chunk::full_name(),
            ChunkKind::Request => v1::RequestAsked::full_name(),
            ChunkKind::End => v1::End::full_name(),
            ChunkKind::State => v1::State::full_name(),
        },
        Subject::Event(_) | Subject::LiveEvent(_) => v1::Event::full_name(),
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;
    use crate::{
        DESCRIPTORS,
        fingerprint::Fingerprint,
        id::{MachineId, MessageId, SessionId, UserId, WorkerId},
        subject::every::{Ids, every},
    };

    #[test]
    fn every_subject_and_method_has_a_message_that_the_descriptors_know() {
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let ids = Ids {
            machine: MachineId::random(),
            worker: WorkerId::random(),
            fingerprint: Fingerprint::of("U"),
            user: UserId::random(),
            session: SessionId::random(),
            message: MessageId::random(),
        };
        let subjects = every(&ids).into_iter().filter(|subject| !matches!(subject, Subject::Wake(_)));
        let methods = method::ALL.iter().map(|(service, name)| format!("{}.{name}", service.prefix()));
        for subject in subjects.map(|subject| subject.to_string()).chain(methods) {
            let name = type_of(&subject).unwrap_or_else(|| panic!("{subject}"));
            assert!(pool.get_message_by_name(&name).is_some(), "{subject}: {name}");
        }
        assert_eq!(type_of("chat.v1.api.send_message").as_deref(), Some("muster.v1.SendMessageRequest"));
        assert_eq!(type_of("chat.v1.api.sing"), None);
    }
}
