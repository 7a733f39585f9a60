//! How often something may be tried: a burst, then one at a time (GCRA).

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

/// Keys that are remembered; beyond it the ones that are free again go.
const KEYS: usize = 20_000;
/// All that find no place share this one: a flood from everywhere is as slow as one key.
const OTHERS: &str = "";

/// How much.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// At once.
    pub burst: i64,
    /// Then one every so many milliseconds.
    pub every: i64,
}

impl Rate {
    /// So many in a minute, a tenth of them at once.
    #[must_use]
    pub fn per_minute(number: u32) -> Self {
        let number = i64::from(number.max(1));
        Self { burst: (number / 10).max(1), every: (60_000 / number).max(1) }
    }
}

/// What has been tried lately, in this process.
#[derive(Debug, Default)]
pub struct Limiter {
    /// By key: when everything that was tried would have been allowed singly.
    due: HashMap<String, i64>,
}

impl Limiter {
    /// Counts a try at `now` (milliseconds).
    ///
    /// # Errors
    /// How many seconds to wait when it is one too many; that is not counted.
    pub fn attempt(&mut self, key: &str, rate: Rate, now: i64) -> Result<(), u64> {
        if self.due.len() >= KEYS && !self.due.contains_key(key) {
            self.due.retain(|_, due| *due > now);
        }
        let key = self.place(key);
        let due = self.due.get(key).copied().unwrap_or(now).max(now);
        let wait = due - now - (rate.burst - 1) * rate.every;
        if wait > 0 {
            return Err(u64::try_from(wait).unwrap_or(0).div_ceil(1000).max(1));
        }
        self.due.insert(key.to_owned(), due + rate.every);
        Ok(())
    }

    fn place<'a>(&self, key: &'a str) -> &'a str {
        if self.due.len() < KEYS || self.due.contains_key(key) { key } else { OTHERS }
    }

    /// Takes a try back.
    pub fn refund(&mut self, key: &str, rate: Rate) {
        if let Some(due) = self.due.get_mut(key) {
            *due -= rate.every;
        }
    }
}

/// What counts as one place where tries are counted: whoever has one address of IPv6 has the 2^64 of its network.
#[must_use]
pub fn place(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let network = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
            format!("{network}/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_network_of_ipv6_are_one_place() {
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(place("2001:db8:1:2::1"), place("2001:db8:1:2:ffff::9"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
        assert_eq!(place("192.0.2.1"), "192.0.2.1");
        assert_eq!(place("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(place(""), "");
    }

    const RATE: Rate = Rate { burst: 3, every: 1000 };

    #[test]
    fn a_burst_then_one_at_a_time() {
        let mut limiter = Limiter::default();
        for _ in 0..3 {
            assert_eq!(limiter.attempt("a", RATE, 0), Ok(()));
        }
        assert_eq!(limiter.attempt("a", RATE, 0), Err(1));
        assert_eq!(limiter.attempt("b", RATE, 0), Ok(()));
        assert_eq!(limiter.attempt("a", RATE, 1000), Ok(()));
        assert_eq!(limiter.attempt("a", RATE, 1500), Err(1));
    }

    #[test]
    fn a_rate_per_minute_allows_so_many_in_a_minute() {
        for number in [1, 60, 3_000] {
            let (rate, mut limiter) = (Rate::per_minute(number), Limiter::default());
            let allowed = (0..60_000).filter(|now| limiter.attempt("a", rate, *now).is_ok()).count();
            assert!((number as usize..=number as usize + 300).contains(&allowed), "{number}: {allowed}");
        }
    }

    #[test]
    fn a_flood_of_keys_is_bounded_in_memory_and_in_tries() {
        let mut limiter = Limiter::default();
        let allowed = (0..3 * KEYS).filter(|key| limiter.attempt(&key.to_string(), RATE, 0).is_ok()).count();
        assert_eq!((allowed, limiter.due.len()), (KEYS + 3, KEYS + 1));
        assert_eq!(limiter.attempt("0", RATE, 0), Ok(()), "a known key has its own");
        assert_eq!(limiter.attempt("new", RATE, RATE.every), Ok(()), "places become free again");
    }

    #[test]
    fn what_succeeds_is_given_back() {
        let mut limiter = Limiter::default();
        for _ in 0..100 {
            assert_eq!(limiter.attempt("a", RATE, 0), Ok(()));
            limiter.refund("a", RATE);
        }
    }
}
