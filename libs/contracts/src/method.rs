//! The request/reply methods of registry and chat, with their messages.
//!
//! [`Method`] binds a name to its request and reply, so that a caller and a
//! handler cannot disagree.

use prost::{Message, Name};

use crate::v1;

/// A method of a service: which messages go in and come out, and its place.
pub trait Method: Send + Sync + 'static {
    /// What is asked.
    type Request: Message + Name + Default;
    /// What is answered.
    type Reply: Message + Name + Default;
    /// Which service answers.
    const SERVICE: Service;
    /// Last token of the subject.
    const NAME: &'static str;
    /// Asked twice it does and answers the same: it only reads, or the asker's own id makes both one.
    const AGAIN: bool;
}

/// A service that answers the api.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Machines, workers, registrations, presence, models.
    Registry,
    /// Sessions, messages, turns, requests.
    Chat,
}

impl Service {
    /// Name in `nats micro ls` and the queue group.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Chat => "chat",
        }
    }

    /// What precedes the method's name in its subject.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Registry => "reg.v1.api",
            Self::Chat => "chat.v1.api",
        }
    }
}

/// The subject of a method.
#[must_use]
pub fn subject<M: Method>() -> String {
    format!("{}.{}", M::SERVICE.prefix(), M::NAME)
}

macro_rules! methods {
    ($($service:ident { $($(#[$doc:meta])* $name:ident = $text:literal : $request:ident => $reply:ident $($again:ident)?;)* })*) => {
        $($(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Method for $name {
                type Request = v1::$request;
                type Reply = v1::$reply;
                const SERVICE: Service = Service::$service;
                const NAME: &'static str = $text;
                const AGAIN: bool = !stringify!($($again)?).is_empty();
            }
        )*)*

        /// Every method's service and name.
        pub const ALL: &[(Service, &str)] = &[$($((Service::$service, $text),)*)*];

        /// The full name of the message that is asked with on a subject, if it is that of a method.
        #[must_use]
        pub fn request_type(asked: &str) -> Option<String> {
            $($(if asked == subject::<$name>() {
                return Some(<v1::$request as prost::Name>::full_name());
            })*)*
            None
        }
    };
}

methods! {
    Registry {
        /// The caller's machines.
        ListMachines = "list_machines": ListMachinesRequest => ListMachinesReply again;
        /// Registers a machine; the same id and name again answers the same.
        CreateMachine = "create_machine": CreateMachineRequest => Machine again;
        /// Renames or hides a machine.
        UpdateMachine = "update_machine": UpdateMachineRequest => Machine;
        /// Deletes a machine with its workers.
        DeleteMachine = "delete_machine": MachineRef => Empty;
        /// The workers of a machine.
        ListWorkers = "list_workers": ListWorkersRequest => ListWorkersReply again;
        /// Makes a worker without an approved key.
        CreateWorker = "create_worker": CreateWorkerRequest => Worker again;
        /// One worker with its models and registrations.
        GetWorker = "get_worker": WorkerRef => Worker again;
        /// Renames a worker.
        UpdateWorker = "update_worker": UpdateWorkerRequest => Worker;
        /// Removes a worker and cuts it off.
        DeleteWorker = "delete_worker": WorkerRef => Empty;
        /// Pins the key of a registration.
        ApproveWorker = "approve_worker": RegistrationRef => Worker;
        /// Turns a registration, or a never-approved worker, away.
        RejectWorker = "reject_worker": RegistrationRef => Empty;
        /// Dismisses another key's registration of an approved worker.
        DismissRegistration = "dismiss_registration": RegistrationRef => Empty;
        /// Says what is in the way of a worker; told by chat.
        RestrictWorker = "restrict_worker": RestrictWorkerRequest => Empty;
        /// Lets a worker in again that was cut off.
        ReadmitWorker = "readmit_worker": WorkerRef => Worker;
        /// Where workers are right now; asked by chat.
        Presence = "presence": PresenceRequest => PresenceReply again;
    }
    Chat {
        /// Starts a session.
        CreateSession = "create_session": CreateSessionRequest => ChatSession again;
        /// Sessions of the caller, of one worker or of all.
        ListSessions = "list_sessions": ListSessionsRequest => ListSessionsReply again;
        /// One session.
        GetSession = "get_session": SessionRef => ChatSession again;
        /// Renames, pins, or changes model or mode.
        UpdateSession = "update_session": UpdateSessionRequest => ChatSession;
        /// Deletes a session with its messages.
        DeleteSession = "delete_session": SessionRef => Empty;
        /// Ends a session: readable, nothing runs.
        EndSession = "end_session": SessionRef => ChatSession;
        /// Makes a terminated session active again.
        RestoreSession = "restore_session": SessionRef => ChatSession;
        /// Lets a paused queue go on.
        ContinueQueue = "continue_queue": SessionRef => ChatSession;
        /// Marks a session as read.
        MarkRead = "mark_read": MessageRef => Empty again;
        /// A page of messages, and where the event stream continues it.
        ListMessages = "list_messages": ListMessagesRequest => ListMessagesReply again;
        /// A piece of a message that is too large for a list.
        ReadMessage = "read_message": ReadMessageRequest => ReadMessageReply again;
        /// Sends a message; the same id and content again is the same message.
        SendMessage = "send_message": SendMessageRequest => ChatMessage again;
        /// Edits or moves a waiting message.
        EditMessage = "edit_message": EditMessageRequest => ChatMessage;
        /// Withdraws a waiting message.
        WithdrawMessage = "withdraw_message": MessageRef => Empty;
        /// Puts a waiting message first and stops the running turn.
        SendNow = "send_now": MessageRef => Empty;
        /// Answers a failed, cancelled or interrupted message anew.
        Retry = "retry": MessageRef => Empty;
        /// Stops the turn of this message.
        CancelTurn = "cancel_turn": MessageRef => Empty;
        /// What waits for the caller's decision.
        ListRequests = "list_requests": ListRequestsRequest => ListRequestsReply again;
        /// Answers a request.
        Answer = "answer": AnswerRequest => AgentRequest;
        /// Asks a worker to publish its models anew.
        RefreshModels = "refresh_models": WorkerRef => Empty;
        /// What was asked in one reply.
        RequestsOfReply = "requests_of_reply": RequestsOfReplyRequest => ListRequestsReply again;
        /// Makes the link by which anybody can read a session.
        ShareSession = "share_session": ShareSessionRequest => ChatSession;
        /// Withdraws it.
        UnshareSession = "unshare_session": SessionRef => Empty;
        /// The session that a link is for.
        OpenShared = "open_shared": OpenSharedRequest => ChatSession again;
        /// Makes room for an attachment before its bytes come.
        ReserveAttachment = "reserve_attachment": ReserveAttachmentRequest => Empty;
        /// Says that an attachment lies in the object store, whole.
        CommitAttachment = "commit_attachment": CommitAttachmentRequest => Attachment;
        /// What is known of an attachment.
        GetAttachment = "get_attachment": AttachmentRef => Attachment again;
        /// Gives up an attachment that no message has.
        DiscardAttachment = "discard_attachment": AttachmentRef => Empty;
        /// Makes a session with everything up to a message of another one.
        ForkSession = "fork_session": ForkSessionRequest => ChatSession again;
        /// Asks something of a worker's backend, and waits for what it tells.
        AskWorker = "ask_worker": AskWorkerRequest => AskResult;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_single_tokens() {
        let mut seen = std::collections::HashSet::new();
        for (service, name) in ALL {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert!(seen.insert((service, name)), "{name} twice");
        }
    }
}
