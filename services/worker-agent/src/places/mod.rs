//! What the page may choose from below the worker's directory: directories to work in, files to mention. Looked up when
//! it is asked for, within bounds of time and number; nothing is kept.

mod directories;
mod files;
mod repository;

pub use directories::directories;
pub use files::files;
