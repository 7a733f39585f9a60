//! Directories that a session may work in.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ignore::WalkBuilder;
use muster_contracts::v1::{Directories, Directory};

use super::repository;
use crate::domain::place::{self, PlaceError};

/// Directories of one answer.
const SHOWN: usize = 200;
/// Bytes of its paths.
const BYTES: usize = 100 * 1024;
/// How deep working trees are looked for.
const DEPTH: usize = 4;
/// How many directories are looked into for that, and for how long.
const LOOKED: usize = 5_000;
const LONG: Duration = Duration::from_secs(1);

/// What is right below `path`, a directory at or below the root, and for the root itself also git's working trees
/// further below. Paths are relative to the root.
///
/// # Errors
/// When it is missing or elsewhere.
pub fn directories(root: &Path, path: &str) -> Result<Directories, PlaceError> {
    let place = place::resolve(root, path)?;
    let root = place::resolve(root, "")?;
    let at_root = place == root;
    let begun = Instant::now();
    let (mut found, mut bytes, mut looked, mut more) = (Vec::new(), 0, 0, false);
    let mut walk = WalkBuilder::new(&place);
    walk.standard_filters(true).require_git(false).parents(false).max_depth(Some(if at_root { DEPTH } else { 1 }));
    walk.filter_entry(|entry| {
        entry.file_type().is_some_and(|kind| kind.is_dir()) && entry.file_name() != "node_modules"
    });
    for entry in walk.build().flatten().skip(1) {
        looked += 1;
        if looked > LOOKED || found.len() == SHOWN || bytes > BYTES || begun.elapsed() > LONG {
            more = true;
            break;
        }
        let branch = repository::branch(entry.path());
        let Some(path) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
        if entry.depth() == 1 || branch.is_some() {
            bytes += path.len();
            found.push(Directory {
                path: path.to_owned(),
                repository: branch.is_some(),
                branch: branch.unwrap_or_default(),
            });
        }
    }
    // Working trees first: they are what one mostly looks for.
    found.sort_by(|one, other| (!one.repository, &one.path).cmp(&(!other.repository, &other.path)));
    Ok(Directories { directories: found, more })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn paths(root: &Path, path: &str) -> Vec<String> {
        directories(root, path).unwrap().directories.into_iter().map(|directory| directory.path).collect()
    }

    #[test]
    fn working_trees_come_first_and_what_is_ignored_or_hidden_does_not_come() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["docs", "a/b/deep/.git", "api/.git", "api/src", "node_modules/x/.git", ".hidden", "target/x"]
        {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        for tree in ["a/b/deep", "api"] {
            fs::write(root.path().join(tree).join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        }
        fs::write(root.path().join(".gitignore"), "target/\n").unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("/", root.path().join("out")).unwrap();
        assert_eq!(paths(root.path(), ""), ["a/b/deep", "api", "a", "docs"]);
        assert_eq!(paths(root.path(), "api"), ["api/src"]);
        let found = directories(root.path(), "").unwrap();
        assert_eq!(found.directories[1].branch, "main");
        assert!(!found.more);
        assert!(directories(root.path(), "..").is_err() && directories(root.path(), "out").is_err());
    }

    #[test]
    fn a_huge_directory_is_cut_short() {
        let root = tempfile::tempdir().unwrap();
        for number in 0..=SHOWN {
            fs::create_dir(root.path().join(number.to_string())).unwrap();
        }
        let found = directories(root.path(), "").unwrap();
        assert_eq!((found.directories.len(), found.more), (SHOWN, true));
    }
}
