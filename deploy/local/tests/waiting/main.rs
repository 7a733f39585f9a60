//! Whatever waits for a minute or more and does little meanwhile: in one program, so that it waits at the same time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod killed_worker;
mod push;
mod slow_viewer;
