//! The command line.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::check::StepName;

/// Muster on this computer, without containers.
#[derive(Debug, Parser)]
#[command(name = "cargo muster", bin_name = "cargo muster", version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and run everything, until Ctrl-C
    #[command(after_help = UP)]
    Up(Box<Up>),
    /// Build and run muster-worker-agent
    #[command(after_help = WORKER, disable_help_flag = true)]
    Worker(Worker),
    /// Check everything that must hold
    #[command(after_help = TEST)]
    Test(Test),
    /// Try inputs by chance, for long
    #[command(after_help = FUZZ)]
    Fuzz(Fuzz),
    /// Kill, pause, cut and silence everything by chance, for long
    #[command(after_help = SOAK)]
    Soak(Soak),
    /// Write all that an installation knows into one file, while it runs
    #[command(after_help = BACKUP)]
    Backup(Backup),
    /// Make an installation of a backup
    #[command(after_help = RESTORE)]
    Restore(Restore),
    /// Look at what is stored and what is live on the broker
    #[command(after_help = INSPECT)]
    Inspect(Inspect),
    /// Measure what must be fast
    #[command(after_help = BENCH)]
    Bench(Bench),
    /// Write the files that are made from code
    #[command(after_help = GENERATE)]
    Generate(Generate),
    /// Make the keys that an installation's processes have on the broker
    #[command(after_help = CREDENTIALS)]
    Credentials(Credentials),
}

const UP: &str = "\
Examples:
  cargo muster up                                    the page on port 8080, data in ./data
  cargo muster up --backend demo                     without an agent of your own
  cargo muster up --data-dir /tmp/try --listen 127.0.0.1:0 --nats-listen 127.0.0.1:0
  cargo muster up --listen 0.0.0.0:8080 --public-url http://muster.lan:8080 \\
                  --nats-listen 0.0.0.0:4222 --public-nats nats://muster.lan:4222
  cargo muster up --listen 0.0.0.0:443 --nats-websocket 0.0.0.0:8443 --public-url https://muster.example \\
                  --tls-cert tls.crt --tls-key tls.key      over HTTPS and wss://
  MUSTER_ADMIN_PASSWORD=… cargo muster up            choose the first account's password

On an empty data directory it makes the account `admin`, registers this computer as a machine and runs a
worker on it for the current directory. Everything printed by the processes is in DIR/logs.
Services take further settings from the environment, such as MUSTER_LOG=debug (muster-api --help lists them).";

const WORKER: &str = "\
Example:
  cargo muster worker run --token machine_…:worker_… --server http://127.0.0.1:8080 --backend demo

Everything after `worker` goes to muster-worker-agent; `cargo muster worker --help` shows its help.";

const TEST: &str = "\
Examples:
  cargo muster test                        everything
  cargo muster test --only format,clippy   before a commit
  cargo muster test --skip browser         without Chromium

A step that fails does not stop the others. What each printed is in target/check/STEP.log. The last line counts the
steps: `N passed, N failed`.";

const FUZZ: &str = "\
Examples:
  cargo muster fuzz                        every target in turn, ten minutes each
  cargo muster fuzz frame --minutes 60     one of the targets in libs/fuzz/targets
  cargo muster fuzz api --minutes 30       the running API, by schemathesis
  cargo muster fuzz markdown --minutes 5   what the page makes of replies, by fast-check

`cargo muster test` runs all of them briefly. What is found is kept in libs/fuzz/artifacts; mended, it belongs in
libs/fuzz/seeds. cargo-fuzz is installed, pinned, when there is none; it needs no other toolchain.";

const SOAK: &str = "\
Examples:
  cargo muster soak                          ten minutes of it
  cargo muster soak --seed 17 --minutes 60   other faults, an hour of them
  cargo muster soak --cluster                three nats-servers and two of each service
  cargo muster soak --seed 17 --rounds 1     one round again

A round is four replies with eight viewers, and two to four faults meanwhile. Then everything must be there once: at
every viewer, in the stream and in the database, with no turn left open and none begun twice. Each round has the next
seed, from which its faults follow. It ends with a table of what was injected and what was checked, also as JSON;
what did not hold is told with its seed, and makes the command fail.";

const BACKUP: &str = "\
Examples:
  cargo muster backup muster.backup                            of the installation in ./data
  cargo muster backup --recipient age1… /srv/backups           encrypted, in a file called by the time
  MUSTER_BACKUP_PASSPHRASE=… cargo muster backup muster.backup
  muster backup --secrets /secrets /backups                    of containers

Databases and streams are of one moment; everything goes on meanwhile. The file has every chat, and no key of the
installation's own: see deploy/backup.md.";

const RESTORE: &str = "\
Examples:
  cargo muster restore muster.backup --data-dir restored       then: cargo muster up --data-dir restored
  cargo muster restore --identity key.txt muster.backup        of one that was made with --recipient
  muster restore --secrets /secrets /backups/muster.backup     in containers, before the services are started

It wants an empty or new data directory, or an empty database and broker, and checks the whole file before it touches
them. Workers need no new approval: they come when their server's address leads there.";

const INSPECT: &str = "\
Examples:
  cargo muster inspect                                    everything from now on
  cargo muster inspect CHUNKS --from 1                    all replies that are stored
  cargo muster inspect 'chat.v1.stream.*.SESSION.>' --since 10m --follow
  cargo muster inspect 'evt.v1.*.worker.*' --since 2026-11-26T09:30:00Z --json | jq .message.worker.presence
  cargo muster inspect --server tls://muster.example:4222 --keys secrets EVENTS --from 1 --limit 5

What `cargo muster up --inspect` has started is found by its data directory; of another installation it wants the
address and the directory of `cargo muster credentials --inspect`. The operator may look and change nothing; it shows
every chat. Requests between services are neither stored nor republished, and are not seen.";

const BENCH: &str = "\
Examples:
  cargo muster bench web                               the page, in Chromium
  cargo run --release --bin muster -- bench tokens     a worker, with optimised services

It starts a stack of its own, measures it against its figures and prints them as a table, also as JSON in
target/check/bench-….json. A figure that is missed makes the command fail. It takes a few minutes; nothing else should
keep the computer busy meanwhile.";

const GENERATE: &str = "\
Examples:
  cargo muster generate           writes deploy/nats, deploy/configuration.md and what else is made
  cargo muster generate --check   fails if that would change it";

const CREDENTIALS: &str = "\
Example:
  cargo muster credentials secrets
  cargo muster credentials --inspect secrets    also inspect.seed, for an operator who may look and change nothing

Writes one file for each private key (mode 0600) and nats.env with the public ones, which the files in
deploy/nats take from nats-server's environment. Keys that are there stay.";

/// How to run everything.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where all data is kept, and settings of api, chat and registry: api.toml, chat.toml, registry.toml
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// Address of the page; port 0 takes any free one [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of the broker; port 0 takes any free one [default: 127.0.0.1:4222, or a free port if that is taken]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) nats_listen: Option<SocketAddr>,
    /// Address of the page as other computers reach it
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<Url>,
    /// Address of the broker as workers on other computers reach it
    #[arg(long, value_name = "URL")]
    pub(crate) public_nats: Option<String>,
    /// Serve the page over HTTPS with this certificate (PEM, then those up to its authority); needs --public-url
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Take workers by WebSocket too: wss:// with --tls-cert, else ws:// for a proxy that has a certificate
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) nats_websocket: Option<SocketAddr>,
    /// What this computer's worker drives
    #[arg(long, value_enum, default_value_t = Backend::Auto)]
    pub(crate) backend: Backend,
    /// Let an operator look at everything on the broker, without changing anything: prints how
    #[arg(long)]
    pub(crate) inspect: bool,
    /// Do not make a machine and a worker of this computer
    #[arg(long)]
    pub(crate) bare: bool,
}

/// What this computer's worker drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// opencode when it is on the PATH, else demo
    Auto,
    /// opencode; a pinned one is installed into the data directory when there is none
    Opencode,
    /// Claude Code over ACP, which is on the PATH as claude-agent-acp
    Claude,
    /// Codex over ACP, which is on the PATH as codex-acp
    Codex,
    /// Gemini CLI over ACP, which is on the PATH
    Gemini,
    /// Goose over ACP, which is on the PATH
    Goose,
    /// Built in: answers by itself, needs nothing
    Demo,
}

impl Backend {
    /// The worker's name for one that is spoken to over ACP.
    pub(crate) const fn acp(self) -> Option<&'static str> {
        match self {
            Self::Claude => Some("claude"),
            Self::Codex => Some("codex"),
            Self::Gemini => Some("gemini"),
            Self::Goose => Some("goose"),
            Self::Auto | Self::Opencode | Self::Demo => None,
        }
    }
}

/// What muster-worker-agent is given.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// Arguments of muster-worker-agent
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<OsString>,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only these steps, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP")]
    pub(crate) only: Vec<StepName>,
    /// All but these steps
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP", conflicts_with = "only")]
    pub(crate) skip: Vec<StepName>,
}

/// What to try, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// A target in libs/fuzz/targets, api, or markdown [default: all of them]
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,
    /// Time of each target
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) minutes: u32,
}

/// What to try, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// Of the first round
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Time after which no round begins
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) minutes: u32,
    /// So many rounds, whatever time they take
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    pub(crate) rounds: Option<u64>,
    /// Three nats-servers and two of each service
    #[arg(long)]
    pub(crate) cluster: bool,
    /// The report as JSON [default: target/check/soak.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// What to write, and where.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file, which must not exist; or a directory, which gets one called by the time
    #[arg(value_name = "FILE|DIR")]
    pub(crate) file: PathBuf,
    /// Data directory of `cargo muster up`
    #[arg(long, value_name = "DIR", default_value = "data", conflicts_with = "secrets")]
    pub(crate) data_dir: PathBuf,
    /// Directory with registry.toml, chat.toml, api.toml and backup.seed, of an installation in containers
    #[arg(long, value_name = "DIR")]
    pub(crate) secrets: Option<PathBuf>,
    /// Encrypt it to this key of age, once for each
    #[arg(long = "recipient", value_name = "age1…")]
    pub(crate) recipients: Vec<String>,
    /// Encrypt it with the passphrase in this file [default: that in MUSTER_BACKUP_PASSPHRASE, if it is set]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// What to restore, and where.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Data directory that is made of it
    #[arg(long, value_name = "DIR", default_value = "data", conflicts_with = "secrets")]
    pub(crate) data_dir: PathBuf,
    /// Directory with registry.toml, chat.toml, api.toml and backup.seed, of an installation in containers
    #[arg(long, value_name = "DIR")]
    pub(crate) secrets: Option<PathBuf>,
    /// Open it with the private keys of age in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Open it with the passphrase in this file [default: that in MUSTER_BACKUP_PASSPHRASE, if it is set]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A stream, CHUNKS or EVENTS, or the subjects that it stores, with * and > [default: everything that is live]
    #[arg(value_name = "STREAM|SUBJECT")]
    pub(crate) what: Option<String>,
    /// From this sequence of the stream on, until its end
    #[arg(long, value_name = "SEQUENCE", conflicts_with = "since")]
    pub(crate) from: Option<u64>,
    /// From this time on, or so long ago: 10m, 2h, 2026-11-26T09:30:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// At its end go on with what is stored from now on
    #[arg(long)]
    pub(crate) follow: bool,
    /// A line of JSON for each message
    #[arg(long)]
    pub(crate) json: bool,
    /// So many messages at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Data directory of `cargo muster up`
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// Address of the broker, of another installation: nats:// or tls://, several separated by commas
    #[arg(long, value_name = "URL", requires = "keys")]
    pub(crate) server: Option<String>,
    /// Directory in which the key inspect.seed is [default: that of the data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
    /// Certificates (PEM) to trust beside the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure
    #[arg(value_enum)]
    pub(crate) what: Measured,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measured {
    /// The page: opening and scrolling a long session, reading along, Lighthouse
    Web,
    /// A worker: what 300 tokens a second cost it, and what comes of them near the broker and far from it
    Tokens,
}

/// How to make what is made from code.
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Write nothing; fail if something is not as it would be written
    #[arg(long)]
    pub(crate) check: bool,
}

/// Where to put keys.
#[derive(Debug, Args)]
pub(crate) struct Credentials {
    /// Also make the key of an operator who may look at everything on the broker and change nothing
    #[arg(long)]
    pub(crate) inspect: bool,
    /// Directory of the keys
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound_and_every_command_has_examples() {
        let command = super::Cli::command();
        command.clone().debug_assert();
        for command in command.get_subcommands() {
            assert!(
                command.get_after_help().is_some_and(|help| help.to_string().contains("Example")),
                "{}",
                command.get_name()
            );
        }
    }
}
