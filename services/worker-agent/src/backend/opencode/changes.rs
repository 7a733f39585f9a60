//! The files that a turn has changed without a tool telling of it, as a shell command does. opencode finds them where
//! there is a repository: it compares the directory after each step.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
};

use muster_contracts::v1::DiffPart;

use super::wire::FileDiff;

/// Files that are shown at most: a formatter may change thousands.
const SHOWN: usize = 200;

/// See the module. A step is named by its message.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Files of which a tool has told, by step.
    told: HashMap<String, HashSet<String>>,
    /// All that were changed, by step.
    changed: HashMap<String, Vec<String>>,
    /// What has become of them since the turn began, as far as it was compared.
    compared: Vec<FileDiff>,
    /// It was, since a step has changed anything.
    is_compared: bool,
}

impl Changes {
    /// A tool tells of a file, by its whole path or below the directory.
    pub(super) fn tool_told(&mut self, step: &str, path: &str) {
        self.told.entry(step.to_owned()).or_default().insert(path.to_owned());
    }

    /// A step has changed these, by their whole paths.
    pub(super) fn step_changed(&mut self, step: String, files: Vec<String>) {
        let known = self.changed.get(&step).is_some_and(|known| *known == files);
        self.is_compared &= known || files.is_empty();
        self.changed.insert(step, files);
    }

    /// All of the turn was compared.
    pub(super) fn compared(&mut self, diffs: Vec<FileDiff>) {
        self.compared = diffs;
        self.is_compared = true;
    }

    /// What is to be shown beside what tools have told.
    pub(super) fn untold(&self) -> Vec<DiffPart> {
        let diffs =
            self.untold_files().filter_map(|file| self.compared_file(file)).filter(|diff| !diff.patch.is_empty());
        diffs.map(|diff| DiffPart { path: diff.file.clone(), patch: diff.patch.clone() }).collect()
    }

    /// Whether it is known what has become of all that was changed.
    pub(super) fn are_known(&self) -> bool {
        self.untold_files().all(|file| self.compared_file(file).is_some())
    }

    /// Files of which nobody has told what has become of them, each once and in order. What was made and taken away again
    /// is not among what was compared.
    pub(super) fn unknown(&self) -> BTreeSet<&str> {
        let unknown = self.untold_files().filter(|file| !self.is_compared && self.compared_file(file).is_none());
        unknown.collect()
    }

    /// What was compared is named below a directory that is not told: the longest name that fits is the file's.
    fn compared_file(&self, file: &str) -> Option<&FileDiff> {
        let of_it = self.compared.iter().filter(|diff| Path::new(file).ends_with(&diff.file));
        of_it.max_by_key(|diff| diff.file.len())
    }

    fn untold_files(&self) -> impl Iterator<Item = &str> {
        let untold = self.changed.iter().flat_map(|(step, files)| {
            let told = self.told.get(step);
            let is_told =
                move |file: &&String| told.is_some_and(|told| told.iter().any(|path| Path::new(file).ends_with(path)));
            files.iter().filter(move |file| !is_told(file)).map(String::as_str)
        });
        untold.take(SHOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(file: &str) -> FileDiff {
        FileDiff { file: file.to_owned(), patch: format!("+{file}") }
    }

    #[test]
    fn only_what_no_tool_has_told_of_is_shown() {
        let mut changes = Changes::default();
        assert!(changes.are_known());
        changes.tool_told("1", "/src/told.rs");
        changes.tool_told("1", "below/told.rs");
        changes.step_changed("1".into(), vec!["/src/told.rs".into(), "/src/below/told.rs".into()]);
        assert!(changes.are_known());
        changes.step_changed("2".into(), vec!["/src/below/told.rs".into(), "/src/made.rs".into()]);
        assert!(!changes.are_known() && changes.untold().is_empty());
        assert_eq!(changes.unknown().into_iter().collect::<Vec<_>>(), ["/src/below/told.rs", "/src/made.rs"]);
        // As it was again, or gone again.
        changes.compared(vec![diff("below/told.rs")]);
        assert!(!changes.are_known() && changes.unknown().is_empty());
        changes.compared(vec![diff("told.rs"), diff("below/told.rs"), diff("made.rs")]);
        let shown = changes.untold().into_iter().map(|diff| diff.path).collect::<Vec<_>>();
        assert!(changes.are_known());
        assert_eq!(shown, ["below/told.rs", "made.rs"]);
    }
}
