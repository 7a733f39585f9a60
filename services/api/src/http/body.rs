//! JSON of a request as a type of ours, or what is wrong with it and where.

use std::fmt::Write as _;

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::http::problem::Problem;

/// NUL as JSON escapes it, the only way in which it can stand there.
const NUL: &[u8] = b"\\u0000";

/// Reads a body.
///
/// # Errors
/// 400 for what is no JSON object or has unknown fields, 422 with the field's pointer for a value that does not fit.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would take an array for an object, its items for the fields in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(malformed("it is not a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().clone();
        refused(&path, &error.into_inner())
    })?;
    json.end().map_err(|error| malformed(&error.to_string()))?;
    match nul(bytes) {
        Some(pointer) => Err(Problem::invalid(&pointer, "must not contain the character NUL")),
        None => Ok(read),
    }
}

fn malformed(why: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("The body cannot be read: {why}."))
}

fn refused(path: &Path, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if !error.is_data() || text.starts_with("unknown field") || text.starts_with("duplicate field") {
        return malformed(&text);
    }
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match missing {
        Some(field) => Problem::invalid(&(pointer(path) + "/" + &escaped(field)), "is needed"),
        // Without the line and column: a pointer says where.
        None => Problem::invalid(&pointer(path), text.split(" at line ").next().unwrap_or_default()),
    }
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
        pointer
    })
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Where the first NUL is. PostgreSQL keeps none in a text, and nobody means one.
fn nul(bytes: &[u8]) -> Option<String> {
    // Nearly always the answer, and cheap.
    if !bytes.windows(NUL.len()).any(|window| window == NUL) {
        return None;
    }
    find_nul(&serde_json::from_slice(bytes).ok()?)
}

fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| Some(format!("/{index}{}", find_nul(item)?)))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, value)| {
            let below = if key.contains('\0') { Some(String::new()) } else { find_nul(value) };
            below.map(|below| format!("/{}{below}", escaped(key)))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        name: String,
        #[serde(default)]
        lists: Vec<Vec<String>>,
    }

    #[test]
    fn bodies_are_refused_by_kind_and_by_field() {
        for (text, status, pointer) in [
            ("", 400, None),
            ("{", 400, None),
            ("null", 400, None),
            (r#"["a"]"#, 400, None),
            (r#"{"name":"a","x":1}"#, 400, None),
            (r#"{"name":"a","name":"b"}"#, 400, None),
            (r#"{"name":"a"} x"#, 400, None),
            (r#"{"name":1}"#, 422, Some("/name")),
            (r#"{"name":null}"#, 422, Some("/name")),
            ("{}", 422, Some("/name")),
            (r#"{"name":"a","lists":[[],["b",2]]}"#, 422, Some("/lists/1/1")),
            (r#"{"name":"a\u0000"}"#, 422, Some("/name")),
            (r#"{"name":"a","lists":[["\u0000"]]}"#, 422, Some("/lists/0/0")),
        ] {
            let problem = serde_json::to_value(read::<Sample>(text.as_bytes()).unwrap_err()).unwrap();
            let found = problem["errors"][0]["pointer"].as_str();
            assert_eq!((problem["status"].as_u64(), found), (Some(status), pointer), "{text}: {problem}");
        }
        assert!(read::<Sample>(br#" {"name":"a\\u0000"} "#).is_ok(), "a backslash before u0000 is no NUL");
    }

    #[test]
    fn a_pointer_escapes_what_stands_between_its_parts() {
        assert_eq!(find_nul(&serde_json::json!({ "a/b~c": ["\0"] })).as_deref(), Some("/a~1b~0c/0"));
    }
}
