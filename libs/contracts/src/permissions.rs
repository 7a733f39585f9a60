//! Who may publish and subscribe what: one pure function for each kind of user
//! of the broker. The callout, the broker's configuration, the tests and the
//! page's view of a worker's rights all take it from here.

use crate::{
    fingerprint::Fingerprint,
    id::{MachineId, WorkerId},
    method,
    objects::{self, Objects},
    stream::{CHUNKS, EVENTS, PUSH},
    subject::{ChunkKind, RegistryVerb, Subject, filter, service_inbox, worker_inbox},
};

/// Subjects that a user of the broker may publish to and subscribe to; all others are denied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// May be published.
    pub publish: Vec<String>,
    /// May be subscribed.
    pub subscribe: Vec<String>,
    /// May answer a request that it received.
    pub respond: bool,
}

/// An approved worker: its own subjects and nothing else.
#[must_use]
pub fn worker(machine: &MachineId, worker: &WorkerId, fingerprint: &Fingerprint) -> Permissions {
    let stream = [ChunkKind::Start, ChunkKind::Chunk, ChunkKind::Request, ChunkKind::End];
    let mut publish =
        stream.iter().map(|kind| format!("chat.v1.stream.{worker}.*.*.{}", kind.as_str())).collect::<Vec<_>>();
    publish.push(format!("chat.v1.worker.{worker}.>"));
    publish.push(filter::registry_worker(machine, worker, fingerprint));
    Permissions {
        publish,
        subscribe: vec![filter::wake(worker), format!("{}.>", worker_inbox(fingerprint))],
        respond: false,
    }
}

/// A proved key without approval: it may ask to be registered and hear the answer.
#[must_use]
pub fn register_only(machine: &MachineId, worker: &WorkerId, fingerprint: &Fingerprint) -> Permissions {
    let register = Subject::RegistryWorker {
        machine: machine.clone(),
        worker: worker.clone(),
        fingerprint: fingerprint.clone(),
        verb: RegistryVerb::Register,
    };
    Permissions {
        publish: vec![register.to_string()],
        subscribe: vec![format!("{}.>", worker_inbox(fingerprint))],
        respond: false,
    }
}

/// A process of ours on the broker, with an NKey user of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceUser {
    /// HTTP and event streams.
    Api,
    /// Machines, workers, callout.
    Registry,
    /// Sessions, messages, turns.
    Chat,
    /// The registry's user in the system account.
    System,
    /// Whoever makes a backup, and restores one.
    Backup,
}

impl ServiceUser {
    /// Every user.
    pub const ALL: &[Self] = &[Self::Registry, Self::Chat, Self::Api, Self::System, Self::Backup];

    /// Name in configuration, inbox prefix and connection list.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Registry => "registry",
            Self::Chat => "chat",
            Self::System => "system",
            Self::Backup => "backup",
        }
    }
}

/// What one of our own processes may do.
#[must_use]
pub fn service(user: ServiceUser) -> Permissions {
    let mut permissions = match user {
        ServiceUser::Api => api(),
        ServiceUser::Registry => registry(),
        ServiceUser::Chat => chat(),
        ServiceUser::System => system(),
        ServiceUser::Backup => backup(),
    };
    permissions.subscribe.push(format!("{}.>", service_inbox(user.name())));
    permissions
}

/// The streams that a backup has; together with the databases they are all that an installation knows.
pub const KEPT: [&str; 3] = [CHUNKS, EVENTS, objects::ATTACHMENTS.stream];

/// Name of the operator who may look.
pub const INSPECTOR: &str = "inspect";

/// What an operator may ask in the account of the services: who is there and how it is, which
/// streams and consumers there are, and single messages of them. Nothing of it changes anything.
#[must_use]
pub fn inspected() -> Vec<String> {
    let mut subjects = own(&[
        "$SRV.PING",
        "$SRV.PING.>",
        "$SRV.INFO",
        "$SRV.INFO.>",
        "$SRV.STATS",
        "$SRV.STATS.>",
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.CONSUMER.NAMES.*",
        "$JS.API.CONSUMER.LIST.*",
        "$JS.API.CONSUMER.INFO.*.*",
    ]);
    for stream in [CHUNKS, EVENTS] {
        subjects.extend([format!("$JS.API.DIRECT.GET.{stream}"), format!("$JS.API.DIRECT.GET.{stream}.>")]);
    }
    subjects
}

/// An operator who looks. In an account of their own, since a reply subject is not checked within
/// one: there, a question with the reply `$JS.API.STREAM.DELETE.…` would be more than a question.
#[must_use]
pub fn inspector() -> Permissions {
    Permissions { publish: inspected(), subscribe: own(&[filter::LIVE, "_INBOX.>"]), respond: false }
}

/// What chat asks of the registry, and nobody else.
fn asked_by_chat() -> [String; 2] {
    [method::subject::<method::Presence>(), method::subject::<method::RestrictWorker>()]
}

fn api() -> Permissions {
    let mut publish = own(&["evt.v1.*.user.*", "evt.v1.*.device.*", "evt.v1.*.token.*"]);
    let methods = method::ALL.iter().map(|(service, name)| format!("{}.{name}", service.prefix()));
    publish.extend(methods.filter(|method| !asked_by_chat().contains(method)));
    for stream in [CHUNKS, EVENTS] {
        publish.extend(read(stream));
        // Its leader is asked what a replica may not have yet.
        publish.push(format!("$JS.API.STREAM.MSG.GET.{stream}"));
    }
    publish.extend(consume(EVENTS, "api"));
    publish.extend(consume(EVENTS, PUSH));
    publish.extend(keep(objects::ATTACHMENTS));
    Permissions { publish, subscribe: own(&["live.v1.*.*.*.*", "live.evt.v1.*.*.*"]), respond: false }
}

fn registry() -> Permissions {
    let mut publish = own(&[
        "evt.v1.*.machine.*",
        "evt.v1.*.worker.*",
        "evt.v1.*.registration.*",
        "evt.v1.*.audit.*",
        "wrk.v1.*.wake",
    ]);
    publish.extend(define(EVENTS));
    publish.extend(consume(EVENTS, "registry"));
    Permissions {
        publish,
        subscribe: own(&[
            &format!("{}.*", method::Service::Registry.prefix()),
            filter::REGISTRY_WORKERS,
            "$SYS.REQ.USER.AUTH",
            "$SRV.>",
        ]),
        respond: true,
    }
}

fn chat() -> Permissions {
    let mut publish = own(&[
        "chat.v1.stream.chat.*.*.state",
        "evt.v1.*.session.*",
        "evt.v1.*.request.*",
        "evt.v1.*.audit.*",
        "wrk.v1.*.wake",
    ]);
    publish.extend(asked_by_chat());
    publish.extend(define(CHUNKS));
    publish.extend(consume(CHUNKS, "chat"));
    publish.extend(consume(EVENTS, "chat"));
    for stream in [CHUNKS, EVENTS] {
        publish.extend(read(stream));
        publish.push(erase(stream));
    }
    // How far the api has taken over what is to be erased.
    publish.push(format!("$JS.API.CONSUMER.INFO.{EVENTS}.api"));
    // Its leader is asked what a replica may not have yet.
    publish.push(format!("$JS.API.STREAM.MSG.GET.{CHUNKS}"));
    publish.extend(define(objects::ATTACHMENTS.stream));
    publish.extend(keep(objects::ATTACHMENTS));
    publish.push(erase(objects::ATTACHMENTS.stream));
    Permissions {
        publish,
        subscribe: own(&[&format!("{}.*", method::Service::Chat.prefix()), filter::CHAT_WORKERS, "$SRV.>"]),
        respond: true,
    }
}

fn system() -> Permissions {
    Permissions {
        publish: own(&["$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.SERVER.*.KICK"]),
        subscribe: own(&["$SYS.ACCOUNT.WORKERS.CONNECT", "$SYS.ACCOUNT.WORKERS.DISCONNECT"]),
        respond: false,
    }
}

/// Read streams as a whole, and make them again where there is none of that name: a restore never takes the place of
/// something. What EVENTS tells of a time after the databases' is overwritten there.
fn backup() -> Permissions {
    let mut publish = own(&["$JS.SNAPSHOT.ACK.>", "$JS.SNAPSHOT.RESTORE.>", &erase(EVENTS)]);
    // What a service still has to tell stays there.
    publish.push(format!("$JS.API.DIRECT.GET.{EVENTS}"));
    for stream in KEPT {
        publish.extend(["INFO", "SNAPSHOT", "RESTORE"].map(|verb| format!("$JS.API.STREAM.{verb}.{stream}")));
    }
    Permissions { publish, subscribe: Vec::new(), respond: false }
}

fn own(subjects: &[&str]) -> Vec<String> {
    subjects.iter().map(|&subject| subject.to_owned()).collect()
}

/// Look at a stream and read from it directly, without a consumer.
fn read(stream: &str) -> Vec<String> {
    vec![
        format!("$JS.API.STREAM.INFO.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}.>"),
    ]
}

/// Overwrite single messages of a stream: what belongs to a session that its user deletes.
fn erase(stream: &str) -> String {
    format!("$JS.API.STREAM.MSG.DELETE.{stream}")
}

/// Make a stream and keep its definition current; never delete or purge it.
fn define(stream: &str) -> Vec<String> {
    ["INFO", "CREATE", "UPDATE"].iter().map(|verb| format!("$JS.API.STREAM.{verb}.{stream}")).collect()
}

/// Write, read and remove objects. What is removed is overwritten: that takes no right on the stream as a whole.
fn keep(store: Objects) -> Vec<String> {
    vec![store.pieces("*"), store.about_all(), format!("$JS.API.DIRECT.GET.{}", store.stream)]
}

/// Have one durable consumer with this name.
fn consume(stream: &str, durable: &str) -> Vec<String> {
    vec![
        format!("$JS.API.STREAM.INFO.{stream}"),
        format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}"),
        format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"),
        format!("$JS.ACK.{stream}.{durable}.>"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_has_no_right_on_jetstream_or_on_anything_of_another() {
        let (machine, me, fingerprint) = (MachineId::random(), WorkerId::random(), Fingerprint::of("U"));
        let permissions = worker(&machine, &me, &fingerprint);
        for subject in permissions.publish.iter().chain(&permissions.subscribe) {
            assert!(!subject.starts_with('$') && !subject.starts_with('>') && !subject.starts_with('*'), "{subject}");
            assert!(subject.contains(me.as_str()) || subject.contains(fingerprint.as_str()), "{subject}");
        }
        assert!(!permissions.respond);
    }

    #[test]
    fn an_unapproved_key_may_only_register() {
        let permissions = register_only(&MachineId::random(), &WorkerId::random(), &Fingerprint::of("U"));
        assert_eq!(permissions.publish.len(), 1);
        assert!(permissions.publish.iter().all(|subject| subject.ends_with(".register")));
        assert_eq!(permissions.subscribe.len(), 1);
    }

    #[test]
    fn attachments_are_api_s_and_chat_s_alone_and_a_backup_s() {
        for &user in ServiceUser::ALL {
            let Permissions { publish, subscribe, .. } = service(user);
            let touches = publish.iter().chain(&subscribe).any(|subject| subject.contains("ATTACHMENTS"));
            assert_eq!(
                touches,
                matches!(user, ServiceUser::Api | ServiceUser::Chat | ServiceUser::Backup),
                "{}",
                user.name()
            );
        }
        assert!(!inspector().publish.iter().any(|subject| subject.contains("ATTACHMENTS")));
    }

    #[test]
    fn no_service_may_delete_or_purge_a_stream_and_few_may_erase_messages() {
        let erasable = |user: ServiceUser| match user {
            ServiceUser::Chat => &KEPT[..],
            // While it restores.
            ServiceUser::Backup => &[EVENTS],
            _ => &[],
        };
        let services = ServiceUser::ALL.iter().map(|&user| (erasable(user), service(user)));
        for (erasable, permissions) in services.chain([(&[][..], inspector())]) {
            for subject in permissions.publish {
                let erases = erasable.iter().any(|stream| subject == erase(stream));
                let harmless = !subject.contains("DELETE") && !subject.contains("PURGE") && subject != ">";
                assert!(erases || harmless, "{subject}");
            }
        }
    }
}
