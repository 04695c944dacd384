//! The reason why an import ended early.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use redis::RedisError;

/// The reason why a file was not imported to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    File {
        /// The file.
        file: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A row has the wrong form.
    Row {
        /// The file.
        file: PathBuf,
        /// The line on which the row begins; the first line is 1.
        line: u64,
        /// The reason.
        reason: String,
    },
    /// Redis refused a command, or the connection failed.
    Redis(RedisError),
}

impl ImportError {
    pub(super) fn file(file: &Path, source: io::Error) -> Self {
        let file = file.to_owned();
        Self::File { file, source }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, source } => {
                write!(f, "`{}` cannot be read: {source}", file.display())
            }
            Self::Row { file, line, reason } => {
                write!(f, "`{}`, line {line}: {reason}", file.display())
            }
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Row { .. } => None,
            Self::Redis(error) => Some(error),
        }
    }
}

impl From<RedisError> for ImportError {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}
