//! What an agent gets to see of the worker's environment: what it needs to work
//! and the keys of its providers, and nothing that is Muster's.

use std::ffi::OsString;

/// Taken over as they are.
const NAMES: &[&str] = &[
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
    "SSH_AUTH_SOCK",
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

/// Taken over when they begin so.
const PREFIXES: &[&str] = &["LC_", "XDG_", "AWS_", "AZURE_", "AICORE_"];

/// Taken over when they end so: how providers call their keys.
const SUFFIXES: &[&str] = &["_API_KEY"];

/// What is passed on to an agent. `own` are the agent's own variables: names, or beginnings that end in `_`.
pub(super) fn passed_on(environment: &[(OsString, OsString)], own: &[&str]) -> Vec<(OsString, OsString)> {
    let allowed = |(name, _): &&(OsString, OsString)| name.to_str().is_some_and(|name| allowed(name, own));
    environment.iter().filter(allowed).cloned().collect()
}

fn allowed(name: &str, own: &[&str]) -> bool {
    let is = |&known: &&str| name == known || (known.ends_with('_') && name.starts_with(known));
    !name.starts_with("MUSTER_")
        && (NAMES.contains(&name)
            || PREFIXES.iter().chain(own).any(is)
            || SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
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
}
