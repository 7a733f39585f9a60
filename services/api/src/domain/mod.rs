//! Rules without input or output.

pub(crate) mod account;
pub(crate) mod attachment;
pub(crate) mod client_address;
pub(crate) mod event_id;
pub(crate) mod file_name;
pub(crate) mod merge;
pub(crate) mod notice;
pub(crate) mod page_address;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod sequencer;
pub(crate) mod transcript;
