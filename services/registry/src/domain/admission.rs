//! Who may come in, and with which rights.

use super::{
    callout::{Denial, Proof},
    worker::Worker,
};

/// Rights of a client that has proved its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may ask to be registered and learns what the matter is.
    RegisterOnly,
    /// It may try to take the lease, and have the worker's rights with it.
    Worker,
}

/// Decides for a worker as the database has it, if it does.
///
/// # Errors
/// When there is such a worker, but on another machine: such a token was never given out.
pub(crate) fn admit(proof: &Proof, worker: Option<&Worker>, now: i64) -> Result<Admission, Denial> {
    let Some(worker) = worker else { return Ok(Admission::RegisterOnly) };
    if worker.machine != proof.token.machine {
        return Err(Denial::Token);
    }
    let approved = !worker.is_barred() && worker.fingerprint.as_ref() == Some(&proof.fingerprint);
    if approved && worker.lease.is_free_for(&proof.instance, now) {
        Ok(Admission::Worker)
    } else {
        Ok(Admission::RegisterOnly)
    }
}

#[cfg(test)]
mod tests {
    use muster_contracts::{
        fingerprint::Fingerprint,
        id::{InstanceId, MachineId},
        token::WorkerToken,
    };

    use super::*;
    use crate::domain::worker::{Lease, sample};

    #[test]
    fn rights_go_to_the_approved_key_with_a_free_lease() {
        let (me, other) = (InstanceId::random(), InstanceId::random());
        let (mine, foreign) = (Fingerprint::of("U1"), Fingerprint::of("U2"));
        let free = Lease::default();
        let lease = |instance: &InstanceId, until| Lease { instance: Some(instance.clone()), term: 3, until, since: 0 };
        let now = 1_000;
        let table = [
            ("never approved", None, free.clone(), false),
            ("another key approved", Some(&foreign), free.clone(), false),
            ("approved, nobody there", Some(&mine), free, true),
            ("held by me", Some(&mine), lease(&me, Lease::HELD), true),
            ("held by another", Some(&mine), lease(&other, Lease::HELD), false),
            ("another is just connecting", Some(&mine), lease(&other, now + 1), false),
            ("another's has ended", Some(&mine), lease(&other, now), true),
        ];
        let suspended = Worker { fingerprint: Some(mine.clone()), suspended: true, ..sample() };
        let token = WorkerToken { machine: suspended.machine.clone(), worker: suspended.id.clone() };
        let proof = Proof { token, fingerprint: mine.clone(), instance: me.clone() };
        assert_eq!(admit(&proof, Some(&suspended), now), Ok(Admission::RegisterOnly), "its owner is disabled");
        for (case, approved, lease, full) in table {
            let worker = Worker { fingerprint: approved.cloned(), lease, ..sample() };
            let token = WorkerToken { machine: worker.machine.clone(), worker: worker.id.clone() };
            let proof = Proof { token, fingerprint: mine.clone(), instance: me.clone() };
            assert_eq!(admit(&proof, Some(&worker), now) == Ok(Admission::Worker), full, "{case}");
            let elsewhere = WorkerToken { machine: MachineId::random(), worker: worker.id.clone() };
            let proof = Proof { token: elsewhere, ..proof };
            assert_eq!(admit(&proof, Some(&worker), now), Err(Denial::Token), "{case}, other machine");
            assert_eq!(admit(&proof, None, now), Ok(Admission::RegisterOnly));
        }
    }
}
