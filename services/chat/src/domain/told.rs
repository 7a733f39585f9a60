//! What a worker tells, as it may be kept. A worker may be anybody's program:
//! what it says is bounded, fit to be shown, and taken by either database.

use muster_contracts::{
    id::RequestId,
    limits::{DESCRIPTION_CHARS, DIRECTORY_BYTES, NAME_CHARS, OFFERED, TITLE_CHARS},
    name,
    v1::{self, ask_result::Told},
};

const ELLIPSIS: &str = "…";
/// Bytes of the reason for which a turn ended.
const ERROR_BYTES: usize = 4 * 1024;
/// Bytes of what is shown of a request, beside its options and questions.
const DETAILS_BYTES: usize = 64 * 1024;
/// Tokens of one turn that are counted; sums of many stay far below 2^63.
const TOKENS: u64 = 1 << 40;

/// The text without NUL, which PostgreSQL's TEXT cannot hold.
#[must_use]
pub fn text(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// How a turn ended, as far as it may be kept.
#[must_use]
pub fn end(end: v1::End) -> v1::End {
    v1::End {
        error: end.error.map(|error| short(text(error), ERROR_BYTES)),
        usage: end.usage.map(usage),
        backend_session_id: end.backend_session_id.filter(|id| id.len() <= DIRECTORY_BYTES && is_plain(id)),
        title: end.title.as_deref().and_then(title),
        ..end
    }
}

/// A request that the user can answer; `None` for one that could never be. What is shown of it also goes into the
/// audit log.
#[must_use]
pub fn request(body: v1::RequestBody) -> Option<v1::RequestBody> {
    body.request_id.parse::<RequestId>().ok()?;
    let option = |option: v1::RequestOption| v1::RequestOption { label: text(option.label), ..option };
    Some(v1::RequestBody {
        title: short(text(body.title), ERROR_BYTES),
        details: short(text(body.details), DETAILS_BYTES),
        options: body.options.into_iter().map(option).collect(),
        ..body
    })
}

/// What a worker tells of its backend, as far as it may be kept: a mode or a command that nobody could name is none.
#[must_use]
pub fn result(result: v1::AskResult) -> v1::AskResult {
    let told = result.told.map(|told| match told {
        Told::Modes(v1::Modes { modes }) => {
            let named = modes.into_iter().filter(|mode| name::parse(&mode.mode_id, NAME_CHARS).is_ok());
            let kept = named.map(|mode| v1::Mode {
                name: shown(&mode.name, NAME_CHARS),
                description: shown(&mode.description, DESCRIPTION_CHARS),
                ..mode
            });
            Told::Modes(v1::Modes { modes: kept.take(OFFERED).collect() })
        }
        Told::Commands(v1::Commands { commands }) => {
            let named = commands.into_iter().filter(|command| name::parse(&command.name, NAME_CHARS).is_ok());
            let kept = named
                .map(|command| v1::Command { description: shown(&command.description, DESCRIPTION_CHARS), ..command });
            Told::Commands(v1::Commands { commands: kept.take(OFFERED).collect() })
        }
        Told::Directories(v1::Directories { directories, more }) => {
            let named = directories.into_iter().filter(|directory| is_path(&directory.path));
            let kept =
                named.map(|directory| v1::Directory { branch: shown(&directory.branch, NAME_CHARS), ..directory });
            Told::Directories(v1::Directories { directories: kept.take(OFFERED).collect(), more })
        }
        Told::Files(v1::Files { paths, more }) => {
            let kept = paths.into_iter().filter(|path| is_path(path));
            Told::Files(v1::Files { paths: kept.take(OFFERED).collect(), more })
        }
    });
    let error = result.error.map(|error| shown(&error, DESCRIPTION_CHARS));
    v1::AskResult { ask_id: text(result.ask_id), error, told, missing: result.missing }
}

/// Not longer than this, and whole characters.
fn short(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes - ELLIPSIS.len()));
        text.push_str(ELLIPSIS);
    }
    text
}

/// In one line, and not longer than this.
fn shown(text: &str, chars: usize) -> String {
    let collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    collapsed.chars().filter(|letter| !letter.is_control()).take(chars).collect()
}

fn usage(usage: v1::Usage) -> v1::Usage {
    v1::Usage {
        input_tokens: usage.input_tokens.min(TOKENS),
        output_tokens: usage.output_tokens.min(TOKENS),
        // JSON has no word for the others, and no agent pays its user.
        cost: usage.cost.filter(|cost| cost.is_finite() && *cost >= 0.0),
    }
}

fn title(title: &str) -> Option<String> {
    let clean = shown(title, TITLE_CHARS);
    (!clean.trim().is_empty()).then_some(clean)
}

/// A path that can be shown, and sent back as it is.
fn is_path(path: &str) -> bool {
    !path.is_empty() && path.len() <= DIRECTORY_BYTES && is_plain(path)
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_kept_without_what_no_database_or_page_could_take() {
        let hostile = v1::End {
            error: Some("no\0".to_owned()),
            usage: Some(v1::Usage { input_tokens: u64::MAX, output_tokens: 7, cost: Some(f64::NAN) }),
            backend_session_id: Some("a\0b".to_owned()),
            title: Some(format!("  Fix\n\tthe\0 tests {}", "x".repeat(TITLE_CHARS))),
            ..v1::End::default()
        };
        let v1::End { error, usage, backend_session_id, title, .. } = end(hostile);
        assert_eq!(error.as_deref(), Some("no\u{fffd}"));
        assert_eq!(usage, Some(v1::Usage { input_tokens: TOKENS, output_tokens: 7, cost: None }));
        assert_eq!(backend_session_id, None);
        let title = title.unwrap();
        assert!(title.starts_with("Fix the tests xx") && title.chars().count() == TITLE_CHARS, "{title}");
    }

    #[test]
    fn an_honest_end_is_kept_as_it_is() {
        let honest = v1::End {
            error: Some("The model is\nnot there.".to_owned()),
            usage: Some(v1::Usage { input_tokens: 1, output_tokens: 2, cost: Some(0.25) }),
            backend_session_id: Some("ses_0123".to_owned()),
            title: Some("Fix the tests".to_owned()),
            ..v1::End::default()
        };
        assert_eq!(end(honest.clone()), honest);
        assert_eq!(end(v1::End { title: Some(" \n".to_owned()), ..honest }).title, None);
    }

    #[test]
    fn of_what_a_backend_offers_only_what_can_be_named_is_kept() {
        let mode = |id: &str| v1::Mode { mode_id: id.to_owned(), name: "A\0 \n b".to_owned(), ..v1::Mode::default() };
        let long = v1::Mode { description: "x".repeat(9_999), ..mode("plan") };
        let modes = [vec![mode("a\0"), mode(""), long], vec![mode("build"); OFFERED]].concat();
        let told = v1::AskResult { told: Some(Told::Modes(v1::Modes { modes })), ..v1::AskResult::default() };
        let Some(Told::Modes(v1::Modes { modes })) = result(told).told else { panic!("modes") };
        assert_eq!((modes.len(), modes[0].mode_id.as_str(), modes[0].name.as_str()), (OFFERED, "plan", "A b"));
        assert_eq!(modes[0].description.len(), DESCRIPTION_CHARS);
        let commands =
            ["", "review", "x\0"].map(|name| v1::Command { name: name.to_owned(), ..v1::Command::default() });
        let told = Some(Told::Commands(v1::Commands { commands: commands.to_vec() }));
        let Some(Told::Commands(kept)) = result(v1::AskResult { told, ..v1::AskResult::default() }).told else {
            panic!("commands")
        };
        assert_eq!(kept.commands.len(), 1);
    }

    #[test]
    fn a_request_that_no_answer_could_name_is_not_kept() {
        let body = |id: &str| v1::RequestBody { request_id: id.to_owned(), ..v1::RequestBody::default() };
        assert_eq!((request(body("")), request(body("a\0"))), (None, None));
        let label = v1::RequestOption { label: "a\0".to_owned(), ..v1::RequestOption::default() };
        let hostile =
            v1::RequestBody { title: "b\0".to_owned(), options: vec![label], ..body("V1StGXR8_Z5jdHi6B-myT") };
        let kept = request(hostile).unwrap();
        assert_eq!((kept.title.as_str(), kept.options[0].label.as_str()), ("b\u{fffd}", "a\u{fffd}"));
    }
}
