//! What a turn changes of files is shown, by whatever means it does.

use muster_contracts::v1::{TurnStatus, part::Kind};
use muster_testkit::openai::Step;
use serde_json::json;

use crate::{stage::*, support::Told};

/// Whose diffs are shown, with what they add and take away.
fn diffs(told: &Told) -> Vec<(String, Vec<String>)> {
    let of = |part: &muster_contracts::v1::Part| {
        let Some(Kind::Diff(diff)) = &part.kind else { return None };
        let is_change = |line: &&str| !line.starts_with("+++") && !line.starts_with("---");
        let lines = diff.patch.lines().filter(is_change).filter(|line| line.starts_with(['+', '-'])).map(str::to_owned);
        let name = std::path::Path::new(&diff.path).file_name().unwrap().to_str().unwrap();
        Some((name.to_owned(), lines.collect()))
    };
    told.reply.parts().iter().filter_map(of).collect()
}

#[tokio::test]
async fn what_a_command_changes_is_shown_and_what_a_tool_told_not_twice() {
    let stage = stage(json!("allow")).await;
    git(&stage.root(), &["init", "-q"]);
    for (name, text) in [("grown.txt", "one\n"), ("gone.txt", "bye\n"), ("left.txt", "same\n")] {
        std::fs::write(stage.root().join(name), text).unwrap();
    }
    git(&stage.root(), &["add", "."]);
    git(&stage.root(), &["commit", "-q", "-m", "first"]);
    let written = json!({"filePath": stage.root().join("written.txt"), "content": "by a tool\n"});
    stage.model.reply([Step::Tool { name: "write".into(), arguments: written }]);
    stage.model.reply([bash("mkdir below; echo two >> grown.txt; rm gone.txt; echo new > below/made.txt")]);
    let told = stage.say("go").await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    let mut shown = diffs(&told);
    shown.sort();
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let expected = [
        ("gone.txt", lines(&["-bye"])),
        ("grown.txt", lines(&["+two"])),
        ("made.txt", lines(&["+new"])),
        ("written.txt", lines(&["+by a tool"])),
    ];
    assert_eq!(shown, expected.map(|(name, lines)| (name.to_owned(), lines)));
    let next = stage.go_on("nothing more", &told).await;
    assert_eq!(diffs(&next), []);
    stage.end().await;
}
