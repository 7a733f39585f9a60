//! The worker token, `machine_<machineId>:worker_<workerId>`: it names a
//! worker and, once a key is approved, opens nothing by itself.

use std::{fmt, str::FromStr};

use crate::id::{MachineId, WorkerId};

/// Names a worker on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerToken {
    /// The machine.
    pub machine: MachineId,
    /// The worker.
    pub worker: WorkerId,
}

/// Not a worker token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a worker token looks like machine_<id>:worker_<id>, with ids of 21 characters; copy it from Add worker on the page"
)]
pub struct InvalidToken;

impl FromStr for WorkerToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let (machine, worker) = text.split_once(':').ok_or(InvalidToken)?;
        let machine = machine.strip_prefix("machine_").ok_or(InvalidToken)?;
        let worker = worker.strip_prefix("worker_").ok_or(InvalidToken)?;
        Ok(Self {
            machine: machine.parse().map_err(|_| InvalidToken)?,
            worker: worker.parse().map_err(|_| InvalidToken)?,
        })
    }
}

impl fmt::Display for WorkerToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "machine_{}:worker_{}", self.machine, self.worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_prints_and_parses() {
        for _ in 0..100 {
            let token = WorkerToken { machine: MachineId::random(), worker: WorkerId::random() };
            assert_eq!(token.to_string().parse(), Ok(token));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let id = "V1StGXR8_Z5jdHi6B-myT";
        for text in [
            String::new(),
            format!("machine_{id}"),
            format!("machine_{id}:worker_{id} "),
            format!("machine_{id}:worker_{id}:x"),
            format!("worker_{id}:machine_{id}"),
            format!("machine_:worker_{id}"),
        ] {
            assert_eq!(text.parse::<WorkerToken>(), Err(InvalidToken), "{text}");
        }
    }
}
