//! Why a measurement came to nothing.

/// Any error at all: it ends the run, and its text is shown.
pub(crate) type Failure = Box<dyn std::error::Error>;
