//! What a service says when it is told something wrong: one line with the key, an exit code of sysexits.h, no secret.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::process::Command;

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{binaries, credentials::Credentials};

#[test]
fn a_wrong_setting_is_named_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let unknown_key = home.path().join("unknown.toml");
    std::fs::write(&unknown_key, "nats_ur = 'nats://127.0.0.1:1'\n").unwrap();
    let unknown_key = unknown_key.to_str().unwrap();
    let database = "sqlite::memory:";
    let credentials = Credentials::generate();
    let seed = credentials.seed(ServiceUser::Api).unwrap();
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "database_url"),
        (&[("DATABASE_URL", "mysql:hunter2")], "sqlite: or postgres:"),
        (&[("DATABASE_URL", database)], "nats_seed"),
        (&[("DATABASE_URL", database), ("NATS_SEED_FILE", "/nowhere/key")], "/nowhere/key"),
        (&[("DATABASE_URL", database), ("NATS_SEED", "hunter2")], "seed"),
        (&[("DATABASE_URL", database), ("NATS_SEED", &seed), ("NATS_CA_FILE", "/nowhere.pem")], "nats_ca_file"),
        (&[("DATABASE_URL", database), ("OPERATOR_LISTEN", "hunter2")], "operator_listen"),
        (&[("DATABASE_URL", database), ("LOG_FORMAT", "xml")], "log_format"),
        (&[("DATABASE_URL", database), ("LOG", "muster=loud")], "log"),
        (&[("CONFIG", unknown_key)], "nats_ur"),
        (&[("CONFIG", "/nowhere/muster.toml")], "/nowhere/muster.toml"),
    ];
    for user in [ServiceUser::Registry, ServiceUser::Chat, ServiceUser::Api] {
        let service = format!("muster-{}", user.name());
        for (settings, word) in cases {
            let mut command = Command::new(binaries::find(&service).unwrap());
            command.env_clear().envs(credentials.environment(user).unwrap()).env_remove("MUSTER_NATS_SEED");
            command.envs(settings.iter().map(|(key, value)| (format!("MUSTER_{key}"), value)));
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or_default();
            assert_eq!(output.status.code(), Some(78), "{service} {settings:?}: {said}");
            assert!(last.starts_with(&service) && last.contains(word), "{service} {settings:?}: {said}");
            assert!(!said.contains("mysql:hunter2"), "{said}");
        }
    }
}

#[test]
fn half_a_certificate_is_named() {
    for (key, missing) in [("MUSTER_TLS_CERT_FILE", "tls_key_file"), ("MUSTER_TLS_KEY_FILE", "tls_cert_file")] {
        let mut command = Command::new(binaries::find("muster-api").unwrap());
        command.env_clear().env("MUSTER_DATABASE_URL", "sqlite::memory:").env(key, "/nowhere.pem");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains(missing), "{said}");
    }
}

#[test]
fn a_wrong_option_is_wrong_usage() {
    let command = |option: &str| Command::new(binaries::find("muster-chat").unwrap()).arg(option).output().unwrap();
    assert_eq!(command("--bogus").status.code(), Some(64));
    assert_eq!(command("--help").status.code(), Some(0));
    assert!(String::from_utf8_lossy(&command("--help").stdout).contains("nats_url"));
}
