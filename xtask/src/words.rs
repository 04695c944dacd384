//! The words of the command line, split into ours and theirs.

use std::ffi::OsString;

/// Flags that are never passed on.
const FLAGS: [&str; 6] = [
    "--browser",
    "--help",
    "-h",
    "--no-fail-fast",
    "--prometheus",
    "--yes",
];

/// The words of a command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Words {
    /// The program, its command, and flags that are never passed on, before or after the command.
    pub(crate) ours: Vec<OsString>,
    /// All other words, for the program that the command starts.
    pub(crate) theirs: Vec<OsString>,
}

impl Words {
    /// Splits the words. Words after `--` are never ours.
    pub(crate) fn tell_apart(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut words = words.into_iter();
        let mut ours: Vec<OsString> = words.next().into_iter().collect();
        let mut theirs = Vec::new();
        let mut command = None;
        while let Some(word) = words.next() {
            if word == "--" {
                theirs.push(word);
                theirs.extend(words.by_ref());
            } else if FLAGS.iter().any(|flag| word == *flag) {
                ours.push(word);
            } else if command.is_none() {
                command = Some(word);
            } else {
                theirs.push(word);
            }
        }
        // The command comes before the flags, because some belong to it.
        ours.splice(1..1, command);
        Self { ours, theirs }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::Words;

    #[track_caller]
    fn assert_told_apart(line: &str, ours: &str, theirs: &str) {
        let words =
            |line: &str| -> Vec<OsString> { line.split_whitespace().map(Into::into).collect() };
        let told = Words::tell_apart(words(line));
        assert_eq!((told.ours, told.theirs), (words(ours), words(theirs)));
    }

    #[test]
    fn flags_of_ours_are_found_anywhere() {
        assert_told_apart("xtask", "xtask", "");
        assert_told_apart("xtask --help", "xtask --help", "");
        assert_told_apart("xtask test --prometheus", "xtask test --prometheus", "");
        assert_told_apart("xtask test logs --help", "xtask test --help", "logs");
        assert_told_apart(
            "xtask --yes demo --moves 2",
            "xtask demo --yes",
            "--moves 2",
        );
    }

    #[test]
    fn what_stands_behind_two_dashes_is_passed_on() {
        assert_told_apart(
            "xtask test --browser logs -- --browser --help",
            "xtask test --browser",
            "logs -- --browser --help",
        );
        assert_told_apart("xtask bench -- --quick", "xtask bench", "-- --quick");
    }
}
