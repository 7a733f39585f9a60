//! What a message asks of the demo.

use std::time::Duration;

/// Highest number that is counted to.
const COUNT_MAX: u64 = 1_000_000;

/// One kind of reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Script<'a> {
    Count { to: u64, every: Duration },
    Echo(&'a str),
    First,
    Said,
    Mode,
    Model,
    Attachments,
    Tool,
    Ask,
    Question,
    Fail,
    Hang,
    Crash,
    Tour,
}

pub(super) fn read(message: &str) -> Script<'_> {
    if let Some(text) = message.strip_prefix("echo ") {
        return Script::Echo(text);
    }
    match message.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["count", to] => count(to, "0ms"),
        ["count", to, "every", pause] => count(to, pause),
        ["first"] => Script::First,
        ["said"] => Script::Said,
        ["mode"] => Script::Mode,
        ["model"] => Script::Model,
        ["attachments"] => Script::Attachments,
        ["tool"] => Script::Tool,
        ["ask"] => Script::Ask,
        ["question"] => Script::Question,
        ["fail"] => Script::Fail,
        ["hang"] => Script::Hang,
        ["crash"] => Script::Crash,
        _ => Script::Tour,
    }
}

fn count(to: &str, pause: &str) -> Script<'static> {
    let to = to.parse().ok().filter(|&to| to <= COUNT_MAX);
    let every = pause.strip_suffix("ms").and_then(|pause| pause.parse().ok()).filter(|&pause| pause <= 60_000);
    match (to, every) {
        (Some(to), Some(every)) => Script::Count { to, every: Duration::from_millis(every) },
        _ => Script::Tour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_documented() {
        let counted = |to, every| Script::Count { to, every: Duration::from_millis(every) };
        for (message, script) in [
            ("count 3", counted(3, 0)),
            (" count 2000 every 1ms\n", counted(2000, 1)),
            ("count -1", Script::Tour),
            ("count 3 every 1s", Script::Tour),
            ("echo  a\nb ", Script::Echo(" a\nb ")),
            ("first", Script::First),
            ("said", Script::Said),
            ("mode", Script::Mode),
            ("model", Script::Model),
            ("attachments", Script::Attachments),
            ("tool", Script::Tool),
            ("ask", Script::Ask),
            ("question", Script::Question),
            ("fail", Script::Fail),
            ("hang", Script::Hang),
            ("crash", Script::Crash),
            ("hello", Script::Tour),
            ("", Script::Tour),
        ] {
            assert_eq!(read(message), script, "{message}");
        }
    }
}
