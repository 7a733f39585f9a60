//! What a worker starts ends with it, whatever it does meanwhile.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    process::Command,
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
/// More than the program's pipe holds, less than that and the guard's own.
const UNHEARD: usize = 96 * 1024;

#[tokio::test]
async fn a_program_that_does_not_listen_ends_with_whoever_talks_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("process");
    let script = format!("echo $$ > {file}.new; mv {file}.new {file}; exec sleep 600", file = file.display());
    let mut guard = Command::new(env!("CARGO_BIN_EXE_muster-worker-agent"));
    guard.args(["guard", "--talk", "sh", "-c", &script]).stdin(Stdio::piped());
    // Should it outlive this test, it holds nothing of ours open.
    guard.stdout(Stdio::null()).stderr(Stdio::null());
    let mut guard = guard.kill_on_drop(true).spawn().unwrap();
    let mut talk = guard.stdin.take().unwrap();
    talk.write_all(&vec![b'x'; UNHEARD]).await.unwrap();
    let started = async {
        while !file.exists() {
            sleep(LOOK).await;
        }
    };
    timeout(PATIENCE, started).await.unwrap();
    let process = std::fs::read_to_string(&file).unwrap();
    let process = Path::new("/proc").join(process.trim());
    assert!(process.exists());

    drop(talk);
    timeout(PATIENCE, guard.wait()).await.expect("the guard ends").unwrap();
    assert!(!process.exists());
}
