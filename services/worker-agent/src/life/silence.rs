//! A server that does not answer, told once.

/// When nobody knows better.
pub(super) const NO_ANSWER: &str = "The server does not answer at the moment.";

/// How often in a row nobody answered. Once may be a moment's trouble.
#[derive(Debug, Default)]
pub(super) struct Silence(u32);

impl Silence {
    /// What is to be said of it.
    pub(super) fn goes_on(&mut self, why: &str) -> Option<String> {
        self.0 += 1;
        (self.0 == 2).then(|| format!("{why} Trying again until it does."))
    }

    /// What is to be said of it.
    pub(super) fn ends(&mut self) -> Option<String> {
        (std::mem::take(&mut self.0) >= 2).then(|| "The server answers again.".to_owned())
    }
}
