//! Migrations only go forward, and the version before works on when they are made: an upgrade replaces one process
//! after the other.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use muster_testkit::binaries;
use tokio::process::Command;

/// Moved the files of messages into a table of their own, when no version before it was used by anybody.
const BEFORE_THE_FIRST_RELEASE: &str = "chat/migrations/0008_files_of_messages.sql";

/// Whether the version before could miss something after it, or no longer write.
fn takes_away(statement: &str) -> bool {
    let words = statement.split_whitespace().map(str::to_uppercase).collect::<Vec<_>>().join(" ");
    let has = |part: &str| format!(" {words} ").contains(&format!(" {part} "));
    let alters = words.starts_with("ALTER TABLE");
    let loosens = has("DROP NOT NULL") || has("DROP DEFAULT") || has("DROP CONSTRAINT");
    words.starts_with("DROP TABLE")
        || words.starts_with("DROP VIEW")
        || has("RENAME")
        || alters && has("DROP") && !loosens
        || alters && (has("TYPE") || has("SET NOT NULL"))
        || alters && has("ADD") && has("NOT NULL") && !has("DEFAULT")
}

/// Without comments. The parts of a trigger are parts of their own, which does no harm.
fn statements(sql: &str) -> Vec<String> {
    let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n").split(';').map(str::to_owned).collect()
}

/// Those that are run beside an older process: not those for SQLite, whose file one process has for itself.
fn migrations(services: &Path) -> Vec<PathBuf> {
    let entries = |directory: &Path| fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    let directories = entries(services).map(|service| service.join("migrations"));
    let directories = directories.flat_map(|shared| [shared.join("postgres"), shared]);
    let files = directories.flat_map(|directory| entries(&directory).collect::<Vec<_>>());
    files.filter(|file| file.extension().is_some_and(|kind| kind == "sql")).collect()
}

#[test]
fn the_version_before_misses_nothing_after_a_migration() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services");
    let all = migrations(&services);
    for service in ["api", "chat", "registry"] {
        assert!(all.iter().any(|file| file.starts_with(services.join(service))), "{service} has none");
    }
    let taking = all.iter().filter(|file| statements(&fs::read_to_string(file).unwrap()).iter().any(|s| takes_away(s)));
    let names = taking.map(|file| file.strip_prefix(&services).unwrap().display().to_string()).collect::<Vec<_>>();
    assert_eq!(names, [BEFORE_THE_FIRST_RELEASE], "add what is new, and leave what is old to a later version");
}

/// Those of a directory and all below it.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// PostgreSQL refuses what it has prepared for the version before, once there is a column more in its answer.
#[test]
fn every_statement_names_its_columns() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services");
    for service in ["api", "chat", "registry"] {
        for file in sources(&services.join(service).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            for all in ["* FROM", ".*,", "RETURNING *"] {
                assert!(!text.contains(all), "{}: {all}", file.display());
            }
        }
    }
}

/// By the job that goes before an upgrade: it needs the database, and neither keys nor a broker.
#[tokio::test]
async fn a_schema_is_made_without_its_service() {
    let home = tempfile::tempdir().unwrap();
    for service in ["api", "chat", "registry"] {
        let file = home.path().join(service);
        let migrate = async |url: &str| {
            let mut command = Command::new(binaries::find(&format!("muster-{service}")).unwrap());
            command.env_clear().env("MUSTER_DATABASE_URL", url).arg("--migrate").output().await.unwrap()
        };
        let made = migrate(&format!("sqlite:{}", file.display())).await;
        assert!(made.status.success(), "{service}: {made:?}");
        assert!(fs::metadata(&file).unwrap().len() > 0, "{service} has made nothing");
        assert_eq!(migrate("mysql:x").await.status.code(), Some(78), "{service}");
    }
}

#[test]
fn what_takes_away_is_known_by_its_words() {
    for statement in [
        "DROP TABLE users",
        "drop table if exists users",
        "ALTER TABLE users RENAME TO people",
        "ALTER TABLE users\n    RENAME COLUMN name TO title",
        "ALTER TABLE users DROP COLUMN name",
        "ALTER TABLE users DROP name",
        "ALTER TABLE users ALTER COLUMN age TYPE BIGINT",
        "ALTER TABLE users ALTER COLUMN age SET NOT NULL",
        "ALTER TABLE users ADD COLUMN age BIGINT NOT NULL",
    ] {
        assert!(takes_away(statement), "{statement}");
    }
    for statement in [
        "CREATE TABLE people (name TEXT NOT NULL)",
        "DROP INDEX users_by_name",
        "DROP TRIGGER user_left",
        "ALTER TABLE users ADD COLUMN age BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE users ADD COLUMN title TEXT",
        "ALTER TABLE users ALTER COLUMN name DROP NOT NULL",
    ] {
        assert!(!takes_away(statement), "{statement}");
    }
    assert_eq!(statements("-- DROP TABLE users;\nSELECT 1; -- and\nSELECT 2"), ["\nSELECT 1", " \nSELECT 2"]);
}
