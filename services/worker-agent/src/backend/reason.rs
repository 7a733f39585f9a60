//! What the provider of a model says is wrong.

use serde_json::Value;

/// What an endpoint says when something is wrong, in one line.
pub(super) fn reason(body: &Value) -> Option<String> {
    const CHARS: usize = 300;
    let text = ["/error/message", "/error", "/message", "/detail"]
        .iter()
        .find_map(|path| body.pointer(path).and_then(Value::as_str))?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|letter| !letter.is_control()).take(CHARS).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reason_is_one_line_however_it_is_wrapped() {
        for body in [
            json!({"error": {"message": "No such model\nstack"}}),
            json!({"error": "No such model"}),
            json!({"message": "\n No such model"}),
            json!({"detail": "No such model"}),
        ] {
            assert_eq!(reason(&body).as_deref(), Some("No such model"));
        }
        assert_eq!(reason(&json!({"detail": [{"loc": []}]})), None);
        assert_eq!(reason(&json!({"error": "x".repeat(9_000)})).unwrap().len(), 300);
    }
}
