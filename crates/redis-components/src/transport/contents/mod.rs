//! What configs refer to: the environment, files and the application's providers, read in one way
//! for all fields.

mod known;
pub(crate) mod logins;
mod read;
pub(crate) mod resolve;
mod stamp;
pub(crate) mod watcher;
