//! Files that are made from code, and the keys of an installation.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use muster_contracts::broker::{self, Cluster, Identities, Listen, Tls, Websocket};
use muster_testkit::{
    binaries,
    credentials::{Credentials, CredentialsError},
};
use nkeys::KeyPair;

use crate::{cli, reference, report::Report, tool::ToolError, workspace};

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what the code makes.
    #[error("{0} is not what the code makes: run `cargo muster generate` and commit what it writes")]
    Drift(PathBuf),
    /// The programs, of which a part is made, cannot be built.
    #[error(transparent)]
    Build(#[from] ToolError),
    /// They do not tell their settings.
    #[error(transparent)]
    Reference(#[from] reference::ReferenceError),
    /// The keys cannot be made.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

/// Every file that is made here, with what belongs in it.
fn files() -> Result<Vec<(PathBuf, String)>, GenerateError> {
    let mut files = configurations();
    files.push((workspace::root().join("deploy/configuration.md"), reference::page()?));
    Ok(files)
}

/// Those that nats-server reads.
fn configurations() -> Vec<(PathBuf, String)> {
    let tls = Tls { certificate: "/tls/tls.crt".to_owned(), key: "/tls/tls.key".to_owned() };
    let nats = workspace::root().join("deploy/nats");
    vec![
        (nats.join("nats.conf"), container_configuration(None, None)),
        (nats.join("nats-tls.conf"), container_configuration(Some(tls), None)),
        (nats.join("nats-cluster.conf"), container_configuration(None, Some(container_cluster()))),
        (workspace::root().join("deploy/helm/muster/files/accounts.conf"), broker::included(&container_keys())),
    ]
}

/// One of three; their addresses hold the password, so they come from the environment as well.
fn container_cluster() -> Cluster {
    Cluster {
        listen: "0.0.0.0:6222".to_owned(),
        user: "route".to_owned(),
        password: "$MUSTER_ROUTE_PASSWORD".to_owned(),
        routes: (1..=3).map(|number| format!("$MUSTER_ROUTE_{number}")).collect(),
    }
}

/// Public keys that nats-server takes from its environment.
fn container_keys() -> Identities {
    let name = |name: &str| format!("$MUSTER_{name}_KEY");
    Identities {
        registry: name("REGISTRY"),
        chat: name("CHAT"),
        api: name("API"),
        system: name("SYSTEM"),
        backup: name("BACKUP"),
        issuer: name("ISSUER"),
        xkey: name("XKEY"),
        inspect: Some(name("INSPECT")),
    }
}

/// The broker's configuration in a container; nats-server takes each `$NAME` from its environment.
/// Without a certificate its WebSockets are for a proxy beside it, which has one.
fn container_configuration(tls: Option<Tls>, cluster: Option<Cluster>) -> String {
    broker::configuration(
        &Listen {
            client: "0.0.0.0:4222".to_owned(),
            tls: tls.clone(),
            websocket: Some(Websocket { listen: "0.0.0.0:8443".to_owned(), tls }),
            monitor: Some("0.0.0.0:8222".to_owned()),
            store: "/data".to_owned(),
            name: "$MUSTER_NATS_NAME".to_owned(),
            cluster,
        },
        &container_keys(),
    )
}

/// Builds what the files are made of, and writes what differs; or, to check, fails on it.
pub(crate) async fn run(options: &cli::Generate, report: &Report) -> Result<ExitCode, GenerateError> {
    workspace::build(None, &binaries::directory().join("logs"), report).await?;
    compare(options, report)
}

fn compare(options: &cli::Generate, report: &Report) -> Result<ExitCode, GenerateError> {
    for (path, text) in files()? {
        if fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
            continue;
        }
        if options.check {
            return Err(GenerateError::Drift(path));
        }
        write(&path, &text)?;
        report.say(&format!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the keys that are missing in a directory, and lists the public ones for nats-server.
pub(crate) fn credentials(options: &cli::Credentials, report: &Report) -> Result<ExitCode, GenerateError> {
    let mut credentials = Credentials::in_directory(&options.directory)?;
    if options.inspect {
        credentials = credentials.inspected(&options.directory)?;
    }
    let keys = environment(credentials.identities());
    let text: String = keys.iter().map(|(name, key)| format!("export {name}={key}\n")).collect();
    write(&options.directory.join("nats.env"), &text)?;
    report.say(&format!("the keys are in {}", options.directory.display()));
    Ok(ExitCode::SUCCESS)
}

/// The variables that the configuration of a container names.
fn environment(keys: Identities) -> [(&'static str, String); 8] {
    let Identities { registry, chat, api, system, backup, issuer, xkey, inspect } = keys;
    // The file names an inspector in any case. Without one it is a key whose seed is nobody's.
    let inspect = inspect.unwrap_or_else(|| KeyPair::new_user().public_key());
    [
        ("MUSTER_REGISTRY_KEY", registry),
        ("MUSTER_CHAT_KEY", chat),
        ("MUSTER_API_KEY", api),
        ("MUSTER_SYSTEM_KEY", system),
        ("MUSTER_BACKUP_KEY", backup),
        ("MUSTER_ISSUER_KEY", issuer),
        ("MUSTER_XKEY_KEY", xkey),
        ("MUSTER_INSPECT_KEY", inspect),
    ]
}

fn write(path: &Path, text: &str) -> Result<(), GenerateError> {
    let failed = |source| GenerateError::File { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use muster_testkit::certificates::Authority;

    use super::*;

    #[test]
    fn what_is_in_the_tree_is_what_the_code_makes() {
        compare(&cli::Generate { check: true }, &Report::new()).unwrap();
    }

    #[test]
    fn nats_server_takes_it_with_the_keys_from_its_environment() {
        let server = muster_testkit::nats::find_or_install(&|_| {}).unwrap();
        let home = tempfile::tempdir().unwrap();
        let tls = Authority::new(home.path()).certificate("tls");
        for (path, text) in configurations() {
            // The certificate is the one file that it looks at.
            let text = text.replace("/tls/tls.crt", &tls.certificate).replace("/tls/tls.key", &tls.key);
            let file = home.path().join("nats.conf");
            fs::write(&file, text).unwrap();
            let checked = std::process::Command::new(&server.path)
                .arg("-t")
                .arg("--config")
                .arg(&file)
                .env("MUSTER_NATS_NAME", "test")
                .env("MUSTER_ROUTE_PASSWORD", "r0ute")
                .envs((1..=3).map(|number| (format!("MUSTER_ROUTE_{number}"), format!("nats://127.0.0.1:{number}"))))
                .envs(environment(Credentials::generate().identities()))
                .output()
                .unwrap();
            assert!(checked.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&checked.stderr));
        }
    }
}
