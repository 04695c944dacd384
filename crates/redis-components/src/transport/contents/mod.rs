//! What configs refer to: the environment, files and the application's providers, read in one way
//! for all fields.

mod known;
mod provider;
mod read;
mod renewal;
pub(crate) mod resolve;
mod secret_file;
pub(crate) mod sources;
mod stamp;
mod wanted;
pub(crate) mod watcher;
