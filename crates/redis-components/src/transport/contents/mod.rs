//! What configs refer to: the environment and files, read in one way for all fields.

mod known;
mod read;
pub(crate) mod resolve;
mod stamp;
pub(crate) mod watcher;
