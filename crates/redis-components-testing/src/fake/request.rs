//! Reads requests.

use std::io::{self, BufRead, Read};

/// Reads a request, an array of bulk strings; `None` at the end of the connection.
pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Vec<String>>> {
    let Some(count) = length(from, '*')? else {
        return Ok(None);
    };
    let mut words = Vec::new();
    for _ in 0..count {
        let length = length(from, '$')?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut word = vec![0; length + 2];
        from.read_exact(&mut word)?;
        word.truncate(length);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    Ok(Some(words))
}

/// Reads a line such as `*3`; `None` at the end of the connection.
fn length(from: &mut impl BufRead, kind: char) -> io::Result<Option<usize>> {
    let mut line = String::new();
    // No length is longer.
    if from.take(32).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let length = line.strip_prefix(kind);
    let length = length.and_then(|length| length.trim_end().parse().ok());
    let not_resp = || io::Error::new(io::ErrorKind::InvalidData, format!("{line:?} is no length"));
    length.map(Some).ok_or_else(not_resp)
}
