//! Files of the user.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::{Code, Failure};
use crate::text::printable;

/// Some files have no end.
const LONGEST: u64 = 1024 * 1024;

/// Returns the text of a file.
///
/// # Errors
///
/// Returns an error that names the file.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    let read = File::open(path).and_then(|file| {
        let mut text = String::new();
        file.take(LONGEST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LONGEST {
            return Err(io::Error::other(format!(
                "it has more than {LONGEST} bytes"
            )));
        }
        Ok(text)
    });
    read.map_err(|error| {
        let path = printable(&path.to_string_lossy());
        Failure::new(Code::Unreadable, format!("cannot read {path}: {error}"))
    })
}
