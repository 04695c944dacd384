//! All failures of one start-up.

use std::fmt;

use super::Error;

/// Every component that [`connect_all`](crate::include_components) could not connect.
#[derive(Clone)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// Returns `Ok` if there are no errors, otherwise all of them.
    pub(crate) fn collect(errors: impl IntoIterator<Item = Error>) -> Result<(), Self> {
        let errors: Vec<_> = errors.into_iter().collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// Returns the errors, one for each component that failed, in the order of the components.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Error> {
        self.0.iter()
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => one.fmt(f),
            all => {
                write!(f, "{} components could not be connected", all.len())?;
                all.iter().try_for_each(|error| write!(f, "\n- {error}"))
            }
        }
    }
}

/// The same text: `main` prints the `Debug` form of the error it returns, and people read it.
impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// There is no `source`: the text has all errors, and a report that prints causes would repeat the
/// first.
impl std::error::Error for Errors {}
