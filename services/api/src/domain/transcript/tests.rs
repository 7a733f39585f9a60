use muster_contracts::v1::{self, part::Kind};
use proptest::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use super::{head, message};

fn part(kind: Kind) -> v1::Part {
    v1::Part { part_id: "p".into(), started_at: 0, ended_at: Some(1_234), kind: Some(kind) }
}

fn reply(parts: Vec<v1::Part>) -> v1::ChatMessage {
    v1::ChatMessage {
        role: v1::Role::Assistant.into(),
        status: v1::TurnStatus::Completed.into(),
        model: Some("demo/fast".into()),
        parts,
        timestamp: 1_795_330_087_499,
        ..v1::ChatMessage::default()
    }
}

fn text(text: &str) -> v1::Part {
    part(Kind::Text(v1::TextPart { text: text.into() }))
}

#[test]
fn a_session_reads_well() {
    let session = v1::ChatSession {
        title: "Fix <the> tests".into(),
        model: "demo/fast".into(),
        directory: "/srv".into(),
        usage: Some(v1::Usage { input_tokens: 12, output_tokens: 3, cost: Some(0.5) }),
        created_at: 1_795_330_087_499,
        ..v1::ChatSession::default()
    };
    assert_eq!(
        head(&session, "laptop", 1_795_330_088_000),
        "# Fix \\<the\\> tests\n\n- Model: `demo/fast`\n- Worker: laptop\n- Directory: `/srv`\n\
         - Usage: 12 tokens in, 3 out, 0.5000 US dollars\n- Begun: 2026-11-22 06:48:07 UTC\n\
         - Exported: 2026-11-22 06:48:08 UTC\n"
    );
    let asked = v1::AgentRequest {
        body: Some(v1::RequestBody {
            request_id: "r".into(),
            title: "Run rm -rf build".into(),
            details: "rm -rf build".into(),
            options: vec![v1::RequestOption { option_id: "o".into(), label: "Once".into(), kind: "allow_once".into() }],
            ..v1::RequestBody::default()
        }),
        status: v1::RequestStatus::RequestAnswered.into(),
        outcome: Some(v1::Answer { option_id: Some("o".into()), ..v1::Answer::default() }),
        ..v1::AgentRequest::default()
    };
    let tool = v1::ToolPart {
        name: "bash".into(),
        title: "cargo test".into(),
        state: v1::ToolState::ToolCompleted.into(),
        input: "{\"command\":\"cargo test\"}".into(),
        output: "ok\n".into(),
        truncated: false,
    };
    let entry = |content: &str, status: &str| v1::PlanEntry {
        content: content.into(),
        status: status.into(),
        priority: String::new(),
    };
    let plan = v1::PlanPart { entries: vec![entry("Read", "completed"), entry("Write", "pending")] };
    let diff = v1::DiffPart { path: "src/main.rs".into(), patch: "-a\n+b\n".into() };
    let parts = vec![
        part(Kind::Reasoning(v1::TextPart { text: "Hm.".into() })),
        text("# Done\n\nSee `main`."),
        part(Kind::Tool(tool)),
        part(Kind::Permission(v1::RequestPart { request_id: "r".into() })),
        part(Kind::Plan(plan)),
        part(Kind::Diff(diff)),
    ];
    assert_eq!(message(&reply(parts), &[asked]), include_str!("reply.md"));
}

#[test]
fn what_became_of_a_turn_is_said() {
    let status = |status: v1::TurnStatus, error: Option<&str>| {
        let message = v1::ChatMessage { status: status.into(), error: error.map(str::to_owned), ..reply(vec![]) };
        super::message(&message, &[]).lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(status(v1::TurnStatus::Failed, Some("No\nkey.")), "> **Failed** No key.");
    assert_eq!(status(v1::TurnStatus::Cancelled, None), "> *Stopped.*");
    assert!(status(v1::TurnStatus::Streaming, None).contains("still being written"));
    assert!(status(v1::TurnStatus::Completed, None).starts_with("## Agent"));
}

#[test]
fn tags_are_words_and_what_is_never_closed_is_shown_as_it_was_typed() {
    let shown = message(&reply(vec![text("A Vec<T> and <b>bold</b>")]), &[]);
    assert!(shown.contains("A Vec\\<T> and \\<b>bold\\</b>"), "{shown}");
    let shown = message(&reply(vec![text("```rust\nfn main() {")]), &[]);
    assert!(shown.contains("````markdown\n```rust\nfn main() {\n````"), "{shown}");
}

/// Pieces of which somebody would build a way out.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "```",
            "````",
            "~~~",
            "\n",
            "\n\n",
            "    ",
            "- ",
            "1. ",
            "> ",
            "</details>",
            "<details>",
            "<!--",
            "-->",
            "<summary>",
            "]]>",
            "<![CDATA[",
            "<script>",
            "<?",
            "<pre>",
            "# ",
            "## You",
            "\n---\n",
            "\n===\n",
            "| a |",
            "[a]: b",
            "`",
            "\\",
            "&lt;",
            "x",
            "\r",
            "\t",
            "<!DOCTYPE",
            "\u{2028}",
            "</pre>",
            "*",
            "_",
            "<a",
            "href='",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,5}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// Headings of sessions and messages, and tags, as a viewer of Markdown finds them.
fn found(markdown: &str) -> (Vec<String>, Vec<String>) {
    let (mut headings, mut tags, mut heading, mut depth) = (Vec::new(), Vec::new(), None::<String>, 0);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. }) if depth == 0 => {
                heading = Some(String::new());
                depth += 1;
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => {
                depth -= 1;
                headings.extend(heading.take_if(|_| depth == 0));
            }
            Event::Text(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Html(tag) | Event::InlineHtml(tag) => {
                let names = ["<details>", "</details>"].into_iter().filter(|name| tag.contains(name));
                tags.extend(names.map(str::to_owned));
                assert!(tag.starts_with("<details>") || tag.starts_with("<summary>") || tag.starts_with("</details>"));
            }
            _ => {}
        }
    }
    (headings, tags)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_that_anybody_wrote_breaks_out_of_where_it_stands(
        one in hostile(), two in hostile(), user in any::<bool>(),
    ) {
        let tool = v1::ToolPart {
            name: one.clone(), title: two.clone(), input: one.clone(), output: two.clone(), ..v1::ToolPart::default()
        };
        let asked = v1::AgentRequest {
            body: Some(v1::RequestBody {
                request_id: "r".into(), title: one.clone(), details: two.clone(), ..v1::RequestBody::default()
            }),
            ..v1::AgentRequest::default()
        };
        let parts = vec![
            text(&one),
            part(Kind::Reasoning(v1::TextPart { text: two.clone() })),
            part(Kind::Tool(tool)),
            part(Kind::Diff(v1::DiffPart { path: one.clone(), patch: two.clone() })),
            part(Kind::Permission(v1::RequestPart { request_id: "r".into() })),
            part(Kind::Notice(v1::NoticePart { text: one.clone() })),
            text(&two),
        ];
        let role = if user { v1::Role::User } else { v1::Role::Assistant };
        let first = v1::ChatMessage { role: role.into(), error: Some(one.clone()), ..reply(parts) };
        let session = v1::ChatSession { title: format!("T{one}"), directory: two, ..v1::ChatSession::default() };
        let whole = head(&session, &one, 0) + &message(&first, &[asked]) + &message(&reply(vec![]), &[]);
        let (headings, tags) = found(&whole);
        prop_assert_eq!(headings.len(), 3, "{}", whole);
        prop_assert!(headings[2].starts_with("Agent · 2026"), "{}", whole);
        let folds = if asked_has_details(&whole) { 3 } else { 2 };
        prop_assert_eq!(tags.len(), 2 * folds, "{}", whole);
    }
}

#[test]
fn what_was_attached_is_named_and_is_no_more_than_a_name() {
    let attachment = v1::Attachment {
        name: "![x](http://a) # notes.md".into(),
        media_type: "text/plain".into(),
        size: 12,
        ..v1::Attachment::default()
    };
    let sent =
        v1::ChatMessage { role: v1::Role::User.into(), attachments: vec![attachment], ..reply(vec![text("see")]) };
    let shown = message(&sent, &[]);
    assert!(
        shown.ends_with("see\n\n> Attached: \\!\\[x\\](http://a) \\# notes.md (text/plain, 12 bytes)\n"),
        "{shown}"
    );
}

fn asked_has_details(whole: &str) -> bool {
    whole.contains("<summary>What was asked for</summary>")
}
