//! Finds the commands in a stream of requests.

/// Reads requests as they pass, in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Requests {
    state: State,
    /// The line that is not complete yet.
    line: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    /// A request begins: `*3`.
    #[default]
    Begin,
    /// The length of an argument comes next: `$6`. So many arguments are missing.
    Length { missing: usize, is_first: bool },
    /// So many bytes of an argument are missing, with the end of its line.
    Argument {
        bytes: usize,
        missing: usize,
        is_first: bool,
    },
}

impl Requests {
    /// Reads a piece. Returns `true` if a request in it has `command` as its first word, in capitals or not.
    pub(super) fn find(&mut self, piece: &[u8], command: &str) -> bool {
        let mut found = false;
        for byte in piece {
            self.line.push(*byte);
            match self.state {
                State::Argument {
                    bytes,
                    missing,
                    is_first,
                } => {
                    let is_whole = bytes == 1;
                    if is_whole {
                        let word = self.line.strip_suffix(b"\r\n").unwrap_or(&self.line);
                        found |= is_first && word.eq_ignore_ascii_case(command.as_bytes());
                        self.next_argument(missing - 1, false);
                    } else {
                        if !is_first {
                            // Only a command's name is looked at.
                            self.line.clear();
                        }
                        self.state = State::Argument {
                            bytes: bytes - 1,
                            missing,
                            is_first,
                        };
                    }
                }
                State::Begin | State::Length { .. } if *byte == b'\n' => {
                    found |= self.end_line(command);
                }
                State::Begin | State::Length { .. } => {}
            }
        }
        found
    }

    fn end_line(&mut self, command: &str) -> bool {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        let number = |line: &str| line.get(1..).and_then(|number| number.trim().parse().ok());
        match self.state {
            State::Length { missing, is_first } => {
                let length: usize = number(&line).unwrap_or(0);
                self.line.clear();
                self.state = State::Argument {
                    bytes: length.saturating_add(2),
                    missing,
                    is_first,
                };
                false
            }
            _ if line.starts_with('*') => {
                self.next_argument(number(&line).unwrap_or(0), true);
                false
            }
            // A request of a single line, as people type it.
            _ => {
                self.next_argument(0, true);
                let first = line.split_whitespace().next();
                first.is_some_and(|word| word.eq_ignore_ascii_case(command))
            }
        }
    }

    fn next_argument(&mut self, missing: usize, is_first: bool) {
        self.line.clear();
        self.state = match missing {
            0 => State::Begin,
            missing => State::Length { missing, is_first },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::Requests;

    fn request(words: &[&str]) -> Vec<u8> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.get_packed_command()
    }

    #[test]
    fn a_command_is_found_whole_and_in_single_bytes() {
        let requests = [
            request(&["ECHO", "CLIENT"]),
            request(&["SET", "*1\r\n$6\r\nCLIENT\r\n", ""]),
            b"echo client\r\n".to_vec(),
            request(&["client", "ID"]),
        ]
        .concat();
        assert!(Requests::default().find(&requests, "CLIENT"));
        let mut in_bytes = Requests::default();
        let finds = requests.chunks(1).map(|byte| in_bytes.find(byte, "CLIENT"));
        let found: Vec<usize> = finds
            .enumerate()
            .filter_map(|(at, found)| found.then_some(at))
            .collect();
        let end_of_name = requests.len() - b"$2\r\nID\r\n".len() - 1;
        assert_eq!(found, [end_of_name]);
    }

    #[test]
    fn what_is_no_command_is_not_found() {
        let requests = [
            request(&["ECHO", "CLIENT"]),
            request(&["CLIENTS"]),
            b"PING\r\n".to_vec(),
            request(&["GET", "CLIENT"]),
        ];
        assert!(!Requests::default().find(&requests.concat(), "CLIENT"));
    }
}
