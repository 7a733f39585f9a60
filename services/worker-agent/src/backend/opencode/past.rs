//! Going back in a session, and going on from a place in another one.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use super::{
    client::{Client, ClientError},
    ids,
    wire::{Message, Session},
};
use crate::turn::Fork;

/// Files that are named to the user.
const NAMED: usize = 10;

/// Has a session forget the messages of these ids in chat, and everything behind them; files that it changed since are
/// put back where opencode keeps snapshots. What it forgets is gone with the next prompt; the same again is fine.
/// Answers the files that were put back.
pub(super) async fn rewind(
    client: &Client,
    directory: &Path,
    session: &str,
    superseded: &[String],
) -> Result<Vec<String>, ClientError> {
    if superseded.is_empty() {
        return Ok(Vec::new());
    }
    let record = client.whole_record(directory, session).await?;
    let is_superseded = |message: &&Message| superseded.iter().any(|id| ids::is_of(&message.info.id, id));
    let Some(first) = record.iter().find(is_superseded).map(|message| message.info.id.clone()) else {
        return Ok(Vec::new());
    };
    client.revert(directory, session, &first).await?;
    Ok(changed(record.iter().filter(|message| message.info.id >= first), directory))
}

/// Says which files were put back.
pub(super) fn told(files: &[String]) -> String {
    let named = files.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = files.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("opencode took back the changes that it had made since: {named}{more}.")
}

/// Makes a session that begins with what another one has up to the fork's message; `None` when no session has that.
pub(super) async fn fork(client: &Client, directory: &Path, fork: &Fork) -> Result<Option<Session>, ClientError> {
    let Some(origin) = &fork.backend_session_id else { return Ok(None) };
    let record = match client.whole_record(directory, origin).await {
        Ok(record) => record,
        Err(error) if error.is_lost() => return Ok(None),
        Err(error) => return Err(error),
    };
    // The last attempt to answer it.
    let Some(last) = record.iter().rposition(|message| ids::is_of(&message.info.id, &fork.message)) else {
        return Ok(None);
    };
    let mut behind = record.iter().skip(last + 1);
    let next = behind.find(|message| !fork.replied || message.info.role == "user");
    client.fork(directory, origin, next.map(|message| message.info.id.as_str())).await.map(Some)
}

/// The files of the patches in these messages, below the directory where they are.
fn changed<'a>(messages: impl Iterator<Item = &'a Message>, directory: &Path) -> Vec<String> {
    let of_part = |part: &Value| {
        let files = part.get("files").filter(|_| part.get("type").is_some_and(|kind| kind == "patch"))?.as_array()?;
        Some(files.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
    };
    let below =
        |file: String| Path::new(&file).strip_prefix(directory).map_or(file.clone(), |path| path.display().to_string());
    let files = messages.flat_map(|message| &message.parts).filter_map(of_part).flatten().map(below);
    files.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_files_that_a_turn_changed_are_named_once_and_below_their_directory() {
        let message = |files: Value| {
            let parts = json!([{"type": "text", "text": "x"}, {"type": "patch", "hash": "h", "files": files}]);
            serde_json::from_value::<Message>(json!({"info": {"id": "msg_1", "role": "assistant"}, "parts": parts}))
                .unwrap()
        };
        let record = [message(json!(["/srv/b.rs", "/srv/a.rs"])), message(json!(["/srv/a.rs", "/etc/x"]))];
        let files = changed(record.iter(), Path::new("/srv"));
        assert_eq!(files, ["/etc/x", "a.rs", "b.rs"]);
        assert!(told(&files).ends_with("since: /etc/x, a.rs, b.rs."));
        assert!(told(&vec!["f".to_owned(); 12]).ends_with(" and 2 more."));
    }
}
