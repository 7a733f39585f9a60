//! What the audit log calls things that were done.

use crate::{tokens::tokens, v1};

tokens! {
    /// Something that a person, a program or a worker did. The word before the dot says to what kind of thing.
    Action {
        /// An account was made.
        AccountCreated = "account.created",
        /// It became an administrator's or a member's.
        AccountRoleChanged = "account.role_changed",
        /// Nobody can sign in to it any more.
        AccountDisabled = "account.disabled",
        /// And again they can.
        AccountEnabled = "account.enabled",
        /// It is gone, with all that it had.
        AccountDeleted = "account.deleted",
        /// Its password was changed.
        PasswordChanged = "account.password_changed",
        /// Somebody who is signed in tried to change it, with a wrong one.
        PasswordChangeFailed = "account.password_change_failed",
        /// Somebody signed in.
        SignedIn = "account.signed_in",
        /// Somebody tried, with a wrong password.
        SignInFailed = "account.sign_in_failed",
        /// Somebody tried with a passkey of its, whose answer did not hold.
        PasskeyRefused = "account.passkey_refused",
        /// A sign-in was ended.
        SignedOut = "account.signed_out",
        /// A passkey can sign in.
        PasskeyAdded = "account.passkey_added",
        /// It no longer can.
        PasskeyRemoved = "account.passkey_removed",
        /// An account elsewhere can sign in.
        IdentityLinked = "account.identity_linked",
        /// It no longer can.
        IdentityUnlinked = "account.identity_unlinked",
        /// An API token was made.
        TokenCreated = "token.created",
        /// It was ended.
        TokenDeleted = "token.deleted",
        /// An invitation was made.
        InvitationCreated = "invitation.created",
        /// It was taken back.
        InvitationDeleted = "invitation.deleted",
        /// A machine was registered.
        MachineCreated = "machine.created",
        /// It has another name.
        MachineRenamed = "machine.renamed",
        /// It was hidden.
        MachineHidden = "machine.hidden",
        /// It is shown again.
        MachineShown = "machine.shown",
        /// It was deleted with its workers.
        MachineDeleted = "machine.deleted",
        /// A worker was made.
        WorkerCreated = "worker.created",
        /// It has another name.
        WorkerRenamed = "worker.renamed",
        /// A key asked to be it.
        WorkerAsked = "worker.asked",
        /// A key was approved.
        WorkerApproved = "worker.approved",
        /// A key was turned away.
        WorkerRejected = "worker.rejected",
        /// Another process of it took over.
        WorkerTakenOver = "worker.taken_over",
        /// It wrote too much and was cut off.
        WorkerCutOff = "worker.cut_off",
        /// It was let in again.
        WorkerReadmitted = "worker.readmitted",
        /// It was removed.
        WorkerRemoved = "worker.removed",
        /// A session was started.
        SessionCreated = "session.created",
        /// It has another title.
        SessionRenamed = "session.renamed",
        /// It has another model or mode.
        SessionChanged = "session.changed",
        /// It was made from another one, up to a message.
        SessionForked = "session.forked",
        /// It was ended.
        SessionEnded = "session.ended",
        /// It was resumed.
        SessionRestored = "session.restored",
        /// It was deleted.
        SessionDeleted = "session.deleted",
        /// Anybody with its link can read it.
        SessionShared = "session.shared",
        /// The link was withdrawn.
        SessionUnshared = "session.unshared",
        /// A message was sent.
        MessageSent = "session.message_sent",
        /// A message was sent in place of an earlier one.
        MessageReplaced = "session.message_replaced",
        /// A waiting message was changed or moved.
        MessageEdited = "session.message_edited",
        /// A waiting message was withdrawn.
        MessageWithdrawn = "session.message_withdrawn",
        /// A waiting message was put first.
        MessageSentNow = "session.message_sent_now",
        /// A turn was stopped.
        TurnStopped = "session.turn_stopped",
        /// A turn was tried again.
        TurnRetried = "session.turn_retried",
        /// A queue that waited after a failure goes on.
        QueueContinued = "session.queue_continued",
        /// An agent asked.
        RequestAsked = "request.asked",
        /// It was answered.
        RequestAnswered = "request.answered",
    }
}

impl Action {
    /// What kind of thing it was done to.
    #[must_use]
    pub fn entity(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// It was done to the thing of this id, which is called so.
    #[must_use]
    pub fn to(self, id: impl Into<String>, name: impl Into<String>) -> v1::Audit {
        v1::Audit { action: self.as_str().to_owned(), id: id.into(), name: name.into(), ..v1::Audit::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_a_kind_of_thing_and_what_was_done_to_it() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
            assert!(action.as_str().strip_prefix(action.entity()).is_some_and(|rest| rest.len() > 1), "{action:?}");
        }
    }
}
