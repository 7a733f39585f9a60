//! What a message asks of the demo.

use std::time::Duration;

/// Highest number that is counted to, and most words that are written.
const COUNT_MAX: u64 = 1_000_000;
/// Most tool calls of one reply.
const TOOLS_MAX: u64 = 1_000;

/// One kind of reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Script<'a> {
    Count { to: u64, every: Duration },
    Write { words: u64, every: Duration },
    Echo(&'a str),
    First,
    Said,
    Mode,
    Model,
    Attachments,
    Tool(Duration),
    Tools(u64),
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
        ["count", to] => paced(to, "0ms", |to, every| Script::Count { to, every }),
        ["count", to, "every", pause] => paced(to, pause, |to, every| Script::Count { to, every }),
        ["write", words, "every", pause] => paced(words, pause, |words, every| Script::Write { words, every }),
        ["first"] => Script::First,
        ["said"] => Script::Said,
        ["mode"] => Script::Mode,
        ["model"] => Script::Model,
        ["attachments"] => Script::Attachments,
        ["tool"] => Script::Tool(Duration::from_secs(1)),
        ["tool", "for", time] => milliseconds(time).map_or(Script::Tour, Script::Tool),
        ["tools", calls] => number(calls, TOOLS_MAX).map_or(Script::Tour, Script::Tools),
        ["ask"] => Script::Ask,
        ["question"] => Script::Question,
        ["fail"] => Script::Fail,
        ["hang"] => Script::Hang,
        ["crash"] => Script::Crash,
        _ => Script::Tour,
    }
}

fn paced(number_of: &str, pause: &str, script: fn(u64, Duration) -> Script<'static>) -> Script<'static> {
    match (number(number_of, COUNT_MAX), milliseconds(pause)) {
        (Some(number), Some(every)) => script(number, every),
        _ => Script::Tour,
    }
}

fn milliseconds(text: &str) -> Option<Duration> {
    text.strip_suffix("ms").and_then(|text| number(text, 60_000)).map(Duration::from_millis)
}

fn number(text: &str, most: u64) -> Option<u64> {
    text.parse().ok().filter(|&number| number <= most)
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
            ("write 20 every 3ms", Script::Write { words: 20, every: Duration::from_millis(3) }),
            ("write 20", Script::Tour),
            ("tools 5", Script::Tools(5)),
            ("tools 1001", Script::Tour),
            ("count -1", Script::Tour),
            ("count 3 every 1s", Script::Tour),
            ("echo  a\nb ", Script::Echo(" a\nb ")),
            ("first", Script::First),
            ("said", Script::Said),
            ("mode", Script::Mode),
            ("model", Script::Model),
            ("attachments", Script::Attachments),
            ("tool", Script::Tool(Duration::from_secs(1))),
            ("tool for 20ms", Script::Tool(Duration::from_millis(20))),
            ("tool for 2s", Script::Tour),
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
