//! How often connections may come: each is told to the database, and those of an approved key to everybody who looks.

use muster_service::limiter::{Limiter, Rate};

use super::{admission::Admission, callout::Proof};

/// So many times as often as one key may all come that wait from one address: a whole office may share it.
const OF_ADDRESS: u32 = 100;

/// The connections that came lately, in this instance of the registry.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// By worker and approved key, which nobody can make up.
    approved: Limiter,
    /// By address, and by token.
    waiting: Limiter,
}

impl Arrivals {
    /// Counts one. `per_minute` is what one key, or one token, may.
    pub(crate) fn attempt(
        &mut self,
        proof: &Proof,
        (admission, address): (Admission, &str),
        per_minute: u32,
        now: i64,
    ) -> bool {
        let Proof { token, fingerprint, .. } = proof;
        let rate = Rate::per_minute(per_minute);
        match admission {
            Admission::Worker => self.approved.attempt(&format!("{}.{fingerprint}", token.worker), rate, now).is_ok(),
            // The address first, so that made-up tokens from one do not take the places of all others.
            Admission::RegisterOnly => {
                let of_address = Rate::per_minute(per_minute.saturating_mul(OF_ADDRESS));
                self.waiting.attempt(address, of_address, now).is_ok()
                    && self.waiting.attempt(&token.to_string(), rate, now).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use muster_contracts::{
        fingerprint::Fingerprint,
        id::{InstanceId, MachineId, WorkerId},
        token::WorkerToken,
    };

    use super::*;

    const PER_MINUTE: u32 = 60;

    fn proof(worker: &WorkerId, key: &str) -> Proof {
        let token = WorkerToken { machine: MachineId::random(), worker: worker.clone() };
        Proof { token, fingerprint: Fingerprint::of(key), instance: InstanceId::random() }
    }

    fn in_a_minute(arrivals: &mut Arrivals, mut who: impl FnMut() -> (Proof, Admission, &'static str)) -> usize {
        let tries = (0..60_000).filter(|now| {
            let (proof, admission, address) = who();
            arrivals.attempt(&proof, (admission, address), PER_MINUTE, *now)
        });
        tries.count()
    }

    #[test]
    fn a_key_a_token_and_an_address_come_so_often_and_no_other_is_kept_out_by_it() {
        let (mut arrivals, worker) = (Arrivals::default(), WorkerId::random());
        let (mine, waits) = (proof(&worker, "U1"), proof(&worker, "U2"));
        let often = 60..=66;
        assert!(often.contains(&in_a_minute(&mut arrivals, || (mine.clone(), Admission::Worker, "a"))));
        assert!(often.contains(&in_a_minute(&mut arrivals, || (waits.clone(), Admission::RegisterOnly, "a"))));
        let made_up = || (proof(&WorkerId::random(), "U3"), Admission::RegisterOnly, "b");
        assert!((6_000..=6_600).contains(&in_a_minute(&mut arrivals, made_up)));

        let mut arrivals = Arrivals::default();
        while arrivals.attempt(&waits, (Admission::RegisterOnly, "a"), PER_MINUTE, 0) {}
        let others = [
            (&mine, Admission::Worker, "a"),
            (&proof(&WorkerId::random(), "U2"), Admission::RegisterOnly, "a"),
            (&proof(&WorkerId::random(), "U2"), Admission::RegisterOnly, "b"),
        ];
        for (proof, admission, address) in others {
            assert!(arrivals.attempt(proof, (admission, address), PER_MINUTE, 0), "{admission:?} {address}");
        }
    }
}
