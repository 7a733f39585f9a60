//! A restore that is interrupted.

use std::fs;

use muster_testkit::{
    process::{Child, Command},
    stack::Engine,
};
use nix::sys::signal::Signal;
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::{
    installation::{Installation, database_of},
    shown::until,
};

async fn count(connection: &mut AnyConnection, of: &'static str) -> i64 {
    sqlx::query_scalar::<_, i64>(of).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_into_postgresql_that_is_interrupted_leaves_empty_databases_for_the_next() {
    let home = tempfile::tempdir().unwrap();
    let (file, second) = (home.path().join("whole.backup"), home.path().join("second"));
    let first = Installation::start(Engine::Postgres, &home.path().join("first")).await;
    first.backup(&file, &[]).await;
    first.stop().await;

    let broker = Installation::beside_postgres(&second).await;
    let url = database_of(&second);
    sqlx::any::install_default_drivers();
    let (mut holding, mut looking) =
        (AnyConnection::connect(&url).await.unwrap(), AnyConnection::connect(&url).await.unwrap());
    // Whoever makes the last of the schemas has to wait for this.
    holding.execute("BEGIN").await.unwrap();
    holding.execute("CREATE SCHEMA api").await.unwrap();
    let log = home.path().join("restore.log");
    let restore = Command::new("restore", env!("CARGO_BIN_EXE_muster"), &log).without_our_settings();
    let restore = Child::spawn(restore.arg("restore").arg(&file).arg("--secrets").arg(&second)).unwrap();
    const TABLES: &str = "SELECT COUNT(*) FROM information_schema.tables \
                          WHERE table_schema IN ('registry', 'chat', 'api')";
    until("two databases are there, and it waits for the third", async || {
        let waits =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        (count(&mut looking, waits).await > 0).then_some(())
    })
    .await;
    assert!(count(&mut looking, TABLES).await > 0);
    restore.signal(Signal::SIGINT);
    let status = restore.wait().await.unwrap();
    let printed = fs::read_to_string(&log).unwrap();
    assert_eq!(status.code(), Some(130), "{printed}");
    assert!(printed.contains("interrupted") && printed.contains("the databases are empty again"), "{printed}");
    assert_eq!(count(&mut looking, TABLES).await, 0);
    holding.execute("ROLLBACK").await.unwrap();

    let second = Installation::restore_beside(broker, &second, &file, &[]).await;
    second.make_admin(&second.client()).await;
    second.stop().await;
}
