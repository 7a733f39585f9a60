//! A change of a file as an agent tells it, as a unified diff.

use std::{path::Path, time::Duration};

use agent_client_protocol::v1::schema::Diff;
use muster_contracts::v1::DiffPart;
use similar::TextDiff;

/// How long is looked for the smallest diff; afterwards any will do.
const TIMEOUT: Duration = Duration::from_millis(200);

/// The change, its path as seen from the session's directory.
pub(super) fn part(diff: &Diff, directory: &Path) -> DiffPart {
    let path = diff.path.strip_prefix(directory).unwrap_or(&diff.path).display().to_string();
    let old = diff.old_text.as_deref().unwrap_or_default();
    let from = if diff.old_text.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    let lines = TextDiff::configure().timeout(TIMEOUT).diff_lines(old, diff.new_text.as_str());
    let patch = lines.unified_diff().header(&from, &format!("b/{path}")).to_string();
    DiffPart { path, patch }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_unified_diff_and_a_new_file_is_all_new() {
        let change = Diff::new("/project/src/a.rs", "one\n2\nthree\n").old_text("one\ntwo\nthree\n".to_owned());
        let told = part(&change, Path::new("/project"));
        assert_eq!(told.path, "src/a.rs");
        assert_eq!(told.patch, "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
        let told = part(&Diff::new("/else/b.txt", "new\n"), Path::new("/project"));
        assert_eq!(told.patch, "--- /dev/null\n+++ b//else/b.txt\n@@ -0,0 +1 @@\n+new\n");
    }
}
