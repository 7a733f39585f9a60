//! SQL, and nothing but SQL: rows in and out. What a change means to viewers
//! is told by [`crate::tell`] in the same transaction.

pub mod asks;
pub mod attachments;
pub mod erasures;
pub mod messages;
pub mod quotas;
pub mod requests;
pub mod search;
pub mod sessions;
pub mod shares;
pub mod turns;
pub mod versions;
pub mod workers;

pub use attachments::AttachmentRow;
pub use messages::MessageRow;
pub use requests::RequestRow;
pub use sessions::SessionRow;
pub use turns::TurnRow;
