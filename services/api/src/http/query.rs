//! A query string as a type of ours, or what is wrong with it and where.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_urlencoded::Deserializer;

use crate::http::problem::Problem;

/// Reads a query.
///
/// # Errors
/// 400 for parameters that are unknown or there twice, 422 with the parameter's pointer for a value that does not fit.
pub(super) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    // No database takes it in a text.
    if let Some((name, _)) = form_urlencoded::parse(query.as_bytes()).find(|(_, value)| value.contains('\0')) {
        return Err(Problem::invalid(&pointer(&name), "must not contain the character NUL"));
    }
    let pairs = Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let (path, text) = (error.path().to_string(), error.inner().to_string());
        if text.starts_with("unknown field") || text.starts_with("duplicate field") {
            let detail = format!("The query cannot be read: {text}.");
            return Problem::new(StatusCode::BAD_REQUEST, "malformed", detail);
        }
        Problem::invalid(&pointer(&path), text)
    })
}

/// As if the query were an object of its parameters (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
