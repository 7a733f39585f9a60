//! A worker as the rules see it.

use std::str::FromStr;

use muster_contracts::{
    fingerprint::Fingerprint,
    id::{InstanceId, MachineId, UserId, WorkerId},
    v1::{Restriction, WorkerStatus},
};

/// A worker without its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// Where it belongs.
    pub machine: MachineId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: Option<String>,
    /// As it was told last.
    pub status: Status,
    /// The approved key.
    pub fingerprint: Option<Fingerprint>,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub approved_at: Option<i64>,
    /// Which user approved it.
    pub approved_by: Option<String>,
    /// What the process tells of itself.
    pub about: About,
    /// The process that was connected last.
    pub process: Option<Process>,
    /// Who may be this worker.
    pub lease: Lease,
    /// Whether it was online since its key was approved.
    pub seen: bool,
    /// Since when it is not online, milliseconds.
    pub offline_since: Option<i64>,
    /// Whether the broker reported the end, or it only went silent.
    pub offline_closed: bool,
    /// Its owner's account is disabled.
    pub suspended: bool,
    /// What chat says is in its way.
    pub restriction: Restriction,
    /// Why, for people.
    pub restriction_detail: String,
    /// How often its owner has let it in again after it was cut off.
    pub readmissions: i64,
    /// Grows with every change.
    pub revision: i64,
}

impl Worker {
    /// Whether no key may be this worker now, approved or not.
    #[must_use]
    pub(crate) fn is_barred(&self) -> bool {
        self.suspended || self.restriction == Restriction::CutOff
    }
}

/// What a process tells of itself; for people, never for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct About {
    /// Name of its computer.
    pub hostname: Option<String>,
    /// Its root directory.
    pub directory: Option<String>,
    /// What it drives.
    pub backend: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// A process of a worker, in a term of the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Which process.
    pub instance: InstanceId,
    /// In which term, from 1.
    pub term: i64,
}

/// The right of one process to be this worker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Lease {
    /// Who had it last.
    pub instance: Option<InstanceId>,
    /// How often it changed hands.
    pub term: i64,
    /// Until when it lives, milliseconds; [`Lease::HELD`] while connected.
    pub until: i64,
    /// When the term began, milliseconds.
    pub since: i64,
}

impl Lease {
    /// As long as the connection is open.
    pub(crate) const HELD: i64 = i64::MAX;
    /// Time between the callout's answer and the broker's notice of the connection.
    pub(crate) const GRACE: i64 = 10_000;

    /// Whether this process may have it now.
    #[must_use]
    pub(crate) fn is_free_for(&self, instance: &InstanceId, now: i64) -> bool {
        self.until <= now || self.instance.as_ref() == Some(instance)
    }
}

/// What a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// No key is approved.
    Pending,
    /// Approved, not seen since.
    Ready,
    /// Connected and alive.
    Online,
    /// Seen before, not now.
    Offline,
}

impl Status {
    /// Every one.
    pub(crate) const ALL: [Self; 4] = [Self::Pending, Self::Ready, Self::Online, Self::Offline];

    /// As it stands in the database.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending_authorization",
            Self::Ready => "ready",
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }
}

/// Not a status.
#[derive(Debug, thiserror::Error)]
#[error("not a status of a worker")]
pub(crate) struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

impl TryFrom<WorkerStatus> for Status {
    type Error = UnknownStatus;

    fn try_from(status: WorkerStatus) -> Result<Self, UnknownStatus> {
        match status {
            WorkerStatus::PendingAuthorization => Ok(Self::Pending),
            WorkerStatus::Ready => Ok(Self::Ready),
            WorkerStatus::Online => Ok(Self::Online),
            WorkerStatus::Offline => Ok(Self::Offline),
            WorkerStatus::Unspecified => Err(UnknownStatus),
        }
    }
}

impl From<Status> for WorkerStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::PendingAuthorization,
            Status::Ready => Self::Ready,
            Status::Online => Self::Online,
            Status::Offline => Self::Offline,
        }
    }
}

#[cfg(test)]
pub(crate) fn sample() -> Worker {
    Worker {
        id: WorkerId::random(),
        machine: MachineId::random(),
        user: UserId::random(),
        name: None,
        status: Status::Pending,
        fingerprint: None,
        created_at: 0,
        approved_at: None,
        approved_by: None,
        about: About::default(),
        process: None,
        lease: Lease::default(),
        seen: false,
        offline_since: None,
        offline_closed: false,
        suspended: false,
        restriction: Restriction::Unspecified,
        restriction_detail: String::new(),
        readmissions: 0,
        revision: 1,
    }
}
