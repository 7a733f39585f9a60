//! Making the problems with which services refuse.

use muster_contracts::v1::{FieldProblem, Problem, problem::Kind};

fn problem(kind: Kind, slug: &str, detail: impl Into<String>) -> Problem {
    Problem { kind: kind.into(), slug: slug.to_owned(), detail: detail.into(), fields: Vec::new() }
}

/// It does not exist, or not for the caller.
#[must_use]
pub fn not_found(what: &str) -> Problem {
    problem(Kind::NotFound, "not-found", format!("There is no such {what}."))
}

/// It cannot be done in the present state.
#[must_use]
pub fn conflict(slug: &str, detail: impl Into<String>) -> Problem {
    problem(Kind::Conflict, slug, detail)
}

/// A field has a bad value.
#[must_use]
pub fn invalid(pointer: &str, detail: impl Into<String>) -> Problem {
    let detail = detail.into();
    let fields = vec![FieldProblem { pointer: pointer.to_owned(), detail: detail.clone() }];
    Problem { fields, ..problem(Kind::Invalid, "invalid-value", detail) }
}

/// A limit is reached.
#[must_use]
pub fn limit(slug: &str, detail: impl Into<String>) -> Problem {
    problem(Kind::Limit, slug, detail)
}

/// Something that is needed is not there at the moment.
#[must_use]
pub fn unavailable(detail: impl Into<String>) -> Problem {
    problem(Kind::Unavailable, "unavailable", detail)
}

/// Something is wrong with us; the cause is in the log and nowhere else.
#[must_use]
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        chain = format!("{chain}: {inner}");
        source = inner.source();
    }
    tracing::error!(error = chain, "a request failed");
    problem(Kind::Internal, "internal", "Something went wrong here; it has been logged.")
}
