//! Programs that a test writes and runs.
#![expect(clippy::panic, reason = "tests only: it says what could not be written")]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// Writes a shell script that may be run at once.
///
/// A process of its own writes it. Were the file open for writing here, another test that starts a program at that
/// moment would start it with the file open too, and a file that somebody may write is not run (`ETXTBSY`).
///
/// # Panics
/// When it cannot be written.
pub fn executable(path: &Path, text: &str) {
    let write = || {
        let mut shell = Command::new("sh")
            .args(["-c", r#"cat > "$0" && chmod 755 "$0""#])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = shell.stdin.take() {
            writeln!(input, "#!/bin/sh\n{text}")?;
        }
        shell.wait()
    };
    match write() {
        Ok(status) if status.success() => {}
        other => panic!("{} is not written: {other:?}", path.display()),
    }
}
