//! Unique names.

/// Returns 128 random bits as text. It names the holder of a lock, or a write that a caller waits
/// for.
pub(crate) fn unique() -> String {
    format!("{:032x}", fastrand::u128(..))
}
