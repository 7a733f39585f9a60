//! Asks to be the worker, and makes of the answer what is to be done.

use std::time::Duration;

use muster_bus::CallError;
use muster_contracts::{
    subject::RegistryVerb,
    v1::{Problem, RegisterReply, RegisterRequest, RegisterStatus, problem::Kind},
};

use super::Link;
use crate::exit::{Code, Exit};

/// How long the registry may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where the worker stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It may work.
    Approved {
        /// The name that its owner gave it.
        name: String,
    },
    /// It is approved, but this connection has not its rights yet.
    Reconnect,
    /// Its owner has not decided.
    Pending,
    /// Another key is approved, and the owner may approve this one anew.
    Mismatch,
    /// It is approved, and something else keeps it out: its owner's account is disabled, or it wrote too much.
    Suspended {
        /// What it is, for people.
        why: String,
    },
    /// Another process is this worker now.
    Leased(Exit),
    /// It is no use to ask again.
    Hopeless(Exit),
    /// There is no room for it now.
    Later {
        /// What is in the way, for people.
        why: String,
    },
    /// Nobody has answered, or nobody could say.
    Unknown(String),
}

/// Asks once.
pub async fn ask(link: &Link, request: &RegisterRequest) -> Standing {
    match link.bus.request::<_, RegisterReply>(&link.registry(RegistryVerb::Register), request, TIMEOUT).await {
        Ok(reply) => standing(reply),
        Err(CallError::Refused(problem)) => refused(problem),
        Err(error) => Standing::Unknown(error.to_string()),
    }
}

/// Only what this worker says itself can be wrong for good: a database that is away comes back.
fn refused(problem: Problem) -> Standing {
    match problem.kind() {
        Kind::Invalid => Standing::Hopeless(Exit::new(
            Code::NoPermission,
            format!("The server refuses this worker: {}", problem.detail),
        )),
        Kind::Limit => Standing::Later { why: problem.detail },
        Kind::Conflict | Kind::Internal | Kind::NotFound | Kind::Unavailable | Kind::Unspecified => {
            Standing::Unknown(problem.detail)
        }
    }
}

fn standing(reply: RegisterReply) -> Standing {
    let status = reply.status();
    let RegisterReply { status: _, term: _, detail, worker_name } = reply;
    let because = if detail.is_empty() { String::new() } else { format!(" ({})", detail.trim_end_matches('.')) };
    let hopeless = |code, message: String| Standing::Hopeless(Exit::new(code, message));
    match status {
        RegisterStatus::Approved => Standing::Approved { name: worker_name },
        RegisterStatus::Reconnect => Standing::Reconnect,
        RegisterStatus::Pending => Standing::Pending,
        RegisterStatus::Suspended => Standing::Suspended { why: detail },
        RegisterStatus::Mismatch => Standing::Mismatch,
        RegisterStatus::Rejected => hopeless(
            Code::NoPermission,
            format!(
                "This worker was rejected or removed on the page{because}: add a worker there and start with its token."
            ),
        ),
        RegisterStatus::UnknownToken => hopeless(
            Code::NoPermission,
            format!("The server does not know this token{because}: copy it from Add worker on the page."),
        ),
        RegisterStatus::Leased => Standing::Leased(Exit::new(
            Code::Unavailable,
            format!(
                "This worker runs elsewhere already{because}: stop it there, or give --takeover to take its place."
            ),
        )),
        RegisterStatus::Unspecified => Standing::Unknown("the server speaks a newer protocol".to_owned()),
    }
}

/// A fingerprint as people compare it: in groups of four.
#[must_use]
pub fn grouped(fingerprint: &str) -> String {
    let mut out = String::new();
    for (index, letter) in fingerprint.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(' ');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_leads_somewhere() {
        let of = |status: RegisterStatus| {
            standing(RegisterReply { status: status.into(), detail: "on host desk".into(), ..RegisterReply::default() })
        };
        assert!(matches!(of(RegisterStatus::Approved), Standing::Approved { .. }));
        assert_eq!(of(RegisterStatus::Reconnect), Standing::Reconnect);
        assert!(matches!(of(RegisterStatus::Suspended), Standing::Suspended { why } if why == "on host desk"));
        assert_eq!(of(RegisterStatus::Mismatch), Standing::Mismatch);
        assert_eq!(of(RegisterStatus::Pending), Standing::Pending);
        let Standing::Leased(exit) = of(RegisterStatus::Leased) else { panic!("leased") };
        assert!(exit.message.contains("desk") && exit.message.contains("--takeover"), "{exit}");
        for status in [RegisterStatus::Rejected, RegisterStatus::UnknownToken] {
            let Standing::Hopeless(exit) = of(status) else { panic!("{status:?}") };
            assert_eq!(exit.code, Code::NoPermission);
        }
    }

    #[test]
    fn only_what_the_worker_says_itself_ends_it() {
        let of = |kind: Kind| refused(Problem { kind: kind.into(), detail: "because".into(), ..Problem::default() });
        assert!(matches!(of(Kind::Invalid), Standing::Hopeless(exit) if exit.message.contains("because")));
        assert_eq!(of(Kind::Limit), Standing::Later { why: "because".into() });
        for kind in [Kind::Unavailable, Kind::Internal, Kind::Conflict, Kind::NotFound, Kind::Unspecified] {
            assert_eq!(of(kind), Standing::Unknown("because".into()), "{kind:?}");
        }
    }

    #[test]
    fn a_fingerprint_is_grouped() {
        assert_eq!(grouped("abcdefghij"), "abcd efgh ij");
    }
}
