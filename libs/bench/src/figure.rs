//! A figure, and what it must be.

use std::fmt;

use serde::Serialize;

/// What was measured, in rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// Of what.
    pub unit: &'static str,
    /// Each round's.
    pub rounds: Vec<f64>,
    /// The middle one.
    pub median: f64,
    /// What the median must be.
    pub limit: Limit,
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// No more.
    AtMost(f64),
    /// Neither less nor more.
    Between(f64, f64),
}

impl Figure {
    /// Of at least one round.
    #[must_use]
    pub fn new(name: &'static str, unit: &'static str, limit: Limit, rounds: Vec<f64>) -> Self {
        let mut sorted = rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
        Self { name, unit, rounds, median, limit }
    }

    /// Whether it is what it must be.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) => self.median <= most,
            Limit::Between(least, most) => (least..=most).contains(&self.median),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, unit, rounds, median, .. } = self;
        let (least, most) =
            rounds.iter().fold((f64::MAX, f64::MIN), |(least, most), &round| (least.min(round), most.max(round)));
        let word = if self.holds() { "ok    " } else { "MISSED" };
        write!(f, "{word} {name:<58} {median:>8.2} {unit:<9} ({least:.2} to {most:.2}), {}", self.limit)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::Between(least, most) => write!(f, "{least} to {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_what_counts() {
        let figure = |limit| Figure::new("x", "ms", limit, vec![9.0, 1.0, 2.0]);
        assert!(figure(Limit::AtMost(2.0)).holds() && !figure(Limit::AtMost(1.9)).holds());
        assert!(figure(Limit::Between(1.5, 2.5)).holds() && !figure(Limit::Between(2.5, 9.0)).holds());
        let none = Figure::new("x", "ms", Limit::AtMost(1.0), vec![]);
        assert!(!none.holds(), "what was not measured does not hold");
    }
}
