//! What a reply can hold, shown by a reply.

pub(super) const REASONING: &str =
    "A newcomer has said something. I show what a reply can hold: text, a plan, a table, code. ";

pub(super) const PLAN: &[&str] = &["Say hello", "Show some Markdown", "Name the other commands"];

pub(super) const TEXT: &str = "## Hello from the demo

I am a stand-in for a real agent: every word that you see was *stored before it was shown*. \
Reload the page **in the middle of this sentence**, and it goes on at the next character.

### Things to try

| message | what happens |
| --- | --- |
| `count 100 every 50ms` | numbers, one at a time |
| `tool` | a tool call and a file diff |
| `ask` | a request for your permission |
| `question` | a question with options |
| `fail` | a turn that fails, with *Retry* |

1. Open this session in a second tab.
2. Send `count 500 every 20ms`.
3. Watch both of them *agree*.

### Code keeps its shape

```rust
fn main() {
    for chunk in reply.chunks() {
        println!(\"{chunk}\");
    }
}
```

> Nothing is lost when you close the lid: the reply waits in the stream.

A real agent answers here as soon as its worker runs: see [opencode](https://opencode.ai) for one that is quickly installed.
";
