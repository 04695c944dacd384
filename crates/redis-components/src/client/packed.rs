//! Commands as the bytes that are sent.

use redis::Cmd;

/// Returns the commands, or `None` if the bytes are anything else.
pub(crate) fn commands(mut packed: &[u8]) -> Option<Vec<Cmd>> {
    let mut commands = Vec::new();
    while !packed.is_empty() {
        let (words, mut rest) = header(packed, b'*')?;
        let mut command = Cmd::new();
        for _ in 0..words {
            let (length, text) = header(rest, b'$')?;
            let (word, behind) = text.split_at_checked(length)?;
            command.arg(word);
            rest = behind_line(behind)?;
        }
        commands.push(command);
        packed = rest;
    }
    Some(commands)
}

/// Returns the name of the first command, or nothing if the bytes are anything else.
#[cfg(feature = "spans")]
pub(crate) fn first_name(packed: &[u8]) -> &[u8] {
    let name = || {
        let (_, words) = header(packed, b'*')?;
        let (length, text) = header(words, b'$')?;
        text.get(..length)
    };
    name().unwrap_or_default()
}

/// Returns the number in a line that begins with `kind`, and the bytes after the line. Every call
/// runs this for each word that it sends, so it goes byte by byte.
pub(super) fn header(packed: &[u8], kind: u8) -> Option<(usize, &[u8])> {
    let (first, mut rest) = packed.split_first()?;
    if *first != kind {
        return None;
    }
    let mut number: usize = 0;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = number.checked_mul(10)?.checked_add((digit - b'0').into())?;
        rest = behind;
    }
    Some((number, behind_line(rest)?))
}

/// Returns the bytes after the end of a line.
pub(super) fn behind_line(packed: &[u8]) -> Option<&[u8]> {
    match packed {
        [b'\r', b'\n', behind @ ..] => Some(behind),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_read_as_they_were_written() {
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("SET")
            .arg("a\r\n$1")
            .arg(b"\0\xff")
            .cmd("GET")
            .arg("");
        let packed = pipeline.get_packed_pipeline();
        let mut again = redis::pipe();
        for command in commands(&packed).unwrap() {
            again.add_command(command);
        }
        assert_eq!(again.len(), 2);
        assert_eq!(again.get_packed_pipeline(), packed);
    }

    #[test]
    fn r10_no_bytes_make_it_panic() {
        let mut random = fastrand::Rng::with_seed(3);
        let packed = redis::cmd("SET").arg("a").arg("b").get_packed_command();
        for _ in 0..20_000 {
            let mut wrong = packed.clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..wrong.len());
                wrong[place] = random.u8(..);
            }
            wrong.truncate(random.usize(..=wrong.len()));
            let _ = commands(&wrong);
        }
        assert!(commands(b"PING\r\n").is_none());
    }
}
