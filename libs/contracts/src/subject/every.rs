//! Every subject that there is, made of given ids: what attempts on the broker
//! are tabled from. A new kind of subject does not compile until it is here.

use strum::VariantArray as _;

use super::{
    About, ChatVerb, ChunkAddress, ChunkKind, Entity, EventAddress, RegistryVerb, Subject, SubjectKind, Writer,
};
use crate::{
    fingerprint::Fingerprint,
    id::{MachineId, MessageId, SessionId, UserId, WorkerId},
};

/// What subjects are made of.
#[derive(Debug, Clone)]
pub struct Ids {
    /// A machine.
    pub machine: MachineId,
    /// A worker.
    pub worker: WorkerId,
    /// A worker's key.
    pub fingerprint: Fingerprint,
    /// An account.
    pub user: UserId,
    /// A session.
    pub session: SessionId,
    /// A message of it.
    pub message: MessageId,
}

/// Every subject that names these and nothing else.
#[must_use]
pub fn every(ids: &Ids) -> Vec<Subject> {
    SubjectKind::VARIANTS.iter().flat_map(|kind| of_kind(*kind, ids)).collect()
}

fn of_kind(kind: SubjectKind, ids: &Ids) -> Vec<Subject> {
    let Ids { machine, worker, fingerprint, .. } = ids;
    match kind {
        SubjectKind::RegistryWorker => RegistryVerb::ALL
            .iter()
            .map(|verb| Subject::RegistryWorker {
                machine: machine.clone(),
                worker: worker.clone(),
                fingerprint: fingerprint.clone(),
                verb: *verb,
            })
            .collect(),
        SubjectKind::ChatWorker => {
            ChatVerb::ALL.iter().map(|verb| Subject::ChatWorker { worker: worker.clone(), verb: *verb }).collect()
        }
        SubjectKind::Wake => vec![Subject::Wake(worker.clone())],
        SubjectKind::Chunk => chunks(ids).map(Subject::Chunk).collect(),
        SubjectKind::LiveChunk => chunks(ids).map(Subject::LiveChunk).collect(),
        SubjectKind::Event => events(ids).map(Subject::Event).collect(),
        SubjectKind::LiveEvent => events(ids).map(Subject::LiveEvent).collect(),
    }
}

fn chunks(ids: &Ids) -> impl Iterator<Item = ChunkAddress> {
    let Ids { worker, session, message, .. } = ids;
    let writers = [Writer::Chat, Writer::Worker(worker.clone())];
    let abouts = [About::Session, About::Message(message.clone())];
    let places = writers.into_iter().flat_map(move |writer| abouts.clone().map(|about| (writer.clone(), about)));
    places.flat_map(move |(writer, about)| {
        ChunkKind::ALL.iter().map(move |kind| ChunkAddress {
            writer: writer.clone(),
            session: session.clone(),
            about: about.clone(),
            kind: *kind,
        })
    })
}

fn events(ids: &Ids) -> impl Iterator<Item = EventAddress> {
    let Ids { user, worker, .. } = ids;
    Entity::ALL.iter().map(|entity| EventAddress { user: user.clone(), entity: *entity, id: worker.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_there_with_every_verb() {
        let ids = Ids {
            machine: MachineId::random(),
            worker: WorkerId::random(),
            fingerprint: Fingerprint::of("U"),
            user: UserId::random(),
            session: SessionId::random(),
            message: MessageId::random(),
        };
        let all = every(&ids);
        for kind in SubjectKind::VARIANTS {
            assert!(all.iter().any(|subject| SubjectKind::from(subject) == *kind), "{kind:?}");
        }
        let ends = all.iter().filter_map(|subject| subject.to_string().rsplit('.').next().map(str::to_owned));
        let ends = ends.collect::<std::collections::HashSet<_>>();
        let verbs = RegistryVerb::ALL.iter().map(|verb| verb.as_str());
        let verbs = verbs.chain(ChatVerb::ALL.iter().map(|verb| verb.as_str()));
        for verb in verbs.chain(ChunkKind::ALL.iter().map(|kind| kind.as_str())) {
            assert!(ends.contains(verb), "{verb}");
        }
    }
}
