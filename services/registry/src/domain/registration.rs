//! A key that asks to be a worker.

use muster_contracts::{fingerprint::Fingerprint, id::InstanceId, limits::REGISTRATION_FIELD_BYTES, v1};

use super::worker::{About, Worker};

/// A registration as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    /// The key.
    pub fingerprint: Fingerprint,
    /// Waits for the owner, or was turned away.
    pub state: State,
    /// What it told.
    pub told: Told,
    /// When it asked first, milliseconds.
    pub requested_at: i64,
    /// Grows with every change.
    pub revision: i64,
}

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The owner has not decided.
    Waiting,
    /// The owner turned it away; kept so that the key is told so.
    Rejected,
}

impl State {
    /// As it stands in the database.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
        }
    }
}

/// What a process tells when it asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Told {
    /// Name of its computer.
    pub hostname: String,
    /// Who runs it.
    pub os_user: String,
    /// Its root directory.
    pub directory: String,
    /// Its version.
    pub version: String,
    /// What it drives.
    pub backend: String,
}

/// A field that is too long or has control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be at most {REGISTRATION_FIELD_BYTES} bytes without control characters")]
pub(crate) struct InvalidField {
    /// Which one.
    pub field: &'static str,
}

/// A field of what is told, if it is fit to be shown.
///
/// # Errors
/// When it is not.
pub(crate) fn field(field: &'static str, text: &str) -> Result<(), InvalidField> {
    if text.len() > REGISTRATION_FIELD_BYTES || text.chars().any(char::is_control) {
        return Err(InvalidField { field });
    }
    Ok(())
}

impl Told {
    /// Reads what is told, and whether the lease shall be taken from its holder.
    ///
    /// # Errors
    /// When a field is not fit to be shown.
    pub(crate) fn read(request: v1::RegisterRequest) -> Result<(Self, bool), InvalidField> {
        let v1::RegisterRequest { hostname, os_user, directory, version, backend, takeover } = request;
        for (name, text) in [
            ("hostname", &hostname),
            ("os_user", &os_user),
            ("directory", &directory),
            ("version", &version),
            ("backend", &backend),
        ] {
            field(name, text)?;
        }
        Ok((Self { hostname, os_user, directory, version, backend }, takeover))
    }
}

impl From<&Told> for About {
    fn from(told: &Told) -> Self {
        let Told { hostname, os_user: _, directory, version, backend } = told;
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self { hostname: some(hostname), directory: some(directory), backend: some(backend), version: some(version) }
    }
}

/// What is the matter with a process that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matter {
    /// Everything is well.
    Approved,
    /// Its key is approved; it will have the rights when it connects anew.
    Reconnect,
    /// Another process holds the lease.
    Leased,
    /// It wants to take the lease from another, and may.
    Takeover,
    /// It was turned away.
    Rejected,
    /// It waits; no key is approved.
    Pending,
    /// It waits; another key is approved.
    Mismatch,
    /// Its key is approved; its owner's account is disabled.
    Suspended,
    /// Its key is approved; it wrote too much, and its owner has not let it in again.
    CutOff,
}

/// Finds out for a worker that exists. `rejected`: the owner has turned this key away.
#[must_use]
pub(crate) fn matter(
    worker: &Worker,
    fingerprint: &Fingerprint,
    (instance, term): (&InstanceId, i64),
    (rejected, takeover): (bool, bool),
    now: i64,
) -> Matter {
    match &worker.fingerprint {
        Some(approved) if approved == fingerprint && worker.suspended => Matter::Suspended,
        Some(approved) if approved == fingerprint && worker.is_barred() => Matter::CutOff,
        Some(approved) if approved == fingerprint => {
            let holder = worker.lease.instance.as_ref() == Some(instance);
            if term > 0 && holder && term == worker.lease.term {
                Matter::Approved
            } else if worker.lease.is_free_for(instance, now) {
                Matter::Reconnect
            } else if takeover {
                Matter::Takeover
            } else {
                Matter::Leased
            }
        }
        _ if rejected => Matter::Rejected,
        _ if worker.suspended => Matter::Suspended,
        Some(_) => Matter::Mismatch,
        None => Matter::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::worker::{Lease, sample};

    #[test]
    fn each_process_learns_what_the_matter_is() {
        let (me, other) = (InstanceId::random(), InstanceId::random());
        let key = Fingerprint::of("U");
        let held = |by: &InstanceId| Worker {
            fingerprint: Some(key.clone()),
            lease: Lease { instance: Some(by.clone()), term: 4, until: Lease::HELD, since: 0 },
            ..sample()
        };
        let free = Worker { fingerprint: Some(key.clone()), ..sample() };
        let rekeyed = Worker { fingerprint: Some(Fingerprint::of("V")), ..sample() };
        let table = [
            ("nobody approved", sample(), 0, (false, false), Matter::Pending),
            ("turned away", sample(), 0, (true, false), Matter::Rejected),
            ("another key", rekeyed.clone(), 0, (false, true), Matter::Mismatch),
            ("another key, turned away", rekeyed, 0, (true, false), Matter::Rejected),
            ("mine", held(&me), 4, (false, false), Matter::Approved),
            ("mine, takeover asked", held(&me), 4, (false, true), Matter::Approved),
            ("mine, connected before approval", held(&me), 0, (false, false), Matter::Reconnect),
            ("mine, of an older term", held(&me), 3, (false, false), Matter::Reconnect),
            ("free", free, 0, (false, false), Matter::Reconnect),
            ("another's", held(&other), 0, (false, false), Matter::Leased),
            ("another's, takeover", held(&other), 0, (false, true), Matter::Takeover),
            ("owner disabled", Worker { suspended: true, ..held(&me) }, 4, (false, true), Matter::Suspended),
            ("waits, owner disabled", Worker { suspended: true, ..sample() }, 0, (false, true), Matter::Suspended),
            ("turned away, owner disabled", Worker { suspended: true, ..sample() }, 0, (true, false), Matter::Rejected),
        ];
        for (case, worker, term, flags, expected) in table {
            assert_eq!(matter(&worker, &key, (&me, term), flags, 1_000), expected, "{case}");
        }
    }

    #[test]
    fn what_is_told_is_bounded() {
        let long = v1::RegisterRequest { directory: "x".repeat(REGISTRATION_FIELD_BYTES + 1), ..Default::default() };
        assert_eq!(Told::read(long).unwrap_err().field, "directory");
        let escape = v1::RegisterRequest { hostname: "\u{1b}[2J".to_owned(), ..Default::default() };
        assert_eq!(Told::read(escape).unwrap_err().field, "hostname");
    }
}
