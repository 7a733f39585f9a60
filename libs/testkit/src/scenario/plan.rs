//! What shall happen, and when: a pure function of a seed.

use std::{fmt, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::stack::{Instance, Link, Part};

/// Faults begin within it.
const WINDOW: Duration = Duration::from_secs(4);
/// Faults of one plan.
const FAULTS: std::ops::RangeInclusive<usize> = 2..=4;
/// Longest fault of a brief plan.
const BRIEF: Duration = Duration::from_secs(4);
/// Pauses, silences and cuts of a long plan: longer than it takes to notice that a connection is dead, and than a worker
/// whose connection was closed is waited for.
const LONG: std::ops::Range<u64> = 20_000..40_000;
/// One of so many of them is a long one.
const LONG_ONE_IN: u32 = 4;

/// A process that something happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    /// Of the stack.
    Of(Instance),
    /// The worker-agent.
    Worker,
}

impl<P: Into<Instance>> From<P> for Process {
    fn from(part: P) -> Self {
        Self::Of(part.into())
    }
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL; in the end it is started again.
    Kill(Process),
    /// SIGSTOP; in the end it goes on.
    Pause(Process),
    /// All connections are closed, and new ones at once.
    Cut(Link),
    /// Everything arrives 50 ms later.
    Delay(Link),
    /// Nothing arrives and nobody is told; in the end it arrives after all.
    Silence(Link),
    /// What is connected now never arrives any more, and nobody is told; new connections pass.
    Lose(Link),
}

/// What happens, when, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    /// After every reply has begun.
    pub at: Duration,
    /// How long.
    pub lasts: Duration,
    /// What.
    pub fault: Fault,
}

/// What shall happen in a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In the order of their beginning.
    pub injections: Vec<Injection>,
}

/// What there is to happen something to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// nats-servers.
    pub nodes: usize,
    /// Instances of each service.
    pub instances: usize,
}

/// How long faults may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Some seconds.
    Brief,
    /// Up to forty seconds.
    Long,
}

impl Shape {
    /// One of each.
    pub const SINGLE: Self = Self { nodes: 1, instances: 1 };
    /// Three nats-servers and two of each service.
    pub const CLUSTER: Self = Self { nodes: 3, instances: 2 };

    fn processes(self) -> Vec<Process> {
        let several = |part: Part, count| (0..count).map(move |number| Process::from(part.number(number)));
        several(Part::Nats, self.nodes)
            .chain([Part::Registry, Part::Chat, Part::Api].into_iter().flat_map(|part| several(part, self.instances)))
            .chain([Process::from(Part::Postgres), Process::Worker])
            .collect()
    }
}

impl Plan {
    /// One fault, at once.
    #[must_use]
    pub fn one(fault: Fault, lasts: Duration) -> Self {
        Self { injections: vec![Injection { at: Duration::ZERO, lasts, fault }] }
    }

    /// Some faults, by chance. The same for the same seed; no two at the same process or link.
    #[must_use]
    pub fn of(seed: u64, shape: Shape, length: Length) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut processes, mut links) = (shape.processes(), Link::ALL.to_vec());
        let mut injections = Vec::new();
        for _ in 0..random.random_range(FAULTS) {
            let fault = if random.random_bool(0.5) {
                let Some(&process) = processes.choose(&mut random) else { continue };
                processes.retain(|other| *other != process);
                if random.random_bool(0.6) { Fault::Kill(process) } else { Fault::Pause(process) }
            } else {
                let Some(&link) = links.choose(&mut random) else { continue };
                links.retain(|other| *other != link);
                match random.random_range(0..4) {
                    0 => Fault::Cut(link),
                    1 => Fault::Delay(link),
                    2 => Fault::Lose(link),
                    _ => Fault::Silence(link),
                }
            };
            let at = Duration::from_millis(random.random_range(0..millis(WINDOW)));
            let lasts = lasting(fault, length, &mut random);
            injections.push(Injection { at, lasts, fault });
        }
        injections.sort_by_key(|injection| injection.at);
        Self { injections }
    }

    /// Links whose connections are lost.
    pub(super) fn lost(&self) -> impl Iterator<Item = Link> {
        self.injections.iter().filter_map(|injection| match injection.fault {
            Fault::Lose(link) => Some(link),
            _ => None,
        })
    }

    /// Whether this happens to a process.
    pub(super) fn kills(&self, process: Process) -> bool {
        self.injections.iter().any(|injection| injection.fault == Fault::Kill(process))
    }

    /// Each beginning and end, in order.
    pub(super) fn timeline(&self) -> Vec<(Duration, Edge)> {
        let edges = self
            .injections
            .iter()
            .flat_map(|&Injection { at, lasts, fault }| [(at, Edge::Begin(fault)), (at + lasts, Edge::End(fault))]);
        let mut edges = edges.collect::<Vec<_>>();
        edges.sort_by_key(|(at, _)| *at);
        edges
    }
}

/// A fault begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Begin(Fault),
    End(Fault),
}

fn lasting(fault: Fault, length: Length, random: &mut StdRng) -> Duration {
    let long = length == Length::Long && random.random_ratio(1, LONG_ONE_IN);
    let lasts = match fault {
        Fault::Lose(_) => return Duration::ZERO,
        Fault::Pause(_) | Fault::Silence(_) | Fault::Cut(_) if long => random.random_range(LONG),
        _ => random.random_range(100..millis(BRIEF)),
    };
    Duration::from_millis(lasts)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(instance) => instance.fmt(f),
            Self::Worker => f.write_str("worker-agent"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(process) => write!(f, "kill {process}"),
            Self::Pause(process) => write!(f, "pause {process}"),
            Self::Cut(link) => write!(f, "cut {link}"),
            Self::Delay(link) => write!(f, "delay {link}"),
            Self::Silence(link) => write!(f, "silence {link}"),
            Self::Lose(link) => write!(f, "lose {link}"),
        }
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, lasts, fault } = self;
        write!(f, "{fault} at {:.1} s", at.as_secs_f32())?;
        if lasts.is_zero() { Ok(()) } else { write!(f, " for {:.1} s", lasts.as_secs_f32()) }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.injections.iter().map(ToString::to_string).collect::<Vec<_>>();
        f.write_str(&faults.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_plan_follows_from_its_seed() {
        for seed in 0..50 {
            let plan = Plan::of(seed, Shape::SINGLE, Length::Long);
            assert_eq!(plan, Plan::of(seed, Shape::SINGLE, Length::Long));
        }
        let different = (0..50).map(|seed| Plan::of(seed, Shape::SINGLE, Length::Long).to_string());
        assert_eq!(different.collect::<BTreeSet<_>>().len(), 50);
    }

    #[test]
    fn plans_are_within_their_bounds_and_hurt_nothing_twice() {
        for seed in 0..500 {
            for (length, longest) in [(Length::Brief, BRIEF), (Length::Long, Duration::from_secs(40))] {
                let plan = Plan::of(seed, Shape::CLUSTER, length);
                assert!(FAULTS.contains(&plan.injections.len()), "{plan}");
                assert!(plan.injections.iter().all(|it| it.at < WINDOW && it.lasts <= longest), "{plan}");
                let places = plan.injections.iter().map(|it| match it.fault {
                    Fault::Kill(process) | Fault::Pause(process) => process.to_string(),
                    Fault::Cut(link) | Fault::Delay(link) | Fault::Silence(link) | Fault::Lose(link) => {
                        link.to_string()
                    }
                });
                assert_eq!(places.collect::<BTreeSet<_>>().len(), plan.injections.len(), "{plan}");
            }
        }
    }

    #[test]
    fn every_fault_of_everything_comes_up() {
        let faults = |shape| {
            let plans = (0..2000).map(move |seed| Plan::of(seed, shape, Length::Brief));
            plans.flat_map(|plan| plan.injections).map(|it| it.fault).collect::<BTreeSet<_>>()
        };
        assert_eq!(faults(Shape::SINGLE).len(), 6 * 2 + Link::ALL.len() * 4);
        assert_eq!(faults(Shape::CLUSTER).len(), 11 * 2 + Link::ALL.len() * 4);
    }

    #[test]
    fn what_begins_ends() {
        let plan = Plan::of(7, Shape::SINGLE, Length::Brief);
        let mut open = BTreeSet::new();
        let mut last = Duration::ZERO;
        for (at, edge) in plan.timeline() {
            assert!(at >= last);
            last = at;
            assert!(match edge {
                Edge::Begin(fault) => open.insert(fault),
                Edge::End(fault) => open.remove(&fault),
            });
        }
        assert!(open.is_empty());
    }
}
