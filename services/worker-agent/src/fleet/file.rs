//! `muster-worker.toml`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    env,
    ffi::OsString,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::{
    backend::environment::of_a_shell,
    exit::{Code, Exit},
    state::whole,
};

/// Workers in one file at most: each is a process, and most have an agent of their own.
const WORKERS: usize = 50;
/// How a new file begins.
const HEAD: &str = "\
# The workers of this machine. `muster-worker-agent run` runs them all; `muster-worker-agent setup` adds one.

";

/// All that the file says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// For workers that name none.
    #[serde(default)]
    pub server: Option<String>,
    /// The workers.
    #[serde(default, rename = "worker")]
    pub workers: Vec<Entry>,
    /// Variables of the environment that all of them get, unless `run` has them of its own: keys of providers, proxies.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub environment: BTreeMap<String, SecretString>,
}

/// One worker: the options of `run`, by their names there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// What its lines begin with; its directory's name unless said otherwise.
    pub name: Option<String>,
    /// As `--token`.
    #[schemars(with = "String")]
    pub token: SecretString,
    /// As `--dir`; what is not absolute is seen from the file's directory.
    pub dir: PathBuf,
    /// As `--server`.
    pub server: Option<String>,
    /// As `--backend`.
    pub backend: Option<String>,
    /// As `--state-dir`.
    pub state_dir: Option<PathBuf>,
    /// Further options of `run`, word by word.
    #[serde(default)]
    pub options: Vec<String>,
}

impl Entry {
    /// What its lines begin with.
    #[must_use]
    pub fn label(&self) -> String {
        let directory = || self.dir.file_name().map(|name| name.to_string_lossy().into_owned());
        self.name.clone().or_else(directory).unwrap_or_else(|| "worker".to_owned())
    }

    /// The words behind `run`, without its token. The last ones may be an agent's own, so that none may follow.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.display().to_string();
        let named = [
            ("--dir", Some(path(&self.dir))),
            ("--server", self.server.clone()),
            ("--backend", self.backend.clone()),
            ("--state-dir", self.state_dir.as_ref().map(path)),
        ];
        let named = named.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value?])).flatten();
        named.chain(self.options.iter().cloned()).collect()
    }
}

impl File {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read, or is not as it should be; the message names the line.
    pub fn read(path: &Path) -> Result<Self, Exit> {
        let text = fs::read_to_string(path).map_err(|error| {
            let message =
                format!("{} cannot be read: {error}. Make one with muster-worker-agent setup.", path.display());
            Exit::new(Code::NoInput, message)
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, base).map_err(|problem| wrong(path, &problem))
    }

    /// Variables that agents get of this shell and not of the file, by name.
    #[must_use]
    pub fn unknown<'a>(&self, shell: &'a HashMap<String, String>) -> Vec<&'a str> {
        let mut names = of_a_shell(shell);
        names.retain(|name| !self.environment.contains_key(*name));
        names
    }

    /// What its environment adds to that of this process.
    pub fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let new = self.environment.iter().filter(|(name, _)| env::var_os(name).is_none());
        new.map(|(name, value)| (name.into(), value.expose_secret().into()))
    }

    fn parse(text: &str, base: &Path) -> Result<Self, String> {
        let mut file = toml_edit::de::from_str::<Self>(text).map_err(|error| {
            let line = error.span().map(|span| text.get(..span.start).unwrap_or(text).matches('\n').count() + 1);
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{line}{}", error.message().lines().collect::<Vec<_>>().join("; "))
        })?;
        if file.workers.is_empty() {
            return Err("it has no [[worker]]".to_owned());
        }
        if file.workers.len() > WORKERS {
            return Err(format!("it has more than {WORKERS} workers"));
        }
        let is_name = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
        if let Some(name) = file.environment.keys().find(|name| !is_name(name)) {
            return Err(format!("{name:?} is not the name of a variable"));
        }
        if let Some((name, _)) = file.environment.iter().find(|(_, value)| value.expose_secret().contains('\0')) {
            return Err(format!("the value of {name} has a character that no variable can hold"));
        }
        let mut tokens = HashSet::new();
        for worker in &mut file.workers {
            if !tokens.insert(worker.token.expose_secret().to_owned()) {
                return Err(format!("two workers have the token of {}; each needs one of its own", worker.label()));
            }
            worker.server = worker.server.take().or_else(|| file.server.clone());
            worker.dir = base.join(&worker.dir);
            worker.state_dir = worker.state_dir.take().map(|state| base.join(state));
        }
        Ok(file)
    }

    /// Adds a worker to the file, in the place of one with the same token; whatever else is in it stays as it is.
    ///
    /// # Errors
    /// When the file is there and cannot be understood, or cannot be written.
    pub fn add(path: &Path, worker: &Entry) -> Result<(), Exit> {
        change(path, |document| add(document, worker))
    }

    /// Keeps variables in the file, in the place of those with the same names.
    ///
    /// # Errors
    /// As for [`File::add`].
    pub fn keep(path: &Path, variables: &BTreeMap<String, SecretString>) -> Result<(), Exit> {
        change(path, |document| keep(document, variables))
    }
}

fn change(path: &Path, how: impl FnOnce(&mut DocumentMut) -> Result<(), String>) -> Result<(), Exit> {
    let cannot =
        |error: io::Error| Exit::new(Code::CantCreate, format!("{} cannot be written: {error}.", path.display()));
    let (head, text) = match fs::read_to_string(path) {
        Ok(text) => ("", text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (HEAD, String::new()),
        Err(error) => return Err(cannot(error)),
    };
    let changed = text.parse::<DocumentMut>().map_err(|error| error.message().to_owned()).and_then(|mut document| {
        how(&mut document)?;
        Ok(document)
    });
    let document = changed.map_err(|problem| wrong(path, &problem))?;
    write(path, &format!("{head}{document}")).map_err(cannot)
}

fn wrong(path: &Path, problem: &str) -> Exit {
    Exit::new(Code::Config, format!("{} cannot be used: {problem}.", path.display()))
}

fn keep(document: &mut DocumentMut, variables: &BTreeMap<String, SecretString>) -> Result<(), String> {
    let environment = document.entry("environment").or_insert(Item::Table(Table::new()));
    let environment = environment.as_table_like_mut().ok_or("environment is not a table")?;
    for (name, text) in variables {
        environment.insert(name, value(text.expose_secret()));
    }
    Ok(())
}

fn add(document: &mut DocumentMut, worker: &Entry) -> Result<(), String> {
    let workers = document.entry("worker").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let workers = workers.as_array_of_tables_mut().ok_or("worker is not a list of [[worker]]")?;
    let token = worker.token.expose_secret();
    let is_it = |table: &Table| table.get("token").and_then(Item::as_str) == Some(token);
    let place = workers.iter().position(is_it).unwrap_or(workers.len());
    if place == workers.len() {
        workers.push(Table::new());
    }
    let table = workers.get_mut(place).ok_or("worker is not a list of [[worker]]")?;
    let path = |path: &PathBuf| path.display().to_string();
    for (key, text) in [
        ("name", worker.name.clone()),
        ("token", Some(token.to_owned())),
        ("server", worker.server.clone()),
        ("dir", Some(path(&worker.dir))),
        ("backend", worker.backend.clone()),
        ("state-dir", worker.state_dir.as_ref().map(path)),
    ] {
        // What a person has written beside that stays.
        if let Some(text) = text {
            table.insert(key, value(text));
        }
    }
    table.remove("options");
    if !worker.options.is_empty() {
        table.insert("options", value(worker.options.iter().collect::<toml_edit::Array>()));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    whole::write(path, text.as_bytes()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, String> {
        File::parse(text, Path::new("/etc/muster"))
    }

    #[test]
    fn a_worker_has_the_options_of_run() {
        let file = parse(
            "server = \"https://muster.example\"\n[[worker]]\ntoken = \"t\"\ndir = \"/srv/api\"\n\
             [[worker]]\nname = \"two\"\ntoken = \"u\"\ndir = \"web\"\nserver = \"http://127.0.0.1:1\"\n\
             backend = \"demo\"\nstate-dir = \"/var/two\"\noptions = [\"--log\", \"debug\"]\n",
        )
        .unwrap();
        let words = |index: usize| file.workers[index].arguments().join(" ");
        assert_eq!(words(0), "--dir /srv/api --server https://muster.example");
        assert_eq!(
            words(1),
            "--dir /etc/muster/web --server http://127.0.0.1:1 --backend demo --state-dir /var/two --log debug"
        );
        assert_eq!((file.workers[0].label(), file.workers[1].label()), ("api".to_owned(), "two".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, words) in [
            ("", "no [[worker]]"),
            ("[[worker]]\ntoken = \"t\"\n", "dir"),
            ("[[worker]]\ntoken = \"t\"\ndir = \"a\"\nbackedn = \"demo\"\n", "line 4: unknown field `backedn`"),
            ("[environment]\n\"A=B\" = \"c\"\n[[worker]]\ntoken = \"t\"\ndir = \"a\"\n", "not the name of a variable"),
            ("[[worker]\n", "line 1"),
            ("\n[[worker]]\ntoken = 7\ndir = \"a\"\n", "line 3"),
            ("[[worker]]\ntoken=\"t\"\ndir=\"a\"\n[[worker]]\ntoken=\"t\"\ndir=\"b\"\n", "two workers have the token"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(words) && !problem.contains('\n'), "{text:?}: {problem}");
        }
    }

    #[test]
    fn a_worker_is_added_or_replaced_and_what_people_wrote_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("muster/worker.toml");
        let mut worker = parse("[[worker]]\ntoken = \"t\"\ndir = \"/a\"\n").unwrap().workers.remove(0);
        File::add(&path, &worker).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("dir = ", "name = \"mine\"\nstate-dir = \"/s\"\ndir = ");
        fs::write(&path, format!("{text}# mine\n[[worker]]\ntoken = \"u\" # hers\ndir = \"/b\"\n")).unwrap();
        worker.dir = "/c".into();
        File::add(&path, &worker).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(HEAD.trim_end()) && text.contains("# hers"), "{text}");
        let kept = |value: &str| BTreeMap::from([("A_API_KEY".to_owned(), SecretString::from(value))]);
        File::keep(&path, &kept("old")).unwrap();
        File::keep(&path, &kept("\"new\"")).unwrap();
        let environment = File::read(&path).unwrap().environment;
        assert_eq!(environment["A_API_KEY"].expose_secret(), "\"new\"");
        assert!(!format!("{environment:?}").contains("new"));
        let workers = File::read(&path).unwrap().workers;
        let kept = workers.iter().map(|worker| (worker.dir.to_str().unwrap(), worker.name.as_deref()));
        assert_eq!(kept.collect::<Vec<_>>(), [("/c", Some("mine")), ("/b", None)]);
        assert_eq!(workers[0].state_dir.as_deref(), Some(Path::new("/s")), "where its key is");
    }
}
