//! What follows from each thing that the registry may say of the worker.

use std::time::Duration;

use tokio::time::Instant;

use super::silence::{NO_ANSWER, Silence};
use crate::{
    exit::{Code, Exit},
    protocol::register::{Standing, grouped},
};

/// How often a waiting worker asks without having been cut off.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How soon it asks when an answer is on its way, or was none.
const ASK_SOON: Duration = Duration::from_secs(1);
/// How soon it asks when another process is the worker still.
const ASK_AT_ONCE: Duration = Duration::from_millis(500);
/// How long the lease of a process that has just ended may take to end.
const LEASE_ENDS: Duration = Duration::from_secs(3);

/// What the worker takes itself for.
#[derive(Debug)]
pub(super) struct Stance {
    /// As people compare it.
    fingerprint: String,
    told: Option<Told>,
    leased_since: Option<Instant>,
    silence: Silence,
}

/// What was said of it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Pending,
    Mismatch,
    Approved,
    Suspended,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// For the person at the terminal.
    pub(super) says: Vec<String>,
    /// For `status`: whether it is online, and how it is.
    pub(super) report: Option<(bool, &'static str)>,
    pub(super) act: Act,
    /// When to ask again; never without an end of the connection, when it is none.
    pub(super) again: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Act {
    #[default]
    Wait,
    Work,
    /// The connection has not the worker's rights.
    Reconnect,
    /// Nobody is there for whom the agent should go on.
    DropTurns,
}

impl Stance {
    pub(super) fn new(fingerprint: &str) -> Self {
        Self { fingerprint: grouped(fingerprint), told: None, leased_since: None, silence: Silence::default() }
    }

    /// Takes what was answered. `rotating`: whether a new key waits beside the present one.
    ///
    /// # Errors
    /// When there is no hope.
    pub(super) fn take(&mut self, standing: Standing, rotating: bool, now: Instant) -> Result<Step, Exit> {
        let mut step = Step { again: Some(ASK_AGAIN), ..Step::default() };
        if !matches!(standing, Standing::Unknown(_) | Standing::Later { .. }) {
            step.says.extend(self.silence.ends());
        }
        match standing {
            Standing::Approved { name } => {
                self.leased_since = None;
                if self.is_new(Told::Approved) {
                    let name = if name.is_empty() { String::new() } else { format!(" as {name}") };
                    step.says.push(format!("Online{name}. Press Ctrl-C to stop."));
                }
                step = Step { report: Some((true, "online")), act: Act::Work, again: None, ..step };
            }
            Standing::Reconnect => step = Step { act: Act::Reconnect, again: Some(ASK_SOON), ..step },
            Standing::Pending => {
                if self.is_new(Told::Pending) {
                    step.report = Some((false, "waiting for approval"));
                    self.explain_waiting(&mut step.says);
                }
            }
            // Whoever was approved and is not any more has been replaced.
            Standing::Mismatch if self.told == Some(Told::Approved) => {
                if !rotating {
                    return Err(replaced());
                }
                step.again = Some(ASK_SOON);
            }
            Standing::Mismatch => {
                if self.is_new(Told::Mismatch) {
                    step.report = Some((false, "waiting: another key is approved"));
                    step.says.push(
                        "Another key is approved for this worker. If this machine was set up anew, approve this one."
                            .to_owned(),
                    );
                    self.explain_waiting(&mut step.says);
                }
            }
            Standing::Suspended { why } => {
                if self.is_new(Told::Suspended) {
                    step.says.push(format!("{why} Waiting until it is let in again."));
                    step =
                        Step { report: Some((false, "waiting: it is kept out for now")), act: Act::DropTurns, ..step };
                }
            }
            Standing::Leased(exit) => {
                // A process that was killed a moment ago loses its lease in a moment.
                let since = *self.leased_since.get_or_insert(now);
                if self.told == Some(Told::Approved) || now - since > LEASE_ENDS {
                    return Err(exit);
                }
                step.again = Some(ASK_AT_ONCE);
            }
            Standing::Hopeless(exit) => return Err(exit),
            Standing::Unknown(reason) => {
                tracing::debug!(reason, "the registry has not answered; asking again");
                step.says.extend(self.silence.goes_on(NO_ANSWER));
                step.again = Some(ASK_SOON);
            }
            Standing::Later { why } => step.says.extend(self.silence.goes_on(&why)),
        }
        Ok(step)
    }

    fn is_new(&mut self, told: Told) -> bool {
        self.told.replace(told) != Some(told)
    }

    fn explain_waiting(&self, says: &mut Vec<String>) {
        says.push(format!("Key fingerprint: {}", self.fingerprint));
        says.push(
            "Waiting for approval: compare the fingerprint on the page and approve this worker there.".to_owned(),
        );
    }
}

fn replaced() -> Exit {
    let message = "The owner has approved another key for this worker: add a worker of its own for this machine.";
    Exit::new(Code::NoPermission, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITING: &str = "Waiting for approval: compare the fingerprint on the page and approve this worker there.";

    fn approved() -> Standing {
        Standing::Approved { name: "orchard".to_owned() }
    }

    fn leased() -> Standing {
        Standing::Leased(Exit::new(Code::Unavailable, "elsewhere"))
    }

    /// What is done about the last of them, once the others have been heard, a second apart.
    fn after(heard: impl IntoIterator<Item = Standing>, rotating: bool) -> Result<Step, Exit> {
        let mut stance = Stance::new("abcdefgh");
        let start = Instant::now();
        let mut steps = heard
            .into_iter()
            .zip(0..)
            .map(|(standing, second)| stance.take(standing, rotating, start + Duration::from_secs(second)))
            .collect::<Vec<_>>();
        steps.pop().unwrap()
    }

    fn suspended() -> Standing {
        Standing::Suspended { why: "The account is disabled.".to_owned() }
    }

    #[test]
    fn what_changes_is_said_once() {
        let other = "Another key is approved for this worker. If this machine was set up anew, approve this one.";
        let fingerprint = "Key fingerprint: abcd efgh";
        let cases: [(_, &[&str], _); 4] = [
            (approved(), &["Online as orchard. Press Ctrl-C to stop."], Act::Work),
            (Standing::Pending, &[fingerprint, WAITING], Act::Wait),
            (Standing::Mismatch, &[other, fingerprint, WAITING], Act::Wait),
            (suspended(), &["The account is disabled. Waiting until it is let in again."], Act::DropTurns),
        ];
        for (standing, says, act) in cases {
            let says = says.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
            let first = after([standing.clone()], false).unwrap();
            assert_eq!((&first.says, first.act), (&says, act));
            assert!(first.report.is_some_and(|(online, _)| online == (act == Act::Work)));
            let second = after([standing.clone(), standing.clone()], false).unwrap();
            assert!(second.says.is_empty() && second.act != Act::DropTurns);
            let between = if act == Act::DropTurns { Standing::Pending } else { suspended() };
            let anew = after([standing.clone(), between, standing], false).unwrap();
            assert_eq!((anew.says, anew.act), (says, act));
        }
    }

    #[test]
    fn it_asks_again_unless_it_works() {
        let unknown = || Standing::Unknown("nobody".to_owned());
        for (standing, again) in [
            (approved(), None),
            (Standing::Pending, Some(ASK_AGAIN)),
            (Standing::Mismatch, Some(ASK_AGAIN)),
            (suspended(), Some(ASK_AGAIN)),
            (Standing::Later { why: "Full.".to_owned() }, Some(ASK_AGAIN)),
            (Standing::Reconnect, Some(ASK_SOON)),
            (unknown(), Some(ASK_SOON)),
            (leased(), Some(ASK_AT_ONCE)),
        ] {
            assert_eq!(after([standing], false).unwrap().again, again);
        }
        assert_eq!(after([Standing::Reconnect], false).unwrap().act, Act::Reconnect);
    }

    #[test]
    fn one_silence_is_a_moment_and_two_are_told() {
        let silent = || Standing::Unknown("nobody".to_owned());
        let says = |heard: Vec<Standing>| after(heard, false).unwrap().says;
        assert!(says(vec![silent()]).is_empty());
        assert_eq!(says(vec![silent(), silent()]), [format!("{NO_ANSWER} Trying again until it does.")]);
        assert!(says(vec![silent(), silent(), silent()]).is_empty());
        assert!(says(vec![silent(), Standing::Reconnect]).is_empty());
        assert_eq!(says(vec![silent(), silent(), Standing::Reconnect]), ["The server answers again."]);
        let full = || Standing::Later { why: "Full.".to_owned() };
        assert_eq!(says(vec![full(), full()]), ["Full. Trying again until it does."]);
    }

    #[test]
    fn a_lease_is_waited_for_unless_it_was_taken_from_us() {
        assert!(after([leased(), leased(), leased(), leased()], false).is_ok());
        assert!(after([leased(), leased(), leased(), leased(), leased()], false).is_err());
        assert!(after([approved(), leased()], false).is_err());
        assert!(after([leased(), leased(), leased(), approved(), Standing::Pending, leased()], false).is_ok());
    }

    #[test]
    fn whoever_was_replaced_ends_unless_by_itself() {
        assert_eq!(after([approved(), Standing::Mismatch], false), Err(replaced()));
        assert_eq!(after([approved(), Standing::Mismatch], true).unwrap().again, Some(ASK_SOON));
        let hopeless = Exit::new(Code::NoPermission, "rejected");
        assert_eq!(after([Standing::Hopeless(hopeless.clone())], false), Err(hopeless));
    }
}
