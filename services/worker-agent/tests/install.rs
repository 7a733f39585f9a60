//! The worker-agent as Cargo installs it.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::process::{Command, Output};

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn cargo_installs_it_from_a_checkout() {
    let home = tempfile::tempdir().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    // Not optimised: all of it but the last step is there from this test itself.
    cargo.args(["install", "--debug", "--locked", "--offline", "--path", env!("CARGO_MANIFEST_DIR"), "--root"]);
    let installed = cargo.arg(home.path()).output().unwrap();
    assert!(installed.status.success(), "{}", told(&installed));
    let asked = Command::new(home.path().join("bin/muster-worker-agent")).arg("--version").output().unwrap();
    assert!(told(&asked).contains(env!("CARGO_PKG_VERSION")), "{}", told(&asked));
}
