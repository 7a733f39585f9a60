//! When a worker is online, and what is said of it while we cannot tell.

use muster_contracts::{id::InstanceId, limits::HEARTBEAT_LOST, v1};

use super::{
    standing::Connected,
    worker::{Lease, Process, Status, Worker},
};

/// Silence after which a worker is lost, milliseconds.
pub(crate) const SILENCE: i64 = HEARTBEAT_LOST.as_millis() as i64;
/// How long a broken connection may be mended before the worker is said to be
/// offline, milliseconds: a JWT that ran out, a changed network.
pub(crate) const LINGER: i64 = 500;

/// What this instance of the registry has heard of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Heard {
    /// The last heartbeat of the process that is connected, milliseconds.
    pub heartbeat: Option<i64>,
    /// Whether we have seen the broker without a gap for as long as [`SILENCE`].
    pub sighted: bool,
}

/// The part of a worker that follows from its connections and heartbeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Present {
    /// Its status.
    pub status: Status,
    /// The process that is connected, or was last.
    pub process: Option<Process>,
    /// Until when its lease lives.
    pub lease_until: i64,
    /// See [`Worker::seen`].
    pub seen: bool,
    /// See [`Worker::offline_since`].
    pub offline_since: Option<i64>,
    /// See [`Worker::offline_closed`].
    pub offline_closed: bool,
}

impl Present {
    /// As the database has it.
    #[must_use]
    pub(crate) fn of(worker: &Worker) -> Self {
        Self {
            status: worker.status,
            process: worker.process.clone(),
            lease_until: worker.lease.until,
            seen: worker.seen,
            offline_since: worker.offline_since,
            offline_closed: worker.offline_closed,
        }
    }
}

/// Whether a connected process lives: it said so, or has just come, or we were
/// blind and give it the benefit of the doubt.
#[must_use]
pub(crate) fn is_alive(connected_at: i64, heard: Heard, now: i64) -> bool {
    let last = heard.heartbeat.map_or(connected_at, |heartbeat| heartbeat.max(connected_at));
    !heard.sighted || now - last < SILENCE
}

/// What follows for a worker from its connections and what was heard. `closed_at`: when the last one of its process
/// was closed.
#[must_use]
pub(crate) fn present(worker: &Worker, open: &[Connected], closed_at: Option<i64>, heard: Heard, now: i64) -> Present {
    let before = Present::of(worker);
    if worker.fingerprint.is_none() {
        return Present { status: Status::Pending, lease_until: 0, ..before };
    }
    let holder =
        open.iter().filter(|connection| connection.holds(worker)).max_by_key(|connection| connection.connected_at);
    match holder {
        Some(connection) if is_alive(connection.connected_at, heard, now) => Present {
            status: Status::Online,
            process: Some(Process { instance: connection.instance.clone(), term: connection.term }),
            lease_until: Lease::HELD,
            seen: true,
            offline_since: None,
            offline_closed: false,
        },
        silent => Present {
            status: if worker.seen { Status::Offline } else { Status::Ready },
            // A short lease belongs to a process that is just connecting.
            lease_until: if worker.lease.until == Lease::HELD { 0 } else { worker.lease.until },
            // Who is lost by silence has been away for all of it.
            offline_since: before.offline_since.or_else(|| {
                let since = if silent.is_some() { now - SILENCE } else { closed_at.unwrap_or(now) };
                worker.seen.then_some(since)
            }),
            offline_closed: if before.offline_since.is_some() { before.offline_closed } else { silent.is_none() },
            ..before
        },
    }
}

/// Whether the status can be relied on, or this instance cannot tell.
#[must_use]
pub(crate) fn known(worker: &Worker, heard: Heard, now: i64) -> v1::Presence {
    let fresh = heard.heartbeat.is_some_and(|heartbeat| now - heartbeat < SILENCE);
    let never_there = matches!(worker.status, Status::Pending | Status::Ready);
    if never_there || heard.sighted || (fresh && worker.status == Status::Online) {
        v1::Presence::Known
    } else {
        v1::Presence::Unknown
    }
}

/// Which process a heartbeat must come from to count.
#[must_use]
pub(crate) fn is_of(worker: &Worker, instance: &InstanceId, term: i64) -> bool {
    worker.lease.term == term && worker.lease.instance.as_ref() == Some(instance)
}

#[cfg(test)]
mod tests {
    use muster_contracts::fingerprint::Fingerprint;

    use super::*;
    use crate::domain::worker::sample;

    const NOW: i64 = 1_000_000;
    const SIGHTED: Heard = Heard { heartbeat: None, sighted: true };
    const BLIND: Heard = Heard { heartbeat: None, sighted: false };

    fn approved(seen: bool) -> (Worker, Connected) {
        let (instance, fingerprint) = (InstanceId::random(), Fingerprint::of("U"));
        let connection = Connected {
            server: "N".to_owned(),
            client: 1,
            fingerprint: fingerprint.clone(),
            instance: instance.clone(),
            term: 2,
            connected_at: NOW - 100_000,
        };
        let lease = Lease { instance: Some(instance), term: 2, until: Lease::HELD, since: 0 };
        (Worker { fingerprint: Some(fingerprint), lease, seen, status: Status::Online, ..sample() }, connection)
    }

    fn heartbeat(at: i64) -> Heard {
        Heard { heartbeat: Some(at), sighted: true }
    }

    #[test]
    fn the_status_follows_from_approval_connections_and_heartbeats() {
        let (worker, open) = approved(true);
        let (new, _) = approved(false);
        let just_come = Connected { connected_at: NOW - 1, ..open.clone() };
        let old_term = Connected { term: 1, ..open.clone() };
        let other_key = Connected { fingerprint: Fingerprint::of("V"), ..open.clone() };
        let waiting = Connected { term: 0, ..open.clone() };
        let table = [
            ("never approved", sample(), vec![], SIGHTED, Status::Pending),
            ("approved, never seen", new, vec![], SIGHTED, Status::Ready),
            ("fresh heartbeat", worker.clone(), vec![open.clone()], heartbeat(NOW - 29_999), Status::Online),
            ("silent", worker.clone(), vec![open.clone()], heartbeat(NOW - 30_000), Status::Offline),
            ("never a heartbeat", worker.clone(), vec![open.clone()], SIGHTED, Status::Offline),
            ("just come", worker.clone(), vec![just_come], SIGHTED, Status::Online),
            ("we were blind", worker.clone(), vec![open], BLIND, Status::Online),
            ("no connection", worker.clone(), vec![], heartbeat(NOW), Status::Offline),
            ("only older terms", worker.clone(), vec![old_term], heartbeat(NOW), Status::Offline),
            ("another key", worker.clone(), vec![other_key], heartbeat(NOW), Status::Offline),
            ("waiting", worker, vec![waiting], heartbeat(NOW), Status::Offline),
        ];
        for (case, worker, open, heard, status) in table {
            assert_eq!(present(&worker, &open, None, heard, NOW).status, status, "{case}");
        }
    }

    #[test]
    fn the_lease_ends_with_the_connection_or_with_silence_and_comes_back() {
        let (worker, open) = approved(true);
        let open = [open];
        let gone = present(&worker, &[], None, SIGHTED, NOW);
        assert_eq!((gone.lease_until, gone.offline_since, gone.offline_closed), (0, Some(NOW), true));
        let since = |closed_at| present(&worker, &[], Some(closed_at), SIGHTED, NOW).offline_since;
        assert_eq!(since(NOW - LINGER), Some(NOW - LINGER), "since it was closed, not since that was certain");
        let silent = present(&worker, &open, Some(NOW - 9), SIGHTED, NOW);
        assert_eq!((silent.lease_until, silent.offline_since, silent.offline_closed), (0, Some(NOW - SILENCE), false));
        let back =
            Worker { lease: Lease { until: 0, ..worker.lease.clone() }, offline_since: Some(1), ..worker.clone() };
        let back = present(&back, &open, None, heartbeat(NOW), NOW);
        assert_eq!((back.lease_until, back.offline_since), (Lease::HELD, None));
        let connecting = Worker { lease: Lease { until: NOW + 5, ..worker.lease.clone() }, ..worker };
        assert_eq!(present(&connecting, &[], None, SIGHTED, NOW).lease_until, NOW + 5);
    }

    #[test]
    fn what_follows_twice_is_the_same() {
        let (mut worker, _) = approved(true);
        let first = present(&worker, &[], None, SIGHTED, NOW);
        worker.status = first.status;
        worker.lease.until = first.lease_until;
        worker.offline_since = first.offline_since;
        worker.offline_closed = first.offline_closed;
        assert_eq!(present(&worker, &[], None, SIGHTED, NOW + 9_000), first);
    }

    #[test]
    fn a_blind_instance_says_unknown() {
        let (online, _) = approved(true);
        let offline = Worker { status: Status::Offline, ..online.clone() };
        let ready = Worker { status: Status::Ready, ..online.clone() };
        let beat = Heard { heartbeat: Some(NOW - 1), sighted: false };
        assert_eq!(known(&online, SIGHTED, NOW), v1::Presence::Known);
        assert_eq!(known(&online, BLIND, NOW), v1::Presence::Unknown);
        assert_eq!(known(&online, beat, NOW), v1::Presence::Known);
        assert_eq!(known(&offline, BLIND, NOW), v1::Presence::Unknown);
        assert_eq!(known(&offline, beat, NOW), v1::Presence::Unknown);
        assert_eq!(known(&ready, BLIND, NOW), v1::Presence::Known);
    }
}
