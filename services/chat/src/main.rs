//! The service chat.

use std::process::ExitCode;

fn main() -> ExitCode {
    muster_service::run::<muster_chat::Chat>()
}
