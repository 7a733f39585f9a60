//! What is told to the person at the terminal.

use std::{fmt::Display, io::Write as _};

/// Tells it; when nobody reads there, the work goes on.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
