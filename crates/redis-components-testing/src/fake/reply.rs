//! Writes replies.

/// A reply, which has the same bytes in RESP2 and RESP3, but for maps and nothing.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Simple(&'static str),
    Error(String),
    Integer(i64),
    Bulk(String),
    Nothing,
    Array(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
    Raw(Vec<u8>),
}

impl Reply {
    pub(super) fn bulk(text: impl Into<String>) -> Self {
        Self::Bulk(text.into())
    }

    pub(super) fn encode(&self, is_resp3: bool) -> Vec<u8> {
        let all = |replies: &[Self]| -> Vec<u8> {
            replies
                .iter()
                .flat_map(|reply| reply.encode(is_resp3))
                .collect()
        };
        match self {
            Self::Simple(text) => format!("+{text}\r\n").into_bytes(),
            Self::Error(text) => format!("-{text}\r\n").into_bytes(),
            Self::Integer(number) => format!(":{number}\r\n").into_bytes(),
            Self::Bulk(text) => format!("${}\r\n{text}\r\n", text.len()).into_bytes(),
            Self::Nothing if is_resp3 => b"_\r\n".to_vec(),
            Self::Nothing => b"$-1\r\n".to_vec(),
            Self::Array(replies) => {
                let head = format!("*{}\r\n", replies.len()).into_bytes();
                [head, all(replies)].concat()
            }
            Self::Map(fields) => {
                let head = if is_resp3 {
                    format!("%{}\r\n", fields.len())
                } else {
                    format!("*{}\r\n", fields.len() * 2)
                };
                let fields = fields.iter().map(|(name, value)| {
                    let name = Self::bulk(*name).encode(is_resp3);
                    [name, value.encode(is_resp3)].concat()
                });
                [head.into_bytes(), fields.flatten().collect()].concat()
            }
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}
