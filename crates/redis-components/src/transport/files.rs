//! Small files that a config names.

use std::fs::{File, metadata};
use std::io::{self, Read};
use std::path::Path;

use super::failure::{Cause, Failure};
use crate::error::text::printable;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Returns the content of the file that a field names. This blocks.
///
/// # Errors
///
/// Returns an error that names the field and the file, if it cannot be read.
pub(super) fn read(field: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    match bounded(path) {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(unusable_file(field, path, "is longer than 1 MiB")),
        Err(error) => {
            let what = format!("cannot be read: {error}");
            Err(unusable_file(field, path, &what))
        }
    }
}

/// Returns `None` for a file that is too long.
fn bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A pipe would be waited for.
    if !metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut content = Vec::new();
    File::open(path)?
        .take(LONGEST + 1)
        .read_to_end(&mut content)?;
    let fits = u64::try_from(content.len()).is_ok_and(|length| length <= LONGEST);
    Ok(fits.then_some(content))
}

fn unusable_file(field: &str, path: &Path, what: &str) -> Failure {
    let path = printable(&path.to_string_lossy());
    unusable(field, &format!("names the file {path}, which {what}"))
}

/// Returns the failure of a config of which a field cannot be used.
pub(super) fn unusable(field: &str, what: &str) -> Failure {
    Failure::new(Cause::Local, format!("`{field}` {what}"))
}
