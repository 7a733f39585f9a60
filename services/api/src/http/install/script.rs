//! GET /install.sh

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use url::Url;

use crate::{downloads::Program, http::problem::Problem, state::Shared};

const TEMPLATE: &str = include_str!("install.sh");
pub(super) const HTTPS_ALONE: &str =
    "Programs are installed over HTTPS alone: MUSTER_PUBLIC_URL must be this server's https:// address.";

pub(super) fn not_offered(why: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-installer", why)
}

/// Installs the worker-agent from here. It names this server as it is configured, never as somebody asked for it, so
/// that nobody can have a script of ours fetch a program of theirs.
pub(crate) async fn script(State(api): State<Shared>) -> Result<Response, Problem> {
    let Some(downloads) = &api.settings.downloads else {
        return Err(not_offered("This server has no programs to install: MUSTER_DOWNLOADS_DIR names none."));
    };
    let Some(base) = api.settings.install_address() else {
        return Err(not_offered(HTTPS_ALONE));
    };
    let programs = downloads.programs().await.map_err(|error| {
        tracing::error!(%error, "the directory of programs cannot be read");
        Problem::unavailable("The programs cannot be read at the moment.")
    })?;
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((kind, filled_in(base, &programs)).into_response())
}

fn filled_in(base: &Url, programs: &[Program]) -> String {
    let lines = programs.iter().map(|program| format!("{} {} {}\n", program.target, program.sha256, program.bytes));
    // An origin has no character that means something between the script's quotes; a path could.
    TEMPLATE
        .replace("@BASE@", &base.origin().ascii_serialization())
        .replace("@PROGRAMS@", lines.collect::<String>().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_names_the_server_by_its_origin_and_each_program_by_its_hash() {
        let program = Program {
            target: "linux-x86_64".parse().unwrap(),
            path: "/nowhere".into(),
            bytes: 12,
            sha256: "ab".repeat(32),
        };
        let base = Url::parse("https://muster.example/'; rm -rf ~; '").unwrap();
        let script = filled_in(&base, &[program]);
        assert!(script.contains("base='https://muster.example'\n"), "{script}");
        assert!(script.contains(&format!("linux-x86_64 {} 12'", "ab".repeat(32))), "{script}");
        assert!(!script.contains("@BASE@") && !script.contains("@PROGRAMS@"), "a place is left empty");
        assert!(!script.contains("rm -rf ~"));
    }
}
