//! What a bad worker may try: made from the list of subjects and of rights, so
//! that what is added there is tried here.

use std::collections::BTreeSet;

use muster_contracts::{
    fingerprint::Fingerprint,
    id::{self, MachineId, MessageId, SessionId, UserId, WorkerId},
    method,
    objects::ATTACHMENTS,
    permissions::{self, ServiceUser},
    stream::{CHUNKS, EVENTS},
    subject::{
        ChunkKind, RegistryVerb, Subject, Writer,
        every::{Ids, every},
        worker_inbox,
    },
};

/// What the broker has decided of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its key is pinned.
    Approved,
    /// Its key waits, or its worker was removed.
    Unapproved,
}

/// Whether this is somebody's own to say: the rule as it was meant, not as the rights have it.
pub(crate) fn is_own(subject: &Subject, me: &Ids, standing: Standing) -> bool {
    let approved = standing == Standing::Approved;
    match subject {
        Subject::RegistryWorker { machine, worker, fingerprint, verb } => {
            let mine = (machine, worker, fingerprint) == (&me.machine, &me.worker, &me.fingerprint);
            mine && (approved || *verb == RegistryVerb::Register)
        }
        Subject::ChatWorker { worker, verb: _ } => approved && *worker == me.worker,
        Subject::Chunk(address) => {
            approved && address.writer == Writer::Worker(me.worker.clone()) && address.kind != ChunkKind::State
        }
        Subject::Wake(_) | Subject::LiveChunk(_) | Subject::Event(_) | Subject::LiveEvent(_) => false,
    }
}

/// Whether this is somebody's own to hear.
pub(crate) fn may_hear(subject: &str, me: &Ids, standing: Standing) -> bool {
    let inbox = format!("{}.", worker_inbox(&me.fingerprint));
    let bell = format!("wrk.v1.{}.", me.worker);
    subject.starts_with(&inbox) || standing == Standing::Approved && subject.starts_with(&bell)
}

/// Everything that somebody may say. What ends their own presence comes last.
pub(crate) fn own(me: &Ids, about: &Ids, standing: Standing) -> Vec<String> {
    let theirs = Ids { session: about.session.clone(), message: about.message.clone(), ..me.clone() };
    let all = [me, &theirs].into_iter().flat_map(every).filter(|subject| is_own(subject, me, standing));
    let all = all.map(|subject| subject.to_string()).collect::<BTreeSet<_>>();
    let (last, first) = all.into_iter().partition::<Vec<_>, _>(|subject| subject.ends_with(".bye"));
    [first, last].concat()
}

/// Every subject that one of these may use, by every mixture of `me` and another, but for my own.
pub(crate) fn foreign(me: &Ids, others: &[Ids], standing: Standing) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for other in others {
        for ids in mixtures(me, other) {
            let subjects = every(&ids).into_iter().filter(|subject| !is_own(subject, me, standing));
            all.extend(subjects.map(|subject| subject.to_string()));
        }
        all.insert(format!("{}.{}", worker_inbox(&other.fingerprint), id::random()));
    }
    all.extend(services());
    all.extend(administration());
    all
}

/// Everything that anybody says or hears, in the words of somebody whom nobody knows.
pub(crate) fn everything() -> BTreeSet<String> {
    let subjects = every(&nobody()).into_iter().map(|subject| subject.to_string());
    subjects.chain(services()).chain(administration()).collect()
}

/// Whether a right is for this subject.
pub(crate) fn covers(right: &str, subject: &str) -> bool {
    let (mut right, mut subject) = (right.split('.'), subject.split('.'));
    loop {
        match (right.next(), subject.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(expected), Some(token)) if expected == token => {}
            _ => return false,
        }
    }
}

/// Where the answer to something permitted may be sent: everything of these others, and of our own.
pub(crate) fn replies(others: &[Ids]) -> BTreeSet<String> {
    let theirs = others.iter().flat_map(every).map(|subject| subject.to_string());
    let inboxes = others.iter().map(|other| format!("{}.{}", worker_inbox(&other.fingerprint), id::random()));
    theirs.chain(inboxes).chain(services()).chain(administration()).collect()
}

/// Subscriptions that would let somebody hear any of these.
pub(crate) fn eavesdropping(subjects: &BTreeSet<String>) -> BTreeSet<String> {
    let mut all = BTreeSet::from([">".to_owned(), "*".to_owned(), "*.>".to_owned()]);
    for subject in subjects {
        let tokens = subject.split('.').collect::<Vec<_>>();
        all.insert(subject.clone());
        for index in 0..tokens.len() {
            let mut starred = tokens.clone();
            starred[index] = "*";
            all.insert(starred.join("."));
            all.insert([&tokens[..index], &[">"]].concat().join("."));
        }
    }
    all
}

fn mixtures(me: &Ids, other: &Ids) -> Vec<Ids> {
    let pick = |mask: u8, bit: u8| if mask & (1 << bit) == 0 { me } else { other };
    let mixed = |mask| Ids {
        machine: pick(mask, 0).machine.clone(),
        worker: pick(mask, 1).worker.clone(),
        fingerprint: pick(mask, 2).fingerprint.clone(),
        user: other.user.clone(),
        session: pick(mask, 3).session.clone(),
        message: pick(mask, 3).message.clone(),
    };
    (0..16).map(mixed).collect()
}

/// What services say and hear, each right with words for its wildcards.
fn services() -> impl Iterator<Item = String> {
    let rights = ServiceUser::ALL.iter().map(|user| permissions::service(*user));
    let rights = rights.flat_map(|rights| rights.publish.into_iter().chain(rights.subscribe));
    let methods = method::ALL.iter().map(|(service, name)| format!("{}.{name}", service.prefix()));
    rights.map(|right| concrete(&right)).chain(methods)
}

pub(crate) fn concrete(right: &str) -> String {
    let word = |token: &str| if matches!(token, "*" | ">") { id::random() } else { token.to_owned() };
    right.split('.').map(word).collect::<Vec<_>>().join(".")
}

/// What nobody may, in the words of the broker.
pub(crate) fn administration() -> Vec<String> {
    let mut all = vec!["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.MINE"];
    all.extend(["$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$SYS.REQ.ACCOUNT.APP.INFO", "$JS.EVENT.ADVISORY.x"]);
    let mut all = all.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let verbs = ["INFO", "CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE"];
    for stream in [CHUNKS, EVENTS, ATTACHMENTS.stream] {
        all.extend(verbs.map(|verb| format!("$JS.API.STREAM.{verb}.{stream}")));
        all.push(format!("$JS.API.DIRECT.GET.{stream}"));
        all.push(format!("$JS.API.CONSUMER.NAMES.{stream}"));
        for durable in durables(stream) {
            let verbs = ["CREATE", "DURABLE.CREATE", "DELETE", "INFO", "PAUSE", "MSG.NEXT"];
            all.extend(verbs.map(|verb| format!("$JS.API.CONSUMER.{verb}.{stream}.{durable}")));
            all.push(format!("$JS.ACK.{stream}.{durable}.1.1.1.1.0"));
        }
    }
    all
}

/// The consumers that services have of a stream, from what they may ask for.
pub(crate) fn durables(stream: &str) -> BTreeSet<String> {
    let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.");
    let rights = ServiceUser::ALL.iter().flat_map(|user| permissions::service(*user).publish);
    rights.filter_map(|right| right.strip_prefix(&next).map(str::to_owned)).collect()
}

/// Ids of nobody.
pub(crate) fn nobody() -> Ids {
    Ids {
        machine: MachineId::random(),
        worker: WorkerId::random(),
        fingerprint: Fingerprint::of(&id::random()),
        user: UserId::random(),
        session: SessionId::random(),
        message: MessageId::random(),
    }
}
