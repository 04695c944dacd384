//! The file with the last good configs, for a start without the config server.
//!
//! Configs that come into force are saved to the file. If the config server does not answer, a key
//! that has no config gets the config in the file, until the server answers.

mod entries;
#[cfg(unix)]
mod file;
#[cfg(not(unix))]
mod no_file;
pub(super) mod saver;
pub(super) mod stand_ins;
pub(super) mod store;
