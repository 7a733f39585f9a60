//! `cargo muster test` runs whatever is in a module of this name beside all the rest: it waits more than it works.

mod killed_worker;
mod push;
mod slow_viewer;
mod turns;
