//! Git's working trees, as their directories tell: no git is needed to see them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Bytes of a file of git's that are read at most; those that are looked at have a line.
const LINE: u64 = 4096;
/// Working trees of a repository that are told at most.
const TREES: usize = 200;
/// What git puts where the branch was when it keeps its references in tables, which only git reads.
const ELSEWHERE: &str = ".invalid";

/// The branch that is checked out in a working tree; empty when it is none in particular, and nothing when the directory
/// is no working tree.
pub(super) fn branch(directory: &Path) -> Option<String> {
    let git = directory.join(".git");
    let git = if git.is_dir() {
        git
    } else {
        // A working tree beside the first one, or a submodule: a file that says where the rest is.
        let text = line(&git)?;
        directory.join(text.strip_prefix("gitdir:")?.trim())
    };
    let head = line(&git.join("HEAD"))?;
    let branch = head.strip_prefix("ref: refs/heads/").filter(|&branch| branch != ELSEWHERE);
    Some(branch.unwrap_or_default().to_owned())
}

/// The other working trees of a repository, by the directory of its first one. Some may be gone.
pub(super) fn beside(directory: &Path) -> Vec<PathBuf> {
    let git = directory.join(".git");
    let entries = fs::read_dir(git.join("worktrees")).into_iter().flatten().flatten().take(TREES);
    let tree = |entry: fs::DirEntry| {
        let file = entry.path().join("gitdir");
        // The file `.git` in it. Newer versions may name it from here.
        let named = entry.path().join(line(&file)?);
        Some(named.parent()?.to_owned())
    };
    entries.filter_map(tree).collect()
}

fn line(file: &Path) -> Option<String> {
    let found = fs::metadata(file).ok().filter(|found| found.is_file() && found.len() <= LINE)?;
    let text = fs::read_to_string(file).ok().filter(|_| found.len() > 0)?;
    text.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn working_trees_of_git_itself_are_told() {
        let root = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
            git.env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(root.path());
            assert!(git.status().unwrap().success(), "{arguments:?}");
        };
        git(&["init", "--quiet", "--initial-branch=feature/x", "one"]);
        git(&["-C", "one", "commit", "--quiet", "--allow-empty", "--message=first"]);
        git(&["-C", "one", "worktree", "add", "--quiet", "-b", "y", "../two"]);
        git(&["-C", "one", "worktree", "add", "--quiet", "--detach", "../loose"]);
        let mut others =
            beside(&root.path().join("one")).iter().map(|tree| tree.canonicalize().unwrap()).collect::<Vec<_>>();
        others.sort();
        assert_eq!(others, ["loose", "two"].map(|tree| root.path().canonicalize().unwrap().join(tree)));
        assert_eq!(beside(&root.path().join("two")), [] as [PathBuf; 0]);
        let branch = |directory: &str| branch(&root.path().join(directory));
        assert_eq!(branch("one").as_deref(), Some("feature/x"));
        assert_eq!(branch("two").as_deref(), Some("y"));
        assert_eq!(branch("loose").as_deref(), Some(""));
    }

    #[test]
    fn a_working_tree_tells_its_branch_whether_it_is_the_first_or_another() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("one/.git/HEAD", "ref: refs/heads/feature/x\n");
        write("one/.git/worktrees/two/HEAD", "ref: refs/heads/y\n");
        write("two/.git", "gitdir: ../one/.git/worktrees/two\n");
        write("tables/.git/HEAD", "ref: refs/heads/.invalid\n");
        write("loose/.git/HEAD", "0123456789012345678901234567890123456789\n");
        write("none/file", "");
        write("odd/.git", "something else\n");
        let branch = |directory: &str| branch(&root.path().join(directory));
        assert_eq!(branch("one").as_deref(), Some("feature/x"));
        assert_eq!(branch("two").as_deref(), Some("y"));
        assert_eq!(branch("loose").as_deref(), Some(""));
        assert_eq!(branch("tables").as_deref(), Some(""));
        assert_eq!((branch("none"), branch("odd"), branch("missing")), (None, None, None));
    }
}
