//! What failed in a long run of Rust's tests, found again at its end.

/// Lines from which a reader sees what failed and why; a run prints tens of thousands.
#[derive(Debug, Default)]
pub(super) struct Failures {
    lines: Vec<String>,
    /// The next line is what the panic says.
    panicked: bool,
}

impl Failures {
    /// Takes a line of the run.
    pub(super) fn hear(&mut self, line: &str) {
        let failed = line.starts_with("test ") && line.ends_with(" ... FAILED");
        let panics = line.starts_with("thread '") && line.contains(" panicked at ");
        if failed || panics || self.panicked || line.starts_with("error: ") || line.starts_with("error[") {
            self.lines.push(line.to_owned());
        }
        self.panicked = panics;
    }

    /// All of them; nothing when nothing failed.
    pub(super) fn lines(self) -> String {
        self.lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_the_place_and_the_reason_are_kept() {
        let run = "\
running 2 tests
test audit::written_down ... FAILED
test auth::signed_in ... ok

failures:

---- audit::written_down stdout ----

thread 'audit::written_down' (7) panicked at tests/api/audit.rs:112:5:
two lines, not one
stack backtrace:
   0: __rustc::rust_begin_unwind
error: test failed, to rerun pass `-p muster-api --test api`";
        let mut failures = Failures::default();
        run.lines().for_each(|line| failures.hear(line));
        let kept = "\
test audit::written_down ... FAILED
thread 'audit::written_down' (7) panicked at tests/api/audit.rs:112:5:
two lines, not one
error: test failed, to rerun pass `-p muster-api --test api`";
        assert_eq!(failures.lines(), kept);
    }
}
