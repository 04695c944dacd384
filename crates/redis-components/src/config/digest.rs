//! A digest of text that is the same in every process.

/// Returns 16 hexadecimal digits that tell texts apart, and do not hide them: FNV-1a, 64 bits.
pub(super) fn of_text(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}
