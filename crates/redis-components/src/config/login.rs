//! Who logs in to a server.

use super::secret::Secret;

/// A user and a password, of which one or both may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
}
