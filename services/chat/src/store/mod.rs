//! SQL, and nothing but SQL: rows in and out. What a change means to viewers
//! is told by [`crate::tell`] in the same transaction.

/// Columns by their names, behind an alias of their table. What PostgreSQL has prepared of `SELECT *` it refuses once
/// a newer version has added to the table.
macro_rules! columns {
    ($alias:literal: $first:ident $(, $other:ident)*) => {
        concat!($alias, stringify!($first) $(, ", ", $alias, stringify!($other))*)
    };
}

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
