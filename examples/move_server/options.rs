//! The options of the command line.

/// How many moves and tasks the demo has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) moves: usize,
    pub(crate) tasks: usize,
}

impl Options {
    pub(crate) fn from_arguments(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Self, String> {
        let mut options = Self {
            moves: 10,
            tasks: 64,
        };
        while let Some(name) = arguments.next() {
            let number = match name.as_str() {
                "--moves" => &mut options.moves,
                "--tasks" => &mut options.tasks,
                _ => {
                    return Err(format!(
                        "`{name}` is not an option; the options are `--moves N` and `--tasks N`"
                    ));
                }
            };
            let value = arguments.next().unwrap_or_default();
            *number = match value.parse() {
                Ok(value) if value > 0 => value,
                _ => {
                    return Err(format!(
                        "`{name}` needs a number of at least 1, not `{value}`"
                    ));
                }
            };
        }
        Ok(options)
    }
}
