//! The hash slot of a key: CRC-16 (XMODEM) of the key, or of its hash tag.

/// The number of hash slots of a cluster.
pub(crate) const SLOTS: u16 = 16384;

/// Returns the hash slot of a key. Of `{user}:name` only `user` counts, so that an application can
/// keep keys together.
pub(crate) fn hash_slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key).unwrap_or(key)) % SLOTS
}

/// Returns the text between the first `{` and the first `}` after it, unless that is empty.
fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')?;
    let behind = key.get(open + 1..)?;
    let length = behind.iter().position(|byte| *byte == b'}')?;
    behind.get(..length).filter(|tag| !tag.is_empty())
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let index = (crc >> 8) ^ u16::from(*byte);
        (crc << 8) ^ TABLE[usize::from(index & 0xff)]
    })
}

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "`index` is below 256")]
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{crc16, hash_slot};

    #[test]
    fn r13_slots_are_those_of_the_cluster_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(hash_slot(b"foo"), 12182);
        assert_eq!(hash_slot(b""), 0);
    }

    #[test]
    fn r13_only_a_hash_tag_that_is_not_empty_counts() {
        for (key, tag) in [
            ("{user1000}.following", "user1000"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("a{b}c", "b"),
        ] {
            assert_eq!(
                hash_slot(key.as_bytes()),
                hash_slot(tag.as_bytes()),
                "{key}"
            );
        }
        for whole in ["foo{}{bar}", "foo{bar", "foo}bar{", "{}"] {
            assert_eq!(
                hash_slot(whole.as_bytes()),
                crc16(whole.as_bytes()) % 16384,
                "{whole}"
            );
        }
    }
}
