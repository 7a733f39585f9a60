//! `cargo muster up`, from outside.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::{
    path::Path,
    process::{Command, Output},
};

fn up(data: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster")).args(["up", "--data-dir"]).arg(data).args(more).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("error: ") && said.contains(word), "{said}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("thesis.txt"), "precious").unwrap();
    refused(&up(home.path(), &[]), "--data-dir");
}

#[test]
fn a_taken_port_that_was_asked_for_is_refused() {
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    refused(&up(&home.path().join("one"), &["--listen", &taken]), "--listen");
    refused(&up(&home.path().join("two"), &["--listen", "127.0.0.1:0", "--nats-listen", &taken]), "--nats-listen");
}
