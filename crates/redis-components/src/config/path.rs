//! Text that is shown to people, and absolute paths.

use std::path::{Path, PathBuf};

use crate::error::text::is_unprintable;

/// What is wrong with text that people cannot read as it is.
pub(super) const UNPRINTABLE: &str =
    "has a character in it that is not shown, such as a line end; leave it out";

/// Returns the path, or what is wrong with it.
pub(super) fn absolute(text: &str) -> Result<PathBuf, &'static str> {
    if text.contains(is_unprintable) {
        return Err(UNPRINTABLE);
    }
    if !text.starts_with('/') {
        return Err("is no absolute path; begin it with `/`");
    }
    Ok(Path::new(text).to_owned())
}
