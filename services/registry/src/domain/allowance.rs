//! How many connections may wait with the right to register, so that made-up
//! tokens cost a bounded amount of memory.

use std::collections::HashMap;

/// Waiting connections for one token.
pub(crate) const PER_TOKEN: usize = 20;
/// Waiting connections from one address: a whole office may share one.
pub(crate) const PER_ADDRESS: usize = 1_000;
/// Waiting connections altogether, in one instance of the registry.
pub(crate) const TOTAL: usize = 20_000;

/// A connection: its server, and its number there.
pub(crate) type Place = (String, u64);

/// The connections that this instance has let in to wait.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    waiting: HashMap<Place, Waiting>,
    tokens: HashMap<String, usize>,
    addresses: HashMap<String, usize>,
    swept_at: i64,
}

#[derive(Debug)]
struct Waiting {
    token: String,
    address: String,
    until: i64,
}

impl Allowance {
    /// Takes a place until `until`, if one is free. Times are milliseconds.
    pub(crate) fn take(&mut self, place: Place, token: &str, address: &str, now: i64, until: i64) -> bool {
        if now - self.swept_at > 1_000 {
            self.sweep(now);
        }
        let count = |counts: &HashMap<String, usize>, key: &str| counts.get(key).copied().unwrap_or(0);
        if self.waiting.len() >= TOTAL
            || count(&self.tokens, token) >= PER_TOKEN
            || count(&self.addresses, address) >= PER_ADDRESS
        {
            return false;
        }
        let waiting = Waiting { token: token.to_owned(), address: address.to_owned(), until };
        *self.tokens.entry(waiting.token.clone()).or_default() += 1;
        *self.addresses.entry(waiting.address.clone()).or_default() += 1;
        if let Some(before) = self.waiting.insert(place, waiting) {
            self.forget(&before);
        }
        true
    }

    /// The connection is gone.
    pub(crate) fn give_back(&mut self, place: &Place) {
        if let Some(waiting) = self.waiting.remove(place) {
            self.forget(&waiting);
        }
    }

    fn sweep(&mut self, now: i64) {
        self.swept_at = now;
        let ended =
            self.waiting.extract_if(|_, waiting| waiting.until <= now).map(|(_, ended)| ended).collect::<Vec<_>>();
        for waiting in ended {
            self.forget(&waiting);
        }
    }

    fn forget(&mut self, waiting: &Waiting) {
        for (counts, key) in [(&mut self.tokens, &waiting.token), (&mut self.addresses, &waiting.address)] {
            if let Some(count) = counts.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: usize) -> Place {
        ("N".to_owned(), number as u64)
    }

    #[test]
    fn a_token_and_an_address_have_so_many_places_and_get_them_back() {
        let mut allowance = Allowance::default();
        for number in 0..PER_TOKEN {
            assert!(allowance.take(place(number), "t", "a", 0, 60_000));
        }
        assert!(!allowance.take(place(9_000), "t", "a", 0, 60_000));
        assert!(allowance.take(place(9_001), "u", "a", 0, 60_000));
        allowance.give_back(&place(3));
        assert!(allowance.take(place(9_002), "t", "a", 0, 60_000));
        assert!(allowance.take(place(9_003), "t", "a", 60_000, 120_000), "the first ones have ended by now");
    }

    #[test]
    fn made_up_tokens_from_everywhere_are_bounded() {
        let mut allowance = Allowance::default();
        for number in 0..2 * TOTAL {
            allowance.take(place(number), &number.to_string(), &(number % 100).to_string(), 0, 60_000);
        }
        assert!(allowance.waiting.len() <= TOTAL && allowance.tokens.len() <= TOTAL);
        allowance.sweep(60_000);
        assert!(allowance.waiting.is_empty() && allowance.tokens.is_empty() && allowance.addresses.is_empty());
    }
}
