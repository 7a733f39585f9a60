//! What an agent gets to see of the worker's environment: what it needs to work
//! and the keys of its providers, and nothing that is Muster's.

use std::{collections::HashMap, ffi::OsString};

use clap::ValueEnum as _;

use super::{acp::Preset, openai::KEY_VARIABLE};

/// Taken over as they are. A service has them too, or has no use for them.
const EVERYWHERE: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TERM",
    "COLORTERM",
    "TMPDIR",
    "TZ",
    "EDITOR",
    "SSH_AUTH_SOCK",
];

/// Taken over as they are: what a person has put into a shell.
const NAMES: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "VERTEX_LOCATION",
    "HF_TOKEN",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_ACCOUNT_ID",
    "GITLAB_TOKEN",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
];

/// Taken over when they begin so; see [`EVERYWHERE`].
const PREFIXES_EVERYWHERE: &[&str] = &["LC_", "XDG_"];

/// Taken over when they begin so.
const PREFIXES: &[&str] = &["AWS_", "AZURE_", "AICORE_"];

/// Taken over when they end so: how providers call their keys.
const SUFFIXES: &[&str] = &["_API_KEY"];

/// What is passed on to an agent. `own` are the agent's own variables: names, or beginnings that end in `_`.
pub(super) fn passed_on(environment: &[(OsString, OsString)], own: &[&str]) -> Vec<(OsString, OsString)> {
    let allowed = |(name, _): &&(OsString, OsString)| name.to_str().is_some_and(|name| allowed(name, own));
    environment.iter().filter(allowed).cloned().collect()
}

/// Whether a provider's key is among the agent's `own` variables.
pub(super) fn has_key(environment: &[(OsString, OsString)], own: &[&str]) -> bool {
    let is_key = |name: &str| is_key(name) && own.iter().any(|known| is(name, known));
    environment.iter().any(|(name, value)| !value.is_empty() && name.to_str().is_some_and(is_key))
}

/// What some agent gets of this shell and would not get of a service, by name.
pub(crate) fn of_a_shell(environment: &HashMap<String, String>) -> Vec<&str> {
    let own = Preset::value_variants().iter().flat_map(|agent| agent.own()).copied().collect::<Vec<_>>();
    let wanted = |name: &&str| *name == KEY_VARIABLE || (!is_everywhere(name) && allowed(name, &own));
    let mut names = environment.keys().map(String::as_str).filter(wanted).collect::<Vec<_>>();
    names.sort_unstable();
    names
}

fn allowed(name: &str, own: &[&str]) -> bool {
    !name.starts_with("MUSTER_")
        && (is_everywhere(name)
            || NAMES.contains(&name)
            || PREFIXES.iter().chain(own).any(|known| is(name, known))
            || is_key(name))
}

fn is_key(name: &str) -> bool {
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

fn is_everywhere(name: &str) -> bool {
    EVERYWHERE.contains(&name) || PREFIXES_EVERYWHERE.iter().any(|known| is(name, known))
}

fn is(name: &str, known: &str) -> bool {
    name == known || (known.ends_with('_') && name.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_providers_pass_and_muster_s_own_do_not() {
        let own = ["OPENCODE_", "GOOSE"];
        for name in
            ["PATH", "HOME", "LC_ALL", "XDG_DATA_HOME", "OPENCODE_CONFIG", "GOOSE", "ANTHROPIC_API_KEY", "AWS_REGION"]
        {
            assert!(allowed(name, &own), "{name}");
        }
        for name in ["MUSTER_WORKER_TOKEN", "MUSTER_API_KEY", "DATABASE_URL", "PGPASSWORD", "LD_PRELOAD", "GOOSE_X"] {
            assert!(!allowed(name, &own), "{name}");
        }
        assert!(!allowed("OPENCODE_CONFIG", &[]), "what is one agent's own is not another's");
    }

    #[test]
    fn what_only_a_shell_has_is_known_by_name() {
        let names = ["PATH", "LC_ALL", "HTTPS_PROXY", "OPENCODE_CONFIG", "ANTHROPIC_BASE_URL", "X_API_KEY", "SECRET"];
        let muster = ["MUSTER_OPENAI_API_KEY", "MUSTER_WORKER_TOKEN"];
        let environment = names.iter().chain(&muster).map(|name| ((*name).to_owned(), String::new())).collect();
        let shell = ["ANTHROPIC_BASE_URL", "HTTPS_PROXY", "MUSTER_OPENAI_API_KEY", "OPENCODE_CONFIG", "X_API_KEY"];
        assert_eq!(of_a_shell(&environment), shell);
    }
}
