//! Files that a message may mention.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ignore::WalkBuilder;
use muster_contracts::v1::Files;
use nucleo_matcher::{
    Config, Matcher,
    pattern::{CaseMatching, Normalization, Pattern},
};

use crate::domain::place::{self, PlaceError};

/// Files of one answer.
const SHOWN: usize = 30;
/// How many are looked at, and for how long.
const LOOKED: usize = 100_000;
const LONG: Duration = Duration::from_secs(2);

/// The files below a session's directory whose paths fit best to what was typed, best first; what git ignores is left
/// out. Paths are relative to that directory.
///
/// # Errors
/// When the directory is missing or elsewhere.
pub fn files(root: &Path, directory: &str, typed: &str) -> Result<Files, PlaceError> {
    let place = place::resolve(root, directory)?;
    let begun = Instant::now();
    let (mut paths, mut more) = (Vec::new(), false);
    let mut walk = WalkBuilder::new(&place);
    walk.standard_filters(true).require_git(false);
    walk.filter_entry(|entry| entry.file_name() != "node_modules");
    for (looked, entry) in walk.build().flatten().enumerate() {
        if looked == LOOKED || begun.elapsed() > LONG {
            more = true;
            break;
        }
        if entry.file_type().is_some_and(|kind| kind.is_file())
            && let Some(path) = entry.path().strip_prefix(&place).ok().and_then(Path::to_str)
        {
            paths.push(path.to_owned());
        }
    }
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut fit = pattern.match_list(paths, &mut Matcher::new(Config::DEFAULT.match_paths()));
    // What fits as well is the shorter one, then by name.
    fit.sort_by(|(one, fits), (other, others)| {
        others.cmp(fits).then(one.len().cmp(&other.len())).then_with(|| one.cmp(other))
    });
    more |= fit.len() > SHOWN;
    Ok(Files { paths: fit.into_iter().take(SHOWN).map(|(path, _)| path).collect(), more })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_best_fit_comes_first_and_what_git_ignores_does_not_come() {
        let root = tempfile::tempdir().unwrap();
        for file in
            ["api/src/main.rs", "api/src/domain.rs", "api/README.md", "api/secret.env", "api/a/node_modules/main.js"]
        {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        fs::write(root.path().join("api/.gitignore"), "*.env\n").unwrap();
        let found = |typed: &str| files(root.path(), "api", typed).unwrap().paths;
        assert_eq!(found("main"), ["src/main.rs", "src/domain.rs"], "letters in their order are enough");
        assert_eq!(found("srcdom"), ["src/domain.rs"]);
        assert_eq!(found(""), ["README.md", "src/main.rs", "src/domain.rs"]);
        assert_eq!(found("secret"), Vec::<String>::new());
        assert!(files(root.path(), "..", "").is_err());
    }

    #[test]
    fn many_files_are_cut_short() {
        let root = tempfile::tempdir().unwrap();
        for number in 0..=SHOWN {
            fs::write(root.path().join(format!("f{number}")), "").unwrap();
        }
        let found = files(root.path(), "", "f").unwrap();
        assert_eq!((found.paths.len(), found.more), (SHOWN, true));
    }
}
