//! Consent to changes of the machine.

use std::io::{self, BufRead, IsTerminal, Write};

/// How consent is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Consent {
    /// By `--yes` on the command line.
    Given,
    /// By a user at the terminal, who is asked.
    Asked,
    /// By starting a command without a terminal: nobody can be asked.
    Unattended,
}

impl Consent {
    pub(crate) fn new(yes: bool) -> Self {
        if yes {
            Self::Given
        } else if io::stdin().is_terminal() && io::stdout().is_terminal() {
            Self::Asked
        } else {
            Self::Unattended
        }
    }

    /// Returns `true` unless the user was asked and said no.
    pub(crate) fn is_given(self) -> bool {
        if self != Self::Asked {
            return true;
        }
        print!("Go on? [Y/n] ");
        let asked = io::stdout().flush();
        asked.is_ok() && is_yes(&mut io::stdin().lock())
    }
}

fn is_yes(answers: &mut impl BufRead) -> bool {
    let mut answer = String::new();
    // Unlike an empty line, the end of the input is no answer.
    let read = answers.read_line(&mut answer).unwrap_or(0);
    read > 0 && ["", "y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::{Consent, is_yes};

    #[test]
    fn nothing_but_yes_is_yes() {
        let answers = ["\n", "y\n", "Yes\n", "n\n", "no\n", "what?\n", ""];
        let said = answers.map(|answer| is_yes(&mut answer.as_bytes()));
        assert_eq!(said, [true, true, true, false, false, false, false]);
    }

    #[test]
    fn nobody_is_asked_if_yes_was_said() {
        assert_eq!(Consent::new(true), Consent::Given);
        assert!(Consent::Given.is_given() && Consent::Unattended.is_given());
    }
}
