//! Failed measurements.

/// Any error. It ends the run, and its text is shown.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
