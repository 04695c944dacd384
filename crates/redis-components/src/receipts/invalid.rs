//! Why a text is no receipt.

use std::error::Error as StdError;
use std::fmt;

/// Why a text is no receipt. The text is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReceipt(String);

impl InvalidReceipt {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }

    /// Names the field that is not understood.
    pub(super) fn in_field(self, name: &str) -> Self {
        Self(format!("`{name}`: {}", self.0))
    }
}

impl fmt::Display for InvalidReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no receipt: {}", self.0)
    }
}

impl StdError for InvalidReceipt {}
