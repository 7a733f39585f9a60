//! Remembers what was seen lately, and forgets the oldest.

use std::collections::{HashSet, VecDeque};

/// A set of bounded size.
#[derive(Debug)]
pub struct Recent {
    order: VecDeque<String>,
    known: HashSet<String>,
    limit: usize,
}

impl Recent {
    /// Remembers at most `limit`.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { order: VecDeque::new(), known: HashSet::new(), limit }
    }

    /// Remembers one more.
    pub fn insert(&mut self, item: String) {
        if !self.known.insert(item.clone()) {
            return;
        }
        self.order.push_back(item);
        while self.order.len() > self.limit {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Whether it is remembered.
    #[must_use]
    pub fn contains(&self, item: &str) -> bool {
        self.known.contains(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut recent = Recent::new(2);
        for item in ["a", "b", "b", "c"] {
            recent.insert(item.into());
        }
        assert!(!recent.contains("a"));
        assert!(recent.contains("b") && recent.contains("c"));
    }
}
