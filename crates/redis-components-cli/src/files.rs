//! Files of the user.

use std::path::Path;

use crate::failure::{Code, Failure};
use crate::text::printable;

/// Returns the text of a file.
///
/// # Errors
///
/// Returns an error that names the file.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let path = printable(&path.to_string_lossy());
        Failure::new(Code::Unreadable, format!("cannot read {path}: {error}"))
    })
}
