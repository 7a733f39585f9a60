//! The process.

use std::process::ExitCode;

fn main() -> ExitCode {
    muster_service::run::<muster_api::Api>()
}
