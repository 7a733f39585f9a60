//! Which connections may stay. Asked at every notice of the broker and at every
//! reconciliation, so that approval, removal and the callout cannot race.

use muster_contracts::{fingerprint::Fingerprint, id::InstanceId};

use super::worker::Worker;

/// An open connection of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connected {
    /// Id of the server.
    pub server: String,
    /// Its number there.
    pub client: u64,
    /// The key that it proved.
    pub fingerprint: Fingerprint,
    /// The process.
    pub instance: InstanceId,
    /// The term of the lease that it was let in for; 0 when it only may register.
    pub term: i64,
    /// Milliseconds.
    pub connected_at: i64,
}

impl Connected {
    /// Whether it is the approved key's, of the process that holds the lease, in its present term, of an owner who may.
    #[must_use]
    pub(crate) fn holds(&self, worker: &Worker) -> bool {
        self.term > 0
            && !worker.is_barred()
            && worker.fingerprint.as_ref() == Some(&self.fingerprint)
            && worker.lease.term == self.term
            && worker.lease.instance.as_ref() == Some(&self.instance)
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        if self.server == other.server {
            self.client > other.client
        } else {
            (self.connected_at, &self.server) > (other.connected_at, &other.server)
        }
    }
}

/// Whether a connection must be cut.
#[must_use]
pub(crate) fn must_go(connection: &Connected, worker: Option<&Worker>, open: &[Connected], now: i64) -> bool {
    let Some(worker) = worker else {
        // One that only may register stays, so that it can be told.
        return connection.term > 0;
    };
    if connection.term == 0 {
        // It would be let in with the worker's rights now.
        return !worker.is_barred()
            && worker.fingerprint.as_ref() == Some(&connection.fingerprint)
            && worker.lease.is_free_for(&connection.instance, now)
            && !open.iter().any(|other| other.holds(worker));
    }
    !connection.holds(worker) || open.iter().any(|other| other.holds(worker) && other.is_newer_than(connection))
}

#[cfg(test)]
mod tests {
    use muster_contracts::v1::Restriction;

    use super::*;
    use crate::domain::worker::{Lease, sample};

    #[test]
    fn only_the_newest_connection_of_the_lease_and_those_that_wait_may_stay() {
        let (me, other) = (InstanceId::random(), InstanceId::random());
        let key = Fingerprint::of("U");
        let connection = |client, instance: &InstanceId, term| Connected {
            server: "N".to_owned(),
            client,
            fingerprint: key.clone(),
            instance: instance.clone(),
            term,
            connected_at: 5,
        };
        let lease = Lease { instance: Some(me.clone()), term: 2, until: Lease::HELD, since: 0 };
        let worker = Worker { fingerprint: Some(key.clone()), lease: lease.clone(), ..sample() };
        let pending = sample();
        let rekeyed = Worker { fingerprint: Some(Fingerprint::of("V")), ..worker.clone() };
        let suspended = Worker { suspended: true, lease: Lease { until: 0, ..lease.clone() }, ..worker.clone() };
        let cut_off = Worker { suspended: false, restriction: Restriction::CutOff, ..suspended.clone() };
        let free = Worker { lease: Lease { until: 0, ..lease }, ..worker.clone() };
        let mine = connection(7, &me, 2);
        let elsewhere = Connected { server: "M".to_owned(), client: 1, connected_at: 6, ..mine.clone() };
        let table = [
            ("removed worker", mine.clone(), None, vec![], true),
            ("removed worker, waiting", connection(1, &me, 0), None, vec![], false),
            ("approval withdrawn", mine.clone(), Some(&pending), vec![], true),
            ("another key approved", mine.clone(), Some(&rekeyed), vec![], true),
            ("another key approved, waiting", connection(1, &me, 0), Some(&rekeyed), vec![], false),
            ("not approved, waiting", connection(1, &me, 0), Some(&pending), vec![], false),
            ("approved, waiting, free", connection(1, &me, 0), Some(&free), vec![], true),
            ("approved, waiting, held", connection(1, &other, 0), Some(&worker), vec![mine.clone()], false),
            ("waiting beside its own", connection(1, &me, 0), Some(&worker), vec![mine.clone()], false),
            ("the holder", mine.clone(), Some(&worker), vec![mine.clone()], false),
            ("older term", connection(9, &me, 1), Some(&worker), vec![mine.clone()], true),
            ("another process", connection(9, &other, 2), Some(&worker), vec![mine.clone()], true),
            ("older connection", connection(6, &me, 2), Some(&worker), vec![mine.clone()], true),
            ("newer connection", connection(8, &me, 2), Some(&worker), vec![mine.clone()], false),
            ("newer elsewhere", mine.clone(), Some(&worker), vec![elsewhere], true),
            ("owner disabled", mine.clone(), Some(&suspended), vec![mine], true),
            ("cut off", connection(7, &me, 2), Some(&cut_off), vec![connection(7, &me, 2)], true),
            ("cut off, waiting", connection(1, &me, 0), Some(&cut_off), vec![], false),
            ("owner disabled, waiting", connection(1, &me, 0), Some(&suspended), vec![], false),
        ];
        for (case, connection, worker, open, cut) in table {
            assert_eq!(must_go(&connection, worker, &open, 1_000), cut, "{case}");
        }
    }
}
