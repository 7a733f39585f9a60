//! What was injected and what was checked, for people and for programs.

use std::collections::BTreeMap;

use muster_testkit::scenario::{Checked, Plan, Round};
use serde_json::{Value, json};

/// A round and what came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) seed: u64,
    pub(super) plan: Plan,
    /// Or what did not hold.
    pub(super) held: Result<Round, String>,
}

/// All rounds.
#[derive(Debug)]
pub(super) struct Table {
    cluster: bool,
    outcomes: Vec<Outcome>,
}

impl Outcome {
    pub(super) fn line(&self) -> String {
        let Self { seed, plan, held } = self;
        match held {
            Ok(round) => format!("seed {seed:<6} held   {:>6.1} s  {plan}", round.took.as_secs_f32()),
            Err(broken) => format!("seed {seed:<6} BROKE            {plan}\n  {broken}"),
        }
    }

    fn json(&self) -> Value {
        let faults = self.plan.injections.iter().map(|injection| {
            json!({
                "fault": injection.fault.to_string(),
                "atSeconds": injection.at.as_secs_f64(),
                "lastsSeconds": injection.lasts.as_secs_f64(),
            })
        });
        let (took, checked, broken) = match &self.held {
            Ok(round) => (Some(round.took.as_secs_f64()), Some(round.checked), None),
            Err(broken) => (None, None, Some(broken)),
        };
        json!({
            "seed": self.seed,
            "faults": faults.collect::<Vec<_>>(),
            "tookSeconds": took,
            "checked": checked,
            "broken": broken,
        })
    }
}

impl Table {
    pub(super) const fn new(cluster: bool) -> Self {
        Self { cluster, outcomes: Vec::new() }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.held.is_err())
    }

    /// How often each fault was injected, and in how many of these rounds all held.
    fn faults(&self) -> BTreeMap<String, (u64, u64)> {
        let mut faults = BTreeMap::<String, (u64, u64)>::new();
        for outcome in &self.outcomes {
            for injection in &outcome.plan.injections {
                let (injected, held) = faults.entry(injection.fault.to_string()).or_default();
                *injected += 1;
                *held += u64::from(outcome.held.is_ok());
            }
        }
        faults
    }

    fn checked(&self) -> Checked {
        let rounds = self.outcomes.iter().filter_map(|outcome| outcome.held.as_ref().ok());
        rounds.map(|round| round.checked).fold(Checked::default(), |sum, round| Checked {
            completed: sum.completed + round.completed,
            interrupted: sum.interrupted + round.interrupted,
            viewers: sum.viewers + round.viewers,
            connections: sum.connections + round.connections,
            chunks: sum.chunks + round.chunks,
        })
    }

    pub(super) fn json(&self) -> String {
        let faults = self.faults().into_iter();
        let report = json!({
            "cluster": self.cluster,
            "rounds": self.outcomes.len(),
            "broken": self.failed().map(|outcome| outcome.seed).collect::<Vec<_>>(),
            "faults": faults.map(|(fault, (injected, held))| json!({ "fault": fault, "injected": injected, "held": held })).collect::<Vec<_>>(),
            "checked": self.checked(),
            "outcomes": self.outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }

    /// The end of it on a terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![String::new(), format!("{:<28} {:>8} {:>8}", "fault", "injected", "held")];
        for (fault, (injected, held)) in self.faults() {
            lines.push(format!("{fault:<28} {injected:>8} {held:>8}"));
        }
        let Checked { completed, interrupted, viewers, connections, chunks } = self.checked();
        lines.push(String::new());
        lines.push(format!(
            "{completed} replies are whole, {interrupted} of them by a retry after their worker was killed"
        ));
        lines.push(format!("{viewers} times a viewer had every piece once, over {connections} connections"));
        lines.push(format!("{chunks} chunks in the stream are what is stored"));
        let (rounds, broken) = (self.outcomes.len(), self.failed().count());
        lines.push(format!("\n{} held, {broken} broke", rounds - broken));
        let cluster = if self.cluster { " --cluster" } else { "" };
        for outcome in self.failed() {
            lines.push(format!("to repeat it: cargo muster soak{cluster} --seed {} --rounds 1", outcome.seed));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use muster_testkit::scenario::{Length, Shape};

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(true);
        for seed in 0..5 {
            let plan = Plan::of(seed, Shape::CLUSTER, Length::Brief);
            let checked = Checked { completed: 4, viewers: 8, ..Checked::default() };
            let held =
                if seed == 3 { Err("a hole".to_owned()) } else { Ok(Round { took: Duration::from_secs(9), checked }) };
            table.add(Outcome { seed, plan, held });
        }
        table
    }

    #[test]
    fn what_broke_comes_with_the_command_that_repeats_it() {
        let lines = table().lines().join("\n");
        assert!(lines.contains("4 held, 1 broke") && lines.contains("16 replies are whole"), "{lines}");
        assert!(lines.contains("cargo muster soak --cluster --seed 3 --rounds 1"), "{lines}");
    }

    #[test]
    fn programs_find_every_round_and_every_fault() {
        let table = table();
        let json: Value = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(json["broken"], json!([3]));
        assert_eq!(json["outcomes"][3]["broken"], "a hole");
        let injected: u64 = json["faults"].as_array().unwrap().iter().map(|it| it["injected"].as_u64().unwrap()).sum();
        assert_eq!(injected, table.outcomes.iter().map(|it| it.plan.injections.len() as u64).sum::<u64>());
    }
}
