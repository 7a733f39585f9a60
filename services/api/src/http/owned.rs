//! The order of refusals: what is not the caller's does not exist, whatever the body says.

use muster_contracts::{
    id::{AttachmentId, MachineId, SessionId, WorkerId},
    method, v1,
};

use crate::{
    http::{caller::Caller, extract::Body, problem::Problem},
    state::Shared,
};

/// What a path is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owned<'a> {
    Machine(&'a MachineId),
    Worker(&'a WorkerId),
    Session(&'a SessionId),
    Attachment(&'a AttachmentId),
}

/// The same, as found in a path.
#[derive(Debug)]
pub(crate) enum Owning {
    Machine(MachineId),
    Worker(WorkerId),
    Session(SessionId),
    Attachment(AttachmentId),
}

impl Owning {
    /// What a path below the API's base is about, if it is about one of these. An id that cannot exist is not found.
    pub(crate) fn of_path(path: &str) -> Result<Option<Self>, Problem> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let (Some(resource), Some(id)) = (parts.next(), parts.next()) else { return Ok(None) };
        let missing = |_| Problem::not_found();
        Ok(match resource {
            "machines" => Some(Self::Machine(id.parse().map_err(missing)?)),
            "workers" => Some(Self::Worker(id.parse().map_err(missing)?)),
            "sessions" => Some(Self::Session(id.parse().map_err(missing)?)),
            "attachments" => Some(Self::Attachment(id.parse().map_err(missing)?)),
            _ => None,
        })
    }

    pub(crate) const fn as_owned(&self) -> Owned<'_> {
        match self {
            Self::Machine(id) => Owned::Machine(id),
            Self::Worker(id) => Owned::Worker(id),
            Self::Session(id) => Owned::Session(id),
            Self::Attachment(id) => Owned::Attachment(id),
        }
    }
}

impl Shared {
    /// The body, or why there is none: 404 goes before all that is wrong with
    /// it. With a good body nothing is asked: who acts on it checks the owner.
    pub(crate) async fn body_for<T>(
        &self,
        caller: &Caller,
        of: Owned<'_>,
        body: Result<Body<T>, Problem>,
    ) -> Result<T, Problem> {
        match body {
            Ok(Body(body)) => Ok(body),
            Err(problem) => Err(self.refusal(caller, of, problem).await),
        }
    }

    /// What is wrong with a request, unless the thing is not the caller's.
    pub(crate) async fn refusal(&self, caller: &Caller, of: Owned<'_>, problem: Problem) -> Problem {
        match self.own(caller, of).await {
            Ok(()) => problem,
            Err(missing) => missing,
        }
    }

    /// Refuses what is not the caller's.
    pub(crate) async fn own(&self, caller: &Caller, of: Owned<'_>) -> Result<(), Problem> {
        let caller = caller.to_bus();
        match of {
            Owned::Machine(machine) => {
                let page = Some(v1::Page { limit: 1, cursor: None });
                let request = v1::ListWorkersRequest { caller, machine_id: machine.to_string(), status: None, page };
                self.call::<method::ListWorkers>(request).await?;
            }
            Owned::Worker(worker) => {
                let request = v1::WorkerRef { caller, worker_id: worker.to_string() };
                self.call::<method::GetWorker>(request).await?;
            }
            Owned::Session(session) => {
                let request = v1::SessionRef { caller, chat_session_id: session.to_string() };
                self.call::<method::GetSession>(request).await?;
            }
            Owned::Attachment(attachment) => {
                let request = v1::AttachmentRef { caller, attachment_id: attachment.to_string() };
                self.call::<method::GetAttachment>(request).await?;
            }
        }
        Ok(())
    }
}

/// An id that a client made, or one of ours.
pub(crate) fn made_id<T: std::str::FromStr>(
    given: Option<String>,
    pointer: &str,
    fresh: impl FnOnce() -> T,
) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    given.map_or_else(
        || Ok(fresh()),
        |text| text.parse().map_err(|error: T::Err| Problem::invalid(pointer, error.to_string())),
    )
}
