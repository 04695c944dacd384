use std::fmt;

/// Everything that is wrong with a manifest and the functions it lists.
///
/// `Display` and `Debug` both give the rendered report, so that `unwrap` and `fn main() -> Result`
/// stay readable.
#[derive(Clone)]
pub struct Error {
    report: String,
}

impl Error {
    pub(crate) fn new(report: String) -> Self {
        Self { report }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.report)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}
