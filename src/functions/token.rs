//! Names that nobody else has.

/// 128 random bits as text: who holds a lock, which write is waited for.
pub(crate) fn unique() -> String {
    format!("{:032x}", fastrand::u128(..))
}
