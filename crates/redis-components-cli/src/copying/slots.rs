//! Which node of a cluster has a key.

const SLOTS: u16 = 16_384;

/// Returns the slot of a key.
pub(super) fn slot(key: &[u8]) -> u16 {
    crc16(tag(key)) % SLOTS
}

/// Returns the part of a key that decides: between the first `{` and the next `}`, if there is any.
fn tag(key: &[u8]) -> &[u8] {
    let Some(begin) = key.iter().position(|byte| *byte == b'{') else {
        return key;
    };
    let rest = &key[begin + 1..];
    match rest.iter().position(|byte| *byte == b'}') {
        Some(end) if end > 0 => &rest[..end],
        _ => key,
    }
}

/// CRC-16 as of XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::slot;

    #[test]
    fn r13_a_key_is_in_the_slot_that_servers_say() {
        assert_eq!(slot(b"123456789"), 0x31c3);
        assert_eq!(slot(b"foo"), 12_182);
        assert_eq!(slot(b"{user:7}.a"), slot(b"user:7"));
        assert_eq!(slot(b"a{}{b}"), slot(b"a{}{b}"));
        assert_ne!(slot(b"a{}{b}"), slot(b"b"));
    }
}
