//! Whether a server is a primary or a replica.

use redis::Value;

/// The role of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Primary,
    Replica,
}

impl Role {
    /// Returns the role in an answer to `ROLE`.
    pub(crate) fn of_role(answer: &Value) -> Option<Self> {
        name_in(answer).and_then(Self::named)
    }

    /// Returns the role in an answer to `INFO replication`.
    pub(crate) fn of_info(answer: &Value) -> Option<Self> {
        info_field(answer, b"role:").and_then(Self::named)
    }

    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"master" => Some(Self::Primary),
            b"slave" => Some(Self::Replica),
            _ => None,
        }
    }
}

/// Returns what stands behind `name` in an answer to `INFO` or `CLUSTER INFO`.
pub(super) fn info_field<'a>(answer: &'a Value, name: &[u8]) -> Option<&'a [u8]> {
    let text = match answer {
        Value::BulkString(bytes) => bytes.as_slice(),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => text.as_bytes(),
        _ => return None,
    };
    let mut lines = text.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    Some(value.trim_ascii_end())
}

/// Returns `true` if an answer to `ROLE` says that what answers is a sentinel.
pub(crate) fn is_sentinel(answer: &Value) -> bool {
    name_in(answer) == Some(b"sentinel")
}

/// Returns the name in an answer to `ROLE`.
fn name_in(answer: &Value) -> Option<&[u8]> {
    match answer {
        Value::Array(parts) => match parts.first() {
            Some(Value::BulkString(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::Role;

    #[test]
    fn r13_both_commands_tell_the_role() {
        let role = |name: &str| {
            let name = Value::BulkString(name.into());
            Role::of_role(&Value::Array(vec![name, Value::Int(0)]))
        };
        let info = |name: &str| {
            let text = format!("# Replication\r\nrole:{name}\r\nconnected_slaves:0\r\n");
            Role::of_info(&Value::BulkString(text.into()))
        };
        for (name, expected) in [
            ("master", Some(Role::Primary)),
            ("slave", Some(Role::Replica)),
            ("sentinel", None),
        ] {
            assert_eq!(role(name), expected, "{name}");
            assert_eq!(info(name), expected, "{name}");
        }
        assert_eq!(Role::of_role(&Value::Nil), None);
        assert_eq!(Role::of_info(&Value::Nil), None);
    }
}
