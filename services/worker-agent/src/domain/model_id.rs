//! A model's id is `<provider>/<model>`, and the model's part may have slashes of its own.

/// Provider and model.
#[must_use]
pub fn split(model_id: &str) -> Option<(&str, &str)> {
    model_id.split_once('/').filter(|(provider, model)| !provider.is_empty() && !model.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_slash_separates() {
        assert_eq!(split("openrouter/meta/llama/70b"), Some(("openrouter", "meta/llama/70b")));
        assert_eq!(split("none"), None);
        assert_eq!(split("/x"), None);
    }
}
